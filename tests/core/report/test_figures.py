from __future__ import annotations

from itertools import combinations

import pytest

from pytest_biasruler.report.blocks import Card, Fold
from pytest_biasruler.report.charts import Series, draw_lines
from pytest_biasruler.report.dots import Dots, draw_dots
from pytest_biasruler.report.forest import SECOND_LINE, ForestRow, Panel, draw_forest
from pytest_biasruler.report.marks import WIDTH, Figure, Text, Words, inside, text_width
from pytest_biasruler.report.view import make_page
from tests.browser.pages import full_audit

from .audit_example import make_audit, make_hostile_audit

HEIGHT = 13.0
"""What a line of text takes from its baseline upwards."""


def figures_in(blocks):
    for block in blocks:
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Card | Fold):
            yield from figures_in(block.blocks)


def all_figures():
    for audit in (make_audit(), full_audit(), make_hostile_audit()):
        for part in make_page(audit).parts:
            yield from figures_in(part.blocks)


def texts_of(figure):
    return [mark for mark in figure.marks if isinstance(mark, Text)]


def extent(text):
    width = text_width(text.text)
    left = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
    return left, left + width


def test_no_text_of_any_figure_is_cut_by_its_edge():
    cut = [
        (text.text, extent(text), text.y, figure.height)
        for figure in all_figures()
        for text in texts_of(figure)
        if extent(text)[0] < -0.1
        or extent(text)[1] > WIDTH + 0.1
        or not HEIGHT - 3 <= text.y <= figure.height - 2
    ]
    assert cut == []


def drawn(low, high):
    words = Words(title="t", description="d", caption="c")
    dots = [Dots(name="old", values=(low, high))]
    yield draw_dots(dots, series=("a", "b"), axis="gap", least=0.0, words=words)
    rows = (ForestRow(name="a", value=low), ForestRow(name="b", value=high))
    yield draw_forest([Panel(rows=rows, axis="gap")], words=words)
    line = Series(name="a", points=((low, 0.0), (high, 1.0)), marked=())
    yield draw_lines([line], words=words, axes=("gap", "share"))


@pytest.mark.parametrize("tick", [-0.15, 0.06, 0.6, 0.65])
def test_the_label_of_a_tick_at_either_end_of_an_axis_is_whole(tick):
    for low, high in ((tick + 0.0001, tick + 0.2), (tick - 0.2, tick - 0.0001)):
        for figure in drawn(low, high):
            for text in texts_of(figure):
                left, right = extent(text)
                assert left >= -0.1, text
                assert right <= WIDTH + 0.1, text


def test_no_two_texts_of_any_figure_lie_upon_each_other():
    for figure in all_figures():
        for one, other in combinations(texts_of(figure), 2):
            (a, b), (c, d) = extent(one), extent(other)
            is_beside = b <= c + 1 or d <= a + 1
            assert is_beside or abs(one.y - other.y) >= HEIGHT - 1, (one.text, other.text)


def test_a_sign_takes_as_much_room_as_browsers_give_it():
    # In the widest of the fonts that the page asks for, a minus takes 0.84 of the size.
    assert text_width("−0.15") >= 13 * (0.84 + 3 * 0.636 + 0.318)


def test_a_label_at_the_end_of_an_axis_moves_no_further_than_it_must():
    half = text_width("−0.15") / 2
    assert inside(8.0, "−0.15") == round(half, 1)
    assert inside(352.0, "−0.15") == round(WIDTH - half, 1)
    assert inside(100.0, "−0.15") == 100.0


def forest(name):
    rows = (ForestRow(name=name, value=0.1, shown="0.053", sign="inconclusive", word="W" * 12),)
    return draw_forest(
        [Panel(rows=rows, axis="gap")], words=Words(title="t", description="d", caption="c")
    )


def test_a_name_that_does_not_fit_beside_its_verdict_goes_on_below_it():
    short, long = forest("expert gap"), forest("expert gap: suspicious vs indeterminate")
    first, second = (text for text in texts_of(long) if text.x == 0)
    assert (first.text, second.text) == ("expert gap:", "suspicious vs indeterminate")
    assert second.y - first.y == SECOND_LINE == long.height - short.height


def test_a_name_breaks_at_a_word_and_one_long_word_is_cut():
    lines = [text.text for text in texts_of(forest("below fifteen mm vs above")) if text.x == 0]
    assert " ".join(lines) == "below fifteen mm vs above"
    (cut,) = (text.text for text in texts_of(forest("W" * 80)) if text.x == 0)
    assert cut.endswith("…")
