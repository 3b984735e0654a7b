from __future__ import annotations

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.figures import draw_finding
from pytest_biasruler.report.marks import Text
from pytest_biasruler.report.titles import group_caption, is_column_signed

from .audit_example import age_pairs, make_estimate, make_finding, make_group

GROUPS = (make_group("older", 40, 0.037, 0.1), make_group("younger", 60, 0.236, 0.1))


def beside_a_second_expert():
    return make_finding(
        "labels",
        groups=GROUPS,
        estimate=make_estimate(0.199, 0.15, 0.25, pair=("younger", "older")),
        details={"second_expert": "senior"},
    )


def test_a_difference_of_agreements_is_never_called_a_score():
    figure = draw_finding(beside_a_second_expert())[0]
    texts = [mark.text for mark in figure.marks if isinstance(mark, Text)]
    assert "mean Dice, second expert − automated" in texts
    assert "+0.236" in texts
    assert "mean Dice" not in texts
    assert figure.words.caption.startswith("Mean Dice, second expert − automated by age")


def test_the_table_of_a_difference_says_so_and_writes_its_sign():
    finding = beside_a_second_expert()
    assert group_caption(finding) == "Subgroups of age: Dice, second expert − automated"
    assert is_column_signed(finding)
    assert group_caption(make_finding("labels")) == "Subgroups of age: Dice"


def test_a_caption_says_what_rings_mean_and_nothing_where_there_are_none():
    few = (*GROUPS, make_group("oldest", 3, 0.5, 0.1, Status.TOO_SMALL))
    crowded = make_finding(groups=few, details={"pairs": age_pairs()})
    assert draw_finding(crowded)[0].words.caption.endswith(
        "Rings: not judged; pairs other than the one that decides."
    )
    assert "Rings" not in draw_finding(make_finding(groups=GROUPS))[0].words.caption
