"""The libraries of extras that decode masks: what is read depends on them as on our own code."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath

_DECODERS = {".png": ("pillow", "PIL.Image"), ".dcm": ("pydicom", "pydicom")}
ABSENT = "not installed"


def decoder_of(path: PurePath) -> tuple[str, str] | None:
    """Return name and version of the library that decodes a file of this name.

    Nothing is remembered: it may be installed while a notebook runs.

    Returns
    -------
    tuple of (str, str) or None
        The version is `ABSENT` if it cannot be imported; None where our own code decodes.

    Examples
    --------
    >>> from pathlib import PurePath
    >>> decoder_of(PurePath("expert/007.nii.gz")) is None
    True
    """
    known = _DECODERS.get(path.suffix.lower())
    return None if known is None else (known[0], version_of(known[0]))


def version_of(name: str) -> str:
    """Return the version of such a library, or `ABSENT`."""
    (module,) = (module for library, module in _DECODERS.values() if library == name)
    try:
        return str(vars(import_module(module)).get("__version__", ""))
    except ImportError:
        return ABSENT
