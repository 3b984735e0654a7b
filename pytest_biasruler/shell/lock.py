"""One process scores, the others wait and then read: an operating-system lock on a file."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock on `path`; yield whether it could be had.

    There are no process ids in files: the lock dies with its holder. Where the file system cannot
    lock, each process scores for itself, which is more work for the same result.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield False
        return
    try:
        yield _take(descriptor)
    finally:
        os.close(descriptor)  # releases the lock


if sys.platform == "win32":
    import msvcrt
    import time

    _BEHIND_EVERYTHING = 1 << 30  # what is locked there cannot be read, so nothing stands there

    def try_lock(descriptor: int) -> bool:
        """Return whether the lock on an open file could be had at once; closing releases it."""
        try:
            os.lseek(descriptor, _BEHIND_EVERYTHING, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _take(descriptor: int) -> bool:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as error:  # the call itself gives up after ten tries, one a second
                if error.errno != 36:  # EDEADLOCK: somebody else still holds it
                    return False
                time.sleep(0.1)
            else:
                return True
else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Return whether the lock on an open file could be had at once; closing releases it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            return False
        return True
