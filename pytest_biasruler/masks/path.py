"""Where the mask of a case lies: never outside the data root."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    Folders = dict[str, Path]

_DRIVE = re.compile(r"[A-Za-z]:")


def resolve_path(template: str, case: str, *, root: Path, folders: Folders | None = None) -> Path:
    """Return the place of one case's mask.

    Parameters
    ----------
    template : str
        Relative to `root`; ``{case}`` stands for the name of the case.
    case : str
        Name of the case; it is put in as text, character by character.
    root : Path
        The data root, which no path may leave.
    folders : dict, optional
        Empty at first: the links of a folder are then followed only once for all calls with it.

    Raises
    ------
    BiasRulerError
        ``BR401`` if template or case is no path inside `root`, ``BR602`` if the template holds
        a brace other than ``{case}``.

    Examples
    --------
    >>> resolve_path("expert/{case}.nii.gz", "007", root=Path("/data")).as_posix()
    '/data/expert/007.nii.gz'
    """
    if set("{}") & set(template.replace("{case}", "")):
        found = "masks holds a brace that is not part of {case}"
        raise BiasRulerError("BR602", found, "no other placeholder", "Remove it")
    if _is_foreign(template) or template.startswith("/"):
        raise _leaves_root("masks")
    if _is_foreign(case):
        raise _leaves_root("a case name")
    known = {} if folders is None else folders
    path = _stay_inside(template.replace("{case}", case), root=root, folders=known)
    if path is None:
        with_another = template.replace("{case}", "case")
        is_template = _stay_inside(with_another, root=root, folders={}) is None
        raise _leaves_root("masks" if is_template else "a case name")
    return path


def resolve_filled(relative: str, *, root: Path, folders: Folders | None = None) -> Path:
    """Return the place of a mask whose template is filled in already: braces are plain text.

    Parameters
    ----------
    relative : str
        Relative to `root`.
    root : Path
        The data root, which no path may leave.
    folders : dict, optional
        Empty at first: the links of a folder are then followed only once for all calls with it.

    Raises
    ------
    BiasRulerError
        ``BR401`` if it is no path inside `root`.

    Examples
    --------
    >>> resolve_filled("sub-01/{x}.nii.gz", root=Path("/data")).as_posix()
    '/data/sub-01/{x}.nii.gz'
    """
    known = {} if folders is None else folders
    path = None
    if not _is_foreign(relative):
        path = _stay_inside(relative, root=root, folders=known)
    if path is None:
        raise _leaves_root("masks")
    return path


def is_inside(path: Path, *, root: Path) -> bool:
    """Return whether `path`, all links followed, lies in `root`."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _is_foreign(text: str) -> bool:
    """Whether POSIX takes for a plain name what is a URL or a Windows path elsewhere."""
    return "\0" in text or "://" in text or "\\" in text or bool(_DRIVE.match(text))


def _stay_inside(relative: str, *, root: Path, folders: Folders) -> Path | None:
    head, _, name = relative.rpartition("/")
    is_plain = name not in ("", ".", "..") and not relative.startswith("/")
    if is_plain and head in folders:
        return folders[head] / name
    path = root / relative
    try:
        # The folder only: a link in place of the file is judged when it is opened.
        folder = Path(os.path.realpath(path.parent))
        if path.name == ".." or not folder.is_relative_to(os.path.realpath(root)):
            return None
    except ValueError:  # a lone surrogate, which no file system can hold
        return None
    if is_plain:
        folders[head] = folder
    return folder / path.name


def _leaves_root(what: str) -> BiasRulerError:
    fix = "Set root in [benchmark]" if what == "masks" else "Rename the case"
    return BiasRulerError("BR401", f"{what} leaves the data root", "a path inside it", fix)
