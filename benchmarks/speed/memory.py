"""How much memory does one case take at most?"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np

from benchmarks.generated import GRIDS, SETS, draw_masks, draw_patient
from benchmarks.speed.cohort import paths_of
from benchmarks.speed.figures import Figure
from benchmarks.speed.tool import ROOT, single_threaded

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.speed.asked import Asked

LARGE = (1024, 1024, 400)  # a body by computed tomography
SHARE = 0.003
N_ROUNDS = 3
CODE = """
import json, re, sys
from pathlib import Path
from dataclasses import replace
from benchmarks.peers.ours import make_job
from pytest_biasruler.errors import Limits
from pytest_biasruler.scoring.case import score_case
def peak():  # not ru_maxrss, which begins with the size of the process that forked
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
paths, imports = json.loads(sys.argv[1]), peak()
scores = score_case(replace(make_job(paths), limits=Limits(max_voxels=2**29)))
assert scores["rows"] and not scores["error"]
print(json.dumps([imports, peak()]))
"""


def measure(asked: Asked) -> dict[str, Any]:
    """Score one case of every size in fresh processes, and tell the most each ever had."""
    figures = []
    for grid in (*GRIDS, LARGE):
        paths = write_case(asked.folder / "by-size", grid=grid)
        peaks = [_measure_apart(paths) for _ in range(N_ROUNDS)]
        size = " x ".join(map(str, grid))
        name = "x".join(map(str, grid))
        figures.append(
            Figure(name=name, title=size, unit="MiB", values=tuple(peak for _, peak in peaks))
        )
    imports = tuple(before for before, _ in peaks)
    figures.append(Figure(name="imports", title="imports alone", unit="MiB", values=imports))
    return {"figures": [figure.to_plain() for figure in figures]}


def write_case(folder: Path, *, grid: tuple[int, int, int]) -> dict[str, str]:
    """Write a case of this size, unless it is there, and return the paths of its masks."""
    folder = folder / "x".join(map(str, grid))
    paths = paths_of(folder, 0)
    patient = replace(draw_patient(0), grid=grid)
    if not all((folder / name).is_dir() for name in SETS):
        for name, voxels in draw_masks(patient, share=SHARE).items():
            (folder / name).mkdir(parents=True)
            image = nib.Nifti1Image(voxels, np.diag([*patient.spacing_mm, 1.0]))
            with gzip.open(paths[name], "wb", 6) as file:
                file.write(image.to_bytes())
    return paths


def _measure_apart(paths: dict[str, str]) -> tuple[float, float]:
    """Return the MiB of a fresh process after its imports, and the most it ever had."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(paths)],
        cwd=ROOT,
        env=single_threaded(),
        capture_output=True,
        text=True,
        check=True,
    )
    before, peak = json.loads(done.stdout)
    return before, peak
