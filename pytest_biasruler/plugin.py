"""The pytest11 entry: options, hooks and fixtures are declared here and made in shell/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.shell.auditor import Auditor
    from pytest_biasruler.shell.fixtures import MaskShelf


def pytest_addoption(parser: pytest.Parser) -> None:
    from pytest_biasruler.shell.options import add_options

    add_options(parser)


def pytest_load_initial_conftests(args: list[str]) -> None:
    # The hook in which pytest lets plugins change the command line, before it is read for good.
    from pytest_biasruler.shell.option import tie_numbers
    from pytest_biasruler.shell.options import OPTIONS

    tie_numbers(args, OPTIONS)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_biasruler import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if not config.getoption("biasruler_help"):
        return None
    from pytest_biasruler.shell.manual import print_manual

    return print_manual()


def pytest_configure(config: pytest.Config) -> None:
    # What only an audit needs are further hooks, on objects that are registered here.
    from pytest_biasruler.shell.run import begin_run

    begin_run(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    from pytest_biasruler.shell.run import header_lines

    return header_lines(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    # pytest asks about every file beside a test: a pyproject.toml must not cost an import. It is a
    # benchmark file only if somebody names it on the command line.
    is_ours = file_path.name == "biasruler.toml" or file_path.name.endswith(".biasruler.toml")
    if not is_ours and not (file_path.suffix == ".toml" and parent.session.isinitpath(file_path)):
        return None
    from pytest_biasruler.shell.items import BenchmarkFile
    from pytest_biasruler.shell.outputs import name_file

    nodeid = name_file(file_path, parent.config)
    return BenchmarkFile.from_parent(parent, path=file_path, nodeid=nodeid)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    if not any(type(side).__module__.startswith("pytest_biasruler.") for side in (left, right)):
        return None
    from pytest_biasruler.report.messages import explain_comparison

    return explain_comparison(op, left, right)


@pytest.fixture
def biasruler(
    request: pytest.FixtureRequest, biasruler_benchmark: Benchmark, biasruler_scores: pd.DataFrame
) -> Auditor:
    """Audit the benchmark on behalf of this test: biasruler.assert_gap("dice", by="age")."""
    from pytest_biasruler.shell.fixtures import make_auditor

    return make_auditor(request.node, biasruler_benchmark, biasruler_scores)


@pytest.fixture(scope="session")
def biasruler_benchmark(pytestconfig: pytest.Config) -> Benchmark:
    """Give the benchmark that --biasruler names; override it to build one in code."""
    from pytest_biasruler.shell.fixtures import named_benchmark

    return named_benchmark(pytestconfig)


@pytest.fixture(scope="session")
def biasruler_subgroups(biasruler_benchmark: Benchmark) -> pd.DataFrame:
    """Give a table with one row per case: patient, and subgroup by each attribute."""
    from pytest_biasruler.shell.fixtures import subgroups_of

    return subgroups_of(biasruler_benchmark)


@pytest.fixture(scope="session")
def biasruler_masks(pytestconfig: pytest.Config, biasruler_benchmark: Benchmark) -> MaskShelf:
    """Give masks by set and case, read on use: biasruler_masks["expert", case].voxels."""
    from pytest_biasruler.shell.fixtures import MaskShelf

    return MaskShelf(biasruler_benchmark, pytestconfig)


@pytest.fixture(scope="session")
def biasruler_scores(pytestconfig: pytest.Config, biasruler_benchmark: Benchmark) -> pd.DataFrame:
    """Give the score table; override it to audit a ready one."""
    from pytest_biasruler.shell.fixtures import score_table

    return score_table(pytestconfig, biasruler_benchmark)
