"""What other plugins add: metrics and mask readers before scoring, words and data after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.payload import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pluggy
    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.report.section import Section

BUILT_IN_SUFFIXES = (".nii", ".gz")


def plugin_metrics(config: pytest.Config) -> tuple[Metric, ...]:
    """Return the metrics that conftests and plugins add, in the order of their names."""
    lists = config.hook.pytest_biasruler_metrics()
    return tuple(sorted((m for metrics in lists for m in metrics), key=lambda m: m.name))


def plugin_readers(config: pytest.Config) -> dict[str, Callable[[Path], Mask]]:
    """Return the mask readers that conftests and plugins add, by suffix.

    Raises
    ------
    BiasRulerError
        ``BR602`` if two give one suffix, or one replaces a built-in reader.
    """
    readers: dict[str, Callable[[Path], Mask]] = {}
    givers = dict.fromkeys(BUILT_IN_SUFFIXES, "pytest-biasruler")
    for giver, given in _ask(config.hook.pytest_biasruler_mask_readers):
        for suffix, reader in given.items():
            if suffix in givers:
                found = f'masks ending in "{suffix}" are read by {givers[suffix]} and by {giver}'
                raise BiasRulerError("BR602", found, "one reader for each suffix", "Remove one")
            readers[suffix], givers[suffix] = reader, giver
    return readers


def gather_sections(config: pytest.Config, audit: Audit) -> tuple[Section, ...]:
    """Return the sections that plugins add to the report, in the order of registration."""
    given = _ask(config.hook.pytest_biasruler_report_sections, audit)
    return tuple(section for _, sections in given for section in sections)


def gather_extensions(config: pytest.Config, audit: Audit) -> tuple[Audit, list[BiasRulerError]]:
    """Return the audit with what plugins add to ``extensions``, and what they may not add."""
    extensions: dict[str, object] = {}
    givers: dict[str, str] = {}
    problems = []
    for giver, given in _ask(config.hook.pytest_biasruler_json, audit):
        for key, value in sorted(given.items()):
            problem = _refuse(key, value, giver=giver, earlier=givers.get(key))
            if problem is not None:
                problems.append(problem)
                continue
            extensions[key], givers[key] = value, giver
    return replace(audit, extensions=extensions) if extensions else audit, problems


def _ask(hook: pluggy.HookCaller, *arguments: object) -> Iterator[tuple[str, Any]]:
    """Yield name and answer of each plugin; a call of the hook would not tell them apart."""
    for implementation in hook.get_hookimpls():
        answer: Any = implementation.function(*arguments[: len(implementation.argnames)])
        if answer:
            yield implementation.plugin_name, answer


def _refuse(key: str, value: object, *, giver: str, earlier: str | None) -> BiasRulerError | None:
    if earlier is not None:
        found = f'extension "{key}" is given by {earlier} and by {giver}'
        return BiasRulerError("BR602", found, "one plugin for each key", "Rename one", "audit")
    try:
        to_text(value)
    except (TypeError, ValueError):
        found = f'extension "{key}" of {giver} is no plain data'
        expected = "dict, list, str, int, float, bool or None"
        return BiasRulerError("BR602", found, expected, "Convert it", "audit")
    return None
