from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.checks.finding import Verdict


def ask(evidence, metric="dice", **keys):
    (finding,) = judge_one(evidence, "floor", metric=metric, by="age", **keys)
    return finding


@pytest.fixture
def evidence(make_evidence, staircase):
    expert, _, ages = staircase
    return make_evidence({("unet", "expert"): expert}, ages)


def test_the_floor_of_the_staircase_is_that_of_the_worked_example(evidence):
    finding = ask(evidence, limit=0.78)
    bounds = finding.details["bounds"]
    assert bounds["young"] == pytest.approx(
        {"mean": 0.775, "low": 0.724256, "high": 0.807587}, abs=1e-6
    )
    assert bounds["old"] == pytest.approx(
        {"mean": 0.875, "low": 0.835853, "high": 0.891035}, abs=1e-6
    )
    assert finding.details["worst"] == "young"
    assert finding.verdict == Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.72, Verdict.PASS), (0.81, Verdict.FAIL), (0.75, "INCONCLUSIVE")]
)
def test_a_floor_is_judged_by_both_bounds(evidence, limit, verdict):
    assert ask(evidence, limit=limit).verdict == verdict


def test_the_floor_of_a_distance_is_a_ceiling(make_evidence):
    rng = np.random.default_rng(0)
    distances = np.concatenate([rng.uniform(2, 4, 40), rng.uniform(6, 8, 40)])
    evidence = make_evidence(
        {("unet", "expert"): distances}, ["old"] * 40 + ["young"] * 40, metric="hd95_mm"
    )
    failing = ask(evidence, metric="hd95_mm", limit=5.0)
    assert failing.verdict == Verdict.FAIL
    assert failing.estimate.value == pytest.approx(distances[40:].mean())
    assert failing.estimate.low > 5.0
    assert failing.statement.startswith("The worst-off subgroup of age (young) has HD95 ")
    assert failing.statement.endswith(" mm")
    assert ask(evidence, metric="hd95_mm", limit=9.0).verdict == Verdict.PASS


def test_a_pass_names_the_subgroups_it_did_not_judge(make_evidence):
    scores = np.linspace(0.9, 0.95, 45)
    evidence = make_evidence({("unet", "expert"): scores}, ["old"] * 40 + ["teen"] * 5)
    finding = ask(evidence, limit=0.5)
    assert finding.verdict == Verdict.PASS
    assert finding.statement.endswith("; 1 of 2 subgroups are too small to judge: teen")


def test_without_a_judged_subgroup_there_is_no_verdict(make_evidence):
    evidence = make_evidence({("unet", "expert"): [0.1, 0.2]}, ["old", "young"])
    finding = ask(evidence, limit=0.5)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
