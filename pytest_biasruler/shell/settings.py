"""Command line, ini and environment, read once into one frozen record."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.benchmark.definition import Policy
from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.shell.exports import CSV_PLAN, read_exports
from pytest_biasruler.shell.limits import read_limits
from pytest_biasruler.shell.options import OPTIONS, Option, tied_value
from pytest_biasruler.shell.stash import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What this run was asked for; nothing behind it looks at the configuration of pytest.

    Attributes
    ----------
    policy_option, policy_ini : Policy or None
        Apart, because a marker stands between them (see `policy_of`).
    selftest : int or None
        In how many worlds the gate is tested; None: it is not.
    limits_changed : mapping
        Limits of the safe reader that are not at their default.
    run_date : date
        Printed in outputs: the UTC date, or that of ``SOURCE_DATE_EPOCH``.
    today : date
        UTC date of the real clock; waivers end by it.
    """

    file: Path | None
    html: Path | None
    json: Path | None
    csv_plan: Path | None
    policy_option: Policy | None
    policy_ini: Policy | None
    workers: int
    no_cache: bool
    show_cases: bool
    min_checks: int | None
    selftest: int | None
    junit_properties: bool
    limits: Limits
    limits_changed: Mapping[str, Any]
    run_date: dt.date
    today: dt.date
    root: Path = field(repr=False)

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Paths that this run is to write."""
        paths = (self.json, self.html, self.csv_plan)
        return tuple(path for path in paths if path is not None)

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
    values = {option.ini: _Value.of(option, config) for option in OPTIONS}
    limits, changed = read_limits(config, problems)
    today = dt.datetime.now(tz=dt.UTC).date()
    settings = Settings(
        file=values["biasruler_file"].as_path(config),
        html=values["biasruler_html"].as_path(config),
        json=values["biasruler_json"].as_path(config),
        csv_plan=_export(values["biasruler_export"], config, problems).get(CSV_PLAN),
        policy_option=_policy(values["biasruler_policy"], from_ini=False, problems=problems),
        policy_ini=_policy(values["biasruler_policy"], from_ini=True, problems=problems),
        workers=_workers(values["biasruler_workers"], problems),
        no_cache=bool(values["biasruler_no_cache"].value),
        show_cases=bool(values["biasruler_show_cases"].value),
        min_checks=_whole_number(values["biasruler_min_checks"], problems),
        selftest=_whole_number(_tied(values["biasruler_selftest"], config), problems, least=1),
        junit_properties=bool(config.getini("biasruler_junit_properties")),
        limits=limits,
        limits_changed=changed,
        run_date=_run_date(today, problems),
        today=today,
        root=config.rootpath,
    )
    if len(set(settings.outputs)) < len(settings.outputs):
        problems.append(_two_outputs())
    if problems:
        raise usage_error(problems, "the options of this run")
    return settings


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


def summarise_problems(problems: Sequence[BiasRulerError], place: str) -> str:
    """Return all problems, and a last line that stands alone; one problem is said once.

    Some platforms show only the last line of stderr.
    """
    lines = [str(problem) for problem in problems]
    if len(lines) == 1:
        return f"biasruler: 1 problem in {place}: {lines[0]}"
    last = f"biasruler: {len(lines)} problems in {place}, first: {lines[0]}"
    return "\n".join([*lines, last])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Value:
    """What command line and ini say about one option."""

    flag: str
    ini: str
    option: Any
    from_ini: Any

    @classmethod
    def of(cls, option: Option, config: pytest.Config) -> _Value:
        return cls(
            flag=option.flag,
            ini=option.ini,
            option=config.getoption(option.dest),
            from_ini=config.getini(option.ini),
        )

    @property
    def value(self) -> Any:
        return self.from_ini if self.option is None else self.option

    @property
    def place(self) -> str:
        return self.ini if self.option is None else self.flag

    def as_path(self, config: pytest.Config) -> Path | None:
        return _absolute(self.folder(config), str(self.value)) if self.value else None

    def folder(self, config: pytest.Config) -> Path:
        # Whoever types a path means his own folder; whoever writes an ini means the ini's folder.
        if self.option is not None:
            return config.invocation_params.dir
        return config.inipath.parent if config.inipath is not None else config.rootpath

    def wrong(self, expected: str) -> BiasRulerError:
        return BiasRulerError("BR602", f"{self.place} is {self.value}", expected, "Correct it")


def _absolute(folder: Path, path: str) -> Path:
    return Path(os.path.normpath(folder / path))


def _export(
    value: _Value, config: pytest.Config, problems: list[BiasRulerError]
) -> dict[str, Path]:
    named, wrong = read_exports(value.value, place=value.place)
    problems += wrong
    return {kind: _absolute(value.folder(config), path) for kind, path in named.items()}


def _policy(value: _Value, *, from_ini: bool, problems: list[BiasRulerError]) -> Policy | None:
    text = value.from_ini if from_ini else value.option
    if not text:
        return None
    try:
        return Policy(text)
    except ValueError:
        expected = ", ".join(Policy)
        found = f"{value.ini} is {text}"
        problems.append(BiasRulerError("BR602", found, f"one of {expected}", "Correct it"))
        return None


def _workers(value: _Value, problems: list[BiasRulerError]) -> int:
    text = str(value.value)
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _n_cores()
    if text.isdecimal() and int(text) > 0:
        return int(text)
    problems.append(value.wrong("auto or a whole number above 0"))
    return 1


def _n_cores() -> int:
    return os.cpu_count() or 1


def _whole_number(value: _Value, problems: list[BiasRulerError], *, least: int = 0) -> int | None:
    if value.value in (None, ""):
        return None
    text = str(value.value)
    if text.isdecimal() and int(text) >= least:
        return int(text)
    problems.append(value.wrong("a whole number above 0" if least else "a whole number"))
    return None


def _tied(value: _Value, config: pytest.Config) -> _Value:
    tied = tied_value(value.flag, config.invocation_params.args)
    return value if tied is None else replace(value, option=tied)


def _run_date(today: dt.date, problems: list[BiasRulerError]) -> dt.date:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return today
    try:
        return dt.datetime.fromtimestamp(int(epoch), tz=dt.UTC).date()
    except (ValueError, OverflowError, OSError):
        found = f"SOURCE_DATE_EPOCH is {epoch}"
        problems.append(BiasRulerError("BR602", found, "seconds since 1970", "Correct it"))
        return today


def _two_outputs() -> BiasRulerError:
    return BiasRulerError(
        "BR602", "two outputs have one path", "one path for each", "Rename one of them"
    )
