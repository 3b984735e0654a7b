"""What an audit says of two attributes at a time, of thresholds and of who made a label."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import jsonschema
import pytest

from pytest_biasruler.audit import Audit, load_schema, run_audit
from pytest_biasruler.audit.crossings import MOST_CROSSINGS
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Reference

MADE = {"made_by": "two radiologists", "made_on": dt.date(2023, 5, 2), "made_with": "ITK-SNAP"}


@pytest.fixture
def benchmark(make_benchmark):
    """Return 40 old and 30 young; women and men take turns, so 20, 20, 15 and 15 of each."""
    plain = make_benchmark(("gap", {}), ("gap", {"by": "sex"}))
    metadata = plain.metadata.assign(sex=["F", "M"] * 35)
    expert, automated = plain.references
    return replace(
        plain,
        metadata=metadata,
        attributes=[Attribute(name="age"), Attribute(name="sex")],
        references=[replace(expert, **MADE), automated],
    )


def test_cells_of_enough_patients_have_a_mean_and_the_others_are_counted(benchmark):
    (crossing,) = run_audit(benchmark).crossings
    assert (crossing["by"], crossing["n_cells"], crossing["n_too_small"]) == (["age", "sex"], 4, 2)
    told = {(row["subgroup"], row["reference"]): row for row in crossing["means"]}
    assert set(told) == {
        (cell, by) for cell in ("old × F", "old × M") for by in ("expert", "automated")
    }
    old_women = told["old × F", "expert"]
    # Every second of 40 scores that rise from 0.80 by 0.00375: the first at half a step.
    assert old_women["mean"] == pytest.approx(0.80 + 0.00375 * (0.5 + 19))
    assert (old_women["n_cases"], old_women["n_patients"]) == (20, 20)


def test_an_attribute_that_no_check_names_is_not_crossed(benchmark):
    assert run_audit(replace(benchmark, checks=[Check("gap", by="age")])).crossings == ()


def test_a_crossing_that_a_check_declares_comes_first_and_their_number_is_bounded(benchmark):
    names = [f"a{n}" for n in range(5)]
    columns = {name: ["x", "y"] * 35 for name in names}
    many = replace(
        benchmark,
        metadata=benchmark.metadata.assign(**columns),
        attributes=[Attribute(name=name) for name in names],
        checks=[Check("gap", by=[*names, ["a4", "a3"]])],
    )
    crossings = run_audit(many).crossings
    assert len(crossings) == MOST_CROSSINGS
    assert crossings[0]["by"] == ["a4", "a3"]


def test_an_audit_without_crossings_keeps_the_bytes_of_earlier_versions(make_benchmark):
    text = run_audit(make_benchmark(("gap", {}))).to_json()
    assert "crossings" not in json.loads(text)
    assert Audit.from_json(text).to_json() == text


def test_an_audit_with_crossings_fits_its_schema_and_survives_the_file(benchmark):
    audit = run_audit(benchmark)
    jsonschema.validate(json.loads(audit.to_json()), load_schema())
    assert Audit.from_json(audit.to_json()) == audit


def test_who_made_a_reference_is_told_and_what_is_not_stated_is_left_out(benchmark):
    expert, automated = (run_audit(benchmark).references[name] for name in ("expert", "automated"))
    assert {key: expert[key] for key in MADE} == {**MADE, "made_on": "2023-05-02"}
    assert not set(MADE) & set(automated)


def test_each_subgroup_tells_by_whom_its_cases_are_labelled(make_benchmark):
    benchmark = make_benchmark(("gap", {}))
    scores = benchmark.scores
    lost = scores["case"].isin(["case000", "case001"]) & (scores["reference"] == "expert")
    audit = run_audit(replace(benchmark, scores=scores[~lost]))
    old, young = audit.attributes["age"]["subgroups"]
    assert old["sources"] == {"expert": 38, "automated_only": 2, "none": 0}
    assert young["sources"] == {"expert": 30, "automated_only": 0, "none": 0}


def test_successes_are_counted_against_the_threshold_that_a_check_declares(make_benchmark):
    plain = run_audit(make_benchmark(("gap", {})))
    asked = run_audit(make_benchmark(("success", {"threshold": 0.95})))
    assert plain.metrics["dice"]["threshold"] == 0.8
    assert asked.metrics["dice"]["threshold"] == 0.95
    by_expert = {"model": "unet", "reference": "expert", "attribute": "age"}
    old, young = (
        row["above_threshold"]
        for row in asked.scores
        if by_expert.items() <= row.items() and row["subgroup"] in ("old", "young")
    )
    assert (old, young) == (0.0, 0.0), "no expert score lies above 0.95"
    share = next(
        row["above_threshold"]
        for row in plain.scores
        if by_expert.items() <= row.items() and row["subgroup"] == "young"
    )
    assert share == pytest.approx(12 / 30), "0.65 + 0.25 (i − ½)/30 > 0.8 from the 19th on"


def test_a_success_is_below_the_threshold_where_lower_is_better(make_benchmark):
    from pytest_biasruler.benchmark.metrics import Direction, Metric

    plain = make_benchmark()
    distance = Metric(
        name="off_mm",
        unit="mm",
        direction=Direction.LOWER,
        range=(0, None),
        both_empty=0.0,
        one_empty=None,
    )
    scores = plain.scores.assign(off_mm=[float(n % 70) for n in range(len(plain.scores))])
    asked = replace(
        plain,
        scores=scores.drop(columns="dice"),
        metrics=[distance],
        checks=[
            Check("success", metric="off_mm", by="age", threshold=20.0, sweep=[10.0, 20.0, 30.0])
        ],
    )
    audit = run_audit(asked)
    row = next(row for row in audit.scores if row["subgroup"] == "all")
    assert row["above_threshold"] == pytest.approx(20 / 70), "0 to 19 of 0 to 69"


def test_in_public_neither_crossings_nor_labels_by_subgroup_are_told(benchmark):
    audit = run_audit(benchmark, public=True)
    assert audit.crossings == ()
    groups = [group for each in audit.attributes.values() for group in each["subgroups"]]
    assert not any("sources" in group for group in groups)
    assert audit.references["expert"]["made_by"] == "two radiologists", "their own words"
    assert audit.references["expert"]["n_read"] is None


def test_a_reference_made_on_no_day_is_refused(benchmark):
    from pytest_biasruler.errors import BiasRulerError

    wrong = Reference(name="expert", kind="expert", made_on="May 2023")
    with pytest.raises(BiasRulerError, match='made_on is "May 2023"; expected a date such as'):
        replace(benchmark, references=[wrong])
