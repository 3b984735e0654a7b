"""Which tests were to run, and which of them never said how they ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

_UNFINISHED = ("setup", "call")


@dataclass(slots=True)
class Guard:
    """The completeness guard of one run, on the controller.

    A worker that dies on a report it cannot serialise was seen to end a run with exit code 0,
    the failing gate gone. So every selected test must report its teardown, or its crash.
    """

    selected: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)

    def expect(self, ids: Iterable[str]) -> None:
        """Note tests that were selected."""
        self.selected.update(ids)

    def see(self, report: pytest.TestReport) -> None:
        """Note a report; a crashed worker's has the phase ``???``."""
        if report.when not in _UNFINISHED:
            self.finished.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    @property
    def missing(self) -> list[str]:
        """Ids of selected tests that never ended, sorted."""
        return sorted(self.selected - self.finished)


@dataclass(slots=True)
class Census:
    """Which of the collected tests ask something of ours; each process counts the same.

    Attributes
    ----------
    declared : dict
        Node id -> benchmark file relative to the root of the run, "" for a Python test.
    selected : set of str
        All node ids that no filter took out, others' too.
    """

    declared: dict[str, str] = field(default_factory=dict)
    selected: set[str] = field(default_factory=set)

    def declare(self, nodeid: str, *, file: str = "") -> None:
        """Note a test of ours, before any filter sees it."""
        self.declared[nodeid] = file

    def to_plain(self) -> dict[str, object]:
        """Return plain data for the way from a worker to the controller."""
        return {"declared": self.declared, "selected": sorted(self.selected)}

    def take_in(self, plain: Mapping[str, Any]) -> None:
        """Add what a worker counted."""
        self.declared.update(plain["declared"])
        self.selected.update(plain["selected"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounting:
    """How many checks were declared, and what became of them; counted in test items."""

    declared: frozenset[str]
    deselected: frozenset[str]
    ran: frozenset[str]
    missing: frozenset[str]
    errors: tuple[Mapping[str, str], ...]

    @property
    def is_incomplete(self) -> bool:
        """Whether a selected check never reported."""
        return bool(self.missing)

    @property
    def is_partial(self) -> bool:
        """Whether fewer checks ran than were declared, those in error aside."""
        in_error = {error["id"] for error in self.errors}
        return bool(self.declared - self.ran - in_error)

    def to_plain(self) -> dict[str, object]:
        """Return ``accounting.checks`` of audit.json."""
        return {
            "declared": len(self.declared),
            "deselected": len(self.deselected),
            "ran": len(self.ran),
            "missing": len(self.missing),
            "errors": [dict(error) for error in self.errors],
        }
