"""The command line options and their ini twins, as data."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from pytest_biasruler.errors import Limits
from pytest_biasruler.shell.option import IniKey, Option, OptionalNumber, switch

if TYPE_CHECKING:
    import pytest

_LISTINGS = (
    *("collectonly", "setupplan", "setuponly", "cacheshow"),
    *("showfixtures", "show_fixtures_per_test"),
)
_POLICIES = ("point", "confident-fail", "prove-safe")


OPTIONS: tuple[Option, ...] = (
    Option(
        flag="--biasruler",
        ini="biasruler_file",
        help="the benchmark file of the fixtures; it collects nothing: to run a file's checks, "
        "name it as an argument",
        keys={"metavar": "FILE", "dest": "biasruler_file"},
    ),
    Option(
        flag="--biasruler-html",
        ini="biasruler_html",
        help="write the report here, as one HTML page",
        keys={"metavar": "PATH"},
        page="report.md",
    ),
    Option(
        flag="--biasruler-json",
        ini="biasruler_json",
        help="write audit.json here",
        keys={"metavar": "PATH"},
        page="audit-json.md",
    ),
    Option(
        flag="--biasruler-markdown",
        ini="biasruler_markdown",
        help="write a summary in Markdown here; GitHub's job page gets it unasked",
        keys={"metavar": "PATH"},
        page="ci.md#the-summary",
    ),
    Option(
        flag="--biasruler-compare",
        ini="biasruler_compare",
        help="an earlier audit.json: a check that got worse since then fails; it is read, never "
        "written",
        keys={"metavar": "PATH"},
        page="gates.md#the-ratchet",
    ),
    Option(
        flag="--biasruler-export",
        ini="biasruler_export",
        help="write what is asked for as KIND=PATH, may be repeated; KIND is badge, "
        "gitlab-metrics, gitlab-codequality, huggingface, csv-scores, csv-findings or csv-plan",
        type="linelist",
        default=[],
        keys={"metavar": "KIND=PATH", "action": "append"},
        page="exports.md",
    ),
    Option(
        flag="--biasruler-policy",
        ini="biasruler_policy",
        help="how verdicts become outcomes, for every check (default: as the benchmark file says)",
        keys={"choices": _POLICIES},
        page="#outcomes",
    ),
    Option(
        flag="--biasruler-workers",
        ini="biasruler_workers",
        help="processes that score masks, a number, or auto for one on each core; few and small "
        "cases are scored without another process, with the same results",
        default="auto",
        keys={"metavar": "N"},
        page="performance.md",
    ),
    Option(
        flag="--biasruler-scheduler",
        ini="biasruler_scheduler",
        help="score masks on the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786, "
        "in place of processes here; needs pytest-biasruler[dask], a cluster that answers within "
        "10 s and runs the same code, and predictions that are trusted",
        keys={"metavar": "ADDRESS"},
        page="cluster.md",
    ),
    Option(
        flag="--biasruler-no-cache",
        ini="biasruler_no_cache",
        help="keep no scores between runs, use none of earlier runs",
        type="bool",
        default=False,
        keys=switch(value=True, dest="biasruler_no_cache"),
    ),
    Option(
        flag="--biasruler-show-cases",
        ini="biasruler_show_cases",
        help="print case names as they are",
        type="bool",
        default=False,
        keys=switch(value=True, dest="biasruler_show_cases"),
    ),
    Option(
        flag="--biasruler-alias",
        ini="biasruler_show_cases",
        help="print case-001 and so on in place of case names (the default), whatever an ini file "
        "says",
        type="bool",
        default=False,
        keys=switch(value=False, dest="biasruler_show_cases"),
    ),
    Option(
        flag="--biasruler-public",
        ini="biasruler_public",
        help="hide every subgroup of 1 to 10 patients, and all from which its size could be "
        "derived, in every output; not beside --biasruler-show-cases or an export of cases",
        type="bool",
        default=False,
        keys=switch(value=True, dest="biasruler_public"),
        page="sharing.md",
    ),
    Option(
        flag="--biasruler-untrusted",
        ini="biasruler_untrusted",
        help="predictions come from strangers: score each case in a process of its own, with "
        "limits on memory and time; what says so once, here or in the benchmark file, is not "
        "unsaid elsewhere",
        type="bool",
        default=False,
        keys=switch(value=True, dest="biasruler_untrusted"),
        page="untrusted.md",
    ),
    Option(
        flag="--biasruler-min-checks",
        ini="biasruler_min_checks",
        help="fail the run if fewer checks than this were run",
        keys={"metavar": "N"},
        page="gates.md#how-to-be-sure-that-the-gate-ran",
    ),
    Option(
        flag="--biasruler-selftest",
        ini="biasruler_selftest",
        help="plant biases into the benchmark's own data and report which of them its checks "
        "catch, in N worlds (default: 200); changes no outcome",
        keys={"metavar": "N", "nargs": "?", "const": "200", "action": OptionalNumber},
        page="method.md#self-test",
    ),
)
"""Every option with an ini twin, in the order of ``--help``."""

_LIMITS = {
    "max_voxels": "voxels of one mask (BR110)",
    "max_extension_bytes": "bytes between header and voxels (BR204)",
    "max_labels": "different labels in one mask (BR303)",
    "grid_tolerance": "how far grids may lie apart, in smallest voxel sizes (BR221)",
    "allow_symlinks": "follow links that end inside the data root (BR402)",
    "max_rows": "rows of the metadata; 50 times as many for score tables, of strangers fewer "
    "(BR410)",
    "max_cell_chars": "characters of one cell (BR410)",
    "max_categories": "categories of one attribute (BR410)",
    "max_table_bytes": "bytes of the metadata; 50 times as many for score tables, of strangers "
    "fewer (BR410)",
    "case_timeout_s": "seconds for one case of an untrusted model (BR802)",
    "case_memory_mb": "MiB for one case of an untrusted model, at least 512 (BR803)",
}

LIMIT_KEYS: tuple[IniKey, ...] = tuple(
    IniKey(name=f"biasruler_{limit.name}", help=_LIMITS[limit.name], default=limit.default)
    for limit in fields(Limits)
)
"""How large what is read may be."""

INI_KEYS: tuple[IniKey, ...] = (
    IniKey(
        name="biasruler_junit_properties",
        help="add verdict, value, low, high, limit, n_patients and hash to each testcase of JUnit "
        "XML, as biasruler.verdict and so on",
        default=True,
    ),
    *LIMIT_KEYS,
)
"""What only an ini file can set."""


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
    for key in INI_KEYS:
        parser.addini(key.name, key.help, type=key.type, default=key.default)


def is_configured(config: pytest.Config) -> bool:
    """Return whether command line or ini say anything to us; a look, without judging any of it."""
    if any(argument.partition("::")[0].endswith(".toml") for argument in config.args):
        return True
    if any(config.getoption(option.dest) is not None for option in OPTIONS):
        return True
    defaults = {option.ini: option.default for option in OPTIONS}
    defaults |= {key.name: key.default for key in LIMIT_KEYS}
    return any(config.getini(ini) != default for ini, default in defaults.items())


def is_listing(config: pytest.Config) -> bool:
    """Return whether this run is to show something in place of running tests."""
    return any(bool(config.getoption(name, default=None)) for name in _LISTINGS)
