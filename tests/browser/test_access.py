"""Whether everybody can read the page: axe-core, themes, forced colours, narrow screens."""

from __future__ import annotations

import re

import pytest

from tests.core.report.test_html import contrast

from .conftest import SANDBOX
from .pages import full_page, hostile_page, public_page

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})"
OPEN_ALL = "document.querySelectorAll('details').forEach((details) => { details.open = true; })"
COLOURS = """selector => {
  const own = document.querySelector(selector), style = getComputedStyle(own);
  return [style.color, getComputedStyle(document.body).backgroundColor];
}"""
PHONE = {"width": 320, "height": 640}
PAGES = {"full": full_page, "hostile": hostile_page, "public": public_page}


def hexadecimal(colour):
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def contrast_of(page, selector):
    return contrast(*map(hexadecimal, page.evaluate(COLOURS, selector)))


@pytest.mark.parametrize(
    ("name", "scheme", "viewport"),
    [
        ("full", "light", None),
        ("full", "dark", None),
        ("hostile", "light", PHONE),
        ("public", "dark", PHONE),
    ],
)
def test_axe_finds_no_violation(name, scheme, viewport, visit, axe):
    settings = {"viewport": viewport} if viewport else {}
    page = visit(PAGES[name](), color_scheme=scheme, **settings).page
    page.evaluate(OPEN_ALL)
    page.evaluate(axe)
    result = page.evaluate(RUN, TAGS)
    assert len(result["passes"]) > 20, "a run that looked at nothing finds nothing"
    found = [
        (rule["id"], [node["html"] for node in rule["nodes"][:2]]) for rule in result["violations"]
    ]
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_the_theme_of_the_system_and_in_the_one_chosen(scheme, visit):
    other = {"light": "dark", "dark": "light"}[scheme]
    page = visit(full_page(), color_scheme=scheme).page
    papers = {}
    for chosen in (scheme, other):
        if chosen == other:
            page.evaluate(f"location.hash = '#?theme={other}'")
            page.wait_for_selector(f"[data-theme={other}]")
        papers[chosen] = hexadecimal(page.evaluate(COLOURS, "body")[1])
        assert contrast_of(page, "h1") > 15, chosen
        for selector in (".facts", "a", ".note", "figcaption"):
            assert contrast_of(page, selector) >= 4.5, (chosen, selector)
    assert papers == {"light": "#ffffff", "dark": "#151515"}


def test_under_forced_colours_text_frames_and_marks_can_be_seen(visit):
    page = visit(full_page(), forced_colors="active", color_scheme="dark").page
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert contrast_of(page, "h1") > 15
    assert contrast_of(page, "a") >= 4.5
    card = page.locator("article").first
    assert card.evaluate("it => getComputedStyle(it).borderTopStyle") == "solid"
    shadows = page.locator(".scroll").evaluate_all(
        "all => all.map((it) => getComputedStyle(it).backgroundImage)"
    )
    assert set(shadows) == {"none"}, "a shadow in the colours of the page would hide the text"
    text = page.locator("figure text").first.evaluate("it => getComputedStyle(it).fill")
    paper = page.evaluate(COLOURS, "body")[1]
    assert contrast(hexadecimal(text), hexadecimal(paper)) > 15


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_phone_scrolls_the_page_in_one_direction_only(name, visit):
    page = visit(PAGES[name](), viewport=PHONE).page
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_narrow_phone_shows_what_decides_without_scrolling_sideways(visit):
    page = visit(full_page(), viewport=PHONE).page
    cells = page.locator(".stacked tbody th, .stacked tbody td")
    boxes = cells.evaluate_all("all => all.map((it) => it.getBoundingClientRect().toJSON())")
    assert len(boxes) > 12
    assert all(box["right"] <= PHONE["width"] for box in boxes)
    verdicts = page.locator(".stacked .v").all_text_contents()
    assert verdicts[0].strip() == "FAIL"
    assert page.locator("h1").bounding_box()["width"] <= PHONE["width"]


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1200, "height": 900}])
def test_what_can_be_scrolled_is_a_stop_of_the_tab_key_with_a_name_and_nothing_else_is(
    viewport, visit
):
    page = visit(full_page(), viewport=viewport).page
    page.evaluate(OPEN_ALL)
    page.wait_for_timeout(150)
    found = page.locator(".scroll").evaluate_all(
        """all => all.map((it) => [it.scrollWidth > it.clientWidth, it.tabIndex === 0,
                                   Boolean(it.getAttribute("aria-label"))])"""
    )
    assert len(found) > 20
    assert all(is_cut == is_stop == has_name for is_cut, is_stop, has_name in found)
    assert any(is_cut for is_cut, _, _ in found) or viewport is not PHONE


def test_without_script_all_tables_are_stops(visit):
    page = visit(full_page(), served_with=SANDBOX).page
    assert page.locator(".scroll").count() == page.locator(".scroll[tabindex='0']").count() > 20


@pytest.mark.parametrize("name", PAGES)
def test_what_is_pressed_is_24_pixels_high(name, visit):
    page = visit(PAGES[name](), viewport=PHONE).page
    small = page.locator("button, input, summary, .anchor").evaluate_all(
        """all => all.filter((it) => it.checkVisibility())
          .filter((it) => it.getBoundingClientRect().height < 23.9).map((it) => it.outerHTML)"""
    )
    assert small == []
