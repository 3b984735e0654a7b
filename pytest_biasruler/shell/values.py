"""What command line and ini say about one option, read as what it means."""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.exports import read_exports

if TYPE_CHECKING:
    import pytest

    from pytest_biasruler.shell.option import Option


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """What command line and ini say about one option."""

    flag: str
    ini: str
    option: Any
    from_ini: Any

    @classmethod
    def of(cls, option: Option, config: pytest.Config) -> Value:
        """Return what this run says about `option`."""
        return cls(
            flag=option.flag,
            ini=option.ini,
            option=config.getoption(option.dest),
            from_ini=config.getini(option.ini),
        )

    @property
    def value(self) -> Any:
        """What holds: the command line, else the ini."""
        return self.from_ini if self.option is None else self.option

    @property
    def place(self) -> str:
        """Where that was said."""
        return self.ini if self.option is None else self.flag

    @property
    def is_on(self) -> bool:
        """Whether either says so: what protects cannot be switched off further on."""
        return bool(self.option) or bool(self.from_ini)

    def as_path(self, config: pytest.Config) -> Path | None:
        """Return an absolute path; None if there is none."""
        return _absolute(self.folder(config), str(self.value)) if self.value else None

    def folder(self, config: pytest.Config) -> Path:
        """Return the folder that a relative path begins from."""
        # Whoever types a path means his own folder; whoever writes an ini means the ini's folder.
        if self.option is not None:
            return config.invocation_params.dir
        return config.inipath.parent if config.inipath is not None else config.rootpath

    def wrong(self, expected: str) -> BiasRulerError:
        """Return BR602 for a value that cannot be used."""
        return BiasRulerError("BR602", f"{self.place} is {self.value}", expected, "Correct it")


def _absolute(folder: Path, path: str) -> Path:
    return Path(os.path.normpath(folder / path))


def as_exports(
    value: Value, config: pytest.Config, problems: list[BiasRulerError]
) -> dict[str, Path]:
    """Return the path of each kind of export; what is wrong goes to `problems`."""
    named, wrong = read_exports(value.value, place=value.place)
    problems += wrong
    return {kind: _absolute(value.folder(config), path) for kind, path in named.items()}


def as_policy(value: Value, *, from_ini: bool, problems: list[BiasRulerError]) -> Policy | None:
    """Return the policy that one of the two places names."""
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


def as_workers(value: Value, problems: list[BiasRulerError]) -> int:
    """Return a number of processes; ``auto`` is the number of cores at hand."""
    text = str(value.value)
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _n_cores()
    if text.isdecimal() and int(text) > 0:
        return int(text)
    problems.append(value.wrong("auto or a whole number above 0"))
    return 1


def _n_cores() -> int:
    return os.cpu_count() or 1


def as_whole_number(value: Value, problems: list[BiasRulerError], *, least: int = 0) -> int | None:
    if value.value in (None, ""):
        return None
    text = str(value.value)
    if text.isdecimal() and int(text) >= least:
        return int(text)
    problems.append(value.wrong("a whole number above 0" if least else "a whole number"))
    return None


_COMMITS = (
    *("GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "CIRCLE_SHA1"),
    *("BITBUCKET_COMMIT", "GIT_COMMIT", "DRONE_COMMIT_SHA", "TRAVIS_COMMIT"),
)
"""Where GitHub, GitLab, Azure, CircleCI, Bitbucket, Jenkins, Drone and Travis name the commit."""

_HASH = re.compile(r"[0-9a-f]{7,64}")


def read_commit() -> str | None:
    """Return the commit that a CI system says it runs; what is no hash is not believed."""
    named = (os.environ.get(name, "").strip().lower() for name in _COMMITS)
    return next((commit for commit in named if _HASH.fullmatch(commit)), None)


def read_run_date(today: dt.date, problems: list[BiasRulerError]) -> dt.date:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return today
    try:
        return dt.datetime.fromtimestamp(int(epoch), tz=dt.UTC).date()
    except (ValueError, OverflowError, OSError):
        found = f"SOURCE_DATE_EPOCH is {epoch or 'empty'}"
        problems.append(BiasRulerError("BR602", found, "seconds since 1970", "Correct it"))
        return today
