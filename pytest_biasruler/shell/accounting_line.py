"""The line of the terminal that says what became of every case and check."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import CODES, Consequence, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.accounting import Accounting
    from pytest_biasruler.shell.ledger import Bundle


def accounting_line(bundle: Bundle, accounting: Accounting) -> tuple[str, str]:
    """Return how many cases were scored and how many checks ran."""
    cases = bundle.context["accounting"]
    if "classes" in cases:
        return _public_accounting_line(cases, accounting, bundle.findings)
    n_excluded = cases["expected"] - cases["scored"]
    text = f"{cases['scored']} of {cases['expected']} cases scored"
    if n_excluded:
        text += f", {n_excluded} excluded{_where_most(cases)}"
    for (model, where), n in _counted_as_worst(cases["unreadable"]).items():
        text += f", {n} predictions of {printable(model)} counted as worst{where}"
    n_declared = len(accounting.declared)
    return f"{text}; {len(accounting.ran)} of {n_declared} declared checks ran", ""


def _public_accounting_line(
    cases: Mapping[str, Any], accounting: Accounting, findings: Iterable[Finding]
) -> tuple[str, str]:
    """Return how much was lost as a class: the number of a few would say who."""
    from pytest_biasruler.audit.public_finding import NOT_JUDGED, says_unjudged

    total, classes = cases["expected"], cases["classes"]
    text = "cases" if total is None else f"{total} cases"
    text += f", excluded: {classes['excluded'].get(cases['reference'], 'none')}"
    for model, share in sorted(classes["unreadable"].items()):
        if share != "none":
            text += f", counted as worst of {printable(model)}: {share}"
    n_declared = len(accounting.declared)
    text += f"; {len(accounting.ran)} of {n_declared} declared checks ran"
    is_told = any(says_unjudged(finding) for finding in findings)
    return f"{text}; {NOT_JUDGED}" if is_told else text, ""


def _counted_as_worst(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["attribute"] is None:
            where = " in mm" if CODES[row["reason"]] == Consequence.DISTANCES else ""
            counts[row["model"], where] += row["n"]
    return counts


def _where_most(cases: Mapping[str, Any]) -> str:
    """Return the subgroup that lost most cases of the reference that the line counts."""
    lost: Counter[tuple[str, str]] = Counter()
    for row in cases["excluded"]:
        if row["attribute"] is not None and row["reference"] == cases["reference"]:
            lost[row["attribute"], row["subgroup"]] += row["n"]
    if not lost:
        return ""
    worst = max(sorted(lost), key=lost.__getitem__)
    return f" ({lost[worst]} of them in {printable(worst[1])})"
