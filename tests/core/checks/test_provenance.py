from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.checks.finding import Verdict

AGES = ["old"] * 40 + ["young"] * 40


def ask(evidence, **keys):
    (finding,) = judge_one(evidence, "provenance", by="age", **keys)
    return finding


def verdict_of(finding, criterion):
    return next(
        row["verdict"] for row in finding.details["criteria"] if row["criterion"] == criterion
    )


def test_good_evidence_passes_and_has_neither_limit_nor_estimate(make_evidence):
    finding = ask(make_evidence({("unet", "expert"): np.full(80, 0.9)}, AGES))
    assert finding.verdict == Verdict.PASS
    assert (finding.limit, finding.estimate, finding.metric) == (None, None, None)
    assert [row["criterion"] for row in finding.details["criteria"]] == list("abcdefg")


def test_a_model_judged_only_by_its_teacher_fails(make_evidence):
    evidence = make_evidence(
        {("unet", "automated"): np.full(80, 0.9)},
        AGES,
        references=("automated",),
        trained_on="automated",
    )
    finding = ask(evidence)
    assert finding.verdict == Verdict.FAIL
    assert verdict_of(finding, "a") == "FAIL"


def test_small_subgroups_and_missing_metadata_are_thin_evidence(make_evidence):
    ages = ["old"] * 60 + ["young"] * 5 + [""] * 15
    finding = ask(make_evidence({("unet", "expert"): np.full(80, 0.9)}, ages))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "thin evidence")
    assert verdict_of(finding, "d") == "INCONCLUSIVE"
    assert verdict_of(finding, "f") == "INCONCLUSIVE"
    assert finding.statement == (
        "Thin evidence: subgroups with fewer than 20 patients and share of cases without age. "
        "1 of 2 subgroups of age are too small to judge; 15 of 80 cases have no age"
    )


@pytest.mark.parametrize(("n_lost", "verdict"), [(0, "PASS"), (2, "INCONCLUSIVE"), (20, "FAIL")])
def test_exclusions_must_not_differ_between_subgroups(make_evidence, n_lost, verdict):
    scores = np.full(80, 0.9)
    scores[:n_lost] = np.nan
    finding = ask(make_evidence({("unet", "expert"): scores}, AGES))
    assert verdict_of(finding, "c") == verdict


def test_references_without_one_copied_mask_share_0_and_not_nothing(make_evidence):
    scores = {pair: np.full(80, 0.9) for pair in (("unet", "expert"), ("automated", "expert"))}
    evidence = make_evidence(scores, AGES)

    def share():
        criteria = ask(evidence).details["criteria"]
        return next(one["number"] for one in criteria if one["criterion"] == "b")

    assert share() is None, "scores alone do not tell which masks are copies"
    evidence.scored.table["n_both"] = 90.0
    evidence.__post_init__()
    assert share() == 0.0


def test_experts_that_only_signed_the_automated_labels_fail(make_evidence):
    cases = [f"case{number:04d}" for number in range(50)]
    evidence = make_evidence(
        {
            ("unet", "expert"): np.full(80, 0.9),
            ("automated", "expert"): np.full(80, 0.9),
        },
        AGES,
        identical={("automated", "expert"): frozenset(cases)},
    )
    finding = ask(evidence)
    assert verdict_of(finding, "b") == "FAIL"
    assert ask(evidence, max_identical=0.7).verdict == Verdict.PASS
