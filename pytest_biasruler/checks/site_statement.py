"""What is known of a gap over sites, as one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.answer import note_automated
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.numbers import format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
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
    unit, n_sites = _unit(evidence, declared), len(top.usable)
    span = f"{_span(top, attribute, unit, limit=limit)} in {title}"
    sure = f"With {100 * (1 - declared.alpha):g} % confidence,"
    if verdict == Verdict.FAIL:
        return (
            f"{sure} at a new similar site {span}{_pooling(top, limit)}; the mean gap over "
            f"{n_sites} sites is {_number(top.value, limit=limit)}{unit}{ending}"
        )
    return (
        f"Over {n_sites} sites the mean gap is {_number(top.value)}{unit}; "
        f"{sure[0].lower()}{sure[1:]} at a new similar site {span}{_pooling(top, limit)}{ending}"
    )


def _span(top: SiteContrast, attribute: str, unit: str, *, limit: float | None) -> str:
    """Return what a new site may show: who is ahead, or between which ends it lies."""
    first, second = top.told_pair
    low, high = top.prediction
    if high < 0:
        first, second, low, high = second, first, -high, -low
    least, most = (_number(abs(bound), limit=limit) for bound in (low, high))
    if low >= 0:
        return f"{attribute} {first} would be ahead of {second} by {least} to {most}{unit}"
    return (
        f"{attribute} {first} would be between {least} behind and {most}{unit} ahead of {second}"
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
