"""Scores of single cases and a ready table, put together into what the checks are given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.accounting import (
    codes_of,
    find_copied,
    find_errors,
    find_identical,
    find_wrong_pairing,
    list_problems,
)
from pytest_biasruler.scoring.given import note_gaps
from pytest_biasruler.scoring.identity import digest_benchmark, digest_sets, name_aliases
from pytest_biasruler.scoring.job import Role
from pytest_biasruler.scoring.pairs import is_measured
from pytest_biasruler.scoring.remarks import list_notes
from pytest_biasruler.scoring.scored import Scored
from pytest_biasruler.scoring.sheared import find_errors_in_mm, find_sheared
from pytest_biasruler.scoring.sources import list_sets
from pytest_biasruler.scoring.strangers import count_strangers
from pytest_biasruler.scoring.table import build_table, complete_table, join_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.scoring.job import CaseScores
    from pytest_biasruler.scoring.published import Published
    from pytest_biasruler.scoring.sources import MaskSet

    Codes = dict[str, dict[str, str]]


def assemble(
    benchmark: Benchmark,
    *,
    metadata: Metadata,
    metrics: Mapping[str, Metric],
    done: Mapping[str, CaseScores],
    given: Published | None,
) -> Scored:
    """Return what is known of a benchmark once its cases are scored.

    Parameters
    ----------
    metrics : mapping
        Every metric that may have a column, by name.
    done : mapping
        Case -> its scores, in any order; empty where the benchmark has no masks.
    given : Published, optional
        The ready score table.
    """
    sets = list_sets(benchmark)
    patients = {str(case): str(patient) for case, patient in metadata.patients.items()}
    columns = _columns(done, given, metrics=metrics)
    measured = build_table(done, metrics=columns)
    told = measured
    if given is not None:
        told = join_tables(measured, given.table, metrics=columns, where=given.where)
    excluded = _excluded(benchmark, sets, table=told, done=done, cases=metadata.cases)
    table = complete_table(told, cases=metadata.cases, excluded=excluded, metrics=columns)
    identical = find_identical(table)
    errors = find_errors(done, sets, patients=patients)
    sheared = find_sheared(done, sets)
    notes = list_notes(
        done,
        sets,
        table=table,
        patients=patients,
        identical=identical,
        strangers=count_strangers(sets, metadata.known, root=benchmark.root or Path()),
        has_labels=bool(benchmark.labels),
    )
    references = digest_sets((each.name for each in benchmark.references), done=done, table=table)
    models = digest_sets((each.name for each in benchmark.models), done=done, table=table)
    return Scored(
        table=table,
        cases=metadata.cases,
        excluded=excluded,
        unreadable=_unreadable(sets, done=done),
        sheared=sheared,
        problems=list_problems(done, sets),
        notes=(*notes, *note_gaps(given), *_note_lacking(table, told, given=given)),
        errors={**_nothing_given(benchmark, sets, table=table, given=given), **errors},
        errors_in_mm=find_errors_in_mm(done, sets, sheared=sheared),
        copied=find_copied(done, sets, identical=identical),
        identical=identical,
        wrong_pairing=find_wrong_pairing(table),
        aliases=name_aliases(metadata.cases, done=done, table=table, expert=_expert(sets)),
        digest=digest_benchmark(
            benchmark, patients=patients, references=references, metrics=metrics.values()
        ),
        model_digests=models,
    )


def _columns(
    done: Mapping[str, CaseScores], given: Published | None, *, metrics: Mapping[str, Metric]
) -> tuple[str, ...]:
    """Return the metrics that have a column: all that masks can have, and those of the table."""
    present = set() if given is None else set(given.table.columns)
    if done:
        present |= {name for name, each in metrics.items() if is_measured(each)}
    return tuple(name for name in metrics if name in present)


def _excluded(
    benchmark: Benchmark,
    sets: Sequence[MaskSet],
    *,
    table: pd.DataFrame,
    done: Mapping[str, CaseScores],
    cases: Iterable[str],
) -> Codes:
    """Return for each reference the cases without a row, and the code that says why."""
    codes = {each.name: codes_of(done, each) for each in sets if each.role != Role.MODEL}
    excluded = {}
    for reference in (each.name for each in benchmark.references):
        scored = set(table.loc[table["reference"] == reference, "case"].unique())
        # Without masks, only rows can tell where there was a reference.
        why = codes.get(reference, dict.fromkeys(cases, "BR404"))
        excluded[reference] = {case: code for case, code in why.items() if case not in scored}
    return excluded


def _unreadable(sets: Iterable[MaskSet], *, done: Mapping[str, CaseScores]) -> Codes:
    scored = {case: scores for case, scores in done.items() if scores["error"] is None}
    return {each.name: codes_of(scored, each) for each in sets if each.role == Role.MODEL}


def _nothing_given(
    benchmark: Benchmark,
    sets: Iterable[MaskSet],
    *,
    table: pd.DataFrame,
    given: Published | None,
) -> dict[str, BiasRulerError]:
    """Return BR503 for each reference and model with neither masks nor rows."""
    with_masks = {each.name for each in sets}
    named = [each.name for each in benchmark.references]
    named += [each.name for each in benchmark.models]
    with_rows = {*table["reference"].unique(), *table["model"].unique()}
    fix = "Add masks or rows"
    if given is not None and given.n_respelt:
        fix = "Write cases as the metadata do: rows differ in capitals or leading zeros alone"
    elif given is not None and given.n_strangers:
        fix = "Write cases as the metadata do: rows of the table match none of them"
    return {
        name: BiasRulerError(
            "BR503",
            f"{name} has neither masks nor a row in the score table",
            "one of them",
            fix,
        )
        for name in named
        if name not in with_masks and name not in with_rows
    }


def _note_lacking(
    table: pd.DataFrame, told: pd.DataFrame, *, given: Published | None
) -> list[Note]:
    """Return BR404 for models that a ready table leaves out of some cases.

    `table` is `told` with a row for each score that should exist.
    """
    if given is None or len(table) == len(told):
        return []
    n_told = told["model"].value_counts()
    notes = []
    for model, n_all in table["model"].value_counts(sort=False).sort_index().items():
        n = int(n_all) - int(n_told.get(model, 0))
        if n:
            text = f"the score table lacks {n} rows of {model}; their scores are undefined"
            notes.append(Note(code="BR404", set=str(model), n=n, text=text))
    return notes


def _expert(sets: Iterable[MaskSet]) -> str:
    return next((each.name for each in sets if each.role == Role.EXPERT), "")
