from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.report.scale import Scale, fit_scale

values = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=8)


def test_a_place_is_found_by_hand():
    scale = Scale(low=0.0, high=0.2, start=100.0, end=300.0)
    assert [scale.place(value) for value in (0.0, 0.05, 0.2)] == [100.0, 150.0, 300.0]
    assert scale.place(7.0) == 300.0, "nothing is drawn beyond the axis"


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 0.16, ["0.00", "0.05", "0.10", "0.15"]),
        (-0.13, 0.18, ["−0.1", "0.0", "0.1"]),
        (0.0, 40.0, ["0", "10", "20", "30", "40"]),
        (0.7996, 0.8004, ["0.7996", "0.7998", "0.8000", "0.8002", "0.8004"]),
    ],
)
def test_ticks_are_round_numbers(low, high, texts):
    assert [text for _, text in Scale(low=low, high=high, start=0, end=1).ticks()] == texts


@settings(deadline=None, derandomize=True, max_examples=200)
@given(values=values)
def test_every_value_is_on_the_axis_and_the_ticks_are_few_and_apart(values):
    scale = fit_scale(values, start=0.0, end=300.0)
    assert all(scale.holds(value) for value in values)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 6
    assert len({text for _, text in ticks}) == len(ticks)


def test_equal_values_and_no_values_still_have_an_axis():
    assert fit_scale([0.8, 0.8], start=0, end=1).low < 0.8
    assert fit_scale([None], start=0, end=1) == Scale(low=0.0, high=1.0, start=0, end=1)


def test_a_bound_far_away_does_not_flatten_the_values():
    scale = fit_scale([0.0, 0.1], bounds=[-500.0, 0.12], start=0.0, end=300.0)
    assert not scale.holds(-500.0)
    assert scale.place(0.1) - scale.place(0.0) > 50


def test_a_difference_far_below_the_limit_looks_as_small_as_it_is():
    scale = fit_scale([0.811, 0.814], at_least=0.1, start=0, end=100)
    assert scale.place(0.814) - scale.place(0.811) < 4
    assert fit_scale([0.1, 0.9], at_least=0.1, start=0, end=100) == fit_scale(
        [0.1, 0.9], start=0, end=100
    )
