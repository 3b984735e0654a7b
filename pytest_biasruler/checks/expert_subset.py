"""Are the patients whom experts labelled like the others? Reported, never judged."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.criteria import cases_with_expert
from pytest_biasruler.statistics.guarded_shift import guard_delta
from pytest_biasruler.statistics.shift import is_beyond
from pytest_biasruler.statistics.side import FEWEST
from pytest_biasruler.statistics.spread import estimate_spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.benchmark.definition import Attribute
    from pytest_biasruler.checks.evidence import Evidence

DELTA_LIMIT = 0.147
SHARE_LIMIT = 0.10
_LEVEL = 0.975
"""Of each bound: together a two-sided 95 % interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One number, or one category, of the labelled patients against the others.

    Attributes
    ----------
    attribute : str
    category : str or None
        None for a number, compared by Cliff's delta; else the share of the category is.
    labelled, others : float
        Medians of the number, or shares of the category.
    value, low, high : float or None
        Labelled minus others, with its guarded two-sided 95 % interval; None where undefined.
    limit : float
        0.147 for Cliff's delta, 0.10 for a share.
    differs : bool
        Whether the interval lies wholly beyond the limit, on either side.
    """

    attribute: str
    category: str | None
    labelled: float
    others: float
    value: float | None
    low: float | None
    high: float | None
    limit: float
    differs: bool


def compare_labelled(evidence: Evidence) -> dict[str, Any] | None:
    """Return how patients with an expert label differ from those without, by every attribute.

    A patient counts as labelled if one of his cases is. None if there is nothing to compare:
    no patient has an expert label, or all have.
    """
    cases = list(evidence.cases)
    patients = evidence.metadata.patients.reindex(cases)
    expert = cases_with_expert(evidence)
    is_labelled = patients.index.isin(expert)
    labelled = set(patients[is_labelled])
    others = set(patients) - labelled
    if not labelled or not others:
        return None
    differences = [
        difference
        for attribute in evidence.benchmark.attributes
        for difference in _compare(evidence, attribute, patients, labelled)
    ]
    flagged = [each.attribute for each in differences if each.differs]
    return {
        "n_labelled": len(labelled),
        "n_others": len(others),
        "differences": [asdict(each) for each in differences],
        "differs_in": list(dict.fromkeys(flagged)),
    }


def note_labelled(subset: dict[str, Any] | None) -> str:
    """Return what a statement must add if the labelled patients are not like the others."""
    if not subset or not subset["differs_in"]:
        return ""
    return f"; patients with an expert label differ from the others in {_listed(subset)}"


def _listed(subset: dict[str, Any]) -> str:
    *most, last = subset["differs_in"]
    return f"{', '.join(most)} and {last}" if most else str(last)


def _compare(
    evidence: Evidence, attribute: Attribute, patients: pd.Series, labelled: set[str]
) -> Iterator[Difference]:
    cut = evidence.subgroups[attribute.name]
    names = cut.of.reindex(patients.index)
    known = names[(names != cut.missing).to_numpy()]
    if known.empty:
        return
    of = patients[known.index].to_numpy()
    if attribute.is_numeric:
        means = pd.Series(cut.numbers).reindex(known.index).groupby(of).mean().dropna()
        yield from _compare_numbers(attribute.name, means, means.index.isin(labelled))
        return
    for category in sorted(set(known)):
        shares = (known == category).astype(float).groupby(of).mean()
        yield from _compare_shares(attribute.name, category, shares, shares.index.isin(labelled))


def _compare_numbers(
    attribute: str, means: pd.Series, is_labelled: np.ndarray
) -> Iterator[Difference]:
    first, second = means[is_labelled].to_numpy(), means[~is_labelled].to_numpy()
    if min(len(first), len(second)) < FEWEST:
        return
    guarded = guard_delta(first, second)
    bounds = guarded.bounds(_LEVEL)
    yield Difference(
        attribute=attribute,
        category=None,
        labelled=float(np.median(first)),
        others=float(np.median(second)),
        value=finite(guarded.plain.value),
        low=finite(bounds[0]),
        high=finite(bounds[1]),
        limit=DELTA_LIMIT,
        differs=is_beyond(bounds, DELTA_LIMIT),
    )


def _compare_shares(
    attribute: str, category: str, shares: pd.Series, is_labelled: np.ndarray
) -> Iterator[Difference]:
    if min(is_labelled.sum(), (~is_labelled).sum()) < FEWEST:
        return
    spread = estimate_spread(
        shares.to_numpy(),
        subgroups=np.where(is_labelled, "labelled", "others"),
        judged=("labelled", "others"),
        limit=SHARE_LIMIT,
        support=(0.0, 1.0),
        baseline="labelled",
        alpha=1 - _LEVEL,
    )
    (contrast,) = spread.contrasts
    bounds = (contrast.low, contrast.high)
    yield Difference(
        attribute=attribute,
        category=category,
        labelled=float(shares[is_labelled].mean()),
        others=float(shares[~is_labelled].mean()),
        value=finite(contrast.estimate),
        low=finite(bounds[0]),
        high=finite(bounds[1]),
        limit=SHARE_LIMIT,
        differs=is_beyond(bounds, SHARE_LIMIT),
    )
