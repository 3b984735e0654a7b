from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.checks.finding import Verdict

AGES = ["old"] * 40 + ["young"] * 40


def ask(evidence, **keys):
    return judge_one(evidence, "labels", by="age", **keys)


def with_counts(evidence, **counts):
    """Return the evidence with voxel counts beside its scores."""
    table = evidence.scored.table
    for name, column in counts.items():
        table[name] = np.asarray(column, dtype=float)
    evidence.__post_init__()
    return evidence


@pytest.fixture
def worse_for_young(make_evidence):
    rng = np.random.default_rng(0)
    quality = np.concatenate([rng.uniform(0.84, 0.9, 40), rng.uniform(0.7, 0.76, 40)])
    return make_evidence({("automated", "expert"): quality}, AGES)


def test_labels_that_are_worse_for_the_young_fail_and_say_so(worse_for_young):
    (finding,) = ask(worse_for_young, metric="dice", limit=0.05)
    assert finding.verdict == Verdict.FAIL
    assert finding.model is None
    value = finding.estimate.value
    assert finding.statement.startswith(
        f"The automated labels agree less with experts for age young than for old, by {value:.3f} "
        "Dice (0.7"
    ), "what the bound belongs to stands in the sentence"
    assert finding.details["ambiguity_included"] is True


def test_error_rate_and_direction_are_those_of_the_worked_example(make_evidence):
    evidence = make_evidence({("automated", "expert"): [0.818182] * 80}, AGES)
    evidence = with_counts(evidence, n_model=[120] * 80, n_reference=[100] * 80, n_both=[90] * 80)
    (finding,) = ask(evidence, metric="dice", limit=0.05)
    assert finding.details["ler"] == pytest.approx({"old": 0.307692, "young": 0.307692}, abs=1e-6)
    assert finding.details["direction"] == pytest.approx(
        {"old": 0.153846, "young": 0.153846}, abs=1e-6
    )
    assert finding.details["pooled"]["old"]["ler"] == pytest.approx(0.307692, abs=1e-6)
    assert finding.details["relative_risk"]["young"]["value"] == pytest.approx(1.0)
    assert finding.details["relative_risk"]["of"] == "old"


def test_relative_risks_are_told_to_the_subgroup_with_the_best_labels(make_evidence):
    evidence = make_evidence({("automated", "expert"): [0.8] * 80}, AGES)
    both = [90 - number % 3 for number in range(40)] + [98 - number % 3 for number in range(40)]
    evidence = with_counts(evidence, n_model=[100] * 80, n_reference=[100] * 80, n_both=both)
    (finding,) = ask(evidence, metric="dice", limit=0.05)
    risks = finding.details["relative_risk"]
    assert risks["of"] == "young"
    assert risks["old"]["value"] > 1


def test_two_findings_are_asked_unless_a_metric_is_named(make_evidence):
    quality = np.linspace(0.8, 0.9, 80)
    evidence = make_evidence({("automated", "expert"): quality}, AGES)
    evidence.scored.table["signed_volume_error"] = np.r_[np.full(40, -0.02), np.full(40, 0.15)]
    evidence.__post_init__()
    dice, volume = ask(evidence)
    assert (dice.metric, volume.metric) == ("dice", "signed_volume_error")
    assert volume.verdict == Verdict.FAIL
    assert volume.statement == (
        "Against the experts, the automated labels are drawn larger for age young than for old, "
        "by 0.170 of the union (mean signed volume error +0.150 against −0.020; positive where "
        "drawn too large)"
    )


def test_labels_that_are_too_small_are_told_of_those_whose_labels_they_are(make_evidence):
    evidence = make_evidence({("automated", "expert"): np.linspace(0.8, 0.9, 80)}, AGES)
    evidence.scored.table["signed_volume_error"] = np.r_[np.full(40, 0.01), np.full(40, -0.29)]
    evidence.__post_init__()
    _, volume = ask(evidence)
    old, young = volume.estimate.pair
    assert (old, young) == ("old", "young"), "the pair stays in the order of the error"
    assert volume.statement == (
        "Against the experts, the automated labels are drawn smaller for age young than for old, "
        "by 0.300 of the union (mean signed volume error −0.290 against +0.010; negative where "
        "drawn too small)"
    )


def test_human_ambiguity_is_taken_out_with_a_second_expert(make_evidence):
    rng = np.random.default_rng(1)
    hard = np.r_[rng.uniform(0.88, 0.92, 40), rng.uniform(0.68, 0.72, 40)]
    evidence = make_evidence(
        {
            ("automated", "expert"): hard - 0.05,
            ("second", "expert"): hard,
            ("automated", "second"): hard - 0.02,
        },
        AGES,
        references=("expert", "second", "automated"),
    )
    plain, fair = (
        ask(evidence, metric="dice", limit=0.05, reference="expert", **keys)[0]
        for keys in ({}, {"second_expert": "second"})
    )
    assert plain.verdict == Verdict.FAIL
    assert fair.verdict == Verdict.PASS
    assert fair.estimate.value == pytest.approx(0, abs=1e-9)
    assert fair.details["anchoring"]["value"] == pytest.approx(0.03, abs=1e-9)


def test_scores_under_no_expert_are_an_error_not_a_pass(make_evidence):
    from pytest_biasruler.errors import BiasRulerError

    evidence = make_evidence({("unet", "expert"): np.full(80, 0.9)}, AGES)
    with pytest.raises(BiasRulerError, match=r"^BR503 labels.*no case has a score of automated"):
        ask(evidence, metric="dice", limit=0.05)


def test_frames_stay_sorted_by_case(worse_for_young):
    rows = worse_for_young.pair("automated", "expert", None)
    assert isinstance(rows, pd.DataFrame)
    assert list(rows.index) == sorted(rows.index)
