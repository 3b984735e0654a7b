"""Evaluate a submission on EvalAI: both files are zip archives."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

from submission import audit_submission

MOST_BYTES = 2**30


def unpack(archive, folder):
    """Unpack the masks of a stranger: plain names, into one folder, and not too many bytes."""
    folder.mkdir()
    with ZipFile(archive) as stored:
        masks = [each for each in stored.infolist() if re.fullmatch(r"[\w.-]+", each.filename)]
        if sum(mask.file_size for mask in masks) > MOST_BYTES:
            raise ValueError("the submission is larger than 1 GiB")
        for mask in masks:
            with stored.open(mask) as source, (folder / mask.filename).open("xb") as target:
                shutil.copyfileobj(source, target)


def evaluate(test_annotation_file, user_submission_file, phase_codename, **_):
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        with ZipFile(test_annotation_file) as ours:
            ours.extractall(work)
        unpack(user_submission_file, work / "submission")
        numbers = audit_submission(work)
    verdict = numbers.pop("verdict")
    print(f"{phase_codename}: {verdict}", file=sys.stderr)
    return {"result": [{"test_split": numbers}], "submission_result": numbers}
