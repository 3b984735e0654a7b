"""The tutorial and the pages that go on from it give what they promise beside their output."""

from __future__ import annotations

import re

import pytest

from .walking import DOCS, assert_printed, missing_lines, walk_page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """Walk through the tutorial once."""
    folder = tmp_path_factory.mktemp("tutorial")
    return folder, walk_page(DOCS / "tutorial.md", folder)


def test_every_command_of_the_tutorial_prints_what_the_page_shows(walked):
    _, steps = walked
    assert len(steps) == 9
    assert_printed(steps)


def test_every_command_of_the_page_on_extending_prints_what_it_shows(tmp_path):
    steps = walk_page(DOCS / "extending.md", tmp_path)
    assert len(steps) == 5
    assert_printed(steps)
    assert "Two makers, both from 2019 on." in (tmp_path / "report.html").read_text("utf-8")


def test_every_command_of_the_page_on_the_command_line_prints_what_it_shows(tmp_path):
    steps = walk_page(DOCS / "command-line.md", tmp_path)
    assert len(steps) == 9
    assert_printed(steps)
    assert (tmp_path / "audit.html").stat().st_size > 1000
    assert (tmp_path / "findings.csv").read_text("utf-8").count("\n") > 2


def test_the_first_run_shows_all_three_verdicts(walked):
    _, steps = walked
    assert steps[1].command == "pytest biasruler.toml"
    assert "1 failed, 1 passed, 1 inconclusive" in steps[1].output


def test_every_output_that_the_page_names_is_written(walked):
    folder, _ = walked
    for name in ("report.html", "audit.json", "junit.xml", "notebook.html"):
        assert (folder / name).stat().st_size > 1000, name
    assert "biasruler.verdict" in (folder / "junit.xml").read_text(encoding="utf-8")


def test_the_sections_of_the_report_are_those_of_the_table(walked):
    folder, _ = walked
    report = (folder / "report.html").read_text(encoding="utf-8")
    page = (DOCS / "tutorial.md").read_text("utf-8")
    sections = re.findall(r"^\| (\d+) (.+?) \|", page, re.MULTILINE)
    assert len(sections) == 10
    for number, title in sections:
        assert f"{number}. {title}" in report


def test_a_line_that_is_not_printed_is_noticed():
    assert missing_lines(["gap ... 0.1", "b"], "a\ngap of  0.1\nb") == []
    assert missing_lines(["gap 0.2"], "gap 0.1") == ["gap 0.2"]
    assert missing_lines(["b", "a"], "a\nb") == ["a"], "lines come in the order shown"
