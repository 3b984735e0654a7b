"""Which texts may become part of a path below the data root."""

from __future__ import annotations

import os
import re
from pathlib import Path

# On POSIX root / "http://x/y" and root / "C:\\x" both lie inside root, so comparing resolved paths
# is not enough.
_FOREIGN = re.compile(r"\x00|\\|://|\A[A-Za-z]:")


def is_file_name(text: str) -> bool:
    """Return whether `text` can be one part of a path that stays where it is put.

    Examples
    --------
    >>> [is_file_name(text) for text in ("007", "a.b", "a/b", "..", "C:x", "")]
    [True, True, False, False, False, False]
    """
    return bool(text) and not _FOREIGN.search(text) and "/" not in text and ".." not in text


def is_inside(path: Path, *, root: Path) -> bool:
    """Return whether `path`, all links followed, lies in `root`."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
