"""Pages of the site on a phone."""

from __future__ import annotations

import pytest

from tests.core.building import build_site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
pytest.importorskip("mkdocs", reason="builds the site")

PAGES = ("users-ask.html", "robustness.html", "reference.html")
WIDER_THAN_ITS_ROOM = """() => [...document.querySelectorAll(".md-typeset__table")]
    .filter(each => each.parentElement.scrollWidth > each.parentElement.clientWidth)
    .map(each => each.innerText.slice(0, 80))"""


def test_no_table_leaves_the_screen_of_a_phone(browser, tmp_path):
    build_site(tmp_path)
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    for name in PAGES:
        page.goto((tmp_path / name).as_uri())
        assert page.locator(".md-typeset__table").count(), name
        assert page.evaluate(WIDER_THAN_ITS_ROOM) == [], name
    page.context.close()
