from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Paragraph, Table
from pytest_biasruler.report.difficulty import describe_difficulty, draw_difficulty
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.marks import SKY, VERMILLION, Box, Path, Point, Text

from .audit_example import AGES, HOSTILE, make_audit, make_estimate, make_finding, make_group


def part(gap, unexplained, low, high, **changes):
    numbers = {
        "gap": gap,
        "explained": gap - unexplained,
        "unexplained": unexplained,
        "low": low,
        "high": high,
        "off_support": 0.0476,
        "r_squared": 0.31,
        "n_cases": 41,
        "n_left_out": 0,
    }
    return {**numbers, **changes}


def difficulty(**changes):
    details = {
        "baseline": AGES[2],
        "is_baseline_chosen": True,
        "covariates": [
            {"title": "volume", "kind": "number", "expert": "expert", "n_unknown": 2},
            {"title": "view", "kind": "text", "expert": None, "n_unknown": 0, "n_values": 3},
        ],
        "max_off_support": 0.2,
        "beyond_reach": [],
        "better_than_baseline": [],
        "line": {"r_squared": 0.25, "n_patients": 90, "n_columns": 3, "rank": 3},
        "split": {
            AGES[0]: part(0.111, 0.051, 0.021, 0.081),
            AGES[1]: part(0.02, -0.01, -0.04, 0.02),
        },
        "kitagawa": {},
    }
    return make_finding(
        "difficulty",
        statement="0.051 of the 0.111 Dice gap between age 56–120 and 0–40 remains when volume "
        "and view are held equal",
        estimate=make_estimate(0.051, 0.021, 0.081, pair=(AGES[2], AGES[0])),
        verdict=Verdict.INCONCLUSIVE,
        reason="borderline",
        details={**details, **changes},
    )


def marks(finding, kind):
    (figure,) = draw_difficulty(finding)
    return [mark for mark in figure.marks if isinstance(mark, kind)]


def tables(finding):
    return {b.caption: b for b in describe_difficulty(finding) if isinstance(b, Table)}


def prose(finding):
    return [block.text for block in describe_difficulty(finding) if isinstance(block, Paragraph)]


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_each_gap_is_as_long_as_its_parts_together():
    bars = [box for box in marks(difficulty(), Box) if box.height == 12 and box.y > 30]
    widths = [box.width for box in bars]
    assert len(bars) == 6
    assert widths[0] == pytest.approx(widths[1] + widths[2], abs=0.2)
    # The second gap's parts have opposite signs: what is explained is longer than the whole.
    assert widths[4] == pytest.approx(widths[3] + widths[5], abs=0.2)
    assert [box.colour for box in bars[:3]] == ["none", SKY, VERMILLION]


def test_bars_start_at_zero_and_negative_parts_lie_left_of_it():
    bars = [box for box in marks(difficulty(), Box) if box.height == 12 and box.y > 30]
    zero = bars[0].x
    assert bars[1].x == bars[2].x == zero
    assert bars[5].x + bars[5].width == pytest.approx(zero, abs=0.1)


def test_the_limit_is_dashed_and_an_open_bound_is_an_arrow():
    declared = difficulty(is_baseline_chosen=False)
    assert [path.dash for path in marks(declared, Path)].count("4 2") == 2, "one at each subgroup"
    assert "limit 0.050" in [text.text for text in marks(declared, Text)]
    assert not marks(difficulty(), Point)
    open_ended = difficulty(split={AGES[0]: part(0.111, 0.051, 0.021, None)})
    assert [point.shape for point in marks(open_ended, Point)] == ["right"]


def test_against_a_chosen_reference_group_there_is_a_limit_on_either_side():
    assert [path.dash for path in marks(difficulty(), Path)].count("4 2") == 4
    assert "limit ±0.050" in [text.text for text in marks(difficulty(), Text)]
    (table, *_) = tables(
        difficulty(split={AGES[0]: part(-0.06, -0.0501, -0.09, -0.05002)})
    ).values()
    assert texts(table)[0][3:5] == ["−0.0501", "[−0.090, −0.05002]"]


def test_without_a_limit_none_is_drawn():
    finding = replace(difficulty(), limit=None)
    assert "4 2" not in [path.dash for path in marks(finding, Path)]
    assert len([box for box in marks(finding, Box) if box.y > 30]) == 6


def test_bounds_that_nothing_is_known_of_are_not_drawn():
    paths = marks(difficulty(split={AGES[0]: part(0.111, 0.051, None, None)}), Path)
    assert [path.dash for path in paths] == ["4 2", "4 2"]


def test_bounds_lie_above_the_bars_that_they_belong_to():
    finding = difficulty(split={AGES[0]: part(0.111, 0.051, 0.021, 0.081)})
    (figure,) = draw_difficulty(finding)
    page = render_html(replace(make_audit(), findings=(finding,)))
    last_bar = page.rindex("<rect ")
    assert all(page.index(path.d) > last_bar for path in figure.paths)


def test_the_table_holds_each_gap_in_its_parts():
    caption = "Dice gap to 56–120 = explained + unexplained; positive where the subgroup is worse"
    assert texts(tables(difficulty())[caption]) == [
        *(
            [
                *("0–40", "+0.111", "+0.060", "+0.051", "[0.021, 0.081]"),
                *("4.8 %", "0.31", "41", "0"),
            ],
            [
                *("41–55", "+0.020", "+0.030", "−0.010", "[−0.040, 0.020]"),
                *("4.8 %", "0.31", "41", "0"),
            ],
        )
    ]


def test_what_is_held_equal_and_who_is_compared_with_is_said_first():
    assert prose(difficulty())[0] == (
        "Held equal: volume (measured on the masks of expert, unknown for 2 scored cases); view "
        "(metadata, 3 text values). Reference group: 56–120, the judged subgroup with most "
        "patients (no baseline is declared). It may itself be the worse one, so differences in "
        "both directions count. These covariates explain 25.0 % of the variation in 56–120."
    )
    declared = difficulty(is_baseline_chosen=False)
    assert "no baseline is declared" not in prose(declared)[0]
    doubled = difficulty(line={"r_squared": None, "n_columns": 4, "rank": 3})
    assert prose(doubled)[0].endswith("Some covariates say the same there and are counted once.")


def test_that_explained_is_not_excused_is_said_once():
    assert sum("not “excused”" in text for text in prose(difficulty())) == 1


def test_who_is_beyond_reach_and_who_is_better_is_warned_of():
    warned = prose(difficulty(beyond_reach=[AGES[1]], better_than_baseline=[AGES[0]]))
    assert warned[1] == (
        "Too few cases like theirs in the reference group (more than 20.0 % of the cases outside "
        "what it covers): 41–55."
    )
    assert warned[2].startswith("The reference group itself is surely worse than 0–40 by more")


def test_strata_stand_in_a_table_of_their_own():
    split = {"gap": 0.11, "explained": 0.06, "unexplained": 0.05, "off_support": 0.0, "se": None}
    table = tables(difficulty(kitagawa={AGES[0]: split}))[
        "The same by strata (Kitagawa), against 56–120; not judged"
    ]
    assert texts(table) == [["0–40", "+0.110", "+0.060", "+0.050", "–", "0 %"]]


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"split": {}, "line": {}, "baseline": None, "covariates": []},
        {"split": {AGES[0]: dict.fromkeys(part(0, 0, 0, 0))}, "line": {"r_squared": None}},
        {"split": {AGES[0]: {}}, "kitagawa": {AGES[0]: {}}, "covariates": [{}]},
    ],
)
def test_what_is_not_known_is_neither_drawn_nor_an_error(details):
    bare = make_finding(
        "difficulty",
        estimate=None,
        verdict=Verdict.INCONCLUSIVE,
        reason="too few subgroups",
        details=details,
    )
    assert draw_difficulty(bare) == ()
    assert all(isinstance(block, Paragraph | Table) for block in describe_difficulty(bare))


def test_names_from_files_are_made_safe():
    for name in HOSTILE:
        finding = make_finding(
            "difficulty",
            groups=(make_group(name, 40, 0.7, 0.1),),
            details={
                "baseline": name,
                "covariates": [{"title": name, "kind": "text", "expert": name}],
                "split": {name: part(0.1, 0.05, 0.0, 0.1)},
                "beyond_reach": [name],
            },
        )
        seen = [text.text for text in marks(finding, Text)] + prose(finding)
        assert not any("\x1b" in text or "\u202e" in text or "\n" in text for text in seen)
        assert all(len(text) < 1000 for text in seen)


def test_no_more_subgroups_are_drawn_than_can_be_read():
    split = {f"g{i:02d}": part(0.1, 0.05, 0.0, 0.1) for i in range(30)}
    finding = difficulty(split=split)
    assert len([box for box in marks(finding, Box) if box.y > 30]) == 3 * 12
    (table,) = tables(finding).values()
    assert len(table.rows) == 30
