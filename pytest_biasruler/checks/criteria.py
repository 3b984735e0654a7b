"""The single facts that `provenance` rests on, each with its limit and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.checks.comparison import compare, finite
from pytest_biasruler.statistics.spread import judge_bounds

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.membership import Membership


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """One fact, its limit and what follows from it."""

    criterion: str
    text: str
    number: float | None
    limit: float | None
    verdict: str


def judge_criteria(
    evidence: Evidence, declared: DeclaredCheck, *, lost: Column, members: Membership
) -> tuple[Criterion, ...]:
    """Return every criterion of a declared `provenance` check, in the order of the method page."""
    return (
        _judged_by_its_teacher(evidence, declared),
        _identical_references(evidence, declared),
        _uneven_exclusions(evidence, declared, lost),
        _small_subgroups(members, declared),
        _few_expert_cases(evidence, declared, members),
        *_missing_metadata(evidence, declared),
        _expert_share(evidence, declared),
    )


def _verdict(*, fails: bool, word: str) -> str:
    return word if fails else "PASS"


def _judged_by_its_teacher(evidence: Evidence, declared: DeclaredCheck) -> Criterion:
    judges = {
        reference
        for (model, reference, _), rows in evidence.rows.items()
        if model == declared.model and has_answer(rows).any()
    }
    kinds = {each.name: each.kind for each in evidence.benchmark.references}
    teacher = next(m.trained_on for m in evidence.benchmark.models if m.name == declared.model)
    fails = judges == {teacher} and kinds.get(str(teacher)) == ReferenceKind.AUTOMATED
    text = "judged by an automated reference that it was not declared to be trained on"
    if fails:
        text = "judged only by the automated reference it was trained on"
    elif any(kinds[judge] == ReferenceKind.EXPERT for judge in judges):
        text = "judged by an expert reference"
    return Criterion(
        criterion="a",
        text=text,
        number=None,
        limit=None,
        verdict=_verdict(fails=fails, word="FAIL"),
    )


def _identical_references(evidence: Evidence, declared: DeclaredCheck) -> Criterion:
    limit = float(declared.options["max_identical"])
    references = evidence.benchmark.references
    automated = [each.name for each in references if each.kind == ReferenceKind.AUTOMATED]
    experts = [each.name for each in references if each.kind == ReferenceKind.EXPERT]
    shares = []
    for first, second in product(automated, experts):
        same = evidence.scored.identical.get((first, second), ())
        rows = evidence.pair(first, second, declared.label)
        if same or rows["n_both"].notna().any():  # scores without sizes cannot tell
            shares.append(len(same) / len(rows) if len(rows) else 0.0)
    number = max(shares) if shares else None
    return Criterion(
        criterion="b",
        text="share of cases whose expert mask equals an automated one voxel by voxel",
        number=number,
        limit=limit,
        verdict=_verdict(fails=number is not None and not number <= limit, word="FAIL"),
    )


def _uneven_exclusions(evidence: Evidence, declared: DeclaredCheck, column: Column) -> Criterion:
    limit = float(declared.options["max_exclusion_gap"])
    number: float | None
    number, verdict = 0.0, "PASS"
    if column.per_case.any():  # with nothing excluded there is nothing to be unsure about
        number, verdict = _spread_verdict(evidence, declared, column, limit=limit)
    return Criterion(
        criterion="c",
        text="difference between subgroups in the share of cases excluded or undefined",
        number=number,
        limit=limit,
        verdict=verdict,
    )


def _spread_verdict(
    evidence: Evidence, declared: DeclaredCheck, column: Column, *, limit: float
) -> tuple[float | None, str]:
    spread = compare(evidence, declared, column, support=(0.0, 1.0), limit=limit).spread
    if spread is None:
        return None, "INCONCLUSIVE"
    return finite(spread.value), judge_bounds(spread.low, spread.high, limit)


def _small_subgroups(members: Membership, declared: DeclaredCheck) -> Criterion:
    n_small = len(members.too_small)
    return Criterion(
        criterion="d",
        text=f"subgroups with fewer than {declared.min_patients} patients",
        number=float(n_small),
        limit=0.0,
        verdict=_verdict(fails=n_small > 0, word="INCONCLUSIVE"),
    )


def cases_with_expert(evidence: Evidence) -> set[str]:
    """Return the cases that have a readable mask, or a score, of some expert reference."""
    experts = [r.name for r in evidence.benchmark.references if r.kind == ReferenceKind.EXPERT]
    return {
        case
        for (_, reference, _), rows in evidence.rows.items()
        if reference in experts
        for case in rows.index[has_answer(rows)]
    }


def has_answer(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows hold anything: a row of empty cells is no label."""
    return rows["status"] != "undefined"


def _few_expert_cases(
    evidence: Evidence, declared: DeclaredCheck, members: Membership
) -> Criterion:
    labelled = cases_with_expert(evidence)
    of = members.subgroups.of
    fewest: float | None = None
    for name in members.judged:
        cases = pd.Index([case for case in of.index[of == name] if case in labelled])
        n_patients = len(set(evidence.patients(cases)))
        fewest = n_patients if fewest is None else min(fewest, n_patients)
    return Criterion(
        criterion="e",
        text="patients with an expert label in the judged subgroup that has fewest",
        number=fewest,
        limit=float(declared.min_patients),
        verdict=_verdict(
            fails=fewest is not None and not fewest >= declared.min_patients, word="INCONCLUSIVE"
        ),
    )


def _missing_metadata(evidence: Evidence, declared: DeclaredCheck) -> list[Criterion]:
    limit = float(declared.options["max_missing"])
    criteria = []
    for name in declared.by:
        subgroups = evidence.subgroups[name]
        share = float((subgroups.of == subgroups.missing).mean()) if subgroups.missing else 0.0
        criteria.append(
            Criterion(
                criterion="f",
                text=f"share of cases without {name}",
                number=share,
                limit=limit,
                verdict=_verdict(fails=not share <= limit, word="INCONCLUSIVE"),
            )
        )
    return criteria


def _expert_share(evidence: Evidence, declared: DeclaredCheck) -> Criterion:
    limit = float(declared.options["min_expert_share"])
    share = len(cases_with_expert(evidence)) / len(evidence.cases)
    return Criterion(
        criterion="g",
        text="share of cases with an expert label",
        number=share,
        limit=limit,
        verdict=_verdict(fails=not share >= limit, word="INCONCLUSIVE"),
    )
