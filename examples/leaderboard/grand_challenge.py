"""Evaluate the outputs of an algorithm on grand-challenge.org: /input to /output/metrics.json.

What is raised becomes the last line of the error stream, which the platform shows to the team.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from submission import audit_submission

FOLDERS = ("/input", "/opt/ml/input/data/ground_truth", "/output")
IMAGE, PREDICTION = "abdominal-ct", "kidney-tumour-segmentation"
CONVERT = """
import sys
import SimpleITK
for source, target in zip(sys.argv[1::2], sys.argv[2::2]):
    SimpleITK.WriteImage(SimpleITK.ReadImage(source), target)
"""


def find_value(values, slug):
    return next(value for value in values if value["socket"]["slug"] == slug)


def list_pairs(jobs, *, folder, target):
    """Yield the prediction of each job, and the path at which the audit looks for it."""
    for job in jobs:
        name = find_value(job["inputs"], IMAGE)["image"]["name"]
        path = find_value(job["outputs"], PREDICTION)["socket"]["relative_path"]
        for source in (folder / job["pk"] / "output" / path).glob("*.mha"):
            # Nothing but a file that holds its own voxels: a header can name any other file.
            if b"\nElementDataFile = LOCAL\n" in source.read_bytes()[:8192]:
                yield str(source), str(target / f"{name.partition('.')[0]}.nii.gz")


def main(folder, ground_truth, results):
    with tempfile.TemporaryDirectory() as name:
        work = Path(name) / "audit"
        shutil.copytree(ground_truth, work)
        (work / "submission").mkdir()
        jobs = json.loads((folder / "predictions.json").read_text(encoding="utf-8"))
        pairs = list_pairs(jobs, folder=folder, target=work / "submission")
        arguments = [path for pair in pairs for path in pair]
        # In a process of its own: what a hostile image does to its reader ends there.
        command = [sys.executable, "-c", CONVERT, *arguments]
        if subprocess.run(command, timeout=600, capture_output=True, check=False).returncode:
            raise RuntimeError("a prediction cannot be read as an image")
        metrics = {"aggregates": audit_submission(work)}
    (results / "metrics.json").write_text(json.dumps(metrics, indent=2), encoding="utf-8")
    print(metrics["aggregates"]["verdict"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:] or FOLDERS))
