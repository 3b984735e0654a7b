"""A small benchmark of sound masks, in which a row spoils a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler import Attribute, Benchmark, Check, Model, Reference, run_audit
from pytest_biasruler.benchmark.definition import Defaults, ReferenceKind
from tests.acceptance.told import Told
from tests.core.masks.broken_files import gz, mask, nii

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

AT = 3
SPOILED = f"c{AT}"
"""The case whose file is not as it should be."""
SETS = ("expert", "automated", "unet")
CHECKS = (
    Check("gap", metric="dice", by="sex", model="unet"),
    Check("gap", metric="hd95_mm", by="sex", model="unet", limit=3.0),
)


def draw_case(at: int) -> dict[str, NDArray[np.uint8]]:
    """Return the three masks of one case, none of which occurs anywhere else.

    The expert drew 28 voxels, the automated reference holds one and the prediction two more.
    """
    row, column = divmod(at, 8)
    expert = mask()
    expert[7, row, column] = 1
    automated, unet = expert.copy(), expert.copy()
    automated[0, row, column] = 1
    unet[5:7, row, column] = 1
    return {"expert": expert, "automated": automated, "unet": unet}


def differ(voxels: NDArray[np.generic], by: int) -> NDArray[np.uint8]:
    """Return the foreground with the first `by` voxels of the volume turned over."""
    turned = (voxels > 0).astype(np.uint8)
    turned.reshape(-1)[:by] = 1 - turned.reshape(-1)[:by]
    return turned


@dataclass(kw_only=True)
class Bench:
    """Files by set and case; what `give`, `draw` and `drop` change, the audit meets."""

    folder: Path
    n_cases: int = 6
    names: Mapping[int, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    drawn: dict[tuple[str, str], NDArray[np.generic]] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the sound masks and the metadata."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for at, case in enumerate(self.cases):
            for name, voxels in draw_case(at).items():
                self.draw(case, name, voxels)
        rows = [f"{case},{'FM'[at % 2]},{case}" for at, case in enumerate(self.cases)]
        text = "\n".join(["case,sex,who", *rows, ""])
        (self.folder / "clinical.csv").write_text(text, encoding="utf-8")

    @property
    def cases(self) -> list[str]:
        """Names of the cases."""
        return [self.names.get(at, f"c{at}") for at in range(self.n_cases)]

    @property
    def spoiled(self) -> str:
        """Name of the case whose file is not as it should be."""
        return self.cases[AT]

    def path(self, case: str, name: str) -> Path:
        """Return where the mask of a case lies."""
        return self.folder / name / self.files.get((case, name), f"{case}.nii.gz")

    def give(self, case: str, name: str, content: bytes, *, file: str = "") -> Path:
        """Write a file of a set, under another name than that of the template if `file` is."""
        self.drop(case, name)
        if file:
            self.files[case, name] = file
        path = self.path(case, name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def draw(
        self, case: str, name: str, voxels: NDArray[np.generic], affine: object = None
    ) -> Path:
        """Write a sound mask of a set."""
        path = self.give(case, name, gz(nii(voxels, affine), 1))
        self.drawn[case, name] = voxels
        return path

    def drop(self, case: str, name: str) -> None:
        """Take a mask of a set away."""
        self.path(case, name).unlink(missing_ok=True)
        self.drawn.pop((case, name), None)

    def spoil(self, name: str, content: bytes, *, file: str = "a.nii.gz") -> Path:
        """Put `content` in place of the mask of the one case."""
        other = "" if file == "a.nii.gz" else file
        return self.give(self.spoiled, name, content, file=other)

    def surround(self, name: str, voxels: NDArray[np.generic], affine: object = None) -> None:
        """Say what the spoiled file holds, and draw the other masks of its case near that."""
        others = (each for each in SETS if each != name)
        for by, other in enumerate(others, start=1):
            self.draw(self.spoiled, other, differ(voxels, by), affine)
        self.drawn[self.spoiled, name] = voxels

    def masks(self, name: str) -> str | dict[str, Path]:
        """Return the template of a set, or its paths if one of them departs from it."""
        if not any(each == name for _, each in self.files):
            return f"{name}/{{case}}.nii.gz"
        return {case: self.path(case, name) for case in self.cases}

    def build(self, **options: Any) -> Benchmark:
        """Return the benchmark, with every case as a subgroup of its own."""
        kinds = {"expert": ReferenceKind.EXPERT, "automated": ReferenceKind.AUTOMATED}
        standard = {
            "checks": CHECKS,
            "defaults": Defaults(min_patients=2),
            "attributes": (Attribute(name="sex"), Attribute(name="who")),
            "references": tuple(
                Reference(name=name, kind=kind, masks=self.masks(name))
                for name, kind in kinds.items()
            ),
            "models": (Model(name="unet", masks=self.masks("unet")),),
        }
        return Benchmark(
            name="Tiny",
            metadata="clinical.csv",
            root=self.folder,
            **{**standard, **self.options, **options},
        )

    def audit(self, **how: Any) -> Told:
        """Return what the audit of the benchmark tells."""
        audit = run_audit(self.build(), workers=1, **how)
        return Told(audit=audit, cases=tuple(self.cases), drawn=dict(self.drawn))

    def contents(self, name: str) -> Iterable[tuple[str, bytes]]:
        """Yield case and stored mask of a set."""
        for case in self.cases:
            yield case, self.path(case, name).read_bytes()
