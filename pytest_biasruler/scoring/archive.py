"""What a store holds of the cases of a run: found by the content of masks, piece by piece."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.identity import describe_entry, digest_job, state_settings
from pytest_biasruler.scoring.job import CaseScores, Role
from pytest_biasruler.scoring.pieces import (
    cut_case,
    drop_passing,
    join_pieces,
    list_pieces,
    narrow_job,
)
from pytest_biasruler.scoring.submission import name_confined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_biasruler.scoring.job import Job
    from pytest_biasruler.scoring.pieces import Piece
    from pytest_biasruler.scoring.store import Store

    Looked = Iterator[tuple[Job, CaseScores | None]]
    Contents = dict[Piece, dict[str, Any]]

_SHARE = 50
"""Writing may take one part in so many of the time: each transaction waits for the disk."""
_LONGEST_S = 5.0
"""How much work a run that is killed may lose, however slow the disk is."""
_MOST_CASES = 128  # at a time: they are hashed before the first of them is scored


def _batches(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Yield so many jobs at a time that asking for them together pays, but the first ones soon."""
    batch: list[Job] = []
    for job in jobs:
        batch.append(job)
        holds_voxels = any(isinstance(entry.source, Crop) for entry in job.entries)
        if holds_voxels or len(batch) >= _MOST_CASES:
            yield batch
            batch = []
    if batch:
        yield batch


class _Keeper:
    """Looks up many cases at once, and writes what was measured every now and then."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._waiting: dict[str, dict[str, Any]] = {}
        self._next = time.monotonic()

    def keep(self, entries: dict[str, dict[str, Any]]) -> None:
        """Keep all these entries, in one transaction."""
        self._waiting |= entries
        if time.monotonic() >= self._next:
            self.flush()

    def close(self) -> None:
        """Write what waits."""
        self.flush()

    def flush(self) -> None:
        """Write what waits; what could not be written because of an interruption still waits."""
        if self._waiting:
            begin = time.monotonic()
            self.store.write_all(self._waiting)
            self._waiting = {}
            end = time.monotonic()
            self._next = end + min(_SHARE * (end - begin), _LONGEST_S)

    def look_up(self, jobs: Iterable[Job]) -> Looked:
        """Yield each job with its scores if they are known, else with what lacks alone."""
        for batch in _batches(jobs):
            yield from self._look_up(batch)

    def _look_up(self, jobs: Sequence[Job]) -> Looked:
        raise NotImplementedError


class ConfinedArchive(_Keeper):
    """Whole cases: what a process said that may have been taken over is not mixed with others."""

    def _look_up(self, jobs: Sequence[Job]) -> Looked:
        named = [name_confined(job) for job in jobs]
        found = self.store.read_all([job.key for job in named])
        for job in named:
            yield job, cast("CaseScores | None", found.get(job.key))

    def enter(self, job: Job, scores: CaseScores) -> tuple[Job, CaseScores]:
        """Keep scores that were just made; return them, and the job of the whole case."""
        contents = {} if scores["error"] else cut_case(job, scores)
        if contents and drop_passing(job, contents, problems=scores["problems"]) == contents:
            self.keep({job.key: dict(scores)})
        return job, scores


class Archive(_Keeper):
    """Pieces of cases: of a case of which one mask changed, only what touches it is measured.

    Beside its pieces a case is kept whole, so that one of which nothing changed is found at once.
    """

    def __init__(self, store: Store, *, settings: Job) -> None:
        super().__init__(store)
        self._of_masks = state_settings(settings, has_metrics=False)
        self._of_scores = state_settings(settings)
        self._known: dict[str, _Known] = {}

    def _look_up(self, jobs: Sequence[Job]) -> Looked:
        cases = [_Known.of(digest_job(job)) for job in jobs]
        for case in cases:
            case.key = _hash(self._of_scores, "case", *case.job.measures, *case.lines.values())
        found = self.store.read_all([case.key for case in cases])
        for case in cases:
            if case.key in found:
                contents = zip(list_pieces(case.job), found[case.key]["pieces"], strict=True)
                yield case.job, join_pieces(case.job, dict(contents))
        yield from self._look_for_pieces([case for case in cases if case.key not in found])

    def _look_for_pieces(self, cases: Sequence[_Known]) -> Looked:
        first = {case: self._name_first(case) for case in cases}
        of_first = self.store.read_all([key for key in first.values() if key])
        asked = [case for case, key in first.items() if not key or key in of_first]
        for case in asked:
            content = of_first.get(first[case])
            self._name_all(case, content)
        found = self.store.read_all([key for case in asked for key in case.keys.values()])
        for case in cases:
            keys = case.keys.items()
            case.contents = {piece: found[key] for piece, key in keys if key in found}
            lacking = [each for each in list_pieces(case.job) if each not in case.contents]
            if not lacking:
                self.keep({case.key: case.pack()})
                yield case.job, join_pieces(case.job, case.contents)
                continue
            self._known[case.job.case] = case
            yield narrow_job(case.job, lacking, grid=case.grid), None

    def enter(self, job: Job, scores: CaseScores) -> tuple[Job, CaseScores]:
        """Keep pieces that were just measured; return all scores, and the job of the whole case.

        A mask of which other things are now said than when the pieces were kept changed, or is on
        a disk that fails: the case is then scored at once as if nothing were known.
        """
        case = self._known.pop(job.case)
        if scores["error"] is not None:
            return case.job, scores
        made = cut_case(job, scores)
        if any(case.contents.get(piece, content) != content for piece, content in made.items()):
            return case.job, score_case(case.job)
        case.contents |= made
        if not case.keys:
            self._name_all(case, made["mask", case.first] if case.first else None)
        lasting = drop_passing(job, made, problems=scores["problems"])
        entries = {case.keys[piece]: dict(content) for piece, content in lasting.items()}
        if len(lasting) == len(made):
            entries[case.key] = case.pack()
        self.keep(entries)
        return case.job, join_pieces(case.job, case.contents, problems=scores["problems"])

    def _name_first(self, case: _Known) -> str:
        """Return the key of the mask that sets the grid if it can be read; "" if there is none.

        It is known before the grid is, and alone: nothing it could be held against is read before.
        """
        return _hash(self._of_masks, "mask", case.lines[case.first]) if case.first else ""

    def _name_all(self, case: _Known, of_first: dict[str, Any] | None) -> None:
        """Fill in the keys of all pieces, and whose masks decide the grid."""
        is_set = of_first is not None and of_first["facts"]["error"] is None
        case.grid = (case.first,) if is_set else case.references
        lines, grid = case.lines, [case.lines[name] for name in case.grid]
        for piece in list_pieces(case.job):
            settings = self._of_scores if piece[0] == "pair" else self._of_masks
            about = [lines[name] for name in piece[1:]]
            case.keys[piece] = _hash(settings, piece[0], *about, *grid)
        if case.first:
            case.keys["mask", case.first] = self._name_first(case)


@dataclass(kw_only=True, slots=True, eq=False)
class _Known:
    """What is known of a case while its other pieces are looked for, or measured.

    `lines` say by set what its mask is; `first` is the set whose mask sets the grid if it can be
    read, "" if there is none.
    """

    job: Job
    lines: dict[str, str]
    first: str
    references: tuple[str, ...]
    key: str = ""
    grid: tuple[str, ...] = ()
    keys: dict[Piece, str] = field(default_factory=dict)
    contents: Contents = field(default_factory=dict)

    @classmethod
    def of(cls, job: Job) -> _Known:
        """Return a case of which only the digests are known."""
        return cls(
            job=job,
            lines={entry.set: describe_entry(entry) for entry in job.entries},
            first=_first(job),
            references=tuple(each.set for each in job.entries if each.role != Role.MODEL),
        )

    def pack(self) -> dict[str, Any]:
        """Return the entry of the whole case, all pieces of which are known."""
        return {"pieces": [self.contents[piece] for piece in list_pieces(self.job)]}


def _first(job: Job) -> str:
    """Return the reference that sets the grid if its mask can be read."""
    for role in (Role.EXPERT, Role.AUTOMATED):
        for entry in job.entries:
            if entry.role == role and not isinstance(entry.source, BiasRulerError):
                return entry.set
    return ""


def _hash(*lines: str) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
