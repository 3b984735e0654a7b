"""What a slope along a number shows: the line over the means of the subgroups, and the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Items
from pytest_biasruler.report.charts import LEFT, LEGEND_STEP, RIGHT, TOP, draw_frame
from pytest_biasruler.report.marks import (
    BLUE,
    VERMILLION,
    WIDTH,
    Figure,
    Line,
    Path,
    Point,
    Text,
    fitted,
    tenth,
    trace,
)
from pytest_biasruler.report.numbers import format_bounds, format_number, typeset
from pytest_biasruler.report.rows import draw_panels, gap_panel, words_of
from pytest_biasruler.report.scale import fit_scale
from pytest_biasruler.report.titles import column_title
from pytest_biasruler.report.wording import attribute_title, metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block
    from pytest_biasruler.report.marks import Mark, Words
    from pytest_biasruler.report.scale import Scale

HEIGHT, BELOW = 260, 46.0
_LIMIT_DASH = "5 3"

_Point = tuple[float, float]


def draw_trend(finding: Finding) -> tuple[Figure | None, ...]:
    """Return the fitted line over the means of the subgroups, and the slope against the limit."""
    around = words_of(
        finding,
        "The size of the slope with its decision bounds, against the limit.",
        f"How much {metric_title(finding.metric)} changes {_per(finding)}, without its sign, with "
        "decision bounds, against the limit.",
    )
    return _draw_line(finding), draw_panels(around, (gap_panel(finding),))


def _draw_line(finding: Finding) -> Figure | None:
    trend = finding.details.get("trend") or {}
    points = [one for one in trend.get("points") or () if None not in (one["number"], one["mean"])]
    center, slope = trend.get("center") or (), trend.get("slope")
    if len(points) < 2 or slope is None or None in center:
        return None
    numbers = [one["number"] for one in points]
    ends = (min(numbers), max(numbers))
    slopes = [slope, *(sign * (finding.limit or 0.0) for sign in (-1, 1))]
    line, *cone = (_line(center, each / trend["step"], ends) for each in slopes)
    horizontal = fit_scale(ends, start=LEFT, end=RIGHT)
    vertical = fit_scale(
        [*(y for _, y in line), *(one["mean"] for one in points)],
        bounds=[*_ends_of(points), *(y for side in cone for _, y in side)],
        start=HEIGHT - BELOW,
        end=TOP,
    )
    lines = [(side, VERMILLION, _LIMIT_DASH) for side in cone] + [(line, BLUE, "")]
    marks: list[Mark] = [
        *draw_frame(horizontal, vertical, (attribute_title(finding), column_title(finding))),
        *(
            Path(d=_placed(one, horizontal, vertical), colour=colour, dash=dash)
            for one, colour, dash in lines
        ),
        *_draw_means(points, horizontal, vertical),
        *_draw_key(),
    ]
    height = HEIGHT + round(3 * LEGEND_STEP)
    return Figure(words=_around(finding), width=WIDTH, height=height, marks=tuple(marks))


def _around(finding: Finding) -> Words:
    title, of = metric_title(finding.metric), attribute_title(finding)
    return words_of(
        finding,
        f"Mean {title} of each subgroup at its mean {of}, with the fitted line and the steepest "
        "lines that the limit allows.",
        "The line is fitted to all cases with a number, not to the means. Means stand at the mean "
        f"{of} of their subgroup, with plain 95 % intervals; dashed: the limit, up and down.",
    )


def _line(center: Sequence[float], slope: float, ends: _Point) -> tuple[_Point, _Point]:
    x0, y0 = center
    first, last = ((x, y0 + slope * (x - x0)) for x in ends)
    return first, last


def _ends_of(points: Sequence[Mapping[str, Any]]) -> Iterator[float | None]:
    for one in points:
        yield one["low"]
        yield one["high"]


def _placed(line: Sequence[_Point], horizontal: Scale, vertical: Scale) -> str:
    return trace([(horizontal.place(x), vertical.place(y)) for x, y in line])


def _draw_means(
    points: Sequence[Mapping[str, Any]], horizontal: Scale, vertical: Scale
) -> Iterator[Mark]:
    for one in points:
        x = horizontal.place(one["number"])
        if one["low"] is not None and one["high"] is not None:
            low, high = vertical.place(one["low"]), vertical.place(one["high"])
            yield Line(x1=x, y1=low, x2=x, y2=high, width=1.5)
        yield Point(x=x, y=vertical.place(one["mean"]), shape="circle", colour=BLUE)


def _draw_key() -> Iterator[Mark]:
    parts = ((BLUE, "", "fitted line"), (VERMILLION, _LIMIT_DASH, "limit"))
    for index, (colour, dash, name) in enumerate(parts):
        y = tenth(HEIGHT + LEGEND_STEP * (index + 0.5))
        yield Path(d=trace([(LEFT, y), (LEFT + 34, y)]), colour=colour, dash=dash)
        yield Text(x=LEFT + 42, y=tenth(y + 4), text=fitted(name, WIDTH - LEFT - 42))
    y = tenth(HEIGHT + LEGEND_STEP * 2.5)
    yield Point(x=LEFT + 17, y=y, shape="circle", colour=BLUE)
    yield Text(x=LEFT + 42, y=tenth(y + 4), text="mean of a subgroup")


def _per(finding: Finding) -> str:
    step = (finding.details.get("trend") or {}).get("step")
    of = attribute_title(finding)
    return f"along {of}" if step is None else f"per {typeset(f'{step:g}')} of {of}"


def describe_trend(finding: Finding) -> Iterator[Block]:
    """Yield the slope with its sign and interval, and what it rests on."""
    trend = finding.details.get("trend") or {}
    if trend.get("slope") is None:
        return
    low, high = trend.get("ci95") or (None, None)
    texts = [
        f"Slope {_per(finding)}: {typeset(format_number(trend['slope']))}, 95 % interval "
        f"{typeset(format_bounds(low, high))}."
    ]
    slopes = finding.details.get("slopes_by") or {}
    if slopes:
        told = (typeset(format_number(slopes.get(name))) for name in ("expert", "automated"))
        texts.append("By the experts {}, by the automated reference {}.".format(*told))
    if trend.get("leverage") is not None:
        share = f"{100 * trend['leverage']:.0f} %"
        texts.append(
            f"{trend.get('n_patients')} patients; the one who weighs most has {share} of the "
            "spread of the numbers."
        )
    yield Items(texts=tuple(texts))
