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
    plain = {"outlines": {"unet": "M1 1h3v1h-3z"}, "width": 5.0, "height": 3.0, "coarse": ["unet"]}
    return json.loads(json.dumps({**plain, **changes}))


def test_an_answer_in_its_one_form_is_taken():
    assert _hear(told(), square_and_noise()) == CasePicture(
        outlines={"unet": "M1 1h3v1h-3z"}, width=5.0, height=3.0, coarse=("unet",)
    )


@pytest.mark.parametrize(
    "coarse",
    [["expert"], ["unet", "unet"], ["<b>"], [["unet"]], [None], "unet", None, {}, [1] * 9],
)
def test_sets_that_were_not_drawn_cannot_be_told_to_be_coarse(coarse):
    with pytest.raises(answer.Malformed):
        _hear(told(coarse=coarse), square_and_noise())
