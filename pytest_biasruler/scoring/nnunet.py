"""nnU-Net's ``summary.json``, read as a score table; cases are told by file name."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.texttable import (
    TextTable,
    check_table,
    too_many_bytes,
    too_many_rows,
)
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.errors import Limits

_INTEGER = re.compile(r"[0-9]{1,9}")
_LABEL = re.compile(r"[0-9]{1,9}|[\[(][0-9]{1,9}(?:, ?[0-9]{1,9})*,?[\])]")
_HEADER = ("case", "model", "reference", "label", "dice", "iou", "n_model", "n_reference")
_MEASURES = (("Dice",), ("IoU", "Jaccard"), ("n_pred",), ("n_ref",))  # by their names in v2, v1
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

    Raises
    ------
    BiasRulerError
        ``BR403`` a key twice, ``BR408`` no such summary, ``BR410`` larger than allowed, ``BR602``
        several labels in the file and none in the benchmark.
    """
    entries = _entries(_load(path, limits=limits, needed=needed, shown=shown))
    if entries is None:
        raise _no_summary(shown)
    found = (
        (case, model, reference, label, *cells)
        for case, measures in entries
        for label, cells in _by_label(measures, labels=labels, shown=shown)
    )
    rows: list[Sequence[str]] = list(islice(found, limits.max_rows + 1))
    if len(rows) > limits.max_rows:
        raise too_many_rows(limits, needed=needed).at(shown)
    table = TextTable(header=_HEADER, rows=rows, lines=list(range(1, len(rows) + 1)))
    return check_table(table, delimiter=None, shown=shown, limits=limits)


def _load(path: Path, *, limits: Limits, needed: str, shown: str) -> Any:
    try:
        if not path.is_file():  # a pipe would block the run
            fix = "Correct the path"
            raise BiasRulerError("BR408", "no such file", "a summary.json", fix, shown)
        n_bytes = path.stat().st_size
        if n_bytes > limits.max_table_bytes:
            raise too_many_bytes(n_bytes, limits, needed=needed).at(shown)
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text, parse_constant=_constant, object_pairs_hook=_unique)
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise BiasRulerError("BR408", found, "a summary.json", "Correct the path", shown) from None
    except BiasRulerError as error:
        raise error.at(shown) from None
    except (ValueError, RecursionError):
        raise _no_summary(shown) from None


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise BiasRulerError("BR403", "a key twice", "each once", "Export it again")
    return unique


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
    return _case_of(file), measures


def _case_of(file: str) -> str:
    r"""Return the name of a file without folders and suffix.

    Examples
    --------
    >>> _case_of("/out/fold_0/lung_007.nii.gz"), _case_of("C:\\out\\a.b.nrrd")
    ('lung_007', 'a.b')
    """
    name = PurePosixPath(file.replace("\\", "/")).name
    return PurePosixPath(name.removesuffix(".gz")).stem


def _integers(key: str) -> tuple[int, ...]:
    """Return the integers of a label, ``"1"``, or a region, ``"(1, 2)"``; none of anything else.

    Examples
    --------
    >>> _integers("1"), _integers("(1, 2)"), _integers("'1")
    ((1,), (1, 2), ())
    """
    return tuple(map(int, _INTEGER.findall(key))) if _LABEL.fullmatch(key) else ()


def _by_label(
    measures: dict[str, Any], *, labels: Mapping[str, tuple[int, ...]], shown: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    integers = {key: _integers(key) for key in measures}
    foreground = {key: values for key, values in integers.items() if any(values)}
    if not labels and len(foreground) > 1:
        found, fix = f"{shown} has {len(foreground)} labels", "Name them in [labels]"
        raise BiasRulerError("BR602", found, "one, without [labels]", fix, shown)
    names = {frozenset(values): name for name, values in labels.items()}
    for key, values in foreground.items():
        label = names.get(frozenset(values)) if labels else ""
        if label is not None and isinstance(measures[key], dict):
            yield label, tuple(_cell(measures[key], aliases) for aliases in _MEASURES)


def _cell(measures: dict[str, Any], aliases: tuple[str, ...]) -> str:
    value = next((measures[name] for name in aliases if name in measures), None)
    if isinstance(value, dict | list):  # which may nest too deeply to be written out
        return "a list"
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _no_summary(shown: str) -> BiasRulerError:
    expected = "a summary.json of nnU-Net with metric_per_case or results.all"
    return BiasRulerError("BR408", "is no summary of nnU-Net", expected, "Correct format", shown)
