"""A benchmark file as test items: one for each check that it declares."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.refusals import summarise_problems
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, holds_controls
from pytest_biasruler.shell.extensions import plugin_metrics
from pytest_biasruler.shell.outputs import name_file, place_in_project
from pytest_biasruler.shell.prepared import preparations_of
from pytest_biasruler.shell.recorder import demand, record_finding
from pytest_biasruler.shell.representation import show_by_value
from pytest_biasruler.shell.settings import settings_of
from pytest_biasruler.shell.stash import BENCHMARKS, CENSUS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.checks.finding import Finding


def load_benchmark(config: pytest.Config, path: Path) -> Benchmark:
    """Return the benchmark of a file, read once in this process.

    Raises
    ------
    BiasRulerError
        With every problem of the file.
    """
    known = config.stash.setdefault(BENCHMARKS, {})
    if path not in known:
        _refuse_controls(config, path)
        read = read_tables(config, path, with_checks=True)
        # Once said anywhere, nothing switches it off.
        known[path] = replace(read, untrusted=read.untrusted or settings_of(config).untrusted)
    return known[path]


def _refuse_controls(config: pytest.Config, path: Path) -> None:
    """Refuse a file that ids would have to name in characters which XML cannot hold."""
    if holds_controls(place_in_project(path, config)):
        found, fix = "file name holds a control character", "Rename the file or its folder"
        shown = name_file(path, config)
        raise BiasRulerError("BR602", found, "characters that can be seen", fix, shown)


def read_tables(config: pytest.Config, path: Path, *, with_checks: bool = False) -> Benchmark:
    """Return the benchmark of a file, by itself without a look at its checks.

    Raises
    ------
    BiasRulerError
        With every problem of the file.
    """
    from pytest_biasruler.benchmark.manifest import read_manifest
    from pytest_biasruler.scoring.attempt import insist

    read = partial(
        read_manifest,
        path,
        environ=os.environ,
        metrics=plugin_metrics(config),
        limits=settings_of(config).limits,
        with_checks=with_checks,
    )
    return insist(read)


def declared_checks(benchmark: Benchmark, *, shown: str) -> tuple[DeclaredCheck, ...]:
    """Return the checks of a benchmark that is to be run as a test file.

    Raises
    ------
    BiasRulerError
        ``BR602`` if it declares none.
    """
    from pytest_biasruler.benchmark.declared import declare_checks

    declared: tuple[DeclaredCheck, ...] = declare_checks(benchmark)
    if not declared:
        raise BiasRulerError(
            "BR602",
            "no [[checks]]",
            "at least one, since the file is collected as a test",
            "Declare a check, or name the file by --biasruler for the fixtures",
            shown,
        )
    return declared


class BenchmarkFile(pytest.File):
    """Yields the checks of one benchmark file from TOML alone; nothing else is opened.

    Its node id is the one of `name_file`, since pytest gives files outside the root one for all.
    """

    def collect(self) -> Iterator[CheckItem]:
        shown = self.nodeid
        try:
            benchmark = load_benchmark(self.config, self.path)
            if not benchmark.checks and self._serves_fixtures():
                return
            declared = declared_checks(benchmark, shown=shown)
        except BiasRulerError as error:
            problems = error.problems if isinstance(error, BiasRulerProblems) else (error,)
            raise self.CollectError(summarise_problems(problems, shown)) from None
        census, default = self.config.stash[CENSUS], benchmark.defaults.policy
        census.names[shown] = benchmark.name
        for check in declared:
            # Given as text, the id is read as that of a parametrised test; otherwise pytest 9.2
            # would not find it again in its own list of last failures.
            nodeid = f"{self.nodeid}::{check.id}"
            policy = settings_of(self.config).policy_of(
                marker=None, declared=check.policy or default or Policy.CONFIDENT_FAIL
            )
            census.declare(nodeid, file=shown, policy=str(policy))
            yield CheckItem.from_parent(self, name=check.id, nodeid=nodeid, declared=check)

    def _serves_fixtures(self) -> bool:
        # Met on the way through a folder, the file of the fixtures needs no checks of its own.
        is_theirs = settings_of(self.config).file == self.path
        return is_theirs and not self.session.isinitpath(self.path)


class CheckItem(pytest.Item):
    """One declared check: scored in setup, judged in the call."""

    def __init__(self, *, declared: DeclaredCheck, **keys: Any) -> None:
        super().__init__(**keys)
        self.declared_check = declared

    def setup(self) -> None:
        """Score the benchmark, once in this process; a check that cannot run is an error."""
        from pytest_biasruler.scoring.attempt import insist

        insist(self._ask)

    def _ask(self) -> None:
        prepared = self._prepared()
        prepared.claim(self)
        answer = prepared.judged[self.declared_check.id]
        if isinstance(answer, BiasRulerError):
            prepared.tell_context(self)
            raise answer.with_traceback(None)

    def runtest(self) -> None:
        """Turn the finding into an outcome."""
        from pytest_biasruler.scoring.attempt import insist

        demand(self, insist(self._answer))

    def _answer(self) -> Finding:
        prepared = self._prepared()
        answer = prepared.judged[self.declared_check.id]
        if isinstance(answer, BiasRulerError):
            raise answer.with_traceback(None)
        finding = replace(answer, id=self.nodeid)
        return record_finding(self, prepared, finding, index=self.declared_check.index)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the finding without a traceback, which would hold frames of ours only."""
        if isinstance(excinfo.value, AssertionError | BiasRulerError):
            return show_by_value(excinfo, item=self)
        return super().repr_failure(excinfo, style=style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line of the check's table (from 0) and id."""
        return self.path, (self.declared_check.line or 1) - 1, self.name

    def _prepared(self) -> Any:
        benchmark = load_benchmark(self.config, self.path)
        return preparations_of(self.config).of(benchmark)
