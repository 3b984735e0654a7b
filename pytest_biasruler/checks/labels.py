"""Are the automated labels themselves worse for a subgroup, and in which direction?

No model is involved. The column is s*y(automated, expert), for ``signed_volume_error`` the signed
volume error of the automated mask. Own key: ``second_expert``, a reference of kind expert: then
the column is y(expert, second expert) - y(automated, expert), label quality with human ambiguity
taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.metrics import Direction
from pytest_biasruler.checks.answer import answer_comparison
from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import compare, finite
from pytest_biasruler.checks.evidence import paired_difference, score_column
from pytest_biasruler.checks.numbers import format_number, format_signed
from pytest_biasruler.statistics.ratio import mean_ratio
from pytest_biasruler.statistics.spread import estimate_mean

if TYPE_CHECKING:
    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.finding import Finding


def check_labels(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether automated labels agree surely less with experts for some subgroup."""
    column, second = _label_column(evidence, declared)
    comparison = compare(
        evidence,
        declared,
        column,
        support=_support(evidence, declared, column),
        limit=float(declared.limit or 0.0),
        both_orders=declared.baseline is not None and _is_unsigned(evidence, declared),
    )
    return answer_comparison(
        evidence,
        declared,
        comparison,
        statement=_state(evidence, declared, comparison),
        details={} if evidence.is_brief else _details(evidence, declared, comparison, second),
        none_scored="no pairs",
    )


def _details(
    evidence: Evidence, declared: DeclaredCheck, comparison: Comparison, second: str | None
) -> dict[str, Any]:
    return {
        "second_expert": second,
        "ambiguity_included": second is None,
        **_label_audit(evidence, declared, comparison),
        "anchoring": _anchoring(evidence, declared),
    }


def _scores(evidence: Evidence, declared: DeclaredCheck, first: str, second: str) -> Column:
    return score_column(
        evidence, declared.metric, model=first, reference=second, label=declared.label
    )


def _label_column(evidence: Evidence, declared: DeclaredCheck) -> tuple[Column, str | None]:
    automated, expert = str(declared.automated), str(declared.reference)
    column = _scores(evidence, declared, automated, expert)
    second = _second_expert(evidence, declared)
    if second is None:
        return column, None
    return paired_difference(_scores(evidence, declared, second, expert), column), second


def _second_expert(evidence: Evidence, declared: DeclaredCheck) -> str | None:
    """Return the second expert; a signed error of the automated label needs none."""
    second = declared.options.get("second_expert")
    is_signed_error = evidence.metric(declared.metric).direction == Direction.SIGNED
    return None if second is None or is_signed_error else str(second)


def _is_unsigned(evidence: Evidence, declared: DeclaredCheck) -> bool:
    is_signed_error = evidence.metric(declared.metric).direction == Direction.SIGNED
    return is_signed_error or _second_expert(evidence, declared) is not None


def _support(
    evidence: Evidence, declared: DeclaredCheck, column: Column
) -> str | tuple[float, float]:
    if declared.support != "bounds":
        return "symmetric" if _is_unsigned(evidence, declared) else "pooled"
    second = _second_expert(evidence, declared)
    if second is not None:
        judges = (str(declared.automated), second)
        both = (_scores(evidence, declared, judge, str(declared.reference)) for judge in judges)
        low, high = bounds_of(evidence, declared, *both)
        return low - high, high - low
    low, high = bounds_of(evidence, declared, column)
    widest = max(abs(low), abs(high))
    return (-widest, widest) if _is_unsigned(evidence, declared) else (low, high)


def _state(evidence: Evidence, declared: DeclaredCheck, comparison: Comparison) -> str:
    spread, attribute = comparison.spread, " and ".join(declared.by)
    metric = evidence.metric(declared.metric)
    if spread is None:
        return f"The automated labels cannot be compared between subgroups of {attribute}"
    best, worst = comparison.pair
    unit = f" {metric.unit}" if metric.unit else ""
    of_worst, of_best = (format_number(comparison.mean(name)) for name in (worst, best))
    size = f"{format_number(spread.value, limit=declared.limit)}{unit}"
    signed = _told_means(comparison, best, worst)
    if _second_expert(evidence, declared) is not None:
        return (
            f"The automated labels fall further behind a second expert for {attribute} {best} "
            f"than for {worst}, by {size} {metric.title} (second expert minus automated: {signed})"
        )
    if metric.direction == Direction.SIGNED:
        return _state_volume(comparison, f"{attribute} ", size)
    return (
        f"The automated labels agree less with experts for {attribute} {worst} than for {best}, "
        f"by {size} {metric.title} ({of_worst} against {of_best}), case ambiguity included"
    )


def _state_volume(comparison: Comparison, whom: str, size: str) -> str:
    """Name first the subgroup whose labels are further off, so that it is not taken for the other.

    The pair is in the order of the error, and the lower error may be the worse one.
    """
    first, second = comparison.pair
    drawn, sign = "larger", "positive where drawn too large"
    if abs(comparison.mean(second)) > abs(comparison.mean(first)):
        first, second = second, first
        drawn, sign = "smaller", "negative where drawn too small"
    return (
        f"Against the experts, the automated labels are drawn {drawn} for {whom}{first} than for "
        f"{second}, by {size} of the union (mean signed volume error "
        f"{_told_means(comparison, first, second)}; {sign})"
    )


def _told_means(comparison: Comparison, first: str, second: str) -> str:
    return " against ".join(format_signed(comparison.mean(name)) for name in (first, second))


def _label_audit(
    evidence: Evidence, declared: DeclaredCheck, comparison: Comparison
) -> dict[str, Any]:
    """Return label error rate and direction ratio, per case and pooled over voxels (4.9)."""
    rows = evidence.pair(str(declared.automated), str(declared.reference), declared.label)
    rows = rows.dropna(subset=["n_model", "n_reference", "n_both"])
    if rows.empty:
        return {"ler": {}, "direction": {}, "relative_risk": {}, "pooled": {}, "empty_share": {}}
    union = rows["n_model"] + rows["n_reference"] - rows["n_both"]
    ler = ((union - rows["n_both"]) / union).where(union > 0, 0.0)
    direction = ((rows["n_model"] - rows["n_reference"]) / union).where(union > 0, 0.0)
    names = comparison.members.subgroups.of.reindex(rows.index)
    order = [name for name in comparison.members.subgroups.order if (names == name).any()]
    return {
        "ler": {name: float(ler[names == name].mean()) for name in order},
        "direction": {name: float(direction[names == name].mean()) for name in order},
        "relative_risk": _relative_risks(evidence, declared, comparison, ler, names),
        "pooled": {
            name: {
                "ler": finite((union - rows["n_both"])[names == name].sum() / union_sum),
                "direction": finite(
                    (rows["n_model"] - rows["n_reference"])[names == name].sum() / union_sum
                ),
            }
            for name in order
            if (union_sum := union[names == name].sum()) > 0
        },
        "empty_share": {
            name: float((rows["n_model"][names == name] == 0).mean()) for name in order
        },
    }


def _relative_risks(
    evidence: Evidence,
    declared: DeclaredCheck,
    comparison: Comparison,
    ler: pd.Series,
    names: pd.Series,
) -> dict[str, Any]:
    """Return each judged subgroup's label error rate over that of the baseline.

    Without one, over the lowest: then a risk above 1 always means worse labels.
    """
    judged = comparison.members.judged
    if not judged:
        return {}
    rates = {name: float(ler[names == name].mean()) for name in judged}
    known = [name for name in judged if rates[name] == rates[name]] or list(judged)
    base = declared.baseline or min(known, key=lambda name: (rates[name], name))
    risks: dict[str, Any] = {"of": base}
    for name in judged:
        if name == base:
            continue
        cases = names.index[names.isin((name, base))]
        ratio = mean_ratio(
            ler.loc[cases].to_numpy(),
            subgroups=names.loc[cases].to_numpy(dtype=object),
            patients=evidence.patients(cases),
            pair=(name, base),
            alpha=declared.alpha,
        )
        bounded = ratio.status == "bounded"
        risks[name] = {
            "status": ratio.status,
            "value": finite(ratio.value) if bounded else None,
            "low": finite(ratio.low) if bounded else None,
            "high": finite(ratio.high) if bounded else None,
        }
    return risks


def _anchoring(evidence: Evidence, declared: DeclaredCheck) -> dict[str, Any] | None:
    """Return how much closer the second expert is to the automated label than the first."""
    second = _second_expert(evidence, declared)
    if second is None:
        return None
    closer = paired_difference(
        _scores(evidence, declared, str(declared.automated), second),
        _scores(evidence, declared, str(declared.automated), str(declared.reference)),
    )
    if len(closer.per_case) == 0:
        return None
    patients = evidence.patients(closer.per_case.index)
    mean = estimate_mean(closer.per_case.to_numpy(), patients=patients, alpha=declared.alpha)
    return {"value": finite(mean.value), "ci95": [finite(bound) for bound in mean.ci95]}
