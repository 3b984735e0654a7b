"""What is known of a gap over sites, as one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.answer import note_automated
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.numbers import format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.benchmark.definition import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.site_contrast import SiteContrast


def state_transport(
    evidence: Evidence,
    declared: DeclaredCheck,
    *,
    contrasts: Sequence[SiteContrast],
    judged: Sequence[SiteContrast],
    verdict: Verdict,
) -> str:
    """Return what a new site may show and what pooling hides, or why nobody knows.

    `judged` are those of the contrasts that have enough sites, the largest first. What decides
    comes last, for a bound follows it: of a FAIL the mean over sites.
    """
    attribute, ending = " and ".join(declared.by), note_automated(evidence, declared)
    title = evidence.metric(declared.metric).title
    if not contrasts:
        return f"{title} cannot be compared between subgroups of {attribute} within sites"
    if not judged:
        return _state_too_few(evidence, declared, contrasts) + ending
    top, limit = judged[0], declared.limit
    low, high = (_number(bound, limit=limit) for bound in top.prediction)
    what, ahead = f"the {attribute} gap in {title}", _ahead(top.told_pair)
    n_sites, mean = len(top.usable), _number(top.value)
    span = f"lie between {low} and {high}{_unit(evidence, declared)}{_pooling(top, limit)}"
    if verdict == Verdict.FAIL:
        return (
            f"At a new similar site {what} ({ahead}) would {span}; its mean over {n_sites} sites "
            f"is {_number(top.value, limit=limit)}{ending}"
        )
    return (
        f"At a new similar site {what} ({ahead}; mean over {n_sites} sites {mean}) would "
        f"{span}{ending}"
    )


def _state_too_few(
    evidence: Evidence, declared: DeclaredCheck, contrasts: Sequence[SiteContrast]
) -> str:
    most = max(contrasts, key=lambda one: len(one.usable))
    n_patients = declared.options["min_patients_site"]
    is_turned = not most.is_signed and most.pooled < 0
    pair = (most.pair[1], most.pair[0]) if is_turned else most.pair
    pooled = abs(most.pooled) if is_turned else most.pooled
    return (
        f"{len(most.usable)} of {len(most.gaps)} sites have {n_patients} patients of "
        f"{' and '.join(declared.by)} {most.pair[0]} and of {most.pair[1]}; pooled over all sites "
        f"the gap in {evidence.metric(declared.metric).title} ({_ahead(pair)}) is "
        f"{_number(pooled)}{_unit(evidence, declared)}"
    )


def _pooling(contrast: SiteContrast, limit: float | None) -> str:
    pooled, within = (contrast.sign * gap for gap in (contrast.pooled, contrast.split.unexplained))
    apart = _number(abs(abs(pooled) - abs(within)))
    return {
        "turns": (
            f" (pooling the sites turns it around: {_number(pooled)} pooled, {_number(within)} "
            "at equal shares of the sites)"
        ),
        "hides": f" (pooling the sites hides {apart} of it)",
        "adds": f" (pooling the sites adds {apart} to it)",
    }.get(str(contrast.pooling(float(limit or 0.0))), "")


def _ahead(pair: tuple[str, str]) -> str:
    return f"{pair[0]} ahead of {pair[1]}"


def _number(value: float, *, limit: float | None = None) -> str:
    return format_number(value, limit=limit).replace("-", "\N{MINUS SIGN}")


def _unit(evidence: Evidence, declared: DeclaredCheck) -> str:
    unit = evidence.metric(declared.metric).unit
    return f" {unit}" if unit else ""
