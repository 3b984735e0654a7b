"""What the process of a case says of it, taken only as far as it fits the errand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring import answer
from pytest_biasruler.scoring.answer import Malformed
from pytest_biasruler.scoring.case import pairs_of
from pytest_biasruler.scoring.echo import ECHO_FACTS
from pytest_biasruler.scoring.features import FEATURES
from pytest_biasruler.scoring.job import (
    CaseScores,
    EchoRow,
    MaskFacts,
    Role,
    ScoreRow,
    ShapeRow,
    Status,
    error_to_plain,
)
from pytest_biasruler.scoring.measures import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.scoring.job import Entry, Job

_LARGEST_LABEL = 2**31 - 1
_COUNTS = ("n_model", "n_reference", "n_both")
_VOLUMES = ("model_ml", "reference_ml", "diagonal_mm")


def hear(plain: Any, job: Job) -> CaseScores:
    """Return the scores of a case, as plain as they came.

    Which rows there are follows from the job and from which masks can be used; digests of files
    are those that this process knows; a mask that could not be read before cannot be read now.

    Raises
    ------
    Malformed
        If anything is there that an honest process never says.
    """
    given = answer.table(plain, CaseScores.__annotations__)
    if given["error"] is not None:
        error = answer.error_of_case(given["error"])
        return CaseScores(masks={}, rows=[], shapes=[], echoes=[], problems=[], error=error)
    by_set = answer.table(given["masks"], [entry.set for entry in job.entries])
    masks = {entry.set: _hear_mask(by_set[entry.set], entry, job=job) for entry in job.entries}
    witness = _Witness(job=job, masks=masks)
    return CaseScores(
        masks=masks,
        rows=witness.hear_rows(given["rows"]),
        shapes=witness.hear_shapes(given["shapes"]),
        echoes=witness.hear_echoes(given["echoes"]),
        problems=witness.hear_problems(given["problems"]),
        error=None,
    )


def _hear_mask(plain: Any, entry: Entry, *, job: Job) -> MaskFacts:
    given = answer.table(plain, MaskFacts.__annotations__)
    is_large = given["is_large"]
    if not isinstance(is_large, bool):
        raise Malformed("is_large")
    facts = MaskFacts(
        error=_hear_error(given["error"], entry),
        sha256=answer.digest(given["sha256"]),
        voxel_sha256=answer.digest(given["voxel_sha256"]),
        notes=answer.notes(given["notes"]),
        highest=answer.whole(given["highest"], most=_LARGEST_LABEL),
        is_large=is_large,
        n_ignored=answer.whole(given["n_ignored"], most=_most_ignored(entry, job=job)),
    )
    if facts["sha256"] != ("" if facts["error"] else entry.digest):
        raise Malformed("digest of a file")
    facts_of_voxels = (facts["voxel_sha256"], facts["notes"], facts["highest"], facts["n_ignored"])
    if facts["error"] and any(facts_of_voxels):
        raise Malformed("facts of no mask")
    return facts


def _most_ignored(entry: Entry, *, job: Job) -> int:
    """Return how many voxels of a mask may be told to be left out: none of a prediction."""
    is_asked = job.ignore is not None and entry.role != Role.MODEL
    return job.limits.max_voxels if is_asked else 0


def _hear_error(plain: Any, entry: Entry) -> list[str] | None:
    if isinstance(entry.source, BiasRulerError):
        if plain != error_to_plain(entry.source):
            raise Malformed("a mask that cannot be read")
        return error_to_plain(entry.source)
    return None if plain is None else answer.error_of_mask(plain)


class _Witness:
    """What may be said of a case, once it is known which of its masks can be used."""

    def __init__(self, *, job: Job, masks: Mapping[str, MaskFacts]) -> None:
        self.job = job
        self.roles = {entry.set: entry.role for entry in job.entries}
        self.usable = {name for name, facts in masks.items() if facts["error"] is None}
        self.labels = list(job.labels) or [""]
        if not any(self._of(Role.EXPERT, Role.AUTOMATED)):
            self.labels = []  # without a grid nothing is compared

    def _of(self, *roles: Role) -> list[str]:
        return [name for name, role in self.roles.items() if role in roles and name in self.usable]

    def hear_rows(self, plain: Any) -> list[ScoreRow]:
        expected = [
            (label, model, reference)
            for label in self.labels
            for model, reference in pairs_of(self.roles)
            if reference in self.usable
            and (model in self.usable or self.roles[model] == Role.MODEL)
        ]
        given = _as_many(plain, expected)
        return [self._hear_row(row, *keys) for row, keys in zip(given, expected, strict=True)]

    def _hear_row(self, plain: Any, label: str, model: str, reference: str) -> ScoreRow:
        given = answer.table(plain, ScoreRow.__annotations__)
        _require_keys(given, label=label, model=model, reference=reference)
        metrics = {metric.name: metric for metric in self.job.metrics}
        scores = answer.table(given["scores"], metrics)
        facts = self._hear_facts(given["facts"], is_known=model in self.usable)
        is_absent = facts["n_model"] == 0 and facts["n_reference"] == 0
        status = Status.AGREED_ABSENT if is_absent else Status.SCORED
        status = status if model in self.usable else Status.WORST
        if is_absent and self._may_be_void(model, given=given):
            status = Status.UNDEFINED
        if given["status"] != status.value:
            raise Malformed("status")
        return ScoreRow(
            label=label,
            model=model,
            reference=reference,
            status=status.value,
            scores={
                name: answer.score_of(scores[name], metric) for name, metric in metrics.items()
            },
            facts=facts,
        )

    def _may_be_void(self, model: str, *, given: Mapping[str, Any]) -> bool:
        """Return whether two references are said to ignore, between them, every voxel."""
        is_said = given["status"] == Status.UNDEFINED.value
        is_possible = self.job.ignore is not None and self.roles[model] != Role.MODEL
        has_scores = any(score is not None for score in given["scores"].values())
        return is_said and is_possible and not has_scores

    def _hear_facts(self, plain: Any, *, is_known: bool) -> dict[str, float | None]:
        given = answer.table(plain, (*_COUNTS, *_VOLUMES))
        of_model = ("n_model", "n_both", "model_ml")
        if not is_known and any(given[name] is not None for name in of_model):
            raise Malformed("facts of no mask")
        known = [name for name in given if is_known or name not in of_model]
        most = self.job.limits.max_voxels
        counts = {name: answer.whole(given[name], most=most) for name in known if name in _COUNTS}
        sizes = {name: answer.number(given[name], 0.0) for name in known if name in _VOLUMES}
        if is_known and counts["n_both"] > min(counts["n_model"], counts["n_reference"]):
            raise Malformed("overlap")
        return {name: counts.get(name, sizes.get(name)) for name in given}

    def hear_shapes(self, plain: Any) -> list[ShapeRow]:
        is_asked = Measure.SHAPE in self.job.measures
        experts = self._of(Role.EXPERT) if is_asked else []
        expected = [(label, name) for label in self.labels for name in experts]
        heard = []
        for row, (label, reference) in zip(_as_many(plain, expected), expected, strict=True):
            given = answer.table(row, ShapeRow.__annotations__)
            _require_keys(given, label=label, reference=reference)
            features = _hear_numbers(given["features"], FEATURES)
            heard.append(ShapeRow(label=label, reference=reference, features=features))
        return heard

    def hear_echoes(self, plain: Any) -> list[EchoRow]:
        models = [name for name, role in self.roles.items() if role == Role.MODEL]
        expected = [
            (label, model, automated, reference)
            for label in self.labels
            for reference in self._of(Role.EXPERT)
            for automated in self._of(Role.AUTOMATED)
            for model in models
            if Measure.ECHO in self.job.measures
        ]
        given = _as_many(plain, expected)
        return [self._hear_echo(row, *keys) for row, keys in zip(given, expected, strict=True)]

    def _hear_echo(
        self, plain: Any, label: str, model: str, automated: str, reference: str
    ) -> EchoRow:
        given = answer.table(plain, EchoRow.__annotations__)
        _require_keys(given, label=label, model=model, automated=automated, reference=reference)
        facts = _hear_numbers(given["facts"], ECHO_FACTS)
        answer.number_or_none(facts["kappa"], None, 1.0)
        if model not in self.usable and facts["kappa"] is not None:
            raise Malformed("echo of no mask")
        return EchoRow(
            label=label, model=model, automated=automated, reference=reference, facts=facts
        )

    def hear_problems(self, plain: Any) -> list[list[str]]:
        n_pairs = len(self.labels) * len(list(pairs_of(self.roles)))
        given = answer.rows(plain, most=len(self.roles) + n_pairs * len(self.job.metrics))
        heard = []
        for problem in given:
            name, *error = answer.rows(problem, most=5) or [None]
            if not isinstance(name, str) or name not in self.usable:
                raise Malformed("problem of no mask")
            heard.append([name, *answer.error_of_pair(error)])
        return heard


def _as_many(plain: Any, expected: list[Any]) -> list[Any]:
    given = answer.rows(plain, most=len(expected))
    if len(given) != len(expected):
        raise Malformed("rows")
    return given


def _require_keys(given: Mapping[str, Any], **keys: str) -> None:
    if any(given[name] != key for name, key in keys.items()):
        raise Malformed("keys of a row")


def _hear_numbers(plain: Any, names: tuple[str, ...]) -> dict[str, float | None]:
    given = answer.table(plain, names)
    return {name: answer.number_or_none(given[name]) for name in names}
