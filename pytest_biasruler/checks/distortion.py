"""How an automated reference bends a gap: direction, strength, and what it does to verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import compare, conclude, finite
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.statistics.ratio import fieller_ratio
from pytest_biasruler.statistics.spread import estimate_spread

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.statistics.spread import Spread

FLIPS = {  # (verdict by the automated reference, verdict by the expert one)
    (Verdict.PASS, Verdict.PASS): "agreed pass",
    (Verdict.PASS, Verdict.INCONCLUSIVE): "unproven pass",
    (Verdict.PASS, Verdict.FAIL): "masked harm",
    (Verdict.INCONCLUSIVE, Verdict.PASS): "blurred pass",
    (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE): "open",
    (Verdict.INCONCLUSIVE, Verdict.FAIL): "blurred harm",
    (Verdict.FAIL, Verdict.PASS): "false alarm",
    (Verdict.FAIL, Verdict.INCONCLUSIVE): "unproven alarm",
    (Verdict.FAIL, Verdict.FAIL): "agreed fail",
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Distortion:
    """What lies behind a `ruler` value: both gaps of its pair, and their verdicts.

    `pair` is oriented so that the expert gap is at least 0; `signed` is automated gap minus expert
    gap of that pair with unadjusted guarded bounds.
    """

    pair: tuple[str, str]
    gap_expert: float
    gap_automated: float
    signed: tuple[float, float, float]
    is_confirmed: bool
    is_large: bool
    strength: tuple[str, ...]
    by_expert: Comparison
    by_automated: Comparison
    ratio: dict[str, Any]
    offset: dict[str, float]

    @property
    def direction(self) -> str:
        """inflates, masks, reverses or none."""
        if self.gap_automated < 0:
            return "reverses"
        if self.signed[0] == 0:
            return "none"
        return "inflates" if self.signed[0] > 0 else "masks"

    def details(self) -> dict[str, Any]:
        """Return the plain form that a finding carries."""
        verdict_expert, reason_expert = conclude(self.by_expert)
        verdict_automated, reason_automated = conclude(self.by_automated)
        hides = self.direction == "masks" and self.ratio["status"] == "bounded"
        return {
            "direction": self.direction,
            "direction_confirmed": self.is_confirmed,
            "distortion_signed": dict(
                zip(("value", "low", "high"), map(finite, self.signed), strict=True)
            ),
            "direction_pair": list(self.pair),
            "pair_gaps": {"expert": self.gap_expert, "automated": self.gap_automated},
            "strength": list(self.strength),
            "gap_expert": _gap(self.by_expert, verdict_expert, reason_expert),
            "gap_automated": _gap(self.by_automated, verdict_automated, reason_automated),
            "flip": FLIPS[verdict_automated, verdict_expert],
            "ratio": self.ratio,
            "hidden_share": finite(1 - self.ratio["value"]) if hides else None,
            "offset": self.offset,
        }


def describe_distortion(
    evidence: Evidence,
    declared: DeclaredCheck,
    comparison: Comparison,
    *,
    expert: Column,
    automated: Column,
) -> Distortion:
    """Return direction, strength and verdicts of a distortion whose spread is known."""
    spread, limit = comparison.spread, float(declared.limit or 0.0)
    if spread is None:
        raise ValueError("comparison must have a spread")
    gaps = [
        _judge_gap(evidence, declared, column, like=comparison) for column in (expert, automated)
    ]
    by_expert, by_automated = gaps
    a, b = comparison.pair
    if by_expert_mean(by_expert, a) < by_expert_mean(by_expert, b):
        a, b = b, a
    signed = contrast_of(evidence, comparison, pair=(a, b), alpha=declared.alpha)
    gap_expert = contrast_of(evidence, by_expert, pair=(a, b), alpha=declared.alpha)
    gap_automated = contrast_of(evidence, by_automated, pair=(a, b), alpha=declared.alpha)
    values = comparison.column.per_case
    names = comparison.members.subgroups.of.reindex(values.index)
    return Distortion(
        pair=(a, b),
        gap_expert=gap_expert.value,
        gap_automated=gap_automated.value,
        signed=(signed.value, signed.low, signed.high),
        is_confirmed=_is_confirmed(signed, gap_expert, gap_automated),
        is_large=not spread.high < limit,
        strength=_strength(spread, limit),
        by_expert=by_expert,
        by_automated=by_automated,
        ratio=_ratio(evidence, (a, b), automated, expert, names, declared.alpha),
        offset={
            str(name): float(part.mean() - values.mean())
            for name, part in values.groupby(names, sort=True)
        },
    )


def by_expert_mean(comparison: Comparison, name: str) -> float:
    """Mean of a subgroup where larger is better."""
    values = comparison.column.per_case
    return float(values[comparison.members.subgroups.of.reindex(values.index) == name].mean())


def _judge_gap(
    evidence: Evidence, declared: DeclaredCheck, column: Column, *, like: Comparison
) -> Comparison:
    """Return the gap under one reference, on the paired cases, at the limit for gaps.

    What the pairing lost counts for either gap: no PASS may rest on the cases that are left.
    """
    support: str | tuple[float, float] = "pooled"
    if declared.support == "bounds":
        support = bounds_of(evidence, declared, column)
    paired = replace(
        column.only(like.column.per_case.index),
        excluded=like.column.excluded,
        undefined=like.column.undefined,
    )
    limit = float(declared.options["gap_limit"])
    return compare(evidence, declared, paired, support=support, limit=limit)


def contrast_of(
    evidence: Evidence, comparison: Comparison, *, pair: tuple[str, str], alpha: float
) -> Spread:
    """Return mean(a) - mean(b) with guarded bounds that are not adjusted for other pairs."""
    values = comparison.column.per_case
    names = comparison.members.subgroups.of.reindex(values.index)
    kept = values[names.isin(pair).to_numpy()]
    return estimate_spread(
        kept.to_numpy(),
        subgroups=names.loc[kept.index].to_numpy(dtype=object),
        patients=evidence.number_patients(kept.index),
        judged=pair,
        limit=comparison.limit,
        support=comparison.support or (0.0, 0.0),
        baseline=pair[0],
        both_orders=False,
        alpha=alpha,
    )


def _is_confirmed(signed: Spread, gap_expert: Spread, gap_automated: Spread) -> bool:
    if not gap_expert.low > 0:
        return False
    if gap_automated.value < 0:
        return gap_automated.high < 0
    return signed.low > 0 if signed.value > 0 else signed.high < 0


def _strength(spread: Spread, limit: float) -> tuple[str, ...]:
    """Return which of the words of method 3.2 hold; two may hold at once."""
    words = [
        word
        for word, holds in (
            ("beyond limit", spread.low > limit),
            ("detected", 0 < spread.low <= limit),
            ("ruled out", spread.high < limit),
        )
        if holds
    ]
    return tuple(words) or ("open",)


def _gap(comparison: Comparison, verdict: Verdict, reason: str | None) -> dict[str, Any]:
    spread = comparison.spread
    return {
        "value": finite(spread.value) if spread else None,
        "low": finite(spread.low) if spread else None,
        "high": finite(spread.high) if spread else None,
        "pair": list(comparison.pair) if spread else None,
        "verdict": str(verdict),
        "reason": reason,
        "means": {group.name: group.mean for group in comparison.members.groups},
    }


def _ratio(
    evidence: Evidence,
    pair: tuple[str, str],
    automated: Column,
    expert: Column,
    names: Any,
    alpha: float,
) -> dict[str, Any]:
    index = names.index[names.isin(pair)]
    ratio = fieller_ratio(
        automated.per_case.loc[index].to_numpy(),
        expert.per_case.loc[index].to_numpy(),
        subgroups=names.loc[index].to_numpy(dtype=object),
        patients=evidence.number_patients(index),
        pair=pair,
        alpha=alpha,
    )
    return {
        "status": ratio.status,
        "value": finite(ratio.value) if ratio.status == "bounded" else None,
        "low": finite(ratio.low),
        "high": finite(ratio.high),
    }
