"""What a public run refuses before anything is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit.public_cells import SMALLEST
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.definition import Benchmark


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


def edges_of(benchmark: Benchmark, declared: Iterable[DeclaredCheck]) -> list[int]:
    """Return every size at which a verdict tells larger subgroups from smaller ones, 11 first."""
    least = {
        SMALLEST,
        benchmark.defaults.min_patients,
        *(check.min_patients for check in declared),
    }
    return sorted(least)


def refuse_min_patients(n: object, *, edges: Sequence[int]) -> None:
    """Refuse a question in code at a size with which the rule of what is shown did not reckon.

    Whoever may ask at every size finds out the sizes of subgroups by what is still judged.

    Raises
    ------
    BiasRulerError
        ``BR602`` if `n` is a whole number below 11 or none of `edges`; what is no number is
        refused elsewhere.
    """
    if not isinstance(n, int):
        return
    if not n >= SMALLEST:
        raise _too_few(n)
    if n not in edges:
        raise BiasRulerError(
            "BR602",
            f"min_patients is {n} beside --biasruler-public",
            f"one of {', '.join(map(str, edges))}, which the benchmark declares",
            "Declare a check with it, or leave it out",
        )
