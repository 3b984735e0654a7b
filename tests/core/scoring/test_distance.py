"""Distances between surfaces: by hand, by law, and against the reference implementation."""

from __future__ import annotations

import os
from itertools import combinations
from math import inf, isnan, sqrt
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
import surface_distance.metrics as published
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from pytest_biasruler.scoring.distance import assd, hd, hd95, measure_surfaces, nsd
from pytest_biasruler.scoring.overlap import dice
from pytest_biasruler.scoring.surface import extract_surface

SPACING = (0.7, 0.9, 2.5)

quick = settings(deadline=None, derandomize=True, max_examples=60)
volumes = arrays(bool, (4, 5, 3), fill=st.nothing())


def measure(model, reference, spacing=SPACING):
    return measure_surfaces(
        extract_surface(model, spacing_mm=spacing), extract_surface(reference, spacing_mm=spacing)
    )


def numbers(distances, *, tolerance_mm=1.2345):
    return [
        nsd(distances, tolerance_mm=tolerance_mm),
        hd95(distances),
        hd(distances),
        assd(distances),
    ]


def two_plates(gap, *, spacing=(1.0, 1.0, 1.0)):
    """Return two plates of 4 x 4 voxels, `gap` voxels apart along the first axis."""
    model, reference = np.zeros((2, 6, 6, 6), bool)
    model[0, 1:5, 1:5] = True
    reference[gap, 1:5, 1:5] = True
    return measure(model, reference, spacing)


def test_two_pixels_a_step_apart_come_out_as_worked_by_hand():
    # Contours of 4 half diagonals each; of each contour two surfels lie 3 mm from the other one.
    model, reference = np.array([[True, False]]), np.array([[False, True]])
    distances = measure(model, reference, (4.0, 3.0))
    assert distances.first.distances_mm.tolist() == [0, 3]
    assert distances.second.areas_mm2.tolist() == [5, 5]
    assert nsd(distances, tolerance_mm=2.9) == 0.5
    assert nsd(distances, tolerance_mm=3.0) == 1.0, "at the tolerance is within it"
    assert (hd95(distances), hd(distances), assd(distances)) == (3, 3, 1.5)


def test_means_and_percentiles_weigh_surfels_by_area():
    # A bar of 21 pixels against the same without its last one: the tips at that end are 1 away,
    # two half diagonals of a contour of 2 * 20 + 4 * sqrt(0.5); the shorter bar lies on the other.
    bar = np.ones((1, 21), bool)
    shorter = bar.copy()
    shorter[0, 20] = False
    distances = measure(bar, shorter, (1.0, 1.0))
    around, around_shorter = 40 + 4 * sqrt(0.5), 38 + 4 * sqrt(0.5)
    assert assd(distances) == pytest.approx(2 * sqrt(0.5) / (around + around_shorter))
    assert nsd(distances, tolerance_mm=0.5) == pytest.approx(
        1 - 2 * sqrt(0.5) / (around + around_shorter)
    )
    assert hd95(distances) == 0, "1.41 of 42.8 mm is less than 5 %"
    assert hd(distances) == 1


def test_a_mask_against_itself_is_perfect():
    mask = np.random.default_rng(0).random((8, 9, 7)) > 0.5
    assert numbers(measure(mask, mask.copy())) == [1, 0, 0, 0]
    assert nsd(measure(mask, mask.copy()), tolerance_mm=0) == 1


@pytest.mark.parametrize("gap", [1, 2, 3, 4])
def test_plates_are_as_far_apart_as_they_were_put(gap):
    distances = two_plates(gap)
    assert hd95(distances) == hd(distances) == gap
    assert assd(distances) == pytest.approx(gap - 0.5), "the side that faces the other is nearer"


def test_equal_steps_are_equal_distances_wherever_they_lie():
    # 0.1 * 3 differs from 0.7 - 0.4 in the last digit: at a tolerance that would decide.
    found = set()
    for start in range(20):
        model, reference = np.zeros((2, 1, 40), bool)
        model[0, start], reference[0, start + 5] = True, True
        found |= set(measure(model, reference, (1.0, 0.1)).first.distances_mm.tolist())
    assert found == {4 * 0.1, 5 * 0.1}


def test_one_empty_mask_is_infinitely_far_and_agrees_nowhere():
    mask, empty = np.ones((3, 3, 3), bool), np.zeros((3, 3, 3), bool)
    assert numbers(measure(mask, empty)) == [0, inf, inf, inf]
    assert numbers(measure(empty, mask)) == [0, inf, inf, inf]


def test_two_empty_masks_have_no_distance():
    empty = np.zeros((3, 3, 3), bool)
    assert all(isnan(number) for number in numbers(measure(empty, empty)))


def test_surfaces_of_different_grids_are_not_compared():
    mask = np.ones((3, 3, 3), bool)
    fine = extract_surface(mask, spacing_mm=(1.0, 1.0, 1.0))
    for other in (
        extract_surface(mask, spacing_mm=(1.0, 1.0, 2.0)),
        extract_surface(mask[0], spacing_mm=(1.0, 1.0)),
    ):
        with pytest.raises(ValueError, match="surfaces must be of one grid"):
            measure_surfaces(fine, other)


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), inf])
def test_a_tolerance_that_is_no_distance_is_refused(tolerance):
    with pytest.raises(ValueError, match="tolerance_mm must be 0 or more and finite"):
        nsd(two_plates(1), tolerance_mm=tolerance)


@quick
@given(volumes, volumes)
def test_the_order_of_the_masks_does_not_matter(model, reference):
    assume(model.any() and reference.any())
    forth, back = measure(model, reference), measure(reference, model)
    assert numbers(forth) == pytest.approx(numbers(back), rel=1e-12)


@quick
@given(volumes, volumes)
def test_distances_keep_their_order_and_range(model, reference):
    assume(model.any() and reference.any())
    distances = measure(model, reference)
    share, robust, largest, mean = numbers(distances)
    assert 0 <= share <= 1
    assert 0 <= robust <= largest
    assert 0 <= mean <= largest * (1 + 1e-12)
    assert nsd(distances, tolerance_mm=largest) == pytest.approx(1)
    assert nsd(distances, tolerance_mm=0.5) <= nsd(distances, tolerance_mm=1.5)


@quick
@given(volumes, volumes, st.sampled_from([0.25, 2.0, 8.0]))
def test_distances_scale_with_the_spacing(model, reference, factor):
    assume(model.any() and reference.any())
    small = numbers(measure(model, reference), tolerance_mm=1.0)
    spacing = tuple(factor * length for length in SPACING)
    large = numbers(measure(model, reference, spacing), tolerance_mm=factor)
    expected = [small[0], *(factor * number for number in small[1:])]
    assert large == pytest.approx(expected, rel=1e-12)


@quick
@given(volumes, volumes, st.permutations(range(3)), st.sampled_from([1, -1]))
def test_naming_or_turning_the_axes_changes_nothing(model, reference, order, step):
    assume(model.any() and reference.any())
    turned = measure(
        model.transpose(order)[::step],
        reference.transpose(order)[::step],
        tuple(SPACING[axis] for axis in order),
    )
    assert numbers(turned) == pytest.approx(numbers(measure(model, reference)), rel=1e-12)


@quick
@given(volumes, volumes, st.tuples(*[st.integers(0, 3)] * 6))
def test_background_around_the_masks_changes_nothing(model, reference, width):
    assume(model.any() and reference.any())
    margin = [width[:2], width[2:4], width[4:]]
    padded = measure(np.pad(model, margin), np.pad(reference, margin))
    assert numbers(padded) == numbers(measure(model, reference))


@pytest.fixture
def package(monkeypatch):
    """Return the reference implementation, which needs names that numpy 2 and scipy dropped."""
    monkeypatch.setattr(np, "Inf", inf, raising=False)
    monkeypatch.setattr(
        published,
        "ndimage",
        SimpleNamespace(
            filters=SimpleNamespace(correlate=ndimage.correlate),
            morphology=SimpleNamespace(distance_transform_edt=ndimage.distance_transform_edt),
        ),
    )
    return published


def assert_equal_to_package(package, model, reference, spacing):
    theirs = package.compute_surface_distances(reference, model, spacing)
    ours = measure(model, reference, spacing)
    areas = [theirs["surfel_areas_gt"], theirs["surfel_areas_pred"]]
    both = [theirs["distances_gt_to_pred"], theirs["distances_pred_to_gt"]]
    found = {
        "dice": dice(model, reference),
        "nsd 1 mm": nsd(ours, tolerance_mm=1.0),
        "nsd 2 mm": nsd(ours, tolerance_mm=2.0),
        "hd95": hd95(ours),
        "hd": hd(ours),
        "assd": assd(ours),
    }
    expected = {
        "dice": package.compute_dice_coefficient(reference, model),
        "nsd 1 mm": package.compute_surface_dice_at_tolerance(theirs, 1.0),
        "nsd 2 mm": package.compute_surface_dice_at_tolerance(theirs, 2.0),
        "hd95": package.compute_robust_hausdorff(theirs, 95),
        "hd": package.compute_robust_hausdorff(theirs, 100),
        "assd": np.average(np.concatenate(both), weights=np.concatenate(areas)),
    }
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def ellipsoid(shape, *, centre, radii_mm, spacing):
    grid = np.ogrid[tuple(slice(length) for length in shape)]
    places = zip(grid, centre, radii_mm, spacing, strict=True)
    return sum(((at - mid) * mm / radius) ** 2 for at, mid, radius, mm in places) <= 1


@pytest.mark.parametrize(
    "spacing", [(0.7, 0.7, 2.5), (1.0, 1.0, 1.0), (0.5, 1.3, 3.0), (0.6, 0.8)]
)
def test_ellipsoids_score_as_in_the_reference_implementation(package, spacing):
    rng = np.random.default_rng(len(spacing))
    n_axes = len(spacing)
    for _ in range(12):
        shape = rng.integers(18, 34, n_axes)
        centre = shape / 2 + rng.uniform(-4, 4, n_axes)  # some of them touch the border
        model, reference = (
            ellipsoid(
                shape,
                centre=centre + rng.uniform(-2, 2, n_axes),
                radii_mm=rng.uniform(3, 10, n_axes),
                spacing=spacing,
            )
            for _ in range(2)
        )
        assert_equal_to_package(package, model, reference, spacing)


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 2.5), (0.6, 0.8)])
def test_scattered_voxels_score_as_in_the_reference_implementation(package, spacing):
    rng = np.random.default_rng(7)
    for density in (0.02, 0.2, 0.5, 0.8, 0.98):
        model, reference = rng.random((2, *(9, 8, 7)[: len(spacing)])) < density
        assert_equal_to_package(package, model, reference, spacing)


def test_one_empty_mask_scores_as_in_the_reference_implementation(package):
    mask, empty = np.zeros((2, 5, 5, 5), bool)
    mask[1:4, 2, 2:4] = True
    theirs = package.compute_surface_distances(mask, empty, SPACING)
    ours = measure(empty, mask)
    assert hd95(ours) == package.compute_robust_hausdorff(theirs, 95) == inf
    assert nsd(ours, tolerance_mm=1) == package.compute_surface_dice_at_tolerance(theirs, 1) == 0


def test_real_nodules_score_as_in_the_reference_implementation(package):
    if not (data := os.environ.get("BIASRULER_DATA")):
        pytest.skip("BIASRULER_DATA does not name the folder of real data")
    root = Path(data) / "lidc"
    names = sorted(path.name for path in (root / "rater1").iterdir())[:40]
    for name in names:
        images = [nib.load(root / f"rater{rater}" / name) for rater in range(1, 5)]
        spacing = tuple(float(length) for length in images[0].header.get_zooms())
        masks = [np.asanyarray(image.dataobj) != 0 for image in images]
        for model, reference in combinations(masks, 2):
            assert_equal_to_package(package, model, reference, spacing)
