from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Heading, Paragraph, Table
from pytest_biasruler.report.exports import safe_cell, tabulate_plan
from pytest_biasruler.report.plan import MOST_QUEUED, NONE, make_plan, plan_sentence
from pytest_biasruler.report.sentences import needed_of
from pytest_biasruler.report.view import make_page

from .audit_example import HOSTILE, make_audit, make_finding


def entry(subgroup, rank, *cases, probability=None):
    return {"subgroup": subgroup, "rank": rank, "cases": list(cases), "probability": probability}


def row(name, labels=0, further=0):
    counts = {"labelled": 30, "open": 100, "cases": labels}
    return {"name": name, "labels": labels, "further": further, **counts}


def planned(**changes):
    plan = {
        "towards": "FAIL",
        "settled_by": "labels",
        "reason": None,
        "chance": 0.8,
        "level": 0.975,
        "seed": 60,
        "subgroups": [row("0–40", 31), row("56–120", 15)],
        "queue": [
            entry("0–40", 1, "case-017", "case-018"),
            entry("0–40", 2, "case-003"),
            entry("56–120", 1, "case-044"),
        ],
    }
    return make_finding(
        details={"plan": {**plan, **changes}},
        verdict=Verdict.INCONCLUSIVE,
        reason="borderline",
        outcome="inconclusive",
    )


def audit_of(*findings):
    return replace(make_audit(), findings=tuple(findings))


def tables(*findings):
    return {b.caption: b for b in make_plan(audit_of(*findings)) if isinstance(b, Table)}


def texts(table):
    return [[cell.text or cell.links[0].text for cell in row.cells] for row in table.rows]


def test_the_sentence_counts_labels_by_subgroup():
    assert plan_sentence(planned()) == "46 more expert labels, 31 in 0–40 and 15 in 56–120."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subgroups": [row("0–40", 1)]}, "1 more expert label in 0–40."),
        (
            {"subgroups": [row("a", 5, 70), row("b", 0, 30)]},
            "105 more labelled patients, 75 in a and 30 in b: 5 more expert labels in a, and "
            "100 patients not yet in this data set, 70 in a and 30 in b.",
        ),
        (
            {"subgroups": [row("a", 5, 1)], "chance_labels": 0.123},
            "6 more labelled patients in a: 5 more expert labels in a, and 1 patient not yet in "
            "this data set in a. The chance that these labels alone give a verdict: 12.3 %.",
        ),
        (
            {"subgroups": [row("a", 0, 2)], "chance_labels": 0.1},
            "2 patients not yet in this data set in a.",
        ),
        (
            {"subgroups": [], "reason": "the estimate lies at the limit"},
            "The estimate lies at the limit.",
        ),
        (
            {"subgroups": [row("a", 7)], "reason": "few; no more"},
            "7 more expert labels in a. Few; no more.",
        ),
    ],
)
def test_the_sentence_says_what_else_it_takes(changes, said):
    assert plan_sentence(planned(**changes)) == said


def test_without_an_open_finding_the_page_says_so():
    heading, text = make_plan(audit_of())

    assert isinstance(heading, Heading)
    assert text == Paragraph(text=NONE)


def test_the_page_lists_whom_to_label_first():
    known = tables(planned())

    assert texts(known["How many labels would settle each open finding"]) == [
        ["gap[dice-age-unet]", "FAIL", "46 more expert labels, 31 in 0–40 and 15 in 56–120."]
    ]
    queue = known["Label first for gap[dice-age-unet]"]
    assert texts(queue) == [
        ["0–40", "1", "case-017, case-018", "–"],
        ["0–40", "2", "case-003", "–"],
        ["56–120", "1", "case-044", "–"],
    ]
    assert "seed 60" in queue.note
    assert "Planned chance of a verdict: 80.0 %" in queue.note


@pytest.mark.parametrize(("chance", "said"), [(0.2, "20.0 %"), (1e-9, "below 0.1 %")])
def test_a_list_that_will_not_do_alone_promises_its_own_chance(chance, said):
    finding = planned(
        settled_by="patients", chance_labels=chance, subgroups=[row("0–40", 31, 3074)]
    )
    note = tables(finding)["Label first for gap[dice-age-unet]"].note

    assert "it needs 3,074 patients who are not there yet, too" in note
    assert f"The chance that these labels alone give a verdict: {said}." in note
    assert "80.0 %" not in note


def test_the_card_tells_the_number_of_the_plan_and_where_it_stands():
    finding = planned()
    counts = {"needed": {"0–40": 31, "56–120": 15}}
    told = needed_of(replace(finding, details={**finding.details, **counts}))
    assert told == (
        " About 31 more patients in 0–40 and 15 more patients in 56–120 would settle it; "
        "see What to label next in section 9 of the report."
    )


def test_a_long_list_is_cut_and_says_so():
    queue = [entry("a", rank, f"case-{rank:03d}") for rank in range(1, 40)]
    table = tables(planned(queue=queue))["Label first for gap[dice-age-unet]"]

    assert len(table.rows) == MOST_QUEUED
    assert "Patients drawn: 39 in a" in table.note
    assert f"The first {MOST_QUEUED} of each subgroup are shown." in table.note


def test_cases_of_which_only_the_chance_has_changed_are_not_listed_to_label():
    queue = [entry("a", 1, "case-001", probability=0.4), entry("a", None, "case-002")]
    table = tables(planned(queue=queue))["Label first for gap[dice-age-unet]"]

    assert texts(table) == [["a", "1", "case-001", "0.400"]]


def test_a_plan_of_which_little_is_known_can_be_shown():
    bare = make_finding(details={"plan": {"towards": None}})

    assert make_plan(audit_of(bare))


def test_the_plan_stands_among_the_limits_of_the_audit():
    blocks = make_page(audit_of(planned())).parts[8].blocks

    assert any(isinstance(b, Heading) and b.text == "What to label next" for b in blocks)


# The plan as CSV

HEAD = "check,rank,case,subgroup,probability,seed\n"


def test_every_case_has_its_row():
    assert tabulate_plan(audit_of(planned())) == (
        f"{HEAD}"
        "gap[dice-age-unet],1,case-017,0–40,,60\n"
        "gap[dice-age-unet],1,case-018,0–40,,60\n"
        "gap[dice-age-unet],2,case-003,0–40,,60\n"
        "gap[dice-age-unet],1,case-044,56–120,,60\n"
    )


def test_a_case_that_is_not_drawn_has_its_chance_and_no_rank():
    queue = [entry("a", None, "case-002", probability=0.1 + 0.2)]
    text = tabulate_plan(audit_of(planned(queue=queue)))

    assert text == f"{HEAD}gap[dice-age-unet],,case-002,a,0.30000000000000004,60\n"


def test_without_a_plan_the_file_is_its_head():
    assert tabulate_plan(make_audit()) == HEAD
    assert tabulate_plan(audit_of()) == HEAD


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "\uff1d1+1"])
def test_no_cell_is_a_formula(name):
    text = tabulate_plan(audit_of(planned(queue=[entry(name, 1, name)])))

    rest = text.removeprefix(HEAD)
    assert rest.count(",'") == 2, "case and subgroup"
    assert "\t" not in rest
    assert "\r" not in rest


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_in_their_cell(name):
    text = tabulate_plan(audit_of(planned(queue=[entry("a", 1, name)])))
    rows = list(csv.reader(io.StringIO(text)))

    assert len(rows) == 2
    assert rows[1][2] == safe_cell(name)
    assert "\x1b" not in text
