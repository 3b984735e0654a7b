"""What a stranger's submission may consist of: plain files in a folder of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.file import find_file
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.identity import hash_plain, is_importable, name_job
from pytest_biasruler.scoring.job import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.scoring.job import Entry, Job
    from pytest_biasruler.scoring.sources import MaskSet


def check_submission(
    benchmark: Benchmark, sets: Sequence[MaskSet], *, metrics: Iterable[Metric] = ()
) -> list[BiasRulerError]:
    """Return BR602 for everything that an untrusted benchmark may not hold; nothing is read.

    Masks must be files, or they could not be read in another process; a model must have a folder
    of its own, or it could write where others are read; metrics must be importable by name, or
    they would see hostile masks in this process. An empty list for a trusted benchmark.
    """
    if not benchmark.untrusted:
        return []
    return [
        *(_not_files(each) for each in sets if not _holds_files(each)),
        *_shared_folders(sets, root=benchmark.root or Path()),
        *(
            _not_importable(metric)
            for metric in metrics
            if metric.score is not None and not is_importable(metric.score)
        ),
    ]


def harden_entry(entry: Entry, mask_set: MaskSet, *, case: str, benchmark: Benchmark) -> Entry:
    """Return the entry of an untrusted benchmark, or one that says why its file is not opened.

    No link on the way to a prediction is followed, and none is a prediction. A link in place of a
    reference is resolved here, if links are allowed, so that nobody follows one later.
    """
    if not isinstance(entry.source, Path):
        return entry
    known: dict[str, Any] = {"entry": entry, "benchmark": benchmark}
    check = partial(_resolve, entry.source, **known)
    if entry.role == Role.MODEL:
        check = partial(_check_prediction, entry.source, case=case, mask_set=mask_set, **known)
    return replace(entry, source=attempt(partial(_find_nifti, check, title=entry.title)))


def _find_nifti(find: Callable[[], Path], *, title: str) -> Path:
    """Return the file that `find` returns, if it is of the one format that is read in distrust."""
    path = find()
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        found = f"{title} is no NIfTI file, and the benchmark is untrusted"
        expected = ".nii or .nii.gz, the only formats that are read then"
        raise BiasRulerError("BR113", found, expected, "Convert it")
    return path


def name_confined(job: Job) -> Job:
    """Return the job with the digests of its files, computed here, and a key of its own.

    What a process said that may have been taken over is never found under the key of scores that
    were measured in trust.
    """
    named = name_job(job)
    return replace(named, key=hash_plain([named.key, "confined"]))


def _holds_files(mask_set: MaskSet) -> bool:
    masks = mask_set.masks
    if isinstance(masks, Mapping):
        return all(isinstance(each, str | Path) for each in masks.values())
    return isinstance(masks, str)


def _not_files(mask_set: MaskSet) -> BiasRulerError:
    found = f"masks of {mask_set.name} are given in code, and the benchmark is untrusted"
    expected = "a template or a path for each case"
    return BiasRulerError("BR602", found, expected, "Write the masks to files")


def _not_importable(metric: Metric) -> BiasRulerError:
    found = f"metric {metric.name} cannot be imported by name, and the benchmark is untrusted"
    fix = "Move its function into a module, not into conftest"
    return BiasRulerError("BR602", found, "a function of an importable module", fix)


def _shared_folders(sets: Iterable[MaskSet], *, root: Path) -> list[BiasRulerError]:
    problems = []
    for one, other in combinations(sets, 2):
        if Role.MODEL not in (one.role, other.role):
            continue
        pairs = [(a, b) for a in _folders(one, root=root) for b in _folders(other, root=root)]
        if any(a.is_relative_to(b) or b.is_relative_to(a) for a, b in pairs):
            model, beside = (other, one) if other.role == Role.MODEL else (one, other)
            found = f"the folder of model {model.name} contains or lies in that of {beside.name}"
            fix = "Move the submission, and correct masks"
            problems.append(BiasRulerError("BR602", found, "a folder of its own", fix))
    return problems


def _folders(mask_set: MaskSet, *, root: Path) -> frozenset[Path]:
    """Return where the masks of a set lie, links resolved."""
    if mask_set.template:
        return frozenset({_folder(mask_set.template, root=root)})
    if isinstance(mask_set.masks, Mapping):
        paths = [root / each for each in mask_set.masks.values() if isinstance(each, str | Path)]
        return frozenset(Path(os.path.realpath(path.parent)) for path in paths)
    return frozenset()


def _folder(template: str, *, root: Path) -> Path:
    """Return the folder below which a template's files lie, whatever the case is called."""
    return Path(os.path.realpath(root / _head(template)))


def _head(template: str) -> str:
    return template.partition("{")[0].rpartition("/")[0]


def _check_prediction(
    path: Path, *, entry: Entry, case: str, mask_set: MaskSet, benchmark: Benchmark
) -> Path:
    if mask_set.template:
        folder = _folder(mask_set.template, root=benchmark.root or Path())
        below = mask_set.path_of(case)[len(_head(mask_set.template)) :].lstrip("/")
        if path != Path(os.path.normpath(folder / below)):  # links on the way to it are resolved
            raise _behind_a_link(entry)
    strict = replace(benchmark.limits, allow_symlinks=False)
    try:
        find_file(path, name=entry.title, root=benchmark.root, limits=strict, place=entry.place)
    except BiasRulerError as error:
        if error.code != "BR402":
            raise
        # The setting that allows links has no say over a submission.
        found, fix = error.found, "Copy the file: no link of a submission is followed"
        raise BiasRulerError("BR402", found, error.expected, fix) from None
    return path


def _behind_a_link(entry: Entry) -> BiasRulerError:
    found = f"{entry.title} lies behind a symbolic link"
    return BiasRulerError("BR402", found, "a folder of the submission", "Copy the files")


def _resolve(path: Path, *, entry: Entry, benchmark: Benchmark) -> Path:
    found, _ = find_file(
        path,
        name=entry.title,
        root=benchmark.root,
        limits=benchmark.limits,
        place=entry.place,
    )
    return found
