"""Score summaries as tables: by metric, label and model, references side by side."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_biasruler.report.numbers import shown
from pytest_biasruler.report.wording import metric_title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit

    Score = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Set:
    """All summaries of one metric, label and model; `rows` by subgroup, then by reference."""

    metric: str
    label: str
    model: str
    title: str
    references: tuple[str, ...]
    rows: tuple[tuple[tuple[str, str], Mapping[str, Score]], ...]


def list_sets(audit: Audit) -> list[Set]:
    """Return the tables: metrics in the order in which checks ask for them, models first."""
    asked = dict.fromkeys(f.metric for f in audit.findings if f.metric)
    order = {metric: place for place, metric in enumerate(asked)}

    def key(score: Score) -> tuple[Any, ...]:
        metric, model = str(score["metric"]), str(score.get("model") or "")
        place = order.get(metric, len(order))
        is_reference = model in audit.references
        return place, metric, str(score.get("label") or ""), is_reference, model

    ordered = sorted(audit.scores, key=key)
    return [_set(audit, known, list(rows)) for known, rows in groupby(ordered, key=key)]


def _set(audit: Audit, key: tuple[Any, ...], scores: list[Score]) -> Set:
    _, metric, label, is_reference, model = key
    unit = (audit.metrics.get(metric) or {}).get("unit") or ""
    title = f"{metric_title(metric)}{f' in {shown(unit)}' if unit else ''}: {shown(model)}"
    title = f"{title}, a reference" if is_reference else title
    title = f"{title}, label {shown(label)}" if label else title
    rows: dict[tuple[str, str], dict[str, Score]] = {}
    for score in scores:
        rows.setdefault(_cell_of(score), {})[str(score.get("reference"))] = score
    references = sorted({str(score.get("reference")) for score in scores}, key=_rank(audit))
    return Set(
        metric=metric,
        label=label,
        model=model,
        title=title,
        references=tuple(references),
        rows=tuple(rows.items()),
    )


def _rank(audit: Audit) -> Callable[[str], tuple[bool, str]]:
    """Return the key by which expert references come first."""
    return lambda name: ((audit.references.get(name) or {}).get("kind") != "expert", name)


def _cell_of(score: Score) -> tuple[str, str]:
    return str(score.get("attribute")), str(score.get("subgroup"))
