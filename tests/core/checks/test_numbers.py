from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.checks.numbers import format_number

numbers = st.floats(-10, 10, allow_nan=False)


@given(value=numbers, limit=numbers)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_a_printed_number_stays_on_its_side_of_the_limit(value, limit):
    shown = float(format_number(value, limit=limit))
    assert (shown > limit) == (value > limit)
    assert (shown < limit) == (value < limit)


def test_an_undefined_number_says_so():
    assert format_number(None) == format_number(float("nan")) == "undefined"


def test_minus_zero_is_never_printed():
    assert format_number(-0.0001) == "0.000"
