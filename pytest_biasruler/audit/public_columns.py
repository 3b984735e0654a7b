"""Whether the scores of a model may be summarised: never those of a few scored patients."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.audit.public_beside import Listing, members_of, tells_few
from pytest_biasruler.audit.public_cells import SMALLEST, is_small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import ArrayLike

    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding

    Cuts = Mapping[tuple[str, ...], tuple[pd.Series[str], Listing]]
    """Attributes, or those crossed -> public subgroup of each case, and what is printed of it."""


def few_differ(values: ArrayLike, patients: ArrayLike) -> bool:
    """Return whether a mean says how many patients differ from all others, and these are few.

    The mean of yes and no is a share, so neither side may be 1 to 10 patients. Where more than
    two values occur, those that differ from the most frequent one count if that is one of many.

    Examples
    --------
    >>> people = [f"p{number}" for number in range(40)]
    >>> few_differ([0.0] * 3 + [1.0] * 37, people), few_differ([0.0] * 20 + [1.0] * 20, people)
    (True, False)
    >>> few_differ([0.2, 0.3, 0.4] + [1.0] * 37, people), few_differ([*range(40)], people)
    (True, False)
    """
    known = np.asarray(values, dtype=float)
    if not known.size:
        return False
    distinct, counts = np.unique(known, return_counts=True)
    is_usual = known == distinct[counts.argmax()]
    whose = np.asarray(patients, dtype=object)
    n_usual, n_others = len(set(whose[is_usual])), len(set(whose[~is_usual]))
    is_share = len(distinct) <= 2 or n_usual >= SMALLEST
    return is_share and (is_small(n_others) or (len(distinct) <= 2 and is_small(n_usual)))


def may_tell(evidence: Evidence, scores: pd.Series[float], cuts: Cuts) -> bool:
    """Return whether means of scores by case may be printed, of all cases and by subgroup.

    All or nothing: which subgroup has too few scored patients is not to be seen either.
    """
    patients = evidence.metadata.patients.reindex(scores.index)
    if is_small(patients.nunique()) or few_differ(scores.to_numpy(), patients.to_numpy()):
        return False
    is_complete = len(scores) == len(evidence.cases)
    scored: list[Listing] = []
    for of, listing in cuts.values():
        of = of.reindex(scores.index)
        for name, n_patients in listing.members.sum().items():
            if is_small(n_patients):  # nothing is printed of it anyway
                continue
            is_in = (of == name).to_numpy()
            whose = patients[is_in]
            if is_small(whose.nunique()) or few_differ(scores[is_in].to_numpy(), whose.to_numpy()):
                return False
        if not is_complete and not scores.empty:
            members = members_of(of, patients).reindex(columns=listing.members.columns)
            left = Listing(
                source=listing.source,
                members=members.fillna(value=False).astype(bool),
                shown=listing.shown,
            )
            if tells_few(left, beside=scored):
                return False
            scored.append(left)
    return True


def columns_of(evidence: Evidence, finding: Finding) -> Iterator[pd.Series[float]]:
    """Yield the scores that a finding may rest on, and their differences between references."""
    found: dict[tuple[str, str], list[pd.Series[float]]] = {}
    for (model, reference, label), part in evidence.rows.items():
        is_asked = (
            (finding.model in (None, model) or model == finding.automated)
            and (finding.reference is None or reference in (finding.reference, finding.automated))
            and finding.label in (None, label)
        )
        if is_asked and finding.metric in part.columns:
            found.setdefault((model, label), []).append(finite(part[finding.metric]))
    for columns in found.values():
        yield from columns
        for one, other in combinations(columns, 2):
            yield (one - other).dropna()


def finite(scores: pd.Series[float]) -> pd.Series[float]:
    """Return the scores that are numbers."""
    scores = scores.astype(float)
    return scores[np.isfinite(scores.to_numpy())]
