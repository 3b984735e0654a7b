"""How many labels settle a gap: worked by hand, laws, and whether four of five plans come true."""

from __future__ import annotations

import zlib
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.allocation import (
    Allocation,
    Stock,
    allocate,
    allocate_labels,
    allowed_error,
)
from pytest_biasruler.statistics.lots import chances_by_score, draw_more, draw_order
from pytest_biasruler.statistics.settling import chance_of_verdict, settle_gap
from pytest_biasruler.statistics.spread import estimate_spread
from pytest_biasruler.statistics.support import pooled_support

LAW = settings(max_examples=40, deadline=None, derandomize=True)
N_WORLDS = 200


def stock(name="a", sd=0.2, **keys):
    given_keys = {"n_labelled": 20, "n_patients": 10**6, "sd_complete": sd, **keys}
    return Stock(name=name, sd=sd, **given_keys)


def test_neyman_worked_by_hand():
    assert allocate([0.2, 0.1], allowed=0.0003) == (200, 100)
    error = 0.2**2 / 200 + 0.1**2 / 100
    assert error == pytest.approx(0.0003)


def test_no_error_at_all_needs_no_allocation():
    with pytest.raises(ValueError, match="allowed must be positive, not 0"):
        allocate([0.2, 0.1], allowed=0)


def test_allowed_error_worked_by_hand():
    # z of .975 and .8: 1.959964 + .841621
    assert allowed_error(0.1, level=0.975) == pytest.approx((0.1 / 2.801585) ** 2, rel=1e-6)


def test_labels_that_are_there_count():
    found = allocate_labels(stock(), stock("b", 0.1), allowed=0.0003)
    assert found.labelled == (200, 100)

    # 400 are labelled in a: b has to bring .01 / (.0003 - .04/400) = 50
    found = allocate_labels(stock(n_labelled=400), stock("b", 0.1), allowed=0.0003)
    assert (found.labelled, found.is_possible) == ((400, 50), True)


def test_a_subgroup_that_runs_out_is_labelled_throughout():
    # .04/150 of .0003 are taken: b has to bring .01 / (.0003 - .000267) = 300
    found = allocate_labels(stock(n_patients=150), stock("b", 0.1), allowed=0.0003)

    assert (found.labelled, found.is_possible) == ((150, 300), True)
    assert allocate_labels(
        stock(n_patients=150), stock("b", 0.1, n_patients=299), allowed=0.0003
    ) == (Allocation(labelled=(200, 100), is_possible=False))


def test_too_few_cases_ask_for_further_patients():
    found = allocate_labels(stock(n_patients=100), stock("b", 0.1), allowed=0.0003)

    assert not found.is_possible
    assert found.labelled == (200, 100), "Neyman's numbers, of patients that are labelled"


def test_unlabelled_patients_bring_an_error_that_labels_do_not_lower():
    a = stock(sd=0.1, sd_complete=0.2, sd_helped=0.17, n_patients=1_000)
    b = stock("b", sd=0.1, sd_complete=0.2, sd_helped=0.17, n_patients=1_000)
    found = allocate_labels(a, b, allowed=0.0003)
    n = found.labelled[0]

    error = 2 * (0.1**2 / n + 0.17**2 / (1_000 - n))
    assert error <= 0.0003 * 1.001
    assert 2 * (0.1**2 / (n - 2) + 0.17**2 / (1_002 - n)) > 0.0003


def test_labelling_everybody_may_do_what_no_part_can():
    a = stock(sd=0.1, sd_complete=0.2, sd_helped=0.17, n_labelled=100, n_patients=200)
    b = replace(a, name="b")
    found = allocate_labels(a, b, allowed=0.00041)

    assert 2 * 0.17**2 / 100 > 0.00041, "what the automated scores leave open"
    assert (found.labelled, found.is_possible) == ((200, 200), True)


@LAW
@given(
    sd=st.floats(0.01, 0.5), other=st.floats(0.01, 0.5), allowed=st.floats(1e-5, 1e-2),
)  # fmt: skip
def test_no_more_error_than_allowed_and_never_less_than_there_is(sd, other, allowed):
    found = allocate_labels(stock(sd=sd), stock("b", other), allowed=allowed)

    assert sd**2 / found.labelled[0] + other**2 / found.labelled[1] <= allowed * (1 + 1e-6)
    assert min(found.labelled) >= 20


@LAW
@given(margin=st.floats(0.01, 0.3), edge=st.floats(0, 1))
def test_a_wider_margin_or_a_nearer_phantom_never_asks_for_more(margin, edge):
    pair = stock(sd=0.15, edge=edge), stock("b", 0.1, edge=edge)
    near = [replace(each, edge=edge / 2) for each in pair]

    asked = sum(settle_gap(*pair, margin=margin, level=0.95).labelled)
    assert sum(settle_gap(*pair, margin=1.2 * margin, level=0.95).labelled) <= asked
    assert sum(settle_gap(*near, margin=margin, level=0.95).labelled) <= asked


def test_what_cannot_be_settled_is_infinite():
    few = stock(n_patients=50, edge=0.5)

    found = settle_gap(few, replace(few, name="b"), margin=1e-5, level=0.95)
    assert found.labelled == (inf, inf)
    with pytest.raises(ValueError, match="margin must be positive, not 0"):
        settle_gap(few, few, margin=0, level=0.95)


@LAW
@given(margin=st.floats(0.02, 0.1), edge=st.floats(0, 0.8), sd=st.floats(0.05, 0.3))
def test_the_labels_that_are_asked_for_have_the_chance_they_were_asked_for(margin, edge, sd):
    pair = stock(sd=sd, edge=edge, n_patients=9_000), stock("b", 0.1, edge=edge, n_patients=9_000)
    keys = {"margin": margin, "level": 0.95}
    labelled = settle_gap(*pair, **keys).labelled
    fewer = tuple(n / 2 for n in labelled)

    chance = chance_of_verdict(*pair, labelled=labelled, **keys)
    assert chance >= 0.8 - 1e-9, "whole patients may give more, never less"
    assert chance_of_verdict(*pair, labelled=fewer, **keys) < chance


def test_labels_that_leave_no_error_to_tell_have_no_chance():
    pair = stock(), stock("b")
    assert chance_of_verdict(*pair, labelled=(1, 50), margin=0.1, level=0.95) == 0
    with pytest.raises(ValueError, match="margin must be positive, not 0"):
        chance_of_verdict(*pair, labelled=(50, 50), margin=0, level=0.95)


def scores(law, n, rng):
    if law == "mod":
        return np.where(rng.random(n) < 0.05, 0.0, rng.beta(8, 2, n))
    return rng.beta(*{"easy": (18, 3), "hard": (9, 3)}[law], n)


@pytest.mark.parametrize(
    ("laws", "limit", "chance"),
    [
        (("easy", "hard"), 0.05, 0.8),  # a FAIL
        (("easy", "hard"), 0.16, 0.8),  # a PASS
        (("mod", "mod"), 0.1, 0.9),  # a PASS in both directions: .9 * .9 is about .8
    ],
)
def test_about_four_of_five_plans_come_true(laws, limit, chance):
    n_settled, sizes = count_verdicts(laws, limit, chance)
    assert 0.70 <= n_settled / N_WORLDS <= 0.93, f"{n_settled} of {N_WORLDS}, {sizes} patients"


def test_about_every_third_plan_of_that_chance_comes_true():
    n_settled, sizes = count_verdicts(("easy", "hard"), 0.04, 0.35)
    assert 0.25 <= n_settled / N_WORLDS <= 0.5, f"{n_settled} of {N_WORLDS}, {sizes} patients"


def count_verdicts(laws, limit, chance):
    """Return in how many worlds a plan of some chance gives its verdict, and its patients."""
    seed = zlib.crc32(repr((laws, limit)).encode())
    rng = np.random.default_rng(seed)
    known = [scores(law, 100_000, rng) for law in laws]
    gap = known[0].mean() - known[1].mean()
    low, high = pooled_support(np.concatenate([part[:200] for part in known]))
    edges = [known[0].mean() - low, high - known[1].mean()]
    if gap < limit:
        edges = [high - known[0].mean(), known[1].mean() - low]
    pair = [
        stock(law, float(part.std()), edge=float(edge))
        for law, part, edge in zip(laws, known, edges, strict=True)
    ]
    level = 0.975 if gap > limit else 0.95
    plan = settle_gap(*pair, margin=abs(gap - limit), level=level, chance=chance)
    sizes = [int(n) for n in plan.labelled]
    n_settled = 0
    for world in rng.spawn(N_WORLDS):
        column = np.concatenate(
            [scores(law, n, world) for law, n in zip(laws, sizes, strict=True)]
        )
        spread = estimate_spread(
            column,
            subgroups=np.repeat(["a", "b"], sizes),
            judged=["a", "b"],
            limit=limit,
            support=pooled_support(column),
        )
        n_settled += spread.low > limit if gap > limit else spread.high < limit
    return n_settled, sizes


# Who is drawn


@LAW
@given(n=st.integers(0, 200), seed=st.integers(0, 10_000))
def test_an_order_names_everybody_once(n, seed):
    order = draw_order(n, seed=seed)

    assert sorted(order.tolist()) == list(range(n))
    assert order.tolist() == draw_order(n, seed=seed).tolist()


def test_another_seed_is_another_order():
    assert draw_order(50, seed=1).tolist() != draw_order(50, seed=2).tolist()


def test_every_place_comes_first_equally_often():
    first = np.bincount([draw_order(4, seed=seed)[0] for seed in range(400)], minlength=4)

    assert first.min() > 70, first


@LAW
@given(seed=st.integers(0, 10_000), n_wanted=st.floats(1, 40))
def test_chances_are_chances_and_favour_bad_scores(seed, n_wanted):
    graded = np.sort(np.random.default_rng(seed).uniform(0, 1, 60))
    chances = chances_by_score(graded, n_wanted=n_wanted)

    assert ((chances > 0) & (chances <= 1)).all()
    assert (np.diff(chances) <= 0).all()
    assert chances.min() >= 0.2 * n_wanted / 60 * (1 - 1e-12)


def test_two_draws_together_have_the_chances_they_say():
    rng = np.random.default_rng(8)
    before, after = np.array([0.0, 0.2, 0.5, 0.3]), np.array([0.4, 0.6, 0.5, 1.0])
    drawn = np.zeros(4)
    for seed in range(2_000):
        first = rng.random(4) < before
        drawn += first | draw_more(before, after, seed=seed)
    assert drawn / 2_000 == pytest.approx(after, abs=0.04)


def test_a_chance_that_falls_is_refused():
    with pytest.raises(ValueError, match="after must lie between before and 1"):
        draw_more([0.5], [0.4], seed=0)
    with pytest.raises(ValueError, match=r"before must lie in \[0, 1\)"):
        draw_more([1.0], [1.0], seed=0)
