"""Why a run is red whatever its checks say: told at its end, and in the outputs it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.errors import BiasRulerError
    from pytest_biasruler.shell.closing import Closed
    from pytest_biasruler.shell.guard import Guard
    from pytest_biasruler.shell.ledger import Ledger
    from pytest_biasruler.shell.settings import Settings

MOST_NAMED = 5


def run_reasons(
    closed: Sequence[Closed], ledger: Ledger, guard: Guard, *, settings: Settings
) -> list[str]:
    """Return why the run as a whole may not count as green."""
    reasons = []
    silent = frozenset().union(*(one.accounting.missing for one in closed))
    missing = sorted(guard.missing | silent)
    if missing:
        reasons.append(f"{_tests(len(missing))} never reported: {_named(missing)}")
    conflicts = ledger.conflicts()
    if conflicts:
        reasons.append(f"one check gave two results: {_named(conflicts)}")
    swallowed = sorted((ledger.failed | ledger.in_error) - guard.admitted - guard.missing)
    if swallowed:
        reasons.append(f"a failed check was swallowed: {_named(swallowed)}")
    return [*reasons, *_few(len(ledger.gating), settings), *_strict_reasons(closed)]


def own_reasons(
    audit: Audit, policies: Collection[str], *, n_gating: int, settings: Settings
) -> list[str]:
    """Return why the run is red for the sake of one benchmark, beside what its audit counts.

    Parameters
    ----------
    audit : Audit
        With what changed since an earlier one.
    policies : collection of str
        Of all its checks, run or not.
    n_gating : int
        Checks of the whole run that could have failed it.
    """
    from pytest_biasruler.audit.counts import count_checks, refuse_part
    from pytest_biasruler.audit.ratchet import refuse_gone

    conflicts = audit.accounting["checks"].get("conflicts")
    reasons = [f"one check gave two results: {_named(conflicts)}"] if conflicts else []
    strict = refuse_part(count_checks(audit), policies, place="")
    strict += refuse_gone(audit, policies, place="")
    told = [f"{problem.found}, expected {problem.expected}" for problem in strict]
    return [*reasons, *_few(n_gating, settings), *told]


def _few(n_gating: int, settings: Settings) -> list[str]:
    from pytest_biasruler.audit.counts import refuse_few

    return refuse_few(n_gating, least=settings.min_checks, option="--biasruler-min-checks")


def _strict_reasons(closed: Sequence[Closed]) -> list[str]:
    """Return what is not enough where a policy asks for proof."""
    from pytest_biasruler.audit.counts import refuse_part
    from pytest_biasruler.audit.ratchet import refuse_gone

    problems: list[BiasRulerError] = []
    for one in closed:
        place = one.subject.file or "audit"
        problems += refuse_part(one.accounting.counts, one.policies, place=place)
        if one.audit is not None:
            problems += refuse_gone(one.audit, one.policies, place=place)
    return [str(problem) for problem in problems]


def _tests(n: int) -> str:
    return "1 collected test" if n == 1 else f"{n} collected tests"


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    n_more = len(listed) - MOST_NAMED
    more = f" and {n_more} more" if n_more > 0 else ""
    return f"{', '.join(listed[:MOST_NAMED])}{more}"
