"""What is measured of two masks does not depend on which other masks their case holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring import crowded
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.pairs import is_measured

GRID = (40, 36, 22)
ROLES = {
    "expert": Role.EXPERT,
    "auto": Role.AUTOMATED,
    "unet": Role.MODEL,
    "other": Role.MODEL,
    "expert2": Role.EXPERT,
}
METRICS = tuple(filter(is_measured, CATALOGUE.values()))

quick = settings(deadline=None, derandomize=True, max_examples=25)


def blob(rng, *, centre, radius):
    """Return a dented ball and some specks around it."""
    axes = np.ogrid[tuple(slice(length) for length in GRID)]
    reach = np.sqrt(sum((at - mid) ** 2 for at, mid in zip(axes, centre, strict=True)))
    dents = ndimage.gaussian_filter(rng.normal(size=GRID), 1.5)
    specks = (rng.random(GRID) < 0.01) & (reach < radius + 3)
    return ((reach < radius + 8 * dents) | specks).astype(np.uint8)


def score(masks, spacing):
    affine = np.diag([*spacing, 1.0])
    entries = tuple(
        Entry(set=name, role=ROLES[name], source=accept_mask(Mask(voxels=mask, affine=affine)))
        for name, mask in masks.items()
    )
    scores = score_case(
        Job(case="c", entries=entries, metrics=METRICS, measures=("shape", "echo"))
    )
    assert scores["error"] is None
    return scores


def rows_of(scores, names):
    """Return all rows in which no other set takes part, by what they are of."""
    keys = ("label", "model", "automated", "reference")
    return {
        (kind, *(row[key] for key in keys if key in row)): row
        for kind in ("rows", "shapes", "echoes")
        for row in scores[kind]
        if {row.get(key, "expert") for key in keys[1:]} <= names
    }


@quick
@given(
    st.integers(0, 2**32),
    st.sampled_from([(0.7, 0.7, 2.0), (1.0, 1.0, 1.0), (0.699999988079071, 0.3, 5.0)]),
    st.sampled_from(["other", "expert2"]),
    st.booleans(),
)
@example(seed=1, spacing=(0.1, 0.3, 0.7), company="expert2", is_crowded=False)
def test_a_far_larger_mask_beside_them_changes_no_bit(seed, spacing, company, is_crowded):
    rng = np.random.default_rng(seed)
    centre = rng.uniform(12, 16, 3) * (1, 1, 0.7)
    masks = {
        name: blob(rng, centre=centre + rng.uniform(-1, 1, 3), radius=rng.uniform(2, 6))
        for name in ("expert", "auto", "unet")
    }
    assume(all(mask.any() for mask in masks.values()))
    large = blob(rng, centre=(30, 28, 12), radius=9)
    large[-1, -1, -1] = large[0, 0, 0] = 1
    with pytest.MonkeyPatch.context() as patch:
        if is_crowded:
            patch.setattr(crowded, "FEWEST_CROWDED", 0)
        alone = score(masks, spacing)
        together = score({**masks, company: large}, spacing)
    names = set(masks)
    expected = rows_of(alone, names)
    assert {key[0] for key in expected} == {"rows", "shapes", "echoes"}
    assert len([key for key in expected if key[0] == "rows"]) == 3
    assert rows_of(together, names) == expected, "not to the last bit"


def test_two_of_three_masks_score_as_they_do_without_the_third():
    rng = np.random.default_rng(3)
    masks = {
        name: blob(rng, centre=(12 + shift, 13, 9), radius=5)
        for shift, name in enumerate(("expert", "auto", "unet"))
    }
    together = rows_of(score(masks, (0.7, 0.7, 1.5)), set(masks))
    for left_out in ("auto", "unet"):
        kept = {name: mask for name, mask in masks.items() if name != left_out}
        alone = rows_of(score(kept, (0.7, 0.7, 1.5)), set(kept))
        assert alone
        assert alone == {key: row for key, row in together.items() if key in alone}
