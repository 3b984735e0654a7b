"""Command line, ini and environment, read once into one frozen record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.refusals import summarise_problems
from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.shell.exports import CSV_PLAN, FORMS_OF_THEIR_OWN
from pytest_biasruler.shell.limits import read_limits
from pytest_biasruler.shell.options import OPTIONS
from pytest_biasruler.shell.outputs import refuse_same
from pytest_biasruler.shell.stash import SETTINGS
from pytest_biasruler.shell.values import (
    Value,
    as_exports,
    as_policy,
    as_whole_number,
    as_workers,
    read_commit,
    read_run_date,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What this run was asked for; nothing behind it looks at the configuration of pytest.

    Attributes
    ----------
    outputs : mapping
        Where each form of the audit is to be written, by its kind; in the order of writing.
    compare : Path or None
        An earlier audit, which is read and never written.
    policy_option, policy_ini : Policy or None
        Apart, because a marker stands between them (see `policy_of`).
    public : bool
        Nothing that would point to 10 people or fewer is printed.
    untrusted : bool
        Predictions of every benchmark of the run come from strangers.
    scheduler : str or None
        Address of the Dask cluster that scores; None: processes here.
    selftest : int or None
        In how many worlds the gate is tested; None: it is not.
    limits_changed : mapping
        Limits of the safe reader that are not at their default.
    run_date : date
        Printed in outputs: the UTC date, or that of ``SOURCE_DATE_EPOCH``.
    commit : str or None
        That the CI system says it runs.
    today : date
        UTC date of the real clock; waivers end by it.
    """

    file: Path | None = field(repr=False)
    outputs: Mapping[str, Path] = field(repr=False)
    compare: Path | None = field(repr=False)
    policy_option: Policy | None
    policy_ini: Policy | None
    workers: int
    scheduler: str | None
    no_cache: bool
    show_cases: bool
    public: bool
    untrusted: bool
    min_checks: int | None
    selftest: int | None
    junit_properties: bool
    limits: Limits
    limits_changed: Mapping[str, Any]
    run_date: dt.date
    commit: str | None
    today: dt.date
    root: Path = field(repr=False)

    def guarded(self, benchmark: Benchmark) -> Benchmark:
        """Return a benchmark, untrusted if the run is: once said, nothing switches it off."""
        if benchmark.untrusted or not self.untrusted:
            return benchmark
        return replace(benchmark, untrusted=True)

    def policy_of(self, *, marker: str | None, declared: str) -> Policy:
        """Return the policy of one check: command line, marker, ini, benchmark file."""
        policies = (self.policy_option, marker, self.policy_ini)
        return Policy(next((policy for policy in policies if policy is not None), declared))


def read_settings(config: pytest.Config) -> Settings:
    """Return the settings of this run.

    Raises
    ------
    pytest.UsageError
        With every problem at once.
    """
    problems: list[BiasRulerError] = []
    values = {option.ini: Value.of(option, config) for option in OPTIONS}
    limits, changed = read_limits(config, problems)
    today = dt.datetime.now(tz=dt.UTC).date()
    settings = Settings(
        file=values["biasruler_file"].as_path(config),
        outputs=_read_outputs(values, config, problems),
        compare=values["biasruler_compare"].as_path(config),
        policy_option=as_policy(values["biasruler_policy"], from_ini=False, problems=problems),
        policy_ini=as_policy(values["biasruler_policy"], from_ini=True, problems=problems),
        workers=as_workers(values["biasruler_workers"], problems),
        scheduler=str(values["biasruler_scheduler"].value or "") or None,
        no_cache=bool(values["biasruler_no_cache"].value),
        show_cases=bool(values["biasruler_show_cases"].value),
        public=values["biasruler_public"].is_on,
        untrusted=values["biasruler_untrusted"].is_on,
        min_checks=as_whole_number(values["biasruler_min_checks"], problems),
        selftest=as_whole_number(values["biasruler_selftest"], problems, least=1),
        junit_properties=bool(config.getini("biasruler_junit_properties")),
        limits=limits,
        limits_changed=changed,
        run_date=read_run_date(today, problems),
        commit=read_commit(),
        today=today,
        root=config.rootpath,
    )
    problems += _contradictions(settings)
    if problems:
        raise usage_error(problems, "the options of this run")
    return settings


def _read_outputs(
    values: Mapping[str, Value], config: pytest.Config, problems: list[BiasRulerError]
) -> dict[str, Path]:
    named = {kind: values[f"biasruler_{kind}"].as_path(config) for kind in FORMS_OF_THEIR_OWN}
    named |= as_exports(values["biasruler_export"], config, problems)
    return {kind: path for kind, path in named.items() if path is not None}


def settings_of(config: pytest.Config) -> Settings:
    """Return the settings of this run, read at the first question.

    Raises
    ------
    pytest.UsageError
        As `read_settings`.
    """
    if SETTINGS not in config.stash:
        config.stash[SETTINGS] = read_settings(config)
    return config.stash[SETTINGS]


def usage_error(problems: Sequence[BiasRulerError], place: str) -> pytest.UsageError:
    """Return the error that ends the run with exit code 4."""
    return pytest.UsageError(summarise_problems(problems, place))


def _contradictions(settings: Settings) -> list[BiasRulerError]:
    """Return BR602 for what cannot be asked for together."""
    wrong = {
        ("two outputs have one path", "one path for each", "Rename one of them"): (
            len(set(settings.outputs.values())) < len(settings.outputs)
        ),
        (
            "--biasruler-public stands beside --biasruler-show-cases",
            "no case names in public",
            "Leave one of them out",
        ): settings.public and settings.show_cases,
        (
            f"--biasruler-public stands beside an export of {CSV_PLAN}",
            "no list of cases in public",
            "Leave one of them out",
        ): settings.public and CSV_PLAN in settings.outputs,
    }
    problems = [BiasRulerError("BR602", *texts) for texts, is_wrong in wrong.items() if is_wrong]
    compared = [settings.compare] if settings.compare is not None else []
    return problems + refuse_same(settings.outputs.values(), compared, root=settings.root)
