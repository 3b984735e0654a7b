from __future__ import annotations

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Items, Paragraph, Table
from pytest_biasruler.report.leaderboard import describe_ranking, draw_ranking
from pytest_biasruler.report.marks import Path, Text
from pytest_biasruler.report.specifics import describe_specifics

from .audit_example import AGES, HOSTILE, make_estimate, make_finding, make_group

EXPERT = {"ann": 0.81, "bob": 0.80, "cat": 0.72}
AUTOMATED = {"ann": 0.84, "bob": 0.83, "cat": 0.90}


def ordered(means):
    return sorted(means, key=means.get, reverse=True)


def ranking(subgroup=None, *, expert=None, automated=None, value=0.09, flips=None):
    expert, automated = expert or EXPERT, automated or AUTOMATED
    flip = {
        "better": "cat",
        "worse": "ann",
        "gap_automated": 0.06,
        "gap_expert": 0.09,
        "p": 0.0001,
        "p_holm": 0.0006,
        "confirmed": True,
    }
    return {
        "subgroup": subgroup,
        "n_cases": 300,
        "n_patients": 300,
        "means": {"automated": automated, "expert": expert},
        "order": {"automated": ordered(automated), "expert": ordered(expert)},
        "tau_b": -1 / 3,
        "flips": [flip] if flips is None else flips,
        "regret": {
            "winner": ordered(automated)[0],
            "rival": "ann",
            "value": value,
            "low": 0.05,
            "high": 0.12,
            "p_holm": 0.0006,
            "overturned": True,
        },
    }


def make_ranking(*rankings, details=None, **changes):
    known = {
        "models": list(EXPERT),
        "subgroup": None,
        "rankings": list(rankings) or [ranking()],
        "overall": None,
        "by_gap": None,
        "challenge": None,
        "incomplete": {"ann": {"automated": 0, "expert": 0}},
    }
    fields = {
        "by": (),
        "model": None,
        "automated": "automated",
        "limit": 0.01,
        "statement": "The automated reference puts cat first; by the experts it is last",
        "estimate": make_estimate(0.09, 0.05, 0.12),
        "groups": (make_group("all", 300, 0.72, 0.1),),
    }
    return make_finding("ranking", details=known | (details or {}), **(fields | changes))


def within_age(**changes):
    details = {
        "subgroup": AGES[0],
        "overall": ranking(value=0.02),
        "by_gap": {
            "gaps": {"expert": {"ann": 0.1, "bob": 0.2}, "automated": {"ann": 0.05, "bob": 0.01}},
            "order": {"expert": ["ann", "bob"], "automated": ["bob", "ann"]},
            "tau_b": -1.0,
        },
    }
    rankings = (ranking(AGES[1], value=0.0, flips=[]), ranking(AGES[0]))
    return make_ranking(*rankings, details=details, by=("age",), **changes)


def tables(finding):
    return [block for block in describe_ranking(finding) if isinstance(block, Table)]


def cells(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def labels(figure):
    return [mark.text for mark in figure.marks if isinstance(mark, Text)]


def test_the_order_by_both_references_stands_side_by_side():
    order, flips = tables(make_ranking())
    assert cells(order) == [
        ["ann", "1", "2", "0.810", "0.840"],
        ["bob", "2", "3", "0.800", "0.830"],
        ["cat", "3", "1", "0.720", "0.900"],
    ]
    assert "−0.333" in order.note
    assert cells(flips) == [["cat", "ann", "0.060", "0.090", "0.0006", "confirmed"]]


def test_a_slope_per_model_and_a_regret_against_the_limit_are_drawn():
    means, regret = draw_ranking(make_ranking())
    assert len([mark for mark in means.marks if isinstance(mark, Path)]) == 3
    assert any(text.startswith("cat") for text in labels(means))
    assert means.words.title.startswith("The automated reference puts cat first")
    assert {"regret", "0.090", "FAIL", "limit 0.010"} <= set(labels(regret))


def test_the_figure_is_of_the_subgroup_of_the_value():
    finding = within_age()
    means, regret = draw_ranking(finding)
    assert f"in age {AGES[0]}" in means.words.caption
    assert {"largest regret", AGES[0], AGES[1]} <= set(labels(regret))
    order, _, chosen, by_gap = tables(finding)
    assert f"in age {AGES[0]}" in order.caption
    assert [row[0] for row in cells(chosen)] == [AGES[1], AGES[0]]
    assert cells(by_gap)[0] == ["ann", "0.100", "0.050"]
    notes = [b.text for b in describe_ranking(finding) if isinstance(b, Paragraph)]
    assert any("Over all 300 complete cases, not judged here" in text for text in notes)


def test_of_many_models_those_are_drawn_that_either_reference_puts_in_front():
    expert = {f"m{i}": 0.9 - i / 100 for i in range(12)}
    automated = {**{name: 0.8 - i / 100 for i, name in enumerate(expert)}, "m11": 0.95}
    finding = make_ranking(ranking(expert=expert, automated=automated))
    means, _ = draw_ranking(finding)
    drawn = labels(means)
    assert any(text.startswith("m11\N{EM SPACE}") for text in drawn), "the winner is among them"
    assert len([mark for mark in means.marks if isinstance(mark, Path)]) == 6
    assert "6 more stand in the table" in means.words.caption
    assert len(tables(finding)[0].rows) == 12


def test_without_flips_a_sentence_says_so():
    blocks = list(describe_ranking(make_ranking(ranking(flips=[]))))
    assert any(getattr(b, "text", "") == "No two models change places." for b in blocks)


def test_models_that_lost_cases_are_named():
    lost = {"incomplete": {"ann": {"automated": 2, "expert": 0}, "bob": {"expert": 0}}}
    (items,) = [b for b in describe_ranking(make_ranking(details=lost)) if isinstance(b, Items)]
    assert items.texts[0].endswith("for: ann.")


CHALLENGE = {
    "variables": {"age": "age in (0, 40], (40, 50]"},
    "without": ["menopause"],
    "both_empty": "both masks empty counts as Dice 0 and HD95 0, as published",
    "n_cases": 300,
    "mm": {
        "mean_dice": 0.76,
        "mean_norm_hd": 0.14,
        "performance": 0.81,
        "fairness": 0.90,
        "ranking": 0.855,
    },
    "voxel": None,
}


def test_the_challenge_says_which_distance_and_variables_it_used():
    side = {"ann": CHALLENGE, "bob": CHALLENGE}
    table = tables(make_ranking(details={"challenge": {"expert": side, "automated": side}}))[-1]
    assert table.caption == "Score of the MAMA-MIA challenge; not judged"
    numbers = ["0.760", "0.140", "0.810", "0.900", "0.8550"]
    assert cells(table)[0] == ["ann", "expert", "HD95 in mm", *numbers]
    assert [row[:2] for row in cells(table)[1:]] == [
        ["bob", "expert"],
        ["ann", "automated"],
        ["bob", "automated"],
    ]
    for said in (
        "Variables: age: age in (0, 40], (40, 50].",
        "Without menopause.",
        "the voxel size is not known for every case",
        "both masks empty counts as Dice 0",
        "NormHD = HD95/150",
    ):
        assert said in table.note


def test_the_two_distances_of_the_challenge_are_rows_of_their_own():
    in_voxels = {"ann": {**CHALLENGE, "voxel": CHALLENGE["mm"]}}
    both = tables(make_ranking(details={"challenge": {"expert": in_voxels}}))[-1]
    units = [row[2] for row in cells(both)]
    assert units == ["HD95 in mm", "HD95 in edges of a cube of one voxel's volume"]
    assert "not known" not in both.note


def test_a_performance_without_fairness_is_not_a_score():
    scores = {**CHALLENGE["mm"], "fairness": None, "ranking": None}
    alone = {**CHALLENGE, "variables": {}, "mm": scores}
    table = tables(make_ranking(details={"challenge": {"expert": {"ann": alone}}}))[-1]
    assert cells(table)[0][-2:] == ["–", "–"]
    assert "No variable of the challenge is an attribute here." in table.note


def test_a_gap_shows_the_challenge_score_of_its_model():
    finding = make_finding("gap", details={"challenge": CHALLENGE})
    (table,) = [b for b in describe_specifics(finding) if isinstance(b, Table)]
    assert cells(table)[0][:3] == ["unet", "expert", "HD95 in mm"]


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"rankings": [], "subgroup": None, "overall": None, "by_gap": None, "challenge": None},
        {"rankings": [{"subgroup": None}], "challenge": {"expert": {"ann": {"mm": {}}}}},
        {"rankings": [{**ranking(), "means": {}, "regret": {}, "tau_b": None}]},
        {"rankings": [ranking(AGES[0])], "subgroup": None, "by_gap": {"order": {"expert": []}}},
    ],
)
@pytest.mark.parametrize("estimate", [None, make_estimate(None, None, None)])
def test_an_undecided_finding_with_half_its_details_is_told_without_failing(details, estimate):
    finding = make_finding(
        "ranking",
        by=(),
        model=None,
        limit=0.01,
        verdict=Verdict.INCONCLUSIVE,
        reason="no pairs",
        estimate=estimate,
        details=details,
    )
    list(describe_ranking(finding))
    assert len(draw_ranking(finding)) == 2


def test_hostile_names_of_models_are_told_readably():
    means = {name: 0.5 + i / 100 for i, name in enumerate(HOSTILE)}
    finding = make_ranking(ranking(expert=means, automated=means, flips=[]))
    (order,) = tables(finding)
    assert len(order.rows) == len(HOSTILE)
    assert all(row.cells[0].text.strip() for row in order.rows)
    assert all("\x1b" not in row.cells[0].text for row in order.rows)
    assert draw_ranking(finding)[0] is not None
