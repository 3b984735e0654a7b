from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest

from pytest_biasruler.statistics.katz import katz_interval
from pytest_biasruler.statistics.rates import estimate_rate_ratio
from pytest_biasruler.statistics.spread import estimate_spread


def rates(counts, *, limit=0.8, **options):
    """Return the ratio of rates given by (successes, cases) per subgroup."""
    column = np.concatenate([np.repeat([1.0, 0.0], [x, n - x]) for x, n in counts.values()])
    subgroups = np.repeat(list(counts), [n for _, n in counts.values()])
    return estimate_rate_ratio(
        column, subgroups=subgroups, judged=sorted(counts), limit=limit, **options
    )


def test_success_equals_the_worked_example():
    ratio = rates({"a": (24, 40), "b": (36, 40)})
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx(
        (0.666667, 0.518810, 0.898025), abs=1e-6
    )
    assert ratio.pair == ("b", "a")
    assert ratio.difference == pytest.approx(0.3)


# Young and Older of arXiv 2511.00477, Table 2: successes of 349, DPD, DIR, Katz, guarded bounds.
TABLE = [
    (163, 200, 0.1060, 0.8150, (0.706, 0.941), (0.7209, 0.9432)),
    (189, 217, 0.0802, 0.8710, (0.767, 0.988), (0.7818, 0.9903)),
    (193, 218, 0.0716, 0.8853, (0.782, 1.003), (0.7960, 1.0)),
    (150, 190, 0.1146, 0.7895, (0.677, 0.921), (0.6923, 0.9232)),
]


@pytest.mark.parametrize(("young", "older", "dpd", "dir_", "katz", "guarded"), TABLE)
def test_published_rates_are_reproduced_and_none_is_confidently_below_four_fifths(
    young, older, dpd, dir_, katz, guarded
):
    ratio = rates({"young": (young, 349), "older": (older, 349)})
    assert ratio.difference == pytest.approx(dpd, abs=1e-4)
    assert ratio.value == pytest.approx(dir_, abs=1e-4)
    assert (ratio.low, ratio.high) == pytest.approx(guarded, abs=1e-4)
    assert katz_interval((young, older), n_cases=(349, 349)) == pytest.approx(katz, abs=6e-4)
    assert ratio.low < 0.8 < ratio.high


def test_an_unsigned_ratio_is_at_most_one_and_a_signed_one_is_not():
    counts = {"young": (193, 349), "older": (218, 349)}
    signed = rates(counts, baseline="older")
    assert signed.value == rates(counts).value
    backwards = rates(counts, baseline="young")
    assert backwards.value == pytest.approx(1 / signed.value)
    assert backwards.high > 1
    one_sided = rates(counts, alpha=0.025, baseline="older")
    assert one_sided.high == pytest.approx(1.0046, abs=1e-4)


def test_a_rate_of_zero_is_surely_worse_than_a_high_one():
    ratio = rates({"a": (0, 100), "b": (90, 100)})
    assert (ratio.value, ratio.low) == (0.0, 0.0)
    assert ratio.high < 0.8, "the guard alone bounds it"
    assert ratio.p_fail < 0.05
    assert isnan(ratio.ci95[0])
    assert ratio.needed == {"a": inf, "b": inf}


def test_a_rate_of_zero_of_few_proves_nothing():
    ratio = rates({"a": (0, 3), "b": (2, 40)})
    assert ratio.high > 0.8
    assert ratio.p_fail > 0.05


def test_no_success_anywhere_or_in_the_reference_group_is_undefined():
    for ratio in (
        rates({"a": (0, 20), "b": (0, 20)}),
        rates({"a": (0, 20), "b": (9, 20)}, baseline="a"),
        rates({"a": (9, 20)}),
    ):
        assert not ratio.is_defined
        assert isnan(ratio.value)
        assert isnan(ratio.high)
        assert ratio.p_fail == 1.0
    assert isnan(katz_interval((0, 3), n_cases=(5, 5))[0])


def test_success_everywhere_is_a_ratio_of_one():
    ratio = rates({"a": (30, 30), "b": (40, 40)})
    assert (ratio.value, ratio.high) == (1.0, 1.0)
    assert 0.8 < ratio.low < 1


def test_three_subgroups_report_the_extreme_pair():
    ratio = rates({"a": (10, 40), "b": (20, 40), "c": (40, 40)})
    assert ratio.pair == ("c", "a")
    assert ratio.value == 0.25
    assert 0.95 < ratio.p_level < 1 - 0.05 / 6


def test_patients_crossing_subgroups_are_paired_on_the_logarithm():
    column = [1, 1, 1, 0, 1, 1, 0, 0] * 5
    subgroups = (["a"] * 4 + ["b"] * 4) * 5
    patients = [f"{i // 8}-{i % 4}" for i in range(40)]
    apart = estimate_rate_ratio(column, subgroups=subgroups, judged=["a", "b"], limit=0.8)
    crossed = estimate_rate_ratio(
        column, subgroups=subgroups, patients=patients, judged=["a", "b"], limit=0.8
    )
    assert crossed.value == apart.value
    assert crossed.se_log < apart.se_log
    influence = (np.array([1, 1, 1, 0]) - 0.75) / 0.75 - (np.array([1, 1, 0, 0]) - 0.5) / 0.5
    expected = np.sqrt(20 / 19 * 5 * np.sum(influence**2)) / 20
    assert crossed.se_log == pytest.approx(expected)


def test_the_difference_of_rates_is_a_spread_with_support_zero_to_one():
    column = np.repeat([1.0, 0.0, 1.0, 0.0], [24, 16, 36, 4])
    spread = estimate_spread(
        column,
        subgroups=["a"] * 40 + ["b"] * 40,
        judged=["a", "b"],
        limit=0.10,
        support=(0.0, 1.0),
    )
    assert spread.value == pytest.approx(0.3)
    assert 0.1 < spread.low < 0.3 < spread.high


@pytest.mark.parametrize(
    ("column", "options", "message"),
    [
        ([0.5, 1.0], {}, "0 and 1"),
        ([0.0, 1.0], {"limit": 0.0}, "limit"),
        ([0.0, 1.0], {"limit": np.nan}, "limit"),
        ([0.0, 1.0], {"baseline": "c"}, "baseline"),
    ],
)
def test_wrong_arguments_are_refused_by_name(column, options, message):
    arguments = {"limit": 0.8} | options
    with pytest.raises(ValueError, match=message):
        estimate_rate_ratio(column, subgroups=["a", "b"], judged=["a", "b"], **arguments)
