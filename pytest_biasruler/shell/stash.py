"""Where the shell keeps what belongs to a run or to a test; there are no module globals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.errors import BiasRulerError
    from pytest_biasruler.shell.earlier import Earlier
    from pytest_biasruler.shell.guard import Census
    from pytest_biasruler.shell.prepared import Preparations
    from pytest_biasruler.shell.settings import Settings

PROPERTY = "_biasruler_payload"
"""Name of what rides on reports, and of what controller and workers tell each other.

Nobody else's ``record_property`` has it.
"""

ASKS = "biasruler_asks"
"""Attribute of the reports of a test that asks something of ours."""

MARKER = "biasruler"

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
BENCHMARKS: pytest.StashKey[dict[Path, Benchmark]] = pytest.StashKey()
PREPARATIONS: pytest.StashKey[Preparations] = pytest.StashKey()
CENSUS: pytest.StashKey[Census] = pytest.StashKey()
EARLIER: pytest.StashKey[dict[Path, Earlier | BiasRulerError]] = pytest.StashKey()

AUDIT: pytest.StashKey[str] = pytest.StashKey()
"""Of an item: digest of the benchmark that it asks, once it is known."""

NAMES: pytest.StashKey[frozenset[str]] = pytest.StashKey()
"""Of an item: cases and patients of that benchmark, which no output may name."""

WRONG_MARKERS: pytest.StashKey[list[BiasRulerError]] = pytest.StashKey()
"""Of an item on a worker of xdist: why it must not run."""

FINDINGS: pytest.StashKey[list[Finding]] = pytest.StashKey()
"""Of an item: what its checks found, in call order."""

PENDING: pytest.StashKey[list[tuple[str, str]]] = pytest.StashKey()
"""Of an item: outcome and reason of findings that skip the test once its body has returned."""


def is_payload(entry: object) -> bool:
    """Return whether an entry of ``user_properties`` is ours; others append what they like."""
    if not isinstance(entry, tuple | list) or len(entry) != 2:
        return False
    name, text = entry
    return isinstance(name, str) and name == PROPERTY and isinstance(text, str)
