from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from pytest_biasruler.statistics.floor import estimate_floor

OLD = 0.80 + 0.15 * (np.arange(1, 41) - 0.5) / 40
YOUNG = 0.65 + 0.25 * (np.arange(1, 31) - 0.5) / 30


def staircase(limit, column=None):
    return estimate_floor(
        np.concatenate([OLD, YOUNG]) if column is None else column,
        subgroups=["old"] * 40 + ["young"] * 30,
        judged=["old", "young"],
        limit=limit,
        support=(0.0, 1.0),
    )


def test_staircase_floor_equals_the_worked_example():
    floor = staircase(0.7)
    old, young = floor.groups
    assert (young.mean, young.low, young.high) == pytest.approx(
        (0.775, 0.724256, 0.807587), abs=1e-6
    )
    assert (old.mean, old.low, old.high) == pytest.approx((0.875, 0.835853, 0.891035), abs=1e-6)
    assert (floor.value, floor.low, floor.high) == (young.mean, young.low, young.high)
    assert floor.worst == "young"


def test_p_fail_and_the_upper_bound_say_the_same():
    high = staircase(0.7).high
    assert staircase(high).p_fail == pytest.approx(0.05, abs=1e-6)
    assert staircase(high + 0.001).p_fail < 0.05 < staircase(high - 0.001).p_fail


def test_p_fail_counts_the_subgroups():
    floor = staircase(0.78)
    smallest = min(group.p for group in floor.groups)
    assert floor.p_fail == pytest.approx(1 - (1 - smallest) ** 2)
    assert staircase(0.99).p_fail < 1e-12
    assert staircase(0.0).p_fail == pytest.approx(1.0)


def test_a_subgroup_without_a_value_and_one_of_one_patient_prove_nothing():
    nothing = estimate_floor(
        [np.nan], subgroups=["a"], judged=["a", "b"], limit=0.7, support=(0.0, 1.0)
    )
    assert nothing.worst is None
    assert isnan(nothing.high)
    assert nothing.p_fail == 1.0
    one = estimate_floor([0.1], subgroups=["a"], judged=["a"], limit=0.7, support=(0.0, 1.0))
    assert (one.low, one.high, one.p_fail) == (-np.inf, np.inf, 1.0)


@pytest.mark.parametrize(
    ("options", "message"), [({"limit": np.inf}, "limit"), ({"alpha": 0.7}, "alpha")]
)
def test_wrong_arguments_are_refused_by_name(options, message):
    arguments = {"limit": 0.5, "support": (0.0, 1.0)} | options
    with pytest.raises(ValueError, match=message):
        estimate_floor([0.1, 0.2], subgroups=["a", "a"], judged=["a"], **arguments)
