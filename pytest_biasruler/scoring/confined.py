"""The process of one case of a stranger: limits first, then one errand, then one answer.

Started by `pytest_biasruler.scoring.confinement` as ``python -I -m`` of this module. Nothing but
the standard library is imported before the limits hold.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

OUT_OF_MEMORY = 3
"""Exit status of a process that reached its limit on memory and could still say so."""

_GRACE_S = 10


def is_memory_limited() -> bool:
    """Return whether this platform keeps a process to its limit on memory."""
    return os.name == "posix" and sys.platform != "darwin"


def limit_process(*, memory_mb: int, time_s: int) -> None:
    """Let this process use so much memory and processor time, leave no core and write no file."""
    try:
        import resource
    except ImportError:  # not on Windows, where the parent's patience is the only limit
        return
    limits = {
        resource.RLIMIT_AS: memory_mb * 2**20,
        resource.RLIMIT_CPU: time_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for which, limit in limits.items():
        hard = resource.getrlimit(which)[1]
        least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with suppress(*(() if is_memory_limited() else (ValueError, OSError))):
            resource.setrlimit(which, (least, least))
    signal.alarm(time_s + _GRACE_S)  # should the parent be killed, nobody else would end this


def main() -> int:
    """Read an errand from stdin, carry it out within its limits, write the answer to stdout."""
    errand = json.loads(sys.stdin.buffer.read())
    limit_process(memory_mb=errand["memory_mb"], time_s=errand["time_s"])
    # What a metric prints must not get into the answer.
    answer, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    sys.dont_write_bytecode = True
    sys.path += errand["folders"]
    try:
        carry_out = import_module("pytest_biasruler.scoring.errand").carry_out
        text = json.dumps(carry_out(errand), allow_nan=False).encode("ascii")
        while text:  # a pipe takes a part at a time
            text = text[os.write(answer, text) :]
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
