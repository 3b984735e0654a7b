"""The kinds of input: how one is made, how it is judged, and how many of a hundred there are."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.fuzzing import documents, masks, scores, tables
from benchmarks.fuzzing.outcome import Wrong

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Files = dict[str, bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """How an input is made of a generator, and what says its outcome."""

    make: Callable[[random.Random], Files]
    judge: Callable[[Path, Files], str]
    share: int


KINDS = {
    "nii": Kind(make=masks.make_plain, judge=masks.judge_mask, share=33),
    "nii.gz": Kind(make=masks.make_packed, judge=masks.judge_mask, share=32),
    "pair of masks": Kind(make=masks.make_pair, judge=masks.judge_pair, share=6),
    "biasruler.toml": Kind(make=documents.make_manifest, judge=documents.judge_manifest, share=8),
    "clinical.csv": Kind(make=tables.make_clinical, judge=tables.judge_clinical, share=5),
    "scores.csv": Kind(make=scores.make_scores, judge=scores.judge_scores, share=5),
    "summary.json": Kind(make=scores.make_summary, judge=scores.judge_summary, share=5),
    "audit.json": Kind(make=documents.make_audit, judge=documents.judge_audit, share=6),
}
_WHEEL = [name for name, kind in KINDS.items() for _ in range(kind.share)]


def kind_of(number: int) -> str:
    """Return the kind of the input of this number; of any 100 in a row the shares are exact."""
    return _WHEEL[number * 37 % len(_WHEEL)]  # 37: neighbours are of different kinds


def make_input(name: str, *, seed: int, number: int) -> Files:
    """Return the files of one input, the same for the same name, seed and number."""
    return KINDS[name].make(random.Random(f"{name} {seed} {number}"))


def try_input(name: str, files: Files, folder: Path) -> tuple[str, bool]:
    """Return the outcome of one input, and whether it is a failure of the package."""
    for file, data in files.items():
        (folder / file).write_bytes(data)
    try:
        return KINDS[name].judge(folder, files), False
    except Wrong as wrong:
        return f"wrong: {wrong}", True
    except MemoryError:
        return "out of memory", True
    except Exception as error:  # noqa: BLE001  (what escapes is what is looked for)
        return f"{type(error).__name__}: {error}", True
    finally:
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                (folder / file).unlink()
