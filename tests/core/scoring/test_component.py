"""Components of masks: as many as labelled voxels tell, by either way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from scipy import ndimage

from pytest_biasruler.scoring import component
from pytest_biasruler.scoring.component import count_touched, find_components

quick = settings(deadline=None, derandomize=True, max_examples=150)
ways = st.sampled_from([0, 32, 10**9])  # joined runs, whichever is quicker, labelled voxels


@st.composite
def pairs(draw):
    """Draw two masks of random voxels on one grid, from a few specks to a few holes."""
    shape = draw(array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shares = [draw(st.sampled_from([0.0, 0.05, 0.2, 0.4, 0.9])) for _ in range(2)]
    return [rng.random(shape) < share for share in shares]


def label(mask):
    return ndimage.label(mask, structure=np.ones((3,) * mask.ndim, bool))


@quick
@given(pairs(), ways)
@example([np.ones((1, 1), bool), np.zeros((1, 1), bool)], 0)
def test_there_are_as_many_components_as_labels(pair, short):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(component, "_SHORT", short)
        for mask in pair:
            assert find_components(mask).n == label(mask)[1]


@quick
@given(pairs(), st.tuples(ways, ways))
def test_a_component_is_touched_if_one_of_its_voxels_is(pair, shorts):
    components = []
    for mask, short in zip(pair, shorts, strict=True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(component, "_SHORT", short)
            components.append(find_components(mask))
    both = pair[0] & pair[1]
    touched = [len(np.unique(label(mask)[0][both])) for mask in pair]
    assert count_touched(components[0], by=components[1]) == touched[0]
    assert count_touched(components[1], by=components[0]) == touched[1]


@pytest.mark.parametrize("short", [0, 10**9])
def test_voxels_that_touch_by_a_corner_hang_together(monkeypatch, short):
    monkeypatch.setattr(component, "_SHORT", short)
    corner = np.zeros((3, 3, 3), bool)
    corner[0, 0, 0] = corner[1, 1, 1] = True
    assert find_components(corner).n == 1
    assert find_components(corner[:, :, ::2]).n == 1
    corner[1, 1, 1], corner[2, 2, 2] = False, True
    assert find_components(corner).n == 2


@pytest.mark.parametrize("short", [0, 10**9])
def test_a_flat_image_has_eight_neighbours_with_and_without_its_third_axis(monkeypatch, short):
    monkeypatch.setattr(component, "_SHORT", short)
    checkers = np.indices((4, 4)).sum(axis=0) % 2 == 0
    assert find_components(checkers).n == find_components(checkers[:, :, None]).n == 1


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_opposite_borders_do_not_touch(monkeypatch, axis):
    monkeypatch.setattr(component, "_SHORT", 0)
    mask = np.zeros((5, 6, 7), bool)
    ends = [slice(None)] * 3
    ends[axis] = [0, -1]
    mask[tuple(ends)] = True
    assert find_components(mask).n == 2


def test_a_snake_and_a_comb_are_one_component_each(monkeypatch):
    monkeypatch.setattr(component, "_SHORT", 0)
    comb = np.zeros((99, 200), bool)
    comb[::2] = comb[:, -1] = True
    assert find_components(comb).n == 1
    snake = np.zeros((99, 200), bool)
    snake[::2] = snake[1::4, -1] = snake[3::4, 0] = True
    assert find_components(snake).n == 1
    snake[49, :] = False
    assert find_components(snake).n == 2


def test_a_mask_without_voxels_has_no_component_and_touches_none():
    empty, mask = np.zeros((2, 4, 4, 4), bool)
    mask[1:3, 1:3, 1:3] = True
    nothing, one = find_components(empty), find_components(mask)
    assert (nothing.n, one.n) == (0, 1)
    assert count_touched(one, by=nothing) == count_touched(nothing, by=one) == 0


def test_components_of_masks_of_other_shapes_are_not_compared():
    components = [find_components(np.ones(shape, bool)) for shape in ((2, 3), (3, 2))]
    with pytest.raises(ValueError, match=r"one shape; found \(2, 3\) and \(3, 2\)"):
        count_touched(components[0], by=components[1])
