"""What the model does, image by image."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from segmenter import segment
from segmenter.pipeline import find_threshold


def test_the_threshold_lies_between_two_values():
    assert 1 < find_threshold(np.repeat([1.0, 3.0], 50)) < 3


def test_an_empty_image_has_no_lesion():
    assert not segment(np.zeros((8, 8, 8)), (1.0, 1.0, 1.0)).any()


def test_a_prediction_is_one_lesion(biasruler_masks, biasruler_subgroups):
    for case in biasruler_subgroups.index:
        assert ndimage.label(biasruler_masks["segmenter", case].voxels)[1] == 1


def test_no_lesion_is_missed(biasruler_scores):
    assert biasruler_scores["dice"].min() > 0.5
