"""Entries of ``[[checks]]`` as they were written, before anything is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.lengths import refuse_many
from pytest_biasruler.benchmark.problems import title_of
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.benchmark.rules import one_of, refusal, shown

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.lines import Lines
    from pytest_biasruler.benchmark.problems import KeyPath, Problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One entry of ``[[checks]]``, in a file or in code.

    Attributes
    ----------
    check : str
        Name of the check.
    keys : mapping
        All other keys.
    path : tuple
        Where its keys stand.
    title : str
        What messages call it.
    line : int or None
        Line of its header.
    """

    check: str
    keys: Mapping[str, Any]
    path: KeyPath
    title: str
    line: int | None = None


def asked_of(benchmark: Benchmark) -> tuple[Asked, ...]:
    """Return the entries of a benchmark."""
    return tuple(
        Asked(
            check=check.check,
            keys=check.keys,
            path=("checks", number),
            title=title_of(("checks", number)),
            line=check.line,
        )
        for number, check in enumerate(benchmark.checks)
    )


def asked_in(raw: object, *, lines: Lines, problems: Problems) -> tuple[Asked, ...]:
    """Return the entries of a file whose check is known; ``check`` may be a list as any key may.

    The line is 1 where the headers cannot be told apart, as in ``checks = [{...}]``.
    """
    if not isinstance(raw, list):
        error = refusal(f"checks is {shown(raw)}", "entries", fix="Write [[checks]]")
        problems.add(("checks",), error)
        return ()
    has_lines = lines.n_headers["checks"] == len(raw)
    asked: list[Asked] = []
    for number, table in enumerate(raw):
        if problems.is_full:
            break
        path = ("checks", number)
        line = lines.of(path) if has_lines else None
        with problems.at(*path, "check"):
            for check in _names(table, title=title_of(path)):
                keys = {key: value for key, value in table.items() if key != "check"}
                asked.append(
                    Asked(check=check, keys=keys, path=path, title=title_of(path), line=line or 1)
                )
    return tuple(asked)


def _names(table: object, *, title: str) -> list[str]:
    if not isinstance(table, Mapping):
        raise refusal(f"{title} is {shown(table)}", "a table", fix="Write [[checks]]")
    if "check" not in table:
        names = ", ".join(QUESTIONS)
        raise refusal(f"check is missing in {title}", f"one of {names}", fix="Add check")
    value = table["check"]
    rule = one_of(QUESTIONS, what="check")
    entries = value if isinstance(value, list) else [value]
    refuse_many("check", entries)
    return [rule("check", entry) for entry in entries]
