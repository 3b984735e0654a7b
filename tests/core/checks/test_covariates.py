from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.errors import BiasRulerError

AGES = ["old"] * 60 + ["young"] * 60
DICE = np.random.default_rng(0).beta(8, 2, 120)


def ask(make_evidence, quality):
    evidence = make_evidence({("unet", "expert"): DICE}, AGES, columns={"quality": quality})
    (finding,) = judge_one(evidence, "difficulty", by="age", difficulty="quality")
    return finding


@pytest.mark.parametrize(
    ("rewrite", "what"),
    [
        (lambda x: f"{1 - x:.4f}", "the dice"),
        (lambda x: f"{x**4:.6f}", "the dice"),
        (lambda x: f"{int(x * 12)}", "bands of the dice"),
        (lambda x: f"grade {int(x * 12)}", "bands of the dice"),
    ],
)
def test_a_column_that_follows_from_a_score_is_refused(make_evidence, rewrite, what):
    with pytest.raises(BiasRulerError) as refused:
        ask(make_evidence, [rewrite(x) for x in DICE])
    assert refused.value.code == "BR602"
    assert refused.value.found == (
        f"difficulty names quality, whose values are {what} of unet against expert"
    )


def test_grades_that_only_go_with_a_score_are_taken(make_evidence):
    shaken = DICE + np.random.default_rng(1).normal(0, 0.05, 120)
    finding = ask(make_evidence, [f"grade {int(x * 12)}" for x in shaken])
    assert finding.details["covariates"][0]["kind"] == "text"


def test_one_bad_scanner_is_no_band_of_scores(make_evidence):
    finding = ask(make_evidence, ["bad" if x < 0.6 else "good" for x in DICE])
    assert finding.details["covariates"][0]["n_values"] == 2
