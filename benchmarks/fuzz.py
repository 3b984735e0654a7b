"""Try a great many edited inputs in processes of their own, and count what became of them.

``python -m benchmarks.fuzz --n 200000 --workers 2 --seed 1`` writes the counts to
``benchmarks/fuzz_counts.json`` and every failure to the folder of ``--keep``; the same input is
tried again by ``--only NUMBER``. Linux only: peak and limit of memory are those of its kernel.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fuzzing.kinds import KINDS, kind_of, make_input, try_input

COUNTS = Path(__file__).parent / "fuzz_counts.json"


@dataclass(kw_only=True, slots=True)
class Tally:
    """What one worker has found so far."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: {k: Counter() for k in KINDS})
    failures: list[tuple[int, str]] = field(default_factory=list)
    peak_mib: float = 0.0

    def note(self, number: int, outcome: str, *, failed: bool) -> None:
        """Count one outcome; failures are counted together, for each has its own text."""
        self.counts[kind_of(number)]["failed" if failed else outcome] += 1
        if failed:
            self.failures.append((number, outcome))


def run_worker(worker: int, *, workers: int, n: int, seed: int, folder: Path) -> Tally:
    """Return what one share of the inputs came to; a worker that dies is replaced behind it."""
    tally = Tally()
    first = worker
    while first < n:
        command = [sys.executable, "-m", "benchmarks.fuzzing.worker"]
        given = {"seed": seed, "first": first, "stop": n, "step": workers, "folder": folder}
        command += [f"--{name}={value}" for name, value in given.items()]
        environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
            is_ready = False
            for line in process.stdout or ():
                told = json.loads(line)
                is_ready = True  # the first line says just that
                tally.peak_mib = max(tally.peak_mib, told.get("peak_mib", 0))
                if "number" in told:
                    tally.note(told["number"], told["outcome"], failed=told["failed"])
                    first = told["number"] + workers
        if not is_ready:
            raise SystemExit("a worker cannot start; its own message stands above")
        if process.returncode == 0:
            break
        is_hang = process.returncode == -signal.SIGALRM
        died = "hang" if is_hang else f"process ended with {process.returncode}"
        tally.note(first, died, failed=True)
        first += workers
    return tally


def report(tallies: list[Tally], *, n: int, seed: int, seconds: float) -> dict[str, object]:
    """Return the counts of all workers as they are kept."""
    kinds = {
        name: dict(sorted(sum((each.counts[name] for each in tallies), Counter()).items()))
        for name in KINDS
    }
    return {
        "n": n,
        "seed": seed,
        "seconds": round(seconds),
        "peak_mib": max(each.peak_mib for each in tallies),
        "kinds": kinds,
        "others": sum(len(each.failures) for each in tallies),
    }


def keep_failure(number: int, outcome: str, *, seed: int, keep: Path) -> None:
    """Print a failure and save its files."""
    name = kind_of(number)
    place = keep / f"{seed}-{number}"
    place.mkdir(parents=True, exist_ok=True)
    for file, data in make_input(name, seed=seed, number=number).items():
        (place / file).write_bytes(data)
    sys.stdout.write(f"{name} --seed {seed} --only {number}: {outcome}\n")


def main() -> int:
    """Run, write the counts, and return 1 if anything else than a code or a right reading came."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--n", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="try this one input here and print its outcome")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz_failures")
    parser.add_argument("--out", type=Path, default=COUNTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if asked.only is not None:
            return _try_one(asked.only, seed=asked.seed, folder=Path(scratch))
        start = time.monotonic()
        with ThreadPoolExecutor(asked.workers) as pool:
            running = [
                pool.submit(
                    run_worker,
                    worker,
                    workers=asked.workers,
                    n=asked.n,
                    seed=asked.seed,
                    folder=Path(scratch) / str(worker),
                )
                for worker in range(asked.workers)
            ]
        tallies = [each.result() for each in running]
    counts = report(tallies, n=asked.n, seed=asked.seed, seconds=time.monotonic() - start)
    for tally in tallies:
        for number, outcome in tally.failures:
            keep_failure(number, outcome, seed=asked.seed, keep=asked.keep)
    asked.out.write_text(json.dumps(counts, indent=1) + "\n")
    sys.stdout.write(json.dumps(counts, indent=1) + "\n")
    return 1 if counts["others"] else 0


def _try_one(number: int, *, seed: int, folder: Path) -> int:
    warnings.simplefilter("error")
    name = kind_of(number)
    outcome, failed = try_input(name, make_input(name, seed=seed, number=number), folder)
    sys.stdout.write(f"{name}: {outcome}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
