"""What a `ruler` finding tells beside its verdict, and the matrix of flipped verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Cell, Items, Table
from pytest_biasruler.report.cells import bounds_cell, make_table, name_cell, number_cell, words
from pytest_biasruler.report.flips import direction_of
from pytest_biasruler.report.numbers import (
    format_bounds,
    format_limit,
    format_number,
    format_percent,
    format_signed,
    shown,
    typeset,
)
from pytest_biasruler.report.wording import by_group, metric_title, pair_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

EDGES = ("model_expert", "model_automated", "automated_expert")

_OTHER_PAIR = (
    "Each gap is that of the two subgroups furthest apart under its reference. The distortion is "
    "that of the two whose gap moves most, so its pair, and its two gaps, may be others."
)


def describe_ruler(finding: Finding) -> Iterator[Block]:
    """Yield means under both references, both gaps, the triangle and what looks too certain."""
    details = finding.details
    gaps = [(kind, details.get(f"gap_{kind}")) for kind in ("expert", "automated")]
    if any(gap for _, gap in gaps):
        yield _gaps_table(finding, gaps)
    agreement = details.get("agreement") or {}
    if agreement:
        yield _agreement_table(finding, agreement)
    texts = tuple(_remarks(finding))
    if texts:
        yield Items(texts=texts)


def _gaps_table(finding: Finding, gaps: Sequence[tuple[str, Mapping[str, Any] | None]]) -> Table:
    limit = finding.details.get("gap_limit")
    rows = []
    for kind, gap in gaps:
        if not gap:
            continue
        verdict = str(gap.get("verdict", ""))
        pair = gap.get("pair")
        rows.append(
            (
                words(f"gap, {kind} reference"),
                words(pair_title((pair[0], pair[1])) if pair else "–"),
                number_cell(gap.get("value"), limit=limit),
                bounds_cell(typeset(format_bounds(gap.get("low"), gap.get("high"), limit=limit))),
                words(typeset(format_limit(limit))),
                Cell(text=verdict, sign=verdict.lower()) if verdict else words("–"),
            )
        )
    pairs = {frozenset(gap["pair"]) for _, gap in gaps if gap and gap.get("pair")}
    has_others = finding.told_pair is not None and pairs - {frozenset(finding.told_pair)}
    return make_table(
        "The gap under each reference, on the paired cases",
        ("", "pair", "gap", "bounds", "limit", "verdict"),
        rows,
        note=_OTHER_PAIR if has_others else "",
        is_sortable=False,
    )


def _agreement_table(
    finding: Finding, agreement: Mapping[str, Mapping[str, float | None]]
) -> Table:
    rows = [
        (
            name_cell("all cases" if name == "all" else name),
            *(number_cell(m.get(e)) for e in EDGES),
        )
        for name, m in by_group(finding, agreement)
    ]
    return make_table(
        f"Agreement triangle: mean {metric_title(finding.metric)} between each two of the three",
        ("cases", "model – expert", "model – automated", "automated – expert"),
        rows,
    )


def _remarks(finding: Finding) -> Iterator[str]:
    details = finding.details
    signed = details.get("distortion_signed") or {}
    if signed.get("value") is not None:
        bounds = format_bounds(signed.get("low"), signed.get("high"))
        number = typeset(f"{format_signed(signed['value'])} {bounds}")
        pair = details.get("direction_pair")
        of = f" of {shown(pair[0])} − {shown(pair[1])}" if pair else ""
        yield (
            f"Automated gap minus expert gap{of}, for this pair alone: {number} "
            f"({direction_of(finding)})."
        )
    if details.get("flip"):
        yield f"Verdicts of the gap under the two references: {shown(details['flip'])}."
    ratio = details.get("ratio") or {}
    if ratio.get("value") is not None:
        bounds = format_bounds(ratio.get("low"), ratio.get("high"))
        yield typeset(
            f"Attenuation, automated gap over expert gap: {format_number(ratio['value'])}, 95 % "
            f"interval {bounds}."
        )
    elif ratio:
        yield (
            "Attenuation, automated gap over expert gap: undefined, the expert gap is not "
            "separated from 0."
        )
    if details.get("hidden_share") is not None and details["hidden_share"] > 0:
        yield f"Share of the expert gap that is hidden: {format_percent(details['hidden_share'])}."
    yield from _certainty(details, metric_title(finding.metric))
    yield from _relations(details)


def _certainty(details: Mapping[str, Any], title: str) -> Iterator[str]:
    spread = details.get("sd_ratio") or {}
    if spread.get("value") is not None:
        bounds = format_bounds(spread.get("low"), spread.get("high"))
        numbers = typeset(f"{format_number(spread['value'])} {bounds}")
        yield f"SD of {title} within subgroups, automated over expert: {numbers}."
    if details.get("variance_collapse"):
        yield "Variance collapse: scores by the automated reference are higher and vary far less."
    if details.get("false_confidence"):
        yield "False confidence: the automated reference decides what the expert leaves open."
    flip = details.get("worst_flip") or {}
    if flip:
        yield _told_worst(flip)
    floor = details.get("human_floor")
    if floor:
        bounds = format_bounds(floor.get("low"), floor.get("high"))
        numbers = typeset(f"{format_number(floor.get('value'))} {bounds}")
        yield f"A second expert in place of the automated reference bends the gap by {numbers}."


def _told_worst(flip: Mapping[str, Any]) -> str:
    by_expert, by_automated = shown(flip.get("worst_expert")), shown(flip.get("worst_automated"))
    told = f"The worst-off subgroup is {by_expert} under both references"
    if flip.get("point"):
        surely = "confirmed" if flip.get("confirmed") else "not confirmed"
        told = (
            f"The worst-off subgroup is {by_expert} by the expert and {by_automated} by the "
            f"automated reference ({surely})"
        )
    if flip.get("probability") is None:
        return f"{told}."
    share = format_percent(flip["probability"])
    return (
        f"{told}; where patients are drawn anew, the two differ in {share} of draws (a "
        "description, no p-value)."
    )


def _relations(details: Mapping[str, Any]) -> Iterator[str]:
    if details.get("near_twins"):
        yield (
            "Near twins: the model agrees with the automated labels more than either agrees with "
            "the expert."
        )
    leakage = details.get("leakage")
    if isinstance(leakage, dict) and leakage.get("found"):
        share = leakage.get("identical_share")
        text = "Leakage: the model knows the automated labels it is judged by"
        causes = ["it was trained on them"] if leakage.get("trained_on") else []
        if share:
            causes.append(f"{format_percent(share)} of its masks are identical to them")
        yield f"{text}{f' ({joined_causes(causes)})' if causes else ''}."


def joined_causes(causes: Sequence[str]) -> str:
    """Return causes as one clause."""
    return ", and ".join(causes)
