from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.gitlab import write_code_quality

from .audit_example import (
    ERROR,
    HOSTILE,
    make_audit,
    make_estimate,
    make_finding,
    make_hostile_audit,
    with_checks,
)


def with_findings(*findings, **checks):
    return with_checks(replace(make_audit(), findings=findings), **checks)


SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["check_name", "description", "fingerprint", "location", "severity"],
        "additionalProperties": False,
        "properties": {
            "check_name": {"type": "string", "pattern": "^biasruler/[a-z]+$"},
            "description": {"type": "string", "minLength": 1, "maxLength": 600},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "pattern": "^[^/]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab's documentation asks of an entry, and that nothing else stands in it."""


def read_entries(audit, **keys):
    jsonschema = pytest.importorskip("jsonschema")
    entries = json.loads(write_code_quality(audit, **keys))
    jsonschema.validate(entries, SCHEMA)
    fingerprints = [entry["fingerprint"] for entry in entries]
    assert len(set(fingerprints)) == len(fingerprints), "GitLab keeps one entry of a fingerprint"
    return entries


def test_severities_follow_outcomes_and_passes_are_left_out():
    findings = {
        "failed": make_finding(id="a.toml::1"),
        "not proven": make_finding(
            id="a.toml::2", verdict=Verdict.INCONCLUSIVE, policy="prove-safe"
        ),
        "inconclusive": make_finding(
            id="a.toml::3", verdict=Verdict.INCONCLUSIVE, outcome="inconclusive"
        ),
        "waived": make_finding(
            id="a.toml::4", outcome="waived", waive={"reason": "later", "until": "2999-12-31"}
        ),
        "screened": make_finding(id="a.toml::5", outcome="passed", details={"screen": True}),
        "not judged": make_finding(id="a.toml::6", outcome=None),
        "passed": make_finding(id="a.toml::7", verdict=Verdict.PASS, outcome="passed"),
        "point": make_finding(id="a.toml::8", policy="point", outcome="passed"),
    }
    audit = with_findings(*findings.values(), errors=[ERROR])
    by_print = {entry["fingerprint"]: entry["severity"] for entry in read_entries(audit)}

    found = {
        name: by_print.pop(hashlib.sha256(finding.id.encode()).hexdigest()[:32], None)
        for name, finding in findings.items()
    }
    assert found == {
        "failed": "critical",
        "not proven": "critical",
        "inconclusive": "minor",
        "waived": "info",
        "screened": "info",
        "not judged": "info",
        "passed": None,
        "point": None,
    }
    assert [*by_print.values()] == ["blocker"], "the error is an entry of its own"


def test_an_entry_points_to_the_line_of_its_check():
    finding = make_finding(line=17)
    entry = read_entries(with_findings(finding, declared=1, ran=1), prefix="study/a/")[0]

    assert entry["location"] == {"path": "study/a/biasruler.toml", "lines": {"begin": 17}}
    assert entry["check_name"] == "biasruler/gap"
    assert entry["description"].startswith("FAIL gap dice, age 0–40 vs 56–120: gap 0.112")


def test_an_error_points_to_its_line_and_says_what_it_says_elsewhere():
    audit = with_findings(errors=[{**ERROR, "line": 9}], declared=1, ran=0)
    (entry,) = read_entries(audit)
    assert entry["location"] == {"path": "biasruler.toml", "lines": {"begin": 9}}
    assert entry["description"] == ERROR["message"]


def test_a_waiver_is_told_with_its_date_and_reason():
    waive = {"reason": "relabelling", "until": "2999-12-31"}
    finding = make_finding(outcome="waived", waive=waive)
    (entry,) = read_entries(with_findings(finding, declared=1, ran=1))
    assert entry["description"].startswith("waived until 2999-12-31: relabelling; FAIL gap")


def test_an_audit_that_passed_is_an_empty_array_and_one_of_a_part_never_is():
    passed = make_finding(verdict=Verdict.PASS, outcome="passed")
    whole = with_findings(passed, declared=1, ran=1)
    part = with_findings(passed, declared=3, ran=1)
    cut_off = with_findings(passed, declared=3, ran=1, missing=2)

    assert read_entries(whole) == []
    told = [(entry["severity"], entry["description"]) for entry in read_entries(part)]
    assert told == [("minor", "PARTIAL: 1 of 3 declared checks ran")]
    told = [(entry["severity"], entry["description"]) for entry in read_entries(cut_off)]
    assert told == [("blocker", "INCOMPLETE: 1 of 3 declared checks ran")]


def test_fingerprints_stay_when_numbers_and_other_checks_change():
    first = make_finding(id="test_a.py::test_gap")
    second = replace(first, limit=0.2)
    before = {entry["fingerprint"] for entry in read_entries(with_findings(first, second))}
    now = replace(first, verdict=Verdict.PASS, outcome="passed")
    moved = replace(second, line=40, estimate=make_estimate(0.3, 0.25, 0.4))
    after = {entry["fingerprint"] for entry in read_entries(with_findings(now, moved))}

    assert len(before) == 2
    assert after < before, (
        "the second finding of a test is told as before, though the first passed"
    )


def test_an_audit_that_no_test_run_made_names_a_file_all_the_same():
    (entry,) = read_entries(with_findings(make_finding(id="gap[dice]"), declared=1, ran=1))
    assert entry["location"]["path"] == "biasruler.toml"


def test_hostile_names_make_valid_entries():
    entries = read_entries(with_checks(make_hostile_audit(), errors=[ERROR]))
    assert len(entries) == len(HOSTILE) + 1


def test_an_entry_says_what_got_worse():
    compare = {"state": "worse", "verdict": "PASS", "value": 0.02, "limit": 0.05, "bound": 0.04}
    finding = make_finding(verdict=Verdict.PASS, details={"compare": compare})
    (entry,) = read_entries(with_findings(finding, declared=1, ran=1))
    assert entry["severity"] == "critical"
    assert "Worse than in the earlier audit" in entry["description"]
