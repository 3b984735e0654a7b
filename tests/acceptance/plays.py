"""How rows are played: one broken file as a prediction, then the same as a reference."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from tests.acceptance.bench import Bench
from tests.acceptance.row import Played, Row
from tests.core.masks.broken_files import FILES, N, dims, gz, mask, nii

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from tests.acceptance.row import Stage
    from tests.acceptance.told import Told

TITLES = {"unet": "prediction of unet", "expert": "reference expert"}
"""How messages call a mask of the two sets in which files are spoiled."""
PLURALS = {"unet": "predictions of unet", "expert": "masks of reference expert"}
LEFT_OUT = "unreadable"
ACCEPTED = "accepted"
NOTED = "accepted, note"
MOST_BYTES = 16 * 2**20
DIAGONAL_MM = 8 * 3**0.5


def with_infinity() -> NDArray[np.float32]:
    """Return the cube with one voxel of either infinity."""
    voxels = mask().astype("f4")
    voxels[0, 0, :2] = np.inf, -np.inf
    return voxels


NOISE = np.random.default_rng(0).random((32, 32, 32)) < 0.4
NOISE_FILE = nii(NOISE.astype(np.uint8))


def wrap(data: bytes) -> bytes:
    """Return a gzip stream that stores `data` as it is: its length is the same everywhere."""
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    block = struct.pack("<BHH", 1, len(data), 0xFFFF ^ len(data))
    return head + block + data + struct.pack("<2I", zlib.crc32(data), len(data))


class Trap:
    """What a pickle would run on being read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('a pickle was run')",))


def pickled() -> bytes:
    """Return a NumPy file that holds one object."""
    stream = io.BytesIO()
    np.save(stream, np.array([Trap()], dtype=object), allow_pickle=True)
    return stream.getvalue()


CLAIMS_10_12 = str({"descr": "<f8", "fortran_order": False, "shape": (10**12,)}).encode()
# Sound files of the corpus are replaced where more than half of their voxels are foreground,
# which is said.
OWN_FILES = {
    "A15a": ("a.nii.gz", wrap(dims(NOISE_FILE, 512, 512, 1000)), "BR112"),
    "A20": ("a.npy", pickled(), "BR114"),
    "A9a": ("a.nii.gz", gz(NOISE_FILE[:1000]) + gz(NOISE_FILE[1000:]), ""),
    "A9b": ("a.nii.gz", gz(NOISE_FILE[:100]) + gz(NOISE_FILE[100:]), ""),
    "A18e": ("a.img", bytes(512), "BR113"),
    "A18f": ("a.gii", b"<?xml", "BR113"),
    "A21": ("a.npy", b"\x93NUMPY\1\0" + struct.pack("<H", 118) + CLAIMS_10_12, "BR114"),
    "A22a": ("A.NII.GZ", gz(NOISE_FILE), ""),
    "A23b": ("a.img", N, "BR113"),
    "C69b": ("a.nii", nii(with_infinity()), "BR302"),
    "F100": ("a.nii.gz", gz(NOISE_FILE) + bytes(512), ""),
}
ALL_FILES = {**FILES, **OWN_FILES}
"""Name, content and code; without a code it is accepted."""


def slabs(*values: int) -> NDArray[np.uint8]:
    """Return planes of 8 x 8 voxels with these values, the rest 0."""
    voxels = np.zeros((8, 8, 8), np.uint8)
    for plane, value in enumerate(values):
        voxels[plane] = value
    return voxels


MEANT: dict[str, NDArray[np.generic]] = {
    **dict.fromkeys(["A9a", "A9b", "A22a", "F100"], NOISE),
    "B48": slabs(0, 1),
    "B49a": slabs(0, 1, 2, 4),
    "B49b": slabs(0, 3),
    "C72": np.ones((8, 8, 8), dtype=bool),
}
"""What the file of a row holds; no entry: the cube of 27 voxels."""


def left_out(
    told: Told, case: str, name: str, *, code: str, diagonal_mm: float = DIAGONAL_MM
) -> None:
    """Assert what becomes of a mask that cannot be used."""
    if name == "unet":
        assert told.left_out("unreadable") == {("unet", code): 1}
        assert told.left_out("excluded") == {}
        assert told.score(case) == told.score(case, reference="automated") == 0
        worst = told.score(case, metric="hd95_mm")
        assert worst is not None
        # An affine is stored in single precision.
        assert isclose(worst, diagonal_mm, rel_tol=1e-6), (
            "the worst distance is the diagonal of the image"
        )
        return
    assert told.left_out("excluded") == {(name, code): 1}
    assert told.left_out("unreadable") == {}
    models = [each for each in ("unet", "automated") if each != name]
    for model in models:
        assert told.score(case, model=model, reference=name) is None, f"{model} was scored by it"
    other = "automated" if name == "expert" else "expert"
    assert told.is_right(case, reference=other), "the other reference is as good as before"


def refuse(bench: Bench, name: str, *, code: str) -> Played:
    """Audit a benchmark in which the one mask of the set cannot be used."""
    told = bench.audit()
    left_out(told, bench.spoiled, name, code=code)
    return told.played([bench.spoiled])


def accept(bench: Bench, name: str) -> Played:
    """Audit a benchmark in which the one mask of the set is odd, but sound."""
    told = bench.audit()
    assert told.left_out("unreadable") == told.left_out("excluded") == {}
    assert told.is_right(bench.spoiled), f"{name} was not read as it is meant"
    return told.played([])


@contextmanager
def unopened(*paths: Path) -> Iterator[None]:
    """Fail where one of the paths is opened."""
    really_open = os.open

    def open_file(place: Any, *rest: Any, **more: Any) -> int:
        assert Path(place) not in paths, "it was opened"
        return really_open(place, *rest, **more)

    with mock.patch.object(os, "open", open_file):
        yield


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Plays files of the corpus, each in both sets."""

    texts: Mapping[str, str]
    is_measured: bool = False
    is_unopened: bool = False

    def __call__(self, stage: Stage) -> list[Played]:
        """Return what was said of each file as a prediction, then as a reference."""
        return [
            self._measured(stage, file=file, name=name) for file in self.texts for name in TITLES
        ]

    @property
    def said(self) -> tuple[str, ...]:
        """The texts in the order of the plays."""
        return tuple(
            text.format(mask=TITLES[name], masks=PLURALS[name])
            for text in self.texts.values()
            for name in TITLES
        )

    def _measured(self, stage: Stage, *, file: str, name: str) -> Played:
        if not self.is_measured:
            return self._play(stage, file=file, name=name)
        tracemalloc.start()
        try:
            played = self._play(stage, file=file, name=name)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MOST_BYTES, f"{file} took {peak} bytes"
        return played

    def _play(self, stage: Stage, *, file: str, name: str) -> Played:
        given, content, code = ALL_FILES[file]
        bench = Bench(folder=stage.folder / f"{file}-{name}")
        if code:
            path = bench.spoil(name, content, file=given)
            with unopened(path) if self.is_unopened else nullcontext():
                played = refuse(bench, name, code=code)
            withheld = [line for line in played.said if line.startswith("BR502")]
            assert len(played.said) == 1 + len(withheld), f"one file, one line: {played.said}"
            assert not (withheld and name == "unet"), "a lost prediction counts as worst"
            return played
        meant = MEANT.get(file, mask())
        bench.surround(name, meant)
        bench.spoil(name, content, file=given)
        bench.drawn[bench.spoiled, name] = meant
        return accept(bench, name)


def row_of_files(
    id: str,  # noqa: A002  (the field of a row)
    input: str,  # noqa: A002
    then: str = "",
    *,
    is_measured: bool = False,
    is_unopened: bool = False,
    **texts: str,
) -> Row:
    """Return a row of files of the corpus: what is said of each, or nothing if accepted so.

    `is_measured` asks that the audit takes less than 16 MiB, `is_unopened` that it does not open
    the file.
    """
    codes = {ALL_FILES[file][2] for file in texts}
    standard = LEFT_OUT if all(codes) else NOTED if any(texts.values()) else ACCEPTED
    play = Files(texts=texts, is_measured=is_measured, is_unopened=is_unopened)
    return Row(id=id, input=input, texts=play.said, then=then or standard, play=play)
