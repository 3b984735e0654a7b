"""Which code made a score: what keys of the store begin with."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files

_ROOMS = ("scoring", "masks")
_ENGINES = ("numpy", "scipy")


@cache
def code_version() -> str:
    """Return the SHA-256 of the sources that scores depend on, and of the libraries' versions.

    A number raised by hand would be forgotten; a source that changed is never.
    """
    digest = hashlib.sha256()
    for name in _ENGINES:
        digest.update(f"{name} {version(name)}\n".encode())
    for room in _ROOMS:
        sources = files(f"pytest_biasruler.{room}").iterdir()
        for source in sorted(sources, key=lambda source: source.name):
            if source.name.endswith(".py"):
                digest.update(f"{room}/{source.name}\n".encode() + source.read_bytes())
    return digest.hexdigest()
