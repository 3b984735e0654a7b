"""Prediction-powered subgroup means: worked by hand, identities, laws and error rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.comparison import compare_groups
from pytest_biasruler.statistics.rectified import rectify_means
from pytest_biasruler.statistics.spread import estimate_spread
from pytest_biasruler.statistics.support import pooled_support

NAN = float("nan")
LAW = settings(max_examples=25, deadline=None, derandomize=True)


def one(automated, expert, **keys):
    names = ["a"] * len(automated)
    return rectify_means(automated, expert=expert, subgroups=names, judged=["a"], **keys).means[0]


def spread(automated, expert, subgroups, *, limit=0.05, baseline="a", **keys):
    rectified = rectify_means(
        automated, expert=expert, subgroups=subgroups, judged=["a", "b"], **keys
    )
    groups = [mean.guarded for mean in rectified.means]
    return compare_groups(groups, limit=limit, baseline=baseline, overlap=rectified.overlap)


def test_a_mean_worked_by_hand():
    # a = .7 .9 | .8 1.0, e = .5 .7; cov = .02, var(all a) = .05/3, n/N = 1: lambda .02/(2*.05/3)
    part = one([0.7, 0.9, 0.8, 1.0], [0.5, 0.7, NAN, NAN])

    assert part.weight == pytest.approx(0.6)
    assert part.guarded.plain.mean == pytest.approx(0.6 * 0.9 + (0.08 + 0.16) / 2)
    # .36 * var(u)/2 + var(.08, .16)/2 = .36 * .02/2 + .0032/2
    assert part.guarded.plain.variance == pytest.approx(0.0036 + 0.0016)
    assert part.guarded.plain.df == 1
    # The experts alone: var(.5, .7)/2 = .01 per mean, .02 per patient
    assert part.effective == pytest.approx(0.02 / 0.0052)


def test_the_phantom_of_the_rectifier_shifts_the_mean_as_it_shifts_the_rectifier():
    part = one([0.7, 0.9, 0.8, 1.0], [0.5, 0.7, NAN, NAN])

    # r = .08 .16, widest .16; half a patient of -.16: (.24 - .08)/2.5 = .064, from .12
    assert part.guarded.at_low.mean == pytest.approx(0.66 - 0.056)
    assert part.guarded.at_low.df == 1.5
    # 2.5/1.5 * (.016² + .096² + .5*.224²)/2.5² - .0016 more than plain
    more = 2.5 / 1.5 * (0.016**2 + 0.096**2 + 0.5 * 0.224**2) / 6.25 - 0.0016
    assert part.guarded.at_low.variance == pytest.approx(0.0052 + more)


def test_constant_automated_scores_leave_the_mean_of_the_experts():
    expert = [0.5, 0.7, 0.9, NAN, NAN]
    part = one([0.8] * 5, expert)

    assert (part.weight, part.guarded.plain.mean) == (0, pytest.approx(0.7))
    assert part.guarded.plain.variance == pytest.approx(np.var(expert[:3], ddof=1) / 3)
    assert part.effective == pytest.approx(3)


def test_probabilities_worked_by_hand():
    # Both labelled with .5: z = lambda a + r + (r_i - r)/.5 on the labelled, r weighs all alike
    automated, expert = np.array([0.6, 0.8, 0.7, 0.9]), [0.5, 0.8, NAN, NAN]
    part = one(automated, expert, probability=[0.5] * 4)

    weight = min(0.015 / np.var(automated, ddof=1), 1.0)  # cov over n: (.1 * .15 * 2)/2
    rectifier = np.array([0.5, 0.8]) - weight * automated[:2]
    z = weight * automated + rectifier.mean()
    z[:2] += (rectifier - rectifier.mean()) / 0.5
    assert part.weight == pytest.approx(weight)
    assert part.guarded.plain.mean == pytest.approx(z.mean())
    assert part.guarded.plain.variance == pytest.approx(np.var(z, ddof=1) / 4)
    assert part.guarded.plain.df == 1, "degrees of freedom are those of the labelled patients"


def test_a_case_that_stands_for_more_counts_for_more():
    heavy = one([0.5] * 4, [0.2, 0.8, NAN, NAN], probability=[0.25, 1.0, 0.5, 0.5])

    assert heavy.guarded.plain.mean == pytest.approx((4 * 0.2 + 0.8) / 5)


def test_all_labelled_is_the_engine_itself():
    rng = np.random.default_rng(3)
    expert, automated = rng.beta(8, 2, 80), rng.beta(8, 2, 80)
    names = ["a"] * 50 + ["b"] * 30
    patients = [f"p{i // 2}" for i in range(80)]

    plain = estimate_spread(
        expert,
        subgroups=names,
        judged=["a", "b"],
        limit=0.05,
        support=pooled_support(expert),
        patients=patients,
        baseline="a",
    )
    for probability in (None, np.ones(80)):
        rectified = spread(automated, expert, names, patients=patients, probability=probability)
        for field in ("value", "low", "high", "p_fail", "df"):
            assert getattr(rectified, field) == pytest.approx(getattr(plain, field), abs=1e-12)


def test_patients_in_two_subgroups_make_the_means_covary():
    rng = np.random.default_rng(4)
    patient = np.repeat(rng.normal(0, 0.2, 60), 2)
    expert = 0.5 + patient + rng.normal(0, 0.01, 120)
    automated = expert + rng.normal(0, 0.05, 120)
    shown = np.where(np.arange(120) < 60, expert, NAN)
    names, own = np.tile(["a", "b"], 60), np.repeat(np.arange(60), 2)

    apart = spread(automated, shown, names)
    together = spread(automated, shown, names, patients=own)

    assert together.value == pytest.approx(apart.value)
    assert together.se < apart.se / 2, "what a patient adds to both means does not part them"


def test_a_patient_who_is_labelled_in_part_pulls_both_parts():
    automated, expert = [0.2, 0.4, 0.6, 0.8, 0.3, 0.9], [0.1, 0.3, 0.5, NAN, NAN, NAN]
    shared = one(automated, expert, patients=list("abcabc"))

    pulls = np.array([-0.2, 0.0, 0.2]) * (1 - shared.weight) * np.sqrt(1.5) / 3
    rest = np.array(automated[3:])
    pulls += shared.weight * (rest - rest.mean()) * np.sqrt(1.5) / 3
    assert shared.guarded.plain.variance == pytest.approx(pulls @ pulls)
    # cov .04, halved by n/N = 1; the variance of all a, with 3/2 for three patients
    assert shared.weight == pytest.approx(0.02 / (1.5 * np.var(automated)))
    mean = shared.weight * rest.mean() + 0.3 - shared.weight * 0.4
    assert shared.guarded.plain.mean == pytest.approx(mean)
    assert (shared.n_labelled, shared.n_unlabelled) == (3, 3)


def test_one_unlabelled_patient_leaves_the_error_finite():
    part = one([0.1, 0.5, 0.9, 0.4], [0.1, 0.4, 0.8, NAN])

    assert part.weight > 0
    assert 0 < part.guarded.plain.variance < 0.1


def test_one_labelled_patient_leaves_the_bounds_open():
    part = one([0.1, 0.5, 0.9], [0.1, NAN, NAN])

    assert part.guarded.plain.variance == float("inf")
    assert np.isnan(part.effective)


def test_a_subgroup_without_a_labelled_case_is_passed_over():
    result = rectify_means(
        [0.1, 0.2, 0.3], expert=[0.1, 0.2, NAN], subgroups=["a", "a", "b"], judged=["a", "b"]
    )
    assert [mean.name for mean in result.means] == ["a"]


def test_nothing_labelled_gives_nothing():
    result = rectify_means([0.1, 0.2], expert=[NAN, NAN], subgroups=["a", "a"], judged=["a"])

    assert result.means == ()
    assert np.isnan(result.support).all()


@pytest.mark.parametrize("wrong", [0.0, -0.1, 1.2, NAN])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match=r"probability must lie in \(0, 1\]"):
        one([0.1, 0.2], [0.1, NAN], probability=[0.5, wrong])


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"expert \(1,\) must be \(2,\)"):
        one([0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match=r"probability \(1,\) must be \(2,\)"):
        one([0.1, 0.2], [0.1, NAN], probability=[0.5])


def world(seed, n=40, labelled=15):
    rng = np.random.default_rng(seed)
    expert = rng.beta(8, 2, n)
    automated = np.clip(expert + rng.normal(0.05, 0.05, n), 0, 1)
    shown = np.where(np.arange(n) < labelled, expert, NAN)
    return automated, shown, np.where(np.arange(n) % 2 == 0, "a", "b"), rng


@LAW
@given(seed=st.integers(0, 10_000), weighted=st.booleans())
def test_the_order_of_rows_does_not_matter(seed, weighted):
    automated, expert, names, rng = world(seed)
    probability = rng.uniform(0.2, 1, 40) if weighted else None
    order = rng.permutation(40)
    turned = None if probability is None else probability[order]

    first = spread(automated, expert, names, probability=probability)
    again = spread(automated[order], expert[order], names[order], probability=turned)

    assert (first.low, first.high) == pytest.approx((again.low, again.high), abs=1e-12)


@LAW
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10), shift=st.floats(-5, 5))
def test_another_unit_of_the_score_changes_only_the_unit(seed, scale, shift):
    automated, expert, _, _ = world(seed)
    plain = one(automated, expert)
    scaled = one(scale * automated + shift, scale * expert + shift)

    assert scaled.weight == pytest.approx(plain.weight, abs=1e-6)
    mean = scale * plain.guarded.plain.mean + shift
    assert scaled.guarded.plain.mean == pytest.approx(mean, abs=1e-6)
    assert scaled.effective == pytest.approx(plain.effective, rel=1e-6)


@LAW
@given(seed=st.integers(0, 10_000))
def test_copies_of_a_patients_cases_change_nothing(seed):
    automated, expert, names, _ = world(seed)
    patients = np.arange(40)
    plain = spread(automated, expert, names, patients=patients)
    copied = spread(
        *(np.repeat(c, 3) for c in (automated, expert, names)), patients=np.repeat(patients, 3)
    )

    # Lambda is tuned on cases, whose n - 1 the copies change a little.
    assert copied.value == pytest.approx(plain.value, abs=0.01)
    assert copied.se == pytest.approx(plain.se, rel=0.05)


@LAW
@given(seed=st.integers(0, 10_000))
def test_the_weight_stays_between_0_and_1_and_bounds_hold_the_value(seed):
    automated, expert, names, _ = world(seed)
    result = rectify_means(automated, expert=expert, subgroups=names, judged=["a", "b"])
    found = spread(automated, expert, names)

    assert all(0 <= mean.weight <= 1 for mean in result.means)
    assert found.low <= found.value <= found.high


def test_disagreements_that_experts_have_not_met_yet_seldom_hide_a_gap():
    # With phantoms no further than the rectifier was seen, 12 to 18 % had too low an upper bound.
    rng, n_wrong, groups = np.random.default_rng(8), 0, np.repeat(["a", "b"], [200, 220])
    for _ in range(200):
        expert = rng.beta(12, 3, 420)
        automated = expert + rng.normal(0, 0.03, 420)
        expert[(groups == "b") & (rng.random(420) < 0.05)] = 0  # who the automated labels spare
        expert[220:] = NAN
        truth = 0.05 * 0.8
        n_wrong += spread(automated, expert, groups, limit=truth).high < truth
    assert n_wrong / 200 <= 0.07


@pytest.mark.parametrize("is_weighted", [False, True])
def test_copies_of_the_cases_of_a_patient_change_nothing(is_weighted):
    rng, names = np.random.default_rng(9), np.repeat(["a", "b"], [30, 24])
    expert, patients = rng.beta(8, 2, 54), np.arange(54) // 2
    automated = expert + rng.normal(0, 0.05, 54)
    expert[patients % 3 == 0] = NAN
    given = {"probability": np.full(54, 2 / 3)} if is_weighted else {}
    once = spread(automated, expert, names, patients=patients, **given)
    copied = {key: np.tile(value, 3) for key, value in {**given, "patients": patients}.items()}
    thrice = spread(np.tile(automated, 3), np.tile(expert, 3), np.tile(names, 3), **copied)
    for number in ("value", "low", "high", "p_fail"):
        assert getattr(thrice, number) == pytest.approx(getattr(once, number), abs=1e-12), number
