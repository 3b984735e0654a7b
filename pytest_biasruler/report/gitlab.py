"""An audit as the report of findings that GitLab shows beside a merge request."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.errors import printable
from pytest_biasruler.report.changes import told_change
from pytest_biasruler.report.headline import NOT_ACCEPTED, count_outcomes
from pytest_biasruler.report.messages import first_line
from pytest_biasruler.report.numbers import shown
from pytest_biasruler.report.wording import outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

PREFIX = "biasruler"
"""What names of metrics and of checks begin with; files are known to be ours by it."""

WHOLE_AUDIT = "audit"
NO_FILE = "biasruler.toml"
"""Where a check is said to stand if nobody knows: outside pytest an audit has no file."""

_LONGEST_DESCRIPTION = 600


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
    ids = number_ids([str(entry["fingerprint"]) for entry in entries])
    for entry, own in zip(entries, ids, strict=True):
        entry["fingerprint"] = hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()[
            :32
        ]
        entry["location"]["path"] = f"{prefix}{entry['location']['path']}"
    kept = [entry for entry in entries if entry["severity"] is not None]
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def _whole_audit(audit: Audit) -> Iterator[dict[str, Any]]:
    """Yield what is wrong with the run: a part never looks like the whole, nor red like green."""
    tally = count_outcomes(audit)
    file = next((_file_of(finding.id) for finding in audit.findings), NO_FILE)
    if tally.missing or tally.is_partial:
        word, severity = ("INCOMPLETE", "blocker") if tally.missing else ("PARTIAL", "minor")
        text = f"{word}: {tally.ran} of {tally.declared} declared checks ran"
        yield _entry(f"{file}::", WHOLE_AUDIT, text, severity=severity)
    for reason in tally.reasons:
        text = f"{NOT_ACCEPTED}: {reason}"
        yield _entry(f"{file}::{reason}", WHOLE_AUDIT, text, severity="blocker")


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
        told = f"{_waiver(finding)}{first_line(finding)} {told_change(finding)}".rstrip()
        yield _entry(
            finding.id, finding.check, told, severity=_severity(finding), line=finding.line
        )


def _waiver(finding: Finding) -> str:
    if finding.waive is None or outcome_of(finding) != "waived":
        return ""
    return f"waived until {finding.waive['until']}: {finding.waive['reason']}; "


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


def number_ids(ids: Sequence[str]) -> list[str]:
    """Return ids of which no two are alike: the second of one name ends in ``~2``.

    Examples
    --------
    >>> number_ids(["a", "a", "a~2", "b"])
    ['a', 'a~2', 'a~2~2', 'b']
    """
    taken: dict[str, None] = {}
    for own in ids:
        names = (own if n == 1 else f"{own}~{n}" for n in range(1, len(ids) + 1))
        taken[next(name for name in names if name not in taken)] = None
    return [*taken]
