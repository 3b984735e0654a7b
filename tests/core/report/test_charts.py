from __future__ import annotations

import itertools

import pytest

from pytest_biasruler.report.charts import (
    Guide,
    Series,
    Slope,
    draw_bars,
    draw_lines,
    draw_slopes,
    draw_triangle,
    spread_labels,
)
from pytest_biasruler.report.figures import draw_finding
from pytest_biasruler.report.marks import Box, Path, Point, Text, Words, fitted, text_width, trace

from .audit_example import make_audit, make_group, ruler_age

WORDS = Words(title="T", description="D", caption="C")


def marks_of(figure, kind):
    return [mark for mark in figure.marks if isinstance(mark, kind)]


def slope(name, left, right):
    return Slope(name=name, left=left, right=right, left_shown=str(left), right_shown=str(right))


def test_a_slope_runs_from_the_expert_mean_to_the_automated_one():
    # Axis 0.7 to 0.8 with 6 % on each side from y 200 up to 40: 0.7 is at 191.4, 0.8 at 48.6.
    figure = draw_slopes(
        [slope("a", 0.7, 0.8), slope("b", 0.8, 0.7)], words=WORDS, sides=("expert", "automated")
    )
    assert [path.d for path in marks_of(figure, Path)] == [
        "M260 191.4L460 48.6",
        "M260 48.6L460 191.4",
    ]
    assert [(p.x, p.y, p.shape) for p in marks_of(figure, Point)] == [
        (260.0, 191.4, "circle"),
        (460.0, 48.6, "circle"),
        (260.0, 48.6, "square"),
        (460.0, 191.4, "square"),
    ]


@pytest.mark.parametrize("n", [1, 2, 6])
def test_labels_of_slopes_never_overlap(n):
    slopes = [slope(f"{'W' * 79}{i}", 0.7, 0.7 + i / 1e6) for i in range(n)]
    figure = draw_slopes(slopes, words=WORDS, sides=("expert", "automated"))
    for anchor in ("start", "end"):
        ys = sorted(t.y for t in marks_of(figure, Text) if t.anchor == anchor and not t.is_bold)
        assert len(ys) == n
        assert all(below - above >= 15.9 for above, below in itertools.pairwise(ys))
        assert all(0 < y < figure.height for y in ys)


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([50.0, 90.0], (50.0, 90.0)),
        ([50.0, 50.0], (50.0, 66.0)),
        ([90.0, 50.0], (90.0, 50.0)),
        ([195.0, 198.0], (184.0, 200.0)),
    ],
)
def test_labels_move_no_further_than_they_must(places, moved):
    assert spread_labels(places, last=200.0) == moved


def test_lines_bear_their_shape_where_they_are_marked():
    # Axis 0 to 1 with 6 % on each side from 56 to 486: 0 is at 79, 1 at 463.
    figure = draw_lines(
        [Series(name="a", points=((0.0, 0.0), (1.0, 1.0)), marked=(1,))],
        words=WORDS,
        axes=("Dice", "share"),
        upright=Guide(value=0.5, text="asked"),
    )
    line, legend = marks_of(figure, Path)
    assert line.d == "M79 205.8L463 36.2"
    assert [(p.x, p.y) for p in marks_of(figure, Point)] == [(463.0, 36.2), (545.0, 40.0)]
    assert legend.dash == line.dash
    assert ("asked", 271.0) in [(t.text, t.x) for t in marks_of(figure, Text)]


def test_six_lines_differ_by_shape_and_dash_and_not_only_by_colour():
    series = [Series(name=str(i), points=((0, i), (1, i)), marked=(0,)) for i in range(6)]
    figure = draw_lines(series, words=WORDS, axes=("x", "y"))
    assert len({path.dash for path in marks_of(figure, Path)}) == 6
    assert len({point.shape for point in marks_of(figure, Point)}) == 6


def test_a_bar_is_cut_into_its_shares():
    figure = draw_bars(
        [("a", (0.75, 0.25), "3 · 1"), ("b", (0.0, 1.0), "0 · 4")],
        words=WORDS,
        parts=(("expert", "#0072B2"), ("automated", "#E69F00")),
    )
    bars = [(box.x, box.width) for box in marks_of(figure, Box) if box.height == 18]
    assert bars == [(254.0, 219.0), (473.0, 73.0), (254.0, 292.0)]


def test_the_triangle_tells_each_edge():
    figure = draw_triangle(
        {"model_expert": ("ME", "worst"), "model_automated": ("MA",), "automated_expert": ("AE",)},
        words=WORDS,
    )
    texts = [text.text for text in marks_of(figure, Text)]
    assert texts == ["model", "automated", "expert", "MA", "ME", "worst", "AE"]


def test_every_finding_of_the_example_has_a_figure():
    for finding in make_audit().findings:
        assert draw_finding(finding), finding.id


def test_a_ruler_has_slopes_gaps_and_triangle_and_no_slopes_beyond_six_subgroups():
    assert len(draw_finding(ruler_age())) == 3
    names = [f"g{i}" for i in range(7)]
    details = dict(ruler_age().details)
    for kind in ("expert", "automated"):
        gap = details[f"gap_{kind}"]
        details[f"gap_{kind}"] = {**gap, "means": dict.fromkeys(names, 0.8)}
    groups = tuple(make_group(name, 30, 0.0, 0.1) for name in names)
    finding = ruler_age()
    crowded = type(finding)(
        **{
            name: getattr(finding, name)
            for name in finding.__slots__
            if name not in ("groups", "details")
        },
        groups=groups,
        details=details,
    )
    assert len(draw_finding(crowded)) == 2


def test_a_text_is_cut_to_the_width_it_has():
    assert fitted("short", 100) == "short"
    cut = fitted("W" * 80, 100)
    assert cut.endswith("…")
    assert text_width(cut) <= 100
    assert text_width("漢字") == 24.0


def test_a_path_has_one_decimal():
    assert trace([(1.04, 2.06), (-0.04, 3)]) == "M1 2.1L0 3"
