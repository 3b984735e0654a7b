"""Ask a benchmark one question on behalf of a Python test."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from pytest_biasruler.errors import BiasRulerError, printable
from pytest_biasruler.shell.recorder import demand, python_id, record_finding
from pytest_biasruler.shell.settings import settings_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pytest

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.prepared import Prepared

    By = str | Sequence[str | Sequence[str]]
    Limit = float | Mapping[str, float]
    """One limit, or one for each label that is asked about."""


class Keys(TypedDict, total=False):
    """Keys that every check takes, with the meaning they have in a benchmark file."""

    label: str | Sequence[str]
    model: str | Sequence[str]
    reference: str
    automated: str
    baseline: str
    alpha: float
    min_patients: int
    policy: str
    support: str
    screen: bool
    sensitivity: bool
    waive: Mapping[str, str | dt.date]
    name: str


class Asker:
    """One test and the benchmark that it asks."""

    def __init__(self, item: pytest.Item, prepared: Prepared) -> None:
        self._item = item
        self._prepared = prepared

    def __repr__(self) -> str:
        """Return the benchmark's name alone; pytest prints this in tracebacks."""
        return f"<biasruler: {printable(self.benchmark.name)}>"

    @property
    def benchmark(self) -> Benchmark:
        """The benchmark that is audited."""
        return self._prepared.evidence.benchmark

    @property
    def scores(self) -> pd.DataFrame:
        """The score table; it holds real case names."""
        return self._prepared.evidence.scored.table

    def _assert(self, check: str, **keys: Any) -> None:
        __tracebackhide__ = True
        findings = self._ask(check, keys)
        demand(self._item, *(self._record(finding, keys) for finding in findings))

    def _check(self, check: str, **keys: Any) -> Finding:
        __tracebackhide__ = True
        findings = self._ask(check, keys)
        if len(findings) != 1:
            raise BiasRulerError(
                "BR602",
                f"check_{check} was asked {len(findings)} questions at once",
                "one",
                "Give every key a single value, or use assert_" + check,
            )
        return self._record(findings[0], keys, is_judged=False)

    def _ask(self, check: str, keys: Mapping[str, Any]) -> tuple[Finding, ...]:
        from pytest_biasruler.audit import edges_of, judge_one, refuse_min_patients
        from pytest_biasruler.scoring.attempt import insist

        __tracebackhide__ = True
        given = {key: value for key, value in keys.items() if value is not None}
        try:
            if settings_of(self._item.config).public:
                evidence = self._prepared.evidence
                edges = edges_of(evidence.benchmark, evidence.declared)
                refuse_min_patients(given.get("min_patients"), edges=edges)
            return insist(partial(judge_one, self._prepared.evidence, check, **given))
        except BiasRulerError:
            self._prepared.tell_context(self._item)  # the report says what could not be judged
            raise

    def _record(
        self, finding: Finding, keys: Mapping[str, Any], *, is_judged: bool = True
    ) -> Finding:
        from pytest_biasruler.scoring.attempt import insist

        __tracebackhide__ = True
        finding = replace(finding, id=python_id(self._item, finding))
        told: dict[str, Any] = {"is_judged": is_judged, "asked": keys}
        return insist(partial(record_finding, self._item, self._prepared, finding, **told))
