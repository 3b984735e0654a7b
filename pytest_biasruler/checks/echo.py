"""Does the model repeat the automated label's mistakes, and more so in one subgroup?

The column is kappa, the share of the automated reference's errors that the model repeats beyond
chance; with own key ``control``, a model trained on expert labels, kappa of the model minus kappa
of the control. Without ``by`` its mean over all cases is judged, with ``by`` its spread between
subgroups. Larger is worse.
"""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

import pandas as pd

from pytest_biasruler.benchmark.subgroups import Subgroups
from pytest_biasruler.checks.answer import answer, answer_comparison, is_wrongly_paired
from pytest_biasruler.checks.comparison import compare, finite
from pytest_biasruler.checks.copying import gather_echoes
from pytest_biasruler.checks.echo_statement import state_mean, state_spread
from pytest_biasruler.checks.finding import Estimate, Verdict
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.statistics.power import more_patients
from pytest_biasruler.statistics.spread import estimate_mean, judge_bounds
from pytest_biasruler.statistics.support import pooled_support, symmetric_support

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.copying import Echoes
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.guard import MeanBounds

EVERYONE = "all"
"""The one subgroup of a question without subgroups."""


_SUPPORTS = {False: ("pooled", pooled_support), True: ("symmetric", symmetric_support)}
"""Where the guard of a mean stands, without and with a control: a share, or a difference."""

_ALL = 1.0
"""What a case shows whose mistakes are all repeated; a small set may not have drawn one yet."""


def check_echo(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the model surely repeats more of the label's mistakes than the limit."""
    echoes = gather_echoes(evidence, declared)
    if echoes is None:
        return _answer_without_control(evidence, declared)
    if declared.by:
        return _answer_spread(evidence, declared, echoes)
    return _answer_mean(evidence, declared, echoes)


def _answer_without_control(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    return answer(
        evidence,
        declared,
        statement=(
            "Without masks, what the model repeats of the automated label's mistakes cannot be "
            "told from shared difficulty"
        ),
        verdict=Verdict.INCONCLUSIVE,
        reason="no control",
        estimate=None,
        p_fail=None,
        min_detectable=None,
        groups=(),
        details={"kind": "sizes", "control": None, "errors": {}, "dropped": {}},
    )


def _answer_spread(evidence: Evidence, declared: DeclaredCheck, echoes: Echoes) -> Finding:
    comparison = compare(
        evidence,
        declared,
        echoes.column,
        support="symmetric",
        limit=float(declared.limit or 0.0),
        both_orders=declared.baseline is not None,
    )
    finding = answer_comparison(
        evidence,
        declared,
        comparison,
        statement=state_spread(declared, comparison, echoes),
        details={},
        none_scored=_why_nothing(echoes),
    )
    verdict, reason = finding.verdict, finding.reason
    if verdict == Verdict.PASS and _is_mispaired(evidence, declared):
        verdict, reason = Verdict.INCONCLUSIVE, "wrong pairing"
    details = {**finding.details, **_details(declared, echoes, comparison.members)}
    return replace(finding, verdict=verdict, reason=reason, details=details)


def _answer_mean(evidence: Evidence, declared: DeclaredCheck, echoes: Echoes) -> Finding:
    column = echoes.column
    members = find_members(
        _as_one_group(evidence), column, by=(), min_patients=declared.min_patients
    )
    name, find_support = _SUPPORTS[echoes.control is not None]
    low, high = find_support(column.per_case.to_numpy())
    support = low, max(high, _ALL)
    mean = estimate_mean(
        column.per_case.to_numpy(),
        patients=evidence.patients(column.per_case.index),
        support=support,
        limit=_limit(declared),
        alpha=declared.alpha,
    )
    is_judged = bool(members.judged)
    verdict, reason = _conclude(evidence, declared, mean, members=members)
    if column.per_case.empty:
        reason = _why_nothing(echoes)
    return answer(
        evidence,
        replace(declared, support=name),
        statement=state_mean(declared, echoes, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate_of(mean, echoes, alpha=declared.alpha) if is_judged else None,
        p_fail=mean.p_fail if is_judged else None,
        min_detectable=mean.min_detectable if is_judged else None,
        groups=members.groups,
        details={
            "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
            "too_small": list(members.too_small),
            "pairs": [],
            "level": 1 - declared.alpha,
            "needed": _needed(declared, mean) if is_judged else None,
            "support": [finite(end) for end in support] if is_judged else None,
            **_details(declared, echoes, members),
        },
    )


def _limit(declared: DeclaredCheck) -> float:
    return nan if declared.limit is None else declared.limit


def _as_one_group(evidence: Evidence) -> Evidence:
    """Return the evidence with all cases as the one subgroup of a question without subgroups."""
    of = pd.Series(EVERYONE, index=pd.Index(evidence.cases), dtype=object)
    whole = Subgroups(name="", of=of, order=(EVERYONE,))
    return evidence.altered(cuts={**evidence.cuts, (): whole})


def _conclude(
    evidence: Evidence, declared: DeclaredCheck, mean: MeanBounds, *, members: Membership
) -> tuple[Verdict, str | None]:
    if not members.judged:
        return Verdict.INCONCLUSIVE, "thin evidence"
    verdict = Verdict(judge_bounds(mean.low, mean.high, declared.limit))
    if verdict == Verdict.PASS and _is_mispaired(evidence, declared):
        return Verdict.INCONCLUSIVE, "wrong pairing"
    if verdict == Verdict.PASS and members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict != Verdict.INCONCLUSIVE:
        return verdict, None
    return verdict, "borderline" if mean.min_detectable <= _limit(declared) else "underpowered"


def _is_mispaired(evidence: Evidence, declared: DeclaredCheck) -> bool:
    """Return whether any of the masks mostly do not touch those that they are compared with."""
    names = (declared.model, declared.options["control"], declared.automated)
    return any(
        is_wrongly_paired(evidence, replace(declared, model=name)) for name in names if name
    )


def _why_nothing(echoes: Echoes) -> str:
    """Return why no case has a value: none had errors to copy, or none was scored."""
    return "thin evidence" if any(echoes.dropped.values()) else "no pairs"


def _estimate_of(mean: MeanBounds, echoes: Echoes, *, alpha: float) -> Estimate:
    low = "the least observed" if echoes.control is None else "the largest difference either way"
    return Estimate(
        value=finite(mean.value),
        low=finite(mean.low),
        high=finite(mean.high),
        ci95=(finite(mean.ci95[0]), finite(mean.ci95[1])),
        pair=None,
        method=(
            f"guarded cluster-robust one-sample mean between {low} and 1, "
            f"level {1 - alpha:.4f} for either bound"
        ),
        alpha=alpha,
    )


def _needed(declared: DeclaredCheck, mean: MeanBounds) -> dict[str, float | None]:
    n_more = more_patients(
        mean.n_patients,
        se=mean.se,
        df=mean.df,
        level=1 - declared.alpha,
        margin=mean.value - _limit(declared),
    )
    return {EVERYONE: finite(n_more)}


def _details(declared: DeclaredCheck, echoes: Echoes, members: Membership) -> dict[str, Any]:
    """Return by subgroup what could be copied, what was, and which cases had too little."""
    of = members.subgroups.of
    groups = {name: of.index[of == name] for name in members.subgroups.order}
    dropped = {
        name: {why: len(cases.intersection(list(lost))) for why, lost in echoes.dropped.items()}
        for name, cases in groups.items()
    }
    undefined = {name: n + sum(dropped[name].values()) for name, n in members.undefined.items()}
    control = declared.options["control"]
    return {
        "kind": "masks" if echoes.by_masks else "sizes",
        "counts": {"excluded": dict(members.excluded), "undefined": undefined},
        "control": None if control is None else {"model": control},
        "errors": {name: _describe(echoes, cases) for name, cases in groups.items()},
        "dropped": dropped,
    }


def _describe(echoes: Echoes, cases: pd.Index) -> dict[str, Any]:
    kept = echoes.column.per_case.index.intersection(cases)
    facts = echoes.facts.loc[kept]
    control = echoes.control
    return {
        "n_cases": len(kept),
        "share": finite(echoes.model.per_case.loc[kept].mean()),
        "control": None if control is None else finite(control.per_case.loc[kept].mean()),
        "raw": finite(facts["raw"].mean()),
        "expected": finite(facts["expected"].mean()),
        "n_automated_errors": finite(facts["n_automated_errors"].sum()),
        "n_shared": finite(facts["n_shared"].sum()),
    }
