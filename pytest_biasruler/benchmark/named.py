"""Whether what a check names is there, as far as only the metadata can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.questions import SHAPE_FEATURES
from pytest_biasruler.benchmark.rules import listed, nearest, refusal, shown, unknown
from pytest_biasruler.benchmark.subgroups import cross_subgroups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.errors import BiasRulerError


def find_unknown_names(
    benchmark: Benchmark,
    declared: Iterable[DeclaredCheck],
    *,
    metadata: Metadata,
    subgroups: Mapping[str, Subgroups],
) -> list[BiasRulerError]:
    """Return BR602 for each baseline that is no subgroup, each covariate that is no column.

    A slip of the pen would otherwise leave every comparison undecided and the gate open. The
    subgroup of missing values is a baseline only where it is judged.
    """
    problems = []
    for check in declared:
        place = _place(benchmark, check)
        problems += [error.at(place) for error in _strange_columns(check, metadata)]
        problems += [error.at(place) for error in _cut_by_covariate(check, benchmark)]
        problems += [error.at(place) for error in _identifying_covariate(check, benchmark)]
        problems += [error.at(place) for error in _strange_baseline(check, subgroups)]
    return list(dict.fromkeys(problems))


def _strange_baseline(
    check: DeclaredCheck, subgroups: Mapping[str, Subgroups]
) -> Iterator[BiasRulerError]:
    if check.baseline is None:
        return
    cut = cross_subgroups([subgroups[name] for name in check.by])
    names = [*dict.fromkeys([*cut.order, *cut.declared])]
    known = [name for name in names if name != cut.missing or cut.judge_missing]
    if check.baseline not in known:
        yield unknown("baseline", check.baseline, names=known, otherwise="Name one of them")


def _strange_columns(check: DeclaredCheck, metadata: Metadata) -> Iterator[BiasRulerError]:
    columns = [str(name) for name in metadata.frame.columns]
    for name in check.options.get("difficulty", ()):
        if name not in SHAPE_FEATURES and name not in columns:
            expected = f"one of {listed(SHAPE_FEATURES)}, or a column of the metadata"
            yield _unknown("covariate", name, [*SHAPE_FEATURES, *columns], expected=expected)
    probability = check.options.get("probability")
    if probability is not None and probability not in columns:
        yield _unknown("column", probability, columns, expected="a column of the metadata")


def _cut_by_covariate(check: DeclaredCheck, benchmark: Benchmark) -> Iterator[BiasRulerError]:
    """Yield BR602 where a gap is to be explained by what the subgroups are cut by."""
    columns = {each.source for each in benchmark.attributes if each.name in check.by}
    for name in check.options.get("difficulty", ()):
        if name in columns:
            found = f"difficulty names {shown(name)}, by which the subgroups are cut"
            yield refusal(found, "another column", fix="Remove it, or no gap is left")


def _identifying_covariate(check: DeclaredCheck, benchmark: Benchmark) -> Iterator[BiasRulerError]:
    """Yield BR602 where difficulty is a name of its own for each case or patient."""
    roles = {benchmark.patient: "patients", benchmark.case: "cases"}
    for name in check.options.get("difficulty", ()):
        if name in roles:
            found = f"difficulty names {shown(name)}, the column that names {roles[name]}"
            yield refusal(found, "a column that describes them", fix="Remove it")


def _unknown(what: str, name: str, names: Sequence[str], *, expected: str) -> BiasRulerError:
    # Columns are not listed: the file need not name them all, and reports reach other people.
    near = nearest(name, names)
    fix = f'Perhaps "{near}" is meant' if near else "Correct the name"
    return refusal(f"unknown {what} {shown(name)}", expected, fix=fix)


def _place(benchmark: Benchmark, check: DeclaredCheck) -> str:
    is_in_file = benchmark.file is not None and check.line is not None
    return f"{benchmark.file.name}:{check.line}" if benchmark.file and is_in_file else check.id
