"""A benchmark built in code, held to the rules of the benchmark file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import (
    Attribute,
    Defaults,
    Model,
    Reference,
    ScoreSource,
)
from pytest_biasruler.benchmark.document import read_document
from pytest_biasruler.benchmark.label_keys import IGNORE
from pytest_biasruler.benchmark.metrics import Metric
from pytest_biasruler.benchmark.problems import Problems, place_of
from pytest_biasruler.benchmark.rules import items, refusal, shown, text

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.definition import Benchmark


def normal_fields(benchmark: Benchmark) -> dict[str, Any]:
    """Return the fields of a benchmark with lists as tuples, texts as enums, all of them valid.

    Raises
    ------
    BiasRulerProblems
        All that a benchmark file would be refused for, except what its checks ask: that is judged
        when they are declared, since only then are the metrics of plugins known.
    """
    problems = Problems(place_of(benchmark))
    root = None if benchmark.root is None else Path(benchmark.root)
    document = _document_of(benchmark, problems=problems)
    content = read_document(document, root=root, problems=problems, in_code=True)
    checks = _entries(benchmark.checks, Check, "checks", problems=problems)
    problems.raise_any()
    return {**content.as_fields(), "checks": checks, "root": root}


def _document_of(benchmark: Benchmark, *, problems: Problems) -> dict[str, Any]:
    """Return the benchmark as the tables that its file would hold."""
    general = {
        key: getattr(benchmark, key)
        for key in ("name", "metadata", "case", "patient", "site", "split", "untrusted")
    }
    # Code may hand over a table where the type says otherwise: that is refused with a text.
    scores: Any = benchmark.scores
    defaults: Any = benchmark.defaults
    return {
        "benchmark": {key: value for key, value in general.items() if value is not None},
        "references": _by_name(benchmark.references, Reference, "references", problems=problems),
        "models": _by_name(benchmark.models, Model, "models", problems=problems),
        "labels": _labels(benchmark, problems=problems),
        "attributes": _by_name(benchmark.attributes, Attribute, "attributes", problems=problems),
        "scores": _sources(scores),
        "metrics": _metrics(benchmark.metrics, problems=problems),
        "defaults": _table(defaults) if isinstance(defaults, Defaults) else defaults,
    }


def _labels(benchmark: Benchmark, *, problems: Problems) -> Any:
    """Return ``[labels]`` as a file would spell it, with ``ignore`` among them."""
    labels: Any = benchmark.labels
    if benchmark.ignore is None or not isinstance(labels, Mapping):
        return labels
    with problems.at("labels", IGNORE):
        if IGNORE in labels and labels[IGNORE] != benchmark.ignore:
            raise refusal("ignore is given twice", "one value", code="BR403")
    return {**labels, IGNORE: benchmark.ignore}


def _sources(scores: Any) -> Any:
    """Return one table, or a list of tables; anything else as it is, to be judged."""
    if isinstance(scores, list | tuple):
        return [_sources(each) for each in scores]
    return _table(scores) if isinstance(scores, ScoreSource) else scores


def _table(declared: Any) -> dict[str, Any]:
    """Return the fields of a declaration as keys; None is a key that is not there."""
    values = {entry.name: getattr(declared, entry.name) for entry in fields(declared)}
    return {key: value for key, value in values.items() if key != "name" and value is not None}


def _entries(declared: object, kind: type, section: str, *, problems: Problems) -> tuple[Any, ...]:
    entries: tuple[Any, ...] = ()
    with problems.at(section):
        entries = items(section, declared)
        wrong = [entry for entry in entries if not isinstance(entry, kind)]
        if wrong:
            raise refusal(f"{section} holds {shown(wrong[0])}", f"a {kind.__name__} for each")
    return tuple(entry for entry in entries if isinstance(entry, kind))


def _by_name(declared: object, kind: type, section: str, *, problems: Problems) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for entry in _entries(declared, kind, section, problems=problems):
        with problems.at(section, str(entry.name)):
            name = text("name", entry.name)
            if name in tables:
                found = f"{section} holds {shown(name)} twice"
                raise refusal(found, "each name once", fix="Rename one", code="BR403")
            tables[name] = entry if kind is Metric else _table(entry)
    return tables


def _metrics(declared: object, *, problems: Problems) -> Mapping[str, Any]:
    if isinstance(declared, Mapping):
        return declared
    return _by_name(declared, Metric, "metrics", problems=problems)
