from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_biasruler.statistics.verdict import judge_bounds, tipping_point


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.06, 0.2, "FAIL"),
        (-0.1, 0.04, "PASS"),
        (0.01, 0.2, "INCONCLUSIVE"),
        (0.05, 0.2, "INCONCLUSIVE"),
        (0.01, 0.05, "INCONCLUSIVE"),
        (None, None, "INCONCLUSIVE"),
        (nan, 0.04, "INCONCLUSIVE"),
        (0.06, nan, "INCONCLUSIVE"),
        (0.06, None, "INCONCLUSIVE"),
        (-inf, inf, "INCONCLUSIVE"),
        (0.06, inf, "FAIL"),
    ],
)
def test_verdicts_are_strict_and_undefined_bounds_decide_nothing(low, high, verdict):
    assert judge_bounds(low, high, 0.05) == verdict


@pytest.mark.parametrize("limit", [None, nan])
def test_without_a_limit_nothing_is_decided(limit):
    assert judge_bounds(0.1, 0.2, limit) == "INCONCLUSIVE"


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1))
def test_shifting_the_bounds_by_the_tipping_point_undoes_the_verdict(low, width, limit):
    high = low + width
    tip = tipping_point(low, high, limit)
    assert tip >= 0
    verdict = judge_bounds(low, high, limit)
    if verdict == "INCONCLUSIVE":
        assert tip == 0
    else:
        shift = (tip + 1e-9) * (-1 if verdict == "FAIL" else 1)
        assert judge_bounds(low + shift, high + shift, limit) != verdict


def test_an_undefined_verdict_has_nothing_to_undo():
    assert tipping_point(None, 0.01, 0.05) == 0.0
