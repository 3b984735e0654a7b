from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import Mask

AFFINE = np.diag([2.0, 3.0, 4.0, 1.0])


def labels(*shape):
    voxels = np.zeros(shape, "u1")
    voxels[..., 1:, 1:] = 1
    return voxels


class Tensor:
    """What torch promises: numpy takes it only off the graph and in the memory of the host."""

    def __init__(self, values, *, is_bare=False):
        self.values, self._is_bare = values, is_bare

    def detach(self):
        return self

    def cpu(self):
        return type(self).__new_bare__(self)

    @classmethod
    def __new_bare__(cls, other):
        return Tensor(other.values, is_bare=True)

    def __array__(self, dtype=None, copy=None):
        if not self._is_bare:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return np.asarray(self.values, dtype)


class MetaTensor(Tensor):
    """A tensor with an affine that is a tensor too."""

    def __init__(self, values, affine=AFFINE, **meta):
        super().__init__(values)
        self.affine, self.meta = Tensor(affine), meta


class Odd(Tensor):
    """Of a type that numpy has not."""

    def cpu(self):
        raise TypeError("Got unsupported ScalarType BFloat16")


def refusal(given):
    with pytest.raises(BiasRulerError) as caught:
        accept_mask(given, name="prediction of unet")
    return caught.value


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 6), (1, 4, 5, 6)])
@pytest.mark.parametrize("kind", ["bool", "u1", "i8", "f4"])
def test_a_tensor_is_read_as_the_array_it_holds(shape, kind):
    voxels = labels(*shape).astype(kind)
    expected = accept_mask(voxels if shape[0] != 1 else voxels[0])
    assert accept_mask(Tensor(voxels)).voxel_sha256 == expected.voxel_sha256


def test_the_affine_of_monai_is_that_of_the_mask():
    crop = accept_mask(MetaTensor(labels(1, 4, 5, 6)))
    assert crop.shape == (4, 5, 6)
    assert crop.affine.tolist() == AFFINE.tolist()
    assert crop.spacing_mm == (2.0, 3.0, 4.0)


def test_an_affine_that_was_not_converted_is_turned():
    crop = accept_mask(MetaTensor(labels(4, 5, 6), space="LPS"))
    assert np.diag(crop.affine).tolist() == [-2, -3, 4, 1]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (Tensor(labels(3, 4, 5, 6)), "3 channels"),
        (Tensor(labels(3, 4, 5, 1)), "3 channels"),
        (MetaTensor(labels(3, 4, 5, 6)), "3 channels"),
        (Tensor(labels(1, 4, 5, 1)), "may be a channel"),
        (MetaTensor(labels(1, 4, 5)), "may be a channel"),
        (Tensor(labels(2, 3, 4, 5, 6)), "shape"),
    ],
)
def test_channels_are_never_guessed(given, word):
    error = refusal(given)
    assert error.code == "BR206"
    assert word in error.found


@pytest.mark.parametrize("given", [3, np.float32(1), np.array(1), Tensor(np.array(1))])
def test_a_single_number_is_no_mask(given):
    assert refusal(given).code == "BR206"


@pytest.mark.parametrize(
    ("given", "code"),
    [([[1, 0], [1]], "BR206"), (None, "BR202"), ("x", "BR202"), (Odd([1]), "BR202")],
)
def test_what_holds_no_numbers_is_refused_by_name(given, code):
    assert refusal(given).code == code


def test_lists_and_tensors_in_a_mask_are_arrays_too():
    assert accept_mask([[0, 1], [1, 1]]).n_foreground == 3
    mask = Mask(voxels=Tensor(labels(4, 5, 6)), affine=Tensor(AFFINE))
    assert mask.spacing_mm == (2.0, 3.0, 4.0)
