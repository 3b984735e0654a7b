"""A dataset in the Brain Imaging Data Structure: its participants, and masks in derivatives."""

from __future__ import annotations

import os
import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.paths import is_file_name
from pytest_biasruler.benchmark.rules import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_biasruler.benchmark.problems import Problems
    from pytest_biasruler.errors import BiasRulerError

MISSING = ("", "n/a")
"""Cells that mean "not recorded": the standard writes ``n/a``."""

_PARTICIPANT, _SESSION = "participant_id", "session_id"
_DEFAULTS = {"metadata": "participants.tsv", "case": _PARTICIPANT, "patient": _PARTICIPANT}
_MOST_ENTRIES = 200_000
_MOST_DEEP = 4  # subject, session, kind of data, and one to spare
_MOST_TOLD = 5
_NAME = re.compile(r"sub-[A-Za-z0-9+]+(?:_[a-z]+-[A-Za-z0-9+]+)*_(mask|dseg)\.nii(?:\.gz)?")
_SUBJECT = re.compile(r"(?<![^/_])sub-[A-Za-z0-9+]+(?=[/_])")
_VISIT = re.compile(r"(?<![^/_])ses-[A-Za-z0-9+]+(?=[/_])")


def know_bids(declared: Mapping[str, Any], *, root: Path, problems: Problems) -> dict[str, Any]:
    """Return the sections with what the standard knows.

    The metadata are ``participants.tsv``, a case and patient for each ``participant_id``. A
    reference or model without masks is the folder of its name in ``derivatives``, if its masks
    differ in subject and session alone. Attributes take ``n/a`` for missing.

    Parameters
    ----------
    declared : mapping
        Tables by name, as in a benchmark file.
    root : Path
        The dataset's folder.
    problems : Problems
        Takes ``BR126`` for a folder without masks, ``BR602`` for one with several kinds of them.
    """
    general = declared["benchmark"]
    case = general.get("case", _PARTICIPANT)
    is_strange = general.get("untrusted") is True  # no name of a stranger's file decides anything
    known: dict[str, Any] = {"benchmark": {**_DEFAULTS, **general}}
    attributes = declared.get("attributes")
    if isinstance(attributes, Mapping):
        known["attributes"] = {
            name: {"missing": MISSING, **table} if isinstance(table, Mapping) else table
            for name, table in attributes.items()
        }
    for section in ("references",) if is_strange else ("references", "models"):
        sets = declared.get(section)
        if isinstance(sets, Mapping):
            known[section] = dict(sets)
            for name in filter(lambda each: _lacks_masks(sets[each]), sets):
                if "scores" in declared and not _folder(root, name).is_dir():
                    continue
                with problems.at(section, name, "masks"):
                    masks = _find_template(name, root=root, case=case, section=section)
                    known[section][name] = {**sets[name], "masks": masks}
    return known


def _lacks_masks(declared: object) -> bool:
    return isinstance(declared, Mapping) and "masks" not in declared


def _folder(root: Path, name: str) -> Path:
    return root / "derivatives" / name


def _find_template(name: str, *, root: Path, case: str, section: str) -> str:
    """Return the template of the masks in ``derivatives/NAME``; masks go before segmentations."""
    of: dict[str, list[str]] = {"mask": [], "dseg": []}
    if is_file_name(name):
        for path in sorted(_walk(_folder(root, name))):
            fits = _NAME.fullmatch(path.rpartition("/")[2])
            if fits and _SUBJECT.search(f"/{path}"):
                of[fits[1]].append(f"derivatives/{name}/{path}")
    paths = of["mask"] or of["dseg"]
    subjects = defaultdict(set)
    visits = {visit for path in paths for visit in _VISIT.findall(path)}
    for path in paths:
        subjects[_template(path, case=case, has_visits=len(visits) > 1)].add(_subject_of(path))
    if not subjects:
        found = f"no mask of {name} in derivatives"
        expected = "files such as sub-01/anat/sub-01_desc-lesion_mask.nii.gz in its folder"
        fix = f"Add masks to [{section}.{name}], or correct root"
        raise refusal(found, expected, fix=fix, code="BR126")
    if len(subjects) > 1:
        raise _ambiguous(name, subjects, section=section)
    return next(iter(subjects))


def _template(path: str, *, case: str, has_visits: bool) -> str:
    """Return a path with placeholders; one session of everybody stays as it is."""
    subject = "{case}" if case == _PARTICIPANT else f"{{{_PARTICIPANT}}}"
    template = _SUBJECT.sub(subject, path)
    return _VISIT.sub(f"{{{_SESSION}}}", template) if has_visits else template


def _subject_of(path: str) -> str:
    return str(_SUBJECT.findall(path)[-1])


def _ambiguous(name: str, subjects: Mapping[str, set[str]], *, section: str) -> BiasRulerError:
    """Return BR602 with what to paste; what one subject alone has may tell who it is."""
    ordered = sorted(subjects, key=lambda each: (-len(subjects[each]), each))
    shared = [each for each in ordered if len(subjects[each]) > 1][:_MOST_TOLD]
    told = " or ".join(f'masks = "{each}"' for each in shared)
    found = f"the masks of {name} in derivatives are of {len(subjects)} kinds"
    fix = f"Add {told} to [{section}.{name}]" if told else f"Add masks to [{section}.{name}]"
    return refusal(found, "masks that differ in subject and session alone", fix=fix)


def _walk(folder: Path) -> Iterator[str]:
    """Yield the files below a folder; links are not followed, what is hidden is left out."""
    waiting = deque([("", 0)])
    n_left = _MOST_ENTRIES
    while waiting and n_left > 0:
        inner, depth = waiting.popleft()
        try:
            with os.scandir(folder / inner) as entries:
                seen = sorted((each for each in entries), key=lambda each: each.name)[:n_left]
        except OSError:
            continue
        n_left -= len(seen)
        for entry in seen:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir() and depth < _MOST_DEEP:
                waiting.append((f"{inner}{entry.name}/", depth + 1))
            elif entry.is_file():
                yield f"{inner}{entry.name}"
