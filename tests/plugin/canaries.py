"""A benchmark in which everything private holds a word that is found again, and the search."""

from __future__ import annotations

import base64
import csv
import re
import struct
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

import nibabel as nib
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {
    "case": "kanarcas",
    "patient": "kanarpat",
    "folder": "kanarfol",
    "stranger": "kanarstr",
    "unused column": "kanarunu",
    "unused head": "kanarhea",
    "unused score": "kanarsco",
    "malformed age": "kanarage",
    "descrip": "kanardes",
    "aux_file": "kanaraux",
    "db_name": "kanardbn",
    "intent_name": "kanarint",
    "data_type": "kanardat",
    "DICOM": "kanardic",
    "XML": "kanarxml",
    "comment": "kanarcom",
    "gzip name": "kanargzn",
    "gzip comment": "kanargzc",
    "unreadable": "kanarunr",
    "variable": "kanarvar",
    "user": "kanarusr",
    "host": "kanarhos",
    "home": "kanarhom",
}
"""Where a word hides -> the word; each is found in no other place."""

TEMPLATES = {
    "expert": "segmentations/expert/{case}.nii.gz",
    "automated": "segmentations/automatic/{case}.nii.gz",
    "by_expert": "predictions/by_expert/{case}.nii.gz",
    "by_machine": "predictions/by_machine/{case}.nii.gz",
}
SITES = ("north", "east", "south")
N_CASES = 36

MASKS_FILE = """\
[benchmark]
name = "Masks"
root = "${KANAR_DATA}"
metadata = "meta.csv"
case = "study"
patient = "person"
site = "place"
[references.expert]
kind = "expert"
masks = "segmentations/expert/{case}.nii.gz"
[references.automated]
kind = "automated"
masks = "segmentations/automatic/{case}.nii.gz"
[models.by_expert]
masks = "predictions/by_expert/{case}.nii.gz"
trained_on = "expert"
[models.by_machine]
masks = "predictions/by_machine/{case}.nii.gz"
trained_on = "automated"
[attributes.age]
bins = [0, 41, 120]
[attributes.sex]
[defaults]
min_patients = 3
"""

TABLE_FILE = """\
[benchmark]
name = "Table"
root = "${KANAR_DATA}"
metadata = "meta.csv"
case = "study"
patient = "person"
[references.expert]
kind = "expert"
[references.automated]
kind = "automated"
[models.unet]
[models.ghost]
[attributes.age]
bins = [0, 41, 120]
[attributes.sex]
[scores]
table = "scores.csv"
[defaults]
min_patients = 3
"""

ALL_QUESTIONS = """\
[[checks]]
check = "gap"
by = ["age", "sex", ["age", "sex"]]
sensitivity = true
model = "by_machine"
[[checks]]
check = "ruler"
by = "age"
model = "by_machine"
waive = { reason = "relabelling under way", until = 2999-12-31 }
[[checks]]
check = "labels"
by = "age"
[[checks]]
check = "success"
by = "age"
model = "by_expert"
[[checks]]
check = "floor"
by = "age"
limit = 0.9
model = "by_expert"
[[checks]]
check = "amplification"
by = "age"
[[checks]]
check = "echo"
by = "age"
model = "by_machine"
control = "by_expert"
[[checks]]
check = "difficulty"
by = "age"
model = "by_machine"
[[checks]]
check = "morphology"
by = "sex"
[[checks]]
check = "ranking"
[[checks]]
check = "transport"
by = "sex"
model = "by_expert"
min_sites = 3
min_patients_site = 2
[[checks]]
check = "noise"
by = "age"
model = "by_expert"
[[checks]]
check = "rectified"
by = "age"
model = "by_expert"
labelled = "random"
[[checks]]
check = "provenance"
by = ["age", "sex"]
"""

OUTCOMES = """\
[[checks]]
check = "gap"
by = "sex"
model = "unet"
limit = 0.5
[[checks]]
check = "gap"
by = "age"
model = "unet"
[[checks]]
check = "gap"
by = "age"
model = "unet"
limit = 0.2
[[checks]]
check = "gap"
by = "age"
model = "ghost"
[[checks]]
check = "ruler"
by = "age"
model = "unet"
waive = { reason = "relabelling under way", until = 2999-12-31 }
"""


def write_cohort(root: Path) -> None:
    """Write tables and masks of 36 studies of 35 people below `root`."""
    rng = np.random.default_rng(0)
    rows, scores = [], []
    for i in range(N_CASES):
        case, is_old = f"{WORDS['case']}{i:02d}", i % 2 == 0
        person = f"{WORDS['patient']}{max(i, 1):02d}"
        sex, place = "FM"[i // 2 % 2], SITES[i // 4 % len(SITES)]
        rows.append([case, person, 60 if is_old else 30, sex, place, WORDS["unused column"]])
        low = 0.7 + 0.2 * is_old + rng.normal(0, 0.01)
        for model, reference in (("unet", "expert"), ("unet", "automated")):
            scores.append([case, model, reference, f"{low:.4f}", WORDS["unused score"]])
        scores.append([case, "automated", "expert", f"{low:.4f}", WORDS["unused score"]])
        widths = {"expert": 7, "automated": 7 - (not is_old), "by_expert": 6, "by_machine": 6}
        for name, width in widths.items():
            shift = int(rng.integers(0, 2))
            path = root / TEMPLATES[name].replace("{case}", case)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(mask_bytes(width=width + shift, shift=shift, case=i))
    write_csv(
        root / "meta.csv", ["study", "person", "age", "sex", "place", WORDS["unused head"]], rows
    )
    head = ["case", "model", "reference", "dice", WORDS["unused score"] + "_column"]
    write_csv(root / "scores.csv", head, scores)
    place = root / "predictions" / "by_expert"
    (place / f"{WORDS['stranger']}.nii.gz").write_bytes(b"stranger")
    (place / f"{WORDS['case']}03.nii.gz").write_bytes(gzip_named(WORDS["unreadable"].encode()))
    (root / "segmentations" / "expert" / f"{WORDS['case']}05.nii.gz").unlink()
    (root / "predictions" / "by_machine" / f"{WORDS['case']}08.nii.gz").unlink()


def write_csv(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def mask_bytes(*, width: int, shift: int, case: int) -> bytes:
    """Return a gzipped mask of which every field of free text holds a word."""
    voxels = np.zeros((12, 12, 8), dtype=np.uint8)
    voxels[1 + shift : 1 + width, 2:9, 1:6] = 1
    voxels[2:5, 2 + case % 5 : 9, 6] = 1
    voxels[case % 3 + 2, case // 3 % 7 + 2, 7] = 1
    image = nib.Nifti1Image(voxels, np.diag([1.0, 1.0, 2.0, 1.0]))
    for field in ("descrip", "aux_file", "db_name", "intent_name"):
        image.header[field] = WORDS[field].encode()
    image.header["data_type"] = WORDS["data_type"].encode()
    for code, kind in ((2, "DICOM"), (4, "XML"), (6, "comment")):
        extension = nib.nifti1.Nifti1Extension(code, WORDS[kind].encode())
        image.header.extensions.append(extension)
    return gzip_named(image.to_bytes())


def gzip_named(content: bytes) -> bytes:
    """Return a gzip member with a file name and a comment, which nibabel does not write."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    head = b"\x1f\x8b\x08\x18" + bytes(6)
    names = f"{WORDS['gzip name']}\0{WORDS['gzip comment']}\0".encode()
    tail = struct.pack("<2L", zlib.crc32(content), len(content))
    return head + names + packer.compress(content) + packer.flush() + tail


def snapshot(folder: Path) -> dict[Path, bytes]:
    """Return every file below `folder` with what it holds."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def find_words(content: bytes) -> set[str]:
    """Return where the words hide that `content` holds in any spelling, also compressed ones."""
    views = [content, *_inflated(content)]
    texts = [view.lower() for view in views]
    found = set()
    for place, word in WORDS.items():
        if any(spelling in text for spelling in _spellings(word) for text in texts) or any(
            core in view for core in _base64_cores(word) for view in views
        ):
            found.add(place)
    return found


def _spellings(word: str) -> set[bytes]:
    """Return a word as text, UTF-16, hex, percent-encoding and escapes, in small letters."""
    plain = word.encode()
    return {
        plain,
        word.encode("utf-16-le"),
        word.encode("utf-16-be"),
        plain.hex().encode(),
        "".join(f"%{byte:02x}" for byte in plain).encode(),
        quote(word).lower().encode(),
        "".join(f"&#{byte};" for byte in plain).encode(),
        "".join(f"\\u{byte:04x}" for byte in plain).encode(),
    }


def _base64_cores(word: str) -> set[bytes]:
    """Return what base64 makes of a word whatever stands before and behind it."""
    cores = set()
    for spelling in (word, word.upper(), word.capitalize()):
        for before in range(3):
            whole = base64.b64encode(bytes(before) + spelling.encode() + bytes(3))
            first = (0, 2, 3)[before]
            last = (before + len(word)) * 8 // 6  # the characters that later bytes do not touch
            core = whole[first:last]
            cores |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return cores


def _inflated(content: bytes) -> list[bytes]:
    """Return what gzip and zlib streams inside `content` hold."""
    found = []
    for start in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", content):
        try:
            found.append(zlib.decompressobj(47).decompress(content[start.start() :], 2**24))
        except zlib.error:
            continue
    return found
