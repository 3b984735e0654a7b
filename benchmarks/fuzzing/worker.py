"""One process of the long run: tries its share of the inputs and says each outcome in a line."""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import warnings
from pathlib import Path

from benchmarks.fuzzing.kinds import KINDS, kind_of, make_input, try_input

MEMORY_MIB = 50
"""What reading may need beyond what is needed before the first input."""

SECONDS = 10
"""How long one input may take before it counts as a hang."""

_N_WARM = 40


def main() -> None:
    """Try inputs ``--first``, ``--first + --step``, ... below ``--stop``.

    A hang ends the process by an alarm that no handler can hold back, and more memory than allowed
    is a `MemoryError` or the end of it; who started the process sees at which input.
    """
    parser = argparse.ArgumentParser()
    for name in ("seed", "first", "stop", "step"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("error")
    for number in range(_N_WARM):
        for name in KINDS:  # what is imported and cached once is nobody's cost
            try_input(name, make_input(name, seed=-1, number=number), asked.folder)
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    sys.stdout.flush()
    floor = _read_mib("VmSize")
    before = _read_mib("VmRSS")
    most = int((floor + MEMORY_MIB) * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    for number in range(asked.first, asked.stop, asked.step):
        name = kind_of(number)
        files = make_input(name, seed=asked.seed, number=number)
        signal.alarm(SECONDS)
        outcome, is_failure = try_input(name, files, asked.folder)
        signal.alarm(0)
        told = {"number": number, "outcome": outcome, "failed": is_failure}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"peak_mib": round(_read_mib("VmHWM") - before, 1)}) + "\n")


def _read_mib(key: str) -> float:
    """Return a size of this process in MiB; `ru_maxrss` would count the parent's memory too."""
    status = Path(f"/proc/{os.getpid()}/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
