from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.arms import describe_amplification, draw_amplification
from pytest_biasruler.report.blocks import Items, Table
from pytest_biasruler.report.loop import Side, draw_gap_slope, draw_square
from pytest_biasruler.report.marks import Box, Line, Path, Point, Text, Words

from .audit_example import AGES, HOSTILE, make_estimate, make_finding, make_group

WORDS = Words(title="T", description="D", caption="C")
OLD, YOUNG = AGES[2], AGES[0]


def told(value, half=0.02):
    return {"value": value, "low": value - half, "high": value + half}


def theta(a, b, expert, automated):
    grown = min(automated - expert, automated)
    return {
        "a": a,
        "b": b,
        "theta": grown,
        "low": grown - 0.02,
        "high": grown + 0.02,
        "p": 0.01,
        "growth": told(automated - expert),
        "gap_automated_trained": told(automated),
        "gap_expert_trained": told(expert),
        "is_separated": True,
    }


def cell(trained_on, judged_by, value):
    return {"trained_on": trained_on, "judged_by": judged_by, **told(value)}


def details(**changes):
    return {
        "claim": "checkpoints",
        "gap_pair": [OLD, YOUNG],
        "gaps": {"expert_trained": told(0.040), "automated_trained": told(0.066)},
        "direction": "widens",
        "ratio": {"status": "bounded", "value": 1.65, "low": 1.2, "high": 2.4},
        "theta": [theta(OLD, YOUNG, 0.040, 0.066), theta(YOUNG, OLD, -0.040, -0.066)],
        "closed_loop": {
            "pair": [OLD, YOUNG],
            "n_cases": 1190,
            "cells": [
                cell("automated", "automated", 0.026),
                cell("automated", "expert", 0.066),
                cell("expert", "automated", 0.030),
                cell("expert", "expert", 0.040),
            ],
            "interaction": told(-0.030, 0.01),
        },
        "means": {
            "expert_trained": {OLD: 0.85, YOUNG: 0.81},
            "automated_trained": {OLD: 0.85, YOUNG: 0.784},
        },
        "seeds": {"expert_trained": {"e0": 0.04}, "automated_trained": {"a0": 0.066}},
        **changes,
    }


def amplified(*, estimate=None, **changes):
    return make_finding(
        "amplification",
        model=None,
        automated="automated",
        limit=0.02,
        support="symmetric",
        statement="For these two checkpoints, training on automated labels widened the age gap",
        estimate=estimate or make_estimate(0.026, 0.021, 0.046, pair=(OLD, YOUNG)),
        groups=(make_group(YOUNG, 595, -0.026, 0.03), make_group(OLD, 595, 0.0, 0.03)),
        details=details(**changes),
    )


def undecided(**changes):
    finding = amplified()
    return replace(
        finding,
        verdict=Verdict.INCONCLUSIVE,
        reason="too few subgroups",
        estimate=None,
        p_fail=None,
        details={
            "claim": "checkpoints",
            "gap_pair": None,
            "gaps": None,
            "direction": None,
            "ratio": None,
            "theta": [],
            "closed_loop": None,
            "means": {"expert_trained": {}, "automated_trained": {}},
            "seeds": None,
            **changes,
        },
    )


def texts_of(figure):
    return [mark.text for mark in figure.marks if isinstance(mark, Text)]


def tables(finding):
    found = [block for block in describe_amplification(finding) if isinstance(block, Table)]
    return {table.caption: [[c.text for c in row.cells] for row in table.rows] for table in found}


def remarks(finding):
    blocks = list(describe_amplification(finding))
    return " ".join(text for block in blocks if isinstance(block, Items) for text in block.texts)


def test_the_slope_runs_from_the_expert_trained_gap_to_the_other_with_bounds():
    # Axis 0 to 1 with 6 % on each side from y 246 up to 60: 0 is at 236, 1 at 70.
    figure = draw_gap_slope(
        (
            Side(title="before", value=0.0, low=None, high=0.5, shown="0"),
            Side(title="after", value=1.0, low=0.5, high=1.0, shown="1", runs=(0.5, 1.0)),
        ),
        words=WORDS,
    )
    assert [mark.d for mark in figure.marks if isinstance(mark, Path)] == ["M100 236L260 70"]
    points = [(p.x, p.y, p.shape) for p in figure.marks if isinstance(p, Point)]
    assert points == [
        (100.0, 236.0, "circle"),
        (274.0, 153.0, "ring"),
        (274.0, 70.0, "ring"),
        (260.0, 70.0, "square"),
    ]
    ends = [(m.x1, m.y1) for m in figure.marks if isinstance(m, Line) and m.x2 - m.x1 == 10]
    assert ends == [(95.0, 153.0), (255.0, 153.0), (255.0, 70.0)], "an open bound has no end"
    assert [m.y1 for m in figure.marks if isinstance(m, Line) and m.dash] == [236.0]


def test_the_square_has_one_bold_column():
    figure = draw_square(
        [(("first", "row"), ["1", ""]), (("second",), ["3", "4"])],
        columns=[("judged by", "expert"), ("automated",)],
        bold=0,
        words=WORDS,
    )
    bold = [mark.text for mark in figure.marks if isinstance(mark, Text) and mark.is_bold]
    assert bold == ["judged by", "expert", "1", "3"]
    assert len([mark for mark in figure.marks if isinstance(mark, Box)]) == 4
    assert "–" in texts_of(figure)


def test_a_finding_shows_the_gap_before_and_after_the_growth_and_the_loop():
    slope, growth, loop = draw_amplification(amplified())
    assert "0.040 [0.020, 0.060]" in texts_of(slope)
    assert "0.066 [0.046, 0.086]" in texts_of(slope)
    assert "limit 0.020" in texts_of(growth)
    assert {"0.026", "0.066", "0.030", "0.040"} < set(texts_of(loop))
    for figure in (slope, growth, loop):
        assert figure.words.title == f"{amplified().statement}."
        assert figure.words.description.endswith("The numbers stand in the table below.")


def test_the_expert_column_of_the_loop_is_the_bold_one():
    loop = draw_amplification(amplified())[2]
    bold = [mark.text for mark in loop.marks if isinstance(mark, Text) and mark.is_bold]
    assert [text for text in bold if text.startswith("0")] == ["0.040", "0.066"]


def test_a_gap_that_shrank_has_its_limit_above_zero():
    estimate = make_estimate(-0.03, -0.05, -0.01, pair=(OLD, YOUNG))
    growth = draw_amplification(amplified(estimate=estimate))[1]
    assert "limit 0.020" in texts_of(growth)
    assert "limit ±0.020" not in texts_of(growth)


def test_every_gap_is_told_once_in_the_order_in_which_it_grew():
    (table,) = (rows for caption, rows in tables(amplified()).items() if "Every gap" in caption)
    assert table == [
        [OLD, YOUNG, "+0.040", "+0.066", "+0.026", "0.026", "[0.006, 0.046]", "0.010"]
    ]


def test_other_pairs_are_drawn_below_the_value():
    pairs = [
        *details()["theta"],
        theta(AGES[1], YOUNG, 0.030, 0.040),
        theta(YOUNG, AGES[1], -0.030, -0.040),
    ]
    growth = draw_amplification(amplified(theta=pairs))[1]
    assert f"{AGES[1]} vs {YOUNG}" in texts_of(growth)
    assert f"{YOUNG} vs {AGES[1]}" not in texts_of(growth)


def test_the_table_of_the_loop_has_the_numbers_of_its_figure():
    rows = tables(amplified())[f"Closed loop: the gap {OLD} − {YOUNG}"]
    assert [row[1] for row in rows] == ["0.040", "0.030", "0.066", "0.026"]
    assert rows[2][0] == "trained on automated labels, judged by the expert reference"


def test_a_half_open_loop_has_dashes():
    cells = [one for one in details()["closed_loop"]["cells"] if one["judged_by"] == "expert"]
    loop = {"pair": [OLD, YOUNG], "n_cases": 9, "cells": cells, "interaction": None}
    finding = amplified(closed_loop=loop)
    rows = tables(finding)[f"Closed loop: the gap {OLD} − {YOUNG}"]
    assert [row[1] for row in rows] == ["0.040", "–", "0.066", "–"]
    assert texts_of(draw_amplification(finding)[2]).count("–") == 2
    assert "Interaction" not in remarks(finding)


def test_the_ratio_is_a_number_only_if_it_has_bounds():
    assert "expert-trained: 1.650, 95 % interval [1.200, 2.400]." in remarks(amplified())
    nothing = {"status": "undefined", "value": None, "low": None, "high": None}
    told_so = remarks(amplified(ratio=nothing))
    assert "undefined, the expert-trained gap is not separated from 0" in told_so
    assert "1.650" not in told_so


def test_the_interaction_is_told_in_words():
    told_so = remarks(amplified())
    assert (
        f"By the automated reference the gap {OLD} − {YOUNG} of the automated-trained" in told_so
    )
    assert "model is +0.026 (experts: +0.066), that of the expert-trained model is" in told_so
    assert "moves the one by −0.040 and the other by −0.010, which is −0.030 [−0" in told_so


def test_what_the_claim_rests_on_is_said():
    assert "needs at least 3 runs per arm" in remarks(amplified())
    assert "the variance between runs is part of every bound" in remarks(
        amplified(claim="training")
    )


def test_several_runs_have_a_table_and_rings():
    seeds = {
        "expert_trained": {"e0": 0.03, "e1": 0.05},
        "automated_trained": {"<b>": 0.06, "a1": 0.072},
    }
    finding = amplified(seeds=seeds)
    rows = tables(finding)[f"The gap {OLD} − {YOUNG} of every run"]
    assert rows[2] == ["<b>", "automated-trained", "0.060"]
    slope = draw_amplification(finding)[0]
    assert [p.shape for p in slope.marks if isinstance(p, Point)].count("ring") == 4
    assert "Rings: single runs." in slope.words.caption
    assert not any("every run" in caption for caption in tables(amplified()))


def test_an_undecided_finding_without_estimate_has_words_and_no_figure():
    assert draw_amplification(undecided()) == (None, None, None)
    assert "needs at least 3 runs per arm" in remarks(undecided())


@pytest.mark.parametrize("missing", sorted(details()))
def test_no_single_detail_is_needed(missing):
    full = amplified()
    for rest in (
        {key: value for key, value in full.details.items() if key != missing},
        {**full.details, missing: None},
    ):
        finding = replace(full, details=rest)
        assert len(draw_amplification(finding)) == 3
        assert list(describe_amplification(finding))


def test_bounds_that_are_open_are_drawn_and_told():
    open_gap = {"value": 0.05, "low": None, "high": None}
    finding = amplified(
        gaps={"expert_trained": open_gap, "automated_trained": open_gap},
        estimate=make_estimate(0.026, None, None, pair=(OLD, YOUNG)),
    )
    slope, growth, _ = draw_amplification(finding)
    assert "0.050 –" in texts_of(slope)
    assert growth is not None


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_subgroups_are_shown_and_never_trusted(name):
    pairs = [theta(OLD, name, 0.040, 0.066)]
    finding = amplified(theta=pairs, gap_pair=[OLD, name])
    blocks = list(describe_amplification(finding))
    assert blocks
    shown = json.dumps(list(tables(finding)))
    assert "\\u001b" not in shown
    assert len(shown) < 2000
