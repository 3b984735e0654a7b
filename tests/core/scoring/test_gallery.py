"""Pictures of cases: noise is drawn within bounds, and a stranger's answer has one form."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pytest_biasruler.masks.crop import crop_mask
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring import answer
from pytest_biasruler.scoring.gallery import CasePicture, _hear, draw_job
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.outline import MOST_CHARACTERS


def job(**voxels):
    roles = {"expert": Role.EXPERT, "unet": Role.MODEL}
    entries = [
        Entry(
            set=name,
            role=roles[name],
            source=crop_mask(Mask(voxels=mask, affine=np.eye(4))),
        )
        for name, mask in voxels.items()
    ]
    return Job(case="c0", entries=tuple(entries), metrics=())


def square_and_noise():
    square = np.zeros((70, 70, 1), np.uint8)
    square[20:50, 20:50] = 1
    noise = np.random.default_rng(0).random((70, 70, 1)) < 0.3
    return job(expert=square, unet=noise.astype(np.uint8))


def test_a_prediction_of_noise_is_drawn_within_bounds_beside_a_sharp_reference():
    picture = draw_job(square_and_noise(), label=None)
    assert picture.coarse == ("unet",)
    assert 0 < len(picture.outlines["unet"]) <= MOST_CHARACTERS
    assert "h30v30h-30z" in picture.outlines["expert"]


def told(**changes):
    plain = {
        "outlines": {"unet": "M1 1h3v1h-3z"},
        "width": 5.0,
        "height": 3.0,
        "coarse": ["unet"],
        "sides": ["R", "L"],
    }
    return json.loads(json.dumps({**plain, **changes}))


def test_an_answer_in_its_one_form_is_taken():
    assert _hear(told(), square_and_noise()) == CasePicture(
        outlines={"unet": "M1 1h3v1h-3z"},
        width=5.0,
        height=3.0,
        coarse=("unet",),
        sides=("R", "L"),
    )


@pytest.mark.parametrize(
    "coarse",
    [["expert"], ["unet", "unet"], ["<b>"], [["unet"]], [None], "unet", None, {}, [1] * 9],
)
def test_sets_that_were_not_drawn_cannot_be_told_to_be_coarse(coarse):
    with pytest.raises(answer.Malformed):
        _hear(told(coarse=coarse), square_and_noise())


@pytest.mark.parametrize("sides", [["L", "R"], ["R"], ["<b>", "L"], "RL", None, [["R"], "L"]])
def test_other_sides_than_those_of_a_patient_cannot_be_told(sides):
    with pytest.raises(answer.Malformed):
        _hear(told(sides=sides), square_and_noise())


def corner(affine, *, shape=(8, 6, 3)):
    """Return a picture of two voxels at the start of the grid, in a frame of one more."""
    voxels = np.zeros(shape, np.uint8)
    voxels[0:2, 0, 0] = 1
    voxels[5, 4, 0] = 1
    source = crop_mask(Mask(voxels=voxels, affine=affine))
    entry = Entry(set="expert", role=Role.EXPERT, source=source)
    return draw_job(Job(case="c0", entries=(entry,), metrics=()), label=None)


def test_the_patients_right_is_on_the_left_and_the_front_on_top():
    # Voxels run to the right and to the front: the two at the start end up right and at the foot.
    picture = corner(np.eye(4))
    assert picture.sides == ("R", "L")
    assert {*picture.outlines["expert"].split("M")} == {"", "5 5h2v1h-2z", "1 1h1v1h-1z"}


def test_a_grid_that_runs_to_the_left_and_to_the_back_is_not_turned():
    picture = corner(np.diag([-1.0, -1.0, 1.0, 1.0]))
    assert picture.sides == ("R", "L")
    assert picture.outlines["expert"].startswith("M1 1h2v1h-2z")


def test_without_an_orientation_the_grid_is_shown_as_stored_and_no_side_is_named():
    picture = corner(None)
    assert picture.sides == ()
    assert picture.outlines["expert"].startswith("M1 1h2v1h-2z")


def test_a_slice_from_front_to_back_names_no_side():
    affine = np.eye(4)[:, [1, 2, 0, 3]]  # slices lie along the axis to the right
    assert corner(affine).sides == ()
