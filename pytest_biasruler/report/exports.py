"""An audit as tables for other programs."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.quantities import tell_quantity
from pytest_biasruler.errors import printable
from pytest_biasruler.report.numbers import LONGEST_SENTENCE, short_id, shown
from pytest_biasruler.report.wording import outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

PLAN_COLUMNS = ("check", "rank", "case", "subgroup", "probability", "seed")
"""Columns of a plan, in order."""

FINDING_COLUMNS = (
    *("outcome", "verdict", "id", "check", "metric", "unit", "label", "by", "model"),
    *("reference", "automated", "baseline", "support", "quantity"),
    *("value", "low", "high", "ci95_low", "ci95_high", "limit"),
    *("first_subgroup", "first_patients", "second_subgroup", "second_patients"),
    *("p_fail", "p_fail_holm", "min_detectable"),
    *("policy", "waived_until", "waiver_reason", "change", "reason", "statement"),
)
"""Columns of a table of findings, in order."""

SCORE_COLUMNS = (
    *("metric", "label", "model", "reference", "attribute", "subgroup", "n_cases", "n_patients"),
    *("mean", "sd", "median", "worst_tenth", "above_threshold"),
)
"""Columns of a table of scores, in order: the keys of `scores` in ``audit.json``."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula; some also the full-width forms."""

_INNER_FORMULA = re.compile(rf"(;\s*\"?)(?=[{re.escape(''.join(_FORMULA))}])")
"""Where the semicolon separates cells, a spreadsheet may end a cell of ours there."""


def tabulate_plan(audit: Audit) -> str:
    """Return the cases to label next as CSV, one row for each case and check that asks for it.

    Cases of one patient have one rank. A row without rank is not to be labelled: its case has got
    another probability, because the draw that was known is added to.
    """
    rows = (row for finding in audit.findings for row in _plan_rows(finding))
    return _table(PLAN_COLUMNS, rows)


def tabulate_findings(audit: Audit) -> str:
    """Return the findings as CSV, one row for each, and one for each check that could not run.

    Numbers have all their digits; what is undefined or hidden is an empty cell. The patients are
    those of the two subgroups that the estimate compares.
    """
    errors = (audit.accounting.get("checks") or {}).get("errors") or ()
    rows = [*map(_finding_row, audit.findings), *map(_error_row, errors)]
    return _table(FINDING_COLUMNS, ([row.get(name) for name in FINDING_COLUMNS] for row in rows))


def tabulate_scores(audit: Audit) -> str:
    """Return the summaries of the scores as CSV, by metric, label, model, reference, subgroup.

    The row without attribute is that of all cases together. An audit holds no score of a case.
    """
    rows = ([_named(row.get(name)) for name in SCORE_COLUMNS] for row in audit.scores)
    return _table(SCORE_COLUMNS, rows)


def _table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _plan_rows(finding: Finding) -> Iterator[tuple[object, ...]]:
    plan = finding.details.get("plan") or {}
    for entry in plan.get("queue") or ():
        for case in entry["cases"]:
            yield (
                short_id(finding.id),
                entry["rank"],
                case,
                entry["subgroup"],
                entry["probability"],
                plan.get("seed"),
            )


def _finding_row(finding: Finding) -> dict[str, object]:
    names = ("check", "metric", "unit", "label", "model", "reference", "automated", "baseline")
    numbers = ("limit", "p_fail", "p_fail_holm", "min_detectable")
    waive = finding.waive or {}
    return {
        "outcome": outcome_of(finding),
        "verdict": str(finding.verdict),
        "id": _named(finding.id, longest=LONGEST_SENTENCE),
        **{name: _named(getattr(finding, name)) for name in names},
        "by": _named("+".join(finding.by) or None),
        "support": finding.support,
        "quantity": tell_quantity(finding),
        **{name: getattr(finding, name) for name in numbers},
        **_estimate_cells(finding),
        "policy": finding.policy,
        "waived_until": waive.get("until"),
        "waiver_reason": _named(waive.get("reason"), longest=LONGEST_SENTENCE),
        "change": (finding.details.get("compare") or {}).get("state"),
        "reason": finding.reason,
        "statement": _named(finding.statement, longest=LONGEST_SENTENCE),
    }


def _estimate_cells(finding: Finding) -> dict[str, object]:
    known = finding.estimate
    if known is None:
        return {}
    sizes = {group.name: group.n_patients for group in finding.groups}
    first, second = known.pair or (None, None)
    return {
        "value": known.value,
        "low": known.low,
        "high": known.high,
        "ci95_low": known.ci95[0],
        "ci95_high": known.ci95[1],
        "first_subgroup": _named(first),
        "first_patients": sizes.get(str(first)),
        "second_subgroup": _named(second),
        "second_patients": sizes.get(str(second)),
    }


def _error_row(error: Mapping[str, Any]) -> dict[str, object]:
    return {
        "outcome": "error",
        "id": _named(error["id"], longest=LONGEST_SENTENCE),
        "reason": error["code"],
        "statement": _named(error["message"], longest=LONGEST_SENTENCE),
    }


def _named(value: Any, *, longest: int | None = None) -> object:
    """Return a name cut to the length that every output cuts it to; a number as it is."""
    if not isinstance(value, str) or not value:
        return value
    return shown(value) if longest is None else shown(value, longest=longest)


def safe_cell(value: object) -> str:
    r"""Return a value as a cell that no spreadsheet takes for a formula.

    A number is left a number, a negative one too: what begins with a minus sign and goes on with
    digits only is no formula. A word is guarded whatever it looks like.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell(None), safe_cell(0.25), safe_cell("0\u201340")
    ("'=1+1", '', '0.25', '0–40')
    >>> safe_cell(-0.25), safe_cell("-0.25"), safe_cell("a;=1+1"), safe_cell(" =1")
    ('-0.25', "'-0.25", "a;'=1+1", "' =1")
    """
    if value is None:
        return ""
    if isinstance(value, int | float):
        return repr(value) if math.isfinite(value) else ""
    text = str(value)
    guard = "'" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else ""
    return printable(guard + _INNER_FORMULA.sub(r"\1'", text))
