"""The tutorial is true: its files are written, its commands run, and its output comes out."""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
WAIVED_UNTIL = "2027-03-31"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHERE = re.compile(r"# (?P<add>add to the end of )?(?P<path>[\w./]+\.(?:py|toml))$")
PROGRAMS = {"python": [], "pytest": ["-m", "pytest"]}


def blocks():
    """Return (language, text) of every fenced block, in order, its waiver not yet over."""
    next_year = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=365)
    text = PAGE.read_text(encoding="utf-8").replace(WAIVED_UNTIL, next_year.isoformat())
    return FENCE.findall(text)


def run(command, folder):
    program, *arguments = shlex.split(command)
    hidden = ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS")
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    environ |= {
        "COLUMNS": "120",
        "PYTEST_ADDOPTS": "--biasruler-workers=1",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [sys.executable, *PROGRAMS[program], *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout + done.stderr


def missing_lines(shown, output):
    """Return the shown lines that do not stand in the output, in their order."""
    rest, missing = iter(output.splitlines()), []
    for line in filter(str.strip, shown):
        pattern = re.compile(re.escape(line.strip()).replace(r"\.\.\.", ".*").replace(r"\ ", " +"))
        if not any(pattern.fullmatch(found.strip()) for found in rest):
            missing.append(line)
            rest = iter(output.splitlines())
    return missing


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """Walk through the page once; give the folder and, for each command, lines and output."""
    folder, steps = tmp_path_factory.mktemp("tutorial"), []
    for language, text in blocks():
        where = WHERE.match(text.partition("\n")[0])
        if language == "console" and "pip install" not in text:
            command, *shown = text.removeprefix("$ ").splitlines()
            steps.append((command, shown, run(command, folder)))
        elif where is not None:
            path = folder / where["path"]
            path.parent.mkdir(exist_ok=True)
            with path.open("a" if where["add"] else "x", encoding="utf-8") as file:
                file.write(text)
    return folder, steps


def test_every_command_prints_what_the_page_shows(walked):
    _, steps = walked
    assert len(steps) == 9
    for command, shown, output in steps:
        missing = missing_lines(shown, output)
        assert not missing, f"`{command}` did not print {missing}, but:\n{output}"


def test_the_first_run_shows_all_three_verdicts(walked):
    _, steps = walked
    command, _, output = steps[1]
    assert command == "pytest biasruler.toml"
    assert "1 failed, 1 passed, 1 inconclusive" in output


def test_every_output_that_the_page_names_is_written(walked):
    folder, _ = walked
    for name in ("report.html", "audit.json", "junit.xml", "notebook.html"):
        assert (folder / name).stat().st_size > 1000, name
    assert "biasruler.verdict" in (folder / "junit.xml").read_text(encoding="utf-8")


def test_the_sections_of_the_report_are_those_of_the_table(walked):
    folder, _ = walked
    report = (folder / "report.html").read_text(encoding="utf-8")
    sections = re.findall(r"^\| (\d+) (.+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(sections) == 10
    for number, title in sections:
        assert f"{number}. {title}" in report


def test_a_line_that_is_not_printed_is_noticed():
    assert missing_lines(["gap ... 0.1", "b"], "a\ngap of  0.1\nb") == []
    assert missing_lines(["gap 0.2"], "gap 0.1") == ["gap 0.2"]
    assert missing_lines(["b", "a"], "a\nb") == ["a"], "lines come in the order shown"
