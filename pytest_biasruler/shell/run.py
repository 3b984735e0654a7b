"""The beginning of a run: settings read, state laid out, hooks registered, header printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.collector import Collector
from pytest_biasruler.shell.guard import Census
from pytest_biasruler.shell.items import load_benchmark
from pytest_biasruler.shell.markers import MARKER_HELP
from pytest_biasruler.shell.outputs import show_path
from pytest_biasruler.shell.phases import Phases
from pytest_biasruler.shell.preflight import named_files
from pytest_biasruler.shell.prepared import Preparations
from pytest_biasruler.shell.settings import read_settings
from pytest_biasruler.shell.stash import BENCHMARKS, CENSUS, PREPARATIONS, SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def begin_run(config: pytest.Config) -> None:
    """Lay out what a run needs; in a run that audits nothing, nothing more will happen."""
    config.addinivalue_line("markers", MARKER_HELP)
    settings = config.stash[SETTINGS] = read_settings(config)
    config.stash[BENCHMARKS] = {}
    config.stash[CENSUS] = Census()
    config.stash[PREPARATIONS] = Preparations(config, settings)
    config.pluginmanager.register(Phases(config), "biasruler-phases")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), "biasruler-collector")


def header_lines(config: pytest.Config) -> list[str]:
    """Return a line for each benchmark that this run names, and what may leak names."""
    lines = [_header_line(config, path) for path in named_files(config)]
    if config.stash[SETTINGS].show_cases:
        lines.append("biasruler: outputs contain case names (--biasruler-show-cases)")
    return lines


def _header_line(config: pytest.Config, path: Path) -> str:
    from pytest_biasruler.benchmark.declared import declare_checks

    settings = config.stash[SETTINGS]
    shown = show_path(path, root=settings.root)
    try:
        benchmark = load_benchmark(config, path)
    except BiasRulerError as error:
        return f"biasruler: {shown} cannot be read ({error.code})"
    declared = str(benchmark.defaults.policy or "confident-fail")
    policy = settings.policy_of(marker=None, declared=declared)
    n_checks = len(declare_checks(benchmark))
    noun = "check" if n_checks == 1 else "checks"
    return f"biasruler: {benchmark.name} ({shown}, {n_checks} {noun}), policy {policy}"
