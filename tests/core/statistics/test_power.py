from __future__ import annotations

from math import inf, isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.power import (
    more_patients,
    patients_per_group,
    smallest_detectable,
)


def test_planning_from_nothing_equals_the_worked_example():
    planned = [patients_per_group(sd=sd, margin=0.05) for sd in (0.08, 0.15, 0.25)]
    assert planned == [33, 113, 310]


def test_planning_ends_even_at_absurd_margins():
    assert patients_per_group(sd=1e-9, margin=1.0) >= 1
    assert patients_per_group(sd=1.0, margin=1e-300) == inf


@pytest.mark.parametrize(("sd", "margin"), [(0.0, 1.0), (1.0, 0.0), (nan, 1.0), (1.0, -1.0)])
def test_planning_needs_a_spread_and_a_margin(sd, margin):
    with pytest.raises(ValueError, match="positive"):
        patients_per_group(sd=sd, margin=margin)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(20, 500), st.floats(0.001, 0.1), st.floats(0.01, 0.5))
def test_with_that_many_more_patients_the_margin_is_detectable(n_patients, se, margin):
    more = more_patients(n_patients, se=se, df=inf, level=0.95, margin=-margin)
    if more < inf:
        shrunk = se * (n_patients / (n_patients + more)) ** 0.5
        assert smallest_detectable(se=shrunk, df=inf, level=0.95) <= margin * (1 + 1e-9)
        if more:
            fewer = se * (n_patients / (n_patients + more - 1)) ** 0.5
            assert smallest_detectable(se=fewer, df=inf, level=0.95) > margin * (1 - 1e-9)


def test_some_questions_no_number_of_patients_settles():
    for margin, se in ((0.0, 0.1), (1e-4, 0.1), (0.1, inf), (0.1, nan), (inf, inf)):
        assert more_patients(50, se=se, df=10.0, level=0.95, margin=margin) == inf
    assert more_patients(50, se=0.0, df=inf, level=0.95, margin=0.1) == 0


def test_what_has_no_error_detects_anything_and_what_has_no_bound_nothing():
    assert smallest_detectable(se=0.0, df=inf, level=0.95) == 0
    assert smallest_detectable(se=inf, df=nan, level=0.95) == inf
    assert isnan(smallest_detectable(se=nan, df=3.0, level=0.95))
