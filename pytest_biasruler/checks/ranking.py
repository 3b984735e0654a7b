"""Does the order of the models, or the winner, depend on the reference?

The columns are the scores s*y of every model under the automated and under the expert reference,
on the cases that have all of them. The value is the regret: what it costs, by the expert, to
choose the model that the automated reference puts first; with ``by``, the largest regret inside a
judged subgroup. Own key: ``models``, two or more (default: every model of the benchmark).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pytest_biasruler.benchmark.subgroups import Subgroups
from pytest_biasruler.checks.answer import answer, is_wrongly_paired, note_unjudged
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.finding import Estimate, Verdict
from pytest_biasruler.checks.matrices import SIDES, gather_scores
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.orders import describe_orders
from pytest_biasruler.statistics.power import more_patients
from pytest_biasruler.statistics.ranking import EVERYONE, compare_rankings

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.checks.matrices import ModelScores
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.ranking import Ranking

_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def check_ranking(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the automated reference surely puts the wrong model first."""
    scores = gather_scores(evidence, declared)
    overall = next(iter(_rank(evidence, declared, scores)), None)
    members = _members(evidence, declared, scores, overall)
    rankings = _rank(evidence, declared, scores, members)
    worst = max(rankings, key=_size, default=None)
    verdict, reason = _conclude(evidence, declared, rankings, members)
    told = max(rankings, key=lambda r: (_is_wrong(r, declared), *_size(r)), default=None)
    details: dict[str, Any] = {
        "models": list(scores.models),
        "subgroup": told.subgroup if told and declared.by else None,
        "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
        "too_small": list(members.too_small),
        "incomplete": scores.lost_by(),
        "needed": _needed(declared, rankings),
    }
    details |= describe_orders(
        evidence, declared, scores, rankings=rankings, overall=overall, members=members
    )
    return answer(
        evidence,
        declared,
        statement=_state(evidence, declared, told)
        + _note_larger(evidence, declared, told, worst)
        + note_unjudged(members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate_of(declared, rankings, worst),
        p_fail=min((r.regret.p_overturned for r in rankings), default=None),
        min_detectable=worst.regret.min_detectable if worst else None,
        groups=members.groups,
        details=details,
    )


def _rank(
    evidence: Evidence,
    declared: DeclaredCheck,
    scores: ModelScores,
    members: Membership | None = None,
) -> tuple[Ranking, ...]:
    """Return one ranking per judged subgroup, or of all cases if no members are given."""
    names = None if members is None else members.subgroups.of.reindex(scores.cases)
    return compare_rankings(
        *(scores.matrix(side) for side in SIDES),
        models=scores.models,
        subgroups=None if names is None else names.to_numpy(dtype=str),
        judged=(EVERYONE,) if members is None else members.judged,
        patients=evidence.patients(scores.cases),
        alpha=declared.alpha,
    )


def _members(
    evidence: Evidence, declared: DeclaredCheck, scores: ModelScores, overall: Ranking | None
) -> Membership:
    """Return who is judged; the column that people see is the automated winner's expert score."""
    winner = scores.models[0] if overall is None else overall.regret.winner
    if not declared.by:
        cases = pd.Index(evidence.cases)
        whole = Subgroups(name="", of=pd.Series(EVERYONE, index=cases), order=(EVERYONE,))
        evidence = evidence.altered(cuts={**evidence.cuts, (): whole})
    return find_members(
        evidence, scores.column(winner), by=declared.by, min_patients=declared.min_patients
    )


def _conclude(
    evidence: Evidence,
    declared: DeclaredCheck,
    rankings: tuple[Ranking, ...],
    members: Membership,
) -> tuple[Verdict, str | None]:
    """Return the verdict: a confirmed flip of a winner fails, unless its cost is surely small."""
    limit = float(declared.limit or 0.0)
    if not any(group.n_cases for group in members.groups):
        return Verdict.INCONCLUSIVE, "no pairs"
    if not rankings:
        return Verdict.INCONCLUSIVE, "too few subgroups" if declared.by else "thin evidence"
    if any(_is_wrong(ranking, declared) for ranking in rankings):
        return Verdict.FAIL, None
    if all(r.regret.high < limit for r in rankings):
        return _withhold(evidence, declared, members)
    open_ones = [r.regret for r in rankings if not r.regret.high < limit]
    is_weak = any(not regret.min_detectable <= limit for regret in open_ones)
    return Verdict.INCONCLUSIVE, "underpowered" if is_weak else "borderline"


def _size(ranking: Ranking) -> tuple[float, ...]:
    """Return by what the subgroups of a ranking are ordered, whatever their names."""
    regret = ranking.regret
    return regret.value, regret.high, regret.min_detectable


def _is_wrong(ranking: Ranking, declared: DeclaredCheck) -> bool:
    """Return whether the choice is surely wrong, and not surely harmless."""
    regret = ranking.regret
    return regret.is_overturned and not regret.high < float(declared.limit or 0.0)


def _withhold(
    evidence: Evidence, declared: DeclaredCheck, members: Membership
) -> tuple[Verdict, str | None]:
    """Return PASS, unless predictions do not belong to their cases or too many cases are lost."""
    models = declared.options["models"]
    if any(is_wrongly_paired(evidence, replace(declared, model=model)) for model in models):
        return Verdict.INCONCLUSIVE, "wrong pairing"
    if members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    return Verdict.PASS, None


def _estimate_of(
    declared: DeclaredCheck, rankings: tuple[Ranking, ...], worst: Ranking | None
) -> Estimate | None:
    """Return the largest regret; its bounds are the largest of any judged subgroup."""
    if worst is None:
        return None
    n_pairs = len(worst.models) * (len(worst.models) - 1) * len(rankings)
    return Estimate(
        value=finite(worst.regret.value),
        low=finite(max(ranking.regret.low for ranking in rankings)),
        high=finite(max(ranking.regret.high for ranking in rankings)),
        ci95=(finite(worst.regret.ci95[0]), finite(worst.regret.ci95[1])),
        pair=None,
        method=(
            "guarded cluster-robust paired differences to every rival, Bonferroni over rivals"
            f"{' and subgroups' if len(rankings) > 1 else ''} for the lower bound, level "
            f"{1 - declared.alpha:.4f} for the upper; FAIL by Holm over {n_pairs} ordered pairs"
        ),
        alpha=declared.alpha,
    )


def _needed(declared: DeclaredCheck, rankings: tuple[Ranking, ...]) -> dict[str, float | None]:
    """Return how many more patients would show that a regret below the limit is below it."""
    limit = float(declared.limit or 0.0)
    return {
        ranking.subgroup: finite(
            more_patients(
                ranking.n_patients,
                se=ranking.regret.se,
                df=ranking.regret.df,
                level=1 - declared.alpha,
                margin=limit - ranking.regret.value,
            )
        )
        for ranking in rankings
        if ranking.regret.value < limit and not ranking.regret.high < limit
    }


def _state(evidence: Evidence, declared: DeclaredCheck, worst: Ranking | None) -> str:
    """Return who is first by whom and what the choice costs, as one sentence."""
    attribute = " and ".join(declared.by)
    if worst is None:
        return f"The models cannot be ranked{f' within {attribute}' if attribute else ''}"
    regret = worst.regret
    if not regret.value > 0:
        same = "the automated reference puts first"
        if declared.by:
            where = f"In every judged subgroup of {attribute} the model that"
            return f"{where} {same} is also first by the experts"
        return f"The model that {same}, {regret.winner}, is also first by the experts"
    metric, where = evidence.metric(declared.metric), "The"
    if declared.by:
        where = f"In {attribute} {worst.subgroup} the"
    cost = format_number(regret.value, limit=declared.limit)
    unit = f" {metric.unit} of" if metric.unit else ""
    return (
        f"{where} automated reference puts {regret.winner} first; by the experts it is "
        f"{_place(worst)} and choosing it costs {cost}{unit} {metric.title}"
    )


def _note_larger(
    evidence: Evidence, declared: DeclaredCheck, told: Ranking | None, worst: Ranking | None
) -> str:
    """Return what a subgroup shows that regrets more than the one told, but less surely."""
    if told is None or worst is None or told is worst:
        return ""
    unit = evidence.metric(declared.metric).unit
    cost = format_number(worst.regret.value, limit=declared.limit) + (f" {unit}" if unit else "")
    return f" (the largest regret, {cost} in {worst.subgroup}, is not confirmed)"


def _place(ranking: Ranking) -> str:
    """Return in words where the expert puts the winner."""
    position, n_models = ranking.order_expert.index(ranking.regret.winner), len(ranking.models)
    if position == n_models - 1:
        return "last"
    if position < len(_ORDINALS):
        return _ORDINALS[position]
    return f"number {position + 1} of {n_models}"
