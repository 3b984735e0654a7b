"""Folders that hold the same sets of masks over again, such as one for each organ."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.templates import parts_of
from pytest_biasruler.proposal.folder import stem_of
from pytest_biasruler.proposal.roles import Role, tell_role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_biasruler.proposal.masks import FoundSet

_TELLING = (Role.EXPERT, Role.AUTOMATED, Role.MODEL, Role.IMAGE)


def choose_family(sets: Sequence[FoundSet]) -> tuple[tuple[FoundSet, ...], tuple[str, ...]]:
    """Return the sets of one organ, and the names of the others.

    Sets repeat where two folders or more hold two names or more in common. The organ is told by
    whichever says less about who drew the masks: ``lungs/expert`` and ``lungs/auto``, or
    ``expert/lungs`` and ``auto/lungs``. The organ with most sets is chosen, then that with most
    masks, then the first by name; sets that do not repeat belong to every organ.

    Returns
    -------
    sets : tuple of FoundSet
        All of them if none repeat.
    others : tuple of str
        Names of the organs that are left out, sorted.
    """
    split = {each.template: _split(each.template) for each in sets}
    folders: dict[str, set[str]] = defaultdict(set)
    for folder, name in split.values():
        if folder:
            folders[name].add(folder)
    shared = {name for name, its in folders.items() if len(its) > 1}
    repeated = {folder for name in shared for folder in folders[name]}
    if len(shared) < 2:
        return tuple(sets), ()
    place = 1 if _share_told(repeated) > _share_told(shared) else 0
    of: dict[str, list[FoundSet]] = defaultdict(list)
    alone = []
    for each in sets:
        folder, name = split[each.template]
        if folder in repeated and (place == 0 or name in shared):
            of[(folder, name)[place]].append(each)
        else:
            alone.append(each)
    chosen, *others = sorted(of, key=lambda organ: (*_size(of[organ]), organ))
    kept = sorted([*of[chosen], *alone], key=lambda each: each.template)
    return tuple(kept), tuple(sorted(others))


def _size(sets: Sequence[FoundSet]) -> tuple[int, int]:
    return -len(sets), -sum(len(each.cases) for each in sets)


def _split(template: str) -> tuple[str, str]:
    """Return the folder and the name that a template has besides case and ending."""
    stem = stem_of(template)
    bare = ["".join(text for text, _ in parts_of(part)) for part in stem.split("/")]
    names = [part.strip("_.-") for part in bare]
    *folders, name = [part for part in names if part] or [""]
    return "/".join(folders), name


def _share_told(names: Iterable[str]) -> float:
    roles = [tell_role(f"{name}/{{case}}.nii") for name in names]
    return sum(role in _TELLING for role in roles) / len(roles)
