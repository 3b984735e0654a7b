"""What a public run refuses before anything is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit.public_cells import SMALLEST
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_biasruler.benchmark.definition import Benchmark, DeclaredCheck


def refuse_small_subgroups(
    benchmark: Benchmark, declared: Iterable[DeclaredCheck], *, shown: str = ""
) -> list[BiasRulerError]:
    """Return BR602 for each place that would judge subgroups whose size public mode hides."""
    least = benchmark.defaults.min_patients
    problems = (
        [_too_few(least, where=shown, key="min_patients of [defaults]")]
        if least < SMALLEST
        else []
    )
    problems += [
        _too_few(check.min_patients, where=f"{shown}:{check.line}" if check.line else shown,
                key=f"min_patients of {check.id}")
        for check in declared
        if check.min_patients < SMALLEST and check.min_patients != least
    ]  # fmt: skip
    return problems


def _too_few(n: int, *, where: str = "", key: str = "min_patients") -> BiasRulerError:
    """Return BR602 for a `min_patients` below 11 in a public run."""
    return BiasRulerError(
        "BR602",
        f"{key} is {n} beside --biasruler-public",
        f"at least {SMALLEST}",
        "Raise it, since subgroups of 1 to 10 patients are hidden",
        where,
    )


def refuse_public(benchmark: Benchmark, *, show_cases: bool) -> list[BiasRulerError]:
    """Return BR602 for what cannot stand beside a public audit that is asked for in code."""
    problems = refuse_small_subgroups(benchmark, ())
    if show_cases:
        found = "public=True stands beside show_cases=True"
        problems.append(
            BiasRulerError("BR602", found, "no case names in public", "Leave one of them out")
        )
    return problems


def refuse_min_patients(n: object) -> None:
    """Refuse a question in code that would judge subgroups whose size public mode hides.

    Raises
    ------
    BiasRulerError
        ``BR602`` if `n` is a whole number below 11; what is no number is refused elsewhere.
    """
    if isinstance(n, int) and not n >= SMALLEST:
        raise _too_few(n)
