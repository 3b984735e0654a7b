"""Notes, errors and losses in public: what happened, never how often or to whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_biasruler.audit.disclosure import Disclosure

_LARGE_LOSS = 0.05
_LEAST_VALUES = 4

_LINES = re.compile(r" \((?:\S+, )?lines? [^()]*\)")
"""Places in a table of people, as errors of data end."""

_TOLD_IN_FULL = ("BR602", "BR603", "BR604", "BR701", "BR702", "BR703", "BR899")
"""Codes whose errors are about the configuration, an output or our own code, never about data."""

_NOTES = {
    "BR106": "bytes after the end of a compressed file were ignored",
    "BR120": "several patients have the same mask",
    "BR121": "predictions are the reference itself",
    "BR125": "two references are the same in every case",
    "BR203": "headers give two sizes of a voxel",
    "BR206": "axes of length 1 were dropped",
    "BR208": "scaled labels were rounded",
    "BR209": "voxel sizes are not usable and were not needed",
    "BR210": "voxel sizes of a header differ; those of its affine were used",
    "BR213": "no orientation is stored",
    "BR214": "two orientations are stored",
    "BR222": "masks were reoriented without loss",
    "BR230": "malformed header extensions were ignored",
    "BR231": "headers hold text, which was not copied",
    "BR304": "masks are empty",
    "BR305": "the foreground fills more than half of a volume",
    "BR306": "several labels were read as one",
    "BR307": "a label is empty in many references and present in predictions",
    "BR308": "voxels were left out that a reference says to ignore",
    "BR404": "cases and files do not match",
    "BR405": "categories are spelled alike, or cells were tidied",
    "BR406": "values with a plus were read without it",
    "BR412": "one value looks like a filler",
    "BR414": "an attribute is cut at quantiles of its values",
    "BR415": "metadata are of a spreadsheet or a Parquet file",
    "BR423": "scores are undefined",
    "BR501": "fewer than two subgroups can be judged",
    "BR502": "cases of a judged subgroup have no score, so a PASS is withheld",
}


def size_class(n: int, n_all: int) -> str:
    """Return how many of all were lost, so that no number of fewer than 4 values follows.

    Examples
    --------
    >>> [size_class(n, 200) for n in (0, 3, 11)], size_class(1, 30)
    (['none', 'up to 5 %', 'more than 5 %'], 'some')
    """
    if n == 0:
        return "none"
    if int(_LARGE_LOSS * n_all) < _LEAST_VALUES:  # 1 in 30 would be known to be 1
        return "some"
    return "up to 5 %" if n <= _LARGE_LOSS * n_all else "more than 5 %"


def publish_warnings(
    warnings: Iterable[Mapping[str, Any]], disclosure: Disclosure
) -> list[dict[str, Any]]:
    """Return notes by code and set, without numbers, and what public mode itself has to note."""
    told = {(str(note["code"]), str(note["set"])): publish_note(note) for note in warnings}
    return [*told.values(), *_own_notes(disclosure)]


def publish_note(note: Mapping[str, Any]) -> dict[str, Any]:
    """Return a note without numbers and without names of subgroups."""
    return {"code": note["code"], "set": note["set"], "n": None, "text": _sentence(note)}


def _sentence(note: Mapping[str, Any]) -> str:
    text = _NOTES.get(str(note["code"]), "accepted, and worth knowing")
    return f"{text}; how often is not told in public"


def _own_notes(disclosure: Disclosure) -> Iterator[dict[str, Any]]:
    for name in disclosure.aged:
        text = f"subgroups of {name} above age 89 are shown joined, and no single age"
        yield {"code": "BR411", "set": name, "n": None, "text": text}
    if disclosure.n_patients is not None:
        yield from map(_withheld_alone, disclosure.withheld_alone)
        return
    for name, n in disclosure.withheld.items():
        count = "1 subgroup has" if n == 1 else f"{n} subgroups have"
        text = (
            f"counts of {name} are withheld: {count} 1 to 10 patients; expected none for "
            f"publication. Merge them in [attributes.{name}]."
        )
        yield {"code": "BR703", "set": name, "n": None, "text": text}
    if not disclosure.withheld:
        text = "all counts are withheld: there are 1 to 10 patients; expected more"
        yield {"code": "BR703", "set": "audit", "n": None, "text": text}


def _withheld_alone(name: str) -> dict[str, Any]:
    text = (
        f"numbers of {name} are withheld: beside those of attributes before it, or of patients in "
        f"two subgroups, they give away 1 to 10 patients. Leave [attributes.{name}] out or change "
        "its cut."
    )
    return {"code": "BR703", "set": name, "n": None, "text": text}


def publish_error(error: BiasRulerError) -> BiasRulerError:
    """Return an error without the numbers, lines, cells and aliases that errors of data hold."""
    if isinstance(error, BiasRulerProblems):
        unique = dict.fromkeys(map(publish_error, error.problems))
        return BiasRulerProblems(unique)
    if error.code in _TOLD_IN_FULL:
        return _without_names(error)
    if error.code == "BR408" and error.found == "no such file":
        return error
    where = error.where.partition(":")[0] if not error.where.startswith("case-") else ""
    return BiasRulerError(
        error.code,
        "a problem with the data, not told in public",
        "none",
        f"Read {error.code} in docs/errors.md, and run without --biasruler-public for the rest",
        error.where if "[" in error.where else where,
    )


def _without_names(error: BiasRulerError) -> BiasRulerError:
    """Return an error of the configuration without what was looked up in the data for it.

    Names of subgroups may be single ages, and a near name of a column may be a cell: a table
    without a header has somebody's values there.
    """
    if error.found.startswith("unknown baseline"):
        expected, fix = "a subgroup of by", "Correct the name"
    elif error.fix.startswith('Perhaps "'):
        expected, fix = error.expected, "Correct the name"
    else:
        expected, fix = error.expected, error.fix
    found = _LINES.sub("", error.found)
    return BiasRulerError(error.code, found, expected, fix, error.where)
