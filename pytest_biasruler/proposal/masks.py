"""Which masks belong together: one template, and the cases of which it has a mask."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_biasruler.proposal.folder import DICOM, PNG, stem_of
from pytest_biasruler.proposal.placing import with_columns
from pytest_biasruler.proposal.roles import Role, tell_role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_biasruler.proposal.placing import Cells

_SHORT = 2  # a name of so few characters stands in other names by chance
_MOST_SETS = 60
_MOST_AFFIXES = 12  # as many ways of naming masks as one folder honestly has
_FEW = 20  # a template that fits one mask in twenty of another's is somebody's leftover


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundSet:
    """Masks of one template, and the cases that have one."""

    template: str
    cases: frozenset[str] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundMasks:
    """All sets of masks, sorted by template, and how many files belong to no case."""

    sets: tuple[FoundSet, ...]
    n_strangers: int


class CaseFinder:
    """Finds the name of a case in the name of a file or folder.

    Examples
    --------
    >>> finder = CaseFinder(["001", "P1", "P1_left"])
    >>> [finder.find(name) for name in ("case_001", "P1_left_seg", "P12", "case_0001", "P1")]
    ['001', 'P1_left', None, None, 'P1']
    """

    def __init__(self, cases: Iterable[str]) -> None:
        self._cases = frozenset(case for case in cases if case)
        self._lengths = sorted({len(case) for case in self._cases}, reverse=True)
        self._affixes: dict[str, list[tuple[str, str]]] = defaultdict(list)

    def find(self, name: str, *, near: str = "") -> str | None:
        """Return the longest case in `name` that is no part of a longer word or number.

        Parameters
        ----------
        name : str
            Of a file without its ending, or of a folder.
        near : str
            What names have in common that are likely made in the same way, such as their folder.
        """
        if name in self._cases:
            return name
        for before, after in self._affixes[near][:_MOST_AFFIXES]:
            inner = name[len(before) : len(name) - len(after)]
            if inner in self._cases and name == f"{before}{inner}{after}":
                return inner
        for case, start in self._inner(name):
            self._affixes[near].append((name[:start], name[start + len(case) :]))
            return case
        return None

    def _inner(self, name: str) -> Iterator[tuple[str, int]]:
        for length in self._lengths:
            for start in range(len(name) - length + 1):
                case = name[start : start + length]
                if case in self._cases and _is_whole(name, start, start + length):
                    yield case, start


def find_template(path: str, finder: CaseFinder) -> tuple[str, str] | None:
    """Return the template of a mask and its case: of the file's name, else of a folder's.

    Examples
    --------
    >>> finder = CaseFinder(["P1", "P2"])
    >>> find_template("expert/P1.nii.gz", finder), find_template("P2/P2_auto.nii", finder)
    (('expert/{case}.nii.gz', 'P1'), ('{case}/{case}_auto.nii', 'P2'))
    """
    stem = stem_of(path)
    ending = path[len(stem) :]
    *folders, file = stem.split("/")
    above = [(name, f"/{depth}") for depth, name in enumerate(folders)]
    for name, near in ((file, "/".join(folders)), *reversed(above)):
        case = finder.find(name, near=near)
        if case is not None:
            before = name[: name.index(case)]
            parts = [_with_case(part, case, before=before) for part in (*folders, file)]
            template = "/".join(parts) + ending
            return (template, case) if "{case}" in template else None
    return None


def find_sets(
    paths: Sequence[str], cases: Collection[str], *, cells: Cells | None = None
) -> FoundMasks:
    """Return the sets of masks, each with at least a twentieth of the cases of the largest one.

    Parameters
    ----------
    paths : sequence of str
        Sorted, as `Folder` holds them.
    cases : collection of str
        Names of the cases.
    cells : mapping, optional
        Column -> case -> cell. Where no template has a mask of every case that was found, folders
        and parts of names that are cells become ``{column}``, if that brings more cases together.
    """
    finder = CaseFinder(cases)
    told = [found for path in paths if (found := find_template(path, finder)) is not None]
    of = _by_template(told)
    most = _largest(of)
    if cells and most < len({case for _, case in told}):
        named = _by_template(with_columns(told, cells))
        if _largest(named) > most:
            of, most = named, _largest(named)
    kept = [template for template in of if len(of[template]) * _FEW >= most]
    kept = sorted(kept, key=lambda template: (-len(of[template]), template))[:_MOST_SETS]
    n_used = sum(len(of[template]) for template in kept)
    return FoundMasks(
        sets=tuple(FoundSet(template=each, cases=frozenset(of[each])) for each in sorted(kept)),
        n_strangers=len(paths) - n_used,
    )


def without_images(paths: Sequence[str]) -> list[str]:
    """Return the files whose folders do not say that they hold images.

    Of PNG and DICOM the folder must say that it holds masks. PNG are left out beside other masks:
    they have no orientation, and are only compared with one another.
    """
    folders = dict.fromkeys(path.rpartition("/")[0] for path in paths)
    roles = {folder: tell_role(f"{folder}/{{case}}.nii") for folder in folders}
    kept = []
    for path in paths:
        role = roles[path.rpartition("/")[0]]
        is_told = role != Role.UNKNOWN or not path.endswith((PNG, DICOM))
        kept += [path] if role != Role.IMAGE and is_told else []
    others = [path for path in kept if not path.endswith(PNG)]
    return others or kept


def count_images(paths: Sequence[str], kept: Sequence[str]) -> int:
    """Return how many PNG and DICOM files were left out, which may be masks all the same."""
    return sum(path.endswith((PNG, DICOM)) for path in set(paths) - set(kept))


def _by_template(found: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    of: dict[str, set[str]] = defaultdict(set)
    for template, case in found:
        of[template].add(case)
    return of


def _largest(of: Mapping[str, set[str]]) -> int:
    return max(map(len, of.values()), default=0)


def _with_case(part: str, case: str, *, before: str) -> str:
    """Return a name with ``{case}`` where the case stands.

    A short number may stand anywhere by chance: it is one only behind what is `before` it where
    it was found.
    """
    is_short = len(case) <= _SHORT and case.isdigit()
    if case not in part or (is_short and not part.startswith(before + case)):
        return part
    pieces, start = [], 0
    while (found := part.find(case, start)) >= 0:
        end = found + len(case)
        pieces += [part[start:found], "{case}" if _is_whole(part, found, end) else case]
        start = end
    return "".join([*pieces, part[start:]])


def _is_whole(name: str, start: int, end: int) -> bool:
    """Return whether no letter or digit of its kind stands right before or behind a part."""
    before = start == 0 or _kind(name[start - 1]) != _kind(name[start])
    return before and (end == len(name) or _kind(name[end]) != _kind(name[end - 1]))


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "letter" if character.isalpha() else character
