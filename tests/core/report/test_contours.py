from __future__ import annotations

import pytest

from pytest_biasruler.report.contours import FRAME, Seen, draw_gallery, spare_outlines

from .audit_example import HOSTILE, gallery, square


def draw(**changes):
    case = {
        "case": "case-001",
        "width": 40,
        "height": 32,
        "outlines": {"expert": square(1, 2, 3)},
    }
    (tile,) = draw_gallery([seen({**case, **changes})])
    return tile


def seen(case, checks=("gap",)):
    return Seen(case=case, by="age ", metric="Dice", told=[(check, case) for check in checks])


def test_outlines_differ_by_colour_and_by_dash():
    first, *_ = draw_gallery([seen(case) for case in gallery("0–40")])
    assert [(o.name, o.colour, o.dash) for o in first.outlines] == [
        ("expert", "#0072B2", ()),
        ("automated", "#009E73", (2, 2)),
        ("model", "#D55E00", (6, 3)),
    ]
    assert first.lines == (
        "case-001",
        "age 0–40",
        "Dice 0.140",
        "volume 1.240 ml",
        "gap: among the worst (−0.020)",
    )


def test_outlines_fill_the_middle_of_their_tile_without_being_bent():
    # 40 by 32 cells in 140 points: 3.5 times as large, 140 by 112 in the middle of 174 by 150.
    tile = draw()
    assert (tile.scale, tile.left, tile.top) == (FRAME / 40, 17.0, 19.0)


def test_a_case_of_several_findings_is_drawn_once_with_what_each_says():
    case = {**gallery("0–40")[0], "difficulty": {"breast_density": "c"}}
    (tile,) = draw_gallery([seen(case, checks=("gap", "difficulty"))])
    assert tile.lines[-3:] == (
        "breast_density c",
        "gap: among the worst (−0.020)",
        "difficulty: among the worst (−0.020)",
    )


@pytest.mark.parametrize(
    "path",
    [*HOSTILE, "M1 1", "1 1h2z", "M1 1h2v2h-2zL5 5", "M1 1h2v2h-2z url(#x)", "M1e9 1h2z", None, 7],
)
def test_nothing_but_closed_loops_is_drawn(path):
    assert draw(outlines={"expert": path}).outlines == ()


def test_loops_with_decimals_and_holes_are_drawn():
    d = "M0.5 1.25h2v2h-2z" + "M1 1h1v1h-1z"
    assert [outline.d for outline in draw(outlines={"expert": d}).outlines] == [d]


@pytest.mark.parametrize("size", [0, -3, None, float("nan"), float("inf"), "40"])
def test_a_frame_without_a_size_holds_no_outline(size):
    tile = draw(width=size)
    assert tile.outlines == ()
    assert tile.scale == 1.0


def test_a_number_that_is_the_score_is_not_told_twice():
    told = draw(subgroup="F", score=0.5, number=0.5, kind="median").lines
    assert told == ("case-001", "age F", "Dice 0.500", "gap: about the median")


def test_side_labels_are_shown_only_if_the_case_brings_them():
    assert draw().sides == ("", "")
    assert draw(sides=["R", "L"]).sides == ("R", "L")
    assert draw(sides=["<b>", "L"]).sides == ("", "")


def test_a_mask_drawn_in_larger_squares_says_so():
    assert draw(coarse=["model"]).lines[-1] == "model drawn in larger squares"
    assert draw(coarse=[]).lines == draw().lines
    assert draw(coarse=["<b>"]).lines == draw().lines, "only names of known masks are told"


def test_outlines_that_the_page_cannot_hold_are_left_out_and_it_is_told():
    small, large = draw(), draw(outlines={"expert": square(1, 2, 3) * 9})
    length = len(square(1, 2, 3))
    tiles, room = spare_outlines([small, large, small], room=2 * length + 1)
    assert [len(tile.outlines) for tile in tiles] == [1, 0, 1]
    assert room == 1
    assert tiles[0] == tiles[2] == small
    assert tiles[1].lines == (*large.lines, "outlines left out: the page would be too large")
    assert tiles[1].title == "Outlines of case-001: none"
