"""Numbers that others have published, reproduced from what they print, or shown not to follow.

Tolerances are those of rounded input: four decimals in means and standard deviations. Where a
paper does not follow from its own table, a test says so; nothing is adjusted to make it fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pytest
from scipy.special import fdtrc

from pytest_biasruler.statistics.contrast import plain_interval
from pytest_biasruler.statistics.katz import katz_interval
from pytest_biasruler.statistics.rates import estimate_rate_ratio
from pytest_biasruler.statistics.student import satterthwaite
from pytest_biasruler.statistics.summaries import summarise_subgroups
from pytest_biasruler.statistics.variance import estimate_variance_ratio
from pytest_biasruler.statistics.verdict import judge_bounds

N = 349


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One column of arXiv 2511.00477, Table 2 (Dice), and what follows from it.

    `printed_…` stand in the paper; `successes` are the counts of Young and Older with Dice above
    0.8 that its DPD and DIR allow, None where no counts do.
    """

    means: tuple[float, float, float]
    sds: tuple[float, float, float]
    printed_average: float
    printed_gap: float
    printed_p: float
    p: float
    printed_dpd: float
    printed_dir: float
    successes: tuple[int, int] | None
    katz: tuple[float, float] | None
    bounds: tuple[float, float] | None
    welch: tuple[float, float]
    ser: float
    sd: tuple[float, float]
    es: tuple[float, float]


TABLE = {
    "observed": Setting(
        means=(0.6941, 0.7104, 0.7500), sds=(0.2489, 0.2399, 0.2056),
        printed_average=0.7182, printed_gap=0.0559, printed_p=0.0049, p=0.0049,
        printed_dpd=0.1060, printed_dir=0.8150, successes=(163, 200),
        katz=(0.706, 0.941), bounds=(0.7209, 0.9432), welch=(0.0220, 0.0898),
        ser=1.2236, sd=(0.0235, 0.0287), es=(0.6752, 0.7017),
    ),
    "baseline": Setting(
        means=(0.7304, 0.7333, 0.7703), sds=(0.2333, 0.2253, 0.1899),
        printed_average=0.7446, printed_gap=0.0399, printed_p=0.0260, p=0.0258,
        printed_dpd=0.0802, printed_dir=0.8710, successes=(189, 217),
        katz=(0.767, 0.988), bounds=(0.7818, 0.9903), welch=(0.0083, 0.0715),
        ser=1.1737, sd=(0.0182, 0.0222), es=(0.7084, 0.7314),
    ),
    "swap-young": Setting(
        means=(0.7320, 0.7379, 0.7739), sds=(0.2381, 0.2193, 0.1922),
        printed_average=0.7479, printed_gap=0.0419, printed_p=0.0227, p=0.0227,
        printed_dpd=0.0716, printed_dir=0.8853, successes=(193, 218),
        katz=(0.782, 1.003), bounds=(0.7960, 1.0), welch=(0.0097, 0.0741),
        ser=1.1853, sd=(0.0185, 0.0227), es=(0.7110, 0.7343),
    ),
    "swap-older": Setting(
        means=(0.7298, 0.7316, 0.7869), sds=(0.2407, 0.2321, 0.1755),
        printed_average=0.7505, printed_gap=0.0571, printed_p=0.0149, p=0.0005,
        printed_dpd=0.0777, printed_dir=0.8755, successes=None,
        katz=None, bounds=None, welch=(0.0258, 0.0884),
        ser=1.2679, sd=(0.0265, 0.0325), es=(0.6972, 0.7301),
    ),
    "diff-bal": Setting(
        means=(0.7317, 0.7308, 0.7678), sds=(0.2314, 0.2220, 0.1999),
        printed_average=0.7435, printed_gap=0.0361, printed_p=0.0481, p=0.0385,
        printed_dpd=0.0762, printed_dir=0.8761, successes=None,
        katz=None, bounds=None, welch=(0.0040, 0.0682),
        ser=1.1593, sd=(0.0172, 0.0211), es=(0.7089, 0.7308),
    ),
    "biased-input": Setting(
        means=(0.6797, 0.7132, 0.7458), sds=(0.2463, 0.2282, 0.1991),
        printed_average=0.7129, printed_gap=0.0661, printed_p=0.0006, p=0.0006,
        printed_dpd=0.1146, printed_dir=0.7895, successes=(150, 190),
        katz=(0.677, 0.921), bounds=(0.6923, 0.9232), welch=(0.0328, 0.0994),
        ser=1.2600, sd=(0.0270, 0.0331), es=(0.6685, 0.6942),
    ),
}  # fmt: skip
EVALUATED_ELSEWHERE = ("swap-older", "diff-bal")
"""Columns whose p and success rates do not follow from n = 349: evaluated on other cases."""

COUNTED = [name for name, setting in TABLE.items() if setting.successes is not None]


def summarise(setting):
    return summarise_subgroups(setting.means, sds=setting.sds, n_cases=[N] * 3)


@pytest.mark.parametrize("name", TABLE)
def test_every_summary_follows_from_the_printed_means(name):
    setting, got = TABLE[name], summarise(TABLE[name])
    assert got.anova_p == pytest.approx(setting.p, abs=3e-4)
    assert got.worst == min(setting.means)
    assert got.ser == pytest.approx(setting.ser, abs=1e-4)
    assert (got.sd_ddof0, got.sd_ddof1) == pytest.approx(setting.sd, abs=1e-4)
    assert (got.es_sum, got.es_sd) == pytest.approx(setting.es, abs=1e-4)
    assert got.es_sd_ddof1 == pytest.approx(got.mean / (1 + got.sd_ddof1))


@pytest.mark.parametrize("name", TABLE)
def test_the_printed_average_is_the_mean_of_the_three_but_for_one_column(name):
    apart = abs(summarise(TABLE[name]).mean - TABLE[name].printed_average)
    if name == "swap-older":
        assert apart == pytest.approx(0.0011, abs=1e-4), "0.7505 is printed, 0.7494 follows"
    else:
        assert apart <= 1e-4


@pytest.mark.parametrize("name", TABLE)
def test_the_printed_gap_is_older_minus_young_which_once_is_not_the_largest(name):
    setting = TABLE[name]
    assert setting.means[2] - setting.means[0] == pytest.approx(setting.printed_gap, abs=1e-4)
    largest = summarise(setting).max_min
    if name == "diff-bal":
        assert largest == pytest.approx(0.0370, abs=1e-4)
    else:
        assert largest == pytest.approx(setting.printed_gap, abs=1e-4)


@pytest.mark.parametrize("name", TABLE)
def test_the_printed_p_follows_but_for_two_columns(name):
    apart = abs(summarise(TABLE[name]).anova_p - TABLE[name].printed_p)
    if name in EVALUATED_ELSEWHERE:
        assert apart > 0.009, "does not reproduce: evaluated on other cases"
    else:
        assert apart <= 3e-4


@pytest.mark.parametrize("name", TABLE)
def test_plain_welch_intervals_of_older_minus_young(name):
    setting = TABLE[name]
    young, older = setting.sds[0] ** 2 / N, setting.sds[2] ** 2 / N
    df = float(satterthwaite(young, N - 1.0, older, N - 1.0))
    interval = plain_interval(setting.means[2] - setting.means[0], se=sqrt(young + older), df=df)
    assert interval == pytest.approx(setting.welch, abs=1e-4)


def counts_that_fit(dpd, ratio, *, n_young, n_older):
    """Return all success counts that round to a printed difference and ratio of rates."""
    young = np.arange(n_young + 1)[:, None] / n_young
    older = np.arange(1, n_older + 1) / n_older
    fits = (abs(older - young - dpd) <= 5.01e-5) & (abs(young / older - ratio) <= 5.01e-5)
    return [(int(a), int(b) + 1) for a, b in np.argwhere(fits)]


@pytest.mark.parametrize("name", TABLE)
def test_difference_and_ratio_of_rates_allow_one_pair_of_counts_or_none(name):
    setting = TABLE[name]
    fits = counts_that_fit(setting.printed_dpd, setting.printed_dir, n_young=N, n_older=N)
    assert fits == ([] if setting.successes is None else [setting.successes])
    assert (setting.successes is None) == (name in EVALUATED_ELSEWHERE)


def rate_ratio(successes, **keys):
    young, older = successes
    column = np.repeat([1, 0, 1, 0], [young, N - young, older, N - older])
    return estimate_rate_ratio(
        column,
        subgroups=np.repeat(["Young", "Older"], N),
        judged=["Young", "Older"],
        limit=0.8,
        **keys,
    )


@pytest.mark.parametrize("name", COUNTED)
def test_no_column_is_confidently_below_four_fifths(name):
    setting = TABLE[name]
    ratio = rate_ratio(setting.successes)
    assert ratio.pair == ("Older", "Young")
    assert ratio.difference == pytest.approx(setting.printed_dpd, abs=1e-4)
    assert ratio.value == pytest.approx(setting.printed_dir, abs=1e-4)
    assert (ratio.low, ratio.high) == pytest.approx(setting.bounds, abs=1e-4)
    assert judge_bounds(-ratio.high, -ratio.low, -0.8) == "INCONCLUSIVE"


def test_the_upper_bound_of_swap_young_is_above_one_before_it_is_cut():
    signed = rate_ratio(TABLE["swap-young"].successes, baseline="Older", alpha=0.025)
    assert signed.high == pytest.approx(1.0046, abs=1e-4)


@pytest.mark.parametrize("name", COUNTED)
def test_katz_intervals_as_papers_would_print_them(name):
    setting = TABLE[name]
    got = katz_interval(setting.successes, n_cases=(N, N))
    assert got == pytest.approx(setting.katz, abs=6e-4)


def test_the_gap_grows_by_40_66_and_43_percent_and_unpaired_that_is_no_proof():
    gap = {name: setting.printed_gap for name, setting in TABLE.items()}
    assert gap["observed"] / gap["baseline"] == pytest.approx(1.401, abs=1e-3)
    assert gap["biased-input"] / gap["baseline"] == pytest.approx(1.657, abs=1e-3)
    assert gap["swap-older"] / gap["baseline"] == pytest.approx(1.43, abs=2e-3)
    errors = [TABLE[name].sds[i] ** 2 / N for name in ("observed", "baseline") for i in (0, 2)]
    z = (gap["observed"] - gap["baseline"]) / sqrt(sum(errors))
    assert z == pytest.approx(0.7, abs=0.05)


def test_experiment_0_is_a_rate_of_the_best_quarter():
    # A quarter of n = 1,503 is 375 cases; the paper prints DPD .0887 and DIR .699.
    young, older = 72 / N, 118 / 400
    assert (older - young, young / older) == (
        pytest.approx(0.0887, abs=5e-5),
        pytest.approx(0.699, abs=5e-4),
    )
    fits = counts_that_fit(0.0887, young / older, n_young=N, n_older=400)
    assert fits == [(72, 118)]


def test_the_study_of_the_automated_masks_is_reproduced_with_unequal_counts():
    # arXiv 2510.27421; 3 of 1,506 cases have no age.
    means, n_cases = (0.8082, 0.8204, 0.8612), (349, 754, 400)
    got = summarise_subgroups(means, sds=(0.2193, 0.2139, 0.1679), n_cases=n_cases)
    assert sum(n_cases) == 1506 - 3
    assert got.max_min == pytest.approx(0.0530, abs=1e-4)
    assert got.anova_p == pytest.approx(0.0006, abs=3e-4)
    assert got.mean == pytest.approx(np.average(means, weights=n_cases))


def slope_p(r_squared, n):
    """Return p of a regression on one variable."""
    return float(fdtrc(1, n - 2, r_squared * (n - 2) / (1 - r_squared)))


def test_the_printed_p_of_hd95_needs_cases_to_have_been_dropped():
    assert slope_p(0.0104, 1503) == pytest.approx(7.5e-5, abs=5e-7)
    assert slope_p(0.0093, 1503) == pytest.approx(1.8e-4, abs=5e-6)
    # .0009 is printed: with R² .0093 that takes about 1,172 to 1,193 cases, not 1,503.
    fitting = [n for n in range(100, 1504) if 0.00085 <= slope_p(0.0093, n) < 0.00095]
    assert (fitting[0], fitting[-1]) == pytest.approx((1172, 1193), abs=2)


def correlated(first, second, *, r, n):
    """Return two columns with exactly these means and SDs and the correlation r."""
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(n, 2))
    raw -= raw.mean(axis=0)
    basis, _ = np.linalg.qr(raw)
    mixed = np.column_stack([basis[:, 0], r * basis[:, 0] + sqrt(1 - r**2) * basis[:, 1]])
    return [
        mean + sd * column * sqrt(n - 1)
        for column, (mean, sd) in zip(mixed.T, (first, second), strict=True)
    ]


@pytest.mark.parametrize(
    ("automated", "expert", "r", "ratio"),
    [((0.979, 0.013), (0.922, 0.056), 0.39, 0.232), ((0.968, 0.016), (0.872, 0.064), 0.67, 0.250)],
    ids=["vertebrae", "discs"],
)
def test_the_spread_of_spine_scores_collapses_under_the_automated_reference(
    automated, expert, r, ratio
):
    by_automated, by_expert = correlated(automated, expert, r=r, n=76)
    got = estimate_variance_ratio(by_automated, by_expert, subgroups=["all"] * 76)
    assert got.value == pytest.approx(ratio, abs=5e-4)
    assert got.is_collapse
