"""One case to be scored: plain data that can be sent to another process."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.label_keys import AGGREGATES
from pytest_biasruler.errors import BiasRulerError, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.crop import Crop
    from pytest_biasruler.masks.mask import Mask


class Role(StrEnum):
    """What a set of masks is in a benchmark."""

    EXPERT = "expert"
    AUTOMATED = "automated"
    MODEL = "model"


class Status(StrEnum):
    """What became of one pair of masks, or of one row of a score table."""

    SCORED = "scored"
    AGREED_ABSENT = "agreed absent"
    WORST = "worst"
    UNDEFINED = "undefined"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Entry:
    """The mask of one set for the case, or why there is none.

    Attributes
    ----------
    source : Path, Crop or BiasRulerError
        Where the mask lies, what one that was given in code holds, or the problem met before
        reading.
    place : str
        What a message says was expected where no file is: the template, never filled in.
    digest : str
        SHA-256 that the file had when it was looked up in the store; empty: not looked up.
    """

    set: str
    role: Role
    source: Path | Crop | BiasRulerError = field(repr=False)
    place: str = ""
    digest: str = ""

    @property
    def title(self) -> str:
        """How messages call this mask."""
        return title_of(self.set, self.role)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Job:
    """A case, its masks (references in file order, then models) and what to measure.

    `labels` is empty where any non-zero voxel is the one label, whose name is then ``""``;
    `ignore` is the value that a reference has where nothing is to be compared with it. `key` is
    that of the store, empty where scores are not kept. `measures` are what is wanted beside
    scores, as `pytest_biasruler.scoring.measures` names it. `cost` tells how long the case may
    take, in bytes to be read (of masks given in code: voxels): it decides when the case is
    scored, never what it scores. `wanted` are the pieces to be measured, as
    `pytest_biasruler.scoring.pieces` names them; None: all of the case.
    """

    case: str = field(repr=False)
    entries: tuple[Entry, ...]
    metrics: tuple[Metric, ...]
    measures: tuple[str, ...] = ()
    labels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ignore: int | None = None
    both_empty: BothEmpty = BothEmpty.SCORE
    limits: Limits = field(default_factory=Limits)
    root: Path | None = field(default=None, repr=False)
    readers: Mapping[str, Callable[[Path], Mask]] = field(default_factory=dict, repr=False)
    key: str = ""
    cost: int = 0
    wanted: frozenset[tuple[str, ...]] | None = None

    def wants(self, *piece: str) -> bool:
        """Return whether this piece of the case is to be measured."""
        return self.wanted is None or piece in self.wanted

    def values_of(self, label: str | None) -> tuple[int, ...] | None:
        """Return the integers of a label, of the mean or worst of all: all; None: any but 0."""
        if label in AGGREGATES:
            return tuple(value for values in self.labels.values() for value in values)
        return self.labels[label] if label else None


class MaskFacts(TypedDict):
    """What is kept of one mask.

    `error` is code, found, expected, fix; `voxel_sha256` is empty where the mask is; `highest` is
    the largest integer in it, `is_large` whether more than half of the volume is foreground, and
    `n_ignored` the number of voxels to be left out, which are no foreground.
    """

    error: list[str] | None
    sha256: str
    voxel_sha256: str
    notes: list[str]
    highest: int
    is_large: bool
    n_ignored: int


class ScoreRow(TypedDict):
    """Scores of one pair and label; None stands for NaN, which is no JSON."""

    label: str
    model: str
    reference: str
    status: str
    scores: dict[str, float | None]
    facts: dict[str, float | None]


class ShapeRow(TypedDict):
    """Shape features of one expert's mask and label; None stands for NaN."""

    label: str
    reference: str
    features: dict[str, float | None]


class EchoRow(TypedDict):
    """What a model repeats of an automated reference's errors; None stands for NaN."""

    label: str
    model: str
    automated: str
    reference: str
    facts: dict[str, float | None]


class CaseScores(TypedDict):
    """All that is known of one case after scoring, as plain JSON without the case's name.

    `shapes` and `echoes` are empty unless they were asked for. `error` is set where the whole case
    failed; `problems` are [set, code, found, expected, fix] of masks that were scored all the
    same.
    """

    masks: dict[str, MaskFacts]
    rows: list[ScoreRow]
    shapes: list[ShapeRow]
    echoes: list[EchoRow]
    problems: list[list[str]]
    error: list[str] | None


def title_of(name: str, role: Role) -> str:
    """Return how messages call a mask of a set.

    Examples
    --------
    >>> title_of("unet", Role.MODEL), title_of("expert", Role.EXPERT)
    ('prediction of unet', 'reference expert')
    """
    return f"prediction of {name}" if role == Role.MODEL else f"reference {name}"


def error_to_plain(error: BiasRulerError) -> list[str]:
    """Return code, found, expected and fix."""
    return [error.code, error.found, error.expected, error.fix]


def error_from_plain(plain: list[str], *, where: str = "") -> BiasRulerError:
    """Return the error that `error_to_plain` took apart."""
    code, found, expected, fix = plain
    return BiasRulerError(code, found, expected, fix, where)


def failed_case(error: BiasRulerError) -> CaseScores:
    """Return the scores of a case of which nothing could be scored."""
    return CaseScores(
        masks={}, rows=[], shapes=[], echoes=[], problems=[], error=error_to_plain(error)
    )
