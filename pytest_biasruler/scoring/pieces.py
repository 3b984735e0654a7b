"""One case cut into pieces, each of which is measured, kept and found again by itself.

A piece is named by its kind and the sets of masks it is about: ``("mask", "unet")``,
``("pair", "unet", "expert")``, ``("shape", "expert")`` or ``("echo", "unet", "auto", "expert")``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import CODES, Consequence
from pytest_biasruler.scoring.case import pairs_of
from pytest_biasruler.scoring.echo import ECHO_FACTS
from pytest_biasruler.scoring.features import FEATURES
from pytest_biasruler.scoring.job import CaseScores, EchoRow, Role, ScoreRow, ShapeRow
from pytest_biasruler.scoring.measures import Measure
from pytest_biasruler.scoring.table import FACTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_biasruler.scoring.job import Entry, Job

    Piece = tuple[str, ...]
    Contents = Mapping[Piece, Mapping[str, Any]]

_PASSING = ("BR101", "BR102", "BR103", "BR124", "BR401", "BR402")
"""What can be wrong with a file of known digest only for the moment."""


def list_pieces(job: Job) -> tuple[Piece, ...]:
    """Return all pieces of a case, in the order of its scores.

    Examples
    --------
    >>> from pytest_biasruler.benchmark.metrics import CATALOGUE
    >>> from pytest_biasruler.scoring.job import Entry, Job
    >>> entries = [Entry(set="e", role=Role.EXPERT, source=None),
    ...            Entry(set="m", role=Role.MODEL, source=None)]
    >>> list_pieces(Job(case="c", entries=entries, metrics=(CATALOGUE["dice"],)))
    (('mask', 'e'), ('mask', 'm'), ('pair', 'm', 'e'))
    """
    roles = tuple((entry.set, entry.role) for entry in job.entries)
    return _list_pieces(roles, job.measures, has_scores=bool(job.metrics))


@lru_cache(maxsize=16)  # the sets of a benchmark are those of each of its cases
def _list_pieces(
    roles: tuple[tuple[str, Role], ...], measures: tuple[str, ...], *, has_scores: bool
) -> tuple[Piece, ...]:
    pieces: list[Piece] = [("mask", name) for name, _ in roles]
    if has_scores:
        pieces += [("pair", *pair) for pair in pairs_of(dict(roles))]
    experts, automated, models = (
        [name for name, role in roles if role == wanted]
        for wanted in (Role.EXPERT, Role.AUTOMATED, Role.MODEL)
    )
    if Measure.SHAPE in measures:
        pieces += [("shape", name) for name in experts]
    if Measure.ECHO in measures:
        pieces += [("echo", m, a, e) for e in experts for a in automated for m in models]
    return tuple(pieces)


def narrow_job(job: Job, pieces: Collection[Piece], *, grid: Collection[str]) -> Job:
    """Return the job of measuring only these pieces.

    Parameters
    ----------
    grid : collection of str
        The sets whose masks decide which grid the case has, beside those the pieces are about.
    """
    if len(pieces) == len(list_pieces(job)):
        return job
    needed = {name for piece in pieces for name in piece[1:]}.union(grid)
    kept = tuple(entry for entry in job.entries if entry.set in needed)
    return replace(job, entries=kept, wanted=frozenset(pieces))


def cut_case(job: Job, scores: CaseScores) -> dict[Piece, dict[str, Any]]:
    """Return the contents of each piece that the job asked for, as compact plain data."""
    pieces = [piece for piece in list_pieces(job) if job.wants(*piece)]
    contents: dict[Piece, dict[str, Any]] = {piece: {"rows": []} for piece in pieces}
    sheared = {problem[0]: problem[1:] for problem in scores["problems"] if _is_of_mask(problem)}
    for name, facts in scores["masks"].items():
        contents["mask", name] = {"facts": facts, "sheared": sheared.get(name)}
    metrics = [metric.name for metric in job.metrics]
    for piece, row in _rows(scores):
        if piece in contents:
            contents[piece]["rows"].append(_pack(row, metrics))
    return contents


def _rows(scores: CaseScores) -> Iterator[tuple[Piece, Mapping[str, Any]]]:
    for score in scores["rows"]:
        yield ("pair", score["model"], score["reference"]), score
    for shape in scores["shapes"]:
        yield ("shape", shape["reference"]), shape
    for echo in scores["echoes"]:
        yield ("echo", echo["model"], echo["automated"], echo["reference"]), echo


def _pack(row: Mapping[str, Any], metrics: Sequence[str]) -> list[object]:
    """Return the values of a row in the order of their names, which all rows share."""
    if "features" in row:
        return [row["features"][name] for name in FEATURES]
    facts = row["facts"]
    if "status" not in row:
        return [facts[name] for name in ECHO_FACTS]
    scores = row["scores"]
    return [row["status"], *(scores[name] for name in metrics), *(facts[name] for name in FACTS)]


def join_pieces(job: Job, contents: Contents, *, problems: Sequence[list[str]] = ()) -> CaseScores:
    """Return the scores of a case whose pieces are all there, as one pass would have given them.

    Parameters
    ----------
    problems : sequence
        Those of the pass in which the last of the pieces were measured.
    """
    metrics = [metric.name for metric in job.metrics]
    rows = defaultdict(list)
    for number, label in enumerate(job.labels or [""]):
        for piece in list_pieces(job):
            if piece[0] != "mask" and contents[piece]["rows"]:
                values = contents[piece]["rows"][number]
                rows[piece[0]].append(_unpack(piece, values, metrics=metrics, label=label))
    masks = {entry.set: contents["mask", entry.set] for entry in job.entries}
    sheared = [[name, *each["sheared"]] for name, each in masks.items() if each["sheared"]]
    return CaseScores(
        masks={name: each["facts"] for name, each in masks.items()},
        rows=rows["pair"],
        shapes=rows["shape"],
        echoes=rows["echo"],
        problems=[*sheared, *(each for each in problems if not _is_of_mask(each))],
        error=None,
    )


def _unpack(piece: Piece, values: Sequence[Any], *, metrics: Sequence[str], label: str) -> Any:
    kind, *names = piece
    if kind == "shape":
        features = dict(zip(FEATURES, values, strict=True))
        return ShapeRow(label=label, reference=names[0], features=features)
    if kind == "echo":
        facts = dict(zip(ECHO_FACTS, values, strict=True))
        model, automated, reference = names
        return EchoRow(
            label=label, model=model, automated=automated, reference=reference, facts=facts
        )
    n_scores = len(metrics) + 1
    return ScoreRow(
        label=label,
        model=names[0],
        reference=names[1],
        status=values[0],
        scores=dict(zip(metrics, values[1:n_scores], strict=True)),
        facts=dict(zip(FACTS, values[n_scores:], strict=True)),
    )


def drop_passing(job: Job, contents: Contents, *, problems: Sequence[list[str]]) -> Contents:
    """Return the pieces that the same files would give again: a failed disk is no property.

    A reference that failed for the moment may have set another grid, so then nothing is. Of a
    model with a metric that failed only the mask is.
    """
    lost = {entry.set for entry in job.entries if _is_passing(entry, contents)}
    failed = {problem[0] for problem in problems if not _is_of_mask(problem)}
    if any(entry.set in lost and entry.role != Role.MODEL for entry in job.entries):
        return {}
    return {
        piece: content
        for piece, content in contents.items()
        if lost.isdisjoint(piece[1:]) and (piece[0] == "mask" or failed.isdisjoint(piece[1:]))
    }


def _is_passing(entry: Entry, contents: Contents) -> bool:
    content = contents.get(("mask", entry.set))
    error = None if content is None else content["facts"]["error"]
    if error is None:
        return False
    return CODES[error[0]] == Consequence.ERROR or (
        error[0] in _PASSING and (bool(entry.digest) or error[0] == "BR124")
    )


def _is_of_mask(problem: Sequence[str]) -> bool:
    return CODES.get(problem[1]) == Consequence.DISTANCES
