"""What lies in a folder for which a benchmark file is proposed: names alone, nothing is opened."""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from dataclasses import dataclass, field
from heapq import nsmallest
from operator import attrgetter
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.lengths import MOST_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_ENTRIES = 200_000
"""Names that are looked at; who has more of them has more than one benchmark there."""

PNG, DICOM = ".png", ".dcm"

MASK_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", PNG, DICOM)
"""How the names of masks end; those of PNG and DICOM are as often those of images."""

_MOST_FOLDERS_DEEP = 8
_TABLES = (".csv", ".tsv", ".xlsx", ".parquet")
_SPREADSHEETS = (".xls", ".ods")
_OTHER_IMAGES = (
    *(".dcm", ".npy", ".npz", ".png", ".jpg", ".jpeg"),
    *(".tif", ".tiff", ".bmp", ".mgz", ".h5"),
)
# What no template and no path of a benchmark file may hold.
_UNUSABLE = re.compile(r"[{}\\\x00]|://|\A[A-Za-z]:|[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """What lies in a folder.

    Attributes
    ----------
    masks, tables : tuple of str
        Paths below the folder with ``/`` between their parts, sorted; tables near the top first.
    counts : mapping
        How often something was met that is not used: ``"link"``, ``"unusable"`` (its path cannot
        stand in a benchmark file), ``"image"`` (another format), ``"spreadsheet"``, ``"closed"``
        (a folder that may not be read), ``"deep"``.
    is_cut : bool
        Whether there are more names than are looked at.
    """

    masks: tuple[str, ...] = field(repr=False)
    tables: tuple[str, ...] = field(repr=False)
    counts: Mapping[str, int]
    is_cut: bool = False


def stem_of(path: str) -> str:
    """Return a path or template without the ending of a mask.

    Examples
    --------
    >>> stem_of("expert/{case}.nii.gz"), stem_of("seg.v2.mha"), stem_of("a.txt")
    ('expert/{case}', 'seg.v2', 'a.txt')
    """
    ending = next((ending for ending in MASK_ENDINGS if path.endswith(ending)), "")
    return path.removesuffix(ending)


def look_into(root: Path, *, most_entries: int = MOST_ENTRIES) -> Folder:
    """Return what lies in `root`; no link is followed, and what is hidden is left out.

    Parameters
    ----------
    root : Path
        A folder that is there.
    most_entries : int
        Names that are looked at, those near the top first and in their order.
    """
    found: dict[str, list[str]] = {"mask": [], "table": []}
    counts: Counter[str] = Counter()
    waiting = deque([("", 0)])
    n_left = most_entries
    while waiting and n_left > 0:
        inner, depth = waiting.popleft()
        entries = _entries(root / inner, most=n_left, counts=counts)
        n_left -= len(entries)
        for entry in entries:
            path = f"{inner}{entry.name}"
            kind = _kind(entry, path)
            if kind == "folder" and depth < _MOST_FOLDERS_DEEP:
                waiting.append((f"{path}/", depth + 1))
            elif kind in found:
                found[kind].append(path)
            else:
                counts["deep" if kind == "folder" else kind] += 1
    return Folder(
        masks=tuple(sorted(found["mask"])),
        tables=tuple(sorted(found["table"], key=lambda path: (path.count("/"), path))),
        counts={kind: n for kind, n in sorted(counts.items()) if kind},
        is_cut=n_left <= 0,
    )


def _entries(folder: Path, *, most: int, counts: Counter[str]) -> list[os.DirEntry[str]]:
    """Return the first entries by name, so that a folder of millions fills no memory."""
    try:
        with os.scandir(folder) as entries:
            seen = (entry for entry in entries if not entry.name.startswith((".", "__")))
            return nsmallest(most, seen, key=attrgetter("name"))
    except OSError:
        counts["closed"] += 1
        return []


def _kind(entry: os.DirEntry[str], path: str) -> str:
    """Return what an entry is to a benchmark; nothing for what has no part in one."""
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "unusable" if _is_unusable(path) else "folder"
    name = entry.name.lower()
    is_mask = entry.name.endswith(MASK_ENDINGS)
    if not entry.is_file(follow_symlinks=False):
        return ""
    if is_mask or name.endswith(_TABLES):
        return "unusable" if _is_unusable(path) else "mask" if is_mask else "table"
    if name.endswith(_SPREADSHEETS):
        return "spreadsheet"
    return "image" if name.endswith(_OTHER_IMAGES) else ""


def _is_unusable(path: str) -> bool:
    return len(path) > MOST_CHARACTERS or _UNUSABLE.search(path) is not None
