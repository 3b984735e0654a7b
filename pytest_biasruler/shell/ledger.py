"""What arrived from all processes, put together: audits with their findings, and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.outcome import Outcome
from pytest_biasruler.shell.payload import read_finding, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_biasruler.checks.finding import Finding

_AFTER_DECLARED = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """One benchmark of the run: its context, its findings in order, the tests that gave them."""

    file: str
    context: Mapping[str, Any]
    settings: Mapping[str, Any]
    findings: tuple[Finding, ...]
    nodes: frozenset[str]
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the benchmark."""
        return str(self.context["benchmark"]["name"])


@dataclass(slots=True)
class _Attempt:
    """One run of one test in one process; a rerun begins a new one."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def audits(self) -> set[str]:
        """Digests of the benchmarks that the test is known to have asked."""
        return {plain["audit"] for plain in (*self.findings, *self.errors)} - {""}


@dataclass(slots=True)
class Ledger:
    """Payloads by test and process; the last attempt of each counts."""

    attempts: dict[tuple[str, str], _Attempt] = field(default_factory=dict)
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def enter(self, report: pytest.TestReport, payload: list[dict[str, Any]]) -> None:
        """Note what rode on a report."""
        key = (report.nodeid, str(getattr(report, "worker_id", "")))
        if report.when == "setup" or key not in self.attempts:
            self.attempts[key] = _Attempt()
        attempt = self.attempts[key]
        # A report carries all that its test has found so far, also what teardown found.
        attempt.findings = [plain for plain in payload if plain["kind"] == "finding"]
        for plain in payload:
            if plain["kind"] == "context":
                known = self.contexts.get(plain["audit"], {"notices": []})
                notices = sorted({*known["notices"], *plain["notices"]})
                self.contexts[plain["audit"]] = {**plain, "notices": notices}
            elif plain["kind"] == "error":
                attempt.errors.append(plain)

    @property
    def answered(self) -> frozenset[str]:
        """Ids of tests with at least one finding, judged or only looked at."""
        return frozenset(
            nodeid for (nodeid, _), attempt in self.attempts.items() if attempt.findings
        )

    @property
    def gating(self) -> frozenset[str]:
        """Ids of tests with at least one finding that could have failed the run."""
        return frozenset(
            nodeid
            for (nodeid, _), attempt in self.attempts.items()
            if any(not plain["finding"]["details"].get("screen") for plain in attempt.findings)
        )

    @property
    def failed(self) -> frozenset[str]:
        """Ids of tests to which a check said FAIL."""
        return frozenset(
            nodeid
            for (nodeid, _), attempt in self.attempts.items()
            if any(plain["finding"]["outcome"] == Outcome.FAILED for plain in attempt.findings)
        )

    @property
    def in_error(self) -> frozenset[str]:
        """Ids of tests of which a check could not be answered."""
        return frozenset(
            nodeid for (nodeid, _), attempt in self.attempts.items() if attempt.errors
        )

    def n_judged(self, nodeid: str) -> int:
        """Return how many judged findings a test gave in one process."""
        return max(
            (
                sum(plain["finding"]["outcome"] is not None for plain in attempt.findings)
                for (known, _), attempt in self.attempts.items()
                if known == nodeid
            ),
            default=0,
        )

    @property
    def nodes(self) -> frozenset[str]:
        """Ids of tests that ask a benchmark of which an audit exists."""
        return frozenset(
            nodeid
            for (nodeid, _), attempt in self.attempts.items()
            if attempt.audits & self.contexts.keys()
        )

    def errors(self) -> list[dict[str, Any]]:
        """Return node, shown id, code, message, line of each check that could not be answered."""
        unique = {
            (nodeid, plain["id"], plain["code"], plain["message"]): plain.get("line")
            for (nodeid, _), attempt in self.attempts.items()
            for plain in attempt.errors
        }
        return [
            {"node": nodeid, "id": shown, "code": code, "message": message, "line": line}
            for (nodeid, shown, code, message), line in sorted(unique.items())
        ]

    def conflicts(self) -> list[str]:
        """Return ids to which two processes gave different results, and files read differently."""
        results: dict[str, set[str]] = {}
        for attempt in self.attempts.values():
            for plain in attempt.findings:
                text = to_text([plain["audit"], plain["finding"]])
                results.setdefault(plain["finding"]["id"], set()).add(text)
        files: dict[str, set[str]] = {}
        for digest, plain in self.contexts.items():
            if plain["file"]:
                files.setdefault(plain["file"], set()).add(digest)
        return sorted(name for name, seen in [*results.items(), *files.items()] if len(seen) > 1)

    def bundles(self) -> list[Bundle]:
        """Return the audits of the run, by file and name."""
        bundles = [self._bundle(digest, plain) for digest, plain in self.contexts.items()]
        return sorted(bundles, key=lambda bundle: (bundle.file, bundle.name, str(bundle.context)))

    def _bundle(self, digest: str, plain: dict[str, Any]) -> Bundle:
        found: dict[str, tuple[tuple[str, int, str, int], Finding]] = {}
        nodes = {nodeid for (nodeid, _), a in self.attempts.items() if digest in a.audits}
        for (nodeid, _), attempt in sorted(self.attempts.items()):
            for place, entry in enumerate(attempt.findings):
                if entry["audit"] != digest:
                    continue
                read = read_finding(entry)
                index = read.index if read.index is not None else _AFTER_DECLARED
                key = (nodeid.partition("::")[0], index, nodeid, place)
                found[read.finding.id] = (key, read.finding)
        ordered = sorted(found.values(), key=lambda pair: pair[0])
        return Bundle(
            file=plain["file"],
            context=plain["context"],
            settings=plain["settings"],
            findings=tuple(finding for _, finding in ordered),
            nodes=frozenset(nodes),
            notices=tuple(plain["notices"]),
        )
