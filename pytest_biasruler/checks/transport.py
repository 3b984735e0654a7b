"""Does the gap hold at other sites, and does pooling the sites hide it?

The column is s*y(model, reference). The gap between the reference group and each other subgroup
is taken within every site and pooled as a draw of sites. Own keys: ``min_sites``, how many usable
sites a verdict needs, and ``min_patients_site``, how many patients of both subgroups make a site
usable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

import pandas as pd

from pytest_biasruler.checks.answer import (
    answer,
    is_wrongly_paired,
    note_unjudged,
)
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.checks.finding import Estimate, Verdict
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.site_contrast import contrast_details, contrast_sites
from pytest_biasruler.checks.site_statement import state_transport
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.statistics.power import smallest_detectable
from pytest_biasruler.statistics.sites import keep_home
from pytest_biasruler.statistics.spread import judge_bounds

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.checks.site_contrast import SiteContrast


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Transport:
    """The contrasts of a check: `judged` are those with enough sites, the largest first."""

    contrasts: tuple[SiteContrast, ...]
    judged: tuple[SiteContrast, ...]
    alpha: float

    @property
    def alpha_low(self) -> float:
        """Two-sided error of the intervals that a FAIL rests on: one of them may be wrong."""
        return self.alpha / max(len(self.contrasts), 1)

    @property
    def level(self) -> float:
        """One-sided level of the same."""
        return 1 - self.alpha_low / 2

    @property
    def low(self) -> float:
        """Largest lower bound of a mean gap; -inf if none has enough sites."""
        return max((contrast.low(self.alpha_low) for contrast in self.judged), default=-inf)

    @property
    def high(self) -> float:
        """Infinite if some contrast has too few sites: it may be anything."""
        if len(self.judged) < len(self.contrasts):
            return inf
        return max((contrast.high for contrast in self.judged), default=inf)

    def p_fail(self, limit: float) -> float | None:
        """Evidence that some mean gap is above the limit."""
        tails = [
            contrast.summary.evidence(limit, is_signed=contrast.is_signed)
            for contrast in self.judged
            if contrast.summary is not None
        ]
        return min(1.0, len(self.contrasts) * min(tails)) if tails else None


def check_transport(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the gap is surely beyond the limit over sites, or within it at a new one."""
    column, left_out = _settle(evidence, declared)
    members = find_members(evidence, column, by=declared.by, min_patients=declared.min_patients)
    transport = _measure(evidence, declared, column, members)
    verdict, reason = _conclude(evidence, declared, transport, members)
    return answer(
        evidence,
        declared,
        statement=state_transport(
            evidence,
            declared,
            contrasts=transport.contrasts,
            judged=transport.judged,
            verdict=verdict,
        )
        + note_unjudged(members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate(transport),
        p_fail=transport.p_fail(float(declared.limit or 0.0)),
        min_detectable=_min_detectable(transport),
        groups=members.groups,
        details=_details(declared, transport, members) | left_out,
    )


def _settle(evidence: Evidence, declared: DeclaredCheck) -> tuple[Column, dict[str, Any]]:
    """Return the scores of the cases whose site is known, each patient at one site, and the rest.

    A case without site is undefined: it would have a score at some site. A patient's cases at
    other sites are left out, for they would make the gaps of two sites one.
    """
    column = score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.reference),
        label=declared.label,
    )
    cases = column.per_case.index
    sites = evidence.sites(cases)
    if sites is None:
        fix = "Add site, the column of the metadata that names it, to [benchmark]"
        raise BiasRulerError("BR602", "transport needs sites", "a benchmark with site", fix)
    homeless, known = cases[sites == ""], cases[sites != ""]
    patients = evidence.patients(known)
    is_home = keep_home(sites[sites != ""], patients=patients)
    names = evidence.cut(declared.by).of.reindex(homeless).value_counts()
    kept = replace(column, undefined=column.undefined | frozenset(homeless)).only(known[is_home])
    return kept, {
        "without_site": {str(name): int(names[name]) for name in sorted(names.index)},
        "moved": {
            "n_patients": len(set(patients[~is_home])),
            "n_cases": int((~is_home).sum()),
        },
    }


def _measure(
    evidence: Evidence, declared: DeclaredCheck, column: Column, members: Membership
) -> Transport:
    """Return the contrasts of the reference group with every other judged subgroup."""
    sizes = {g.name: g.n_patients for g in members.groups if g.name in members.judged}
    base = declared.baseline or min(sizes, key=lambda name: (-sizes[name], name), default=None)
    if len(sizes) < 2 or base not in sizes:
        return Transport(contrasts=(), judged=(), alpha=declared.alpha)
    index = members.judged_among(column.per_case.index)
    cases = pd.DataFrame(
        {
            "value": column.per_case.loc[index],
            "subgroup": members.subgroups.of.reindex(index),
            "site": evidence.sites(index),
            "patient": evidence.patients(index),
        }
    )
    contrasts = tuple(
        contrast_sites(
            cases,
            pair=(str(base), name),
            is_signed=declared.baseline is not None,
            min_patients=int(declared.options["min_patients_site"]),
            alpha=declared.alpha,
        )
        for name in sorted(sizes)
        if name != base
    )
    enough = [one for one in contrasts if len(one.usable) >= declared.options["min_sites"]]
    largest_first = tuple(sorted(enough, key=lambda one: (-one.value, one.pair)))
    return Transport(contrasts=contrasts, judged=largest_first, alpha=declared.alpha)


def _conclude(
    evidence: Evidence, declared: DeclaredCheck, transport: Transport, members: Membership
) -> tuple[Verdict, str | None]:
    if not transport.contrasts:
        return Verdict.INCONCLUSIVE, "too few subgroups"
    limit = float(declared.limit or 0.0)
    verdict = Verdict(judge_bounds(transport.low, transport.high, limit))
    if verdict == Verdict.PASS and is_wrongly_paired(evidence, declared):
        return Verdict.INCONCLUSIVE, "wrong pairing"
    if verdict == Verdict.PASS and members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict != Verdict.INCONCLUSIVE:
        return verdict, None
    if len(transport.judged) < len(transport.contrasts):
        return verdict, "too few sites"
    detectable = _min_detectable(transport)
    weak = detectable is None or detectable > limit
    return verdict, "underpowered" if weak else "borderline"


def _min_detectable(transport: Transport) -> float | None:
    if not transport.judged or transport.judged[0].summary is None:
        return None
    summary = transport.judged[0].summary
    excess = smallest_detectable(se=summary.se, df=summary.n_sites - 1, level=transport.level)
    return finite(excess)


def _estimate(transport: Transport) -> Estimate | None:
    if not transport.judged:
        return None
    top = transport.judged[0]
    low, high = top.interval(0.05)
    return Estimate(
        value=finite(top.value),
        low=finite(transport.low),
        high=finite(transport.high),
        ci95=(finite(low), finite(high)),
        pair=top.told_pair,
        method=(
            f"Paule-Mandel over {len(top.usable)} sites; low: Hartung-Knapp interval of the mean, "
            f"one-sided level {transport.level:.4f}; high: prediction interval, "
            f"{1 - transport.alpha / 2:.4f}"
        ),
        alpha=transport.alpha,
    )


def _details(declared: DeclaredCheck, transport: Transport, members: Membership) -> dict[str, Any]:
    limit = float(declared.limit or 0.0)
    contrasts = [
        contrast_details(one, alpha=declared.alpha, level=transport.level, limit=limit)
        for one in transport.contrasts
    ]
    return {
        "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
        "too_small": list(members.too_small),
        "needed": None,
        "level": transport.level,
        "min_sites": declared.options["min_sites"],
        "min_patients_site": declared.options["min_patients_site"],
        "contrasts": contrasts,
        "simpson": any(one["pooling"] is not None for one in contrasts),
    }
