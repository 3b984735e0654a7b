"""The made-up cohort that speed is measured on: reproducible, like the real one, auditable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from benchmarks.generated import (
    GRIDS,
    SETS,
    SHARES,
    THICKNESSES_MM,
    draw_masks,
    draw_patient,
    draw_share,
    write_cohort,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder, n_cases=3)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_seed_writes_the_same_bytes(cohort: Path, tmp_path: Path) -> None:
    write_cohort(tmp_path, n_cases=3)
    assert contents(tmp_path) == contents(cohort)


def test_a_longer_cohort_continues_a_shorter_one(cohort: Path, tmp_path: Path) -> None:
    write_cohort(tmp_path, n_cases=1)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.gz")}
    write_cohort(tmp_path, n_cases=3)
    assert contents(tmp_path) == contents(cohort)
    assert times == {path: path.stat().st_mtime_ns for path in times}, "a mask was written twice"


def test_another_seed_draws_other_masks() -> None:
    one, other = (draw_patient(3, seed=seed) for seed in (0, 1))
    assert (one.age, draw_share(one)) != (other.age, draw_share(other))


def test_tumours_fill_a_ten_thousandth_to_a_hundredth_or_nothing() -> None:
    shares = [draw_share(draw_patient(number)) for number in range(400)]
    tumours = [share for share in shares if share]
    assert 4 <= len(shares) - len(tumours) <= 20, "about one case in 40 is empty"
    assert min(tumours) >= SHARES[0]
    assert max(tumours) <= SHARES[1]
    assert min(tumours) < 2 * SHARES[0]
    assert max(tumours) > SHARES[1] / 2


@pytest.mark.parametrize("share", [1e-4, 1e-3, 1e-2])
def test_a_drawn_tumour_has_about_the_size_asked_for(share: float) -> None:
    masks = draw_masks(draw_patient(8), share=share)
    for name, voxels in masks.items():
        assert share / 2 < voxels.mean() < 2 * share, name


def test_a_case_without_tumour_is_empty_in_every_set() -> None:
    masks = draw_masks(draw_patient(8), share=0.0)
    assert [int(voxels.max()) for voxels in masks.values()] == [0, 0, 0]


def test_sets_draw_the_same_tumour_differently() -> None:
    masks = draw_masks(draw_patient(8), share=1e-3)
    for first, second in (("expert", "automated"), ("expert", "unet"), ("automated", "unet")):
        one, other = masks[first] > 0, masks[second] > 0
        dice = 2 * (one & other).sum() / (one.sum() + other.sum())
        assert 0.6 < dice < 0.99, f"{first} and {second} agree by {dice}"


def test_the_automated_set_draws_tumours_of_the_young_smaller() -> None:
    ratios: dict[bool, list[float]] = {True: [], False: []}
    for number in range(60):
        patient = draw_patient(number)
        if patient.grid == GRIDS[0]:
            masks = draw_masks(patient, share=1e-3)
            ratios[patient.age < 45].append(masks["automated"].sum() / masks["expert"].sum())
    assert np.mean(ratios[True]) < np.mean(ratios[False]) < 1


def test_the_surface_of_a_tumour_is_dented() -> None:
    patient = draw_patient(8)
    voxels = draw_masks(patient, share=1e-3)["expert"] > 0
    places = np.argwhere(voxels) * patient.spacing_mm
    edge = np.argwhere(voxels & ~ndimage.binary_erosion(voxels)) * patient.spacing_mm
    spread = np.cov(places.T)  # an ellipsoid's surface lies at one distance by this measure
    away = edge - places.mean(axis=0)
    reach = np.sqrt(np.einsum("ij,jk,ik->i", away, np.linalg.inv(spread), away))
    assert reach.std() / reach.mean() > 0.08, "the tumour is a plain ellipsoid"


def test_masks_have_the_grids_of_the_real_cohort(cohort: Path) -> None:
    for name in SETS:
        for path in sorted((cohort / name).iterdir()):
            image = nib.load(path)
            assert image.shape in GRIDS
            assert image.header.get_data_dtype() == np.uint8
            in_plane, _, thick = (round(float(mm), 3) for mm in image.header.get_zooms())
            assert in_plane == 0.7
            assert thick in THICKNESSES_MM


def test_pytest_audits_the_folder(cohort: Path, pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_subprocess(
        "--rootdir", cohort, cohort / "biasruler.toml", "-p", "no:cacheprovider", "-ra"
    )
    # Three cases are too few to judge, so no check can pass or fail; but each of them was asked.
    assert done.ret == 0, done.stdout.str()
    done.stdout.fnmatch_lines(["*5 inconclusive*"])
