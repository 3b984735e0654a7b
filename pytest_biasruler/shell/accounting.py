"""How many checks were declared, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.shell.nodes import bare_node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.audit.counts import Counts
    from pytest_biasruler.shell.guard import Census, Guard
    from pytest_biasruler.shell.ledger import Bundle, Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounting:
    """The checks of one benchmark, counted in test items.

    An error has the ``node`` of its test, and the ``id`` under which outputs may name it.
    """

    declared: frozenset[str]
    deselected: frozenset[str]
    ran: frozenset[str]
    missing: frozenset[str]
    errors: tuple[Mapping[str, Any], ...]

    @property
    def counts(self) -> Counts:
        """The numbers without the names."""
        from pytest_biasruler.audit.counts import Counts

        in_error = {error["node"] for error in self.errors}
        return Counts(
            declared=len(self.declared),
            ran=len(self.ran),
            missing=len(self.missing),
            errors=self.errors,
            n_in_error=len(in_error),
            is_partial=bool(self.declared - self.ran - in_error),
        )

    def to_plain(self) -> dict[str, object]:
        """Return ``accounting.checks`` of audit.json."""
        return {
            "declared": len(self.declared),
            "deselected": len(self.deselected),
            "ran": len(self.ran),
            "missing": len(self.missing),
            "errors": [
                {key: error.get(key) for key in ("id", "code", "message", "line")}
                for error in self.errors
            ],
        }


def files_without_audit(ledger: Ledger, census: Census) -> list[str | None]:
    """Return the files of which no check ran far enough; a lone None stands for all together.

    "" stands for Python tests, which belong to every audit if there is one.
    """
    known = {bundle.file for bundle in ledger.bundles()}
    files = sorted(set(census.declared.values()) - known - ({""} if known else set()))
    return [None] if not known and len(files) < 2 else [*files]


def account(
    bundle: Bundle | None,
    ledger: Ledger,
    *,
    census: Census,
    guard: Guard,
    file: str | None = None,
) -> Accounting:
    """Return what became of the checks of one benchmark, or of one file of which no audit exists.

    Without either, of all that were declared. A Python test that never said which benchmark it
    asks counts for each benchmark of the run.
    """
    # Where every worker died, nobody is left who knows which tests were ours.
    declared = census.declared or dict.fromkeys(guard.missing, "")
    if bundle is None:
        ours = frozenset(nodeid for nodeid, known in declared.items() if file in (None, known))
    else:
        asked = bundle.nodes | (declared.keys() - ledger.nodes)
        ours = frozenset(
            nodeid
            for nodeid, known in declared.items()
            if (known == bundle.file if known else nodeid in asked)
        )
    errors = [*ledger.errors(), *(_crash(nodeid, census) for nodeid in sorted(guard.crashed))]
    in_error = {error["node"] for error in errors}
    return Accounting(
        declared=ours,
        deselected=ours - frozenset(census.selected or guard.selected),
        ran=ledger.answered & ours,
        missing=(guard.missing | _silent(ledger, census, guard) - in_error) & ours,
        errors=tuple(error for error in errors if error["node"] in ours),
    )


def _silent(ledger: Ledger, census: Census, guard: Guard) -> frozenset[str]:
    """Return checks of benchmark files that passed without exactly one finding."""
    return frozenset(
        nodeid
        for nodeid, file in census.declared.items()
        if file and nodeid in guard.passed and ledger.n_judged(nodeid) != 1
    )


def _crash(nodeid: str, census: Census) -> dict[str, str]:
    # Which names a test may not hold died with its worker.
    shown = nodeid if census.declared.get(nodeid) else bare_node(nodeid)
    message = (
        f"BR801 {shown}: worker died (memory?); expected it to finish. Lower biasruler_workers."
    )
    return {"node": nodeid, "id": shown, "code": "BR801", "message": message}
