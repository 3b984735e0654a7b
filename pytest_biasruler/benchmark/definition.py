"""Who is audited, by which rulers, with which questions: frozen declarations, no data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_biasruler.errors import Limits

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection
    from pathlib import Path

    import pandas as pd

    from pytest_biasruler.benchmark.check import Check, Policy
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.split import Split

Masks = str | Mapping[str, object] | Callable[[str], object]
"""A pattern with ``{case}``, a mapping case -> array, path or Mask, or a callable case -> Mask."""


class ReferenceKind(StrEnum):
    """Who drew a reference."""

    EXPERT = "expert"
    AUTOMATED = "automated"


class BothEmpty(StrEnum):
    """What becomes of a case in which model and reference are both empty."""

    SCORE = "score"
    EXCLUDE = "exclude"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A set of masks that counts as the answer; who made it, when and with what, is only told."""

    name: str
    kind: ReferenceKind
    masks: Masks | None = field(default=None, repr=False)
    made_by: str | None = None
    made_on: str | dt.date | None = None
    made_with: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A set of predicted masks; `trained_on` names a reference of the same benchmark."""

    name: str
    masks: Masks | None = field(default=None, repr=False)
    trained_on: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """Metadata by which cases are cut into subgroups.

    `bins` are edges, left-closed, the last bin closed; `quantiles`, in their place, is into how
    many bins of about equally many patients to cut; `merge` maps the kept spelling to those it
    takes in; `missing` lists the cells that mean "not recorded", of numbers in any spelling.
    """

    name: str
    column: str | None = None
    bins: tuple[float, ...] | None = None
    quantiles: int | None = None
    names: tuple[str, ...] | None = None
    merge: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ("",)
    judge_missing: bool = False

    @property
    def source(self) -> str:
        """Name of the metadata column."""
        return self.column if self.column is not None else self.name

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers, which are cut into bins."""
        return self.bins is not None or self.quantiles is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What a check uses that does not say otherwise."""

    metric: str = "dice"
    min_patients: int = 20
    policy: Policy | None = None
    alpha: float = 0.05
    both_empty: BothEmpty = BothEmpty.SCORE


class ScoreFormat(StrEnum):
    """Who wrote a score table."""

    TIDY = "tidy"
    WIDE = "wide"
    NNUNET = "nnunet"
    MONAI = "monai"
    PANOPTICA = "panoptica"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreSource:
    """A ready score table on disk, relative to the benchmark's root.

    `model`, `reference`, `label` and `metric` are what the whole table is about, where its columns
    do not say. `pattern` tells how the columns of a wide table are named, and `columns` maps names
    of theirs to ours.
    """

    table: str
    format: str = ScoreFormat.TIDY
    model: str | None = None
    reference: str | None = None
    label: str | None = None
    metric: str | None = None
    pattern: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Benchmark:
    """Cases, references, models, attributes and the questions asked of them.

    `metadata` is a path relative to `root`, or a DataFrame with one row per case, or several of
    them: the first says which cases there are. `split` names the part of them that is audited.
    Masks may be patterns, mappings or callables (see `Reference`); the benchmark never looks into
    them.
    `scores` on disk are kept as a tuple, however they were given.
    `ignore` is the value of ``ignore`` in ``[labels]``: voxels that have it in a reference are
    left out of each comparison with that reference.

    Raises
    ------
    BiasRulerError
        On anything a benchmark file would be refused for, all problems at once.
    """

    name: str
    metadata: str | pd.DataFrame | Sequence[str | pd.DataFrame] = field(repr=False)
    case: str = "case"
    patient: str | None = None
    site: str | None = None
    split: Split | None = None
    references: tuple[Reference, ...] = ()
    models: tuple[Model, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    labels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ignore: int | None = None
    scores: ScoreSource | Sequence[ScoreSource] | pd.DataFrame | None = field(
        default=None, repr=False
    )
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=Defaults)
    checks: Sequence[Check] = ()
    untrusted: bool = False
    root: Path | None = field(default=None, repr=False)
    file: Path | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        # The rules build these very classes, so they can only be imported once a benchmark is.
        from pytest_biasruler.benchmark.coded import normal_fields

        for name, value in normal_fields(self).items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        metrics: Collection[Metric] = (),
        limits: Limits | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Benchmark:
        """Read a benchmark file; see `pytest_biasruler.benchmark.manifest.read_manifest`.

        Parameters
        ----------
        path : str or Path
            Such as ``biasruler.toml``.
        metrics : collection of Metric
            Metrics beyond the built-in ones.
        limits : Limits, optional
            How large input may be.
        environ : mapping, optional
            Where ``${VAR}`` in ``root`` is looked up; default: the process's environment.

        Raises
        ------
        BiasRulerError
            On anything wrong in the file, all problems at once.
        """
        from pytest_biasruler.benchmark.manifest import read_manifest

        variables = os.environ if environ is None else environ
        return read_manifest(path, metrics=metrics, limits=limits, environ=variables)
