from __future__ import annotations

import itertools

import pytest

from pytest_biasruler.report.charts import (
    Guide,
    Series,
    draw_bars,
    draw_lines,
    draw_triangle,
)
from pytest_biasruler.report.figures import draw_finding
from pytest_biasruler.report.marks import Box, Path, Point, Text, Words, fitted, text_width, trace
from pytest_biasruler.report.slopes import Slope, draw_bump, draw_slopes, spread_labels

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
        "M122 191.4L238 48.6",
        "M122 48.6L238 191.4",
    ]
    assert [(p.x, p.y, p.shape) for p in marks_of(figure, Point)] == [
        (122.0, 191.4, "circle"),
        (238.0, 48.6, "circle"),
        (122.0, 48.6, "square"),
        (238.0, 191.4, "square"),
    ]


@pytest.mark.parametrize("n", [1, 2, 6])
def test_labels_of_slopes_never_overlap(n):
    slopes = [slope(f"{'W' * 79}{i}", 0.7, 0.7 + i / 1e6) for i in range(n)]
    figure = draw_slopes(slopes, words=WORDS, sides=("expert", "automated"))
    for x in (110.0, 250.0):
        ys = sorted(t.y for t in marks_of(figure, Text) if t.x == x)
        assert len(ys) == n
        assert all(below - above >= 15.9 for above, below in itertools.pairwise(ys))
        assert all(0 < y < figure.height for y in ys)


def test_long_names_of_slopes_stand_in_a_legend_and_short_ones_beside_their_line():
    long = draw_slopes([slope("W" * 20, 0.7, 0.8)], words=WORDS, sides=("a", "b"))
    assert [t.text for t in marks_of(long, Text)] == ["a", "b", "0.7", "0.8", "W" * 20]
    short = draw_slopes([slope("0–40", 0.7, 0.8)], words=WORDS, sides=("a", "b"))
    assert [t.text for t in marks_of(short, Text)][2:] == ["0–40\u20030.7", "0.8\u20030–40"]


def test_slopes_below_a_limit_look_flat_and_their_scale_is_told():
    # At least 0.1 wide about 0.8: a difference of 0.01 takes a tenth of 160 points and its margin.
    figure = draw_slopes(
        [slope("a", 0.8, 0.81)], words=WORDS, sides=("expert", "automated"), width=0.1
    )
    (path,) = marks_of(figure, Path)
    left, right = (float(part.split()[1]) for part in path.d[1:].split("L"))
    assert left - right == pytest.approx(160 * 0.01 / 0.112, abs=0.1)
    assert figure.words.caption == "C The scale runs from 0.75 to 0.86."


def test_a_bump_chart_puts_the_first_place_on_top_at_even_steps():
    figure = draw_bump(
        [slope("a", 1.0, 3.0), slope("b", 2.0, 1.0), slope("c", 3.0, 2.0)],
        words=WORDS,
        sides=("expert", "automated"),
    )
    ys = {point.y for point in marks_of(figure, Point)}
    first, second, third = sorted(ys)
    assert second - first == pytest.approx(third - second)
    assert marks_of(figure, Path)[0].d == f"M122 {first:g}L238 {third:g}"


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
    # Axis 0 to 1 with 6 % on each side from 40 to 352: 0 is at 56.7, 1 at 335.3.
    figure = draw_lines(
        [Series(name="a", points=((0.0, 0.0), (1.0, 1.0)), marked=(1,))],
        words=WORDS,
        axes=("Dice", "share"),
        upright=Guide(value=0.5, text="asked"),
    )
    line, legend = marks_of(figure, Path)
    assert line.d == "M56.7 203.9L335.3 36.1"
    assert [(p.x, p.y) for p in marks_of(figure, Point)] == [(335.3, 36.1), (57.0, 270.0)]
    assert legend.dash == line.dash
    assert ("asked", 196.0) in [(t.text, t.x) for t in marks_of(figure, Text)]
    assert figure.height == 280, "a row of the legend below"


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
    bars = [(box.x, box.width) for box in marks_of(figure, Box) if box.height == 14]
    assert bars == [(0.5, 269.2), (269.8, 89.8), (0.5, 359.0)]


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
    assert text_width("漢字") == 26.0


def test_a_path_has_one_decimal():
    assert trace([(1.04, 2.06), (-0.04, 3)]) == "M1 2.1L0 3"
