"""Counts and estimates of an audit as OpenMetrics text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_biasruler.errors import printable
from pytest_biasruler.report.gitlab import PREFIX, number_ids
from pytest_biasruler.report.headline import count_outcomes
from pytest_biasruler.report.numbers import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

_LONGEST_ID = 200
_NUMBERS = {
    "estimate": "What a check measured.",
    "bound_low": "Lower decision bound of a check.",
    "bound_high": "Upper decision bound of a check.",
    "limit": "Limit of a check.",
    "slope": "Slope along a number, with its sign: the estimate is its size.",
}


def write_metrics(audit: Audit) -> str:
    """Return counts and estimates of an audit as OpenMetrics text.

    GitLab takes all before the value for the name of a number and compares the values of two
    branches as text. It cuts a line at any number sign and its name at any space outside quotes,
    so neither occurs in a line here. What is undefined or hidden is left out.

    References
    ----------
    .. [1] OpenMetrics 1.0, https://prometheus.io/docs/specs/om/open_metrics_spec/
    .. [2] GitLab, "Metrics reports", https://docs.gitlab.com/ci/testing/metrics_reports
    """
    families = [*_count_families(audit), *_number_families(audit.findings)]
    return "".join(map(_family, families)) + "# EOF\n"


Family = tuple[str, str, list[tuple[str, float | None]]]
"""Name, help, and for each label set (as it is written) its value."""


def _family(family: Family) -> str:
    name, explanation, series = family
    lines = [f"{name}{labels} {value!r}\n" for labels, value in series if value is not None]
    head = f"# TYPE {name} gauge\n# HELP {name} {explanation}\n"
    return head + "".join(lines) if lines else ""


def _count_families(audit: Audit) -> Iterator[Family]:
    """Yield the counts, zeros too: of what comes and goes GitLab shows no change."""
    tally = count_outcomes(audit)
    ends = {
        "FAIL": tally.failed,
        "INCONCLUSIVE": tally.inconclusive,
        "ERROR": tally.errors,
        "waived": tally.waived,
        "PASS": tally.passed,
        "screened": len(tally.screens),
        "not judged": tally.unjudged,
    }
    counts: list[tuple[str, float | None]] = [
        (_braces({"verdict": end}), n) for end, n in ends.items()
    ]
    yield f"{PREFIX}_checks", "Checks by how they ended.", counts
    told = {
        "declared": (tally.declared, "Checks that the benchmark declares."),
        "ran": (tally.ran, "Checks that ran."),
        "missing": (tally.missing, "Checks that never reported."),
    }
    for key, (n, explanation) in told.items():
        yield f"{PREFIX}_checks_{key}", explanation, [("", n)]
    yield f"{PREFIX}_cases_scored", "Cases that were scored.", [("", audit.accounting["scored"])]


def _number_families(findings: Sequence[Finding]) -> Iterator[Family]:
    series = _label_sets(findings)
    numbers = [_numbers_of(finding) for finding in findings]
    for key, explanation in _NUMBERS.items():
        values = [(labels, own[key]) for labels, own in zip(series, numbers, strict=True)]
        yield f"{PREFIX}_{key}", explanation, values


def _numbers_of(finding: Finding) -> dict[str, float | None]:
    known = finding.estimate
    return {
        "estimate": known.value if known else None,
        "bound_low": known.low if known else None,
        "bound_high": known.high if known else None,
        "limit": finding.limit,
        "slope": (finding.details.get("trend") or {}).get("slope"),
    }


def _label_sets(findings: Sequence[Finding]) -> list[str]:
    """Return the labels of each finding; the id is added where others are equal without it."""
    plain = [_labels(finding) for finding in findings]
    n_equal = Counter(map(_braces, plain))
    ids = number_ids([shown(finding.id, longest=_LONGEST_ID) for finding in findings])
    return [
        _braces(labels if n_equal[_braces(labels)] == 1 else {**labels, "id": own})
        for labels, own in zip(plain, ids, strict=True)
    ]


def _labels(finding: Finding) -> dict[str, str]:
    told = {
        "check": finding.check,
        "metric": finding.metric,
        "label": finding.label,
        "by": "+".join(map(shown, finding.by)) or None,
        "model": finding.model,
        # A slope is another quantity than the gap, and so is the slope per another step.
        "step": f"{trend['step']:g}" if (trend := finding.details.get("trend")) else None,
    }
    return {key: shown(name) for key, name in told.items() if name is not None}


def _braces(labels: Mapping[str, str]) -> str:
    pairs = [f'{key}="{_escape(text)}"' for key, text in labels.items()]
    return "{" + ",".join(pairs) + "}"


def _escape(text: str) -> str:
    r"""Return a label value as OpenMetrics writes it, without a number sign.

    Examples
    --------
    >>> print(_escape('a "b" #1\n'))
    a \"b\" \\x231\\n
    """
    text = printable(text).replace("#", r"\x23")
    return text.replace("\\", r"\\").replace('"', r"\"")
