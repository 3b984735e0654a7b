from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Paragraph, Table
from pytest_biasruler.report.echo import describe_echo, draw_echo
from pytest_biasruler.report.marks import Text

from .audit_example import AGES, HOSTILE, make_estimate, make_finding, make_group


def told(share, control=None, *, n=40):
    return {
        "n_cases": n,
        "share": share,
        "control": control,
        "raw": 0.71,
        "expected": 0.04,
        "n_automated_errors": 4049.0,
        "n_shared": 2046.0,
    }


def echo(**changes):
    """The whole benchmark with a control."""
    details = {
        "kind": "masks",
        "control": {"model": "careful"},
        "errors": {"all": told(0.53, 0.04)},
        "dropped": {"all": {"few_errors": 23, "empty_expert": 1}},
    }
    return make_finding(
        "echo",
        **{
            "metric": None,
            "by": (),
            "automated": "automated",
            "limit": 0.1,
            "statement": (
                "The model repeats 49 percentage points more of the automated label's mistakes "
                "than its expert-trained control (53 % against 4 %, beyond chance)"
            ),
            "estimate": make_estimate(0.49, 0.45, 0.53),
            "groups": (make_group("all", 40, 0.49, 0.1),),
            "details": details | changes.pop("details", {}),
            **changes,
        },
    )


def by_age(**changes):
    errors = {name: told(share) for name, share in zip(AGES, (0.61, 0.4, -0.03), strict=True)}
    dropped = {name: {"few_errors": 0, "empty_expert": 0} for name in AGES}
    details = {"control": None, "errors": errors, "dropped": dropped}
    return echo(
        by=("age",),
        groups=tuple(make_group(name, 40, 0.5, 0.1) for name in AGES),
        estimate=make_estimate(0.64, 0.5, 0.7, pair=(AGES[0], AGES[2])),
        details={**details, **changes},
    )


def table_of(finding):
    (table,) = (block for block in describe_echo(finding) if isinstance(block, Table))
    return table


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def prose(finding):
    return [block.text for block in describe_echo(finding) if isinstance(block, Paragraph)]


def labels(finding):
    (figure,) = draw_echo(finding)
    return [mark.text for mark in figure.marks if isinstance(mark, Text)]


def test_the_table_tells_model_control_and_chance_apart():
    table = table_of(echo())
    assert table.head == (
        *("", "cases", "model repeats", "careful (control) repeats", "by chance"),
        *("model, chance included", "label error voxels", "too few errors", "empty expert mask"),
    )
    assert texts(table) == [
        ["all cases", "40", "53.0 %", "4.0 %", "4.0 %", "71.0 %", "4,049", "23", "1"]
    ]


def test_without_a_control_it_has_no_column_and_the_caveat_stands_below():
    finding = echo(details={"control": None, "errors": {"all": told(0.53)}})
    assert len(table_of(finding).head) == len(texts(table_of(finding))[0]) == 8
    assert prose(finding)[0].endswith("shared difficulty alone can still reach 0.10 to 0.20.")
    assert "0.10" not in prose(echo())[0]
    assert "0.10" not in prose(by_age())[0], "both subgroups share the difficulty"


def test_a_copy_rate_says_that_difficulty_is_still_in_it():
    finding = echo(details={"kind": "sizes"})
    assert len(table_of(finding).head) == len(texts(table_of(finding))[0]) == 7
    assert prose(finding)[0].startswith("Counted from sizes and Dice alone")


def test_cases_with_too_little_to_copy_are_counted_in_words():
    assert prose(echo())[1].startswith("24 cases had too little to copy: fewer than 20 wrong")
    assert len(prose(by_age())) == 1


def test_subgroups_stand_in_their_own_order():
    finding = by_age()
    assert [row[0] for row in texts(table_of(finding))] == list(AGES)
    assert [row[2] for row in texts(table_of(finding))] == ["61.0 %", "40.0 %", "−3.0 %"]
    drawn = labels(finding)
    assert [f"{name}, model" for name in AGES] == [t for t in drawn if t.endswith(", model")]


def test_the_figure_shows_model_and_control_above_what_is_judged():
    drawn = labels(echo())
    assert "all cases, model" in drawn
    assert "all cases, control" in drawn
    assert "limit 0.100" in drawn
    assert "FAIL" in drawn
    (figure,) = draw_echo(echo())
    assert figure.words.title == f"{echo().statement}."
    assert "share of the automated label's mistakes" in figure.words.description


def test_subgroups_that_are_not_judged_bear_an_asterisk():
    finding = replace(by_age(), groups=(make_group(AGES[0], 40, 0.5, 0.1),))
    assert f"{AGES[1]} *, model" in labels(finding)


@pytest.mark.parametrize(
    "details",
    [
        {"kind": "sizes", "control": None, "errors": {}, "dropped": {}},
        {"control": None, "errors": {"all": {"n_cases": 0}}, "dropped": {"all": {}}},
        {"errors": {"all": told(None, None)}, "dropped": None},
        {"control": None, "errors": None, "dropped": None},
    ],
)
def test_a_finding_without_an_estimate_is_shown_all_the_same(details):
    finding = echo(
        estimate=None,
        verdict=Verdict.INCONCLUSIVE,
        reason="no control",
        groups=(),
        outcome="inconclusive",
        details=details,
    )
    assert draw_echo(finding) == (None,)
    assert prose(finding)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_files_are_shown_not_obeyed(name):
    finding = by_age(errors={name: told(0.5)}, dropped={name: {"few_errors": 1}})
    finding = replace(finding, groups=(make_group(name, 40, 0.5, 0.1),))
    shown = texts(table_of(finding))[0][0]
    assert len(shown) <= 80
    assert "\x1b" not in shown
    assert "\n" not in shown
    control = echo(details={"control": {"model": name}})
    assert len(table_of(control).head[3]) <= 60
    assert draw_echo(control)[0] is not None
