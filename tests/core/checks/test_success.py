from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.checks.finding import Verdict


def ask(evidence, **keys):
    (finding,) = judge_one(evidence, "success", by="age", **keys)
    return finding


@pytest.fixture
def evidence(make_evidence):
    """24 of 40 succeed in one subgroup, 36 of 40 in the other."""
    scores = [0.9] * 24 + [0.5] * 16 + [0.9] * 36 + [0.5] * 4
    return make_evidence({("unet", "expert"): scores}, ["young"] * 40 + ["old"] * 40)


def test_the_ratio_is_that_of_the_worked_example(evidence):
    finding = ask(evidence)
    assert finding.estimate.value == pytest.approx(2 / 3, abs=1e-9)
    assert finding.estimate.low == pytest.approx(0.518810, abs=1e-6)
    assert finding.estimate.high == pytest.approx(0.898025, abs=1e-6)
    assert finding.limit == 0.8
    assert finding.verdict == Verdict.INCONCLUSIVE
    assert finding.statement == (
        "60 % of age young against 90 % of old reach Dice above 0.800 (ratio 0.667)"
    )


def test_a_ratio_surely_below_its_limit_fails(evidence):
    assert ask(evidence, limit=0.95).verdict == Verdict.FAIL
    assert ask(evidence, limit=0.5).verdict == Verdict.PASS


def test_a_difference_goes_through_the_engine(evidence):
    finding = ask(evidence, statistic="difference")
    assert finding.limit == 0.10
    assert finding.estimate.value == pytest.approx(0.3, abs=1e-9)
    assert finding.details["dpd"] == pytest.approx(0.3, abs=1e-9)
    assert finding.verdict == Verdict.FAIL


def test_a_score_at_the_threshold_is_no_success(make_evidence):
    evidence = make_evidence(
        {("unet", "expert"): [0.8] * 30 + [0.9] * 30}, ["young"] * 30 + ["old"] * 30
    )
    finding = ask(evidence)
    assert finding.details["rates"] == {"old": 1.0, "young": 0.0}
    assert finding.details["saturated"] is True


def test_no_success_anywhere_is_an_undefined_ratio(make_evidence):
    evidence = make_evidence({("unet", "expert"): [0.1] * 60}, ["young"] * 30 + ["old"] * 30)
    finding = ask(evidence)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "undefined ratio")
    assert finding.estimate.value is None


def test_the_sweep_shows_where_the_answer_changes(evidence):
    finding = ask(evidence, limit=0.95)
    assert [row["threshold"] for row in finding.details["sweep"]] == pytest.approx(
        np.arange(0.5, 0.96, 0.05)
    )
    assert {row["worst"] for row in finding.details["sweep"][:8]} >= {"young"}
    assert finding.details["fragile"] is False
    edge = ask(evidence, limit=0.95, threshold=0.5, sweep=[0.4, 0.6])
    assert edge.details["fragile"] is True  # at 0.4 everybody succeeds


def test_the_top_quartile_takes_its_threshold_from_all_cases(make_evidence):
    scores = np.linspace(0, 1, 80)
    evidence = make_evidence({("unet", "expert"): scores}, ["young"] * 40 + ["old"] * 40)
    finding = ask(evidence, threshold="top-quartile")
    assert finding.details["threshold"] == pytest.approx(0.75)
    assert finding.details["rates"] == {"old": 0.5, "young": 0.0}
    assert "the best quarter of all cases" in finding.statement


def test_the_published_ratio_stands_beside_its_katz_interval_and_ours(make_evidence):
    # arXiv 2511.00477, Table 2: 163 of 349 Young and 200 of 349 Older with Dice above 0.8.
    scores = np.repeat([0.9, 0.5, 0.9, 0.5], [163, 186, 200, 149])
    evidence = make_evidence({("unet", "expert"): scores}, ["Young"] * 349 + ["Older"] * 349)
    (finding,) = judge_one(evidence, "success", by="age")
    details = finding.details
    assert details["dpd"] == pytest.approx(0.1060, abs=1e-4)
    assert details["dir"]["value"] == pytest.approx(0.8150, abs=1e-4)
    assert details["katz"] == pytest.approx([0.706, 0.941], abs=6e-4)
    assert (details["dir"]["low"], details["dir"]["high"]) == pytest.approx(
        (0.7209, 0.9432), abs=1e-4
    )
    step = next(row for row in details["sweep"] if row["threshold"] == 0.8)
    assert (step["dpd"], step["low"], step["high"]) == pytest.approx(
        (details["dpd"], details["dir"]["low"], details["dir"]["high"])
    )
    assert finding.verdict == Verdict.INCONCLUSIVE


def test_a_rate_of_zero_has_no_katz_interval(make_evidence):
    scores = np.repeat([0.5, 0.9], 30)
    evidence = make_evidence({("unet", "expert"): scores}, ["old"] * 30 + ["young"] * 30)
    (finding,) = judge_one(evidence, "success", by="age")
    assert finding.details["katz"] == [None, None]
