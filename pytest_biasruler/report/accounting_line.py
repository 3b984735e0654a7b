"""The line of the terminal that says what became of every case and check."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.accounting import undefined_scores
from pytest_biasruler.audit.public_finding import NOT_JUDGED, says_unjudged
from pytest_biasruler.errors import CODES, Consequence, printable
from pytest_biasruler.report.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_biasruler.audit.counts import Counts
    from pytest_biasruler.checks.finding import Finding


def accounting_line(cases: Mapping[str, Any], findings: Iterable[Finding], counts: Counts) -> str:
    """Return how many cases were scored, of how many not all, and how many checks ran."""
    if "classes" in cases:
        return _public_accounting_line(cases, findings, counts)
    n_excluded = cases["expected"] - cases["scored"]
    text = f"{cases['scored']} of {cases['expected']} cases scored"
    if n_excluded:
        text += f", {n_excluded} excluded{_where_most(cases)}"
    undefined = undefined_scores(findings)
    for score, n in [*undefined.items()][:1]:
        more = f" (and {len(undefined) - 1} more)" if len(undefined) > 1 else ""
        text += f", {printable(score)} undefined in {n}{more}"
    split = cases.get("split")
    if split is not None:
        text += f", {split['n_outside']} outside the split ({printable(split['name'])})"
    for (model, where), codes in _counted_as_worst(cases["unreadable"]).items():
        what = counted(codes.total(), "prediction")
        text += f", {what} of {printable(model)} counted as worst{where} ({_reasons(codes)})"
    return f"{text}; {counts.told_partial}"


def _public_accounting_line(
    cases: Mapping[str, Any], findings: Iterable[Finding], counts: Counts
) -> str:
    """Return how much was lost as a class: the number of a few would say who."""
    total, classes = cases["expected"], cases["classes"]
    text = "cases" if total is None else f"{total} cases"
    text += f", excluded: {classes['excluded'].get(cases['reference'], 'none')}"
    for model, share in sorted(classes["unreadable"].items()):
        if share != "none":
            text += f", counted as worst of {printable(model)}: {share}"
    text += f"; {counts.told_partial}"
    is_told = any(says_unjudged(finding) for finding in findings)
    return f"{text}; {NOT_JUDGED}" if is_told else text


def _counted_as_worst(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Counter[str]]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if row["attribute"] is None:
            where = " in mm" if CODES.get(row["reason"]) == Consequence.DISTANCES else ""
            counts.setdefault((row["model"], where), Counter())[row["reason"]] += row["n"]
    return counts


def _reasons(codes: Counter[str]) -> str:
    """Return the codes, the most frequent first, each with its number where there are several."""
    listed = codes.most_common()
    return ", ".join(printable(code if len(listed) == 1 else f"{n} {code}") for code, n in listed)


def _where_most(cases: Mapping[str, Any]) -> str:
    most = most_lost(cases)
    return f" ({most[1]} of them in {printable(most[0])})" if most is not None else ""


def most_lost(cases: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return the subgroup that lost most cases of the reference that is counted, and how many."""
    lost: Counter[tuple[str, str]] = Counter()
    for row in cases.get("excluded") or ():
        if row["attribute"] is not None and row.get("reference") == cases.get("reference"):
            lost[row["attribute"], row["subgroup"]] += row["n"] or 0
    if not lost:
        return None
    worst = max(sorted(lost), key=lost.__getitem__)
    return worst[1], lost[worst]
