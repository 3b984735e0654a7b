"""Every declared question answered, and the answers judged as one family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.sensitivity import describe_sensitivity
from pytest_biasruler.audit.usable import refuse_unusable_sets
from pytest_biasruler.benchmark.declared import declare_one
from pytest_biasruler.benchmark.named import find_unknown_names
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.checks.amplification import check_amplification
from pytest_biasruler.checks.difficulty import check_difficulty
from pytest_biasruler.checks.echo import check_echo
from pytest_biasruler.checks.finding import Finding, Verdict
from pytest_biasruler.checks.floor import check_floor
from pytest_biasruler.checks.gap import check_gap
from pytest_biasruler.checks.labels import check_labels
from pytest_biasruler.checks.morphology import check_morphology
from pytest_biasruler.checks.noise import check_noise
from pytest_biasruler.checks.provenance import check_provenance
from pytest_biasruler.checks.ranking import check_ranking
from pytest_biasruler.checks.rectified import check_rectified
from pytest_biasruler.checks.ruler import check_ruler
from pytest_biasruler.checks.success import check_success
from pytest_biasruler.checks.transport import check_transport
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.statistics.multiplicity import adjust_benjamini_hochberg, adjust_holm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence

CHECKS: dict[str, Callable[[Evidence, DeclaredCheck], Finding]] = {
    "gap": check_gap,
    "ruler": check_ruler,
    "labels": check_labels,
    "success": check_success,
    "floor": check_floor,
    "amplification": check_amplification,
    "echo": check_echo,
    "difficulty": check_difficulty,
    "morphology": check_morphology,
    "ranking": check_ranking,
    "transport": check_transport,
    "noise": check_noise,
    "rectified": check_rectified,
    "provenance": check_provenance,
}
"""Which function answers which question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A declared check with its finding, or with the reason why it could not run."""

    declared: DeclaredCheck
    finding: Finding | None
    error: BiasRulerError | None

    def unwrap(self) -> Finding:
        """Return the finding, or raise the error."""
        if self.finding is None:
            raise self.error or ValueError("a judgement holds a finding or an error")
        return self.finding


def judge_declared(evidence: Evidence, *, policy: str | None = None) -> tuple[Judgement, ...]:
    """Return the judgement of every declared check, in file order.

    A FAIL needs its bound beyond the limit and, if several checks are declared, Holm's adjusted
    p-value at most alpha; a check that could not run counts in the family with p = 1. `policy`
    stands above the benchmark file's.
    """
    judgements = [_judge(evidence, declared) for declared in evidence.declared]
    return tuple(
        replace(judgement, finding=_under(judgement.finding, policy))
        for judgement in _adjust_screens(_adjust_family(judgements))
    )


def judge_one(
    evidence: Evidence, check: str, *, policy: str | None = None, **keys: Any
) -> tuple[Finding, ...]:
    """Return the findings of one ad-hoc question, each a family of one.

    Raises
    ------
    BiasRulerError
        If a key is wrong, or the check cannot run.
    """
    metrics = tuple(evidence.metrics.values())
    declared = declare_one(evidence.benchmark, check, metrics=metrics, **keys)
    problems = find_unknown_names(
        evidence.benchmark,
        declared,
        metadata=evidence.metadata,
        subgroups=evidence.subgroups,
    )
    raise_if_any(problems)
    findings = [judge_alone(evidence, question).unwrap() for question in declared]
    return tuple(
        replace(finding, policy=policy or finding.policy, p_fail_holm=finding.p_fail)
        for finding in findings
    )


def _under(finding: Finding | None, policy: str | None) -> Finding | None:
    return finding if finding is None or policy is None else replace(finding, policy=policy)


def judge_alone(evidence: Evidence, declared: DeclaredCheck) -> Judgement:
    """Return the judgement of one question, as if it were the only one."""
    check = CHECKS[declared.check]
    try:
        refuse_unusable_sets(evidence, declared)
        finding = check(evidence, declared)
    except BiasRulerError as error:
        placed = _placed(error, declared, evidence=evidence)
        return Judgement(declared=declared, finding=None, error=placed)
    if declared.sensitivity and not evidence.is_brief:
        others = describe_sensitivity(evidence, declared, finding, check=check)
        finding = replace(finding, details={**finding.details, "sensitivity": others})
    return Judgement(declared=declared, finding=finding, error=None)


def _judge(evidence: Evidence, declared: DeclaredCheck) -> Judgement:
    """Return the judgement of one question; a bug in one check stops no other."""
    found = attempt(partial(judge_alone, evidence, declared))
    if isinstance(found, BiasRulerError):
        return Judgement(declared=declared, finding=None, error=found.at(declared.id))
    return found


def _placed(
    error: BiasRulerError, declared: DeclaredCheck, *, evidence: Evidence
) -> BiasRulerError:
    """Return the error under the id of its check; a line of the metadata is told beside it."""
    if not evidence.metadata.is_place(error.where):  # another place may name a case
        return error.at(declared.id)
    found = f"{error.found} ({error.where})"
    return BiasRulerError(error.code, found, error.expected, error.fix, declared.id)


def _in_family(judgement: Judgement) -> bool:
    return QUESTIONS[judgement.declared.check].in_family and not judgement.declared.screen


def _adjust_family(judgements: Sequence[Judgement]) -> list[Judgement]:
    family = [judgement for judgement in judgements if _in_family(judgement)]
    adjusted = adjust_holm([_p_value(judgement) for judgement in family]).tolist()
    by_id = dict(zip((judgement.declared.id for judgement in family), adjusted, strict=True))
    return [_adjust(judgement, by_id, n_family=len(family)) for judgement in judgements]


def _p_value(judgement: Judgement) -> float:
    finding = judgement.finding
    return 1.0 if finding is None or finding.p_fail is None else finding.p_fail


def _adjust(judgement: Judgement, adjusted: dict[str, float], *, n_family: int) -> Judgement:
    finding = judgement.finding
    if finding is None or judgement.declared.id not in adjusted:
        return judgement
    holm = adjusted[judgement.declared.id]
    finding = replace(finding, p_fail_holm=holm if finding.p_fail is not None else None)
    if finding.verdict == Verdict.FAIL and n_family > 1 and not holm <= judgement.declared.alpha:
        finding = replace(finding, verdict=Verdict.INCONCLUSIVE, reason="multiplicity")
    return replace(judgement, finding=finding)


def _adjust_screens(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Give every screen its Benjamini-Hochberg q over all screens."""
    screens = [judgement for judgement in judgements if judgement.declared.screen]
    if not screens:
        return list(judgements)
    q_values = adjust_benjamini_hochberg([_p_value(judgement) for judgement in screens])
    by_id = {j.declared.id: float(q) for j, q in zip(screens, q_values, strict=True)}
    return [
        replace(
            judgement,
            finding=replace(
                judgement.finding,
                details={**judgement.finding.details, "q": by_id[judgement.declared.id]},
            ),
        )
        if judgement.finding is not None and judgement.declared.id in by_id
        else judgement
        for judgement in judgements
    ]
