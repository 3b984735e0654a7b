"""Pages of the site on a phone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
pytest.importorskip("mkdocs", reason="builds the site")

ROOT = Path(__file__).parents[2]
PAGES = ("users-ask.html", "robustness.html", "reference.html")
WIDER_THAN_ITS_ROOM = """() => [...document.querySelectorAll(".md-typeset__table")]
    .filter(each => each.parentElement.scrollWidth > each.parentElement.clientWidth)
    .map(each => each.innerText.slice(0, 80))"""


def test_no_table_leaves_the_screen_of_a_phone(browser, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    for name in PAGES:
        page.goto((tmp_path / name).as_uri())
        assert page.locator(".md-typeset__table").count(), name
        assert page.evaluate(WIDER_THAN_ITS_ROOM) == [], name
    page.context.close()
