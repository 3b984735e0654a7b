from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from pytest_biasruler.statistics.draws import Stream, normal_columns


def test_the_stream_is_the_raw_pcg64_one():
    raw = np.random.PCG64(7).random_raw(6)
    expected = [(float(int(x) >> 11) + 0.5) / 2**53 for x in raw]
    assert Stream(7).uniforms(2, 3).ravel().tolist() == expected


def test_rows_are_filled_one_after_the_other_whatever_the_portions():
    stream = Stream()
    portions = np.concatenate([stream.uniforms(2, 3), stream.uniforms(1, 3)])
    assert np.array_equal(portions, Stream().uniforms(3, 3))


def test_normals_are_quantiles_and_columns_are_the_rows_turned():
    assert np.array_equal(Stream().normals(5, 2), ndtri(Stream().uniforms(5, 2)))
    assert np.array_equal(normal_columns(5, 2), Stream().normals(5, 2).T)


def test_kept_draws_cannot_be_spoilt():
    with pytest.raises(ValueError, match="read-only"):
        normal_columns(5, 2)[0, 0] = 0.0


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="non-negative"):
        Stream(-1)
