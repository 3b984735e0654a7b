from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.amplification import estimate_amplification
from pytest_biasruler.statistics.ratio import fieller_ratio
from pytest_biasruler.statistics.spread import estimate_spread
from pytest_biasruler.statistics.support import difference_support, pooled_support

GROUPS = np.repeat(["old", "young"], [40, 30])
STEPS = np.concatenate([(np.arange(40) - 19.5) / 40, (np.arange(30) - 14.5) / 30])


def arm(old, young, *, wobble=0.0, seed=0):
    """Return scores with exactly these subgroup means."""
    noise = np.random.default_rng(seed).normal(size=70) * wobble
    for part in (slice(0, 40), slice(40, 70)):
        noise[part] -= noise[part].mean()
    return np.where(GROUPS == "old", old, young) + 0.15 * STEPS + noise


def amplify(automated, expert, *, limit=0.02, judged=("old", "young"), **keys):
    keys.setdefault("subgroups", GROUPS)
    return estimate_amplification(automated, expert, judged=judged, limit=limit, **keys)


@pytest.mark.parametrize(
    ("expert", "automated", "value", "pair"),
    [
        ((0.85, 0.81), (0.85, 0.784), 0.026, ("old", "young")),  # wider
        ((0.85, 0.75), (0.85, 0.77), -0.02, ("old", "young")),  # a little closed
        ((0.85, 0.75), (0.80, 0.80), 0.0, ("young", "old")),  # closed
        ((0.82, 0.80), (0.82, 0.92), 0.10, ("young", "old")),  # turned around
        ((0.80, 0.80), (0.80, 0.75), 0.05, ("old", "young")),  # made from nothing
    ],
)
def test_only_growth_of_a_gap_that_is_there_counts(expert, automated, value, pair):
    result = amplify(arm(*automated), arm(*expert))
    assert result.value == pytest.approx(value, abs=1e-12)
    assert result.value == pytest.approx(max(p.theta for p in result.pairs), abs=0)
    if value:
        assert result.pair == pair


def test_growth_and_gap_are_the_contrasts_of_the_engine_at_the_level_of_bonferroni():
    automated, expert = arm(0.85, 0.75, wobble=0.05), arm(0.85, 0.79, wobble=0.05, seed=1)
    result = amplify(automated, expert)
    pair = next(p for p in result.pairs if p.pair == ("old", "young"))
    for contrast, column, support in (
        (pair.growth, automated - expert, difference_support(automated, expert)),
        (pair.gap, automated, pooled_support(automated)),
        (pair.gap_expert, expert, pooled_support(expert)),
    ):
        spread = estimate_spread(
            column,
            subgroups=GROUPS,
            judged=["old", "young"],
            limit=0.02,
            support=support,
        )
        assert contrast == next(c for c in spread.contrasts if (c.a, c.b) == ("old", "young"))
    assert result.level == 0.975
    assert result.low == min(pair.growth.low, pair.gap.low)
    assert result.high == pair.growth.high
    assert result.p_fail == 2 * max(pair.growth.p, pair.gap.p)


def test_the_upper_bound_is_that_of_the_gap_only_if_the_expert_gap_has_a_sign():
    # old - young turns from -0.06 (sure) or -0.004 (not sure) to +0.03: growth exceeds the gap.
    for young, is_separated in ((0.86, True), (0.804, False)):
        result = amplify(arm(0.80, 0.77), arm(0.80, young, wobble=0.02), baseline="old")
        (pair,) = result.pairs
        assert pair.is_separated is is_separated
        assert pair.binding is pair.gap
        assert result.high == (pair.gap if is_separated else pair.growth).high
        assert pair.gap.high != pair.growth.high


@pytest.mark.parametrize("sizes", [(20, 20), (300, 20)])
def test_misses_that_were_not_drawn_seldom_hide_growth(sizes):
    # Guarded by the largest difference that was seen, 27 and 37 % were called safe.
    rng, groups, n_safe = np.random.default_rng(7), np.repeat(["old", "young"], sizes), 0
    for _ in range(200):
        expert = rng.beta(12, 3, len(groups)) - 0.03 * (groups == "young")
        automated = expert + rng.normal(0, 0.03, len(groups))
        automated[(groups == "young") & (rng.random(len(groups)) < 0.05)] = 0
        truth = 0.05 * (0.8 - 0.03)
        n_safe += (
            estimate_amplification(
                automated, expert, subgroups=groups, judged=["old", "young"], limit=truth
            ).high
            < truth
        )
    assert n_safe / 200 <= 0.07


def test_two_equal_arms_amplify_nothing_and_have_ratio_one():
    result = amplify(arm(0.85, 0.75), arm(0.85, 0.75), limit=1e-6)
    assert (result.value, result.low, result.high) == (0, 0, 0) or (
        result.value == 0 and result.low <= 0 == result.high
    )
    assert (result.ratio.value, result.ratio.low, result.ratio.high) == pytest.approx((1, 1, 1))


def test_a_stretched_arm_has_its_factor_as_ratio():
    expert = arm(0.85, 0.75)
    ratio = amplify(1.4 * expert, expert).ratio
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((1.4,) * 3, abs=1e-6)


@pytest.mark.parametrize("patients", [None, np.arange(70) // 3])
def test_the_ratio_is_fiellers(patients):
    automated, expert = arm(0.85, 0.75, wobble=0.05), arm(0.85, 0.78, wobble=0.05, seed=1)
    result = amplify(automated, expert, patients=patients)
    expected = fieller_ratio(
        automated, expert, subgroups=GROUPS, pair=result.pair, patients=patients
    )
    assert result.ratio.status == expected.status == "bounded"
    assert (result.ratio.low, result.ratio.high, result.ratio.df) == pytest.approx(
        (expected.low, expected.high, expected.df), rel=1e-9
    )


def test_a_ratio_to_a_gap_that_may_be_zero_is_undefined():
    result = amplify(arm(0.85, 0.75), arm(0.80, 0.798, wobble=0.1))
    assert result.ratio.status == "undefined"
    assert isnan(result.ratio.value)
    assert amplify(arm(0.85, 0.75), np.full(70, 0.8)).ratio.status == "undefined"


def test_with_a_reference_group_only_its_own_lead_counts():
    wider = amplify(arm(0.85, 0.75), arm(0.85, 0.80), baseline="old")
    assert (wider.pair, wider.value) == (("old", "young"), pytest.approx(0.05))
    assert wider.level == 0.95
    other = amplify(arm(0.85, 0.75), arm(0.85, 0.80), baseline="young")
    assert other.value == pytest.approx(-0.10)
    assert other.high < 0


def test_runs_are_averaged_per_case_and_their_gaps_widen_the_bounds():
    automated = [arm(0.85, young) for young in (0.75, 0.76, 0.77)]  # gaps .10 .09 .08
    expert = [arm(0.85, young) for young in (0.82, 0.80, 0.81)]  # gaps .03 .05 .04
    result = amplify(automated, expert)
    single = amplify(np.mean(automated, axis=0), np.mean(expert, axis=0))
    assert result.value == pytest.approx(single.value, abs=1e-12) == pytest.approx(0.05)
    pair, plain = (r.pairs[0] for r in (result, single))
    run = 0.01**2 / 3
    assert plain.growth.se == pytest.approx(0, abs=1e-12)
    assert pair.growth.se**2 == pytest.approx(2 * run)
    assert pair.gap.se**2 == pytest.approx(plain.gap.se**2 + run)
    assert pair.gap_expert.se**2 == pytest.approx(plain.gap_expert.se**2 + run)
    assert result.low < single.low
    assert result.high > single.high
    assert result.ratio.high - result.ratio.low > single.ratio.high - single.ratio.low


def test_patients_cannot_replace_runs():
    noisy = [arm(0.85, young) for young in (0.70, 0.80)]
    result = amplify(noisy, arm(0.85, 0.78, wobble=0.1))
    assert result.needed == {"old": inf, "young": inf}
    steady = amplify(noisy[:1] * 2, arm(0.85, 0.78, wobble=0.1))
    assert all(0 < n < 10_000 for n in steady.needed.values())


def test_patients_that_a_verdict_needs_bring_one():
    automated, expert = arm(0.85, 0.76, wobble=0.06), arm(0.85, 0.795, wobble=0.06, seed=1)
    result = amplify(automated, expert)
    assert result.low < 0.02 < result.value
    times = int(
        np.ceil(1 + max(result.needed[name] / n for name, n in (("old", 40), ("young", 30))))
    )
    larger = amplify(
        np.tile(automated, times), np.tile(expert, times), subgroups=np.tile(GROUPS, times)
    )
    assert larger.low > 0.02


def test_a_case_that_lacks_one_run_is_left_out_of_all():
    automated, expert = np.stack([arm(0.85, 0.75)] * 2), arm(0.85, 0.80)
    automated[1, 3] = np.nan
    kept = np.arange(70) != 3
    result = amplify(automated, expert)
    expected = amplify(automated[:, kept], expert[kept], subgroups=GROUPS[kept])
    assert result == expected


def test_a_patient_of_both_subgroups_is_one_patient():
    rng = np.random.default_rng(4)
    shared = np.tile(rng.normal(size=30), 2) * 0.1
    groups = np.repeat(["old", "young"], 30)
    expert = 0.8 + shared
    automated = expert + np.where(groups == "young", -0.04, 0.0) + rng.normal(size=60) * 0.01
    apart = amplify(automated, expert, subgroups=groups)
    paired = amplify(automated, expert, subgroups=groups, patients=np.tile(np.arange(30), 2))
    assert paired.pairs[0].gap.se < apart.pairs[0].gap.se / 2


@pytest.mark.parametrize("judged", [(), ("old",), ("old", "nobody")])
def test_nothing_to_compare_has_no_number(judged):
    result = amplify(arm(0.85, 0.75), arm(0.85, 0.75), judged=judged)
    assert (result.pair, result.p_fail, result.pairs) == (None, 1.0, ())
    assert isnan(result.value)
    assert isnan(result.low)
    assert isnan(result.high)


def test_a_subgroup_of_one_patient_leaves_the_bounds_open():
    patients = np.where(GROUPS == "young", 0, np.arange(70) + 1)
    result = amplify(arm(0.85, 0.75), arm(0.85, 0.80, wobble=0.1), patients=patients)
    assert (result.low, result.high) == (-inf, inf)
    assert result.ratio.status == "undefined"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"judged": ("old", "old")}, "twice"),
        ({"limit": float("nan")}, "limit"),
        ({"alpha": 0.5}, "alpha"),
        ({"baseline": "middle"}, "baseline"),
        ({"subgroups": GROUPS[1:]}, "must be"),
    ],
)
def test_what_cannot_be_asked_is_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        amplify(arm(0.85, 0.75), arm(0.85, 0.75), **keys)


def test_arms_of_different_cases_are_refused():
    with pytest.raises(ValueError, match="one n"):
        amplify(arm(0.85, 0.75), arm(0.85, 0.75)[1:])


def test_a_score_that_could_be_worse_than_any_seen_widens_the_bounds():
    automated, expert = arm(0.85, 0.75, wobble=0.05), arm(0.85, 0.79, wobble=0.05, seed=1)
    seen = amplify(automated, expert)
    possible = amplify(automated, expert, supports=((-1.0, 1.0), (0.0, 1.0)))
    assert possible.low < seen.low
    assert possible.high > seen.high


scores = st.lists(st.floats(0, 1), min_size=24, max_size=24)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(automated=scores, expert=scores, seed=st.integers(0, 99))
def test_row_order_and_names_do_not_matter(automated, expert, seed):
    groups = np.array(["a", "b", "c"] * 8)
    order = np.random.default_rng(seed).permutation(24)
    automated, expert = np.array(automated), np.array(expert)
    patients = np.array([f"p{i % 17}" for i in range(24)])
    there = amplify(automated, expert, subgroups=groups, judged=("a", "b", "c"), patients=patients)
    back = amplify(
        automated[order],
        expert[order],
        subgroups=groups[order],
        judged=("c", "a", "b"),
        patients=patients[order],
    )
    assert repr(there) == repr(back)
    renamed = np.where(groups == "a", "<b>", groups)
    other = amplify(
        automated, expert, subgroups=renamed, judged=("<b>", "b", "c"), patients=patients
    )
    assert (other.value, other.low, other.high) == (there.value, there.low, there.high)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(automated=scores, expert=scores, limits=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_bounds_hold_the_value_and_p_agrees_with_the_lower_one(automated, expert, limits):
    groups = np.array(["a", "b"] * 12)
    first, second = (
        amplify(automated, expert, subgroups=groups, judged=("a", "b"), limit=limit)
        for limit in sorted(limits)
    )
    assert first.low <= first.value <= first.high
    assert (first.low, first.high) == (second.low, second.high)
    assert first.p_fail <= second.p_fail
    assert all(p.theta == min(p.growth.estimate, p.gap.estimate) for p in first.pairs)
    if abs(first.p_fail - 0.05) > 1e-6:
        assert (first.low > min(limits)) == (first.p_fail < 0.05)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(automated=scores, expert=scores, copies=st.integers(2, 4))
def test_copies_of_cases_inside_a_patient_change_nothing(automated, expert, copies):
    groups, patients = np.array(["a", "b"] * 12), np.arange(24)
    once = amplify(automated, expert, subgroups=groups, judged=("a", "b"), patients=patients)
    often = amplify(
        np.repeat(automated, copies),
        np.repeat(expert, copies),
        subgroups=np.repeat(groups, copies),
        judged=("a", "b"),
        patients=np.repeat(patients, copies),
    )
    assert (often.value, often.low, often.high) == pytest.approx(
        (once.value, once.low, once.high), abs=1e-9
    )
