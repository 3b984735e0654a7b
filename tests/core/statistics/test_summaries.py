from __future__ import annotations

from math import inf, isnan, nan

import numpy as np
import pytest
from scipy import stats

from pytest_biasruler.statistics.summaries import (
    analyse_variance,
    estimate_heterogeneity,
    summarise_subgroups,
)


def test_variance_analysis_agrees_with_scipy_on_raw_scores():
    groups = [[0.5, 0.7, 0.9], [0.4, 0.45, 0.6, 0.3], [0.8]]
    f, p = analyse_variance(
        [np.mean(g) for g in groups],
        sds=[np.std(g, ddof=1) if len(g) > 1 else nan for g in groups],
        n_cases=[len(g) for g in groups],
    )
    expected = stats.f_oneway(*groups)
    assert (f, p) == pytest.approx((expected.statistic, expected.pvalue))


def test_variance_analysis_without_variance_is_undefined_or_beyond_doubt():
    assert analyse_variance([0.5, 0.5], sds=[0, 0], n_cases=[3, 3]) == pytest.approx(
        (nan, nan), nan_ok=True
    )
    assert analyse_variance([0.5, 0.6], sds=[0, 0], n_cases=[3, 3]) == (inf, 0.0)
    assert isnan(analyse_variance([0.5], sds=[0.1], n_cases=[3])[0])
    assert isnan(analyse_variance([0.5, 0.6], sds=[nan, nan], n_cases=[1, 1])[1])


def test_a_perfect_subgroup_has_no_error_ratio():
    perfect = summarise_subgroups([1.0, 0.5], sds=[0.0, 0.1], n_cases=[3, 3])
    assert isnan(perfect.ser)
    assert isnan(summarise_subgroups([0.9], sds=[0.1], n_cases=[3]).sd_ddof1)


@pytest.mark.parametrize(
    ("means", "sds", "n_cases", "message"),
    [
        ([], [], [], "not empty"),
        ([0.5], [0.1, 0.2], [3], "one length"),
        ([nan], [0.1], [3], "finite"),
        ([0.5], [0.1], [0], "at least 1"),
    ],
)
def test_wrong_summaries_are_refused(means, sds, n_cases, message):
    with pytest.raises(ValueError, match=message):
        summarise_subgroups(means, sds=sds, n_cases=n_cases)


def test_heterogeneity_takes_chance_out_and_is_never_negative():
    assert estimate_heterogeneity([0.7, 0.8, 0.9], [0.001] * 3) == pytest.approx(0.009**0.5)
    assert estimate_heterogeneity([0.7, 0.8], [1.0, 1.0]) == 0
    assert isnan(estimate_heterogeneity([0.7], [0.1]))
    assert isnan(estimate_heterogeneity([0.7, 0.8], [0.1, inf]))
