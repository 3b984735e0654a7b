"""A whole benchmark as the tables of its file: one set of rules for TOML and for Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.attribute_keys import read_attribute
from pytest_biasruler.benchmark.columns import known_metrics, read_metric
from pytest_biasruler.benchmark.label_keys import read_labels
from pytest_biasruler.benchmark.refusals import MOST_TOLD
from pytest_biasruler.benchmark.rules import (
    Rule,
    distinct,
    nearest,
    refusal,
    shown,
    switch,
    text,
    unknown,
)
from pytest_biasruler.benchmark.score_keys import read_score_sources
from pytest_biasruler.benchmark.split import split_rule
from pytest_biasruler.benchmark.tables import (
    read_defaults,
    read_each,
    read_model,
    read_reference,
    read_table,
)
from pytest_biasruler.benchmark.templates import inner_path, masks

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Attribute, Defaults, Model, Reference
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.problems import Problems

SECTIONS = (
    *("benchmark", "references", "models", "labels", "attributes", "scores", "metrics"),
    *("defaults", "checks"),
)
"""The tables of a benchmark file."""

_MOST_TABLES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What the valid part of a document declares, named as the fields of `Benchmark`."""

    general: Mapping[str, Any]
    references: Mapping[str, Reference]
    models: Mapping[str, Model]
    labels: Mapping[str, tuple[int, ...]]
    ignore: int | None
    attributes: Mapping[str, Attribute]
    scores: Any
    metrics: Mapping[str, Metric]
    known: Mapping[str, Metric] = field(repr=False)
    defaults: Defaults

    def as_fields(self) -> dict[str, Any]:
        """Return the arguments of `Benchmark`, without checks."""
        return {
            **self.general,
            "references": tuple(self.references.values()),
            "models": tuple(self.models.values()),
            "labels": self.labels,
            "ignore": self.ignore,
            "attributes": tuple(self.attributes.values()),
            "scores": self.scores,
            "metrics": self.metrics,
            "defaults": self.defaults,
        }


def read_document(
    document: Mapping[str, Any],
    *,
    root: Path | None,
    problems: Problems,
    plugins: Collection[Metric] = (),
    general_rules: Mapping[str, Rule] = MappingProxyType({}),
    in_code: bool = False,
) -> Content:
    """Return what a document declares; everything that is wrong goes to `problems`.

    Parameters
    ----------
    document : mapping
        Tables by name, as in a benchmark file.
    root : Path or None
        The data root, which no path may leave; None: nothing is checked.
    plugins : collection of Metric
        Metrics of plugins.
    general_rules : mapping
        Further keys of ``[benchmark]`` and their rules.
    in_code : bool
        Whether masks may be mappings and callables, and tables frames.
    """
    # One more than is told, so that it is said that there are more.
    strange = [section for section in document if section not in SECTIONS][: MOST_TOLD + 1]
    for section in strange:
        problems.add((section,), unknown("table", section, names=SECTIONS))
    # A slip of the pen is one mistake: [benchmrk] is not also a file without name and metadata.
    is_misspelt = "benchmark" not in document and "benchmark" in {
        nearest(section, SECTIONS) for section in strange
    }
    one_mask, one_path = masks(root, in_code=in_code), _path_or_frame(root, in_code=in_code)
    each = partial(_each, document, problems=problems)
    references = each("references", partial(read_reference, masks=one_mask, problems=problems))
    reads_model = partial(read_model, masks=one_mask, references=references, problems=problems)
    models = each("models", reads_model)
    declared = read_labels(document.get("labels", {}), problems=problems)
    labels = declared.values
    known = known_metrics(plugins, problems=problems)
    reads_metric = partial(read_metric, known=known, labels=labels, problems=problems)
    metrics = {metric.name: metric for metric in plugins} | each("metrics", reads_metric)
    known |= metrics
    content = Content(
        general=_read_general(
            document.get("benchmark", {}),
            {"metadata": _one_or_more(one_path), "split": split_rule(one_path), **general_rules},
            required=() if is_misspelt else ("name", "metadata"),
            problems=problems,
        ),
        references=references,
        models=models,
        labels=labels,
        ignore=declared.ignore,
        attributes=each("attributes", partial(read_attribute, problems=problems)),
        scores=_read_scores(
            document.get("scores"),
            one_path,
            names={"model": models, "reference": references, "label": labels},
            problems=problems,
        ),
        metrics=metrics,
        known=known,
        defaults=read_defaults(document.get("defaults", {}), metrics=known, problems=problems),
    )
    _judge_whole(content, document, problems=problems)
    return content


def _each(
    document: Mapping[str, Any], section: str, read_one: Any, *, problems: Problems
) -> dict[str, Any]:
    return read_each(document.get(section, {}), read_one, section=section, problems=problems)


def _path_or_frame(root: Path | None, *, in_code: bool) -> Rule:
    path = inner_path(root)

    def rule(key: str, value: object) -> object:
        # A DataFrame is known by its columns: importing pandas to ask would cost a second.
        return value if in_code and hasattr(value, "columns") else path(key, value)

    return rule


def _one_or_more(one: Rule) -> Rule:
    """Return the rule of a value that may be a list, each entry once; it is kept as a tuple."""

    def rule(key: str, value: object) -> object:
        if not isinstance(value, list | tuple):
            return one(key, value)
        if not value:
            raise refusal(f"{key} is an empty list", "at least one table")
        if len(value) > _MOST_TABLES:
            raise refusal(f"{key} lists {len(value)} tables", f"at most {_MOST_TABLES}")
        kept = tuple(one(key, each) for each in value)
        distinct(key, tuple(each for each in kept if isinstance(each, str)))
        return kept

    return rule


def _read_general(
    raw: object, rules: Mapping[str, Rule], *, required: Collection[str], problems: Problems
) -> dict[str, Any]:
    columns = dict.fromkeys(("name", "case", "patient", "site"), text)
    return read_table(
        raw,
        {**columns, "untrusted": switch, **rules},
        path=("benchmark",),
        problems=problems,
        title="[benchmark]",
        required=required,
    )


def _read_scores(
    raw: object, path: Rule, *, names: Mapping[str, Collection[str]], problems: Problems
) -> object:
    if raw is None or hasattr(raw, "columns"):
        return raw
    return read_score_sources(raw, path_rule=path, names=names, problems=problems)


def _judge_whole(content: Content, document: Mapping[str, Any], *, problems: Problems) -> None:
    """Note what only the tables together can show."""
    for name in content.models:
        if name in content.references:
            found = f"{shown(name)} is a model and a reference"
            problems.add(("models", name), refusal(found, "two names", fix="Rename the model"))
    if content.scores is not None:
        return
    for section, sets in (("references", content.references), ("models", content.models)):
        for name, declared in sets.items():
            if declared.masks is None and isinstance(document[section][name], Mapping):
                fix = f"Add masks to [{section}.{name}], or a table in [scores]"
                problems.add(
                    (section, name, "masks"), refusal("masks is missing", "a path", fix=fix)
                )
