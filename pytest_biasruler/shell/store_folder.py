"""In which folder the processes of a run share scores."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.shell.options import is_configured
from pytest_biasruler.shell.stash import PROPERTY

if TYPE_CHECKING:
    import pytest

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def name_shared_folder(config: pytest.Config) -> str:
    """Return where the workers of this controller share scores; "" if pytest's cache serves.

    Nothing is made here: a worker makes it when it scores.
    """
    # In a run that audits nothing the settings are neither read nor judged.
    if getattr(config, "cache", None) is not None and not _is_refused(config):
        return ""
    return os.fspath(Path(tempfile.gettempdir()) / f"biasruler-{secrets.token_hex(8)}")


def remove_shared_folder(folder: str) -> None:
    """Remove the folder, if a worker made it."""
    shutil.rmtree(folder, ignore_errors=True)


def find_store_folder(config: pytest.Config) -> Path | None:
    """Return where this process keeps scores; None: it keeps none.

    Raises
    ------
    OSError
        If the folder of pytest's cache cannot be made.
    """
    shared = getattr(config, "workerinput", {}).get(PROPERTY, {}).get("store")
    if shared:
        return Path(shared)
    cache = getattr(config, "cache", None)
    if cache is None or _is_refused(config):
        return None
    folder = Path(cache.mkdir("biasruler"))
    _close_to_others(folder)
    return folder


def _close_to_others(folder: Path) -> None:
    """Let nobody else look in, as pytest's cache itself would.

    A folder that others could write to stays as it is, unless it is empty: the store shall see it,
    for what is in it may be theirs.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        is_safe = not folder.stat().st_mode & _OTHERS_MAY_WRITE or not any(folder.iterdir())
        if is_safe and not folder.is_symlink():
            folder.chmod(0o700)


def _is_refused(config: pytest.Config) -> bool:
    if not is_configured(config):
        return False
    from pytest_biasruler.shell.settings import settings_of

    return settings_of(config).no_cache
