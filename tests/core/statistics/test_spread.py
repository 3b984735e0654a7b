from __future__ import annotations

from dataclasses import astuple
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.spread import estimate_mean, estimate_spread, judge_bounds
from pytest_biasruler.statistics.support import pooled_support, symmetric_support

MODEST = settings(deadline=None, derandomize=True, max_examples=30)
OLD = 0.80 + 0.15 * (np.arange(1, 41) - 0.5) / 40
YOUNG = 0.65 + 0.25 * (np.arange(1, 31) - 0.5) / 30
GROUPS = ["old"] * 40 + ["young"] * 30
EXPERT = np.concatenate([OLD, YOUNG])
AUTOMATED = np.concatenate([OLD + 0.01, YOUNG + 0.09])
MISSED = EXPERT.copy()
MISSED[[40 + 5, 40 + 15]] = 0.0


def staircase(column, limit, *, support=pooled_support, **options):
    return estimate_spread(
        column,
        subgroups=GROUPS,
        judged=["young", "old"],
        limit=limit,
        support=support(column),
        **options,
    )


def near(number):
    return pytest.approx(number, abs=1e-6)


def test_staircase_by_the_expert_fails():
    spread = staircase(EXPERT, 0.05)
    assert (spread.value, spread.low, spread.high) == near((0.100, 0.066045, 0.127425))
    assert spread.p_fail == near(0.003781)
    assert spread.pair == ("old", "young")
    assert judge_bounds(spread.low, spread.high, 0.05) == "FAIL"


def test_staircase_by_the_automated_reference_passes_which_is_masked_harm():
    spread = staircase(AUTOMATED, 0.05)
    assert (spread.value, spread.low, spread.high) == near((0.020, 0.0, 0.047425))
    assert judge_bounds(spread.low, spread.high, 0.05) == "PASS"


def test_staircase_distortion_fails():
    spread = staircase(AUTOMATED - EXPERT, 0.02, support=symmetric_support)
    assert (spread.value, spread.low, spread.high) == near((0.080, 0.068449, 0.084194))
    assert spread.pair == ("young", "old")
    assert judge_bounds(spread.low, spread.high, 0.02) == "FAIL"


def test_staircase_with_two_misses_is_less_sure():
    spread = staircase(MISSED, 0.05)
    assert (spread.value, spread.low, spread.high) == near((0.149167, 0.053760, 0.232124))
    assert spread.p_fail == near(0.041078)
    against_old = staircase(MISSED, 0.05, baseline="old")
    assert (against_old.low, against_old.p_fail) == near((0.067875, 0.020539))
    distortion = staircase(AUTOMATED - MISSED, 0.02, support=symmetric_support)
    assert (distortion.value, distortion.low, distortion.high) == near(
        (0.129167, 0.028669, 0.205206)
    )
    assert distortion.p_fail == near(0.031738)


def test_a_reference_group_makes_the_value_signed():
    spread = staircase(EXPERT, 0.05, baseline="young")
    assert spread.value == near(-0.1)
    assert spread.low < 0
    assert [(c.a, c.b) for c in spread.contrasts] == [("young", "old")]


def test_both_orders_of_a_reference_group_are_unsigned():
    spread = staircase(EXPERT, 0.05, baseline="young", both_orders=True)
    assert spread.value == near(0.1)
    assert spread.low == near(staircase(EXPERT, 0.05).low)


def test_a_reference_that_equals_the_other_distorts_nothing():
    spread = staircase(EXPERT - EXPERT, 1e-12, support=symmetric_support)
    assert (spread.value, spread.low, spread.high, spread.p_fail) == (0.0, 0.0, 0.0, 1.0)
    assert judge_bounds(spread.low, spread.high, 1e-12) == "PASS"


def test_the_reported_interval_is_plain_and_of_the_pair():
    spread = staircase(EXPERT, 0.05)
    top = next(c for c in spread.contrasts if (c.a, c.b) == spread.pair)
    assert (spread.value, spread.se, spread.df) == (top.estimate, top.se, top.df)
    low, high = spread.ci95
    assert (low + high) / 2 == near(spread.value)


def test_needed_patients_follow_the_side_of_the_limit():
    assert staircase(EXPERT, 0.05).needed == {"old": 0, "young": 0}, "80 % power is there already"
    towards_pass = staircase(AUTOMATED, 0.05)
    assert towards_pass.needed == {"old": 25, "young": 19}
    assert staircase(AUTOMATED, AUTOMATED[:40].mean() - AUTOMATED[40:].mean()).needed == {
        "old": inf,
        "young": inf,
    }


def test_every_subgroup_is_listed_but_only_judged_ones_are_compared():
    spread = estimate_spread(
        [0.9, 0.8, 0.7, 0.6, 0.1, np.nan],
        subgroups=["<b>", "<b>", "NA", "NA", "", "007"],
        judged=["NA", "<b>"],
        limit=0.05,
        support=(0.6, 0.9),
    )
    assert [(g.name, g.n_cases, g.is_judged) for g in spread.groups] == [
        ("", 1, False),
        ("007", 0, False),
        ("<b>", 2, True),
        ("NA", 2, True),
    ]
    assert spread.value == near(0.2)


@pytest.mark.parametrize(
    ("subgroups", "judged", "baseline"),
    [
        (["a", "a", "b"], ["a"], None),
        (["a", "a", "b"], ["a", "c"], None),
        (["a", "a", "b"], ["a", "c"], "c"),
        (["a", "a", "b"], ["a", "c"], "a"),
        (["a", "a", "b"], [], None),
    ],
)
def test_nothing_to_compare_is_undefined_and_never_passes(subgroups, judged, baseline):
    spread = estimate_spread(
        [0.9, 0.8, 0.7],
        subgroups=subgroups,
        judged=judged,
        limit=0.05,
        support=(0.0, 1.0),
        baseline=baseline,
    )
    assert spread.pair is None
    assert isnan(spread.value)
    assert spread.p_fail == 1.0
    assert judge_bounds(spread.low, spread.high, 0.05) == "INCONCLUSIVE"


def test_no_case_at_all_is_undefined():
    column = np.empty(0)
    spread = estimate_spread(
        column, subgroups=[], judged=["a", "b"], limit=0.05, support=pooled_support(column)
    )
    assert spread.pair is None
    assert spread.groups == ()


def test_a_subgroup_of_one_patient_leaves_no_bound():
    spread = estimate_spread(
        [0.9, 0.8, 0.85, 0.1, 0.1],
        subgroups=["a", "a", "b", "c", "c"],
        patients=["p", "q", "r", "s", "s"],
        judged=["a", "b", "c"],
        limit=0.05,
        support=(0.0, 1.0),
    )
    assert (spread.low, spread.high) == (0.0, inf)
    assert spread.p_fail == 1.0
    assert judge_bounds(spread.low, spread.high, 0.05) == "INCONCLUSIVE"


def test_an_undefined_support_leaves_no_bound():
    spread = staircase(EXPERT, 0.05, support=lambda _: (np.nan, np.nan))
    assert (spread.low, spread.high) == (0.0, inf)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": np.nan}, "limit"),
        ({"alpha": 0.5}, "alpha"),
        ({"alpha": np.nan}, "alpha"),
        ({"judged": ["a", "a"]}, "twice"),
        ({"baseline": "c"}, "baseline 'c'"),
        ({"support": (1.0, 0.0)}, "support"),
    ],
)
def test_wrong_arguments_are_refused_by_name(options, message):
    arguments = {"judged": ["a", "b"], "limit": 0.05, "support": (0.0, 1.0)} | options
    with pytest.raises(ValueError, match=message):
        estimate_spread([0.9, 0.8, 0.7, 0.6], subgroups=list("aabb"), **arguments)


def test_patients_that_cross_subgroups_take_bonferronis_level():
    patients = [*"pqrs", *"pqrs", *"wxyz"]
    spread = estimate_spread(
        np.linspace(0.5, 0.9, 12) ** 2,
        subgroups=[*"aaaa", *"bbbb", *"cccc"],
        patients=patients,
        judged=["a", "b", "c"],
        limit=0.05,
        support=(0.0, 1.0),
    )
    assert spread.p_level == 1 - 0.05 / 6
    assert spread.p_fail == min(1.0, 6 * min(c.p for c in spread.contrasts))


def test_a_crossing_patient_who_is_alone_in_a_subgroup_leaves_no_bound():
    spread = estimate_spread(
        [0.9, 0.8, 0.7],
        subgroups=["a", "b", "b"],
        patients=["p", "p", "q"],
        judged=["a", "b"],
        limit=0.05,
        support=(0.0, 1.0),
    )
    assert (spread.low, spread.high, spread.p_fail) == (0.0, inf, 1.0)


# Laws (every benchmark: cases of clustered patients in two to four subgroups)

cases = st.lists(
    st.tuples(st.floats(0, 1, width=16), st.sampled_from("abcd"), st.integers(0, 30)),
    min_size=8,
    max_size=40,
).filter(lambda rows: len({group for _, group, _ in rows}) > 1)


def estimate(rows, *, limit=0.05, names=None, **options):
    values, groups, patients = (list(column) for column in zip(*rows, strict=True))
    groups = [(names or {}).get(g, g) for g in groups]
    # A patient stays in one subgroup, as in most benchmarks.
    patients = [f"{g}{p}" for g, p in zip(groups, patients, strict=True)]
    options.setdefault("support", pooled_support(values))
    return estimate_spread(
        values,
        subgroups=groups,
        patients=patients,
        judged=sorted(set(groups)),
        limit=limit,
        **options,
    )


@MODEST
@given(cases, st.randoms(use_true_random=False))
def test_row_order_changes_nothing_at_all(rows, random):
    rows = [(y / 3, g, p % 3) for y, g, p in rows]  # thirds, whose sums depend on their order
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert str(astuple(estimate(shuffled))) == str(astuple(estimate(rows)))


@MODEST
@given(cases)
def test_names_change_nothing_but_the_names(rows):
    names = {"a": "zz", "b": "<b>", "c": "007", "d": ""}
    plain, renamed = estimate(rows), estimate(rows, names=names)
    for field in ("value", "low", "high", "p_level", "p_fail"):
        assert getattr(renamed, field) == pytest.approx(getattr(plain, field), abs=1e-9), field


@MODEST
@given(cases, st.sampled_from([0.5, 4.0, 100.0]), st.sampled_from([-3.0, 0.0, 0.25]))
def test_bounds_follow_a_change_of_unit(rows, scale, offset):
    plain = estimate(rows)
    moved = estimate([(scale * y + offset, g, p) for y, g, p in rows], limit=scale * 0.05)
    for field in ("value", "low", "high"):
        assert getattr(moved, field) / scale == pytest.approx(
            getattr(plain, field), abs=1e-9, rel=1e-9
        ), field
    assert moved.p_fail == pytest.approx(plain.p_fail, abs=1e-4), "draws are counted"


@MODEST
@given(cases)
def test_copies_inside_a_patient_add_no_evidence(rows):
    once, often = estimate(rows), estimate(rows * 5)
    for field in ("value", "low", "high"):
        assert getattr(often, field) == pytest.approx(getattr(once, field), abs=1e-9), field


@MODEST
@given(cases)
def test_swapping_a_pair_flips_the_sign(rows):
    spread = estimate(rows)
    estimates = {(c.a, c.b): c.estimate for c in spread.contrasts}
    assert all(estimates[b, a] == -estimates[a, b] for a, b in estimates)
    assert all(c.low <= c.estimate <= c.high for c in spread.contrasts)


@MODEST
@given(cases, st.floats(0, 1), st.floats(0, 1))
def test_raising_the_limit_never_turns_pass_into_fail(rows, limit, step):
    ranks = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    strict, mild = (estimate(rows, limit=at) for at in (limit, limit + step))
    assert (strict.low, strict.high) == (mild.low, mild.high), "bounds do not know the limit"
    before = ranks[judge_bounds(strict.low, strict.high, limit)]
    assert ranks[judge_bounds(mild.low, mild.high, limit + step)] >= before
    assert mild.p_fail >= strict.p_fail - 1e-12


@MODEST
@given(cases)
def test_fewer_contrasts_are_never_less_sure(rows):
    unsigned, signed = estimate(rows), estimate(rows, baseline=rows[0][1])
    assert signed.p_level <= unsigned.p_level
    assert signed.value <= unsigned.value


def test_one_sample_mean_is_the_floor_of_every_claim():
    mean = estimate_mean([0.4, 0.5, 0.6, 0.5], support=(0.0, 1.0), limit=0.1)
    plain = estimate_mean([0.4, 0.5, 0.6, 0.5], limit=0.1)
    assert mean.value == plain.value == near(0.5)
    assert mean.low < plain.low < 0.5 < plain.high < mean.high
    assert mean.p_fail > plain.p_fail
    t, se = 2.353363, np.sqrt(0.02 / 3 / 4)
    assert plain.low == near(0.5 - t * se)
    assert plain.min_detectable == near((t + 0.978472) * se)


def test_a_mean_of_nothing_is_undefined_and_of_one_patient_unbounded():
    empty = estimate_mean([np.nan], support=(0.0, 1.0), limit=0.1)
    assert isnan(empty.low)
    assert (empty.p_fail, empty.n_patients) == (1.0, 0)
    one = estimate_mean([0.5, 0.7], patients=["p", "p"], support=(0.0, 1.0), limit=0.1)
    assert (one.low, one.high, one.p_fail) == (-inf, inf, 1.0)
