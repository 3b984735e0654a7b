"""Quantile bins and deep crossings in an audit: cuts are told, and of single people nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import load_schema, run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.markdown import write_markdown


def audit_of(ages, *, public=False, quantiles=4, checks=None, attributes=(), **columns):
    cases = [f"c{n:04d}" for n in range(len(ages))]
    scores = pd.DataFrame({"case": cases, "model": "unet", "reference": "expert"})
    scores["dice"] = 0.7 + 0.2 * np.sin(np.arange(len(ages)))
    benchmark = Benchmark(
        name="b",
        metadata=pd.DataFrame({"case": cases, "age": ages, **columns}),
        references=[Reference(name="expert", kind="expert")],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age", quantiles=quantiles), *attributes],
        scores=scores,
        checks=checks or [Check("gap", by="age")],
    )
    return run_audit(benchmark, public=public)


@pytest.fixture(scope="module")
def ages():
    # Nobody else is 18.25 or 88.75: such a number in an output is one patient's.
    return ["18.25", *(f"{20 + n * 0.5}" for n in range(120)), "88.75"]


def test_edges_stand_in_the_note_the_report_and_the_json(ages):
    audit = audit_of(ages)
    known = audit.attributes["age"]["quantiles"]
    assert known["asked"] == 4
    assert len(known["edges"]) == 3
    told = ", ".join(f"{edge:g}" for edge in known["edges"])
    (note,) = (note for note in audit.warnings if note["code"] == "BR414")
    assert f"4 quantile bins at {told}" in note["text"]
    assert "quantiles of one value for each patient" in render_html(audit)
    jsonschema.validate(json.loads(audit.to_json()), load_schema())


@pytest.mark.parametrize("public", [False, True])
def test_the_smallest_and_the_largest_value_stand_nowhere(ages, public):
    audit = audit_of(ages, public=public)
    outputs = [audit.to_json(), render_html(audit), write_markdown(audit)]
    for single in ("18.2", "88.7"):
        assert not any(single in text for text in outputs)


def test_in_public_edges_are_told_of_bins_of_many(ages):
    audit = audit_of(ages, public=True)
    assert len(audit.attributes["age"]["quantiles"]["edges"]) == 3
    assert [row["n_patients"] for row in audit.attributes["age"]["subgroups"]] == [31, 30, 30, 31]


def test_in_public_bins_of_few_have_neither_edges_nor_names(ages):
    audit = audit_of(ages, public=True, quantiles=20)
    known = audit.attributes["age"]
    assert known["quantiles"] == {"asked": 20, "edges": []}
    names = [row["name"] for row in known["subgroups"]]
    assert names[0] == "part 1 of 20"
    own = audit_of(ages, quantiles=20).attributes["age"]["quantiles"]["edges"]
    assert not any(f"{edge:g}" in audit.to_json() for edge in own if edge % 1)


def near(*middles):
    """Return values of which many lie so close that an edge between them has many digits."""
    return [f"{middle + n * 1.37e-7:.9f}" for middle in middles for n in range(-20, 20)]


def test_in_public_an_edge_that_parts_two_patients_is_told_roughly():
    ages = [*(f"{20 + n / 4}" for n in range(40)), *near(50.12341), *(["60.5"] * 40)]
    (edge,) = audit_of(ages, quantiles=2).attributes["age"]["quantiles"]["edges"]
    assert edge != round(edge, 4), "two patients differ in the seventh digit"
    audit = audit_of(ages, quantiles=2, public=True)
    known = audit.attributes["age"]
    assert known["quantiles"] == {"asked": 2, "edges": [50.12]}
    assert [row["name"] for row in known["subgroups"]] == ["under 50.12", "50.12+"]
    assert audit.findings[0].groups[0].name == "under 50.12"
    for text in (audit.to_json(), render_html(audit), write_markdown(audit)):
        assert "50.123" not in text


def test_in_public_edges_that_are_one_when_told_roughly_are_not_told():
    ages = ["20"] * 20 + near(50.12341) + near(50.12345) + ["60.5"] * 20
    assert len(audit_of(ages, quantiles=6).attributes["age"]["subgroups"]) > 3
    audit = audit_of(ages, quantiles=6, public=True)
    known = audit.attributes["age"]
    assert known["quantiles"]["edges"] == []
    assert known["subgroups"][0]["name"].startswith("part 1 of ")
    for text in (audit.to_json(), render_html(audit), write_markdown(audit)):
        assert "50.12" not in text
    assert not any(note["code"] == "BR411" for note in audit.warnings), "nobody is above 89"


def test_in_public_a_slope_that_hangs_on_one_patient_is_not_told(ages):
    slope = Check("gap", by="age", continuous=True, step=10, limit=0.05)
    for last, is_told in (("88.75", True), ("9000", False)):
        audit = audit_of([*ages[:-1], last], quantiles=2, checks=[slope], public=True)
        (finding,) = audit.findings
        assert (finding.reason == "one patient decides") is not is_told
        assert (finding.estimate is not None) is is_told
        assert ("trend" in finding.details) is is_told
        assert (finding.min_detectable is not None) is is_told


def test_of_three_attributes_small_cells_are_shown_and_not_judged():
    n = 240
    sexes, sites = ["F", "M"] * (n // 2), ["a", "a", "b", "b"] * (n // 4)
    ages = [str(20 + place // 4) for place in range(n)]
    ages[:4] = ["", "20", "20", "20"]
    sites[-1] = "c"  # a cell of one patient
    audit = audit_of(
        ages,
        quantiles=2,
        checks=[Check("gap", by=[["age", "sex", "place"]])],
        attributes=[Attribute(name="sex"), Attribute(name="place")],
        sex=sexes,
        place=sites,
    )
    (finding,) = audit.findings
    assert finding.by == ("age", "sex", "place")
    by_status = {}
    for group in finding.groups:
        by_status.setdefault(str(group.status), []).append(group.name)
    assert len(by_status["judged"]) == 8
    assert by_status["too small"] == ["50+ × M × c"]
    assert by_status["missing"] == ["missing"]
    small = next(group for group in finding.groups if group.name == "50+ × M × c")
    assert small.mean is not None, "it is shown"
    assert "50+ × M × c" not in {
        side for pair in finding.details["pairs"] for side in pair.values()
    }


def test_moved_edges_of_quantiles_are_a_setting_of_sensitivity(ages):
    audit = audit_of(ages, quantiles=2, checks=[Check("gap", by="age", sensitivity=True)])
    (finding,) = audit.findings
    settings = finding.details["sensitivity"]["settings"]
    moved = [row for row in settings if row["what"] == "bins"]
    assert len(moved) == 2
    assert all(row["verdict"] and not row["why_not"] for row in moved)
    assert replace(finding, details={}).groups[0].name.startswith("under ")
