"""The names that a check may use: references, models, labels, attributes, metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import Benchmark, Defaults, ReferenceKind
from pytest_biasruler.benchmark.metrics import CATALOGUE, Metric
from pytest_biasruler.benchmark.rules import listed, refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_biasruler.benchmark.document import Content


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """What a benchmark declares besides its checks; `models` says what each was trained on.

    `numeric` are the attributes whose values are numbers.
    """

    references: Mapping[str, ReferenceKind]
    models: Mapping[str, str | None]
    has_site: bool
    labels: tuple[str, ...]
    attributes: tuple[str, ...]
    metrics: Mapping[str, Metric]
    defaults: Defaults
    numeric: tuple[str, ...] = ()

    @classmethod
    def of_content(cls, content: Content) -> Vocabulary:
        """Return the names in the tables of a file, also where their values are wrong."""
        return cls(
            references={name: entry.kind for name, entry in content.references.items()},
            models={name: entry.trained_on for name, entry in content.models.items()},
            has_site=content.general.get("site") is not None,
            labels=tuple(content.labels),
            attributes=tuple(content.attributes),
            metrics=content.known,
            defaults=content.defaults,
            numeric=tuple(name for name, one in content.attributes.items() if one.is_numeric),
        )

    @classmethod
    def of_benchmark(cls, benchmark: Benchmark, *, metrics: Collection[Metric] = ()) -> Vocabulary:
        """Return the names in a benchmark, and those of the metrics of plugins."""
        added = {metric.name: metric for metric in metrics}
        return cls(
            references={entry.name: entry.kind for entry in benchmark.references},
            models={entry.name: entry.trained_on for entry in benchmark.models},
            has_site=benchmark.site is not None,
            labels=tuple(benchmark.labels),
            attributes=tuple(entry.name for entry in benchmark.attributes),
            metrics={**CATALOGUE, **added, **benchmark.metrics},
            defaults=benchmark.defaults,
            numeric=tuple(one.name for one in benchmark.attributes if one.is_numeric),
        )

    def of_kind(self, kind: ReferenceKind) -> tuple[str, ...]:
        """Return the references of one kind."""
        return tuple(name for name, its_kind in self.references.items() if its_kind == kind)

    def trained_on(self, kind: ReferenceKind) -> tuple[str, ...]:
        """Return the models that were trained on a reference of one kind."""
        names = self.of_kind(kind)
        return tuple(model for model, reference in self.models.items() if reference in names)

    @property
    def judging_kind(self) -> ReferenceKind:
        """The kind of reference that judges where one suffices: expert, if there is any."""
        has_expert = bool(self.of_kind(ReferenceKind.EXPERT))
        return ReferenceKind.EXPERT if has_expert else ReferenceKind.AUTOMATED

    def unless_several(self, kind: ReferenceKind) -> str | None:
        """Return the one reference of a kind, None if there are several or none."""
        names = self.of_kind(kind)
        return names[0] if len(names) == 1 else None

    def only(self, kind: ReferenceKind, *, key: str) -> str:
        """Return the one reference of a kind, which a check need not name by `key`.

        Raises
        ------
        BiasRulerError
            BR602 if there are several, or none.
        """
        names = self.of_kind(kind)
        if len(names) == 1:
            return names[0]
        if names:
            found = f"{key} is missing, and {len(names)} references are {kind}"
            raise refusal(found, f"one of {listed(names)}", fix=f"Add {key}")
        fix = f'Add [references.NAME] with kind = "{kind}"'
        raise refusal(f"no reference is {kind}", "one", fix=fix)
