"""Whether the reference group that a check names is one of its subgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.rules import unknown
from pytest_biasruler.benchmark.subgroups import cross_subgroups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_biasruler.benchmark.definition import Benchmark, DeclaredCheck
    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.errors import BiasRulerError


def find_unknown_baselines(
    benchmark: Benchmark, declared: Iterable[DeclaredCheck], *, subgroups: Mapping[str, Subgroups]
) -> list[BiasRulerError]:
    """Return BR602 for each baseline that is no subgroup of its check.

    A slip of the pen would otherwise leave every comparison undecided and the gate open. The
    subgroup of missing values is a baseline only where it is judged.
    """
    problems = []
    for check in declared:
        if check.baseline is None:
            continue
        cut = cross_subgroups([subgroups[name] for name in check.by])
        names = [*dict.fromkeys([*cut.order, *cut.declared])]
        known = [name for name in names if name != cut.missing or cut.judge_missing]
        if check.baseline not in known:
            error = unknown("baseline", check.baseline, names=known)
            problems.append(error.at(_place(benchmark, check)))
    return list(dict.fromkeys(problems))


def _place(benchmark: Benchmark, check: DeclaredCheck) -> str:
    is_in_file = benchmark.file is not None and check.line is not None
    return f"{benchmark.file.name}:{check.line}" if benchmark.file and is_in_file else check.id
