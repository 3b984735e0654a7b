from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.badge import sum_up, write_badge
from pytest_biasruler.report.headline import write_headline

from .audit_example import ERROR, make_audit, make_finding, make_hostile_audit, with_checks

GREEN, ORANGE, RED, GREY = "009E73", "E69F00", "D55E00", "767676"

FAILED = make_finding(id="f")
PASSED = make_finding(id="p", verdict=Verdict.PASS, outcome="passed")
UNDECIDED = make_finding(id="i", verdict=Verdict.INCONCLUSIVE, outcome="inconclusive")
NOT_PROVEN = replace(UNDECIDED, id="n", policy="prove-safe", outcome="failed")
WAIVED = replace(FAILED, id="w", outcome="waived")
SCREEN = replace(FAILED, id="s", outcome="passed", details={"screen": True})
CALM_SCREEN = replace(SCREEN, verdict=Verdict.PASS)


def audit_of(*findings, **checks):
    audit = replace(make_audit(), findings=findings)
    n = len(findings) + len(checks.get("errors", ()))
    return with_checks(audit, **{"declared": n, "ran": len(findings), **checks})


BADGES = {
    "pass": (audit_of(PASSED, PASSED), "PASS 2 of 2", GREEN),
    "fail": (audit_of(FAILED, PASSED, UNDECIDED), "FAIL 1 of 3", RED),
    "inconclusive": (audit_of(UNDECIDED, PASSED), "INCONCLUSIVE 1 of 2", ORANGE),
    "not proven": (audit_of(NOT_PROVEN, PASSED), "FAIL 1 of 2", RED),
    "waived": (audit_of(PASSED, WAIVED), "PASS 1 of 2, 1 waived", GREEN),
    "only waived": (audit_of(WAIVED), "NOTHING JUDGED, 1 waived", GREY),
    "nothing": (audit_of(), "NOTHING JUDGED", GREY),
    "error": (audit_of(PASSED, errors=[ERROR]), "ERROR 1 of 2", RED),
    "error and fail": (audit_of(FAILED, errors=[ERROR]), "ERROR 1 of 2, FAIL 1", RED),
    "partial": (audit_of(PASSED, declared=6), "PARTIAL 1 of 6 ran, PASS 1 of 1", GREY),
    "partial fail": (audit_of(FAILED, declared=6), "PARTIAL 1 of 6 ran, FAIL 1 of 1", RED),
    "incomplete": (
        audit_of(UNDECIDED, declared=3, missing=2),
        "INCOMPLETE 1 of 3 ran, INCONCLUSIVE 1",
        RED,
    ),
    "red": (audit_of(PASSED, reasons=["too few"]), "NOT ACCEPTED, 1 of 1 passed", RED),
    "red part": (
        audit_of(PASSED, declared=6, reasons=["all must run"]),
        "PARTIAL 1 of 6 ran, NOT ACCEPTED, 1 of 1 passed",
        RED,
    ),
    "red fail": (audit_of(FAILED, reasons=["too few"]), "FAIL 1 of 1", RED),
    "screen": (audit_of(PASSED, SCREEN), "PASS 1 of 1, only screened: FAIL 1", GREEN),
    "calm screen": (audit_of(PASSED, CALM_SCREEN), "PASS 1 of 1", GREEN),
}


@pytest.mark.parametrize(("audit", "message", "colour"), BADGES.values(), ids=BADGES.keys())
def test_a_badge_says_how_the_audit_ended(audit, message, colour):
    badge = json.loads(write_badge(audit))

    assert badge == {
        "schemaVersion": 1,
        "label": "bias audit",
        "message": message,
        "color": colour,
    }


@pytest.mark.parametrize("audit", [row[0] for row in BADGES.values()], ids=BADGES.keys())
def test_a_badge_begins_as_the_headline_does(audit):
    word = write_headline(audit).word
    assert sum_up(audit).startswith(word)


def test_only_a_whole_audit_that_passed_gets_a_green_badge():
    green = {name for name, (audit, _, _) in BADGES.items() if GREEN in write_badge(audit)}
    assert green == {"pass", "waived", "screen", "calm screen"}


def test_a_badge_holds_no_name_from_a_file():
    """Whatever the names are, the badge is that of as many findings with plain names."""
    hostile = make_hostile_audit()
    n = len(hostile.findings)
    plain = replace(hostile, findings=(FAILED,) * n, benchmark=make_audit().benchmark)
    assert write_badge(hostile) == write_badge(plain)
