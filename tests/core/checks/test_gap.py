from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.benchmark.definition import Attribute
from pytest_biasruler.checks.finding import Status, Verdict


def ask(evidence, **keys):
    (finding,) = judge_one(evidence, "gap", by="age", **keys)
    return finding


@pytest.fixture
def evidence(make_evidence, staircase):
    expert, _, ages = staircase
    return make_evidence({("unet", "expert"): expert}, ages)


def test_names_that_hold_a_comma_are_told_whole(make_evidence):
    scores = np.r_[np.full(30, 0.9), np.full(30, 0.7)]
    ages = ["[0, 1.6)"] * 30 + ["[1.6, 3]"] * 30
    finding = ask(make_evidence({("unet", "expert"): scores}, ages), limit=0.05)
    assert finding.statement == (
        "Dice differs by 0.200 between subgroups of age (best [0, 1.6): 0.900, "
        "worst [1.6, 3]: 0.700)"
    )


def test_against_a_baseline_a_gap_has_a_sign(evidence):
    worse = ask(evidence, limit=0.05, baseline="old")
    assert worse.estimate.value == pytest.approx(0.1)
    assert worse.verdict == Verdict.FAIL
    assert worse.statement == (
        "Dice of age young is 0.100 worse than of old (young: 0.775, old: 0.875)"
    )
    better = ask(evidence, limit=0.05, baseline="young")
    assert better.estimate.value == pytest.approx(-0.1)
    assert better.verdict == Verdict.PASS


def test_a_distance_is_worse_where_it_is_larger(make_evidence):
    rng = np.random.default_rng(0)
    distances = np.r_[rng.uniform(2, 3, 40), rng.uniform(5, 6, 40)]
    evidence = make_evidence(
        {("unet", "expert"): distances}, ["old"] * 40 + ["young"] * 40, metric="hd95_mm"
    )
    finding = ask(evidence, metric="hd95_mm", limit=1.0)
    assert finding.estimate.pair == ("old", "young")
    assert finding.verdict == Verdict.FAIL
    assert finding.statement == (
        "HD95 differs by 2.954 mm between subgroups of age (best old: 2.537, worst young: 5.490)"
    )


def test_small_and_missing_subgroups_are_shown_and_never_compared(make_evidence):
    scores = np.r_[np.linspace(0.7, 0.9, 60), np.full(5, 0.1), np.full(25, 0.2)]
    ages = ["old"] * 30 + ["young"] * 30 + ["teen"] * 5 + [""] * 25
    finding = ask(make_evidence({("unet", "expert"): scores}, ages), limit=0.3)
    status = {group.name: group.status for group in finding.groups}
    assert status == {
        "old": Status.JUDGED,
        "young": Status.JUDGED,
        "teen": Status.TOO_SMALL,
        "missing": Status.MISSING,
    }
    assert set(finding.estimate.pair) == {"old", "young"}
    shrunk = finding.details["shrunk"]["teen"]["mean"]
    assert 0.1 < shrunk < 0.8


def test_fewer_than_two_judged_subgroups_is_inconclusive(make_evidence):
    evidence = make_evidence({("unet", "expert"): np.full(30, 0.9)}, ["old"] * 30)
    finding = ask(evidence, limit=0.05)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert finding.estimate is None


def test_metric_bounds_as_support_widen_what_could_be(evidence):
    pooled = ask(evidence, limit=0.05)
    bounds = ask(evidence, limit=0.05, support="bounds")
    assert bounds.details["support"] == [0, 1]
    assert bounds.estimate.low < pooled.estimate.low
    assert bounds.estimate.high > pooled.estimate.high


def test_wrong_pairing_withholds_a_pass(make_evidence, staircase):
    expert, _, ages = staircase
    evidence = make_evidence(
        {("unet", "expert"): expert},
        ages,
        wrong_pairing=frozenset({("unet", "expert", "")}),
    )
    finding = ask(evidence, limit=0.5)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")
    assert ask(evidence, limit=0.05).verdict == Verdict.FAIL


def test_copies_of_a_patient_add_no_evidence(make_evidence, staircase):
    expert, _, ages = staircase
    once = ask(make_evidence({("unet", "expert"): expert}, ages), limit=0.05)
    copied = make_evidence(
        {("unet", "expert"): np.tile(expert, 5)},
        ages * 5,
        patients=[f"p{number}" for number in range(70)] * 5,
    )
    five = ask(copied, limit=0.05)
    assert five.verdict == once.verdict
    assert five.estimate.low == pytest.approx(once.estimate.low, abs=1e-12)
    assert five.estimate.high == pytest.approx(once.estimate.high, abs=1e-12)


def test_published_summaries_stand_beside_the_gap(evidence):
    published = ask(evidence, limit=0.05).details["published"]
    assert published["max_min"] == pytest.approx(0.1)
    assert published["ser"] == pytest.approx(0.225 / 0.125)
    assert published["sd_ddof0"] == pytest.approx(0.05)


def test_the_challenge_score_stands_beside_a_gap_of_its_metrics(make_evidence, staircase):
    expert, _, ages = staircase
    evidence = make_evidence(
        {("unet", "expert"): expert},
        ages,
        columns={"menopause": ages},
        attributes=(Attribute(name="menopause"),),
    )
    table = evidence.scored.table.assign(hd95_mm=15.0)
    with_distance = evidence.altered(rows={("unet", "expert", ""): table.set_index("case")})
    challenge = ask(with_distance, limit=0.05).details["challenge"]
    assert challenge["mm"]["mean_norm_hd"] == pytest.approx(0.1)
    assert challenge["variables"]["age"] == "subgroups of age"
    assert challenge["mm"]["fairness"] == pytest.approx(1 - 0.1 / 2)
    assert ask(evidence, limit=0.05).details["challenge"] is None
