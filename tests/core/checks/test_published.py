"""Which way published pairs of gaps bend: arXiv 2605.06891 (project page) and 2511.00477."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one

CELEBA = ((0.5, 0.3), (6.5, 0.6), (11.5, 6.0), (10.0, 17.0), (3.0, 21.0))
PHC = ((0.1, 0.1), (1.2, 0.4), (1.8, 1.3), (3.0, 3.8))
"""(Observed, true) gap in percentage points at rising levels of label bias."""


def direction(make_evidence, observed, true):
    """Return what `ruler` calls an automated gap beside an expert one, both exact."""
    ages = ["a"] * 20 + ["b"] * 20
    automated, expert = (np.repeat([0.5 + gap, 0.5], 20) for gap in (observed, true))
    evidence = make_evidence(
        {
            ("unet", "automated"): automated,
            ("unet", "expert"): expert,
            ("automated", "expert"): expert,
        },
        ages,
    )
    (finding,) = judge_one(evidence, "ruler", by="age", limit=0.02)
    return finding.details["direction"]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (CELEBA, ["inflates"] * 3 + ["masks"] * 2),
        (PHC, ["none", "inflates", "inflates", "masks"]),
    ],
    ids=["CelebA", "PhC"],
)
def test_biased_labels_first_inflate_a_gap_and_then_mask_it(make_evidence, pairs, expected):
    found = [direction(make_evidence, observed / 100, true / 100) for observed, true in pairs]
    assert found == expected


def test_the_observed_age_gap_is_an_inflated_one(make_evidence):
    assert direction(make_evidence, 0.7500 - 0.6941, 0.7703 - 0.7304) == "inflates"
