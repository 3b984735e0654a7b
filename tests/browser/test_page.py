"""The page as a browser shows it: what it loads and says, and what is left if less is allowed."""

from __future__ import annotations

import io
import re
import unicodedata

import pytest
from pypdf import PdfReader

from pytest_biasruler.report.numbers import anchor

from .conftest import SANDBOX
from .pages import full_audit, full_page, hostile_page, public_page

pytestmark = pytest.mark.browser

PAGES = {"full": full_page, "hostile": hostile_page, "public": public_page}
MOST_SHEETS = 45
DARK_PAPER = b".0823529"  # #15 as a PDF writes it
FILLS = "all => all.map((it) => getComputedStyle(it).fill)"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_nothing_on_the_console_and_asks_for_nothing_but_itself(name, visit):
    opened = visit(PAGES[name]())
    for button in opened.page.locator("th button").all()[:3]:
        button.click()
    opened.page.emulate_media(media="print")
    assert (opened.console, opened.errors) == ([], [])
    assert len(opened.requests) == 1


def closed_in(page):
    return page.locator("details:not([open])").count()


def is_seen(page, selector):
    """Return whether everything that fits has a place on the screen."""
    boxes = page.locator(selector).evaluate_all(
        "all => all.map((it) => it.getBoundingClientRect().height)"
    )
    return len(boxes) > 0 and all(height > 0 for height in boxes)


def check_what_is_left(page):
    """Assert that whoever is allowed neither script nor, perhaps, style can read everything."""
    assert page.locator("section:visible > h2").count() == page.locator("section > h2").count()
    assert page.locator("section > h2").count() >= 10
    assert is_seen(page, "h1, nav a, section > h2, article summary")
    assert is_seen(page, "tr[data-check]")
    assert page.locator("button, input, select, [role=status]").count() == 0
    for finding in full_audit().findings:
        card = page.locator(f"#{anchor(finding.id)}")
        assert str(finding.verdict) in card.locator("summary").first.text_content()
        is_open = card.locator(":scope > details").get_attribute("open") is not None
        assert is_open == (finding.outcome in ("failed", "inconclusive")), finding.id
        if is_open:
            assert is_seen(page, f"#{anchor(finding.id)} > details > p")


def test_without_script_everything_is_there_and_nothing_is_inert(visit):
    opened = visit(full_page(), java_script_enabled=False)
    check_what_is_left(opened.page)
    assert (opened.console, opened.errors) == ([], [])


def test_under_the_header_of_a_build_server_tables_and_drawings_are_there(visit):
    opened = visit(full_page(), served_with=SANDBOX)
    page = opened.page
    check_what_is_left(page)
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "none", "no style is taken"
    assert page.locator("table").first.evaluate("it => getComputedStyle(it).borderStyle") != "none"
    fills = set(page.locator("figure path, figure rect").evaluate_all(FILLS))
    assert {"rgb(0, 114, 178)", "rgb(213, 94, 0)"} <= fills, "blue and vermillion marks"
    assert is_seen(page, "section details[open] figure svg")
    assert any("style" in text for text in opened.console), "the browser tells what was blocked"
    assert len(opened.requests) == 1


def test_the_page_refuses_a_script_that_is_not_its_own(visit):
    opened = visit(full_page())
    opened.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'taken'";
          document.body.append(script);
        }"""
    )
    assert opened.page.title().startswith("ERROR: ")
    assert any("Content Security Policy" in text for text in opened.console)


def test_print_opens_every_card_and_closes_it_again(visit):
    page = visit(full_page()).page
    closed = closed_in(page)
    assert closed > 5
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert closed_in(page) == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert closed_in(page) == closed


def without_blanks(text):
    """Return a text as it is compared: ligatures of the font apart, lines joined."""
    return "".join(unicodedata.normalize("NFKC", text).split())


CLOSED = """() => [...document.querySelectorAll("article > details:not([open]) > p")]
  .map((it) => it.textContent)"""


@pytest.fixture
def closed_cards(visit):
    """Return how the longer paragraphs of closed cards begin, without blanks."""
    texts = map(without_blanks, visit(full_page()).page.evaluate(CLOSED))
    found = [text[:40] for text in texts if len(text) > 20]
    assert len(found) > 3
    return found


@pytest.fixture(scope="module")
def printed(browser):
    """Return the report as a PDF, printed by somebody who reads it dark."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto("about:blank")
    page.route("**/*", lambda route: route.fulfill(body=full_page(), content_type="text/html"))
    page.goto("http://report.test/#?theme=dark")
    data = page.pdf(format="A4", print_background=True)
    context.close()
    return PdfReader(io.BytesIO(data))


def test_paper_holds_the_text_of_closed_cards_on_a_bounded_number_of_sheets(printed, closed_cards):
    sheets = [without_blanks(sheet.extract_text()) for sheet in printed.pages]
    assert 5 < len(sheets) <= MOST_SHEETS
    text = "".join(sheets)
    for card in closed_cards:
        assert card in text
    assert "SHA-256" in sheets[-1], "the footer stands on the last sheet"
    assert "Filterchecks" not in text
    assert "Theme:" not in text


def test_paper_is_white_whatever_the_theme(printed):
    for sheet in printed.pages:
        assert DARK_PAPER not in sheet.get_contents().get_data()


def test_a_table_that_goes_over_sheets_has_its_head_on_each(visit):
    page = visit(full_page()).page
    data = page.pdf(width="210mm", height="130mm", page_ranges="1-6")
    sheets = [sheet.extract_text() for sheet in PdfReader(io.BytesIO(data)).pages]
    with_rows = [text for text in sheets if re.search(r"\]\s+(FAIL|PASS) (failed|passed)", text)]
    assert len(with_rows) >= 2
    assert all("quantity" in text for text in with_rows)


def test_paper_says_that_it_was_filtered(visit):
    page = visit(full_page(), at="#?q=verdict:fail").page
    page.emulate_media(media="print")
    assert page.locator("[role=status]").is_visible()
    assert not page.locator("input").is_visible()
    page.evaluate("location.hash = '#?q='")
    page.wait_for_function("document.querySelector('input').value === ''")
    assert not page.locator("[role=status]").is_visible()
