from __future__ import annotations

import json

import pytest

from pytest_biasruler.audit import Audit, run_audit
from pytest_biasruler.errors import BiasRulerError

ASKED = [
    ("gap", {"limit": 0.05}),
    ("gap", {"limit": 0.5}),
    ("ruler", {"limit": 0.5}),
    ("labels", {"limit": 0.05, "metric": "dice"}),
    ("success", {}),
    ("success", {"statistic": "difference", "limit": 0.9}),
    ("floor", {"limit": 0.2}),
    ("floor", {"limit": 0.99}),
    ("provenance", {}),
]
OPPOSITE = {"PASS": "FAIL", "FAIL": "PASS"}


@pytest.fixture(name="content")
def fixture_content(make_benchmark):
    return json.loads(run_audit(make_benchmark(*ASKED)).to_json())


def decided(content):
    """Findings with a PASS or FAIL that follows from bounds."""
    found = [f for f in content["findings"] if f["verdict"] in OPPOSITE]
    return [f for f in found if f["check"] != "provenance"]


def test_verdicts_of_both_kinds_and_directions_come_back(content):
    Audit.from_json(json.dumps(content))

    kinds = {(f["verdict"], bool(f["details"].get("better_above"))) for f in decided(content)}
    assert kinds == {(verdict, above) for verdict in OPPOSITE for above in (True, False)}


def test_a_turned_verdict_is_refused_by_name(content):
    for finding in decided(content):
        verdict = finding["verdict"]
        finding["verdict"] = OPPOSITE[verdict]
        with pytest.raises(BiasRulerError, match=r"^BR603: the audit holds a (PASS|FAIL) of "):
            Audit.from_json(json.dumps(content))
        finding["verdict"] = "INCONCLUSIVE"  # always possible: what bounds allow may be withheld
        Audit.from_json(json.dumps(content))
        finding["verdict"] = verdict


@pytest.mark.parametrize("field", ["limit", "low", "high"])
def test_a_verdict_without_the_bound_or_limit_it_rests_on_is_refused(content, field):
    finding = next(f for f in decided(content) if f["verdict"] == "FAIL" and f["check"] == "gap")
    where = finding if field == "limit" else finding["estimate"]
    where[field] = None

    if field == "high":  # a FAIL rests on the lower bound alone
        Audit.from_json(json.dumps(content))
        return
    with pytest.raises(BiasRulerError, match="undefined"):
        Audit.from_json(json.dumps(content))
    content["settings"]["public"] = True
    Audit.from_json(json.dumps(content))


def test_numbers_just_beyond_the_limit_are_told_with_the_digits_that_show_it(content):
    finding = next(f for f in decided(content) if f["verdict"] == "PASS" and f["check"] == "gap")
    finding["limit"] = finding["estimate"]["high"]

    with pytest.raises(BiasRulerError, match=r"gap\[.*\] with the bounds .* and the limit "):
        Audit.from_json(json.dumps(content))


def test_a_finding_that_was_taken_out_is_missed(content):
    content["accounting"]["checks"]["ran"] = len(content["findings"])
    Audit.from_json(json.dumps(content))

    del content["findings"][0]
    n = len(content["findings"])
    with pytest.raises(BiasRulerError, match=f"holds {n} findings of {n + 1} checks that ran"):
        Audit.from_json(json.dumps(content))


def test_a_check_does_not_pass_for_one_whose_verdict_nobody_can_follow(content):
    failed = next(f for f in decided(content) if f["verdict"] == "FAIL")
    failed |= {"check": "provenance", "verdict": "PASS"}
    with pytest.raises(BiasRulerError, match="holds a provenance under the id "):
        Audit.from_json(json.dumps(content))


def test_no_gap_is_better_above_its_limit(content):
    failed = next(f for f in decided(content) if (f["verdict"], f["check"]) == ("FAIL", "gap"))
    failed["details"]["better_above"] = True
    failed["verdict"] = "PASS"
    with pytest.raises(BiasRulerError, match="holds a PASS of "):
        Audit.from_json(json.dumps(content))
