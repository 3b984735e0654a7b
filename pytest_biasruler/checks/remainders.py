"""Unexplained parts of gaps as a finding carries them, and Kitagawa's split beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.statistics.decomposition import decompose_strata

if TYPE_CHECKING:
    from pytest_biasruler.checks.covariates import Covariate
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.prediction import Remainder
    from pytest_biasruler.statistics.remainder import Remainders


def describe_remainders(left: Remainders | None, *, limit: float) -> dict[str, Any]:
    """Return what figure and table show of the unexplained parts, in plain types."""
    if left is None:
        return {
            "level": None, "needed": None, "pairs": [], "split": {}, "line": {},
            "beyond_reach": [], "better_than_baseline": [],
        }  # fmt: skip
    return {
        "level": finite(left.level),
        "needed": {name: finite(n) for name, n in left.needed.items()} or None,
        "pairs": [
            {
                "a": contrast.a,
                "b": contrast.b,
                "estimate": finite(contrast.estimate),
                "low": finite(contrast.low),
                "high": finite(contrast.high),
                "p": finite(contrast.p),
            }
            for group in left.groups
            for contrast in group.contrasts
        ],
        "split": {group.name: _describe_group(group) for group in left.groups},
        "line": {
            "r_squared": finite(left.r_squared),
            "n_patients": left.n_patients,
            "n_columns": left.n_columns,
            "rank": left.rank,
        },
        "beyond_reach": list(left.beyond_reach),
        # Not judged: a declared reference group is the one that the others are asked about.
        "better_than_baseline": [
            group.name
            for group in left.groups
            if group.bounds[1] < -limit
            and not left.is_unsigned
            and group.name not in left.beyond_reach
        ],
    }


def _describe_group(group: Remainder) -> dict[str, Any]:
    low, high = group.bounds
    return {
        "gap": finite(group.gap),
        "explained": finite(group.explained),
        "unexplained": finite(group.unexplained),
        "low": finite(low),
        "high": finite(high),
        "off_support": finite(group.off_support),
        "r_squared": finite(group.r_squared),
        "n_cases": group.n_cases,
        "n_left_out": group.n_left_out,
    }


def decompose_gaps(
    evidence: Evidence,
    column: Column,
    covariates: tuple[Covariate, ...],
    members: Membership,
    *,
    baseline: str | None,
) -> dict[str, Any]:
    """Return Kitagawa's split of each gap, which needs every covariate to be text."""
    if not all(covariate.is_text for covariate in covariates):
        return {}
    of = members.subgroups.of.reindex(column.per_case.index)
    splits = {}
    for name in members.judged:
        cases = of.index[of.isin((name, baseline))]
        if name == baseline:
            continue
        texts = zip(*(one.values.loc[cases] for one in covariates), strict=True)
        split = decompose_strata(
            column.per_case.loc[cases].to_numpy(),
            strata=[repr(values) for values in texts],
            is_a=(of.loc[cases] == baseline).to_numpy(),
            patients=evidence.patients(cases),
        )
        splits[name] = {
            "gap": finite(split.gap),
            "explained": finite(split.explained),
            "unexplained": finite(split.unexplained),
            "off_support": finite(split.off_support),
            "se": finite(split.squared_error**0.5),
        }
    return splits
