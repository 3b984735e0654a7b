from __future__ import annotations

import re
import shlex
from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.openmetrics import write_metrics

from .audit_example import (
    ERROR,
    HOSTILE,
    make_audit,
    make_estimate,
    make_finding,
    make_hostile_audit,
    with_checks,
)

NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = rf'{NAME}="((?:[^"\\\n]|\\["\\n])*)"'
LINE = re.compile(
    rf"(?P<name>{NAME})(?:\{{(?P<labels>{LABEL}(?:,{LABEL})*)\}})? (?P<value>[-+0-9.e]+)"
)
"""A sample as the grammar of OpenMetrics has it, without time and exemplar."""


def read_metrics(text):
    """Return value by name and labels; every line must be one that OpenMetrics knows."""
    assert text.endswith("# EOF\n"), "the text was cut off"
    found, typed, explained = {}, [], []
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            name, kind = line.removeprefix("# TYPE ").split(" ")
            assert kind == "gauge"
            assert name not in typed, "a family comes in one piece"
            typed.append(name)
            continue
        if line.startswith("# HELP "):
            explained.append(line.split(" ")[2])
            continue
        match = LINE.fullmatch(line)
        assert match, f"not OpenMetrics: {line!r}"
        assert match["name"] == typed[-1] == explained[-1], "a sample stands below its family"
        labels = dict(re.findall(rf'({NAME})="((?:[^"\\]|\\.)*)"', match["labels"] or ""))
        key = (match["name"], tuple(labels.items()))
        assert key not in found, f"a series twice: {line}"
        found[key] = float(match["value"])
    return found


def read_as_gitlab(text):
    """Return value by name as GitLab reads them: comments cut, then words as a shell has them."""
    pairs = {}
    for line in text.splitlines():
        words = shlex.split(re.sub("#.*$", "", line))
        if words:
            name, value = words
            assert name not in pairs, f"GitLab takes these for one number: {name}"
            pairs[name] = value
    return pairs


def with_findings(*findings, **checks):
    return with_checks(replace(make_audit(), findings=findings), **checks)


def test_every_end_of_a_check_is_counted_also_if_none_came_to_it():
    found = read_metrics(write_metrics(with_checks(make_audit(), errors=[ERROR], missing=1)))

    counts = {
        dict(key[1])["verdict"]: n for key, n in found.items() if key[0] == "biasruler_checks"
    }
    assert counts == {
        "FAIL": 2,
        "INCONCLUSIVE": 4,
        "ERROR": 1,
        "waived": 1,
        "PASS": 4,
        "screened": 0,
        "not judged": 1,
    }
    assert found["biasruler_checks_missing", ()] == 1
    assert found["biasruler_checks_declared", ()] == 12
    assert found["biasruler_cases_scored", ()] == 300


def test_an_estimate_stands_beside_its_bounds_and_its_limit():
    found = read_metrics(write_metrics(make_audit()))

    labels = (("check", "ruler"), ("metric", "dice"), ("by", "age"), ("model", "unet"))
    told = {name: found[f"biasruler_{name}", labels] for name in ("estimate", "limit")}
    bounds = [found[f"biasruler_bound_{name}", labels] for name in ("low", "high")]
    assert told == {"estimate": 0.081, "limit": 0.03}
    assert bounds == [0.0491, 0.1151], "all digits"


def test_what_is_undefined_is_left_out_and_no_family_stands_empty():
    finding = make_finding(estimate=make_estimate(None, None, 0.2), limit=None)
    text = write_metrics(with_findings(finding))

    assert {name for name, _ in read_metrics(text) if not name.startswith("biasruler_c")} == {
        "biasruler_bound_high"
    }
    assert "biasruler_limit" not in text


def test_counts_that_a_public_audit_hides_are_left_out():
    audit = make_audit()
    audit = replace(audit, accounting={**audit.accounting, "scored": None})
    assert "cases_scored" not in write_metrics(audit)


def test_findings_that_differ_in_nothing_else_are_told_apart_by_their_id():
    same = [
        make_finding(id="biasruler.toml::gap[dice-age-unet]", limit=0.05),
        make_finding(id="biasruler.toml::gap[dice-age-unet]~2", limit=0.1),
        make_finding(id="test_a.py::test_gap"),
        make_finding(id="test_a.py::test_gap"),
        make_finding(id="biasruler.toml::gap[dice-sex-unet]", by=("sex",)),
    ]
    found = read_metrics(write_metrics(with_findings(*same)))

    ids = [dict(labels).get("id") for name, labels in found if name == "biasruler_limit"]
    assert ids == [
        "biasruler.toml::gap[dice-age-unet]",
        "biasruler.toml::gap[dice-age-unet]~2",
        "test_a.py::test_gap",
        "test_a.py::test_gap~2",
        None,
    ]


@pytest.mark.parametrize("audit", [make_audit(), make_hostile_audit()], ids=["plain", "hostile"])
def test_gitlab_reads_the_numbers_that_openmetrics_readers_read(audit):
    text = write_metrics(audit)
    assert [float(value) for value in read_as_gitlab(text).values()] == [
        *read_metrics(text).values()
    ]


def test_a_change_of_an_estimate_changes_a_value_and_no_name():
    now = make_finding(
        estimate=make_estimate(0.2, 0.1, 0.3), verdict=Verdict.PASS, outcome="passed"
    )
    before = read_as_gitlab(write_metrics(with_findings(make_finding())))
    after = read_as_gitlab(write_metrics(with_findings(now)))

    changed = {name for name in before if before[name] != after[name]}
    assert before.keys() == after.keys()
    assert changed == {
        "biasruler_checks{verdict=FAIL}",
        "biasruler_checks{verdict=PASS}",
        "biasruler_estimate{check=gap,metric=dice,by=age,model=unet}",
        "biasruler_bound_low{check=gap,metric=dice,by=age,model=unet}",
        "biasruler_bound_high{check=gap,metric=dice,by=age,model=unet}",
    }


@given(
    names=st.lists(st.text(max_size=12) | st.sampled_from(HOSTILE), min_size=2, max_size=5),
    value=st.floats(allow_nan=False, allow_infinity=False),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_no_name_breaks_a_line_and_no_two_series_are_alike(names, value):
    findings = [
        make_finding(
            id=f"biasruler.toml::{name}",
            model=name,
            label=name,
            by=(name,),
            estimate=make_estimate(value, None, None),
        )
        for name in [*names, names[0]]
    ]
    text = write_metrics(with_findings(*findings))

    found = read_metrics(text)
    estimates = [n for (name, _), n in found.items() if name == "biasruler_estimate"]
    assert estimates == [value] * (len(names) + 1)
    assert len(read_as_gitlab(text)) == len(found)
    assert all(map(isfinite, found.values()))


def test_a_slope_is_no_series_of_a_gap_nor_of_a_slope_per_another_step():
    gap = make_finding(estimate=make_estimate(0.1, 0.05, 0.15))
    slopes = [
        replace(gap, id=f"slope-{step}", details={"form": "trend", "trend": {"step": step}})
        for step in (10.0, 20.0)
    ]
    found = read_metrics(write_metrics(with_findings(gap, *slopes)))
    labels = [dict(key[1]) for key in found if key[0] == "biasruler_estimate"]
    assert [each.get("step") for each in labels] == [None, "10", "20"]
    assert not any("id" in each for each in labels)


def test_a_slope_tells_its_direction_beside_its_size():
    slopes = [
        make_finding(
            id=f"gap[{model}]",
            model=model,
            estimate=make_estimate(0.1, 0.05, 0.15),
            details={"form": "trend", "trend": {"step": 10.0, "slope": slope}},
        )
        for model, slope in (("unet", -0.1), ("swin", 0.1))
    ]
    found = read_metrics(write_metrics(with_findings(*slopes)))
    signed = {dict(key[1])["model"]: n for key, n in found.items() if key[0] == "biasruler_slope"}
    assert signed == {"unet": -0.1, "swin": 0.1}
