"""Catch curves: how often a planted bias is caught, by its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.report.charts import Guide, Series, draw_lines
from pytest_biasruler.report.marks import MOST_SERIES, Words
from pytest_biasruler.report.numbers import short_id, shown
from pytest_biasruler.report.wording import metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.report.marks import Figure

    Plain = Mapping[str, Any]

ENOUGH = 0.8


def draw_catches(checks: Sequence[Plain]) -> Iterator[Figure]:
    """Yield a figure for each question: the curve of each check's first operator."""
    for question in dict.fromkeys(check["check"] for check in checks):
        own = [check for check in checks if check["check"] == question]
        drawn = [check for check in own if _points(check)]
        if drawn:
            yield _draw(question, drawn)


def _draw(question: str, checks: Sequence[Plain]) -> Figure:
    kept = checks[:MOST_SERIES]
    operator = shown(kept[0]["operators"][0]["name"])
    caption = f"How often {shown(question)} catches a bias of each size ({operator})."
    if question in QUESTIONS:
        caption = f"{QUESTIONS[question].asks} {caption}"
    if len(kept) < len(checks):
        caption += f" The first {len(kept)} of {len(checks)} checks."
    return draw_lines(
        [
            Series(name=name, points=_points(check), marked=tuple(range(len(_points(check)))))
            for check, name in zip(kept, _names(kept), strict=True)
        ],
        words=Words(
            title=" ".join(_told(check) for check in kept),
            description="Share of worlds in which a planted bias is caught, by its size. "
            "The numbers stand in the tables below.",
            caption=caption,
        ),
        axes=("size of the planted bias, in limits", "share caught"),
        upright=Guide(value=1.0, text="limit"),
        across=Guide(value=ENOUGH, text="80 %"),
    )


def _names(checks: Sequence[Plain]) -> list[str]:
    """Return what tells these checks apart: what they ask about, else the rest of their ids."""
    asked = [" and ".join(map(shown, check["by"])) for check in checks]
    if len({check["metric"] for check in checks}) > 1:
        titles = [metric_title(check["metric"]) for check in checks]
        asked = [f"{by}, {title}" for title, by in zip(titles, asked, strict=True)]
    if all(asked) and len(set(asked)) == len(checks):
        return asked
    return without_prefix(
        [short_id(check["id"])[len(check["check"]) :].strip("[]") for check in checks]
    )


def without_prefix(names: Sequence[str]) -> list[str]:
    """Return names without the parts that all of them begin with; their ends tell them apart.

    Examples
    --------
    >>> without_prefix(["dice-age-unet-expert", "dice-age-unet-senior", "dice-age-vnet-expert"])
    ['unet-expert', 'unet-senior', 'vnet-expert']
    """
    parts = [name.split("-") for name in names]
    n_same = 0
    for column in zip(*(part[:-1] for part in parts), strict=False):
        if len(parts) < 2 or len(set(column)) > 1:
            break
        n_same += 1
    return ["-".join(part[n_same:]) for part in parts]


def _points(check: Plain) -> tuple[tuple[float, float], ...]:
    """Return realised size and share caught of the first operator's biases."""
    points = [
        (point["realised"], point["caught"])
        for point in check["operators"][0]["points"]
        if point.get("realised") is not None and point.get("caught") is not None
    ]
    return tuple(sorted(points))


def _told(check: Plain) -> str:
    return f"{shown(check.get('statement') or short_id(check['id']), longest=300)}."
