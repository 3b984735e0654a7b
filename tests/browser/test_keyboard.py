"""What the script adds, used by keyboard and by addresses alone: filter, sort, theme, links."""

from __future__ import annotations

import math

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.numbers import anchor
from pytest_biasruler.report.wording import outcome_of

from .pages import full_audit, full_page

pytestmark = pytest.mark.browser

N_CHECKS = len(full_audit().findings) + 1  # one could not run
FAILED = sum(finding.verdict == Verdict.FAIL for finding in full_audit().findings)
CHECKS = "table:has(tr[data-check])"
SHOWN_ROWS = "tr[data-check]:not([hidden])"
SHOWN_CARDS = "article[data-check]:not([hidden])"
KIND_IN_FOCUS = """() => {
  const it = document.activeElement, kind = (selector, name) => it.matches(selector) && name;
  return kind(".skip", "skip link") || kind("nav a", "section") || kind("input", "filter")
    || kind(".tools button", "theme") || kind("th button", "sort") || kind("summary", "details")
    || kind(".anchor", "anchor") || kind("tr[data-check] a", "check") || it.tagName;
}"""
FOCUS_RING = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
}"""


def status_of(page):
    return page.locator("[role=status]").text_content()


def hash_of(page):
    return page.evaluate("location.hash")


def of_column(page, title):
    """Return full-precision values of a column of the table of checks, None where it has none."""
    return page.evaluate(
        """([table, title]) => {
          const found = document.querySelector(table), heads = [...found.tHead.rows[0].cells];
          const column = heads.findIndex((head) => head.textContent === title);
          return [...found.tBodies[0].rows].map((row) => row.cells[column].getAttribute("data-v"));
        }""",
        [CHECKS, title],
    )


def names_of_checks(page):
    return page.locator(f"{CHECKS} tbody th").all_text_contents()


def test_tab_reaches_the_tools_before_the_tables_and_each_stop_is_seen(visit):
    page = visit(full_page()).page
    kinds = []
    while "details" not in kinds and len(kinds) < 300:
        page.keyboard.press("Tab")
        kinds.append(page.evaluate(KIND_IN_FOCUS))
        assert page.evaluate(FOCUS_RING) >= 2, f"stop {len(kinds)}, {kinds[-1]}, is not seen"
    wanted = ["skip link", "section", "filter", "theme", "sort", "check", "details"]
    assert [kind for kind in dict.fromkeys(kinds) if kind in wanted] == wanted


def test_the_skip_link_leads_to_the_report(visit):
    page = visit(full_page()).page
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["x"] >= 0, "seen once it is reached"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_enter_sorts_up_then_down_then_back_to_the_order_of_the_report(visit):
    page = visit(full_page()).page
    head = page.locator(f"{CHECKS} th", has_text="value").first
    before, original = of_column(page, "value"), names_of_checks(page)
    head.locator("button").focus()
    known = sorted(float(value) for value in before if value is not None)
    for order, wanted in (("ascending", known), ("descending", known[::-1])):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        found = of_column(page, "value")
        assert [float(value) for value in found[: len(known)]] == wanted
        assert found[len(known) :] == [None] * (len(before) - len(known)), "undefined comes last"
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert names_of_checks(page) == original
    assert page.locator("[aria-sort]").count() == 0


def test_words_with_numbers_in_them_are_sorted_as_people_count(visit):
    page = visit(full_page()).page
    page.locator(f"{CHECKS} th button", has_text="patients").focus()
    page.keyboard.press("Enter")
    cells = page.locator(f"{CHECKS} tbody td:last-child").all_text_contents()
    numbers = [int(cell.split("/")[0]) for cell in cells if cell[0].isdigit()]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 3


def test_a_filter_shows_rows_and_cards_of_the_same_checks_and_says_how_many(visit):
    page = visit(full_page()).page
    assert status_of(page) == f"{N_CHECKS} of {N_CHECKS} checks shown"
    page.get_by_label("Filter checks").focus()
    page.keyboard.type("verdict:fail")
    assert status_of(page) == f"{FAILED} of {N_CHECKS} checks shown"
    for shown in (SHOWN_ROWS, SHOWN_CARDS):
        verdicts = page.locator(shown).evaluate_all("all => all.map((it) => it.dataset.verdict)")
        assert verdicts == ["fail"] * FAILED
    assert hash_of(page) == "#?q=verdict:fail"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(SHOWN_ROWS).count() == N_CHECKS, "show all"
    assert hash_of(page) == ""


FILTERS = {
    "verdict:inconclusive": lambda f: f.verdict == Verdict.INCONCLUSIVE,
    "outcome:not-judged": lambda f: outcome_of(f) == "not judged",
    "outcome:waived": lambda f: outcome_of(f) == "waived",
    "verdict:fail+check:gap": lambda f: f.verdict == Verdict.FAIL and f.check == "gap",
    "check:gap+by:sex": lambda f: f.check == "gap" and "sex" in f.by,
    "metric:hd95+model:unet": lambda f: f.metric == "hd95_mm" and f.model == "unet",
    "model:net": lambda _: False,
    "metric:nsd+waived": lambda f: f.metric == "nsd" and f.outcome == "waived",
}


def test_every_term_of_a_linked_filter_must_hold(visit):
    page = visit(full_page()).page
    for terms, holds in FILTERS.items():
        page.evaluate("hash => { location.hash = hash }", f"#?q={terms}")
        typed = terms.replace("+", " ")
        page.wait_for_function("q => document.querySelector('input').value === q", arg=typed)
        wanted = {anchor(finding.id) for finding in full_audit().findings if holds(finding)}
        cards = page.locator(SHOWN_CARDS).evaluate_all("all => all.map((it) => it.id)")
        assert set(cards) == wanted, terms
        assert page.locator(SHOWN_ROWS).count() == len(wanted), terms
        assert f"{len(wanted)} of {N_CHECKS} checks shown" in status_of(page), terms


def test_a_filter_that_nothing_fits_says_so(visit):
    page = visit(full_page(), at="#?q=verdict:fail+menopause").page
    assert status_of(page) == f"No check fits the filter: 0 of {N_CHECKS} checks shown"
    assert page.locator(SHOWN_CARDS).count() == 0


def test_one_address_holds_filter_sort_and_theme(visit):
    opened = visit(full_page(), at="#?q=verdict:fail+by:age&sort=value:down&theme=dark")
    values = [float(value) for value in of_column(opened.page, "value") if value is not None]
    assert values == sorted(values, reverse=True)
    assert opened.page.locator(f"{CHECKS} [aria-sort=descending]").text_content() == "value"
    assert opened.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert 0 < opened.page.locator(SHOWN_ROWS).count() < FAILED
    opened.page.evaluate("location.hash = '#?q='")
    opened.page.wait_for_function("document.querySelectorAll('[aria-sort]').length === 0")
    assert opened.page.locator(SHOWN_ROWS).count() == N_CHECKS
    assert opened.errors == []


def test_the_address_remembers_what_was_sorted_and_which_theme_was_chosen(visit):
    page = visit(full_page()).page
    page.locator(f"{CHECKS} th button", has_text="distance").focus()
    page.keyboard.press("Enter")
    assert hash_of(page) == "#?sort=distance-to-the-limit"
    theme = page.get_by_role("button", name="Theme: as the system")
    theme.focus()
    page.keyboard.press("Enter")
    assert hash_of(page) == "#?sort=distance-to-the-limit&theme=light"
    assert page.locator("[aria-live]").text_content() == "Theme: light"


@pytest.mark.parametrize(
    "address", ["#?theme=constructor&sort=__proto__", "#?q=%E0%A4%A", "#?&&="]
)
def test_an_address_that_makes_no_sense_does_no_harm(address, visit):
    opened = visit(full_page(), at=address)
    assert opened.errors == []
    assert opened.page.evaluate("document.documentElement.dataset.theme") is None
    assert "checks shown" in status_of(opened.page)


def closed_card():
    return next(anchor(f.id) for f in full_audit().findings if f.outcome == "passed")


def test_the_link_of_a_closed_card_opens_and_outlines_it(visit):
    page = visit(full_page(), at=f"#{closed_card()}").page
    card = page.locator(f"#{closed_card()}")
    assert card.locator(":scope > details").evaluate("it => it.open")
    assert card.evaluate("it => getComputedStyle(it).outlineStyle") == "solid"
    assert -5 <= card.bounding_box()["y"] < 900, "it is in sight"


def test_enter_on_a_check_of_the_table_opens_its_card_and_keeps_the_filter(visit):
    page = visit(full_page(), at="#?q=verdict:pass").page
    link = page.locator(f"tr[data-check] a[href='#{closed_card()}']")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.startsWith('#check-')")
    assert page.locator(f"#{closed_card()} > details").evaluate("it => it.open")
    assert page.get_by_label("Filter checks").input_value() == "verdict:pass"
    assert not math.isclose(page.evaluate("scrollY"), 0)


def test_a_card_that_the_filter_hides_is_shown_to_whoever_follows_its_link(visit):
    page = visit(full_page(), at="#?q=verdict:fail").page
    card = page.locator(f"#{closed_card()}")
    assert not card.is_visible()
    page.evaluate(f"location.hash = '#{closed_card()}'")
    card.wait_for()
    assert status_of(page) == (
        f"{FAILED} of {N_CHECKS} checks shown, and the one that the link leads to"
    )
    page.get_by_label("Filter checks").focus()
    page.keyboard.type(" by:age")
    assert not card.is_visible(), "another filter is another question"
    assert "the link" not in status_of(page)
