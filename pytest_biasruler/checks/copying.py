"""What a model repeats of an automated reference's errors, case by case, and which cases tell."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler.checks.evidence import Column, paired_difference
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.agreement import Sizes, infer_shared_errors

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence

FEWEST_ERRORS = 20
"""Voxels on which the automated reference must err before a case can show what is repeated."""

FEW_ERRORS, EMPTY_EXPERT = "few_errors", "empty_expert"
"""Why a case is left out without being counted as lost."""

_ROUNDING = 0.01  # how far outside [0, 1] a copy rate from published, rounded Dice may come


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Echoes:
    """What a model, and its control if there is one, repeat in each case.

    Attributes
    ----------
    model, control : Column
        Kappa of each where masks tell it, the plain copy rate where only sizes and Dice do.
    dropped : mapping
        Why -> cases with too little to copy: they are counted, but no case was lost.
    facts : DataFrame
        By case: ``raw``, ``expected``, ``n_automated_errors`` and ``n_shared`` of the model.
    by_masks : bool
        Whether chance is taken out.
    """

    model: Column
    control: Column | None
    dropped: Mapping[str, frozenset[str]]
    facts: pd.DataFrame
    by_masks: bool

    @property
    def column(self) -> Column:
        """Return what is judged: the model's share, minus its control's if there is one."""
        if self.control is None:
            return self.model
        return paired_difference(self.model, self.control)


def gather_echoes(evidence: Evidence, declared: DeclaredCheck) -> Echoes | None:
    """Return what model and control repeat; None where neither masks nor a control tell.

    Raises
    ------
    BiasRulerError
        ``BR503`` if there are no masks and the score table does not tell how large they are.
    """
    control = declared.options["control"]
    models = [str(declared.model)] if control is None else [str(declared.model), str(control)]
    frames = [_echoes_of(evidence, declared, model) for model in models]
    by_masks = not any(frame.empty for frame in frames)
    if not by_masks:
        if control is None:
            return None
        frames = [_copies_of(evidence, declared, model) for model in models]
    # Both models face the same labels, so the same cases have too little to copy.
    dropped = _drop(frames[0])
    columns = [_column(evidence, frame, dropped=dropped) for frame in frames]
    return Echoes(
        model=columns[0],
        control=None if control is None else columns[1],
        dropped=dropped,
        facts=frames[0],
        by_masks=by_masks,
    )


def _echoes_of(evidence: Evidence, declared: DeclaredCheck, model: str) -> pd.DataFrame:
    automated, reference = str(declared.automated), str(declared.reference)
    frame = evidence.echoes(
        model=model, automated=automated, reference=reference, label=declared.label
    )
    labels = evidence.pair(automated, reference, declared.label)
    return frame.assign(
        share=frame["kappa"],
        n_expert=labels["n_reference"].reindex(frame.index),
    )


def _drop(frame: pd.DataFrame) -> dict[str, frozenset[str]]:
    is_empty = frame["n_expert"] == 0
    is_low = frame["n_automated_errors"] < frame.get("fewest", FEWEST_ERRORS)
    return {
        FEW_ERRORS: frozenset(frame.index[is_low & ~is_empty]),
        EMPTY_EXPERT: frozenset(frame.index[is_empty]),
    }


def _column(
    evidence: Evidence, frame: pd.DataFrame, *, dropped: Mapping[str, frozenset[str]]
) -> Column:
    """Return the shares; a case without one that is not dropped, as a lost prediction, is lost."""
    asked = frame.index.difference(list(frozenset().union(*dropped.values())))
    shares = frame.loc[asked, "share"].astype(float)
    is_known = np.isfinite(shares.to_numpy())
    return Column(
        per_case=shares[is_known],
        shown=shares[is_known],
        excluded=frozenset(pd.Index(evidence.cases).difference(frame.index)),
        undefined=frozenset(asked[~is_known]),
    )


def _copies_of(evidence: Evidence, declared: DeclaredCheck, model: str) -> pd.DataFrame:
    """Return the copy rate of each case, from the sizes of three masks and their Dice."""
    automated, reference = str(declared.automated), str(declared.reference)
    pairs = {
        "model_automated": evidence.pair(model, automated, declared.label),
        "model_expert": evidence.pair(model, reference, declared.label),
        "automated_expert": evidence.pair(automated, reference, declared.label),
    }
    cases = pd.Index(evidence.cases)
    for rows in pairs.values():
        cases = cases.intersection(rows.index)
    known = {name: rows.reindex(cases) for name, rows in pairs.items()}
    voxels, ml = (_sizes(known, names) for names in _UNITS)
    has_voxels = voxels.notna().all(axis=1)
    sizes = voxels.where(has_voxels, ml)
    if not sizes.notna().all(axis=1).any() or any("dice" not in rows for rows in known.values()):
        raise BiasRulerError(
            "BR503",
            "without masks echo needs the sizes and the Dice of all three of "
            f"{model}, {automated} and {reference}",
            "columns dice, n_model and n_reference (or model_ml and reference_ml)",
            "Add the columns to the score table, or masks to the benchmark",
        )
    dice = pd.DataFrame({name: _dice(rows) for name, rows in known.items()})
    copies = [
        _copy(size, score)
        for size, score in zip(sizes.to_dict("records"), dice.to_dict("records"), strict=True)
    ]
    frame = pd.DataFrame(copies, index=cases, columns=["share", "n_automated_errors", "n_shared"])
    frame["raw"], frame["expected"] = frame["share"], nan
    # In millilitres nobody can say how many voxels an error has: then any error will do.
    frame["fewest"] = np.where(has_voxels, FEWEST_ERRORS - 0.5, np.finfo(float).tiny)
    return frame.assign(n_expert=sizes["expert"])


_UNITS = (("n_model", "n_reference"), ("model_ml", "reference_ml"))


def _sizes(pairs: Mapping[str, pd.DataFrame], names: tuple[str, str]) -> pd.DataFrame:
    """Return the sizes of the three masks in one unit; each stands in two pairs."""
    first, second = names
    empty = pd.Series(nan, index=pairs["model_expert"].index)
    scored, judge = (
        {pair: rows[name].astype(float) if name in rows else empty for pair, rows in pairs.items()}
        for name in (first, second)
    )
    return pd.DataFrame(
        {
            "model": scored["model_expert"].fillna(scored["model_automated"]),
            "automated": scored["automated_expert"].fillna(judge["model_automated"]),
            "expert": judge["automated_expert"].fillna(judge["model_expert"]),
        }
    )


def _dice(rows: pd.DataFrame) -> pd.Series[float]:
    """Return Dice; the worst score of a missing prediction says nothing about its errors."""
    return rows["dice"].astype(float).mask(rows["status"] == "worst")


def _copy(
    sizes: Mapping[Hashable, float], dice: Mapping[Hashable, float]
) -> tuple[float, float, float]:
    """Return copy rate, automated errors and shared ones; NaN where no three masks are like it."""
    errors = infer_shared_errors(
        Sizes(model=sizes["model"], automated=sizes["automated"], expert=sizes["expert"]),
        model_automated=dice["model_automated"],
        model_expert=dice["model_expert"],
        automated_expert=dice["automated_expert"],
    )
    share = errors.copy_rate
    if not -_ROUNDING <= share <= 1 + _ROUNDING:
        share = nan
    return float(np.clip(share, 0.0, 1.0)), errors.n_automated, errors.n_shared
