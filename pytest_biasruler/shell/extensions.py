"""What other plugins add: metrics before scoring, plain data after judging."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.payload import to_text

if TYPE_CHECKING:
    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.benchmark.metrics import Metric


def plugin_metrics(config: pytest.Config) -> tuple[Metric, ...]:
    """Return the metrics that conftests and plugins add, in the order of their names."""
    lists = config.hook.pytest_biasruler_metrics()
    return tuple(sorted((m for metrics in lists for m in metrics), key=lambda m: m.name))


def gather_extensions(config: pytest.Config, audit: Audit) -> tuple[Audit, list[BiasRulerError]]:
    """Return the audit with what plugins add to ``extensions``, and what they may not add."""
    extensions: dict[str, object] = {}
    givers: dict[str, str] = {}
    problems = []
    for hook in config.hook.pytest_biasruler_json.get_hookimpls():
        given: Any = hook.function(*(audit for _ in hook.argnames))
        for key, value in sorted((given or {}).items()):
            problem = _refuse(key, value, giver=hook.plugin_name, earlier=givers.get(key))
            if problem is not None:
                problems.append(problem)
                continue
            extensions[key], givers[key] = value, hook.plugin_name
    return replace(audit, extensions=extensions) if extensions else audit, problems


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
