from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Card, Paragraph, Table
from pytest_biasruler.report.flips import flip_matrix
from pytest_biasruler.report.view import make_page

from .audit_example import (
    ERROR,
    gap_age,
    make_audit,
    make_estimate,
    make_finding,
    make_group,
    ruler_age,
    ruler_sex,
    with_checks,
)

TITLES = [
    "Verdict",
    "What was audited",
    "Subgroups",
    "The ruler",
    "Accounting",
    "Scores by subgroup",
    "Findings",
    "Worst cases",
    "Limits of this audit",
    "Warnings, methods, data",
]


def section(audit, number):
    return make_page(audit).parts[number - 1]


def tables(audit, number):
    return {b.caption: b for b in section(audit, number).blocks if isinstance(b, Table)}


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def cards(audit):
    return [block for block in section(audit, 7).blocks if isinstance(block, Card)]


def prose(audit, number):
    return " ".join(b.text for b in section(audit, number).blocks if isinstance(b, Paragraph))


def make_empty_audit():
    return replace(
        make_audit(),
        models={},
        references={},
        attributes={},
        labels={},
        metrics={},
        scores=(),
        warnings=(),
        unasked={},
        findings=(),
        accounting={"expected": 0, "scored": 0, "checks": {"declared": 0, "ran": 0, "errors": []}},
    )


@pytest.mark.parametrize("audit", [make_audit(), make_empty_audit()], ids=["full", "empty"])
def test_the_ten_sections_are_always_there_and_never_without_a_word(audit):
    sections = make_page(audit).parts
    assert [s.title for s in sections] == TITLES
    assert [s.id for s in sections] == [f"s{n}" for n in range(1, 11)]
    assert all(s.blocks for s in sections)


def test_the_first_screen_tells_both_gaps_and_the_distortion():
    table = tables(make_audit(), 1)["What decides: estimates with their decision bounds"]
    assert texts(table)[:3] == [
        [
            "Dice gap by age, 56–120 vs 0–40, expert reference",
            "0.112",
            "[0.071, 0.154]",
            "152/41",
            "0.050",
            "FAIL",
        ],
        [
            "Dice gap by age, 56–120 vs 0–40, automated reference",
            "0.031",
            "[0.004, 0.060]",
            "152/41",
            "0.050",
            "INCONCLUSIVE",
        ],
        [
            "distortion (automated − expert)",
            "−0.081",
            "[−0.115, −0.049]",
            "152/41",
            "0.030",
            "FAIL · masks",
        ],
    ]


def test_without_a_ruler_the_first_screen_tells_the_leading_findings():
    passed = make_finding(id="gap[iou]", verdict=Verdict.PASS, outcome="passed")
    audit = replace(make_audit(), findings=(passed, gap_age()))
    table = tables(audit, 1)["What decides: estimates with their decision bounds"]
    assert [row[0] for row in texts(table)] == [
        "Dice gap by age, expert reference, 56–120 vs 0–40"
    ]


def test_a_floor_is_not_drawn_against_zero():
    finding = make_finding("floor", limit=0.9, estimate=make_estimate(0.777, 0.752, 0.801))
    (figure,) = [
        block
        for block in section(replace(make_audit(), findings=(finding,)), 1).blocks
        if block.kind == "figure"
    ]
    assert "0.0" not in [mark.text for mark in figure.marks if mark.kind == "text"]


def test_the_first_screen_tells_who_is_missing_and_how_it_ended():
    audit = with_checks(make_audit(), errors=[ERROR])
    assert "6 cases were not scored, 4 of them in 0–40:" in prose(audit, 1)
    assert (
        "2 failed · 4 inconclusive · 4 passed · 1 waived · 1 not judged · 1 error · "
        "12 of 12 declared checks ran"
    ) in prose(audit, 1)


def test_every_check_has_a_row_and_a_row_leads_to_its_card():
    audit = with_checks(make_audit(), errors=[ERROR])
    rows = tables(audit, 1)["Every check of this audit"].rows
    links = [row.cells[0].links[0].href for row in rows]
    assert sorted(links) == sorted(card.id for card in cards(audit))
    assert len(links) == len(audit.findings) + 1
    assert rows[-1].cells[1].text == "could not run"


def test_a_row_sorts_by_the_full_number():
    finding = make_finding(estimate=make_estimate(0.0500000004, 0.0, 0.1))
    row = tables(replace(make_audit(), findings=(finding,)), 1)["Every check of this audit"].rows[
        0
    ]
    value = row.cells[4]
    assert (value.text, value.sort) == ("0.0500000004", "0.0500000004")


def test_cards_stand_failed_first_and_only_what_needs_reading_is_open():
    audit = with_checks(make_audit(), errors=[ERROR])
    words = [card.word for card in cards(audit)]
    assert words == [
        *("FAIL", "FAIL"),
        *(["INCONCLUSIVE"] * 4),
        "ERROR",
        "FAIL, waived",
        *(["PASS"] * 4),
        "INCONCLUSIVE, not judged",
    ]
    assert [card.is_open for card in cards(audit)] == [True] * 7 + [False] * 6


def test_the_flip_matrix_counts_and_links_every_ruler():
    caption = "Verdict of the gap by the automated reference (rows) and by the expert (columns)"
    table = tables(make_audit(), 7)[caption]
    assert texts(table) == [
        ["automated PASS", "agreed pass: 1", "unproven pass: 0", "masked harm: 0"],
        ["automated INCONCLUSIVE", "blurred pass: 0", "open: 0", "blurred harm: 1"],
        ["automated FAIL", "false alarm: 0", "unproven alarm: 0", "agreed fail: 0"],
    ]
    assert [link.text for link in table.rows[1].cells[3].links] == ["ruler[dice-age-unet]"]


def flipped(flip):
    harm = ruler_age()
    return replace(harm, details={**harm.details, "flip": flip})


@pytest.mark.parametrize(
    ("flip", "place"), [("masked harm", (0, 3)), ("false alarm", (2, 1)), ("agreed fail", (2, 3))]
)
def test_only_verdicts_that_say_the_opposite_stand_out_by_letters_and_glyph(flip, place):
    _, lead, table, *_ = flip_matrix([flipped(flip)])
    cell = table.rows[place[0]].cells[place[1]]
    is_opposite = flip != "agreed fail"
    assert (cell.text, cell.sign) == (
        (f"{flip.upper()}: 1", "fail") if is_opposite else (f"{flip}: 1", "")
    )
    told = f"the two references disagree, 1 is a {flip}"
    assert told in lead.text if is_opposite else "the two references agree on 1" in lead.text


def test_each_word_about_a_distortion_has_its_number():
    (_, _, _, table, terms) = flip_matrix([ruler_age(), ruler_sex()])
    assert texts(table) == [
        [
            "",
            "masks: −0.081 [−0.108, −0.054]",
            "beyond limit: [0.049, 0.115], limit 0.030",
            "yes: 0.610 [0.520, 0.690]",
            "no",
            "yes: 0.782 against 0.771 and 0.740",
            "yes, trained on it, 2.1 % of its masks identical",
        ],
        [
            "",
            "seems to inflate: +0.006 [−0.001, 0.013]",
            "ruled out: [0.000, 0.012], limit 0.020",
            "no",
            "not known",
            "no",
            "no, 0 % of its masks identical",
        ],
    ]
    for word in ("Direction", "Strength", "Variance collapse", "Near twins", "Leakage"):
        assert any(f"{word}:" in text for text in terms.texts)


def test_without_rulers_the_matrix_says_what_would_fill_it():
    _, empty = flip_matrix([gap_age()])
    assert empty.text.startswith("None: no check compared the verdicts")


def test_masked_harm_heads_the_report():
    harm = ruler_age()
    details = {**harm.details, "flip": "masked harm"}
    audit = replace(make_audit(), findings=(replace(harm, details=details),))
    assert make_page(audit).banners == (
        "Masked harm: the Dice gap by age of model unet is a PASS by the automated reference and "
        "a FAIL by the experts. "
        "The automated reference hides 0.081 of the age gap (experts 0.112, automated 0.031).",
    )


def test_a_false_alarm_drowns_no_gap_that_experts_confirm():
    alarm, harm = ruler_age(), gap_age()
    alarm = replace(alarm, details={**alarm.details, "flip": "false alarm"})
    harm = replace(harm, model="other", details={**harm.details, "proven_by": "expert"})
    first, second = make_page(replace(make_audit(), findings=(alarm, harm))).banners
    assert first.startswith("False alarm: the Dice gap by age of model unet is a PASS by the")
    assert second.startswith("Not a false alarm: by the experts, model other fails. Dice dif")
    by_machine = replace(harm, details={**harm.details, "proven_by": "automated"})
    assert len(make_page(replace(make_audit(), findings=(alarm, by_machine))).banners) == 1


def test_what_may_leak_or_mislead_is_said_on_top():
    settings = {**make_audit().settings, "show_cases": True, "policy": "point"}
    banners = make_page(replace(make_audit(), settings=settings)).banners
    assert banners == (
        "This page contains case names: handle it like the data.",
        "Judged by point estimates alone: the rate of false alarms is not controlled.",
    )


def test_missing_small_and_empty_subgroups_are_all_told():
    audit = make_audit()
    rows = texts(tables(audit, 3)["Subgroups of ethnicity"])
    assert ["missing", "32", "32", "10.5 %", "not judged: no value"] in rows
    assert ["native american", "0", "0", "0 %", "declared, but empty"] in rows
    assert ("Too small to judge by ethnicity in some check: hawaiian/pacific islander.") in prose(
        audit, 3
    )
    assert "32 patients have no ethnicity. They are not judged; no score" in prose(audit, 3)
    (card,) = [c for c in cards(audit) if c.name == "gap[dice-ethnicity-unet]"]
    table, pairs = [b for b in card.blocks if isinstance(b, Table)]
    assert ["missing", "32", "32", "0.752", "0.150", "missing", "0", "0"] in texts(table)
    assert texts(pairs) == [["caucasian", "african american", "0.040", "[−0.010, 0.090]", "0.710"]]
    assert "best read as 0.761 (sd 0.031)" in table.note
    assert "32 patients have no ethnicity" in table.note


def test_what_is_not_known_about_a_reference_is_not_stated_rather_than_blank():
    rows = texts(tables(make_audit(), 4)["Who made each reference"])
    assert rows[0][-3:] == ["not stated"] * 3


def test_every_case_is_scored_or_excluded():
    audit = make_audit()
    assert "306 cases expected = 300 scored + 6 excluded, by the reference expert." in prose(
        audit, 5
    )
    reasons = texts(tables(audit, 5)["Excluded cases, by reason"])
    assert reasons[0] == ["no mask (BR101)", "expert", "4"]
    rows = texts(tables(audit, 5)["Excluded of each subgroup"])
    assert rows[0] == ["0–40", "age", "expert", "4", "8.9 %"]


def test_scores_of_one_subgroup_stand_beside_each_other():
    table = tables(make_audit(), 6)["Dice: unet"]
    assert table.head[3:5] == ("mean: expert", "mean: automated")
    assert texts(table)[0][:5] == ["age 0–40", "41", "41", "0.700", "0.720"]
    assert table.head[-1] == "not above 0.8: automated"
    assert texts(table)[0][-1] == "42.0 %", "58 % are above 0.8"


def test_very_many_scores_are_left_to_the_json_unless_a_check_asks():
    score = dict(make_audit().scores[0])
    scores = [{**score, "subgroup": f"g{n}"} for n in range(100)]
    scores += [{**score, "metric": "iou", "subgroup": f"g{n}"} for n in range(100)]
    audit = replace(make_audit(), scores=tuple(scores))
    assert list(tables(audit, 6)) == ["Dice: unet"]
    assert "Left out to keep this page light: IoU: unet. All of it is in" in prose(audit, 6)


def test_a_table_of_more_than_500_rows_shows_50_and_says_so():
    warnings = tuple({"code": "BR304", "set": str(n), "n": n, "text": "t"} for n in range(501))
    (table,) = tables(replace(make_audit(), warnings=warnings), 10).values()
    assert len(table.rows) == 50
    assert table.note == "The first 50 of 501 rows; all are in the JSON."


def test_more_than_500_checks_show_50_cards():
    findings = tuple(make_finding(id=f"gap[{n}]") for n in range(501))
    audit = replace(make_audit(), findings=findings)
    assert len(cards(audit)) == 50
    assert "The first 50 of 501 findings" in prose(audit, 7)


def test_subgroups_keep_their_declared_order_and_not_that_of_the_alphabet():
    finding = make_finding(
        groups=tuple(make_group(name, 30, 0.5, 0.1) for name in ("low", "mid", "high")),
        details={"complement": {"high": 0.1, "low": -0.1, "mid": 0.0}},
    )
    (card,) = cards(replace(make_audit(), findings=(finding,)))
    (table,) = [b for b in card.blocks if isinstance(b, Table)]
    assert table.head[-1] == "mean − mean of all others"
    assert [(row[0], row[-1]) for row in texts(table)] == [
        ("low", "−0.100"),
        ("mid", "0.000"),
        ("high", "+0.100"),
    ]


def test_what_nobody_asked_is_told_as_a_limit():
    items = next(b for b in section(make_audit(), 9).blocks if b.kind == "items")
    assert items.texts[:2] == (
        "2 attributes were not asked about: menopause, bmi_group.",
        "14 columns of the metadata are not named by the benchmark file, so nobody looked at "
        "them.",
    )


def test_the_limits_of_an_audit_are_told_in_few_digits_and_no_p_is_0():
    finding = make_finding(
        "noise",
        limit=0.04133318358209302,
        p_fail_holm=1e-9,
        details={"form": "tipping"},
    )
    (table,) = [
        b
        for b in section(replace(make_audit(), findings=(finding,)), 9).blocks
        if b.kind == "table"
    ]
    (row,) = texts(table)
    assert row[1] == "0.082", "the limit and 0.041 beyond it"
    assert "1e-09" in row


def test_labels_by_subgroup_are_told_once_for_all_models():
    sources = {"0–40": {"expert": 3, "automated_only": 1, "none": 0}}
    found = tuple(
        make_finding("provenance", id=name, model=name, details={"sources": sources})
        for name in ("unet", "other")
    )
    blocks = section(replace(make_audit(), findings=found), 4).blocks
    (table,) = [b for b in blocks if b.kind == "table" and b.caption.startswith("Labels by")]
    assert texts(table) == [["0–40", "age", "4", "75.0 %", "25.0 %", "0 %"]]


def test_the_methods_name_every_convention():
    text = prose(make_audit(), 10)
    for convention in (
        "surfel",
        "agreed absent",
        "one-sided per bound",
        "phantom",
        "Holm",
        "max-T",
    ):
        assert convention in text, convention
    assert "Dice 1.0, 0.0" in text
    assert "HD95 0.0, image diagonal" in text
    assert "12 of 12 agree" in text


def test_no_word_promises_what_an_audit_cannot():
    page = repr(make_page(make_audit())).lower()
    for word in ("unbiased", "is safe", "is fair", "ground truth"):
        assert word not in page
