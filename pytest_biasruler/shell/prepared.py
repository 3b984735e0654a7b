"""What this process knows about each benchmark: scored once, judged once, told once."""

from __future__ import annotations

import functools
import hashlib
import os
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.earlier import earlier_of
from pytest_biasruler.shell.extensions import plugin_metrics, plugin_readers
from pytest_biasruler.shell.lock import locked
from pytest_biasruler.shell.outputs import name_file
from pytest_biasruler.shell.payload import add_context, to_text
from pytest_biasruler.shell.progress import make_progress
from pytest_biasruler.shell.settings import settings_of
from pytest_biasruler.shell.stash import AUDIT, CENSUS, NAMES, PREPARATIONS, PROPERTY
from pytest_biasruler.shell.store_folder import find_store_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    import pandas as pd
    import pytest

    from pytest_biasruler.audit import Disclosure
    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.scoring.store import Store


@dataclass(kw_only=True, eq=False)
class Prepared:
    """One benchmark in this process: its evidence and everything its file asks.

    Attributes
    ----------
    judged : mapping
        Id of a declared check -> its finding, or why it could not be answered.
    context : mapping
        Plain data: what audit.json holds beside findings and checks, and its settings.
    teller : str or None
        Node id of the test with whose report the context travels; once is enough.
    names : frozenset
        Cases and patients, which no id may hold.
    notices : tuple of str
        What is said on the terminal alone, since it belongs to this machine.
    disclosure : Disclosure or None
        What a public run may say of sizes; None where nothing is hidden.
    """

    evidence: Evidence
    judged: Mapping[str, Finding | BiasRulerError]
    context: Mapping[str, Any] = field(repr=False)
    names: frozenset[str] = field(repr=False)
    notices: tuple[str, ...] = ()
    disclosure: Disclosure | None = None
    teller: str | None = None

    @property
    def data_hash(self) -> str:
        """Hash of the data that was audited."""
        return str(self.context["context"]["benchmark"]["hash"])

    @functools.cached_property
    def digest(self) -> str:
        """What tells this audit from others of the run."""
        return hashlib.sha256(to_text(self.context).encode()).hexdigest()

    def claim(self, item: pytest.Item) -> None:
        """Note that `item` asks this benchmark, so that its errors are counted here."""
        item.stash[AUDIT] = self.digest
        item.stash[NAMES] = self.names

    def tell_context(self, item: pytest.Item) -> None:
        """Let the context ride on the reports of `item`, unless another test tells it."""
        if self.teller in (None, item.nodeid):
            self.teller = item.nodeid
            n_declared = len(item.config.stash[CENSUS].declared)
            told = {**self.context, "notices": list(self.notices), "declared": n_declared}
            add_context(item, audit=self.digest, context=told)


class Preparations:
    """Every benchmark of this process; the same object gives the same answer, also an error."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._settings = settings_of(config)
        self._told: dict[str, Any] = getattr(config, "workerinput", {}).get(PROPERTY, {})
        self._prepared: dict[Benchmark, Prepared | BiasRulerError] = {}
        self._given: dict[int, tuple[pd.DataFrame, Benchmark]] = {}

    def of(self, benchmark: Benchmark, *, scores: pd.DataFrame | None = None) -> Prepared:
        """Return what is known about a benchmark, after scoring it if need be.

        A table of `scores` that did not come from here takes the place of masks.

        Raises
        ------
        BiasRulerError
            If nothing of the benchmark can be judged.
        """
        from pytest_biasruler.scoring.attempt import attempt

        if scores is not None and not self._is_own(benchmark, scores):
            benchmark = self._with_scores(benchmark, scores)
        if benchmark not in self._prepared:
            self._prepared[benchmark] = attempt(functools.partial(self._prepare, benchmark))
        known = self._prepared[benchmark]
        if isinstance(known, BiasRulerError):
            raise known.with_traceback(None)
        return known

    def find(self, context: Mapping[str, Any]) -> Prepared | None:
        """Return what was prepared here and has this context, if anything has."""
        told = to_text(context)
        for known in self._prepared.values():
            if isinstance(known, Prepared) and to_text(known.context["context"]) == told:
                return known
        return None

    def _is_own(self, benchmark: Benchmark, scores: pd.DataFrame) -> bool:
        known = self._prepared.get(benchmark)
        return isinstance(known, Prepared) and known.evidence.scored.table is scores

    def _with_scores(self, benchmark: Benchmark, scores: pd.DataFrame) -> Benchmark:
        # The table is kept beside its copy, so that its id is not given to another one.
        if id(scores) not in self._given:
            references = tuple(replace(each, masks=None) for each in benchmark.references)
            models = tuple(replace(each, masks=None) for each in benchmark.models)
            # A file read with two tables would look like one that two processes read differently.
            audited = replace(
                benchmark, references=references, models=models, scores=scores, file=None
            )
            self._given[id(scores)] = (scores, audited)
        return self._given[id(scores)][1]

    def _prepare(self, benchmark: Benchmark) -> Prepared:
        from pytest_biasruler.audit import disclose, judge_declared

        notices: list[str] = []
        earlier = earlier_of(self._config, benchmark.name)  # or an error, before any work
        evidence = self._score(self._settings.guarded(benchmark), notices)
        if earlier is not None:
            earlier.refuse_others(evidence)
        disclosure = disclose(evidence) if self._settings.public else None
        judged: dict[str, Finding | BiasRulerError] = {}
        for judgement in judge_declared(evidence):
            known = judgement.finding or judgement.error
            if known is not None:
                judged[judgement.declared.id] = known
        return Prepared(
            evidence=evidence,
            judged=judged,
            context=self._context(evidence, disclosure),
            disclosure=disclosure,
            names=frozenset(evidence.cases) | frozenset(map(str, evidence.metadata.patients)),
            notices=tuple(notices),
        )

    def _context(self, evidence: Evidence, disclosure: Disclosure | None) -> dict[str, Any]:
        from pytest_biasruler.audit import context, publish_context

        settings, benchmark = self._settings, evidence.benchmark
        told = context(evidence, show_cases=settings.show_cases)
        if disclosure is not None:
            told = publish_context(told, disclosure, attributes=benchmark.attributes)
        declared = str(benchmark.defaults.policy or Policy.CONFIDENT_FAIL)
        return {
            "file": name_file(benchmark.file, self._config) if benchmark.file else "",
            "context": told,
            "settings": {
                "policy": str(settings.policy_of(marker=None, declared=declared)),
                "both_empty": str(benchmark.defaults.both_empty),
                "show_cases": settings.show_cases,
                "public": settings.public,
                "limits_changed": dict(settings.limits_changed),
                "run_date": settings.run_date.isoformat(),
                "commit": settings.commit,
            },
        }

    def _score(self, benchmark: Benchmark, notices: list[str]) -> Evidence:
        from pytest_biasruler.audit import prepare

        store = self._open_store(notices)
        progress = make_progress(self._config, is_wanted=bool(self._told.get("progress")))
        keys: dict[str, Any] = {
            "workers": self._settings.workers,
            "scheduler": self._settings.scheduler,
            "store": store,
            "progress": progress,
            "metrics": plugin_metrics(self._config),
            "readers": plugin_readers(self._config),
        }
        try:
            with _locked(store, benchmark):
                evidence = prepare(benchmark, **keys)
        finally:
            notices += store.notices if store is not None else []
        return evidence.altered(measure=_in_turn(evidence.measure, store, benchmark))

    def _open_store(self, notices: list[str]) -> Store | None:
        from pytest_biasruler.scoring.store import Store

        try:
            folder = find_store_folder(self._config)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            notices.append(f"store of scores is off: it cannot be made ({reason})")
            return None
        return Store(folder) if folder is not None else None


def preparations_of(config: pytest.Config) -> Preparations:
    """Return what this process has prepared so far."""
    if PREPARATIONS not in config.stash:
        config.stash[PREPARATIONS] = Preparations(config)
    return config.stash[PREPARATIONS]


def _locked(store: Store | None, benchmark: Benchmark) -> AbstractContextManager[object]:
    """Return what lets one process measure a benchmark, and the others wait for its store."""
    if store is None or not store.is_on:
        return nullcontext()
    place = os.fspath(benchmark.file) if benchmark.file is not None else benchmark.name
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return locked(store.folder / f"{name}.lock")


def _in_turn(
    measure: Callable[[str], pd.DataFrame], store: Store | None, benchmark: Benchmark
) -> Callable[[str], pd.DataFrame]:
    """Return how one process measures what a test asks for after scoring, and the others wait."""

    @functools.cache
    def measure_in_turn(name: str) -> pd.DataFrame:
        with _locked(store, benchmark):
            return measure(name)

    return measure_in_turn
