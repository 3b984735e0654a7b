from __future__ import annotations

import itertools

import pytest

from pytest_biasruler.report.figures import draw_finding
from pytest_biasruler.report.forest import (
    NAMES_END,
    PLOT_END,
    PLOT_START,
    VALUES_END,
    ForestRow,
    Panel,
    draw_forest,
)
from pytest_biasruler.report.marks import Line, Point, Text, Words, text_width

from .audit_example import make_estimate, make_finding, make_group, pair

WORDS = Words(title="T", description="D", caption="C")


def draw(*rows, origin=None):
    return draw_forest([Panel(rows=rows, axis="gap", origin=origin)], words=WORDS)


def marks_of(figure, kind):
    return [mark for mark in figure.marks if isinstance(mark, kind)]


def three_rows():
    return (
        ForestRow(name="a", value=0.0, bounds=(0.0, 0.05), limits=(0.05,), shown="0.000"),
        ForestRow(name="b", value=0.05, bounds=(0.0, 0.1), limits=(0.05,), shown="0.050"),
        ForestRow(
            name="c",
            value=0.1,
            bounds=(0.05, 0.1),
            limits=(0.05,),
            shown="0.100",
            sign="fail",
            word="FAIL",
        ),
    )


def test_three_rows_stand_where_they_were_worked_out_by_hand():
    # The axis holds 0 to 0.1 with 6 % of it on each side, over 246 points from 250:
    # 0 is at 250 + 246 * 0.006 / 0.112 = 263.2, 0.05 in the middle at 373, 0.1 at 482.8.
    figure = draw(*three_rows())
    points = marks_of(figure, Point)
    assert [(p.x, p.y, p.shape) for p in points] == [
        (263.2, 33.0, "circle"),
        (373.0, 59.0, "circle"),
        (482.8, 85.0, "circle"),
        (596.0, 85.0, "cross"),
    ]
    whiskers = [
        (line.x1, line.x2)
        for line in marks_of(figure, Line)
        if line.width == 2 and line.y1 == line.y2
    ]
    assert whiskers == [(263.2, 373.0), (263.2, 482.8), (373.0, 482.8)]
    (limit,) = [line for line in marks_of(figure, Line) if line.dash]
    assert (limit.x1, limit.y1, limit.y2) == (373.0, 17.0, 98.0)
    assert (figure.width, figure.height) == (720, 138)
    texts = [(t.text, t.x, t.y) for t in marks_of(figure, Text)]
    assert ("limit 0.050", 373.0, 13.0) in texts
    assert ("FAIL", 606.0, 89.0) in texts
    assert ("gap", 373.0, 129.0) in texts


def test_a_forest_of_three_rows_is_small():
    assert len(repr(draw(*three_rows()).strokes)) < 1500


def test_an_undefined_row_has_words_and_no_mark():
    figure = draw(ForestRow(name="a", value=None, bounds=(None, None), limits=(0.05,)))
    assert marks_of(figure, Point) == []
    assert "undefined" in [text.text for text in marks_of(figure, Text)]


def test_open_and_far_bounds_end_in_arrows_and_shut_ones_in_caps():
    figure = draw(
        ForestRow(name="a", value=0.04, bounds=(None, 0.06), limits=(0.05,)),
        ForestRow(name="b", value=0.04, bounds=(-900.0, None), limits=(0.05,)),
    )
    arrows = [(p.shape, p.y) for p in marks_of(figure, Point) if p.shape in ("left", "right")]
    assert arrows == [("left", 33.0), ("left", 59.0), ("right", 59.0)]


def test_bounds_of_no_width_are_a_mark_on_the_value():
    figure = draw(ForestRow(name="a", value=0.0, bounds=(0.0, 0.0), limits=(0.05,)), origin=0.0)
    (point,) = marks_of(figure, Point)
    caps = [line for line in marks_of(figure, Line) if line.width == 2]
    assert {line.x1 for line in caps} == {point.x}


def test_equal_values_share_one_place():
    figure = draw(*(ForestRow(name=name, value=0.8) for name in "ab"))
    assert [p.x for p in marks_of(figure, Point)] == [373.0, 373.0]


def test_a_value_across_the_limit_by_a_millionth_reads_on_its_side():
    finding = make_finding(estimate=make_estimate(0.050001, 0.04, 0.06, pair=("x", "y")))
    (forest,) = draw_finding(finding)
    texts = [text.text for text in marks_of(forest, Text)]
    assert "0.050001" in texts
    assert "limit 0.050" in texts


def test_a_limit_on_both_sides_is_told_once():
    figure = draw(ForestRow(name="a", value=-0.08, bounds=(-0.1, -0.05), limits=(-0.03, 0.03)))
    assert [t.text for t in marks_of(figure, Text) if "limit" in t.text] == ["limit ±0.030"]
    assert len([line for line in marks_of(figure, Line) if line.dash]) == 2


def test_rows_with_other_limits_have_their_own_line():
    figure = draw(
        ForestRow(name="a", value=0.1, limits=(0.05,)),
        ForestRow(name="b", value=0.1, limits=(0.03,)),
    )
    spans = [(line.y1, line.y2) for line in marks_of(figure, Line) if line.dash]
    assert spans == [(17.0, 46.0), (63.0, 92.0)], "lines must not run through each other's label"


@pytest.mark.parametrize("n", [1, 2, 6, 12])
def test_any_number_of_subgroups_keeps_rows_apart_and_names_in_their_column(n):
    groups = tuple(make_group("W" * 79 + str(i), 30, 0.5 + i / 50, 0.1) for i in range(n))
    names = [group.name for group in groups]
    finding = make_finding(
        groups=groups,
        estimate=make_estimate(0.2, 0.1, 0.3, pair=(names[-1], names[0])),
        details={
            "pairs": [pair(a, b, 0.1, 0.05, 0.5) for a, b in itertools.combinations(names, 2)],
            "distribution": {name: [0.1 * i for i in range(11)] for name in names},
        },
    )
    figures = draw_finding(finding)
    assert len(figures) == (2 if n <= 6 else 1), "lines are told apart up to six subgroups only"
    forest = figures[0]
    left = [text for text in marks_of(forest, Text) if text.x == 0]
    assert all(text_width(text.text) <= NAMES_END for text in left)
    ys = sorted(text.y for text in left)
    assert all(below - above >= 20 for above, below in itertools.pairwise(ys))
    for point in marks_of(forest, Point):
        assert PLOT_START <= point.x <= PLOT_END or point.x > VALUES_END
    assert all(0 <= text.y <= forest.height for text in marks_of(forest, Text))


def test_a_number_with_very_many_digits_stays_out_of_the_plot():
    figure = draw(ForestRow(name="a", value=0.05, limits=(0.05,), shown="0.0500000000001"))
    (text,) = [t for t in marks_of(figure, Text) if t.x == VALUES_END]
    assert text.x - text_width(text.text) > PLOT_END
