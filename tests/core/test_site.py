"""The pages build as a site without a warning, look as on a forge, and fetch nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .building import build_site
from .walking import DOCS, ROOT

pytestmark = pytest.mark.slow
pytest.importorskip("mkdocs", reason="builds the site")
markdown_it = pytest.importorskip("markdown_it", reason="reads the pages as a forge does")

_TAGS = re.compile(r"</?(?:li|table|tr|t[dh]|ul|ol|pre|blockquote|h[1-6])\b")
_FETCHES = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\bsrc=["']?(https?:)?//|<link[^>]*\bhref=["']?(https?:)?//"""
    r"""|@import|url\(["']?https?:"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site, its warnings taken for errors."""
    folder = tmp_path_factory.mktemp("site")
    build_site(folder)
    return folder


def article(page):
    html = page.read_text(encoding="utf-8")
    return html[html.index("<article") : html.index("</article")]


def test_every_page_is_in_the_site_and_in_its_navigation(site):
    home = (site / "index.html").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert (site / f"{page.stem}.html").is_file(), page.name
        assert f'href="{page.stem}.html"' in home, f"{page.name} is not in nav of mkdocs.yml"


def test_the_navigation_names_each_page_once():
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    pages = re.findall(r"^ +- (\S+\.md)$", nav, re.MULTILINE)
    assert pages
    assert [page for page in pages if pages.count(page) > 1] == [], "an entry stands twice"


def test_the_site_has_the_structure_that_a_forge_shows(site):
    forge = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    for page in DOCS.glob("*.md"):
        there = forge.render(page.read_text(encoding="utf-8"))
        there = _TAGS.findall(re.sub("<!--.*?-->", "", there, flags=re.DOTALL))
        here = re.sub("<!--.*?-->", "", article(site / f"{page.stem}.html"), flags=re.DOTALL)
        assert _TAGS.findall(here) == there, f"{page.name} is read otherwise by MkDocs"


def test_the_site_fetches_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        found = _FETCHES.search(page.read_text(encoding="utf-8"))
        assert found is None, f"{page.name}: {found}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import", sheet.read_text("utf-8")), sheet


def test_links_out_of_docs_lead_to_pages_of_the_site(site):
    html = article(site / "ci.html")
    assert 'href="examples/ci/index.html"' in html
    there = article(site / "examples" / "ci" / "index.html")
    assert 'href="../../gates.html#who-owns-the-gate"' in there
    linked = Path(re.findall(r'href="(github-actions\.yml)"', there)[0])
    assert (site / "examples" / "ci" / linked).is_file()
