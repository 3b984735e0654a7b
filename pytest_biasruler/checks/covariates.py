"""What is held equal between subgroups: how experts' masks are shaped, and metadata."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.benchmark.label_keys import AGGREGATES
from pytest_biasruler.benchmark.numbers import read_number
from pytest_biasruler.benchmark.questions import SHAPE_FEATURES
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.table import KEYS, STATUS

if TYPE_CHECKING:
    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence

_TITLES = {
    "log_volume_ml": "volume",
    "surface_to_volume": "surface to volume",
    "n_components": "number of pieces",
}

_HARMLESS = {*KEYS, STATUS, "n_reference", "reference_ml", "diagonal_mm"}
"""Columns of a score table that say nothing of what a model drew."""

_COPY = 0.9999
"""What explains this share of the variance of a score, or of its ranks, is that score."""

_FEWEST_CASES = 20
"""A few scores may lie on a line by chance."""

_FEWEST_BANDS, _FEWEST_IN_BAND = 3, 5
"""Fewer may part the scores by chance, or because a few cases are empty."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Covariate:
    """One thing that is held equal.

    Attributes
    ----------
    name : str
    expert : str or None
        The reference on whose masks it was measured; None: a column of the metadata.
    values : Series
        By case: floats, NaN where unknown, or texts, empty where unknown.
    """

    name: str
    expert: str | None
    values: pd.Series

    @property
    def title(self) -> str:
        """What people call it."""
        return _TITLES.get(self.name, self.name) if self.expert else self.name

    @property
    def is_text(self) -> bool:
        """Whether each of its values is a stratum."""
        return self.values.dtype == object

    @property
    def is_known(self) -> pd.Series:
        """Whether a case has a value."""
        return self.values != "" if self.is_text else self.values.notna()

    @property
    def known(self) -> pd.Series:
        """The values of the cases that have one."""
        return self.values[self.is_known]

    def to_plain(self) -> dict[str, Any]:
        """Return what the report shows of it."""
        known = self.known
        return {
            "name": self.name,
            "title": self.title,
            "kind": "text" if self.is_text else "number",
            "expert": self.expert,
            "n_unknown": len(self.values) - len(known),
            "n_values": int(known.nunique()),
        }


def read_covariates(
    evidence: Evidence, declared: DeclaredCheck, cases: pd.Index
) -> tuple[Covariate, ...]:
    """Return the covariates that a check declares, for these cases.

    Raises
    ------
    BiasRulerError
        ``BR602`` if a covariate is a score, made of one, or no column; ``BR406`` if a few cells
        of a column of numbers are none; ``BR503`` if a shape is asked for and no expert
        reference has masks.
    """
    covariates = tuple(
        _read(evidence, declared, str(name), cases) for name in declared.options["difficulty"]
    )
    for covariate in covariates:
        _refuse_copy(evidence, declared, covariate)
    return covariates


def _read(evidence: Evidence, declared: DeclaredCheck, name: str, cases: pd.Index) -> Covariate:
    if evidence.knows(name) or name in set(evidence.scored.table.columns) - _HARMLESS:
        raise _circular(f"difficulty names {name}, a column of scores")
    is_column = name in evidence.metadata.frame.columns
    if name in SHAPE_FEATURES and declared.label in AGGREGATES and not is_column:
        raise BiasRulerError(
            "BR602",
            f"difficulty names {name}, the shape of one label, and label is {declared.label}",
            "columns of the metadata",
            "Set difficulty to such columns, or ask about one label",
        )
    if name in SHAPE_FEATURES:
        expert = _measured_expert(evidence, declared)
        if expert is not None:
            shapes = evidence.shapes(expert, declared.label)
            return Covariate(name=name, expert=expert, values=shapes[name].reindex(cases))
        if not is_column:
            raise BiasRulerError(
                "BR503",
                f"difficulty names {name}, and no expert reference has masks to measure it on",
                "an expert reference with masks, or columns of the metadata",
                "Add masks drawn by experts, or set difficulty to columns of the metadata",
            )
    if not is_column:
        raise BiasRulerError(
            "BR602",
            f"difficulty names {name}, which the metadata lacks",
            "a shape feature or a column of the metadata",
            "Correct the name",
        )
    return Covariate(name=name, expert=None, values=_read_column(evidence, name).reindex(cases))


def _measured_expert(evidence: Evidence, declared: DeclaredCheck) -> str | None:
    """Return the expert reference whose masks were measured: the check's own, if it is one."""
    kinds = {entry.name: entry.kind for entry in evidence.benchmark.references}
    experts = [name for name, kind in kinds.items() if kind == ReferenceKind.EXPERT]
    experts.sort(key=lambda name: name != declared.reference)
    for name in experts:
        try:
            evidence.shapes(name, declared.label)
        except BiasRulerError:
            continue
        return name
    return None


def _read_column(evidence: Evidence, name: str) -> pd.Series:
    """Return a metadata column: numbers if every known cell is one, else texts."""
    cells = evidence.metadata.frame[name]
    missing = {""}.union(
        *(entry.missing for entry in evidence.benchmark.attributes if entry.source == name)
    )
    cells = cells.where(~cells.isin(missing), "")
    numbers = {cell: read_number(cell) for cell in cells.unique() if cell}
    values = {
        cell: each.value
        for cell, each in numbers.items()
        if each is not None and not each.is_open and isfinite(each.value)
    }
    if len(values) == len(numbers):
        return cells.map(values).astype(float)
    is_stray = ~cells.isin(values) & (cells != "")
    if 2 * int(is_stray.sum()) < int((cells != "").sum()):
        raise _stray(name, cells.index[is_stray], evidence=evidence)
    return cells


def _stray(name: str, cases: pd.Index, *, evidence: Evidence) -> BiasRulerError:
    """Return the refusal of a column of numbers in which some cells are none."""
    cells = "1 cell" if len(cases) == 1 else f"{len(cases)} cells"
    return BiasRulerError(
        "BR406",
        f"{cells} of {name} without a number, among numbers",
        "numbers throughout, or texts throughout",
        "Correct the first one, or list such cells as missing of an attribute of that column",
        evidence.metadata.lines_of(name)[str(cases[0])],
    )


def _refuse_copy(evidence: Evidence, declared: DeclaredCheck, covariate: Covariate) -> None:
    """Refuse a column of the metadata that is a score by another name."""
    if covariate.expert is not None:
        return
    label, known = declared.label or "", covariate.known
    for (model, reference, of_label), rows in evidence.rows.items():
        for metric in rows.columns:
            if of_label != label or not evidence.knows(str(metric)):
                continue
            what = _find_copy(known, rows[metric].astype(float), is_text=covariate.is_text)
            if what is not None:
                raise _circular(
                    f"difficulty names {covariate.name}, whose values are {what} {metric} of "
                    f"{model} against {reference}"
                )


def _find_copy(known: pd.Series, scores: pd.Series, *, is_text: bool) -> str | None:
    """Return how a covariate follows from a score: as itself, or cut into bands; else None."""
    scores = scores[np.isfinite(scores.to_numpy())]
    both = known.index.intersection(scores.index)
    x, y = known.loc[both], scores.loc[both].to_numpy()
    if len(np.unique(y)) < _FEWEST_CASES:
        return None
    if not is_text and x.nunique() >= _FEWEST_CASES:
        pairs = ((x.to_numpy(), y), (x.rank().to_numpy(), scores.loc[both].rank().to_numpy()))
        return "the" if any(np.corrcoef(*pair)[0, 1] ** 2 > _COPY for pair in pairs) else None
    return "bands of the" if _are_bands(x.to_numpy(), y) else None


def _are_bands(values: np.ndarray, scores: np.ndarray) -> bool:
    """Return whether each value of a covariate takes in one range of the scores, and all of it."""
    names, codes, sizes = np.unique(values, return_inverse=True, return_counts=True)
    if np.count_nonzero(sizes >= _FEWEST_IN_BAND) < _FEWEST_BANDS:
        return False
    ranges = sorted(
        (scores[codes == band].min(), scores[codes == band].max()) for band in range(len(names))
    )
    return all(left[1] < right[0] for left, right in pairwise(ranges))


def _circular(found: str) -> BiasRulerError:
    return BiasRulerError(
        "BR602",
        found,
        "a shape feature of the expert mask or a column of the metadata",
        "Remove it: a score would explain a gap by itself",
    )
