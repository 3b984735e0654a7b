from __future__ import annotations

from pytest_biasruler.report.dots import ROW, START, Dots, draw_dots
from pytest_biasruler.report.marks import Line, Point, Text, Words

WORDS = Words(title="t", description="d", caption="c")


def draw(*rows, series=("by expert", "by machine")):
    return draw_dots(rows, series=series, axis="mean Dice", least=0.1, words=WORDS)


def points(figure):
    return [mark for mark in figure.marks if isinstance(mark, Point)]


def test_each_reference_has_its_own_shape_and_is_named_above():
    figure = draw(Dots(name="old", values=(0.8, 0.9)))
    key, drawn = points(figure)[:2], points(figure)[2:]
    assert [mark.shape for mark in key] == [mark.shape for mark in drawn] == ["circle", "square"]
    texts = [mark.text for mark in figure.marks if isinstance(mark, Text)]
    assert texts[:2] == ["by expert", "by machine"]


def test_points_of_one_row_lie_on_one_line_and_the_larger_mean_to_the_right():
    low, high = points(draw(Dots(name="old", values=(0.8, 0.9))))[2:]
    assert low.y == high.y
    assert START < low.x < high.x


def test_a_reference_without_a_mean_leaves_a_gap_and_no_line():
    figure = draw(Dots(name="old", values=(None, 0.9)))
    assert len(points(figure)) == 3
    joined = [m for m in figure.marks if isinstance(m, Line) and m.y1 == points(figure)[-1].y]
    assert joined == []


def test_equal_means_are_drawn_and_the_height_follows_the_rows():
    rows = [Dots(name=f"g{n}" * 40, values=(0.5, 0.5)) for n in range(3)]
    assert draw(*rows).height - draw(rows[0]).height == 2 * ROW
