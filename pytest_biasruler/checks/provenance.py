"""Is the evidence good enough to judge at all?

Facts about references, exclusions and subgroups; no estimate and no limit of its own. Own keys:
``max_identical`` (0.5), ``max_exclusion_gap`` (0.05), ``max_missing`` (0.10) and
``min_expert_share`` (0: only reported).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.checks.answer import answer
from pytest_biasruler.checks.criteria import cases_with_expert, has_answer, judge_criteria
from pytest_biasruler.checks.evidence import Column
from pytest_biasruler.checks.expert_subset import compare_labelled, note_labelled
from pytest_biasruler.checks.finding import Finding, Status, Verdict
from pytest_biasruler.checks.membership import find_members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.checks.criteria import Criterion
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership


def check_provenance(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether references, exclusions and subgroup sizes allow a judgement."""
    lost = _lost_column(evidence, declared)
    members = find_members(evidence, lost, by=declared.by, min_patients=declared.min_patients)
    criteria = judge_criteria(evidence, declared, lost=lost, members=members)
    verdicts = {criterion.verdict for criterion in criteria}
    verdict = next(
        (v for v in (Verdict.FAIL, Verdict.INCONCLUSIVE) if v in verdicts), Verdict.PASS
    )
    subset = compare_labelled(evidence)
    return answer(
        evidence,
        declared,
        statement=(
            _state_unmet(criteria) + _state(evidence, declared, members) + note_labelled(subset)
        ),
        verdict=verdict,
        reason="thin evidence" if verdict == Verdict.INCONCLUSIVE else None,
        estimate=None,
        p_fail=None,
        min_detectable=None,
        groups=members.groups,
        details={
            "criteria": [asdict(criterion) for criterion in criteria],
            "exclusions": _exclusions(evidence, members),
            "sources": count_sources(evidence, members.subgroups),
            "expert_subset": subset,
            "too_small": list(members.too_small),
        },
    )


def _lost_column(evidence: Evidence, declared: DeclaredCheck) -> Column:
    """Return 1 for each case that some reference excludes or that has no default score, else 0."""
    present = set(evidence.cases)
    for reference in filter(None, (declared.reference, declared.automated)):
        if not evidence.pair(str(declared.model), reference, declared.label).empty:
            present &= _scored_cases(evidence, declared, reference)
        present -= set(evidence.scored.excluded.get(reference, ()))
    cases = pd.Index(evidence.cases)
    values = pd.Series([float(case not in present) for case in cases], index=cases)
    return Column(per_case=values, shown=values)


def _scored_cases(evidence: Evidence, declared: DeclaredCheck, reference: str) -> set[str]:
    rows = evidence.pair(str(declared.model), reference, declared.label)
    metric = evidence.benchmark.defaults.metric
    if metric not in rows.columns:
        return set(rows.index)
    finite = np.isfinite(rows[metric].astype(float)) | (rows["status"] == "agreed absent")
    return set(rows.index[finite])


def _exclusions(evidence: Evidence, members: Membership) -> list[dict[str, Any]]:
    """Return how many cases each subgroup lost, by reference and reason."""
    of = members.subgroups.of
    counted: dict[tuple[str, str, str], int] = {}
    for reference, cases in evidence.scored.excluded.items():
        for case, code in cases.items():
            key = (reference, str(of[case]), code)
            counted[key] = counted.get(key, 0) + 1
    return [
        {"reference": reference, "subgroup": subgroup, "reason": code, "n": n}
        for (reference, subgroup, code), n in sorted(counted.items())
    ]


def count_sources(evidence: Evidence, subgroups: Subgroups) -> dict[str, dict[str, int]]:
    """Return how many cases of each subgroup have an expert label, only an automated one, none."""
    expert = cases_with_expert(evidence)
    any_reference = {
        case for rows in evidence.rows.values() for case in rows.index[has_answer(rows)]
    }
    of = subgroups.of
    sources = {}
    for name in subgroups.order:
        cases = set(of.index[of == name])
        sources[str(name)] = {
            "expert": len(cases & expert),
            "automated_only": len((cases & any_reference) - expert),
            "none": len(cases - any_reference),
        }
    return sources


def _state_unmet(criteria: Sequence[Criterion]) -> str:
    """Return what is not met or open, first of all: sizes alone would reassure."""
    failed = [each.text for each in criteria if each.verdict == Verdict.FAIL]
    thin = [each.text for each in criteria if each.verdict == Verdict.INCONCLUSIVE]
    parts = [("Not met", failed), ("Thin evidence", thin)]
    return "".join(f"{word}: {' and '.join(texts)}. " for word, texts in parts if texts)


def _state(evidence: Evidence, declared: DeclaredCheck, members: Membership) -> str:
    attribute = " and ".join(declared.by)
    declared_groups = [g for g in members.groups if g.status != Status.MISSING]
    n_missing = sum(g.n_cases for g in members.groups if g.status == Status.MISSING)
    sizes = f"Every subgroup of {attribute} is large enough to judge"
    if members.too_small:
        sizes = (
            f"{len(members.too_small)} of {len(declared_groups)} subgroups of {attribute} are "
            "too small to judge"
        )
    return f"{sizes}; {n_missing} of {len(evidence.cases):,} cases have no {attribute}"
