"""Worlds without a gap: the user's own scores, with subgroups dealt out anew (method, 6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler.statistics.draws import Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.checks.evidence import Evidence

    Key = tuple[str, str, str]
    Rows = Mapping[Key, pd.DataFrame]

_MODELS = 20_000_000
"""Added to a world's seed where the names of models are drawn: worlds are far fewer than this."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Deck:
    """What is dealt out anew in each world: whose case is whose, where, in which subgroup.

    Attributes
    ----------
    patients, sites : ndarray of int, shape (n_cases,)
        Numbers of the patient and of the site of each case; one site where none is declared.
    cuts : mapping
        Attributes of a check -> subgroups of all cases, as they really are.
    """

    patients: np.ndarray
    sites: np.ndarray
    cuts: Mapping[tuple[str, ...], Subgroups]


def open_deck(evidence: Evidence, declared: Iterable[DeclaredCheck]) -> Deck:
    """Return what the worlds of these checks are dealt from."""
    cases = pd.Index(evidence.cases)
    sites = evidence.sites(cases)
    return Deck(
        patients=_numbers(evidence.patients(cases)),
        sites=np.zeros(len(cases), np.intp) if sites is None else _numbers(sites),
        cuts={one.by: evidence.cut(one.by) for one in declared if one.by},
    )


def _numbers(names: np.ndarray) -> np.ndarray:
    return np.unique(names.astype(np.str_), return_inverse=True)[1].reshape(-1)


def deal_subgroups(
    deck: Deck, *, seed: int, within_sites: bool = False
) -> dict[tuple[str, ...], Subgroups]:
    """Return all subgroups of a null world: each patient gets those of another, drawn patient.

    All cases of a patient move together, and cases whose value is missing stay missing. Where a
    patient's cases are in several subgroups, the recipient's cases take the donor's in turn, from
    a drawn one on; so no subgroup is left with the patients who have many cases.

    `within_sites`: the other patient is one of the same site. A question about sites needs that;
    any other question would keep the gap that comes from who is seen where.
    """
    strata = deck.sites if within_sites else np.zeros_like(deck.sites)
    pairs, units = np.unique(np.column_stack([deck.patients, strata]), axis=0, return_inverse=True)
    keys = Stream(seed).uniforms(2, len(pairs))
    hand = _Hand(units=units.reshape(-1), strata=pairs[:, 1], order=keys[0], starts=keys[1])
    return {by: _dealt(cut, hand) for by, cut in deck.cuts.items()}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Hand:
    """Who is dealt to in one world: a unit is a patient, at one site if sites count.

    `units` has a number for each case, the others a value for each unit.
    """

    units: np.ndarray
    strata: np.ndarray
    order: np.ndarray
    starts: np.ndarray


def _dealt(cut: Subgroups, hand: _Hand) -> Subgroups:
    """Return the subgroups with the names, and the numbers behind them, of the donors."""
    donors, cases = _deal(cut, hand), cut.of.index
    names = cut.of.to_numpy(dtype=object)[donors]
    of = pd.Series(names, index=cases, dtype=object, name=cut.of.name)
    if not cut.numbers:
        return replace(cut, of=of)
    numbers = {
        case: cut.numbers[donor]
        for case, donor in zip(cases, cases[donors], strict=True)
        if donor in cut.numbers
    }
    return replace(cut, of=of, numbers=numbers)


def _deal(cut: Subgroups, hand: _Hand) -> np.ndarray:
    """Return, for each case, the place of the case whose subgroup it gets."""
    names = cut.of.to_numpy(dtype=object)
    is_known = np.ones(len(names), dtype=bool)
    if cut.missing is not None and not cut.judge_missing:
        is_known = names != cut.missing
    known = np.flatnonzero(is_known)
    known = known[np.argsort(hand.units[known], kind="stable")]
    units, begins, sizes = np.unique(hand.units[known], return_index=True, return_counts=True)
    donors = np.arange(len(units))
    for stratum in np.unique(hand.strata[units]):
        own = np.flatnonzero(hand.strata[units] == stratum)
        donors[own] = own[np.argsort(hand.order[units[own]], kind="stable")]
    recipient = np.repeat(np.arange(len(units)), sizes)
    donor = donors[recipient]
    place = np.arange(len(known)) - begins[recipient]
    first = (hand.starts[units[recipient]] * sizes[donor]).astype(np.intp)
    dealt = np.arange(len(names))
    dealt[known] = known[begins[donor] + (first + place) % sizes[donor]]
    return dealt


def shuffle_models(
    evidence: Evidence, declared: DeclaredCheck, *, models: Sequence[str], seed: int
) -> Rows:
    """Return the rows of a world in which models differ by name only.

    Within each patient the scores of the models are handed round, by each reference alike.
    """
    label = declared.label or ""
    cases = pd.Index(evidence.cases)
    numbers = np.unique(evidence.patients(cases).astype(str), return_inverse=True)[1]
    keys = Stream(_MODELS + seed).uniforms(int(numbers.max(initial=-1)) + 1, len(models))
    takes = np.argsort(keys, axis=1, kind="stable")[numbers]
    rows = dict(evidence.rows)
    for reference in filter(None, (declared.reference, declared.automated)):
        frames = [evidence.pair(model, reference, declared.label) for model in models]
        scores = np.column_stack(
            [frame[declared.metric].reindex(cases).to_numpy() for frame in frames]
        )
        dealt = np.take_along_axis(scores, takes, axis=1)
        for column, (model, frame) in enumerate(zip(models, frames, strict=True)):
            values = pd.Series(dealt[:, column], index=cases).reindex(frame.index)
            rows[model, reference, label] = frame.assign(**{declared.metric: values})
    return rows
