"""Which texts may become part of a path below the data root."""

from __future__ import annotations

import os
import re
from pathlib import Path

# On POSIX both root / "http://x/y.csv" and root / "C:\\x.csv" lie inside root, so comparing
# resolved paths is not enough.
_FOREIGN = re.compile(r"\x00|\\|://|\A[A-Za-z]:")


def is_file_name(text: str) -> bool:
    """Return whether `text` can be one part of a path that stays where it is put.

    Examples
    --------
    >>> [is_file_name(text) for text in ("007", "a.b", "a/b", "..", "C:x", "")]
    [True, True, False, False, False, False]
    """
    return bool(text) and not _FOREIGN.search(text) and "/" not in text and ".." not in text


def is_inside(relative: str, *, root: Path) -> bool:
    """Return whether `relative` leads to a place in `root`, all links followed."""
    if _FOREIGN.search(relative) or relative.startswith("/"):
        return False
    return Path(os.path.realpath(root / relative)).is_relative_to(os.path.realpath(root))
