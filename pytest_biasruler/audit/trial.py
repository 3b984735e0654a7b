"""One check put to the test: in whom a bias is planted, how large it is, what the check says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

from pytest_biasruler.audit.operators import OPERATORS, Operator, altered_mask
from pytest_biasruler.benchmark.label_keys import AGGREGATES
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.checks.finding import Finding, Status
from pytest_biasruler.scoring.altered import KAPPA
from pytest_biasruler.scoring.pairs import is_measured
from pytest_biasruler.scoring.sources import list_sets

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.scoring.altered import Altered

_SUCCESS_UNIT = 0.05
_ALWAYS_SIGNED = ("amplification", "echo", "floor", "ranking", "success")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trial:
    """A check of the family, and what is planted for it.

    Attributes
    ----------
    target, n_patients : str or None, int
        The subgroup that gets the bias, and its patients; None: all cases get it.
    unit : float
        The difference of scores that counts as one limit.
    usable : tuple of str
        Names of the operators that can be used here; empty if the check is not exercised.
    why_not : str
        Why it is not, or which operators were left out and why.
    """

    declared: DeclaredCheck
    target: str | None = None
    n_patients: int = 0
    unit: float = 0.0
    usable: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators that can be used here."""
        known = OPERATORS.get(self.declared.check, ())
        return tuple(operator for operator in known if operator.name in self.usable)

    @property
    def masks(self) -> tuple[Altered, ...]:
        """The alterations whose scores the mask operators need."""
        return tuple(
            altered_mask(self.declared, operator.change, size)
            for operator in self.operators
            if operator.change is not None
            for size in operator.sizes
        )

    @property
    def is_within_sites(self) -> bool:
        """Whether subgroups change hands within sites alone: the question is about sites."""
        return QUESTIONS[self.declared.check].needs_site

    @property
    def is_beyond(self) -> bool:
        """Whether it would be right to fail in a world without differences between subgroups."""
        return self.declared.check == "floor" and not self.unit > 0

    @property
    def is_signed(self) -> bool:
        """Whether the check looks for a bias in one direction only."""
        check, metric = self.declared.check, self.declared.metric
        if check == "ruler" or metric == "signed_volume_error":
            return False
        return check in _ALWAYS_SIGNED or self.declared.baseline is not None

    @property
    def has_null_worlds(self) -> bool:
        """Whether there is a world in which this check has nothing to find."""
        return bool(self.declared.by) or self.declared.check == "ranking"


def plan_trial(evidence: Evidence, declared: DeclaredCheck, finding: Finding | None) -> Trial:
    """Return what is planted for a check whose finding on the real data is known."""
    operators = OPERATORS.get(declared.check, ())
    if finding is None:
        return Trial(declared=declared, why_not="it could not run")
    if declared.options.get("continuous"):
        return Trial(declared=declared, why_not="nothing is planted along a number")
    if not operators:
        return Trial(declared=declared, why_not="nothing is planted for this check")
    target, n_patients = _find_target(declared, finding)
    if declared.by and declared.check != "ranking" and target is None:
        return Trial(declared=declared, why_not="fewer than two subgroups are judged")
    unit = _find_unit(evidence, declared)
    if not unit > 0:
        return Trial(declared=declared, unit=unit, why_not=_without_unit(declared))
    usable = tuple(each.name for each in operators if _has_masks(evidence, declared, each))
    trial = Trial(
        declared=declared,
        target=target,
        n_patients=n_patients,
        unit=unit,
        usable=usable,
        why_not="" if len(usable) == len(operators) else _without_masks(declared),
    )
    return trial if trial.has_null_worlds else replace(trial, why_not=_without_worlds(trial))


def _without_masks(declared: DeclaredCheck) -> str:
    is_joined = declared.label in AGGREGATES
    return "masks are altered one label at a time" if is_joined else "no masks to alter"


def _without_worlds(trial: Trial) -> str:
    reason = "it compares no subgroups, so there is no world in which it has nothing to find"
    return "; ".join(filter(None, (reason, trial.why_not)))


def _find_target(declared: DeclaredCheck, finding: Finding) -> tuple[str | None, int]:
    """Return the smallest judged subgroup but for the baseline, the first by name of equals."""
    judged = [group for group in finding.groups if group.status == Status.JUDGED]
    others = [group for group in judged if group.name != declared.baseline]
    is_alone = len(judged) < 2 and declared.check != "floor"
    if not others or is_alone or declared.check == "ranking":
        return None, 0
    smallest = min(others, key=lambda group: (group.n_patients, group.name))
    return smallest.name, smallest.n_patients


def _find_unit(evidence: Evidence, declared: DeclaredCheck) -> float:
    if declared.check == "success":
        return _SUCCESS_UNIT
    if declared.check != "floor":
        return float(declared.limit or 0.0)
    column = score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.reference),
        label=declared.label,
    )
    sign = evidence.metric(declared.metric).sign
    above = float(column.per_case.mean()) - sign * float(declared.limit or 0.0)
    return above if isfinite(above) else 0.0


def _without_unit(declared: DeclaredCheck) -> str:
    if declared.check == "floor":
        return "the mean of all cases is already beyond the limit"
    return "its limit is 0, and sizes are told in limits"


def _has_masks(evidence: Evidence, declared: DeclaredCheck, operator: Operator) -> bool:
    if operator.change is None:
        return True
    if declared.label in AGGREGATES:
        return False
    one = altered_mask(declared, operator.change, 1.0)
    with_masks = {each.name for each in list_sets(evidence.benchmark)}
    needed = {one.set, one.model, one.reference, one.automated} - {""}
    can_score = one.metric == KAPPA or is_measured(evidence.metric(declared.metric))
    return needed <= with_masks and can_score


def in_family(declared: DeclaredCheck) -> bool:
    """Return whether the check is one of those that make the gate fail together."""
    return QUESTIONS[declared.check].in_family and not declared.screen
