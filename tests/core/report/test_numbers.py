from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.report.numbers import (
    anchor,
    counted,
    format_bounds,
    format_limit,
    format_number,
    format_p,
    format_percent,
    format_signed,
    short_id,
    shown,
    slug,
    typeset,
)

from .audit_example import HOSTILE

numbers = st.floats(-1000, 1000, allow_nan=False)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(value=numbers, limit=numbers)
def test_rounding_never_moves_a_number_to_the_other_side_of_its_limit(value, limit):
    text = float(format_number(value, limit=limit))
    assert (text > limit, text < limit) == (value > limit, value < limit)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(limit=numbers)
def test_a_limit_is_printed_with_every_digit_it_has(limit):
    assert float(format_limit(limit)) == limit


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (0.0814, 0.05, "0.081"),
        (0.05003, 0.05, "0.05003"),
        (0.0499996, 0.05, "0.0499996"),
        (0.05, 0.05, "0.050"),
        (-0.00001, None, "0.000"),
        (-0.0814, None, "-0.081"),
        (None, 0.05, "undefined"),
        (float("nan"), 0.05, "undefined"),
        (float("inf"), None, "undefined"),
    ],
)
def test_a_number_reads(value, limit, text):
    assert format_number(value, limit=limit) == text


def test_numbers_for_machines_and_terminals_are_ascii():
    assert format_number(-0.5).isascii()
    assert typeset("-0.5 [-1.0, 2.0]") == "−0.5 [−1.0, 2.0]"
    assert typeset("gap[dice-age]") == "gap[dice-age]", "a hyphen in a name is not a minus"


def test_signed_numbers_have_a_plus_only_where_they_are_positive():
    assert [format_signed(value) for value in (0.02, 0.0, -0.02, None)] == [
        "+0.020",
        "0.000",
        "-0.020",
        "undefined",
    ]


@settings(deadline=None, derandomize=True, max_examples=300)
@given(share=st.floats(0, 1))
def test_only_true_zero_and_one_read_as_none_and_all(share):
    number = float(format_percent(share).removesuffix(" %"))
    assert (number == 0.0, number == 100.0) == (share == 0.0, share == 1.0)


@pytest.mark.parametrize(
    ("p", "text"), [(None, "–"), (0.0, "below 1e-12"), (0.0500001, "0.0500001"), (3e-5, "3e-05")]
)
def test_a_p_value_reads(p, text):
    assert format_p(p) == text


def test_bounds_read_as_an_interval_each_on_its_own_side():
    assert format_bounds(0.0712, 0.15, limit=0.05) == "[0.071, 0.150]"
    assert format_bounds(0.04999999, None, limit=0.05) == "[0.04999999, undefined]"
    assert format_bounds(None, None) == "–"


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_long_or_holds_a_control(name):
    text = shown(name)
    assert len(text) <= 80 + len("\\u202e"), text
    assert text.isprintable()
    assert text.strip(), "an empty name must be seen"


def test_a_long_name_ends_in_an_ellipsis():
    assert shown("n" * 81) == "n" * 79 + "…"
    assert shown("n" * 80) == "n" * 80


@pytest.mark.parametrize("name", HOSTILE)
def test_a_slug_holds_nothing_but_letters_digits_and_hyphens(name):
    assert re.fullmatch(r"[a-z0-9-]+", slug(name))
    assert re.fullmatch(r"check-[a-z0-9-]+-[0-9a-f]{8}", anchor(name))


def test_anchors_tell_apart_what_slugs_do_not():
    assert slug("a b") == slug("a-b")
    assert anchor("a b") != anchor("a-b")


@pytest.mark.parametrize(
    ("identifier", "short"),
    [
        ("biasruler.toml::gap[dice-age-unet]", "gap[dice-age-unet]"),
        ("tests/test_bias.py::test_age[a::b]::gap[dice-age-unet]", "gap[dice-age-unet]"),
        ("x.toml::gap[a::b]", "gap[a::b]"),
        ("test_bias.py::test_age", "test_age"),
    ],
)
def test_the_short_id_leaves_file_and_test_out(identifier, short):
    assert short_id(identifier) == short


def test_counts_agree_with_their_noun():
    assert counted(1, "case was", "cases were") == "1 case was"
    assert counted(1200, "case was", "cases were") == "1,200 cases were"
