"""Which tests were to run, and which of them never said how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

CRASHED = "???"
RERUN = "rerun"
_UNFINISHED = ("setup", "call")


class Guard:
    """The completeness guard of one run, on the controller.

    `admitted` are the tests of which a report says that something failed, expectedly or not.

    A worker that dies on a report it cannot serialise was seen to end a run with exit code 0,
    the failing gate gone. So every selected test must report its teardown, or its crash.
    """

    def __init__(self) -> None:
        self.selected: set[str] = set()
        self.finished: set[str] = set()
        self.passed: set[str] = set()
        self.crashed: set[str] = set()
        self.admitted: set[str] = set()
        self._begins_again: set[str] = set()

    def expect(self, ids: Iterable[str]) -> None:
        """Note tests that were selected."""
        self.selected.update(ids)

    def see(self, report: pytest.TestReport) -> None:
        """Note a report; that of a crashed worker has a phase of its own.

        An attempt that is to be repeated has not ended, however far it came.
        """
        if report.when == "setup":
            self.finished.discard(report.nodeid)
            self._begins_again.discard(report.nodeid)
        if report.outcome == RERUN:
            self._begins_again.add(report.nodeid)
        elif report.when == CRASHED:
            self.crashed.add(report.nodeid)
        if report.when not in _UNFINISHED and report.nodeid not in self._begins_again:
            self.finished.add(report.nodeid)
        if report.failed or hasattr(report, "wasxfail"):
            self.admitted.add(report.nodeid)
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    @property
    def missing(self) -> frozenset[str]:
        """Ids of selected tests that never ended."""
        return frozenset(self.selected - self.finished)


class Census:
    """Which of the collected tests ask something of ours; each process counts the same.

    Attributes
    ----------
    declared : dict
        Node id -> benchmark file relative to the root of the run, "" for a Python test.
    policies : dict
        Node id -> policy that the test was declared under, where that is known before it runs.
    names : dict
        Benchmark file -> name of its benchmark.
    selected : set of str
        All node ids that no filter took out, others' too.
    """

    def __init__(self) -> None:
        self.declared: dict[str, str] = {}
        self.policies: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.selected: set[str] = set()

    def declare(self, nodeid: str, *, file: str = "", policy: str | None = None) -> None:
        """Note a test of ours, before any filter sees it."""
        self.declared[nodeid] = file
        if policy is not None:
            self.policies[nodeid] = policy

    def rename(self, nodeid: str, *, to: str) -> None:
        """Follow a test whose id another plugin changed: xdist appends the name of its group."""
        for told in (self.declared, self.policies):
            if nodeid in told:
                told[to] = told.pop(nodeid)

    def to_plain(self) -> dict[str, object]:
        """Return plain data for the way from a worker to the controller."""
        return {
            "declared": self.declared,
            "policies": self.policies,
            "names": self.names,
            "selected": sorted(self.selected),
        }

    def take_in(self, plain: Mapping[str, Any]) -> None:
        """Add what a worker counted."""
        self.declared.update(plain["declared"])
        self.policies.update(plain["policies"])
        self.names.update(plain["names"])
        self.selected.update(plain["selected"])
