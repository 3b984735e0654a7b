"""Edited masks, and what nibabel and the standard library's gzip read in the same bytes."""

from __future__ import annotations

import gzip
import math
import warnings
from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np

from benchmarks.fuzzing.edits import edit_bytes, edit_header, pack_gzip
from benchmarks.fuzzing.outcome import RIGHT, hold, outcome_of
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.reader import read_mask
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.job import Entry, Job, Role, Status, error_from_plain
from tests.core.masks.broken_files import (
    N2,
    N,
    O,
    Q,
    R,
    big_endian,
    extension,
    forms,
    mask,
    nii,
    put,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from numpy.typing import NDArray

    from pytest_biasruler.masks.mask import Mask

nibabel.imageglobals.logger.setLevel("CRITICAL")  # it repairs headers aloud

_TURNED = np.array([[0, -0.7, 0, 9], [0.8, 0, 0, -8], [0, 0, 2.5, 7], [0, 0, 0, 1.0]])
_FOUR = nii(mask()[..., None])
BASES = (
    *(N, Q, O, N2, big_endian(), _FOUR, nii(mask()[:, :, 3]), forms(np.eye(4), np.eye(4))),
    *(nii(mask().astype(kind)) for kind in ("i1", "u2", "i4", "i8", "u8", "f4", "f8")),
    *(
        stored([0, 1, 2], "u1"),
        stored([0, 1], "i2"),
        extension(32, 6, b"hello"),
        nii(affine=_TURNED),
    ),
    put(put(N2, 344, "2i", 1, 0), 352, "3d", 0.1, 0.2, 0.3),
    nibabel.Nifti2Image(
        mask().astype("i2"), np.eye(4), nibabel.Nifti2Header(endianness=">")
    ).to_bytes(),
)
_METRICS = tuple(CATALOGUE.values())


def make_plain(rng: Random) -> dict[str, bytes]:
    """Return one edited ``.nii``."""
    return {"mask.nii": _edit(rng, rng.choice(BASES))}


def make_packed(rng: Random) -> dict[str, bytes]:
    """Return one ``.nii.gz``: content, container or both edited."""
    content = R if rng.random() < 0.05 else rng.choice(BASES)
    if rng.random() < 0.6:
        content = _edit(rng, content)
    packed = pack_gzip(rng, content)
    return {"mask.nii.gz": edit_bytes(rng, packed) if rng.random() < 0.3 else packed}


def make_pair(rng: Random) -> dict[str, bytes]:
    """Return an expert's mask and a prediction, most of them readable and on grids alike."""
    files = {}
    for name in ("expert", "unet"):
        content = nii(np.roll(mask(), rng.randrange(4), 0) * rng.choice((0, 1, 1, 1, 2)))
        if rng.random() < 0.3:
            content = rng.choice(BASES)
        if rng.random() < 0.5:
            content = _edit(rng, content)
        is_packed = rng.random() < 0.3
        files[f"{name}.nii.gz" if is_packed else f"{name}.nii"] = (
            pack_gzip(rng, content) if is_packed else content
        )
    return files


def _edit(rng: Random, data: bytes) -> bytes:
    how: Callable[..., bytes] = edit_header if rng.random() < 0.6 else edit_bytes
    return how(rng, data)


def judge_mask(folder: Path, files: dict[str, bytes]) -> str:
    """Return what became of one mask.

    Raises
    ------
    Wrong
        If it was accepted and nibabel has other voxels, another grid, or no end at its end.
    """
    ((name, data),) = files.items()
    try:
        read = read_mask(folder / name)
    except BiasRulerError as refused:
        return outcome_of(refused, may_quote=False)
    with warnings.catch_warnings(action="ignore"):
        _compare(read, data, is_packed=name.endswith(".gz"))
    return RIGHT


def judge_pair(folder: Path, files: dict[str, bytes]) -> str:
    """Return what became of scoring one prediction: the first code of its masks, or right scores.

    Raises
    ------
    Wrong
        If a score lies out of its range, a row is lacking or too many, or a count or Dice is not
        that of the voxels that nibabel reads.
    """
    entries = tuple(
        Entry(
            set=name.split(".")[0],
            role=Role.EXPERT if "expert" in name else Role.MODEL,
            source=folder / name,
        )
        for name in files
    )
    done = score_case(Job(case="c", entries=entries, metrics=_METRICS))
    facts = done["masks"]
    told = [each["error"] for each in facts.values() if each["error"]]
    told += [each[1:] for each in done["problems"]] + ([done["error"]] if done["error"] else [])
    codes = [outcome_of(error_from_plain(error), may_quote=False) for error in told]
    hold(done["error"] is None, "the whole case failed")
    is_lost = {name: bool(each["error"]) for name, each in facts.items()}
    hold(len(done["rows"]) == (0 if is_lost["expert"] else 1), f"{len(done['rows'])} rows")
    for row in done["rows"]:
        _check_row(row, is_lost=is_lost["unet"])
        with warnings.catch_warnings(action="ignore"):
            _compare_counts(row, files, is_lost=is_lost["unet"])
    return codes[0] if codes else RIGHT


def _content(data: bytes, *, is_packed: bool) -> bytes:
    return gzip.decompress(data) if is_packed else data


def read_independently(content: bytes) -> tuple[NDArray[Any], Any]:
    """Return values as nibabel has them, and its image."""
    is_second = b"n+2" in content[:8]
    content = put(content, 540 if is_second else 348, "b", 0)  # nibabel trips over extensions
    image = (nibabel.Nifti2Image if is_second else nibabel.Nifti1Image).from_bytes(content)
    return np.asanyarray(image.dataobj).astype("f8"), image


def _compare(read: Mask, data: bytes, *, is_packed: bool) -> None:
    content = _content(data, is_packed=is_packed)
    values, image = read_independently(content)
    header = image.header
    n_bytes = image.dataobj.offset + math.prod(image.shape) * header.get_data_dtype().itemsize
    hold(len(content) == n_bytes, f"{len(content)} bytes are there, {n_bytes} declared")
    whole = np.rint(values)
    hold(np.array_equal(whole.reshape(read.shape, order="F"), read.voxels), "other voxels")
    slope = float(image.dataobj.slope)
    slack = 0.51 * slope if slope != 1 else 1e-3
    hold(np.abs(values - whole).max() <= slack + 1e-6, "labels that are not whole")
    hold(all(math.isfinite(size) and size > 0 for size in read.spacing_mm), "no voxel size")
    if read.affine is None:
        hold(not (header["sform_code"] > 0 or header["qform_code"] > 0), "lost its orientation")
        return
    hold(np.allclose(image.affine, read.affine, rtol=1e-5, atol=1e-6), "another grid")
    lengths = np.linalg.norm(image.affine[:3, :3], axis=0)
    hold(np.allclose(lengths, read.spacing_mm, rtol=1e-4), "another voxel size")


def _check_row(row: Any, *, is_lost: bool) -> None:
    hold(row["status"] in list(Status), f"status {row['status']}")
    hold((row["status"] == Status.WORST) == is_lost, f"{row['status']} though lost is {is_lost}")
    hold(set(row["scores"]) == {metric.name for metric in _METRICS}, "a score is lacking")
    for metric in _METRICS:
        low, high = metric.range
        score = row["scores"][metric.name]
        is_in = score is None or (
            (low is None or score >= low) and (high is None or score <= high)
        )
        hold(is_in, f"{metric.name} is {score}")
    for name, value in row["facts"].items():
        hold(value is None or (math.isfinite(value) and value >= 0), f"{name} is {value}")
    if is_lost:
        hold(row["scores"]["dice"] == 0, "a lost prediction has a Dice")
    hd = row["scores"]["hd_mm"]
    diagonal = row["facts"]["diagonal_mm"]
    hold(hd is None or hd <= diagonal * (1 + 1e-9) + 1e-9, f"hd_mm {hd} above {diagonal}")


def _compare_counts(row: Any, files: dict[str, bytes], *, is_lost: bool) -> None:
    found = {}
    for name, data in files.items():
        if is_lost and "unet" in name:
            continue
        values, image = read_independently(_content(data, is_packed=name.endswith(".gz")))
        found[name.split(".")[0]] = (np.rint(values) != 0, image)
    facts = row["facts"]
    expert, at = found["expert"]
    hold(facts["n_reference"] == expert.sum(), "n_reference is not that of the file")
    if is_lost:
        return
    unet, other = found["unet"]
    hold(facts["n_model"] == unet.sum(), "n_model is not that of the file")
    if expert.squeeze().shape == unet.squeeze().shape and np.array_equal(at.affine, other.affine):
        both = int((expert.squeeze() & unet.squeeze()).sum())
        total = int(expert.sum() + unet.sum())
        dice = 2 * both / total if total else 1.0
        hold(facts["n_both"] == both, "n_both is not that of the files")
        hold(math.isclose(row["scores"]["dice"], dice, abs_tol=1e-12), "another Dice")
