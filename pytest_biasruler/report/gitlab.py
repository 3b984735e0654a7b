"""An audit as the two reports that GitLab shows beside a merge request."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.errors import printable
from pytest_biasruler.report.headline import count_outcomes
from pytest_biasruler.report.messages import first_line
from pytest_biasruler.report.numbers import shown
from pytest_biasruler.report.wording import outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

PREFIX = "biasruler"
"""What names of metrics and of checks begin with; files are known to be ours by it."""

WHOLE_AUDIT = "audit"
NO_FILE = "biasruler.toml"
"""Where a check is said to stand if nobody knows: outside pytest an audit has no file."""

_LONGEST_DESCRIPTION, _LONGEST_ID = 600, 200
_NUMBERS = {
    "estimate": "What a check measured.",
    "bound_low": "Lower decision bound of a check.",
    "bound_high": "Upper decision bound of a check.",
    "limit": "Limit of a check.",
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
    }


def _label_sets(findings: Sequence[Finding]) -> list[str]:
    """Return the labels of each finding; the id is added where others are equal without it."""
    plain = [_labels(finding) for finding in findings]
    n_equal = Counter(map(_braces, plain))
    ids = _numbered([shown(finding.id, longest=_LONGEST_ID) for finding in findings])
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


def _numbered(ids: Sequence[str]) -> list[str]:
    """Return ids of which no two are alike: the second of one name ends in ``~2``.

    Examples
    --------
    >>> _numbered(["a", "a", "a~2", "b"])
    ['a', 'a~2', 'a~2~2', 'b']
    """
    taken: dict[str, None] = {}
    for own in ids:
        names = (own if n == 1 else f"{own}~{n}" for n in range(1, len(ids) + 1))
        taken[next(name for name in names if name not in taken)] = None
    return [*taken]


def write_code_quality(audit: Audit, *, prefix: str = "") -> str:
    """Return what did not pass as GitLab's Code Quality report, a JSON array.

    An empty array says that every declared check ran and passed. GitLab drops everything from the
    first faulty entry on and all but one of a fingerprint, so fingerprints are made unique; they
    are those of the checks and stay the same from run to run.

    Parameters
    ----------
    audit : Audit
        Any audit, a public or partial one too.
    prefix : str, optional
        Folder of the tests within the repository, ``""`` or ending in ``/``.

    References
    ----------
    .. [1] GitLab, "Code Quality", https://docs.gitlab.com/ci/testing/code_quality
    """
    entries = [*_whole_audit(audit), *_errors(audit), *_open_findings(audit)]
    ids = _numbered([str(entry["fingerprint"]) for entry in entries])
    for entry, own in zip(entries, ids, strict=True):
        entry["fingerprint"] = hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()[
            :32
        ]
        entry["location"]["path"] = f"{prefix}{entry['location']['path']}"
    kept = [entry for entry in entries if entry["severity"] is not None]
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def _whole_audit(audit: Audit) -> Iterator[dict[str, Any]]:
    """Yield an entry if checks are missing: an audit of a part never looks like a whole one."""
    tally = count_outcomes(audit)
    if not tally.missing and not tally.is_partial:
        return
    word, severity = ("INCOMPLETE", "blocker") if tally.missing else ("PARTIAL", "minor")
    text = f"{word}: {tally.ran} of {tally.declared} declared checks ran"
    file = next((_file_of(finding.id) for finding in audit.findings), NO_FILE)
    yield _entry(f"{file}::", WHOLE_AUDIT, text, severity=severity)


def _errors(audit: Audit) -> Iterator[dict[str, Any]]:
    for error in (audit.accounting.get("checks") or {}).get("errors") or ():
        # Of its own, for a test may have both a finding and an error.
        yield _entry(
            f"{error['id']}::error",
            "error",
            error["message"],
            severity="blocker",
            line=error.get("line"),
        )


def _open_findings(audit: Audit) -> Iterator[dict[str, Any]]:
    for finding in audit.findings:
        text = first_line(finding)
        if finding.waive is not None and outcome_of(finding) == "waived":
            text = f"waived until {finding.waive['until']}: {finding.waive['reason']}; {text}"
        yield _entry(
            finding.id, finding.check, text, severity=_severity(finding), line=finding.line
        )


def _severity(finding: Finding) -> str | None:
    """Return how grave it is that a check did not pass; None if it did."""
    gating = {"failed": "critical", "inconclusive": "minor", "waived": "info", "passed": None}
    outcome = outcome_of(finding)
    if outcome in gating:
        return gating[outcome]
    return "info" if finding.verdict is Verdict.FAIL else None


def _entry(
    identifier: str, check: str, text: str, *, severity: str | None, line: int | None = None
) -> dict[str, Any]:
    return {
        "check_name": f"{PREFIX}/{check}",
        "description": shown(text, longest=_LONGEST_DESCRIPTION),
        "fingerprint": identifier,
        "location": {"path": printable(_file_of(identifier)), "lines": {"begin": line or 1}},
        "severity": severity,
    }


def _file_of(identifier: str) -> str:
    return identifier.partition("::")[0] if "::" in identifier else NO_FILE
