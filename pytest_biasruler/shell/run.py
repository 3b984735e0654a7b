"""The beginning of a run. In one that audits nothing, little more than this is ever imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.shell.collector import Collector
from pytest_biasruler.shell.guard import Census
from pytest_biasruler.shell.options import is_configured
from pytest_biasruler.shell.phases import Phases
from pytest_biasruler.shell.stash import CENSUS

if TYPE_CHECKING:
    import pytest

MARKER_HELP = (
    "biasruler(policy=None, waive=None): audits a benchmark; as a decorator it sets policy or "
    "waiver (reason, until) for one test"
)


def begin_run(config: pytest.Config) -> None:
    """Refuse wrong options, and register the hooks of the places where tests run and end."""
    config.addinivalue_line("markers", MARKER_HELP)
    config.stash[CENSUS] = Census()
    if is_configured(config):
        from pytest_biasruler.shell.settings import settings_of

        settings_of(config)
    config.pluginmanager.register(Phases(config), "biasruler-phases")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), "biasruler-collector")


def header_lines(config: pytest.Config) -> list[str]:
    """Return a line for each benchmark that this run names, and what may leak names."""
    if not is_configured(config):
        return []
    from pytest_biasruler.shell.preflight import describe_benchmarks

    return describe_benchmarks(config)
