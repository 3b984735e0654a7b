"""Run a whole audit of 1,506 generated cases with two workers, cold and warm.

``python benchmarks/whole_run.py [FOLDER] [--cases N] [--workers N]`` generates the cases that are
missing (minutes), runs ``pytest FOLDER/biasruler.toml`` twice with a store of its own, which is
empty the first time, and keeps wall time, processor time and the highest memory of any one process
beside the figures of ``make bench``.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.run import RESULTS, keep, print_section
from benchmarks.speed.cohort import make_cohort
from benchmarks.speed.figures import Figure
from benchmarks.speed.tool import ROOT, single_threaded

SECTION = "whole"
MEASURES = (("wall", "s", "wall time"), ("processor", "s", "processor time"))


def main() -> None:
    """Generate, run twice, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "out" / "whole")
    parser.add_argument("--cases", type=int, default=1506)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    folder = make_cohort(options.folder.resolve(), n_cases=options.cases)
    with tempfile.TemporaryDirectory() as name:
        runs = {
            run: _run_apart(folder, store=Path(name), workers=options.workers)
            for run in ("cold", "warm")
        }
    section = {
        "figures": [
            figure.to_plain()
            for run, found in runs.items()
            for figure in _list_figures(run, found)
        ],
        "n_cases": options.cases,
        "workers": options.workers,
        "outcome": runs["cold"]["outcome"],
    }
    keep(SECTION, section, out=options.out)
    print_section(section)
    print(f"  {section['outcome']}")


def _list_figures(run: str, found: dict[str, Any]) -> list[Figure]:
    title = {"cold": "first run, empty store", "warm": "second run, nothing changed"}[run]
    figures = [
        Figure(name=f"{run}-{name}", title=f"{title}: {what}", unit=unit, values=(found[name],))
        for name, unit, what in MEASURES
    ]
    what = f"{title}: highest memory of one process"
    return [*figures, Figure(name=f"{run}-memory", title=what, unit="MiB", values=(found["mib"],))]


def _run_apart(folder: Path, *, store: Path, workers: int) -> dict[str, Any]:
    """Run once in a process whose children are this run's alone, and return what it measured."""
    command = [sys.executable, __file__, "--measure", str(folder), str(store), str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    wall, processor, mib, outcome = done.stdout.splitlines()[-1].split("\t")
    return {
        "wall": float(wall),
        "processor": float(processor),
        "mib": float(mib),
        "outcome": outcome,
    }


def measure(folder: str, store: str, workers: str) -> None:
    """Run pytest once; print wall and processor seconds, MiB and its last line."""
    command = [sys.executable, "-m", "pytest", f"{folder}/biasruler.toml", "--rootdir", folder]
    options = ["-o", f"cache_dir={store}", "--biasruler-workers", workers]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env=single_threaded(),
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - start
    if done.returncode not in (0, 1):  # passed, or a check failed; not: could not run
        raise SystemExit(done.stdout + done.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = re.sub(r" in [\d.]+s.*|=+ ?", "", done.stdout.strip().splitlines()[-1])
    processor = used.ru_utime + used.ru_stime
    print(f"{wall:.3f}\t{processor:.3f}\t{used.ru_maxrss / 1024:.1f}\t{outcome}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:])
    else:
        main()
