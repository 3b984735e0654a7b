"""Would other reasonable choices give another verdict? One check, many settings, never gated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.label_keys import AGGREGATES
from pytest_biasruler.benchmark.subgroups import cut_subgroups
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.pair_rows import join_rows
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.definition import Attribute
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding

    Check = Callable[[Evidence, DeclaredCheck], Finding]
    Rows = dict[tuple[str, str, str], pd.DataFrame]

FAMILIES = (
    ("dice", "iou", "precision", "recall"),
    ("hd95_mm", "hd_mm", "assd_mm"),
    ("lesion_recall", "lesion_precision", "lesion_f1"),
)
"""Metrics of one unit and range that ask about the same: only there can they share a limit."""

EDGE_STEP = 0.1
"""By what share of a bin's width its inner edge is moved."""

_TIMES = (0.5, 2.0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Setting:
    """One choice other than the declared one; `why_not` says why it cannot be computed."""

    what: str
    text: str
    evidence: Evidence
    declared: DeclaredCheck
    why_not: str = ""


def describe_sensitivity(
    evidence: Evidence, declared: DeclaredCheck, finding: Finding, *, check: Check
) -> dict[str, Any]:
    """Return what the check says under each other setting.

    Parameters
    ----------
    finding : Finding
        Of the declared setting, judged alone.
    check : callable
        The function that gave it.

    Returns
    -------
    dict
        `verdict` of the declared setting; `settings`, each with `what`, `setting`, `limit`,
        `value`, `low`, `high`, `verdict` and `why_not`; `share_other`, the share of computed
        settings whose verdict is another one, None if none could be computed.
    """
    brief = evidence.altered(is_brief=True)
    alone = replace(declared, sensitivity=False)
    rows = [_answer(setting, check) for setting in _settings(brief, alone)]
    computed = [row for row in rows if row["verdict"] is not None]
    n_other = sum(row["verdict"] != str(finding.verdict) for row in computed)
    return {
        "verdict": str(finding.verdict),
        "settings": rows,
        "share_other": n_other / len(computed) if computed else None,
    }


def _settings(evidence: Evidence, declared: DeclaredCheck) -> Iterator[Setting]:
    yield from _other_metrics(evidence, declared)
    yield from _other_rule(evidence, declared)
    for name in () if declared.options.get("continuous") else declared.by:
        yield from _moved_edges(evidence, declared, name)
    yield from _other_limits(evidence, declared)


def _answer(setting: Setting, check: Check) -> dict[str, Any]:
    row: dict[str, Any] = {
        "what": setting.what,
        "setting": setting.text,
        "limit": setting.declared.limit,
        **dict.fromkeys(("value", "low", "high", "verdict")),
        "why_not": setting.why_not,
    }
    if setting.why_not:
        return row
    try:
        finding = check(setting.evidence, setting.declared)
    except BiasRulerError as error:
        return {**row, "why_not": error.found}
    estimate = finding.estimate
    numbers = {name: getattr(estimate, name, None) for name in ("value", "low", "high")}
    return {**row, **numbers, "limit": finding.limit, "verdict": str(finding.verdict)}


def _other_metrics(evidence: Evidence, declared: DeclaredCheck) -> Iterator[Setting]:
    family = next((names for names in FAMILIES if declared.metric in names), ())
    for name in family:
        if name != declared.metric:
            yield Setting(
                what="metric",
                text=f"{evidence.metric(name).title}, at the same limit",
                evidence=evidence,
                declared=replace(declared, metric=name),
            )


def _other_rule(evidence: Evidence, declared: DeclaredCheck) -> Iterator[Setting]:
    """Yield what the other rule for two empty masks tells, from the rows that are so marked."""
    if not declared.metric:
        return
    is_scored = evidence.benchmark.defaults.both_empty == BothEmpty.SCORE
    other = BothEmpty.EXCLUDE if is_scored else BothEmpty.SCORE
    metric = evidence.metric(declared.metric)
    n_absent = sum(
        int((frame["status"] == "agreed absent").sum()) for frame in evidence.rows.values()
    )
    score = metric.both_empty if not is_scored else float("nan")
    rows = {
        key: _with_rule(frame, metric, score=score)
        for key, frame in evidence.rows.items()
        if key[2] not in AGGREGATES
    }
    yield Setting(
        what="empty masks",
        text=f'both_empty = "{other}"',
        evidence=evidence.altered(rows=_join_again(evidence, declared, rows)),
        declared=declared,
        why_not="" if n_absent else "there is no case in which both masks are empty",
    )


def _join_again(evidence: Evidence, declared: DeclaredCheck, rows: Rows) -> Rows:
    """Return the rows with the mean or the worst of all labels, where the check is about one."""
    if declared.label not in AGGREGATES:
        return rows
    how: dict[str, Any] = {"labels": tuple(evidence.benchmark.labels)}
    how["directions"] = evidence.directions
    joined: Rows = {
        (model, reference, declared.label): join_rows(
            rows, (model, reference, declared.label), **how
        )
        for model, reference in dict.fromkeys(key[:2] for key in rows)
        if all((model, reference, label) in rows for label in how["labels"])
    }
    return {**rows, **joined}


def _with_rule(frame: pd.DataFrame, metric: Metric, *, score: float) -> pd.DataFrame:
    if metric.name not in frame.columns:
        return frame
    scores = frame[metric.name].mask(frame["status"] == "agreed absent", score)
    return frame.assign(**{metric.name: scores})


def _moved_edges(evidence: Evidence, declared: DeclaredCheck, name: str) -> Iterator[Setting]:
    attribute = next(each for each in evidence.benchmark.attributes if each.name == name)
    edges = evidence.subgroups[name].edges
    for place in range(1, len(edges) - 1):
        below, above = (b - a for a, b in pairwise(edges[place - 1 : place + 2]))
        for width, step in ((below, -EDGE_STEP), (above, EDGE_STEP)):
            yield _moved_edge(evidence, declared, attribute, place=place, by=step * width)


def _moved_edge(
    evidence: Evidence, declared: DeclaredCheck, attribute: Attribute, *, place: int, by: float
) -> Setting:
    edges = evidence.subgroups[attribute.name].edges
    edge = edges[place]
    if not isfinite(by):
        text = f"{attribute.name} cut elsewhere than at {edge:g}"
        why_not = "the bin beside it has no end"
        return Setting(
            what="bins", text=text, evidence=evidence, declared=declared, why_not=why_not
        )
    moved = (*edges[:place], edge + by, *edges[place + 1 :])
    # The names stay, or a baseline would no longer be found.
    names = attribute.names or evidence.subgroups[attribute.name].declared
    text = f"{attribute.name} cut at {edge + by:g} instead of {edge:g}"
    changed = replace(attribute, bins=moved, quantiles=None, names=tuple(names))
    try:
        cut = cut_subgroups(evidence.metadata, changed, limits=evidence.benchmark.limits)
    except BiasRulerError as error:
        return Setting(
            what="bins", text=text, evidence=evidence, declared=declared, why_not=error.found
        )
    subgroups = {**evidence.subgroups, attribute.name: cut}
    return Setting(
        what="bins",
        text=text,
        evidence=evidence.altered(subgroups=subgroups, cuts={}),
        declared=declared,
    )


def _other_limits(evidence: Evidence, declared: DeclaredCheck) -> Iterator[Setting]:
    if declared.limit is None:
        return
    is_ratio = declared.options.get("statistic") == "ratio"
    for times in _TIMES:
        limit = declared.limit * times
        words = "half" if times < 1 else "twice"
        if is_ratio:  # a ratio is the stricter, the nearer it is to 1
            limit = round(1 - (1 - declared.limit) * times, 12)
        yield Setting(
            what="limit",
            text=f"{words} the {'distance of the limit from 1' if is_ratio else 'limit'}",
            evidence=evidence,
            declared=replace(declared, limit=limit),
            why_not=_beyond(evidence, declared, limit, is_ratio=is_ratio),
        )


def _beyond(evidence: Evidence, declared: DeclaredCheck, limit: float, *, is_ratio: bool) -> str:
    """Return why a limit cannot be one."""
    if is_ratio:
        return "" if 0 < limit < 1 else f"{format_number(limit)} is no limit of a ratio"
    if declared.check != "floor":
        return ""
    metric = evidence.metric(declared.metric)
    low, high = metric.range
    is_inside = (low is None or limit >= low) and (high is None or limit <= high)
    return "" if is_inside else f"{metric.title} cannot be {format_number(limit)}"
