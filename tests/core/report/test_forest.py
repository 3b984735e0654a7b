from __future__ import annotations

import itertools

import pytest

from pytest_biasruler.report.figures import draw_finding
from pytest_biasruler.report.forest import (
    PLOT_END,
    PLOT_START,
    ForestRow,
    Panel,
    draw_forest,
)
from pytest_biasruler.report.marks import SIGNS, WIDTH, Line, Point, Text, Words, text_width

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
    # The axis holds 0 to 0.1 with 6 % of it on each side, over 344 points from 8:
    # 0 is at 8 + 344 * 0.006 / 0.112 = 26.4, 0.05 in the middle at 180, 0.1 at 333.6.
    # FAIL is 4 * 0.72 * 13 = 37.4 wide and has 26 for its glyph: values end at 296.6.
    figure = draw(*three_rows())
    points = marks_of(figure, Point)
    assert [(p.x, p.y, p.shape) for p in points] == [
        (26.4, 44.0, "circle"),
        (180.0, 82.0, "circle"),
        (333.6, 120.0, "circle"),
        (309.6, 104.5, "cross"),
    ]
    whiskers = [
        (line.x1, line.x2)
        for line in marks_of(figure, Line)
        if line.width == 2 and line.y1 == line.y2
    ]
    assert whiskers == [(26.4, 180.0), (26.4, 333.6), (180.0, 333.6)]
    limits = [line for line in marks_of(figure, Line) if line.dash]
    spans = [(36.0, 52.0), (74.0, 90.0), (112.0, 128.0)]
    assert [(limit.x1, limit.y1, limit.y2) for limit in limits] == [(180.0, *s) for s in spans]
    assert (figure.width, figure.height) == (360, 180)
    texts = [(t.text, t.x, t.y) for t in marks_of(figure, Text)]
    assert ("limit 0.050", 180.0, 15.0) in texts
    assert ("0.100", 296.6, 109.0) in texts
    assert ("FAIL", 318.6, 109.0) in texts
    assert ("gap", 180.0, 167.0) in texts


def test_no_line_of_a_forest_runs_through_a_name_or_a_number():
    figure = draw(*three_rows(), origin=0.0)
    baselines = {text.y for text in marks_of(figure, Text) if text.x == 0}
    upright = [line for line in marks_of(figure, Line) if line.x1 == line.x2]
    for baseline in baselines:
        assert not [n for n in upright if n.y1 < baseline + 3 and n.y2 > baseline - 10], baseline


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
    assert arrows == [("left", 44.0), ("left", 82.0), ("right", 82.0)]


def test_bounds_of_no_width_are_a_mark_on_the_value():
    figure = draw(ForestRow(name="a", value=0.0, bounds=(0.0, 0.0), limits=(0.05,)), origin=0.0)
    (point,) = marks_of(figure, Point)
    caps = [line for line in marks_of(figure, Line) if line.width == 2 and not line.dash]
    assert {line.x1 for line in caps} == {point.x}


def test_equal_values_share_one_place():
    figure = draw(*(ForestRow(name=name, value=0.8) for name in "ab"))
    assert [p.x for p in marks_of(figure, Point)] == [180.0, 180.0]


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
    labels = [t.y for t in marks_of(figure, Text) if t.text.startswith("limit")]
    spans = [(line.y1, line.y2) for line in marks_of(figure, Line) if line.dash]
    assert labels == [15.0, 73.0]
    assert spans == [(36.0, 52.0), (94.0, 110.0)], "lines must not run through each other's label"


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
    numbers = {t.y: t for t in marks_of(forest, Text) if t.anchor == "end"}
    for text in left:
        number = numbers[text.y]
        assert text_width(text.text) < number.x - text_width(number.text), "name meets number"
    ys = sorted(text.y for text in left)
    assert all(below - above >= 20 for above, below in itertools.pairwise(ys))
    glyphs = {shape for shape, _ in SIGNS.values()} - {"circle", "diamond", "ring"}
    for point in marks_of(forest, Point):
        assert PLOT_START <= point.x <= PLOT_END or point.shape in glyphs
    assert all(0 <= text.y <= forest.height for text in marks_of(forest, Text))


def test_a_number_with_very_many_digits_stays_beside_the_name():
    name = "W" * 80
    figure = draw(ForestRow(name=name, value=0.05, limits=(0.05,), shown="0.0500000000001"))
    name, number = (t for t in marks_of(figure, Text) if t.y == 33.0)
    assert number.text == "0.0500000000001"
    assert number.x == WIDTH
    assert text_width(name.text) < number.x - text_width(number.text)
