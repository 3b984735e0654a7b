from __future__ import annotations

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Paragraph, Table
from pytest_biasruler.report.rectified import describe_rectified, draw_rectified

from .audit_example import AGES, HOSTILE, make_estimate, make_finding, make_group

PAIR = [AGES[2], AGES[0]]


def part(labelled, unlabelled, weight=0.71, effective=96.4):
    return {
        "labelled": labelled,
        "unlabelled": unlabelled,
        "labelled_patients": labelled,
        "unlabelled_patients": unlabelled,
        "weight": weight,
        "effective": effective,
    }


def rectified(**changes):
    details = {
        "design": {
            "labelled": "random",
            "probability": None,
            "is_random": True,
            "is_complete": False,
        },
        "n_labelled": 60,
        "n_cases": 400,
        "labelled": {AGES[0]: part(20, 140), AGES[2]: part(40, 200)},
        "naive": {
            "automated": {"value": -0.0158, "ci95": [-0.0316, 0.0001]},
            "expert": {"value": 0.0789, "ci95": [0.034, 0.1238]},
            "rectified": {"value": 0.0901, "ci95": [0.0656, 0.1146]},
            "pair": PAIR,
            "gained": 0.4548,
        },
    }
    return make_finding(
        "rectified",
        statement="Experts labelled 60 of 400 cases; rectified, Dice of age 0–40 is 0.090 worse",
        estimate=make_estimate(0.0901, 0.0615, 0.114, pair=tuple(PAIR)),
        details={**details, **changes},
    )


def tables(finding):
    return {b.caption: b for b in describe_rectified(finding) if isinstance(b, Table)}


def prose(finding):
    return " ".join(b.text for b in describe_rectified(finding) if isinstance(b, Paragraph))


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_gap_is_told_by_each_source_with_its_interval():
    table = tables(rectified())["The gap 56–120 vs 0–40 by each source"]

    assert texts(table) == [
        ["automated only, all cases", "−0.016", "[−0.032, 0.000]"],
        ["experts only, labelled cases", "+0.079", "[0.034, 0.124]"],
        ["rectified", "+0.090", "[0.066, 0.115]"],
    ]
    assert table.note == "Rectifying narrowed the interval of the experts alone by 45.5 %."


def test_who_was_labelled_stands_in_the_order_of_the_subgroups():
    table = tables(rectified())[
        "Who was labelled, and what the automated labels of the others added"
    ]

    assert texts(table) == [
        ["0–40", "20", "140", "20", "140", "71.0 %", "96"],
        ["56–120", "40", "200", "40", "200", "71.0 %", "96"],
    ]


def test_the_figures_show_what_the_tables_say():
    means, sources = draw_rectified(rectified())

    assert "0–40" in str(means.marks)
    drawn = str(sources.marks)
    assert all(text in drawn for text in ("automated only", "experts only", "rectified"))
    assert sources.words.title.startswith("Experts labelled 60 of 400 cases")
    assert "95 %" in sources.words.description
    assert "narrowed the interval of the experts alone by 45.5 %." in sources.words.caption
    naive = {**rectified().details["naive"], "gained": -0.1}
    wider = draw_rectified(rectified(naive=naive))[1].words
    assert "Rectifying did not narrow the interval of the experts alone." in wider.caption


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ({"is_random": False}, "Nothing says that the labelled cases were chosen at random"),
        ({"is_random": True, "labelled": "random"}, "declared to be a random part"),
        ({"is_random": True, "probability": "pi"}, "the chance in column pi"),
        ({"is_random": True, "is_complete": True}, "nothing had to be rectified"),
    ],
)
def test_how_the_labels_were_chosen_is_said(design, said):
    assert said in prose(rectified(design=design))


def test_no_gain_is_called_none():
    naive = {**rectified().details["naive"], "gained": -0.1}
    table = tables(rectified(naive=naive))["The gap 56–120 vs 0–40 by each source"]

    assert table.note == "Rectifying did not narrow the interval of the experts alone."


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"design": None, "labelled": None, "naive": None},
        {"labelled": {AGES[0]: {}}, "naive": {"expert": {"value": None}}},
        {"naive": {"rectified": {"value": None, "ci95": [None, None]}, "pair": None}},
    ],
)
def test_a_finding_of_which_little_is_known_can_be_shown(details):
    finding = make_finding(
        "rectified",
        details=details,
        estimate=None,
        verdict=Verdict.INCONCLUSIVE,
        reason="too few subgroups",
        groups=(make_group(AGES[0], 3, None, None),),
    )

    assert isinstance(draw_rectified(finding), tuple)
    assert isinstance(list(describe_rectified(finding)), list)


def test_names_from_files_are_shown_as_text():
    labelled = {name: part(3, 4) for name in HOSTILE}
    finding = rectified(labelled=labelled, design={"is_random": True, "probability": HOSTILE[5]})

    shown = "".join(cell for row in texts(next(iter(tables(finding).values()))) for cell in row)
    assert "\x1b" not in shown + prose(finding)
    assert "(empty)" in shown
