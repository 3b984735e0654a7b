"""What only one check has to tell: its own tables and sentences below the subgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.anatomy import describe_morphology
from pytest_biasruler.report.arms import describe_amplification
from pytest_biasruler.report.bent import describe_ruler
from pytest_biasruler.report.blocks import Fold, Items, Paragraph
from pytest_biasruler.report.challenge import describe_challenge
from pytest_biasruler.report.difficulty import describe_difficulty
from pytest_biasruler.report.echo import describe_echo
from pytest_biasruler.report.evidence import describe_provenance
from pytest_biasruler.report.leaderboard import describe_ranking
from pytest_biasruler.report.noise import describe_noise
from pytest_biasruler.report.numbers import (
    format_bounds,
    format_number,
    format_p,
    shown,
    typeset,
)
from pytest_biasruler.report.reach import describe_success
from pytest_biasruler.report.rectified import describe_rectified
from pytest_biasruler.report.sites import describe_transport
from pytest_biasruler.report.trend import describe_trend
from pytest_biasruler.report.wording import by_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

_PUBLISHED = {
    "mean": "m, mean over cases",
    "worst": "worst subgroup mean",
    "max_min": "largest minus smallest subgroup mean",
    "sd_ddof0": "SD of the subgroup means, ddof 0",
    "sd_ddof1": "SD of the subgroup means, ddof 1",
    "ser": "skewed error ratio (1 − worst)/(1 − best)",
    "es_sum": "equity-scaled, m/(1 + sum of |subgroup mean − m|)",
    "es_sd": "equity-scaled, m/(1 + SD with ddof 0)",
    "es_sd_ddof1": "equity-scaled, m/(1 + SD with ddof 1)",
    "anova_f": "one-way analysis of variance, F",
    "anova_p": "one-way analysis of variance, p",
}


def describe_specifics(finding: Finding) -> Iterator[Block]:
    """Yield the blocks that only this kind of check has, as far as its details hold them."""
    describe = {
        "gap": _describe_gap,
        "ruler": describe_ruler,
        "labels": _describe_labels,
        "success": describe_success,
        "amplification": describe_amplification,
        "echo": describe_echo,
        "difficulty": describe_difficulty,
        "morphology": describe_morphology,
        "ranking": describe_ranking,
        "transport": describe_transport,
        "noise": describe_noise,
        "rectified": describe_rectified,
        "provenance": describe_provenance,
    }.get(finding.check)
    if finding.details.get("form") == "trend":
        describe = describe_trend
    if describe:
        yield from describe(finding)


def _describe_gap(finding: Finding) -> Iterator[Block]:
    texts = tuple(_gap_remarks(finding))
    if texts:
        yield Items(texts=texts)
    published = finding.details.get("published") or {}
    if published:
        yield Fold(
            summary="One-number summaries as papers print them; not judged",
            blocks=(Items(texts=tuple(_told_summaries(published))),),
        )
    challenge = finding.details.get("challenge")
    if challenge:
        models = (str(finding.model), str(finding.reference))
        yield from describe_challenge([(*models, challenge)])


def _told_summaries(published: Mapping[str, float | None]) -> Iterator[str]:
    for key, title in _PUBLISHED.items():
        if key in published:
            value = published[key]
            number = format_p(value) if key == "anova_p" else typeset(format_number(value))
            yield f"{title}: {number}"


def _gap_remarks(finding: Finding) -> Iterator[str]:
    details = finding.details
    if details.get("tipping"):
        yield (
            f"Were the labels of {shown(finding.reference)} themselves wrong, by "
            f"{typeset(format_number(details['tipping']))} more in one of these subgroups than in "
            "another, that could undo this verdict."
        )
    if details.get("heterogeneity_sd") is not None:
        yield (
            "Between-subgroup SD, corrected for sampling error: "
            f"{typeset(format_number(details['heterogeneity_sd']))}."
        )
    absent = [(name, n) for name, n in by_group(finding, details.get("agreed_absent") or {}) if n]
    if absent:
        without = details.get("gap_without_absent")
        counts = ", ".join(f"{n} in {shown(name)}" for name, n in absent)
        tail = f"; without them the gap is {typeset(format_number(without))}"
        yield (f"Agreed absent (both masks empty): {counts}{tail if without is not None else ''}.")


def _describe_labels(finding: Finding) -> Iterator[Block]:
    details = finding.details
    if details.get("ambiguity_included"):
        text = "Cases that are ambiguous for people too count here: no second expert is declared."
        yield Paragraph(text=text, tone="note")
    anchoring = details.get("anchoring")
    if anchoring:
        yield Paragraph(text=_anchored(anchoring.get("value"), anchoring.get("ci95") or ()))


def _anchored(closer: float | None, ci95: Sequence[float | None]) -> str:
    """Return how much closer the automated label is to the second expert, or how much farther."""
    way, ends = "closer to", tuple(ci95) or (None, None)
    if closer is not None and closer < 0:
        way, closer = "farther from", -closer
        ends = tuple(None if end is None else -end for end in reversed(ends))
    told = typeset(f"{format_number(closer)} {format_bounds(*ends)}")
    return f"The automated label is {way} the second expert than the first by {told}."
