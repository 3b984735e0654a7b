"""What a check is given: the benchmark, its cases cut into subgroups, and their scores."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.metrics import CATALOGUE, Metric
from pytest_biasruler.benchmark.subgroups import Subgroups, cross_subgroups
from pytest_biasruler.checks.pair_rows import PairRows
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.measures import find_echoes, find_shapes, measure_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Direction
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.scoring.scored import Scored


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """Everything that is known before the first question is asked.

    `cuts` are subgroups that stand above those of the attributes, by the attributes they cross.
    `is_brief`: only verdicts are wanted, so a check may leave out of its details what only
    figures and tables show. `measure` returns shapes or echoes that were not measured with the
    scores, by the name of the measure.
    """

    benchmark: Benchmark
    metadata: Metadata
    scored: Scored
    subgroups: Mapping[str, Subgroups]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    readers: Mapping[str, Callable[[Path], Mask]] = field(default_factory=dict, repr=False)
    cuts: Mapping[tuple[str, ...], Subgroups] = field(default_factory=dict, repr=False)
    measure: Callable[[str], pd.DataFrame] = field(default=measure_nothing, repr=False)
    is_brief: bool = False
    declared: tuple[DeclaredCheck, ...] = field(init=False, repr=False)
    rows: Mapping[tuple[str, str, str], pd.DataFrame] = field(init=False, repr=False)
    _numbers: pd.Series[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        named = self.metadata.patients
        numbers = pd.factorize(named.to_numpy(dtype=object), sort=True)[0]
        object.__setattr__(self, "_numbers", pd.Series(numbers, index=named.index))
        metrics = tuple(self.metrics.values())
        declared = declare_checks(self.benchmark, metrics=metrics)
        object.__setattr__(self, "declared", declared)
        rows = PairRows(
            self.scored.table,
            labels=tuple(self.benchmark.labels),
            directions=self.directions,
            asked={one.label for one in declared},
        )
        object.__setattr__(self, "rows", rows)

    @property
    def cases(self) -> tuple[str, ...]:
        """Every case of the benchmark, sorted by name."""
        return self.scored.cases

    def knows(self, name: str) -> bool:
        """Return whether `name` is a metric of this benchmark."""
        return name in self.benchmark.metrics or name in self.metrics or name in CATALOGUE

    def metric(self, name: str) -> Metric:
        """Return what the metric `name` means in this benchmark."""
        return {**CATALOGUE, **self.metrics, **self.benchmark.metrics}[name]

    @property
    def directions(self) -> dict[str, Direction]:
        """Which way each metric of the score table is better."""
        names = [name for name in self.scored.table.columns if self.knows(name)]
        return {name: self.metric(name).direction for name in names}

    def patients(self, cases: pd.Index) -> np.ndarray:
        """Return the patient of each case."""
        return self.metadata.patients.reindex(cases).to_numpy(dtype=object)

    def number_patients(self, cases: pd.Index) -> np.ndarray:
        """Return a number for the patient of each case, rising with the name of the patient.

        Statistics ask whose a case is, again and again; numbers answer where names would be
        sorted each time.
        """
        known = self._numbers
        same = known if cases.equals(known.index) else known.loc[cases]
        return same.to_numpy(dtype=np.intp)

    def sites(self, cases: pd.Index) -> np.ndarray | None:
        """Return the site of each case, ``""`` where it is missing; None if none is declared."""
        sites = self.metadata.sites
        return None if sites is None else sites.reindex(cases).to_numpy(dtype=object)

    def cut(self, by: Sequence[str]) -> Subgroups:
        """Return the subgroups of an attribute, or of several crossed."""
        given = self.cuts.get(tuple(by))
        if given is not None:
            return given
        parts = [self.subgroups[name] for name in by]
        return parts[0] if len(parts) == 1 else cross_subgroups(parts)

    def altered(self, **changes: Any) -> Evidence:
        """Return this evidence with other values of its fields; nothing is derived anew."""
        other = copy(self)
        for name, value in changes.items():
            object.__setattr__(other, name, value)
        return other

    def pair(self, model: str, reference: str, label: str | None) -> pd.DataFrame:
        """Return the score rows of `model` against `reference`, indexed by case."""
        found = self.rows.get((model, reference, label or ""))
        if found is not None:
            return found
        empty: pd.DataFrame = self.scored.table.iloc[:0].set_index("case")
        return empty

    def shapes(self, reference: str, label: str | None) -> pd.DataFrame:
        """Return the shape features of an expert's masks, indexed by case; NaN of empty ones.

        Raises
        ------
        BiasRulerError
            ``BR503`` if the reference is no expert one with masks.
        """
        frame = self.scored.shapes
        frame = self.measure("shape") if frame is None else frame
        return find_shapes(frame, reference=reference, label=label or "")

    def echoes(
        self, *, model: str, automated: str, reference: str, label: str | None
    ) -> pd.DataFrame:
        """Return what a model repeats of a reference's errors, indexed by case.

        Without rows where one of the three has no masks.
        """
        frame = self.scored.echoes
        frame = self.measure("echo") if frame is None else frame
        sets = {"model": model, "automated": automated, "reference": reference}
        return find_echoes(frame, **sets, label=label or "")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Column:
    """One number per case, and the cases that have none.

    Attributes
    ----------
    per_case : Series
        c by case, larger as the check wants it; finite.
    shown : Series
        The same in the metric's natural direction, for means that people read.
    excluded : frozenset of str
        Cases left out because a mask of a reference was missing or unreadable.
    undefined : frozenset of str
        Cases whose score should exist but is not finite.
    """

    per_case: pd.Series = field(repr=False)
    shown: pd.Series = field(repr=False)
    excluded: frozenset[str] = field(default=frozenset(), repr=False)
    undefined: frozenset[str] = field(default=frozenset(), repr=False)

    def only(self, cases: pd.Index) -> Column:
        """Return the column on these cases alone."""
        kept = self.per_case.index.intersection(cases)
        return Column(
            per_case=self.per_case.loc[kept],
            shown=self.shown.loc[kept],
            excluded=self.excluded,
            undefined=self.undefined,
        )


def score_column(
    evidence: Evidence,
    metric: str,
    *,
    model: str,
    reference: str,
    label: str | None,
    worst_is_score: bool = True,
) -> Column:
    """Return the scores of `model` against `reference`, s times larger is better.

    A missing prediction, or a distance on its sheared grid, counts as the worst, unless
    `worst_is_score` is false: then it is undefined. Agreed absences may be left out by option.
    """
    rows = evidence.pair(model, reference, label)
    excluded = frozenset(evidence.cases).difference(rows.index)
    if metric not in rows.columns:
        raise BiasRulerError(
            "BR503",
            f"no score of {metric} for {model} against {reference}",
            "masks or a column of the score table",
            "Add masks to the benchmark or the column to the score table, or name in the check "
            'the metrics that you have, as metric = "dice"',
        )
    values, status = rows[metric].to_numpy(dtype=float), rows["status"].to_numpy(dtype=object)
    is_absent = (status == "agreed absent") & np.isnan(values)
    if not worst_is_score:
        is_sheared = rows.index.isin(evidence.scored.list_sheared(model, metric))
        values = np.where((status == "worst") | is_sheared, np.nan, values)
    is_finite = np.isfinite(values)
    undefined = frozenset(rows.index[~is_finite & ~is_absent])
    shown = pd.Series(values[is_finite], index=rows.index[is_finite], name=metric).sort_index()
    return Column(
        per_case=shown * evidence.metric(metric).sign,
        shown=shown,
        excluded=excluded,
        undefined=undefined,
    )


def paired_difference(minuend: Column, subtrahend: Column) -> Column:
    """Return minuend minus subtrahend on the cases that have both.

    A case with only one of the two is undefined, whatever left the other out: only a case that
    both leave out on purpose goes uncounted.
    """
    first, second = minuend.per_case.index, subtrahend.per_case.index
    is_same = first.equals(second)
    both = first if is_same else first.intersection(second)
    difference = minuend.per_case.loc[both] - subtrahend.per_case.loc[both]
    alone = frozenset() if is_same else frozenset(first.symmetric_difference(second))
    excluded = minuend.excluded | subtrahend.excluded
    return Column(
        per_case=difference,
        shown=minuend.shown.loc[both] - subtrahend.shown.loc[both],
        excluded=excluded,
        undefined=(minuend.undefined | subtrahend.undefined | alone) - excluded,
    )
