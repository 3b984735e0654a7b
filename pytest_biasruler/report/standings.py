"""Figures of a `ranking` finding: who stands where by which reference, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.forest import ForestRow, Panel
from pytest_biasruler.report.marks import MOST_SERIES
from pytest_biasruler.report.numbers import format_number, shown, typeset
from pytest_biasruler.report.rows import (
    MOST_PAIRS,
    axis_of,
    draw_panels,
    estimate_row,
    words_of,
)
from pytest_biasruler.report.slopes import Slope, draw_bump
from pytest_biasruler.report.wording import attribute_title, metric_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.marks import Figure

SIDES = ("expert", "automated")
EVERYONE = "all cases"


def draw_ranking(finding: Finding) -> tuple[Figure | None, ...]:
    """Return lines of the models from expert to automated place, and the forest of regrets."""
    return _draw_places(finding), _draw_regrets(finding)


def told_ranking(finding: Finding) -> Mapping[str, Any] | None:
    """Return the ranking of the value: of the worst subgroup, or of all cases."""
    rankings = finding.details.get("rankings") or ()
    worst = finding.details.get("subgroup")
    return next((one for one in rankings if one.get("subgroup") == worst), None)


def _draw_places(finding: Finding) -> Figure | None:
    told = told_ranking(finding)
    means = (told or {}).get("means") or {}
    expert, automated = (means.get(side) or {} for side in SIDES)
    places = {side: {m: n for n, m in enumerate(order_by(told, side), 1)} for side in SIDES}
    slopes = [
        Slope(
            name=shown(model),
            left=float(places["expert"][model]),
            right=float(places["automated"][model]),
            left_shown=typeset(format_number(expert.get(model))),
            right_shown=typeset(format_number(automated.get(model))),
        )
        for model in _front(told)
        if model in places["automated"]
    ]
    if not slopes:
        return None
    where = where_of(finding, told)
    left_out = len(order_by(told, "expert")) - len(slopes)
    cut = f" {left_out} more stand in the table." if left_out else ""
    title = metric_title(finding.metric)
    text = words_of(
        finding,
        f"The place of each model{where} by the expert and by the automated reference, with its "
        f"mean {title}.",
        f"The order of the models{where} on the same cases, the best on top, by the expert and "
        f"by the automated reference; beside each its mean {title}. Lines that cross change "
        f"places.{cut}",
    )
    return draw_bump(slopes, words=text, sides=SIDES)


def _front(ranking: Mapping[str, Any] | None) -> list[str]:
    """Return the models that either reference puts in front, no more than can be told apart."""
    by_expert, by_automated = (list(order_by(ranking, side)) for side in SIDES)
    places = {
        model: min(place, by_automated.index(model) if model in by_automated else place)
        for place, model in enumerate(by_expert)
    }
    kept = sorted(by_expert, key=lambda model: places[model])[:MOST_SERIES]
    return [model for model in by_expert if model in kept]


def order_by(ranking: Mapping[str, Any] | None, side: str) -> Sequence[str]:
    """Return the models from first to last by one reference."""
    return ((ranking or {}).get("order") or {}).get(side) or ()


def where_of(finding: Finding, ranking: Mapping[str, Any] | None) -> str:
    """Return the subgroup of a ranking as part of a sentence; nothing for all cases."""
    subgroup = (ranking or {}).get("subgroup")
    return "" if subgroup is None else f" in {attribute_title(finding)} {shown(subgroup)}"


def _draw_regrets(finding: Finding) -> Figure | None:
    rankings = [one for one in finding.details.get("rankings") or () if one.get("regret")]
    rankings.sort(key=lambda one: -(one["regret"].get("value") or 0.0))
    rows = [_regret_row(finding, one) for one in rankings[:MOST_PAIRS]]
    if finding.estimate is not None:
        is_alone = len(rows) <= 1
        own = estimate_row(finding, name="regret" if is_alone else "largest regret")
        rows = [own] if is_alone else [own, *rows]
    text = words_of(
        finding,
        "What it costs to choose the model that the automated reference puts first, with bounds, "
        "against the limit.",
        "What the automated reference's choice costs by the expert, with its decision bounds. A "
        "FAIL needs the order of two models to be confirmed under both references.",
    )
    panel = Panel(rows=tuple(rows), axis=axis_of(finding, "regret in "), origin=0.0)
    return draw_panels(text, (panel,))


def _regret_row(finding: Finding, ranking: Mapping[str, Any]) -> ForestRow:
    regret = ranking["regret"]
    return ForestRow(
        name=shown(ranking.get("subgroup") or EVERYONE),
        value=regret.get("value"),
        bounds=(regret.get("low"), regret.get("high")),
        limits=() if finding.limit is None else (finding.limit,),
        shown=typeset(format_number(regret.get("value"), limit=finding.limit)),
        shape="ring",
        colour="none",
        ring="single rankings, among them the largest",
    )
