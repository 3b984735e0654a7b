"""Does label noise in training cost one subgroup more than another? The dose form of `noise`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pytest_biasruler.checks.answer import answer, is_wrongly_paired, note_unjudged
from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import (
    compare,
    comparison_details,
    conclude,
    estimate_of,
    finite,
)
from pytest_biasruler.checks.evidence import Column, score_column
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.statistics.slope import fit_slopes, widest_slope
from pytest_biasruler.statistics.support import difference_support

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding

Dose = tuple[str, float]
"""A model and the level of label noise it was trained with."""


def check_dose(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether label noise surely costs some subgroup more than the limit, per level."""
    levels: Mapping[str, float] = declared.options["levels"]
    doses = sorted(levels.items(), key=lambda dose: (dose[1], dose[0]))
    columns = [_scores(evidence, declared, model) for model, _ in doses]
    slopes = _slope_column(evidence, declared, columns, doses)
    comparison = compare(
        evidence,
        declared,
        slopes,
        support=_support(evidence, declared, columns, doses),
        limit=float(declared.limit or 0.0),
    )
    wrong = any(is_wrongly_paired(evidence, replace(declared, model=model)) for model in levels)
    verdict, reason = conclude(comparison, none_scored="no pairs", wrong_pairing=wrong)
    spread = comparison.spread
    return answer(
        evidence,
        declared,
        statement=_state(evidence, declared, comparison)
        + note_unjudged(comparison.members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=estimate_of(comparison, alpha=declared.alpha),
        p_fail=spread.p_fail if spread else None,
        min_detectable=spread.min_detectable if spread else None,
        groups=comparison.members.groups,
        details={**comparison_details(comparison), **_details(comparison, columns, doses)},
    )


def _scores(evidence: Evidence, declared: DeclaredCheck, model: str) -> Column:
    # The worst score of a prediction that is missing at one level says nothing about noise.
    return score_column(
        evidence,
        declared.metric,
        model=model,
        reference=str(declared.reference),
        label=declared.label,
        worst_is_score=False,
    )


def _slope_column(
    evidence: Evidence,
    declared: DeclaredCheck,
    columns: Sequence[Column],
    doses: Sequence[Dose],
) -> Column:
    """Return the slope of each case that has a score at every level; the others are undefined."""
    table = pd.concat([column.per_case for column in columns], axis=1).sort_index()
    whole = table.dropna()
    slopes = pd.Series(
        fit_slopes(whole.to_numpy(), levels=[level for _, level in doses]), index=whole.index
    )
    excluded = frozenset().union(*(column.excluded for column in columns))
    undefined = frozenset(table.index.difference(whole.index)).union(
        *(column.undefined for column in columns)
    )
    return Column(
        per_case=slopes,
        shown=slopes * evidence.metric(declared.metric).sign,
        excluded=excluded,
        undefined=undefined - excluded,
    )


def _support(
    evidence: Evidence,
    declared: DeclaredCheck,
    columns: Sequence[Column],
    doses: Sequence[Dose],
) -> str | tuple[float, float]:
    """Return how steep a slope can be: as what was seen of the scores allows, or their bounds."""
    if not all(len(column.per_case) for column in columns):
        return "symmetric"
    if declared.support == "bounds":
        # Any of the models tells how large a distance can be: the images are the same.
        low, high = bounds_of(evidence, replace(declared, model=doses[0][0]), *columns)
    else:
        low, high = 0.0, difference_support(*(column.per_case for column in columns))[1]
    steepest = widest_slope([level for _, level in doses], width=high - low)
    return -steepest, steepest


def _state(evidence: Evidence, declared: DeclaredCheck, comparison: Comparison) -> str:
    metric, spread = evidence.metric(declared.metric), comparison.spread
    attribute = " and ".join(declared.by)
    if spread is None:
        return f"The cost of label noise cannot be compared between subgroups of {attribute}"
    unit = f" {metric.unit}" if metric.unit else ""
    least, most = comparison.pair
    value = format_number(abs(spread.value), limit=abs(float(declared.limit or 0.0)))
    levels = sorted(declared.options["levels"].values())
    tested = levels[-1] - levels[0]
    of_most, of_least = (
        _number(-metric.sign * comparison.mean(name) * tested) for name in (most, least)
    )
    more = "less" if spread.value < 0 else "more"
    return (
        f"From label noise {levels[0]:g} to {levels[-1]:g} {metric.title} gets worse by "
        f"{of_most}{unit} for {attribute} {most} and by {of_least}{unit} for {least}; per unit of "
        f"noise that is {value}{unit} {more}"
    )


def _number(value: float) -> str:
    return format_number(value).replace("-", "\N{MINUS SIGN}")


def _details(
    comparison: Comparison, columns: Sequence[Column], doses: Sequence[Dose]
) -> dict[str, Any]:
    """Return the mean score of each subgroup at each level, over the cases that have all."""
    table = pd.concat([column.shown for column in columns], axis=1)
    table = table.loc[comparison.column.per_case.index]
    levels = [level for _, level in doses]
    by_level = table.T.groupby(levels).mean().T
    of = comparison.members.subgroups.of.reindex(table.index)
    slopes = comparison.column.shown
    order = [name for name in comparison.members.subgroups.order if (of == name).any()]
    return {
        "form": "dose",
        "levels": [
            {"level": float(level), "models": [model for model, own in doses if own == level]}
            for level in sorted(set(levels))
        ],
        "doses": {name: [finite(mean) for mean in by_level[of == name].mean()] for name in order},
        "slopes": {name: finite(slopes[of == name].mean()) for name in order},
    }
