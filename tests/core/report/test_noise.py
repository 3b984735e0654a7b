from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Card, Paragraph
from pytest_biasruler.report.cards import make_cards
from pytest_biasruler.report.marks import Path, Point, Text
from pytest_biasruler.report.noise import describe_noise, draw_noise

from .audit_example import AGES, make_audit, make_estimate, make_finding

DOSE = {
    "form": "dose",
    "levels": [
        {"level": 0.0, "models": ["clean"]},
        {"level": 0.25, "models": ["some"]},
        {"level": 0.5, "models": ["much", "much_too"]},
    ],
    "doses": {AGES[0]: [0.8, 0.7, 0.6], AGES[1]: [0.8, 0.78, 0.76], AGES[2]: [0.82, 0.8, 0.78]},
    "slopes": {AGES[0]: -0.4, AGES[1]: -0.08, AGES[2]: -0.08},
    "pairs": [],
}
TIPPING = {
    "form": "tipping",
    "tipping": 0.031,
    "gap_automated": {
        "value": 0.012,
        "low": 0.0,
        "high": 0.019,
        "pair": [AGES[2], AGES[0]],
        "limit": 0.05,
        "verdict": "PASS",
        "reason": None,
    },
    "iou_bounds": {
        "pair": [AGES[2], AGES[0]],
        "low": -0.11,
        "high": 0.342,
        "groups": {
            AGES[2]: {"low": 0.82, "high": 0.94, "n_cases": 40},
            AGES[0]: {"low": 0.6, "high": 0.93, "n_cases": 30},
        },
    },
}


def dose(**changes):
    return make_finding("noise", **{"details": DOSE, "model": None, **changes})


def tipping(**changes):
    fields = {
        "details": TIPPING,
        "limit": 0.031,
        "automated": "automated",
        "verdict": Verdict.PASS,
        "outcome": "passed",
        "estimate": make_estimate(0.018, 0.012, 0.024, pair=(AGES[0], AGES[2])),
    }
    return make_finding("noise", **{**fields, **changes})


def texts_of(figure):
    return [mark.text for mark in figure.marks if isinstance(mark, Text)]


def test_each_form_has_its_own_question():
    audit = replace(make_audit(), findings=(dose(), tipping()))
    cards = [card for card in make_cards(audit) if isinstance(card, Card)]
    asked = [one.text for card in cards for one in card.blocks if isinstance(one, Paragraph)]
    told = "\n".join(asked)
    assert "Does label noise in training cost one subgroup more? Dice by age" in told
    assert "How much label error would undo the verdict? Dice by age" in told


def test_each_subgroup_has_a_line_with_a_mark_at_every_level():
    lines, spread = draw_noise(dose())
    assert [text for text in texts_of(lines) if text in AGES] == list(AGES[:3])
    assert len([mark for mark in lines.marks if isinstance(mark, Path)]) == 6, "three and legend"
    assert len([mark for mark in lines.marks if isinstance(mark, Point)]) == 3 * 3 + 3
    assert "level of label noise" in texts_of(lines)
    assert "limit 0.050" in texts_of(spread)


def test_levels_and_slopes_stand_in_the_table():
    (table,) = describe_noise(dose())
    assert table.head == ("level", "models", *AGES[:3])
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["0.000", "clean", "0.800", "0.800", "0.820"],
        ["0.250", "some", "0.700", "0.780", "0.800"],
        ["0.500", "much, much_too", "0.600", "0.760", "0.780"],
        ["slope", "per unit of noise", "−0.400", "−0.080", "−0.080"],
    ]


def test_a_level_without_a_mean_leaves_a_gap_in_the_line():
    holey = {**DOSE, "doses": {AGES[0]: [0.8, None, 0.6]}}
    lines, _ = draw_noise(dose(details=holey))
    assert len([mark for mark in lines.marks if isinstance(mark, Point)]) == 2 + 1
    (table,) = describe_noise(dose(details=holey))
    assert table.rows[1].cells[2].text == "–"


def test_the_number_line_holds_tipping_point_and_measured_distortion():
    (figure,) = draw_noise(tipping())
    texts = texts_of(figure)
    assert texts[:2] == ["limit 0.031", "measured"]
    assert "label error that differs between subgroups" in texts
    assert texts.count("PASS") == 2, "of the finding and of the automated gap"
    assert "by experts, from overlaps alone" in texts


def test_a_range_has_no_mark_that_looks_like_an_estimate_and_is_not_cut():
    (figure,) = draw_noise(tipping())
    shapes = [mark.shape for mark in figure.marks if isinstance(mark, Point)]
    assert "ring" not in shapes
    assert not {"left", "right"} & set(shapes), "both ends of the range lie on the axis"
    assert "a range" in texts_of(figure)


def test_a_computed_limit_is_rounded_alike_everywhere():
    (figure,) = draw_noise(tipping(limit=0.04133318358209302))
    assert "limit 0.041" in texts_of(figure)


def test_what_would_undo_the_verdict_is_told():
    items, table = describe_noise(tipping())
    assert items.texts == (
        "Gap by the automated reference on all cases (56–120 vs 0–40): 0.012 [0.000, 0.019], "
        "limit 0.050: PASS.",
        "Tipping point 0.031: the distance from the limit of the bound that decided that verdict.",
    )
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["0–40", "30", "[0.600, 0.930]"],
        ["56–120", "40", "[0.820, 0.940]"],
    ]
    assert "The expert gap 56–120 vs 0–40 lies in [−0.110, 0.342]" in table.note


def test_without_expert_scores_the_bounds_are_still_drawn():
    finding = tipping(estimate=None, verdict=Verdict.INCONCLUSIVE, reason="no pairs")
    (figure,) = draw_noise(finding)
    texts = texts_of(figure)
    assert "measured" not in texts
    assert texts[:2] == ["limit 0.050", "by the automated reference"]


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"form": "dose"},
        {"form": "dose", "levels": [], "doses": {}, "slopes": {}},
        {"form": "tipping"},
        {"form": "tipping", "gap_automated": None, "iou_bounds": None, "tipping": None},
        {"form": "tipping", "gap_automated": {"value": None}, "iou_bounds": {}},
    ],
)
def test_an_undecided_finding_is_shown_as_far_as_it_is_known(details):
    finding = dose(
        details=details, estimate=None, limit=None, verdict=Verdict.INCONCLUSIVE, reason="no pairs"
    )
    assert [figure for figure in draw_noise(finding) if figure is not None] == []
    assert list(describe_noise(finding)) == []
