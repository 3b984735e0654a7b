"""What a `ranking` finding shows: the models' order by each reference, flips, and the regret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Items, Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    p_cell,
    words,
)
from pytest_biasruler.report.challenge import describe_challenge
from pytest_biasruler.report.numbers import format_bounds, format_number, joined, shown, typeset
from pytest_biasruler.report.standings import SIDES, order_by, told_ranking, where_of
from pytest_biasruler.report.standings import draw_ranking as draw_ranking
from pytest_biasruler.report.wording import attribute_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block


def describe_ranking(finding: Finding) -> Iterator[Block]:
    """Yield order and means under both references, flips, and the regret by subgroup."""
    details = finding.details
    told = told_ranking(finding)
    if told:
        yield _order_table(finding, told)
        yield from _flips(finding, told)
    rankings = details.get("rankings") or ()
    if any(one.get("subgroup") is not None for one in rankings):
        yield _regret_table(finding, rankings)
    overall = details.get("overall")
    if overall:
        yield Paragraph(text=_overall(overall), tone="note")
    yield from _by_gap(finding)
    yield from _incomplete(finding)
    challenge = details.get("challenge") or {}
    yield from describe_challenge(
        [
            (model, side, score)
            for side in SIDES
            for model, score in (challenge.get(side) or {}).items()
        ]
    )


def _order_table(finding: Finding, ranking: Mapping[str, Any]) -> Block:
    automated = list(order_by(ranking, "automated"))
    means = ranking.get("means") or {}
    rows = [
        (
            name_cell(model),
            count_cell(place),
            count_cell(automated.index(model) + 1 if model in automated else None),
            *(number_cell((means.get(side) or {}).get(model)) for side in SIDES),
        )
        for place, model in enumerate(order_by(ranking, "expert"), start=1)
    ]
    tau = typeset(format_number(ranking.get("tau_b")))
    return make_table(
        f"Order of the models{where_of(finding, ranking)}, on the {ranking.get('n_cases', 0):,} "
        "cases that have every score",
        ("model", "place by expert", "by automated", "mean by expert", "by automated"),
        rows,
        note=f"Rank correlation of the two columns of means (Kendall's tau-b): {tau}.",
    )


def _flips(finding: Finding, ranking: Mapping[str, Any]) -> Iterator[Block]:
    flips = ranking.get("flips") or ()
    if not flips:
        yield Paragraph(text=f"No two models change places{where_of(finding, ranking)}.")
        return
    rows = [
        (
            name_cell(flip.get("better")),
            name_cell(flip.get("worse")),
            number_cell(flip.get("gap_automated")),
            number_cell(flip.get("gap_expert")),
            p_cell(flip.get("p_holm")),
            words("confirmed" if flip.get("confirmed") else "not confirmed"),
        )
        for flip in flips
    ]
    yield make_table(
        f"Models that change places{where_of(finding, ranking)}",
        (
            "ahead by automated",
            "ahead by expert",
            "lead by automated",
            "lead by expert",
            "p",
            "order",
        ),
        rows,
        note=(
            "p: that both references surely order the two so, adjusted by Holm over all ordered "
            "pairs of models (and subgroups)."
        ),
    )


def _regret_table(finding: Finding, rankings: Sequence[Mapping[str, Any]]) -> Block:
    rows = []
    for one in rankings:
        regret = one.get("regret") or {}
        bounds = format_bounds(regret.get("low"), regret.get("high"), limit=finding.limit)
        rows.append(
            (
                name_cell(one.get("subgroup")),
                name_cell(regret.get("winner")),
                name_cell(next(iter(order_by(one, "expert")), None)),
                number_cell(regret.get("value"), limit=finding.limit),
                bounds_cell(typeset(bounds)),
                p_cell(regret.get("p_holm")),
                number_cell(one.get("tau_b")),
            )
        )
    return make_table(
        f"The choice within each judged subgroup of {attribute_title(finding)}",
        ("subgroup", "first by automated", "first by expert", "regret", "bounds", "p", "tau-b"),
        rows,
    )


def _overall(overall: Mapping[str, Any]) -> str:
    first = {side: shown(next(iter(order_by(overall, side)), "none")) for side in SIDES}
    regret = typeset(format_number((overall.get("regret") or {}).get("value")))
    return (
        f"Over all {overall.get('n_cases', 0):,} complete cases, not judged here: first by the "
        f"automated reference {first['automated']}, by the expert {first['expert']}, regret "
        f"{regret}."
    )


def _by_gap(finding: Finding) -> Iterator[Block]:
    by_gap = finding.details.get("by_gap") or {}
    gaps = by_gap.get("gaps") or {}
    order = (by_gap.get("order") or {}).get("expert") or ()
    if not order:
        return
    yield make_table(
        f"Gap of each model between subgroups of {attribute_title(finding)}; not judged",
        ("model", "gap by expert", "gap by automated"),
        [
            (name_cell(model), *(number_cell((gaps.get(s) or {}).get(model)) for s in SIDES))
            for model in order
        ],
        note=(
            "Smallest gap first. Rank correlation of the two columns: "
            f"{typeset(format_number(by_gap.get('tau_b')))}."
        ),
    )


def _incomplete(finding: Finding) -> Iterator[Block]:
    lost = {
        model: sum(of.values())
        for model, of in (finding.details.get("incomplete") or {}).items()
        if any(of.values())
    }
    if lost:
        names = joined(list(lost))
        text = f"Cases without a score of some model or reference are left out, for: {names}."
        yield Items(texts=(text,))
