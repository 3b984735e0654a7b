"""What other plugins add: metrics and mask readers before scoring, words and data after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError, stops_run
from pytest_biasruler.shell.payload import to_text
from pytest_biasruler.shell.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pluggy
    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.report.section import Section


def plugin_metrics(config: pytest.Config) -> tuple[Metric, ...]:
    """Return the metrics that conftests and plugins add, in the order of their names.

    Raises
    ------
    BiasRulerError
        ``BR602`` if a hook fails.
    """
    lists = [metrics for _, metrics in _ask(config.hook.pytest_biasruler_metrics)]
    return tuple(sorted((m for metrics in lists for m in metrics), key=lambda m: m.name))


def plugin_readers(config: pytest.Config) -> dict[str, Callable[[Path], Mask]]:
    """Return the mask readers that conftests and plugins add, by suffix.

    Raises
    ------
    BiasRulerError
        ``BR602`` if two give one suffix, or one replaces a built-in reader. For the suffixes of
        extras, ``.png`` and ``.dcm``, one may be given: it takes the place of ours.
    """
    from pytest_biasruler.masks.reader import SUFFIXES

    readers: dict[str, Callable[[Path], Mask]] = {}
    givers = dict.fromkeys(SUFFIXES, "pytest-biasruler")
    for giver, given in _ask(config.hook.pytest_biasruler_mask_readers):
        for suffix, reader in given.items():
            if suffix in givers:
                found = f'masks ending in "{suffix}" are read by {givers[suffix]} and by {giver}'
                raise BiasRulerError("BR602", found, "one reader for each suffix", "Remove one")
            readers[suffix], givers[suffix] = reader, giver
    return readers


def gather_sections(config: pytest.Config, audit: Audit) -> tuple[Section, ...]:
    """Return the sections that plugins add to the report, in the order of registration.

    What plugins know is not held to the rules of a public run, so there they are not asked.
    """
    if settings_of(config).public:
        return ()
    given = _ask(config.hook.pytest_biasruler_report_sections, audit)
    return tuple(section for _, sections in given for section in sections)


def gather_extensions(config: pytest.Config, audit: Audit) -> tuple[Audit, list[BiasRulerError]]:
    """Return the audit with what plugins add to ``extensions``, and what they may not add."""
    if settings_of(config).public:
        return audit, []
    extensions: dict[str, object] = {}
    givers: dict[str, str] = {}
    problems = []
    for implementation in _implementations(config.hook.pytest_biasruler_json):
        giver = str(implementation.plugin_name)
        try:
            given = _mapping(_answer(implementation, audit), giver)
        except BiasRulerError as error:
            problems.append(error)
            continue
        for key, value in sorted(given.items(), key=lambda pair: str(pair[0])):
            problem = _refuse(key, value, giver=giver, earlier=givers.get(key))
            if problem is not None:
                problems.append(problem)
                continue
            extensions[key], givers[key] = value, giver
    return replace(audit, extensions=extensions) if extensions else audit, problems


def _ask(hook: pluggy.HookCaller, *arguments: object) -> Iterator[tuple[str, Any]]:
    """Yield name and answer of each plugin; a call of the hook would not tell them apart."""
    for implementation in _implementations(hook):
        answer = _answer(implementation, *arguments)
        if answer:
            yield implementation.plugin_name, answer


def _implementations(hook: pluggy.HookCaller) -> list[pluggy.HookImpl]:
    return [each for each in hook.get_hookimpls() if not (each.wrapper or each.hookwrapper)]


def _answer(implementation: pluggy.HookImpl, *arguments: object) -> Any:
    try:
        return implementation.function(*arguments[: len(implementation.argnames)])
    except BiasRulerError:
        raise
    except BaseException as error:  # a bug of a plugin must not hide what was found
        if stops_run(error):
            raise
        found = f"a hook of {implementation.plugin_name} raised {type(error).__name__}"
        problem = BiasRulerError(
            "BR602", found, "an answer", "Mend or remove that plugin", "audit"
        )
        raise problem from error


def _mapping(answer: object, giver: str) -> dict[str, object]:
    if answer is None or isinstance(answer, dict):
        return answer or {}
    found = f"{giver} extends the audit by a {type(answer).__name__}"
    raise BiasRulerError("BR602", found, "a dict", "Return one", "audit")


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
