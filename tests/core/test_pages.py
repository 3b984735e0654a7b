"""Every page with commands is walked, alone in an empty folder."""

from __future__ import annotations

import shutil

import pytest

from .walking import DOCS, ROOT, assert_printed, is_walked, walk_page

pytestmark = pytest.mark.slow

TESTED_ELSEWHERE = {"tutorial.md", "extending.md", "command-line.md"}
"""By tests/core/test_tutorial.py, which looks at more than their output."""


def pages():
    found = [path for path in sorted(DOCS.glob("*.md")) if path.name not in TESTED_ELSEWHERE]
    return [pytest.param(path, id=path.stem) for path in found if is_walked(path)]


def examples():
    found = sorted((ROOT / "examples").glob("*/README.md"))
    return [pytest.param(path, id=path.parent.name) for path in found if is_walked(path)]


@pytest.mark.parametrize("page", pages())
def test_every_command_of_a_page_prints_what_it_shows(page, tmp_path):
    assert_printed(walk_page(page, tmp_path))


@pytest.mark.parametrize("page", examples())
def test_every_command_of_an_example_prints_what_its_page_shows(page, tmp_path):
    made = shutil.ignore_patterns("generated", "__pycache__", "out", ".pytest_cache")
    folder = page.parent.relative_to(ROOT)
    shutil.copytree(page.parent, tmp_path / folder, ignore=made)
    assert_printed(walk_page(page, tmp_path))
