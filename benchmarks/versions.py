"""Compare the speed of scoring sound files by two checkouts, in turn, in one run.

``python benchmarks/versions.py BEFORE [AFTER]`` with the folders of two checkouts (AFTER: this
one). Each round scores the same generated cases, three masks each, once by either checkout in a
fresh process that times nothing but the scoring; printed are the medians in milliseconds per case
and the median of the ratios round by round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

N_ROUNDS = 9
N_CASES = 12
GRID = (192, 192, 96)
SETS = ("expert", "automated", "unet")

SCORE = """
import sys, time
from pathlib import Path
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.pairs import is_measured
folder, roles = Path(sys.argv[1]), {"expert": "expert", "automated": "automated", "unet": "model"}
metrics = tuple(filter(is_measured, CATALOGUE.values()))
jobs = [
    Job(
        case=path.stem,
        entries=tuple(
            Entry(set=name, role=Role(role), source=folder / name / path.name)
            for name, role in roles.items()
        ),
        metrics=metrics,
        root=folder,
    )
    for path in sorted((folder / "expert").iterdir())
]
score_case(jobs[0])  # imports and caches
start = time.perf_counter()
n_rows = sum(len(score_case(job)["rows"]) for job in jobs)
print((time.perf_counter() - start) / len(jobs), n_rows)
"""


def write_cases(folder: Path) -> None:
    """Write `N_CASES` lumps of different size, each as three sets draw them."""
    rng = np.random.default_rng(0)
    places = np.indices(GRID).reshape(3, -1).T
    for number in range(N_CASES):
        centre = rng.uniform(0.3, 0.7, 3) * GRID
        radius = rng.uniform(6, 24)
        for name in SETS:
            shifted = (places - centre - rng.normal(0, 1, 3)) / (radius * rng.uniform(0.9, 1.1, 3))
            voxels = ((shifted**2).sum(axis=1) <= 1).reshape(GRID).astype(np.uint8)
            path = folder / name / f"{number:03d}.nii.gz"
            path.parent.mkdir(exist_ok=True)
            nib.Nifti1Image(voxels, np.diag([0.7, 0.7, 2.0, 1.0])).to_filename(path)


def time_scoring(checkout: Path, folder: Path) -> tuple[float, int]:
    """Return seconds per case and the number of scored pairs, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", SCORE, os.fspath(folder)],
        env={**os.environ, "PYTHONPATH": os.fspath(checkout)},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, n_rows = run.stdout.split()
    return float(seconds), int(n_rows)


def main() -> None:
    """Print one line for each checkout, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path, nargs="?", default=Path(__file__).parents[1])
    asked = parser.parse_args()
    checkouts = {"before": asked.before.resolve(), "after": asked.after.resolve()}
    seconds: dict[str, list[float]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cases(folder)
        for number in range(N_ROUNDS):
            turn = list(checkouts)[:: 1 if number % 2 else -1]  # neither is always the first
            scored = {which: time_scoring(checkouts[which], folder) for which in turn}
            if len({n_rows for _, n_rows in scored.values()}) > 1:
                sys.exit("the two checkouts scored different pairs")
            for which in turn:
                seconds[which].append(scored[which][0])
    for which, times in seconds.items():
        print(f"{which:7} {1000 * statistics.median(times):8.2f} ms per case")
    pairs = zip(seconds["after"], seconds["before"], strict=True)
    ratios = sorted(after / before for after, before in pairs)
    middle = statistics.median(ratios)
    print(f"ratio   {middle:8.3f} after / before (from {ratios[0]:.3f} to {ratios[-1]:.3f})")


if __name__ == "__main__":
    main()
