from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Estimate, Finding, Group, Status, Verdict
from pytest_biasruler.report.messages import (
    explain_comparison,
    first_line,
    full_message,
    short_line,
    skip_reason,
)
from pytest_biasruler.report.subgroup_table import subgroup_table

TODAY = dt.date(2026, 6, 1)


def _group(name, n, mean, status=Status.JUDGED):
    return Group(name=name, n_cases=n, n_patients=n, mean=mean, sd=0.1, status=status)


GAP = Finding(
    id="b.toml::gap[dice-age-unet]",
    check="gap",
    metric="dice",
    unit="",
    label=None,
    by=("age",),
    model="unet",
    reference="expert",
    automated=None,
    baseline=None,
    support="pooled",
    policy="confident-fail",
    waive=None,
    limit=0.05,
    statement="Dice differs by 0.112 between subgroups of age",
    estimate=Estimate(
        value=0.112,
        low=0.071,
        high=0.154,
        ci95=(0.08, 0.15),
        pair=("56-120", "0-40"),
        method="guarded Welch",
        alpha=0.05,
    ),
    verdict=Verdict.FAIL,
    reason=None,
    p_fail=0.0004,
    p_fail_holm=0.002,
    min_detectable=0.06,
    groups=(_group("0-40", 41, 0.7), _group("41-55", 107, 0.742), _group("56-120", 152, 0.812)),
    outcome="failed",
)
RULER = replace(
    GAP,
    id="b.toml::ruler[dice-age-unet]",
    check="ruler",
    automated="automated",
    limit=0.03,
    statement="The automated reference hides 0.081 of the age gap",
    estimate=replace(
        GAP.estimate,
        value=0.081,
        low=0.049,
        high=0.115,
        ci95=(0.041, 0.121),
        pair=("0-40", "56-120"),
    ),
    details={
        "distortion_signed": {"value": -0.081, "low": -0.115, "high": -0.049},
        "gap_expert": {"means": {"0-40": 0.7, "41-55": 0.742, "56-120": 0.812}},
        "gap_automated": {"means": {"0-40": 0.764, "41-55": 0.769, "56-120": 0.795}},
    },
)
OPEN = replace(
    GAP,
    verdict=Verdict.INCONCLUSIVE,
    reason="underpowered",
    outcome="inconclusive",
    estimate=replace(GAP.estimate, value=0.04, low=-0.01, high=0.09),
    details={"needed": {"0-40": 179.2, "56-120": 0.0}},
)

SHAPES = replace(
    GAP,
    check="morphology",
    metric=None,
    limit=0.147,
    estimate=replace(GAP.estimate, value=0.98, low=0.94, high=0.99, pair=("0-40", "all others")),
    model=None,
)

LINES = {
    "one subgroup against all others": (
        SHAPES,
        "FAIL morphology, age all others vs 0-40: largest |Cliff's delta| 0.980 [0.940, 0.990] "
        "above limit 0.147 (259/41 patients, expert)",
    ),
    "shapes that stay open": (
        replace(SHAPES, verdict=Verdict.INCONCLUSIVE, reason="underpowered", min_detectable=0.2),
        "INCONCLUSIVE morphology, age all others vs 0-40: largest |Cliff's delta| 0.980 [0.940, "
        "0.990] above limit 0.147; smallest |Cliff's delta| this data can show 0.347 (259/41 "
        "patients, expert)",
    ),
    "undefined for a reason": (
        replace(
            OPEN,
            check="difficulty",
            estimate=replace(GAP.estimate, value=None, low=None, high=None, pair=None),
            reason="no overlap",
        ),
        "INCONCLUSIVE difficulty dice, age: unexplained gap undefined, no overlap (41/107/152 "
        "patients, expert, unet)",
    ),
    "fail": (
        GAP,
        "FAIL gap dice, age 0-40 vs 56-120: gap 0.112 [0.071, 0.154] above limit 0.050 "
        "(41/152 patients, expert, unet)",
    ),
    "ruler with its sign": (
        RULER,
        "FAIL ruler dice, age 0-40 vs 56-120: distortion -0.081 [-0.115, -0.049] beyond limit "
        "0.030 (41/152 patients, automated - expert, unet)",
    ),
    "inconclusive": (
        OPEN,
        "INCONCLUSIVE gap dice, age 0-40 vs 56-120: gap 0.040 [-0.010, 0.090] spans limit 0.050; "
        "smallest gap this data can show 0.110; about 180 more patients in 0-40 needed (41/152 "
        "patients, expert, unet)",
    ),
    "not proven": (
        replace(OPEN, policy="prove-safe", outcome="failed", min_detectable=None, details={}),
        "NOT PROVEN gap dice, age 0-40 vs 56-120: gap 0.040 [-0.010, 0.090] spans limit 0.050 "
        "(41/152 patients, expert, unet)",
    ),
    "point": (
        replace(OPEN, policy="point", outcome="passed"),
        "PASS gap dice, age 0-40 vs 56-120: gap 0.040 [-0.010, 0.090] below limit 0.050, point "
        "estimate, uncontrolled (41/152 patients, expert, unet)",
    ),
    "held back by its family": (
        replace(GAP, verdict=Verdict.INCONCLUSIVE, reason="multiplicity", min_detectable=None),
        "INCONCLUSIVE gap dice, age 0-40 vs 56-120: gap 0.112 [0.071, 0.154] above limit 0.050; "
        "multiplicity (41/152 patients, expert, unet)",
    ),
    "nothing to compare": (
        replace(
            OPEN, estimate=None, reason="too few subgroups", groups=GAP.groups[:1], details={}
        ),
        "INCONCLUSIVE gap dice, age: gap undefined, too few subgroups: 0-40 has 41 patients "
        "(41 patients, expert, unet)",
    ),
    "a value that nothing is known about": (
        replace(
            OPEN,
            check="difficulty",
            estimate=replace(GAP.estimate, value=0.151, low=None, high=None),
            reason="no overlap",
            details={
                "baseline": "56-120",
                "beyond_reach": ["0-40"],
                "split": {"0-40": {"off_support": 0.27}},
            },
        ),
        "INCONCLUSIVE difficulty dice, age 0-40 vs 56-120: unexplained gap 0.151, not judged: "
        "27 % of 0-40 lie outside the range of 56-120 (41/152 patients, expert, unet)",
    ),
    "floor": (
        replace(
            GAP,
            check="floor",
            limit=0.75,
            estimate=replace(GAP.estimate, value=0.7, low=0.66, high=0.74, pair=None),
            details={"worst": "0-40", "better_above": True},
        ),
        "FAIL floor dice, age 0-40: worst mean 0.700 [0.660, 0.740] below limit 0.750 "
        "(41 patients, expert, unet)",
    ),
    "provenance": (
        replace(
            GAP,
            check="provenance",
            metric=None,
            limit=None,
            estimate=None,
            details={
                "criteria": [
                    {"text": "exclusions differ", "verdict": "FAIL"},
                    {"text": "all is stated", "verdict": "PASS"},
                ]
            },
        ),
        "FAIL provenance, age: exclusions differ (41/107/152 patients, expert, unet)",
    ),
}


@pytest.mark.parametrize(("finding", "line"), LINES.values(), ids=LINES.keys())
def test_line_one_carries_the_whole_finding(finding, line):
    assert first_line(finding) == line
    assert len(line) <= 200


def test_rounding_never_contradicts_the_verdict():
    close = replace(GAP, estimate=replace(GAP.estimate, value=0.0602, low=0.05003))

    assert "gap 0.060 [0.05003, 0.154] above limit 0.050" in first_line(close)


def test_the_first_fifty_characters_name_verdict_check_metric_and_pair():
    assert first_line(RULER)[:50].startswith("FAIL ruler dice, age 0-40 vs 56-120: ")


def test_the_message_shows_both_references_side_by_side():
    lines = full_message(RULER, report="out/report.html#check-x", today=TODAY).split("\n")

    assert lines[1:] == [
        "  The automated reference hides 0.081 of the age gap",
        "",
        "  subgroup  patients  expert  automated  difference  status",
        "  0-40            41   0.700      0.764      +0.700  judged",
        "  56-120         152   0.812      0.795      +0.812  judged",
        "  41-55          107   0.742      0.769      +0.742  judged",
        "  guarded Welch; 95 % interval [-0.121, -0.041]; p 0.0004, Holm 0.002",
        "  see out/report.html#check-x; to accept for a time: "
        'waive = { reason = "...", until = YYYY-MM-DD }',
    ]


COLUMNS = {
    "gap": (GAP, "mean Dice"),
    "success": (replace(GAP, check="success"), "share of cases that succeed"),
    "amplification": (
        replace(GAP, check="amplification"),
        "mean Dice, automated-trained \N{MINUS SIGN} expert-trained",
    ),
    "labels": (
        replace(GAP, check="labels", details={"second_expert": "second"}),
        "mean Dice, second expert \N{MINUS SIGN} automated",
    ),
    "noise": (
        replace(GAP, check="noise", details={"form": "dose"}),
        "mean Dice, slope per unit of label noise",
    ),
    "morphology": (SHAPES, "mean log volume in ml, natural logarithm"),
}


@pytest.mark.parametrize(("finding", "column"), COLUMNS.values(), ids=COLUMNS.keys())
def test_the_column_of_means_says_what_they_are_means_of(finding, column):
    head = next(line for line in subgroup_table(finding) if "subgroup" in line)

    assert head.split("patients")[1].removesuffix("status").strip() == column


def test_a_long_table_says_how_many_rows_are_left_out():
    many = replace(GAP, groups=tuple(_group(f"g{n:02}", 20, 0.5) for n in range(15)))

    message = full_message(many, report=None, today=TODAY)

    assert "  ... 3 more in the report" in message
    assert message.endswith(
        '\n  to accept for a time: waive = { reason = "...", until = YYYY-MM-DD }'
    )


def test_a_waiver_that_has_ended_is_named():
    ended = replace(GAP, waive={"reason": "later", "until": "2026-05-31"})

    assert "waiver ended 2026-05-31" in full_message(ended, report=None, today=TODAY)


def test_reasons_of_skips():
    waived = replace(GAP, outcome="waived", waive={"reason": "relabelling", "until": "2027-03-31"})

    assert skip_reason(waived) == "waived until 2027-03-31: relabelling (verdict FAIL)"
    assert skip_reason(waived, would_pass=True).endswith("passes without the waiver: remove it")
    assert skip_reason(OPEN).startswith("INCONCLUSIVE: gap dice, age: gap 0.040 [-0.010, 0.090]")
    assert short_line(waived) == "until 2027-03-31: relabelling"
    assert short_line(RULER) == "distortion -0.081 [-0.115, -0.049], limit 0.030"


def test_names_from_files_are_made_harmless():
    hostile = replace(
        GAP,
        groups=(_group("\x1b[31m" + "x" * 60, 41, 0.7),),
        estimate=replace(GAP.estimate, pair=("56-120", "\x1b[31m" + "x" * 60)),
    )

    text = full_message(hostile, report=None, today=TODAY)

    assert "\x1b" not in text
    assert "x" * 41 not in text


def test_only_findings_are_explained_in_comparisons():
    assert explain_comparison("==", 1, 2) is None
    assert explain_comparison("==", GAP, 1)[1] == first_line(GAP)


def test_no_name_in_a_skip_reason_turns_the_text_around_or_commands_a_build_server():
    finding = replace(OPEN, label="a\u202eb", by=("##[group]age",))

    reason = skip_reason(replace(finding, metric="dice-::error::x"))
    other = skip_reason(replace(finding, metric="dice ::error file=x::"))

    assert "\u202e" not in reason
    assert "##[" not in reason
    assert "-::" not in reason, "where a terminal breaks the line there, it is a command"
    assert " ::" not in other, "where a terminal breaks the line there, it is a command"
    assert r"a\u202eb, #\x23[group]age" in reason
