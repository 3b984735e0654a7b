"""Where masks lie that their template misses by a slip: another folder, another ending."""

from __future__ import annotations

import os
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.rules import nearest
from pytest_biasruler.benchmark.toml import key, quoted
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.path import resolve_filled
from pytest_biasruler.scoring.job import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.scoring.sources import MaskSet

_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".png", ".dcm")
_MOST_CASES = 100
_MOST_FOLDERS = 1000  # of more than a few hundred no name is the nearest


def way_to_masks(mask_set: MaskSet, benchmark: Benchmark, *, cases: Iterable[str]) -> str:
    """Return what to do about a set none of whose masks exists: if it can, the line to write.

    Only a template is named by which a mask of some case is there. The folders of an untrusted
    benchmark are not searched.
    """
    template = mask_set.template
    if not template:
        return "Correct masks or root"
    section = "models" if mask_set.role == Role.MODEL else "references"
    place = f"[{section}.{key(mask_set.name)}]"
    if benchmark.untrusted or benchmark.root is None:
        return f"Correct masks in {place}, or root"
    root = benchmark.root
    if not root.is_dir():
        return "Correct root: no such folder is there"
    paths = [mask_set.path_of(case) for case in islice(cases, _MOST_CASES)]
    for change in _changes(template, root=root):
        if any(_is_file(change(path), root=root) for path in paths):
            return f"Write masks = {quoted(change(template))} in {place} if that is meant"
    return f"Correct masks in {place}, or root"


def _changes(template: str, *, root: Path) -> Iterator[Any]:
    """Yield what turns a template, and each path made of it, into another one."""
    folder = template.partition("{")[0].rpartition("/")[0]
    mended = _nearest_folder(folder, root=root)
    ending = next((each for each in _ENDINGS if template.endswith(each)), "")
    for other in dict.fromkeys((ending, *(_ENDINGS if ending else ()))):
        if mended is not None and (mended, other) != (folder, ending):
            yield partial(_change, old=(folder, ending), new=(mended, other))


def _change(path: str, *, old: tuple[str, str], new: tuple[str, str]) -> str:
    return f"{new[0]}{path.removeprefix(old[0]).removesuffix(old[1])}{new[1]}"


def _nearest_folder(folder: str, *, root: Path) -> str | None:
    """Return the folder, each part that is not there replaced by the nearest name that is."""
    here, parts = root, []
    for part in folder.split("/") if folder else ():
        name: str | None = part
        if not (here / part).is_dir():
            name = nearest(part, _folders_in(here))
        if name is None:
            return None
        parts.append(name)
        here /= name
    return "/".join(parts)


def _folders_in(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            folders = (each.name for each in entries if each.is_dir())
            return list(islice(folders, _MOST_FOLDERS))
    except OSError:
        return []


def _is_file(relative: str, *, root: Path) -> bool:
    try:
        return resolve_filled(relative, root=root).is_file()
    except (BiasRulerError, OSError):
        return False
