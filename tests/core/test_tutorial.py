"""Pages are true: their files are written, their commands run, and their output comes out."""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
WAIVED_UNTIL = "2027-03-31"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHERE = re.compile(r"# (?P<add>add to the end of )?(?P<path>[\w./]+\.(?:py|toml))$")
PROGRAMS = {
    "python": [],
    "pytest": ["-m", "pytest"],
    "biasruler": ["-c", "from pytest_biasruler.cli import main; raise SystemExit(main())"],
}


def blocks(page):
    """Return (language, text) of every fenced block, in order, its waiver not yet over."""
    next_year = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=365)
    text = (DOCS / page).read_text(encoding="utf-8")
    return FENCE.findall(text.replace(WAIVED_UNTIL, next_year.isoformat()))


def run(command, folder):
    program, *arguments = shlex.split(command)
    hidden = ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS")
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    environ |= {
        "COLUMNS": "120",
        "PYTEST_ADDOPTS": "--biasruler-workers=1 -p no:randomly",
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


def walk(fenced, folder):
    """Write the files and run the commands; return command, shown lines and output of each."""
    steps = []
    for language, text in fenced:
        where = WHERE.match(text.partition("\n")[0])
        if language == "console" and "pip install" not in text:
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *shown = part.splitlines()
                steps.append((command, shown, run(command, folder)))
        elif where is not None:
            path = folder / where["path"]
            path.parent.mkdir(exist_ok=True)
            with path.open("a" if where["add"] else "x", encoding="utf-8") as file:
                file.write(text)
    return steps


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """Walk through the tutorial once."""
    folder = tmp_path_factory.mktemp("tutorial")
    return folder, walk(blocks("tutorial.md"), folder)


def walk_after_tutorial(page, folder, *, until):
    """Walk through a page on what the tutorial has made, up to a block of that file."""
    first = []
    for block in blocks("tutorial.md"):
        first.append(block)
        if block[1].startswith(until):
            break
    walk(first, folder)
    return folder, walk(blocks(page), folder)


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """Walk through the page on extending, on data and first benchmark file of the tutorial."""
    folder = tmp_path_factory.mktemp("extending")
    return walk_after_tutorial("extending.md", folder, until="# biasruler.toml")


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    """Walk through the page on the command line, on the data of the tutorial."""
    folder = tmp_path_factory.mktemp("command-line")
    return walk_after_tutorial("command-line.md", folder, until="$ python make_data.py")


def assert_printed(steps):
    for command, shown, output in steps:
        missing = missing_lines(shown, output)
        assert not missing, f"`{command}` did not print {missing}, but:\n{output}"


def test_every_command_of_the_tutorial_prints_what_the_page_shows(walked):
    _, steps = walked
    assert len(steps) == 9
    assert_printed(steps)


def test_every_command_of_the_page_on_extending_prints_what_it_shows(extended):
    folder, steps = extended
    assert len(steps) == 5
    assert_printed(steps)
    assert "Two makers, both from 2019 on." in (folder / "report.html").read_text("utf-8")


def test_every_command_of_the_page_on_the_command_line_prints_what_it_shows(typed):
    folder, steps = typed
    assert len(steps) == 9
    assert_printed(steps)
    assert (folder / "audit.html").stat().st_size > 1000
    assert (folder / "findings.csv").read_text("utf-8").count("\n") > 2


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
    page = (DOCS / "tutorial.md").read_text("utf-8")
    sections = re.findall(r"^\| (\d+) (.+?) \|", page, re.MULTILINE)
    assert len(sections) == 10
    for number, title in sections:
        assert f"{number}. {title}" in report


def test_a_line_that_is_not_printed_is_noticed():
    assert missing_lines(["gap ... 0.1", "b"], "a\ngap of  0.1\nb") == []
    assert missing_lines(["gap 0.2"], "gap 0.1") == ["gap 0.2"]
    assert missing_lines(["b", "a"], "a\nb") == ["a"], "lines come in the order shown"
