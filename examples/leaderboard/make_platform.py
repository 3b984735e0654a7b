"""Lay out what the two platforms would hand over: `python make_platform.py TEAM`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import SimpleITK

N_PATIENTS = 24
TEAM = sys.argv[1]
PLATFORM = Path("platform")
SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)

shutil.rmtree(PLATFORM, ignore_errors=True)
truth = PLATFORM / "ground_truth"
(truth / "expert").mkdir(parents=True)
(PLATFORM / "output").mkdir()
table = Path("patients.csv").read_text(encoding="utf-8").splitlines()[: N_PATIENTS + 1]
(truth / "patients.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
shutil.copy("phase.biasruler.toml", truth)

jobs = []
for number, row in enumerate(table[1:], start=1):
    case, pk = row.partition(",")[0], str(UUID(int=number))
    shutil.copy(f"expert/{case}.nii.gz", truth / "expert")
    path = PLATFORM / "input" / pk / "output" / "images" / "kidney-tumour"
    path.mkdir(parents=True)
    mask = SimpleITK.ReadImage(f"submissions/{TEAM}/{case}.nii.gz")
    SimpleITK.WriteImage(mask, path / f"{pk}.mha", useCompression=True)
    image = {"socket": {"slug": "abdominal-ct"}, "image": {"name": f"{case}.mha"}}
    socket = {"slug": "kidney-tumour-segmentation", "relative_path": "images/kidney-tumour"}
    jobs.append({"pk": pk, "inputs": [image], "outputs": [{"socket": socket}]})
(PLATFORM / "input" / "predictions.json").write_text(json.dumps(jobs), encoding="utf-8")

with ZipFile(PLATFORM / "annotations.zip", "w") as archive:
    for file in sorted(truth.rglob("*.*")):
        archive.write(file, file.relative_to(truth))
with ZipFile(PLATFORM / "submission.zip", "w") as archive:
    for row in table[1:]:
        name = f"{row.partition(',')[0]}.nii.gz"
        archive.write(f"submissions/{TEAM}/{name}", name)
