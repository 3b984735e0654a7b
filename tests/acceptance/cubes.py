"""A benchmark of cubes as masks, of which traps and rows exchange what they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler import Benchmark, run_audit
from tests.acceptance.row import Played
from tests.acceptance.small import noted
from tests.core.masks.broken_files import gz, nii

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

BENCHMARK = """\
[benchmark]
name = "Cubes"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"
[references.automated]
kind = "automated"
masks = "automated/{case}.nii.gz"
[models.unet]
masks = "unet/{case}.nii.gz"
[attributes.sex]
[attributes.age]
[defaults]
min_patients = 2
"""

GAP = '[[checks]]\ncheck = "gap"\nby = "sex"\nmodel = "unet"\nlimit = 0.9\n'
"""A question whose limit these masks are sure to keep."""

SETS = ("expert", "automated", "unet")
_WIDTHS = {"expert": 5, "automated": 4, "unet": 4}
_BITS = 8


def cases(n: int) -> list[str]:
    """Return the names of `n` cases."""
    return [f"c{number:03d}" for number in range(n)]


def draw(at: int, width: int, *, top: int = 1) -> NDArray[np.uint8]:
    """Return a cuboid in a cube of 8, and beside it a number in bits: no two cases are alike."""
    voxels = np.zeros((8, 8, 8), np.uint8)
    voxels[2 : 2 + width, top:7, 1:7] = 1
    bits = [(at + 1) >> bit & 1 for bit in range(_BITS)]
    voxels[0, 0, :_BITS] = bits
    return voxels


def sound(at: int, name: str) -> NDArray[np.uint8]:
    """Return the mask of a set in which nothing is wrong."""
    return draw(at, _WIDTHS[name] + at % 2, top=2 if name == "unet" else 1)


def clinical(n: int, *, columns: Mapping[str, Iterable[str]] | None = None) -> str:
    """Return the metadata of `n` cases; `columns` take the place of sex and age."""
    standard = {
        "sex": ["FM"[at % 2] for at in range(n)],
        "age": ["old" if at // 2 % 2 else "young" for at in range(n)],
    }
    table = {"case": cases(n), **standard, **(columns or {})}
    rows = zip(*table.values(), strict=True)
    return "\n".join([",".join(table), *(",".join(row) for row in rows)]) + "\n"


def lay_masks(
    folder: Path,
    n: int,
    *,
    text: str = BENCHMARK + GAP,
    metadata: str | None = None,
    changed: Mapping[tuple[str, str], bytes | NDArray[np.generic] | None] | None = None,
) -> Path:
    """Write a benchmark of `n` cases and return its file.

    `changed` maps set and case to what lies there instead: an array, the bytes of a file, or
    nothing.
    """
    for name in SETS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for at, case in enumerate(cases(n)):
            content = (changed or {}).get((name, case), sound(at, name))
            if content is not None:
                stored = content if isinstance(content, bytes) else gz(nii(content), 1)
                (folder / name / f"{case}.nii.gz").write_bytes(stored)
    (folder / "clinical.csv").write_text(metadata or clinical(n), encoding="utf-8")
    path = folder / "biasruler.toml"
    path.write_text(text, encoding="utf-8")
    return path


def play_masks(path: Path, *, beside: Collection[str] = ()) -> tuple[Played, dict[str, Any]]:
    """Audit a benchmark file; return what it says, and the audit.

    `beside` are the cases of which masks cannot be used; all others must be scored.
    """
    audit = run_audit(Benchmark.from_file(path), show_cases=True).to_plain()
    accounting = audit["accounting"]
    lost = {problem["case"] for problem in accounting["problems"]} - set(beside)
    played = Played(said=noted(audit), lost=frozenset(lost), scored=accounting["scored"])
    return played, audit
