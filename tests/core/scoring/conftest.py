"""Tiny benchmarks of real NIfTI files, written by the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import nibabel
import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference, ReferenceKind
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.scoring.run import score_benchmark

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (12, 11, 10)
SPACING = (1.0, 1.5, 2.0)


def cube(start, size=4, value=1, shape=SHAPE):
    """A block of `size` voxels a side, at most to the edge; 0: empty."""
    voxels = np.zeros(shape, np.uint8)
    voxels[tuple(slice(at, at + size) for at in start)] = value
    return voxels


def write_mask(path: Path, voxels, affine=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([*SPACING, 1.0]) if affine is None else affine
    nibabel.Nifti1Image(voxels, affine).to_filename(path)
    return path


@dataclass
class Bench:
    """Masks by set and case under one root, and what the benchmark says of them."""

    root: Path
    masks: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    @property
    def cases(self):
        return sorted({case for masks in self.masks.values() for case in masks})

    def path(self, name, case):
        return self.root / name / f"{case}.nii.gz"

    def build(self, **options):
        options = {**self.options, **options}
        kinds = {"expert": "expert", "expert2": "expert", "auto": "automated"}
        sources = options.pop("sources", {})
        named = [*self.masks, *(name for name in sources if name not in self.masks)]

        def given(name):
            return sources.get(name, f"{name}/{{case}}.nii.gz")

        frame = options.pop("metadata", None)
        if frame is None:
            frame = pd.DataFrame({"case": self.cases})
        return Benchmark(
            name="tiny",
            metadata=frame,
            root=self.root,
            references=tuple(
                Reference(name=name, kind=ReferenceKind(kinds[name]), masks=given(name))
                for name in named
                if name in kinds
            ),
            models=tuple(
                Model(name=name, masks=given(name)) for name in named if name not in kinds
            ),
            **options,
        )

    def score(self, *, build=None, **how):
        benchmark = self.build(**(build or {}))
        return score_benchmark(benchmark, metadata=read_metadata(benchmark), **how)


@pytest.fixture(name="make_bench")
def fixture_make_bench(tmp_path):
    """Return a function that writes masks {set: {case: voxels or bytes}} and names them."""

    def make(masks, folder="data", **options):
        bench = Bench(root=tmp_path / folder, masks=masks, options=options)
        for name, by_case in masks.items():
            for case, content in by_case.items():
                path = bench.path(name, case)
                if isinstance(content, bytes):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                elif content is not None:
                    write_mask(path, content)
        return bench

    return make


@pytest.fixture(name="cube")
def fixture_cube():
    return cube


@pytest.fixture(name="write_mask")
def fixture_write_mask():
    return write_mask


@pytest.fixture(name="tiny")
def fixture_tiny(make_bench):
    """Six cases: the model is one voxel off, the automated reference a little large."""
    cases = [f"c{index}" for index in range(6)]
    return make_bench(
        {
            "expert": {case: cube((2, 2, index)) for index, case in enumerate(cases)},
            "auto": {case: cube((2, 2, index), 5) for index, case in enumerate(cases)},
            "unet": {case: cube((3, 2, index)) for index, case in enumerate(cases)},
        }
    )
