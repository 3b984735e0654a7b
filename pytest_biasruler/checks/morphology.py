"""Is the anatomy itself different, not only harder?

No model is involved. The experts' masks of each patient give shape features; Cliff's delta of each
feature compares each subgroup with the baseline, else with all others. Own key: ``features``
(log_volume_ml, sphericity, elongation, surface_to_volume, n_components).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.checks.anatomy import (
    SIZE,
    compare_shapes,
    count_crossing,
    gather_patients,
    pair_sides,
)
from pytest_biasruler.checks.answer import answer, note_unjudged
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import Column
from pytest_biasruler.checks.finding import Estimate, Finding, Verdict
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.shape_statement import state_shift, words_of_shift
from pytest_biasruler.checks.shifts import measure_shifts
from pytest_biasruler.statistics.permutation import N_PERMUTATIONS
from pytest_biasruler.statistics.spread import judge_bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.anatomy import Energies, Patients
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.checks.shifts import Shift, Shifts
    from pytest_biasruler.statistics.permutation import EnergyTest


def check_morphology(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether some shape feature surely differs by more than a negligible amount."""
    shapes = _measured(evidence, declared)
    members, crowded = _find_members(evidence, declared, shapes)
    rows = _gather(evidence, declared, shapes, members)
    features = tuple(declared.options["features"])
    limit = float(declared.limit or 0.0)
    shifts = (
        measure_shifts(rows, features=features, limit=limit, alpha=declared.alpha)
        if rows
        else None
    )
    verdict, reason = _judge(shifts, crowded=crowded)
    return answer(
        evidence,
        declared,
        statement=_state(declared, shifts, verdict) + note_unjudged(members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate_of(shifts) if shifts else None,
        p_fail=shifts.p_fail if shifts else None,
        min_detectable=shifts.min_detectable if shifts else None,
        groups=members.groups,
        details={
            "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
            "too_small": list(members.too_small),
            "missing_features": crowded,
            "crossing": count_crossing(evidence, shapes, members),
            **_shift_details(shifts),
            **(_energy_details(evidence, rows, features, shifts) if not evidence.is_brief else {}),
        },
    )


def _measured(evidence: Evidence, declared: DeclaredCheck) -> pd.DataFrame:
    """Return size and declared features by case, whatever is not finite as NaN."""
    shapes = evidence.shapes(str(declared.reference), declared.label)
    wanted = list(dict.fromkeys([SIZE, *declared.options["features"]]))
    numbers = shapes[wanted].astype(float)
    return numbers.where(np.isfinite(numbers)).sort_index()


def _find_members(
    evidence: Evidence, declared: DeclaredCheck, shapes: pd.DataFrame
) -> tuple[Membership, list[str]]:
    """Return who is judged, by size, and the features that too many cases of a subgroup lack."""
    every = {
        feature: find_members(
            evidence,
            _column_of(evidence, shapes[feature]),
            by=declared.by,
            min_patients=declared.min_patients,
        )
        for feature in shapes
    }
    return every[SIZE], [str(feature) for feature, found in every.items() if found.crowded]


def _column_of(evidence: Evidence, feature: pd.Series) -> Column:
    known = feature.dropna()
    return Column(
        per_case=known,
        shown=known,
        excluded=frozenset(pd.Index(evidence.cases).difference(feature.index)),
        undefined=frozenset(feature.index.difference(known.index)),
    )


def _gather(
    evidence: Evidence, declared: DeclaredCheck, shapes: pd.DataFrame, members: Membership
) -> list[Patients]:
    judged = members.judged
    if len(judged) < 2 or (declared.baseline is not None and declared.baseline not in judged):
        return []
    return [
        gather_patients(evidence, shapes, sides=sides, members=members)
        for sides in pair_sides(judged, baseline=declared.baseline)
    ]


def _judge(shifts: Shifts | None, *, crowded: Sequence[str]) -> tuple[Verdict, str | None]:
    if shifts is None:
        return Verdict.INCONCLUSIVE, "too few subgroups"
    verdict = Verdict(judge_bounds(*shifts.bounds, shifts.limit))
    is_unknown = any(shift.delta is None for shift in shifts.each)
    if verdict != Verdict.FAIL and (is_unknown or (verdict == Verdict.PASS and crowded)):
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict == Verdict.INCONCLUSIVE:
        is_strong = shifts.min_detectable <= shifts.limit
        return verdict, "borderline" if is_strong else "underpowered"
    return verdict, None


def _state(declared: DeclaredCheck, shifts: Shifts | None, verdict: Verdict) -> str:
    top = shifts.told if shifts else None
    if top is None or top.delta is None:
        return f"Shapes cannot be compared between subgroups of {' and '.join(declared.by)}"
    return state_shift(
        declared,
        feature=top.feature,
        sides=top.sides,
        delta=top.delta.value,
        verdict=verdict,
    )


def _estimate_of(shifts: Shifts) -> Estimate | None:
    """Return the |delta| that is told; its plain interval follows the sign of delta."""
    top, (low, high) = shifts.told, shifts.bounds
    if top is None or top.delta is None:
        return None
    ends = top.delta.bounds(0.975)
    ci95 = ends if top.delta.value >= 0 else (-ends[1], -ends[0])
    return Estimate(
        value=finite(top.size),
        low=finite(low),
        high=finite(high),
        ci95=(finite(ci95[0]), finite(ci95[1])),
        pair=(top.sides.a, top.sides.b),
        method=(
            "guarded Cliff's delta on the scale of its inverse hyperbolic tangent, "
            "Welch-Satterthwaite, "
            f"level {shifts.level:.4f} for the lower bound (Bonferroni over both sides of "
            f"{len(shifts.each)} contrasts), {1 - shifts.alpha:.4f} for the upper"
        ),
        alpha=shifts.alpha,
    )


def _shift_details(shifts: Shifts | None) -> dict[str, Any]:
    if shifts is None:
        return {"features": [], "level": None, "needed": None}
    return {
        "features": [_describe(shift, shifts.limit) for shift in shifts.each],
        "level": finite(shifts.level),
        "needed": {name: finite(n) for name, n in shifts.needed.items()},
    }


def _describe(shift: Shift, limit: float) -> dict[str, Any]:
    delta, known = shift.delta, shift.delta is not None
    return {
        "feature": shift.feature,
        "a": shift.sides.a,
        "b": shift.sides.b,
        "delta": finite(delta.value) if delta else None,
        "low": finite(shift.low) if known else None,
        "high": finite(shift.high) if known else None,
        "p": finite(shift.p) if known else None,
        "verdict": judge_bounds(*shift.size_bounds, limit),
        "words": words_of_shift(shift.feature, delta.value) if delta else None,
        "median_a": finite(shift.medians[0]),
        "median_b": finite(shift.medians[1]),
        "n_a": int(delta.n_first) if delta else None,
        "n_b": int(delta.n_second) if delta else None,
    }


def _energy_details(
    evidence: Evidence, rows: Sequence[Patients], features: Sequence[str], shifts: Shifts | None
) -> dict[str, Any]:
    """Return how far the features lie apart together, of all contrasts and of the one told."""
    told = shifts.told.sides if shifts and shifts.told else None
    found = [(patients.sides, compare_shapes(patients, features)) for patients in rows]
    own = next((energies for sides, energies in found if sides == told), None)
    return {
        "h": finite(own.within_sites.energy.coefficient) if own else None,
        "p": finite(own.within_sites.p) if own else None,
        "p_equal_size": finite(own.at_equal_size.p) if own else None,
        "within_sites": evidence.metadata.sites is not None,
        "n_permutations": N_PERMUTATIONS,
        "energy": [
            {"a": sides.a, "b": sides.b, **_describe_energies(energies)}
            for sides, energies in found
            if energies is not None
        ],
    }


def _describe_energies(energies: Energies) -> dict[str, Any]:
    energy = energies.within_sites.energy
    return {
        "e": finite(energy.distance),
        "h": finite(energy.coefficient),
        "within_sites": _describe_test(energies.within_sites),
        "at_equal_size": _describe_test(energies.at_equal_size),
    }


def _describe_test(test: EnergyTest) -> dict[str, Any]:
    return {"p": finite(test.p), "n_patients": test.n_rows, "n_shuffled": test.n_shuffled}
