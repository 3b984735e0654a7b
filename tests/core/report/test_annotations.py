from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.annotations import Annotation, write_annotations

from .audit_example import ERROR, HOSTILE, gap_age, gap_ethnicity, make_finding, others

PLACES = {"biasruler.toml": "ct/biasruler.toml"}
COMMAND = re.compile(r"::(?P<kind>error|warning) (?P<properties>[^:\r\n]*)::(?P<text>[^\r\n]*)")


def read(line):
    """Return kind, properties and text of a command, as GitHub's runner reads them."""
    match = COMMAND.fullmatch(line)
    assert match, f"{line!r} is no command"
    pairs = [pair.partition("=")[::2] for pair in match["properties"].split(",")]
    properties = {
        key: value.replace("%3A", ":").replace("%2C", ",").replace("%0A", "\n")
        .replace("%0D", "\r").replace("%25", "%")
        for key, value in pairs
    }  # fmt: skip
    return match["kind"], properties, match["text"].replace("%25", "%")


def test_a_failed_check_is_an_error_at_its_line():
    [line] = write_annotations([make_finding(line=12)], (), places=PLACES)
    kind, properties, text = read(line)
    assert kind == "error"
    assert properties == {
        "file": "ct/biasruler.toml",
        "line": "12",
        "title": "gap[dice-age-unet]",
    }
    assert text == (
        "FAIL gap dice, age 0–40 vs 56–120: gap 0.112 [0.071, 0.154] above limit 0.050 "
        "(41/152 patients, expert, unet)"
    )


def test_an_open_question_is_a_warning_and_what_passed_or_is_waived_is_not_told():
    lines = write_annotations([gap_age(), gap_ethnicity(), *others()], (), places={})
    told = [(read(line)[0], read(line)[1]["title"]) for line in lines]
    assert told == [
        ("error", "gap[dice-age-unet]"),
        ("warning", "gap[dice-ethnicity-unet]"),
        ("warning", "labels[dice-age-unet]"),
        ("warning", "success[dice-age-unet]"),
        ("warning", "provenance[ethnicity-unet]"),
    ]


def test_a_screen_is_not_told_even_if_it_failed():
    screen = make_finding(outcome="passed", verdict=Verdict.FAIL, details={"screen": True})
    assert write_annotations([screen], (), places={}) == ()


def test_errors_and_what_else_makes_the_run_red_are_told():
    lines = write_annotations(
        (), [{**ERROR, "line": 7}], reasons=["2 tests never reported"], places=PLACES
    )
    assert [read(line)[1] for line in lines] == [
        {"file": "ct/biasruler.toml", "line": "7", "title": "ruler[hd95_mm-age-unet]"},
        {"title": "biasruler"},
    ]
    assert "no readable mask of second" in lines[0]
    assert lines[1] == "::error title=biasruler::2 tests never reported"


def test_where_the_file_is_not_in_the_repository_no_place_is_told():
    [line] = write_annotations([make_finding(line=12)], (), places={})
    assert read(line)[1] == {"title": "gap[dice-age-unet]"}


@pytest.mark.parametrize(("n", "n_lines", "ending"), [
    (9, 9, None),
    (10, 10, "and 1 more error: see the log or the report"),
    (13, 10, "and 4 more errors: see the log or the report"),
])  # fmt: skip
def test_after_nine_of_a_kind_the_rest_is_counted(n, n_lines, ending):
    findings = [make_finding(id=f"biasruler.toml::gap[{i}]") for i in range(n)]
    findings += [make_finding(outcome="inconclusive") for _ in range(2)]
    lines = write_annotations(findings, (), places={})
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == n_lines
    assert len(lines) == n_lines + 2
    assert ending is None or read(errors[-1])[2] == ending


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_begins_a_command_or_a_line_of_its_own(name):
    finding = make_finding(
        id=f"{name}::gap[{name}]", by=(name,), model=name, unit=name, label=name, line=3
    )
    error = {"id": f"{name}::{name}", "message": f"x\n{name}"}
    places = {name.partition("::")[0]: name}
    for line in write_annotations([finding], [error], reasons=[name], places=places):
        assert COMMAND.fullmatch(line)
        assert line.count("\n") == line.count("\r") == 0
        assert "##[" not in line
        assert not re.search(r"\s::", line)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_a_title_and_a_file_come_out_as_they_went_in(title, file):
    line = Annotation(kind="error", text=title, title=title, file=file, line=1).write()
    assert read(line)[1] == {"file": file, "line": "1", "title": title}
