"""How much memory one case takes at most, each measured in a fresh process; Linux alone.

``python benchmarks/memory.py [--out benchmarks/memory.json]`` writes three generated masks of
each grid into a temporary folder, then scores them (all metrics, three pairs) by zlib-ng and by
the standard library's zlib. The peak includes Python and all imports, which are measured alone,
too. ``dense`` is the case to be wary of: an organ that fills whole planes, of which every voxel
is kept.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

SETS = ("expert", "automated", "unet")
SPACING_MM = (0.7, 0.7, 1.0)
ENGINES = ("zlib-ng", "zlib")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A grid and what lies in it: an ellipsoid by its semi-axes, or planes full of foreground."""

    grid: tuple[int, int, int]
    semi_axes: tuple[int, int, int] = (0, 0, 0)
    n_full_planes: int = 0
    most_mib: int | None = None


SCENES = {
    "448x448x160, tumour": Scene(grid=(448, 448, 160), semi_axes=(40, 36, 28), most_mib=150),
    "1024x1024x400, tumour": Scene(grid=(1024, 1024, 400), semi_axes=(90, 80, 60), most_mib=400),
    "448x448x160, dense": Scene(grid=(448, 448, 160), n_full_planes=80),
    "1024x1024x400, dense": Scene(grid=(1024, 1024, 400), n_full_planes=40),
}

WORK = """
import json, resource, sys
engine, job = sys.argv[1], json.loads(sys.argv[2])
if engine == "zlib":
    sys.modules["zlib_ng"] = None
from pathlib import Path
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import Limits
from pytest_biasruler.masks import inflate
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.pairs import is_measured
assert (inflate.ENGINE.__name__ == "zlib") == (engine == "zlib")
import scipy.ndimage, scipy.spatial
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
imports = peak()
if job:
    done = score_case(Job(
        case="c",
        entries=tuple(Entry(set=n, role=Role(r), source=Path(p)) for n, r, p in job),
        metrics=tuple(filter(is_measured, CATALOGUE.values())),
        limits=Limits(max_voxels=2**29),
    ))
    assert done["error"] is None and len(done["rows"]) == 3, done["error"]
    assert all(facts["error"] is None for facts in done["masks"].values())
print(json.dumps([imports, peak()]))
"""


def write_case(folder: Path, scene: Scene) -> list[tuple[str, str, str]]:
    """Write one mask for each set, plane by plane, and return set, role and path of each."""
    roles = {"expert": "expert", "automated": "automated", "unet": "model"}
    header = nib.Nifti1Image(np.zeros((1, 1, 1), np.uint8), np.diag([*SPACING_MM, 1.0])).header
    header.set_data_shape(scene.grid)
    header["vox_offset"] = 352
    written = []
    for number, name in enumerate(SETS):
        path = folder / f"{name}.nii.gz"
        with gzip.open(path, "wb", compresslevel=6) as file:
            file.write(header.binaryblock + bytes(4))
            for depth in range(scene.grid[2]):
                file.write(draw_plane(scene, depth, shift=number).tobytes(order="F"))
        written.append((name, roles[name], str(path)))
    return written


def draw_plane(scene: Scene, depth: int, *, shift: int) -> np.ndarray:
    """Return one plane; each set's foreground lies `shift` voxels off the first one's."""
    width, height, n_planes = scene.grid
    if scene.n_full_planes:
        first = (n_planes - scene.n_full_planes) // 2 + shift
        is_full = first <= depth < first + scene.n_full_planes
        return np.full((width, height), is_full, np.uint8)
    a, b, c = scene.semi_axes
    x = ((np.arange(width) - width // 2 - shift) / a) ** 2
    y = ((np.arange(height) - height // 2) / b) ** 2
    z = ((depth - n_planes // 2) / c) ** 2
    return (np.add.outer(x, y) + z <= 1).astype(np.uint8)


def measure(engine: str, job: list[tuple[str, str, str]]) -> tuple[float, float]:
    """Return the peak in MiB after the imports, and at the end of the case."""
    command = [sys.executable, "-c", WORK, engine, json.dumps(job)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imports, peak = json.loads(done.stdout)
    return imports, peak


def measure_all(names: list[str]) -> list[dict[str, object]]:
    """Return a row for each engine and scene."""
    rows: list[dict[str, object]] = []
    for name in names:
        scene = SCENES[name]
        with tempfile.TemporaryDirectory() as folder:
            job = write_case(Path(folder), scene)
            for engine in ENGINES:
                imports, peak = measure(engine, job)
                n_bytes = int(np.prod(scene.grid))
                row = {
                    "scene": name,
                    "engine": engine,
                    "imports_mib": round(imports, 1),
                    "peak_mib": round(peak, 1),
                    "one_mask_inflated_mib": round(n_bytes / 2**20, 1),
                    **asdict(scene),
                }
                rows.append(row)
                bound = f", at most {scene.most_mib}" if scene.most_mib else ""
                print(f"{name:24} {engine:8} imports {imports:6.1f}  peak {peak:6.1f} MiB{bound}")
    return rows


def main() -> int:
    """Measure, record, and fail if a peak lies above what is promised."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--scene", choices=SCENES, action="append")
    arguments = parser.parse_args()
    rows = measure_all(arguments.scene or list(SCENES))
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return int(any(row["most_mib"] and row["peak_mib"] > row["most_mib"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
