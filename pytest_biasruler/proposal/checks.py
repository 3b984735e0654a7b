"""The checks of a proposal: those that run at once, and one line on each that may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.limits import is_on_unit_scale
from pytest_biasruler.benchmark.metrics import CATALOGUE, Direction
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.benchmark.toml import listed, quoted
from pytest_biasruler.proposal.cast import AUTOMATED, EXPERT
from pytest_biasruler.proposal.toml import choice, prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.benchmark.definition import ReferenceKind
    from pytest_biasruler.proposal.cast import Entry

_SMALL = "Its limit stands for a small effect (Cliff's delta, from 0 to 1)."
_MOST_PARTIAL = 0.95  # experts who drew fewer of the masks than this drew a part of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What may be asked of a benchmark.

    Attributes
    ----------
    entries : sequence of Entry
        Those that are part of the benchmark.
    by : sequence of str
        Names of attributes.
    has_masks, has_site, rates_labels : bool
        Whether there are masks, sites, and scores of automated masks against expert ones.
    """

    entries: Sequence[Entry]
    by: Sequence[str]
    metric: str
    has_masks: bool
    has_site: bool
    rates_labels: bool

    def of_kind(self, kind: ReferenceKind) -> Entry | None:
        """Return the reference of this kind."""
        return next((each for each in self.entries if each.kind == kind), None)

    @property
    def models(self) -> tuple[Entry, ...]:
        """The models."""
        return tuple(each for each in self.entries if each.kind is None)

    @property
    def has_both(self) -> bool:
        """Whether an expert and an automated reference are known."""
        return self.of_kind(EXPERT) is not None and self.of_kind(AUTOMATED) is not None

    @property
    def is_on_scale(self) -> bool:
        """Whether the default limits mean something for the metric."""
        return is_on_unit_scale(CATALOGUE[self.metric])

    @property
    def gap_limit(self) -> float:
        """The default limit of a gap, or a guess where the metric has a unit."""
        return 0.05 if self.is_on_scale else 5.0

    @property
    def is_ranked(self) -> bool:
        """Whether the metric has a better end."""
        return CATALOGUE[self.metric].direction != Direction.SIGNED


def write_checks(situation: Situation) -> list[str]:
    """Return the checks as lines of a benchmark file, the further ones left out by a sign.

    Parameters
    ----------
    situation : Situation
        With at least one attribute.
    """
    lines = [line for block in _asked(situation) for line in (*block, "")]
    lines += prose("Further checks; remove the # of a block to ask it.")
    for block in _offered(situation):
        lines += ["", *choice(block)]
    return lines


def _asked(at: Situation) -> Iterator[list[str]]:
    guess = "" if at.is_on_scale else _guess(CATALOGUE[at.metric].unit)
    if at.models:
        about = f"The means of two subgroups may lie at most {at.gap_limit:g} apart.{guess}"
        yield _block("gap", at, about, limit=at.gap_limit)
    if at.models and at.has_both:
        limit = 0.02 if at.is_on_scale else 2.0
        about = (
            "The gap by the automated reference may differ from the gap by the experts by at most"
            f" {limit:g}.{guess}"
        )
        yield _block("ruler", at, about, limit=limit)
    if at.has_both and (at.has_masks or at.rates_labels):
        agree = "How well the automated masks agree with the experts' may differ by at most"
        about = f"{agree} {at.gap_limit:g}.{guess}"
        yield _block("labels", at, about, limit=at.gap_limit, **_metric(at))
    if not at.models and at.of_kind(EXPERT):
        yield _block("morphology", at, _SMALL, limit=0.147)
    if at.models:
        about = "Counts expert masks, patients per subgroup, missing values and excluded cases."
        yield _block("provenance", at, about)


def _guess(unit: str) -> str:
    return f" A guess: a limit{f' in {unit}' if unit else ''} has no default."


def _metric(at: Situation) -> dict[str, Any]:
    """Return the metric of a check that has metrics of its own, which a table may lack."""
    return {} if at.has_masks else {"metric": at.metric}


def _offered(at: Situation) -> Iterator[list[str]]:
    if at.models and len(at.by) > 1:
        about = "The same for two attributes crossed, such as older women."
        yield _block("gap", at, about, by=[tuple(at.by[:2])], limit=at.gap_limit)
    if at.models and at.is_ranked:
        if CATALOGUE[at.metric].is_share:
            yield _block("success", at, "Four-fifths rule for scores above 0.8.", limit=0.8)
        worst = 0.7 if at.is_on_scale else 10.0
        yield _block("floor", at, "Set the worst mean that is good enough.", limit=worst)
    if at.has_site and at.models:
        yield _block("transport", at, "Needs at least five sites.", limit=at.gap_limit)
    if at.has_both:
        yield from _offered_of_both(at)
    if at.has_masks and at.of_kind(EXPERT) and at.models:
        yield _block("difficulty", at, "Difficulty is the size of the expert mask.", limit=0.05)
        yield _block("morphology", at, _SMALL, limit=0.147)


def _offered_of_both(at: Situation) -> Iterator[list[str]]:
    expert, automated = at.of_kind(EXPERT), at.of_kind(AUTOMATED)
    if len(at.models) > 1 and at.is_ranked and at.is_on_scale:
        yield _block("ranking", at, "Over all patients.", by=(), limit=0.01)
    if at.models and at.is_ranked and at.is_on_scale:
        yield _block("noise", at, "Takes no limit: it is the tipping point of the gap.")
    if at.models and at.has_masks:
        yield from _offered_of_training(at)
    if expert and automated and at.models:
        n_both = len(expert.cases & automated.cases)
        if n_both < _MOST_PARTIAL * len(automated.cases):
            about = "For experts who drew the masks of cases that were chosen at random."
            yield _block("rectified", at, about, limit=at.gap_limit, labelled="random")


def _offered_of_training(at: Situation) -> Iterator[list[str]]:
    by_experts = [each.name for each in at.models if each.trained_on == EXPERT]
    by_machines = [each.name for each in at.models if each.trained_on == AUTOMATED]
    if not by_experts or len(at.models) == 1:
        about = "With control, a model trained on expert masks, it tells copying from hardness."
        yield _block("echo", at, about, by=(), limit=0.3)
        return
    needs = "Needs trained_on of the models above."
    yield _block("echo", at, needs, by=(), control=by_experts[0], limit=0.1)
    if by_machines and at.is_ranked:
        yield _block(
            "amplification",
            at,
            needs,
            limit=0.02,
            automated_trained=by_machines[:1],
            expert_trained=by_experts[:1],
        )


def _block(
    check: str, at: Situation, about: str, *, by: Sequence[object] | None = None, **keys: object
) -> list[str]:
    """Return one entry, with what it asks above it."""
    lines = prose(f"{QUESTIONS[check].asks} {about}")
    lines += ["[[checks]]", f"check = {quoted(check)}"]
    chosen = at.by if by is None else by
    if chosen:
        lines.append(f"by = [{', '.join(map(_spelt, chosen))}]")
    return [*lines, *(f"{name} = {_spelt(value)}" for name, value in keys.items())]


def _spelt(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    return listed(value) if isinstance(value, list | tuple) else str(value)
