"""The command line options and their ini twins, as data."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from pytest_biasruler.errors import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pytest

_LISTINGS = (
    *("collectonly", "setupplan", "setuponly", "cacheshow"),
    *("showfixtures", "show_fixtures_per_test"),
)
_POLICIES = ("point", "confident-fail", "prove-safe")


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option; ``--biasruler-html`` has the ini twin ``biasruler_html``.

    `default` is what holds if neither command line nor ini speak; `keys` go on to argparse.
    """

    flag: str
    ini: str
    help: str
    type: Literal["string", "bool", "linelist"] = "string"
    default: object = None
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dest(self) -> str:
        """Name under which argparse keeps the value."""
        return str(self.keys.get("dest", self.flag.removeprefix("--").replace("-", "_")))


def _switch(*, value: bool, dest: str) -> dict[str, Any]:
    return {"action": "store_const", "const": value, "dest": dest}


class OptionalNumber(argparse.Action):
    """An option with or without a number, which leaves the path behind it to pytest.

    By itself argparse takes whatever stands behind such an option for its value.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  (as argparse calls it)
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002  (as argparse calls it)
    ) -> None:
        """Keep the number; hand anything else back to those who read the paths."""
        text = str(values)
        setattr(namespace, self.dest, text if text.isdecimal() else self.const)
        if not text.isdecimal():
            # Where argparse itself keeps what a subparser leaves over.
            rest = [*getattr(namespace, "_unrecognized_args", []), text]
            vars(namespace)["_unrecognized_args"] = rest


OPTIONS: tuple[Option, ...] = (
    Option(
        flag="--biasruler",
        ini="biasruler_file",
        help="the benchmark file of the fixtures (to run its checks, name it as an argument)",
        keys={"metavar": "FILE", "dest": "biasruler_file"},
    ),
    Option(
        flag="--biasruler-html",
        ini="biasruler_html",
        help="write the report here",
        keys={"metavar": "PATH"},
    ),
    Option(
        flag="--biasruler-json",
        ini="biasruler_json",
        help="write audit.json here",
        keys={"metavar": "PATH"},
    ),
    Option(
        flag="--biasruler-markdown",
        ini="biasruler_markdown",
        help="write a summary in Markdown here, for job pages and merge requests",
        keys={"metavar": "PATH"},
    ),
    Option(
        flag="--biasruler-compare",
        ini="biasruler_compare",
        help="an earlier audit.json: a check that got worse since then fails",
        keys={"metavar": "PATH"},
    ),
    Option(
        flag="--biasruler-export",
        ini="biasruler_export",
        help="write what is asked for as KIND=PATH, may be repeated; KIND is badge, "
        "gitlab-metrics, gitlab-codequality, huggingface, csv-scores, csv-findings or csv-plan "
        "(see docs/exports.md)",
        type="linelist",
        default=[],
        keys={"metavar": "KIND=PATH", "action": "append"},
    ),
    Option(
        flag="--biasruler-policy",
        ini="biasruler_policy",
        help="how verdicts become outcomes, for every check (default: as the benchmark file says)",
        keys={"choices": _POLICIES},
    ),
    Option(
        flag="--biasruler-workers",
        ini="biasruler_workers",
        help="processes that score masks, a number or auto",
        default="auto",
        keys={"metavar": "N"},
    ),
    Option(
        flag="--biasruler-scheduler",
        ini="biasruler_scheduler",
        help="score masks on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786, "
        "in place of processes here",
        keys={"metavar": "ADDRESS"},
    ),
    Option(
        flag="--biasruler-no-cache",
        ini="biasruler_no_cache",
        help="keep no scores between runs, use none of earlier runs",
        type="bool",
        default=False,
        keys=_switch(value=True, dest="biasruler_no_cache"),
    ),
    Option(
        flag="--biasruler-show-cases",
        ini="biasruler_show_cases",
        help="print case names as they are",
        type="bool",
        default=False,
        keys=_switch(value=True, dest="biasruler_show_cases"),
    ),
    Option(
        flag="--biasruler-alias",
        ini="biasruler_show_cases",
        help="print case-001 and so on in place of case names (the default)",
        type="bool",
        default=False,
        keys=_switch(value=False, dest="biasruler_show_cases"),
    ),
    Option(
        flag="--biasruler-public",
        ini="biasruler_public",
        help="hide every subgroup of 1 to 10 patients, and all from which its size could be "
        "derived, in every output",
        type="bool",
        default=False,
        keys=_switch(value=True, dest="biasruler_public"),
    ),
    Option(
        flag="--biasruler-untrusted",
        ini="biasruler_untrusted",
        help="predictions come from strangers: score each case in a process of its own, with "
        "limits on memory and time",
        type="bool",
        default=False,
        keys=_switch(value=True, dest="biasruler_untrusted"),
    ),
    Option(
        flag="--biasruler-min-checks",
        ini="biasruler_min_checks",
        help="fail the run if fewer checks than this were run",
        keys={"metavar": "N"},
    ),
    Option(
        flag="--biasruler-selftest",
        ini="biasruler_selftest",
        help="plant biases into the benchmark's own data and report which of them its checks "
        "catch, in N worlds (default: 200); changes no outcome",
        keys={"metavar": "N", "nargs": "?", "const": "200", "action": OptionalNumber},
    ),
)
"""Every option with an ini twin, in the order of ``--help``."""

_LIMIT_HELP = "limit of the safe reader; see docs/errors.md"


def add_options(parser: pytest.Parser) -> None:
    """Declare the options, their ini twins and the settings that only an ini has."""
    group = parser.getgroup("biasruler", "audits of segmentation benchmarks")
    declared: set[str] = set()
    for option in OPTIONS:
        # No default on the command line, or the ini twin could never speak.
        group.addoption(option.flag, default=None, help=option.help, **option.keys)
        if option.ini not in declared:
            declared.add(option.ini)
            parser.addini(option.ini, option.help, type=option.type, default=option.default)
    group.addoption(
        "--biasruler-help",
        action="store_true",
        default=False,
        help="print what a benchmark file may say, and end",
    )
    parser.addini(
        "biasruler_junit_properties",
        "add verdict and numbers to each testcase of JUnit XML",
        type="bool",
        default=True,
    )
    for limit in fields(Limits):
        kind: Literal["string", "bool"] = "bool" if isinstance(limit.default, bool) else "string"
        parser.addini(
            f"biasruler_{limit.name}",
            _LIMIT_HELP,
            type=kind,
            default=limit.default,
        )


def tied_value(flag: str, arguments: Iterable[object]) -> str | None:
    """Return what stands last behind ``FLAG=``, which is never a path for pytest.

    Examples
    --------
    >>> tied_value("--biasruler-selftest", ["--biasruler-selftest=many", "biasruler.toml"])
    'many'
    """
    pairs = (str(argument).partition("=") for argument in arguments)
    tied = [text for name, sign, text in pairs if sign and name == flag]
    return tied[-1] if tied else None


def is_configured(config: pytest.Config) -> bool:
    """Return whether command line or ini say anything to us; a look, without judging any of it."""
    if any(argument.partition("::")[0].endswith(".toml") for argument in config.args):
        return True
    if any(config.getoption(option.dest) is not None for option in OPTIONS):
        return True
    defaults = {option.ini: option.default for option in OPTIONS}
    defaults |= {f"biasruler_{limit.name}": limit.default for limit in fields(Limits)}
    return any(config.getini(ini) != default for ini, default in defaults.items())


def is_listing(config: pytest.Config) -> bool:
    """Return whether this run is to show something in place of running tests."""
    return any(bool(config.getoption(name, default=None)) for name in _LISTINGS)
