"""Files that lie where masks are looked for, but belong to no case."""

from __future__ import annotations

import glob
import os
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.places import Places
from pytest_biasruler.benchmark.templates import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_biasruler.scoring.sources import MaskSet


def count_strangers(
    sets: Iterable[MaskSet], cases: Iterable[str], *, root: Path
) -> dict[str, int]:
    """Return for each set with a template how many files fit the template, but no case.

    Sets may share a folder: a file that belongs to a case of any set is no stranger.
    """
    named = [each for each in sets if each.template]
    patterns = {each.name: PurePosixPath(each.template).as_posix() for each in named}
    names = list(cases)
    plain = (patterns[each.name] for each in named if not isinstance(each.masks, Places))
    known = {pattern.replace("{case}", case) for pattern in dict.fromkeys(plain) for case in names}
    for each in named:
        if isinstance(each.masks, Places):
            known.update(PurePosixPath(path).as_posix() for path in each.masks.values())
    return {
        name: sum(path not in known for path in _matching(pattern, root=root))
        for name, pattern in patterns.items()
    }


def _matching(pattern: str, *, root: Path) -> list[str]:
    """Return the files whose place is `pattern` for some case, hidden ones left out.

    A name that stands twice in the pattern is the same text in both places.
    """
    shape, wildcard = "", ""
    numbers: dict[str, int] = {}
    for text, name in parts_of(pattern):
        shape, wildcard = shape + re.escape(text), wildcard + glob.escape(text)
        if name in numbers:
            shape, wildcard = f"{shape}(?P=_{numbers[name]})", f"{wildcard}*"
        elif name:
            numbers[name] = len(numbers)
            shape, wildcard = f"{shape}(?P<_{numbers[name]}>[^/.][^/]*)", f"{wildcard}*"
    fits = re.compile(shape)
    # As texts: a Path for each of a million files takes longer than finding it.
    found = (each.replace(os.sep, "/") for each in glob.iglob(wildcard, root_dir=root))  # noqa: PTH207
    return [path for path in found if numbers and fits.fullmatch(path)]
