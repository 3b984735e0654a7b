"""How many checks were declared and what became of them, and why that may not count as green."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.checks.outcome import is_screen
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_biasruler.audit.record import Audit
    from pytest_biasruler.checks.finding import Finding

PARTIAL = "BR601"


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The checks of one benchmark, counted in tests.

    Attributes
    ----------
    missing : int
        Selected, but how they ended was never reported.
    errors : tuple of mapping
        Each with ``id``, ``code`` and ``message``; a test may have several.
    n_in_error : int
        Tests with an error.
    is_partial : bool
        Whether fewer ran than were declared, those in error aside.
    """

    declared: int
    ran: int
    missing: int
    errors: tuple[Mapping[str, Any], ...]
    n_in_error: int
    is_partial: bool

    @property
    def told_partial(self) -> str:
        """How many ran of those declared."""
        return f"{self.ran} of {self.declared} declared checks ran"


def count_checks(audit: Audit) -> Counts:
    """Return what became of the checks of an audit.

    Numbers alone do not always tell a part from the whole, since a test may have run and be in
    error; the run itself knew and left a note.
    """
    checks = audit.accounting["checks"]
    errors = tuple(checks["errors"])
    n_in_error = len({error["id"] for error in errors})
    return Counts(
        declared=checks["declared"],
        ran=checks["ran"],
        missing=checks["missing"],
        errors=errors,
        n_in_error=n_in_error,
        is_partial=is_noted_partial(audit) or checks["ran"] + n_in_error < checks["declared"],
    )


def is_noted_partial(audit: Audit) -> bool:
    """Return whether the run noted that not all checks ran."""
    return any(note["code"] == PARTIAL for note in audit.warnings)


def note_partial(counts: Counts) -> list[dict[str, Any]]:
    """Return the warning of an audit of which not all checks ran."""
    if not counts.is_partial:
        return []
    n_lacking = counts.declared - counts.ran
    text = f"{counts.told_partial}; expected all"
    return [{"code": PARTIAL, "set": "audit", "n": n_lacking, "text": text}]


def note_reasons(audit: Audit, reasons: Iterable[str]) -> Audit:
    """Return an audit that also says why its run is red whatever the checks say."""
    checks = audit.accounting["checks"]
    told = [*checks.get("reasons", ()), *reasons]
    if not told:
        return audit
    return replace(audit, accounting={**audit.accounting, "checks": {**checks, "reasons": told}})


def refuse_part(
    counts: Counts, policies: Collection[str | None], *, place: str
) -> list[BiasRulerError]:
    """Return why a part of the declared checks is not enough, if one of the policies says so."""
    if not (counts.is_partial and Policy.PROVE_SAFE in policies):
        return []
    expected = "all under prove-safe"
    return [BiasRulerError(PARTIAL, counts.told_partial, expected, "Run them all", place)]


def refuse_few(n_ran: int, *, least: int | None, option: str) -> list[str]:
    """Return why `n_ran` checks are too few, if `option` demands more.

    Examples
    --------
    >>> refuse_few(2, least=3, option="--min-checks")
    ['2 checks ran, fewer than --min-checks 3']
    >>> refuse_few(1, least=3, option="--min-checks")
    ['1 check ran, fewer than --min-checks 3']
    >>> refuse_few(3, least=3, option="--min-checks")
    []
    """
    if least is None or n_ran >= least:
        return []
    ran = "1 check" if n_ran == 1 else f"{n_ran} checks"
    return [f"{ran} ran, fewer than {option} {least}"]


def count_gating(findings: Iterable[Finding]) -> int:
    """Return how many tests have a finding that could have failed them."""
    return len({node_of(finding.id) for finding in findings if not is_screen(finding)})


def node_of(identifier: str) -> str:
    """Return the id of the test that gave a finding.

    Examples
    --------
    >>> node_of("biasruler.toml::gap[dice-age]"), node_of("gap[dice-age]")
    ('biasruler.toml::gap[dice-age]', 'gap[dice-age]')
    >>> node_of("tests/test_bias.py::test_age::gap[dice-age]")
    'tests/test_bias.py::test_age'
    """
    test, _, _ = identifier.rpartition("::")
    return test if "::" in test else identifier
