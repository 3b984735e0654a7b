from __future__ import annotations

import json

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.benchmark.definition import Attribute
from pytest_biasruler.checks.expert_subset import compare_labelled, note_labelled

N = 200
LABELLED = np.arange(N) < 80


@pytest.fixture
def make_subset(make_evidence):
    """Return evidence in which the first 80 of 200 cases have an expert label."""

    def make_subset(ages, *, labelled=LABELLED, **keys):
        return make_evidence(
            {
                ("unet", "expert"): np.where(labelled, 0.9, np.nan),
                ("unet", "automated"): np.where(labelled, 0.9, np.nan),
            },
            ages,
            status=["scored" if known else "undefined" for known in labelled],
            **keys,
        )

    return make_subset


def differences_of(subset):
    return {(row["attribute"], row["category"]): row for row in subset["differences"]}


def alternate(*names):
    return [names[number % len(names)] for number in range(N)]


def test_a_random_subset_differs_in_nothing(make_subset):
    subset = compare_labelled(make_subset(alternate("old", "young")))
    assert (subset["n_labelled"], subset["n_others"]) == (80, 120)
    assert subset["differs_in"] == []
    assert note_labelled(subset) == ""
    row = differences_of(subset)["age", "old"]
    assert (row["labelled"], row["others"], row["value"]) == (0.5, 0.5, 0.0)
    assert row["low"] < 0 < row["high"]


def test_a_subset_of_the_old_is_flagged_in_words_but_not_gated(make_subset):
    ages = np.where(LABELLED, alternate("old", "old", "old", "young"), alternate("old", "young"))
    evidence = make_subset(list(ages))
    subset = compare_labelled(evidence)
    row = differences_of(subset)["age", "old"]
    assert (row["labelled"], row["others"], row["limit"]) == (0.75, 0.5, 0.10)
    assert row["low"] > 0.10
    assert subset["differs_in"] == ["age"]
    (finding,) = judge_one(evidence, "provenance", by="age")
    assert finding.statement.endswith(
        "; patients with an expert label differ from the others in age"
    )
    assert finding.details["expert_subset"] == subset
    assert [row["criterion"] for row in finding.details["criteria"]] == list("abcdefg")
    json.dumps(subset, allow_nan=False)


def test_a_category_that_is_rarer_among_the_labelled_is_flagged_too(make_subset):
    ages = np.where(LABELLED, "old", alternate("old", "young"))
    subset = compare_labelled(make_subset(list(ages)))
    row = differences_of(subset)["age", "young"]
    assert (row["value"], row["differs"]) == (-0.5, True)
    assert row["high"] < -0.10


@pytest.mark.parametrize(("step", "differs"), [(0.0, False), (25.0, True), (-25.0, True)])
def test_numbers_are_compared_by_delta_and_not_by_their_bins(make_subset, step, differs):
    years = 50 + np.arange(N) % 20 + step * LABELLED
    evidence = make_subset(
        alternate("x", "y"),
        columns={"years": [f"{year:g}" for year in years]},
        attributes=[Attribute(name="years", bins=(0, 120))],
    )
    row = differences_of(compare_labelled(evidence))["years", None]
    assert (row["differs"], row["limit"]) == (differs, 0.147)
    assert row["value"] == np.sign(step)
    assert (row["labelled"], row["others"]) == (59.5 + step, 59.5)


def test_missing_and_merged_cells_of_a_number_are_read_as_the_benchmark_says(make_subset):
    cells = ["60"] * N
    cells[0], cells[1], cells[2] = "unknown", "sixty", "90+"
    evidence = make_subset(
        alternate("x", "y"),
        columns={"years": cells},
        attributes=[
            Attribute(
                name="years", bins=(0, 61, 120), missing=("unknown",), merge={"60": ("sixty",)}
            )
        ],
    )
    row = differences_of(compare_labelled(evidence))["years", None]
    assert row["value"] == pytest.approx(1 / 79)  # one number of 79 is above all 120 others
    assert not row["differs"]


def test_a_patient_with_one_labelled_case_counts_as_labelled_and_once(make_subset):
    patients = [f"p{number % 100:03d}" for number in range(N)]
    subset = compare_labelled(make_subset(alternate("old", "young"), patients=patients))
    assert (subset["n_labelled"], subset["n_others"]) == (80, 20)


def test_an_attribute_that_nobody_has_is_left_out(make_subset):
    assert compare_labelled(make_subset([""] * N))["differences"] == []


def test_one_labelled_patient_is_too_few_for_a_comparison(make_subset):
    subset = compare_labelled(make_subset(alternate("old", "young"), labelled=np.arange(N) < 1))
    assert (subset["n_labelled"], subset["differences"]) == (1, [])


@pytest.mark.parametrize("labelled", [np.zeros(N, bool), np.ones(N, bool)])
def test_without_two_sides_there_is_nothing_to_compare(make_subset, labelled):
    assert compare_labelled(make_subset(alternate("old", "young"), labelled=labelled)) is None
    assert note_labelled(None) == ""


def test_several_attributes_are_listed_in_one_sentence():
    assert note_labelled({"differs_in": ["age", "sex", "site"]}).endswith("in age, sex and site")
