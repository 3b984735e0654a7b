"""Kappa, the share of an automated reference's errors that a model repeats beyond chance."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.agreement import count_shared_errors
from pytest_biasruler.scoring.echo import ECHO_FACTS, Echo, measure_echo
from pytest_biasruler.scoring.strata import Strata, cut_strata

triples = st.tuples(*[arrays(bool, (4, 5, 3))] * 3)
quick = settings(deadline=None, derandomize=True, max_examples=60)
SPACING = (1.0, 1.0, 2.0)


def echo_of(model, automated, expert):
    strata = cut_strata(expert, spacing_mm=SPACING)
    return measure_echo(model, automated=automated, expert=expert, strata=strata)


def of_counts(*strata):
    """An echo from (n1, x1, n0, x0) of each stratum, all background by the expert but one."""
    codes, automated, model = [0], [False], [False]
    for code, (n1, x1, n0, x0) in enumerate(strata):
        codes += [code] * (n1 + n0)
        automated += [True] * n1 + [False] * n0
        model += [True] * x1 + [False] * (n1 - x1) + [True] * x0 + [False] * (n0 - x0)
    # a voxel that all agree on makes the expert's mask one; it stands in a stratum of its own
    codes[0] = len(strata)
    expert = np.zeros(len(codes), bool)
    expert[0], automated[0], model[0] = True, True, True
    codes = np.array(codes, np.uint8)
    return measure_echo(
        np.array(model),
        automated=np.array(automated),
        expert=expert,
        strata=Strata(codes=codes, n_voxels=np.bincount(codes)),
    )


def test_two_strata_by_hand():
    """Weights 10*30/40 = 7.5 and 20*20/40 = 10; p1 .8 and .5, p0 .1 and .2.

    Beyond chance 7.5*.7 + 10*.3 = 8.25, possible 7.5*.9 + 10*.8 = 14.75.
    """
    echo = of_counts((10, 8, 30, 3), (20, 10, 20, 4))
    assert echo.kappa == pytest.approx(8.25 / 14.75, rel=1e-12)
    assert echo.raw == 18 / 30
    assert echo.expected == pytest.approx((10 * 0.1 + 20 * 0.2) / 30, rel=1e-12)
    assert (echo.n_automated_errors, echo.n_model_errors, echo.n_shared) == (30, 25, 18)


def test_a_stratum_without_comparison_counts_for_the_raw_rate_alone():
    both = of_counts((10, 8, 30, 3), (5, 5, 0, 0))
    assert both.kappa == of_counts((10, 8, 30, 3)).kappa
    assert both.expected == of_counts((10, 8, 30, 3)).expected
    assert both.raw == 13 / 15


@pytest.mark.parametrize(
    "strata",
    [[(0, 0, 30, 3)], [(5, 5, 0, 0)], [(5, 5, 5, 5)]],
    ids=["no automated error", "no other voxel", "a model that is wrong everywhere"],
)
def test_nothing_to_compare_is_undefined_not_zero(strata):
    assert isnan(of_counts(*strata).kappa)


def test_without_an_expert_mask_there_is_no_boundary_and_no_kappa():
    mask = np.zeros((4, 5, 3), bool)
    automated = mask.copy()
    automated[1:3, 1:3] = True
    echo = echo_of(automated, automated, mask)
    assert isnan(echo.kappa)
    assert isnan(echo.expected)
    assert (echo.raw, echo.n_shared) == (1.0, 12)


def test_an_empty_prediction_errs_where_the_expert_marked_something():
    """It repeats every automated omission; what it adds to them by chance is taken out."""
    expert = np.zeros((8, 8, 3), bool)
    expert[2:6, 2:6] = True
    automated = expert.copy()
    automated[2:4] = False
    echo = echo_of(np.zeros_like(expert), automated, expert)
    assert echo.raw == 1.0
    assert echo.n_model_errors == expert.sum()
    assert isnan(echo.kappa), "it errs on every voxel of every stratum that has automated errors"


@quick
@given(triples)
def test_a_model_that_is_the_automated_reference_repeats_everything(masks):
    _, automated, expert = masks
    echo = echo_of(automated, automated, expert)
    assert isnan(echo.kappa) or echo.kappa == 1.0
    assert isnan(echo.raw) or echo.raw == 1.0


@quick
@given(triples)
def test_a_model_that_is_the_expert_repeats_nothing(masks):
    _, automated, expert = masks
    echo = echo_of(expert, automated, expert)
    assert isnan(echo.kappa) or echo.kappa == 0.0
    assert echo.n_shared == 0


@quick
@given(triples)
def test_the_counts_are_those_of_shared_errors(masks):
    model, automated, expert = masks
    echo, errors = (
        echo_of(model, automated, expert),
        count_shared_errors(model, automated=automated, expert=expert),
    )
    assert (echo.n_automated_errors, echo.n_model_errors, echo.n_shared) == (
        errors.n_automated,
        errors.n_model,
        errors.n_shared,
    )
    assert isnan(echo.kappa) or echo.kappa <= 1


@quick
@given(triples, st.integers(0, 3))
def test_room_around_the_masks_counts_the_same_cropped_or_whole(masks, margin):
    whole = [np.pad(mask, [(margin, 2 * margin), (0, margin), (margin, 0)]) for mask in masks]
    expected = echo_of(*whole)
    model, automated, expert = masks
    strata = cut_strata(
        expert, spacing_mm=SPACING, offset=(margin, 0, margin), grid_shape=whole[0].shape
    )
    echo = measure_echo(model, automated=automated, expert=expert, strata=strata)
    for name in ECHO_FACTS:
        assert getattr(echo, name) == pytest.approx(getattr(expected, name), nan_ok=True, abs=0)


def test_independent_errors_at_the_boundary_are_shared_but_no_echo():
    """What the raw rate takes for copying is difficulty: both err near the boundary."""
    draw = np.random.default_rng(0).normal
    grid = np.indices((60, 60, 1)) - 30
    far = np.sqrt(grid[0] ** 2 + grid[1] ** 2)

    def person():
        wobble = ndimage.gaussian_filter(draw(size=(60, 60, 1)), (2, 2, 0))
        return far + 12 * wobble < 18

    kappas, raws = [], []
    for _ in range(40):
        echo = echo_of(person(), person(), far < 18)
        kappas.append(echo.kappa)
        raws.append(echo.raw)
    assert np.mean(raws) > 0.25
    assert abs(np.mean(kappas)) < 0.1


def test_strata_of_another_shape_are_refused():
    mask = np.ones((2, 2, 2), bool)
    strata = cut_strata(np.ones((2, 2, 1), bool), spacing_mm=SPACING)
    with pytest.raises(ValueError, match=r"strata must have the masks' shape \(2, 2, 2\)"):
        measure_echo(mask, automated=mask, expert=mask, strata=strata)


def test_masks_of_different_shapes_are_refused():
    mask = np.ones((2, 2, 2), bool)
    strata = cut_strata(mask, spacing_mm=SPACING)
    with pytest.raises(BiasRulerError, match="BR220"):
        measure_echo(mask[:1], automated=mask, expert=mask, strata=strata)


def test_what_is_unknown_is_none_in_plain_data():
    plain = Echo(n_automated_errors=3, kappa=nan).to_plain()
    assert plain == {**dict.fromkeys(ECHO_FACTS), "n_automated_errors": 3.0}
