"""A run as a gate: what it selected and reported, seen by a witness that is not ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

WITNESS = """
from pathlib import Path
import pytest

SEEN = Path(__file__).with_name("witness.txt")

def note(*words):
    with SEEN.open("a", encoding="utf-8") as file:
        print(*words, file=file)

class Controller:
    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        for item in session.items:
            note("selected", item.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids):
        for nodeid in ids:
            note("selected", nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        note(report.when, report.outcome, report.nodeid)

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Controller())
"""
"""A conftest.py that writes down, on the controller, what was selected and what was reported."""

HEALTHY = "import pytest\n" + "".join(
    f'\ndef test_{name}(biasruler):\n    biasruler.assert_gap("dice", by="sex", model="unet")\n'
    for name in "abcdef"
)
"""Six tests of which each asks one question and passes."""

POISON = """
def test_poisoned(biasruler, record_property):
    import numpy as np

    record_property("score", np.float64(1.0))
    biasruler.assert_gap("dice", by="age", model="unet")
"""
"""A test that fails, with a report that cannot travel from a worker of xdist."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended: exit code, section on the terminal, audit and what the witness saw."""

    code: int
    section: str
    audit: dict[str, Any] | None
    selected: frozenset[str]
    reports: tuple[tuple[str, str, str], ...]

    @property
    def checks(self) -> tuple[int, int, int, int, tuple[str, ...]] | None:
        """Declared, deselected, ran, missing, and the codes of errors."""
        if self.audit is None:
            return None
        plain = self.audit["accounting"]["checks"]
        counts = (plain[key] for key in ("declared", "deselected", "ran", "missing"))
        return (*counts, tuple(error["code"] for error in plain["errors"]))

    @property
    def faults(self) -> list[str]:
        """Why this run must not end green; reports of attempts that were rerun do not count."""
        last = {(node, when): outcome for when, outcome, node in self.reports}
        ended = {node for node, when in last if when not in ("setup", "call")}
        faults = [f"{node} never ended" for node in sorted(self.selected - ended)]
        faults += [
            f"{node} {outcome}" for (node, _), outcome in last.items() if outcome == "failed"
        ]
        if self.audit is not None:
            plain = self.audit["accounting"]["checks"]
            faults += [f"{error['id']} is in error" for error in plain["errors"]]
            faults += [f"{plain['missing']} missing"] if plain["missing"] else []
            faults += _failed(self.audit["findings"])
        return faults


def _failed(findings: Iterable[dict[str, Any]]) -> list[str]:
    return [f"{each['id']} failed" for each in findings if each["outcome"] == "failed"]


def read_ending(result: pytest.RunResult, folder: Path) -> Ending:
    """Return how a run ended that had `WITNESS` and wrote ``audit.json``."""
    seen = folder / "witness.txt"
    lines = seen.read_text("utf-8").splitlines() if seen.exists() else []
    seen.unlink(missing_ok=True)
    words = [line.split(" ", maxsplit=2) for line in lines]
    audit = folder / "audit.json"
    return Ending(
        code=int(result.ret),
        section=result.stdout.str().partition("= biasruler =")[2],
        audit=json.loads(audit.read_text("utf-8")) if audit.exists() else None,
        selected=frozenset(" ".join(rest) for kind, *rest in words if kind == "selected"),
        reports=tuple(
            (first, second, "".join(node)) for first, second, *node in words if first != "selected"
        ),
    )
