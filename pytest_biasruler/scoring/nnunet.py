"""nnU-Net's ``summary.json``, read as a score table; cases are told by file name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.jsonkeys import each_once
from pytest_biasruler.benchmark.rules import shown as quoted
from pytest_biasruler.benchmark.texttable import (
    TextTable,
    check_table,
    too_many_bytes,
    too_many_rows,
)
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.monai import case_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.errors import Limits

    Entries = Sequence[tuple[str, Mapping[str, Any]]]

_INTEGER = re.compile(r"[0-9]{1,9}")
_LABEL = re.compile(r"[0-9]{1,9}|[\[(][0-9]{1,9}(?:, ?[0-9]{1,9})*,?[\])]")
_ALWAYS = ("dice", "iou", "n_model", "n_reference")
_MEASURES = {  # of ours, and of version 2 and version 1 of theirs
    "dice": ("Dice",),
    "iou": ("IoU", "Jaccard"),
    "n_model": ("n_pred", "Total Positives Test"),
    "n_reference": ("n_ref", "Total Positives Reference"),
    "n_both": ("TP",),
    "precision": ("Precision",),
    "recall": ("Recall",),
}
_FILES = ("prediction_file", "test")


def read_summary(
    path: Path,
    *,
    model: str,
    reference: str,
    labels: Mapping[str, tuple[int, ...]],
    shown: str,
    limits: Limits,
    needed: str = "",
    label: str | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> TextTable:
    """Return the scores of one ``summary.json`` of nnU-Net (either version) as text.

    Parameters
    ----------
    path : Path
        The file; it holds the scores of one model against one reference.
    labels : mapping
        Label -> its integers. A label or region of nnU-Net with the same integers takes its name;
        what the benchmark does not name is left out. Empty: there must be one foreground label.
    shown : str
        How messages name the file.
    needed : str
        What `limits` are ample for, where no ini key raises them; see `too_many_rows`.
    label : str, optional
        The name of the one foreground label of the file, whatever its integer.
    columns : mapping
        Label, region or measure of theirs -> label or metric of ours.

    Raises
    ------
    BiasRulerError
        ``BR403`` a key, or a measure of ours, twice, ``BR408`` no such summary, ``BR410`` larger
        than allowed, ``BR602`` several labels in the file and none in the benchmark, or a name in
        `columns` that the file does not have.
    """
    entries = _entries(_load(path, limits=limits, needed=needed, shown=shown))
    if entries is None:
        raise _no_summary(shown)
    named = {key: ours for key, ours in columns.items() if ours in labels}
    renamed = {key: ours for key, ours in columns.items() if key not in named}
    measures = _measures(entries, renamed)
    _refuse_absent(columns, entries, shown=shown)
    _refuse_twice(renamed, _names_of(entries), shown=shown)
    naming = _Labels(labels=labels, named=named, only=label, shown=shown)
    found = (
        (case, model, reference, name, *(_cell(told, names) for names in measures.values()))
        for case, by_label in entries
        for name, told in naming.of(by_label)
    )
    rows: list[Sequence[str]] = list(islice(found, limits.max_rows + 1))
    if len(rows) > limits.max_rows:
        raise too_many_rows(limits, needed=needed).at(shown)
    header = ("case", "model", "reference", "label", *measures)
    table = TextTable(header=header, rows=rows, lines=list(range(1, len(rows) + 1)))
    return check_table(table, delimiter=None, shown=shown, limits=limits)


def _measures(entries: Entries, columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return metric or fact of ours -> its names in the file, of those that are there."""
    theirs = _names_of(entries)
    measures: dict[str, tuple[str, ...]] = {
        ours: tuple(name for name in names if name not in columns)
        for ours, names in _MEASURES.items()
        if ours in _ALWAYS or theirs.intersection(names) - columns.keys()
    }
    return measures | {ours: (name,) for name, ours in columns.items()}


def _names_of(entries: Entries) -> set[str]:
    """Return the names of the measures that a file has."""
    return {
        name
        for _, by_label in entries
        for told in by_label.values()
        if isinstance(told, dict)
        for name in told
    }


def _refuse_twice(columns: Mapping[str, str], theirs: set[str], *, shown: str) -> None:
    """Refuse two measures of theirs that are one of ours, of which one would be lost."""
    for ours in columns.values():
        same = [name for name in _MEASURES.get(ours, ()) if name in theirs and name not in columns]
        same += [name for name, each in columns.items() if each == ours]
        if len(same) > 1:
            found = f"measures {quoted(same[0])} and {quoted(same[1])} both are {ours}"
            fix = "Name one of them otherwise in columns"
            raise BiasRulerError("BR403", found, "one measure of each", fix, shown)


def _refuse_absent(columns: Mapping[str, str], entries: Entries, *, shown: str) -> None:
    known = {key for _, by_label in entries for key in by_label}
    known |= _names_of(entries)
    absent = [name for name in columns if name not in known]
    if absent:
        found = f"columns names {quoted(absent[0])}, which {shown} does not have"
        fix = "Correct or remove it"
        raise BiasRulerError("BR602", found, "a label or measure of theirs", fix, shown)


def _load(path: Path, *, limits: Limits, needed: str, shown: str) -> Any:
    try:
        if not path.is_file():  # a pipe would block the run
            fix = "Correct the path"
            raise BiasRulerError("BR408", "no such file", "a summary.json", fix, shown)
        n_bytes = path.stat().st_size
        if n_bytes > limits.max_table_bytes:
            raise too_many_bytes(n_bytes, limits, needed=needed).at(shown)
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text, parse_constant=_constant, object_pairs_hook=each_once)
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise BiasRulerError("BR408", found, "a summary.json", "Correct the path", shown) from None
    except BiasRulerError as error:
        raise error.at(shown) from None
    except (ValueError, RecursionError):
        raise _no_summary(shown) from None


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name)


def _entries(summary: Any) -> list[tuple[str, dict[str, Any]]] | None:
    """Return case and measures by label of each case; None if this is no summary."""
    if not isinstance(summary, dict):
        return None
    listed = summary.get("metric_per_case")
    if listed is None and isinstance(summary.get("results"), dict):  # version 1
        listed = summary["results"].get("all")
    if not isinstance(listed, list):
        return None
    entries = [_entry(each) for each in listed]
    return None if None in entries else [entry for entry in entries if entry is not None]


def _entry(each: Any) -> tuple[str, dict[str, Any]] | None:
    if not isinstance(each, dict):
        return None
    file = next((each[name] for name in _FILES if isinstance(each.get(name), str)), None)
    measures = each.get("metrics", {k: v for k, v in each.items() if isinstance(v, dict)})
    if file is None or not isinstance(measures, dict):
        return None
    return case_of_file(file), measures


def _integers(key: str) -> tuple[int, ...]:
    """Return the integers of a label, ``"1"``, or a region, ``"(1, 2)"``; none of anything else.

    Examples
    --------
    >>> _integers("1"), _integers("(1, 2)"), _integers("'1")
    ((1,), (1, 2), ())
    """
    return tuple(map(int, _INTEGER.findall(key))) if _LABEL.fullmatch(key) else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Labels:
    """What the labels and regions of a file are called."""

    labels: Mapping[str, tuple[int, ...]]
    named: Mapping[str, str]
    only: str | None
    shown: str

    def of(self, by_label: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield label and measures of one case, of all but the background."""
        integers = {key: _integers(key) for key in by_label}
        foreground = {key: each for key, each in integers.items() if each and 0 not in each}
        if len(foreground) > 1 and (self.only is not None or not self.labels):
            self._refuse_several(len(foreground))
        names = {frozenset(values): name for name, values in self.labels.items()}
        for key, values in foreground.items():
            name = self.named.get(key, names.get(frozenset(values)) if self.labels else "")
            name = name if self.only is None else self.only
            if name is not None and isinstance(by_label[key], dict):
                yield name, by_label[key]

    def _refuse_several(self, n: int) -> None:
        found, fix = f"{self.shown} has {n} labels", "Name them in [labels]"
        expected = "one, without [labels]"
        if self.only is not None:
            expected, fix = "one, with label", "Remove label: [labels] tells them by integers"
        raise BiasRulerError("BR602", found, expected, fix, self.shown)


def _cell(measures: dict[str, Any], aliases: tuple[str, ...]) -> str:
    value = next((measures[name] for name in aliases if name in measures), None)
    if isinstance(value, dict | list):  # which may nest too deeply to be written out
        return "a list"
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _no_summary(shown: str) -> BiasRulerError:
    expected = "a summary.json of nnU-Net with metric_per_case or results.all"
    return BiasRulerError("BR408", "is no summary of nnU-Net", expected, "Correct format", shown)
