"""A finding held against an earlier one may only fail more often, never less."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit import Audit, run_audit
from pytest_biasruler.audit.ratchet import (
    note_missing,
    own_id,
    tighten,
    tighten_audit,
    with_outcome,
)
from pytest_biasruler.audit.same_data import refuse_other_data
from pytest_biasruler.audit.states import State
from pytest_biasruler.checks.finding import Estimate, Finding, Group, Status, Verdict
from pytest_biasruler.checks.outcome import outcome_of
from pytest_biasruler.errors import BiasRulerError

TODAY = dt.date(2026, 11, 23)
WAIVE = {"reason": "relabelling", "until": "2026-12-31"}
MILDER = ("failed", "inconclusive", "waived", "passed", None)


def make_estimate(value=0.04, low=0.03, high=0.045, ci95=(0.027, 0.053)):
    return Estimate(
        value=value, low=low, high=high, ci95=ci95, pair=("b", "a"), method="t", alpha=0.05
    )


def make_finding(verdict="PASS", **changes):
    keys = {
        "id": "biasruler.toml::gap[dice-age-unet]",
        "check": "gap",
        "metric": "dice",
        "unit": "",
        "label": None,
        "by": ("age",),
        "model": "unet",
        "reference": "expert",
        "automated": None,
        "baseline": None,
        "support": "pooled",
        "policy": "confident-fail",
        "waive": None,
        "limit": 0.05,
        "statement": "Dice differs",
        "estimate": make_estimate(),
        "verdict": Verdict(verdict),
        "reason": "borderline" if verdict == "INCONCLUSIVE" else None,
        "p_fail": 0.5,
        "p_fail_holm": None,
        "min_detectable": 0.01,
        "groups": (group("a"), group("b")),
        "details": {},
    }
    finding = Finding(**{**keys, **changes})
    return replace(finding, outcome=str(outcome_of(finding, today=TODAY)))


def group(name, status=Status.JUDGED):
    return Group(name=name, n_cases=40, n_patients=40, mean=0.8, sd=0.1, status=status)


def make_audit(*findings, run_date="2026-01-02", public=False, **checks):
    counts = {"declared": len(findings), "deselected": 0, "ran": len(findings), "missing": 0}
    return Audit(
        benchmark={"name": "b", "n_cases": 80, "n_patients": 80, "hash": "a1" * 32},
        tool={},
        settings={"policy": "confident-fail", "run_date": run_date, "public": public},
        models={},
        references={},
        attributes={},
        labels={},
        metrics={},
        scores=(),
        warnings=(),
        accounting={"checks": {**counts, "errors": [], **checks}},
        unasked={},
        findings=findings,
    )


def compare(now, *earlier, **keys):
    tightened = tighten(now, make_audit(*earlier, **keys))
    return tightened.outcome, tightened.details["compare"]


# The table of the page, row by row.


def test_a_pass_that_became_inconclusive_fails():
    outcome, told = compare(make_finding("INCONCLUSIVE"), make_finding("PASS"))
    assert (outcome, told["state"], told["decides"]) == ("failed", "no longer shown", True)


def test_a_value_beyond_the_upper_end_of_the_earlier_interval_fails_within_its_limit():
    now = make_finding(estimate=make_estimate(value=0.048, low=0.047, high=0.049))
    earlier = make_finding(estimate=make_estimate(ci95=(0.03, 0.047)))
    outcome, told = compare(now, earlier)
    assert (outcome, told["state"], told["bound"]) == ("failed", "worse", 0.047)
    on_the_edge = replace(earlier, estimate=make_estimate(ci95=(0.03, 0.048)))
    assert compare(now, on_the_edge)[0] == "passed", "the end itself is not beyond"


def test_a_waiver_covers_the_state_it_was_granted_for_and_no_worse_one():
    worse = make_finding("FAIL", waive=WAIVE, estimate=make_estimate(value=0.2, low=0.1))
    earlier = make_finding("FAIL", waive=WAIVE)
    assert worse.outcome == "waived"
    outcome, told = compare(worse, earlier)
    assert (outcome, told["state"], told["decides"]) == ("failed", "worse", True)
    undecided = make_finding("INCONCLUSIVE", waive=WAIVE)
    assert compare(undecided, make_finding("PASS"))[0] == "waived"


def test_a_check_that_fails_again_says_since_when():
    failing = make_finding("FAIL", estimate=make_estimate(low=0.051))
    outcome, told = compare(failing, failing)
    assert (outcome, told["state"], told["since"]) == ("failed", "still fails", "2026-01-02")
    assert told["decides"] is False, "it fails by itself"
    second = tighten(failing, make_audit(failing))
    _, told = compare(failing, second, run_date="2026-06-06")
    assert told["since"] == "2026-01-02", "an earlier audit knows when it began"


@pytest.mark.parametrize(
    ("now", "earlier", "state"),
    [
        ("PASS", "PASS", "unchanged"),
        ("INCONCLUSIVE", "INCONCLUSIVE", "unchanged"),
        ("PASS", "INCONCLUSIVE", "improved"),
        ("PASS", "FAIL", "improved"),
        ("INCONCLUSIVE", "FAIL", "unchanged"),
        ("FAIL", "PASS", "now fails"),
        ("FAIL", "INCONCLUSIVE", "now fails"),
    ],
)
def test_anything_else_keeps_the_outcome_of_this_run(now, earlier, state):
    finding = make_finding(now)
    outcome, told = compare(finding, make_finding(earlier))
    assert (outcome, told["state"], told["decides"]) == (finding.outcome, state, False)


def test_a_value_below_the_earlier_interval_has_improved():
    now = make_finding(estimate=make_estimate(value=0.01, low=0.0, high=0.02))
    assert compare(now, make_finding())[1]["state"] == "improved"
    fewer = replace(now, groups=(group("a"), group("b", Status.TOO_SMALL)))
    assert compare(fewer, make_finding())[1]["state"] == "unchanged", "of others, not better"


def test_a_fail_that_is_no_longer_proven_has_not_improved_by_that_alone():
    earlier = make_finding("FAIL")
    crowded = make_finding("INCONCLUSIVE", reason="multiplicity")
    assert compare(crowded, earlier)[1]["state"] == "unchanged", "more checks, the same value"
    better = make_finding("INCONCLUSIVE", estimate=make_estimate(value=0.02, low=0.0, high=0.06))
    assert compare(better, earlier)[1]["state"] == "improved"


def test_a_raised_limit_is_listed_and_earns_no_improvement():
    now = make_finding("PASS", limit=0.1)
    _, told = compare(now, make_finding("INCONCLUSIVE"))
    assert told["state"] == "loosened"
    assert told["changes"] == [{"what": "limit", "earlier": 0.05, "now": 0.1, "loosened": True}]
    audit = tighten_audit(make_audit(now), make_audit(make_finding("INCONCLUSIVE")))
    assert audit.accounting["compare"]["loosened"] == [
        {"id": now.id, "what": "limit", "earlier": 0.05, "now": 0.1}
    ]


def test_a_check_that_only_one_audit_has_is_new_or_gone():
    now, other = make_finding(id="b.toml::gap[new]"), make_finding(id="b.toml::gap[old]")
    audit = tighten_audit(make_audit(now), make_audit(other))
    assert audit.findings[0].details["compare"]["state"] == "new"
    assert audit.findings[0].outcome == "passed"
    compare_of = audit.accounting["compare"]
    assert compare_of["gone"] == [{"id": "b.toml::gap[old]", "verdict": "PASS"}]
    assert compare_of["counts"] == {"new": 1}


def test_nothing_is_gone_in_a_part_of_an_audit():
    now, other = make_finding(), make_finding(id="b.toml::gap[old]")
    audit = tighten_audit(make_audit(now, declared=2), make_audit(now, other))
    assert audit.accounting["compare"]["gone"] == []


def test_a_check_in_error_or_behind_a_failure_of_its_test_is_not_gone():
    error = {"id": "b.toml::gap[old]", "code": "BR503", "message": ""}
    asked = [make_finding(id=f"test_a.py::test_gap::gap[{name}]") for name in "ab"]
    old = make_finding(id="b.toml::gap[old]")
    failing = make_finding(
        "FAIL", id="test_a.py::test_gap::gap[a]", estimate=make_estimate(low=0.06)
    )
    now = make_audit(failing, errors=[error], declared=2)
    assert tighten_audit(now, make_audit(*asked, old)).accounting["compare"]["gone"] == []
    passing = make_audit(asked[0], errors=[error], declared=2)
    gone = tighten_audit(passing, make_audit(*asked, old)).accounting["compare"]["gone"]
    assert [each["id"] for each in gone] == ["test_a.py::test_gap::gap[b]"]


# Directions.


def test_of_a_floor_a_lower_value_is_worse():
    details = {"better_above": True}
    keys = {"check": "floor", "details": details, "limit": 0.7}
    earlier = make_finding(
        estimate=make_estimate(value=0.9, low=0.85, high=0.95, ci95=(0.87, 0.93)), **keys
    )
    lower = make_finding(estimate=make_estimate(value=0.86, low=0.8, high=0.9), **keys)
    higher = make_finding(estimate=make_estimate(value=0.94, low=0.9, high=0.96), **keys)
    assert compare(lower, earlier)[0] == "failed"
    assert compare(lower, earlier)[1]["bound"] == 0.87
    assert compare(higher, earlier)[1]["state"] == "improved"
    lowered = replace(higher, limit=0.6)
    assert compare(lowered, earlier)[1]["changes"][0]["loosened"] is True


def test_facts_are_compared_by_their_verdict():
    def facts(verdict, limit=0.1):
        criterion = {
            "criterion": "f",
            "text": "share of cases without age",
            "number": 0.2,
            "limit": limit,
            "verdict": verdict,
        }
        keys = {"check": "provenance", "estimate": None, "limit": None, "metric": None}
        return make_finding(verdict, details={"criteria": [criterion]}, **keys)

    assert compare(facts("INCONCLUSIVE"), facts("PASS"))[0] == "failed"
    outcome, told = compare(facts("PASS", limit=0.3), facts("INCONCLUSIVE"))
    assert (outcome, told["state"], told["obstacle"]) == ("passed", "loosened", "")
    assert told["changes"][0]["what"] == "limit of share of cases without age"


# What is asked otherwise.


def test_a_stricter_limit_alone_is_no_decline():
    stricter = make_finding("INCONCLUSIVE", limit=0.042)
    outcome, told = compare(stricter, make_finding("PASS"))
    assert (outcome, told["state"]) == ("inconclusive", "tightened")
    wider = replace(stricter, estimate=make_estimate(high=0.06))
    assert compare(wider, make_finding("PASS"))[0] == "failed", "not within the earlier limit"
    withheld = replace(stricter, reason="missing values")
    assert compare(withheld, make_finding("PASS"))[0] == "failed", "not for its limit"


@pytest.mark.parametrize(
    ("changes", "what", "is_less"),
    [
        ({"policy": "point"}, "policy", True),
        ({"policy": "prove-safe"}, "policy", False),
        ({"details": {"screen": True}}, "screen", True),
        ({"groups": (group("a"), group("b", Status.TOO_SMALL))}, "subgroups judged", True),
        ({"estimate": replace(make_estimate(), alpha=0.2)}, "alpha", True),
        ({"support": "bounds"}, "support", False),
        ({"limit": None}, "limit", True),
        ({"limit": 0.04}, "limit", False),
    ],
)
def test_what_is_asked_otherwise_is_listed(changes, what, is_less):
    _, told = compare(make_finding(**changes), make_finding())
    assert [(each["what"], each["loosened"]) for each in told["changes"]] == [(what, is_less)]


@pytest.mark.parametrize(
    "changes",
    [
        {"baseline": "a"},
        {"metric": "nsd"},
        {"unit": "mm"},
        {"details": {"statistic": "ratio"}},
        {"details": {"trend": {"step": 5.0}}},
        {"groups": (group("a"), group("c"))},
    ],
)
def test_values_of_other_questions_are_not_compared_and_that_is_said(changes):
    now = make_finding(estimate=make_estimate(value=0.9), **changes)
    earlier = make_finding(details={"statistic": "difference", "trend": {"step": 10.0}})
    outcome, told = compare(now, earlier)
    assert (outcome, told["state"]) == ("passed", "not compared")
    assert told["obstacle"].startswith("it is another question")
    undecided = replace(now, verdict=Verdict.INCONCLUSIVE)
    assert compare(undecided, earlier)[0] == "failed", "its verdict counts all the same"


@pytest.mark.parametrize(
    ("now", "earlier"),
    [
        (make_estimate(value=None), make_estimate()),
        (None, make_estimate()),
        (make_estimate(), make_estimate(value=None)),
        (make_estimate(), None),
        (make_estimate(), make_estimate(ci95=(None, None))),
        (make_estimate(value=float("nan")), make_estimate()),
    ],
)
def test_what_is_undefined_is_not_compared_and_that_is_said(now, earlier):
    outcome, told = compare(make_finding(estimate=now), make_finding(estimate=earlier))
    assert (outcome, told["state"]) == ("passed", "not compared")
    assert told["obstacle"]


def test_a_screen_fails_nothing_and_what_is_not_judged_stays_so():
    screen = {"details": {"screen": True}}
    worse = make_finding("FAIL", estimate=make_estimate(value=0.9), **screen)
    assert compare(worse, make_finding("PASS", **screen))[1]["state"] == "worse"
    assert compare(worse, make_finding("PASS", **screen))[0] == "passed"
    looked_at = replace(worse, details={}, outcome=None)
    outcome, told = compare(looked_at, replace(make_finding(), outcome=None))
    assert (outcome, told["state"], told["decides"]) == (None, "worse", False)


def test_a_point_estimate_is_held_to_the_same():
    keys = {"policy": "point"}
    now = make_finding("INCONCLUSIVE", estimate=make_estimate(value=0.049, high=0.06), **keys)
    assert now.outcome == "passed"
    assert compare(now, make_finding("PASS", **keys))[0] == "failed"
    beyond = make_finding("INCONCLUSIVE", estimate=make_estimate(value=0.052), **keys)
    assert compare(beyond, make_finding("INCONCLUSIVE", **keys))[1]["state"] == "now fails"


# Which check is which.


def test_checks_are_the_same_wherever_their_file_lies():
    now = make_finding("INCONCLUSIVE", id="bench/other.toml::gap[dice-age-unet]")
    assert compare(now, make_finding("PASS"))[1]["state"] == "no longer shown"
    assert own_id("a/test_b.py::TestAge::test_gap[1]::gap[dice]") == (
        "TestAge::test_gap[1]::gap[dice]"
    )


def test_of_two_files_with_one_test_name_each_is_compared_with_its_own():
    ids = [f"{name}.py::test_gap::gap[dice]" for name in ("a", "b")]
    earlier = [make_finding("PASS", id=ids[0]), make_finding("INCONCLUSIVE", id=ids[1])]
    now = make_finding("INCONCLUSIVE", id=ids[1])
    assert compare(now, *earlier)[1]["state"] == "unchanged"
    moved = replace(now, id="c.py::test_gap::gap[dice]")
    outcome, told = compare(moved, *earlier)
    assert (outcome, told["obstacle"]) == ("inconclusive", "2 earlier checks have its id")


def test_a_check_without_a_file_is_the_one_of_a_benchmark_file():
    now = make_finding("INCONCLUSIVE", id="gap[dice-age-unet]")
    assert compare(now, make_finding("PASS"))[0] == "failed"


# A public audit beside one that is not.


def test_rounding_in_public_makes_nothing_worse():
    exact = 0.0512349
    now = make_finding("FAIL", estimate=make_estimate(value=exact, low=exact, high=exact))
    public = make_finding(
        "FAIL",
        estimate=make_estimate(value=0.0512, low=0.0512, high=0.0512, ci95=(0.0512, 0.0512)),
        details={"public": True},
    )
    assert compare(now, public, public=True)[1]["state"] == "still fails"
    assert compare(public, now)[1]["state"] == "still fails"


def test_a_hidden_value_is_said_to_be_hidden():
    hidden = make_finding(estimate=None, details={"public": True})
    assert compare(make_finding(), hidden)[1]["obstacle"] == (
        "the earlier audit is public and hides its value"
    )


# Whose data.


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"hash": "7c" * 32}, "hash 7c7c7c7c..., this run a1a1a1a1..."),
        ({"n_cases": 81}, "counts other cases, though its hash is that of this run"),
    ],
)
def test_an_audit_of_other_data_is_refused(changes, found):
    earlier = make_audit(make_finding())
    earlier = replace(earlier, benchmark={**earlier.benchmark, **changes})
    with pytest.raises(BiasRulerError) as caught:
        refuse_other_data(earlier, data_hash="a1" * 32, n_cases=80)
    assert caught.value.code == "BR603"
    assert found in str(caught.value)
    assert "80" not in str(caught.value), "a number of cases may be hidden"


def test_other_subgroups_are_other_data_and_an_added_attribute_is_not(make_benchmark):
    ages = ["old"] * 40 + ["young"] * 30
    audit = run_audit(make_benchmark(("gap", {}), ages=ages))
    swapped = run_audit(make_benchmark(("gap", {}), ages=["young", *ages[1:-1], "old"]))
    assert swapped.benchmark["hash"] == audit.benchmark["hash"], "scores and cases are the same"
    with pytest.raises(BiasRulerError, match="cells of column age differ"):
        tighten_audit(swapped, audit)
    columns = {**audit.benchmark["columns"], "sex": "a1"}
    more = replace(audit, benchmark={**audit.benchmark, "columns": columns})
    assert tighten_audit(more, audit).findings[0].details["compare"]["state"] != "new"
    assert "columns" not in run_audit(make_benchmark(("gap", {})), public=True).benchmark


def test_hidden_counts_are_not_other_data():
    earlier = make_audit(make_finding())
    earlier = replace(earlier, benchmark={**earlier.benchmark, "n_cases": None})
    refuse_other_data(earlier, data_hash="a1" * 32, n_cases=80)
    assert tighten_audit(earlier, make_audit(make_finding())).findings[0].outcome == "passed"


# Whole audits.


def test_an_audit_held_against_itself_is_unchanged(make_benchmark):
    checks = [
        ("gap", {}),
        ("ruler", {}),
        ("labels", {}),
        ("success", {}),
        ("floor", {"limit": 0.7}),
        ("provenance", {}),
    ]
    audit = run_audit(make_benchmark(*checks), today=TODAY)
    again = tighten_audit(audit, Audit.from_json(audit.to_json()))
    assert [f.outcome for f in again.findings] == [f.outcome for f in audit.findings]
    states = {f.details["compare"]["state"] for f in again.findings}
    assert states <= {"unchanged", "still fails"}
    assert Audit.from_json(again.to_json()).to_json() == again.to_json()
    assert again.accounting["compare"]["gone"] == []


def test_what_is_missing_is_noted_and_survives_json(make_benchmark):
    audit = note_missing(run_audit(make_benchmark(("gap", {}))), path="old.json")
    kept = Audit.from_json(audit.to_json()).accounting["compare"]
    assert kept == {"state": "missing", "path": "old.json"}


# Laws.

numbers = st.one_of(
    st.none(), st.floats(-1, 1), st.sampled_from([0.0, 0.05, float("nan"), float("inf")])
)
estimates = st.one_of(
    st.none(),
    st.builds(
        make_estimate,
        value=numbers,
        low=numbers,
        high=numbers,
        ci95=st.tuples(numbers, numbers),
    ),
)
findings = st.builds(
    make_finding,
    verdict=st.sampled_from([str(verdict) for verdict in Verdict]),
    check=st.sampled_from(["gap", "floor", "success", "provenance", "noise"]),
    policy=st.sampled_from(["point", "confident-fail", "prove-safe"]),
    waive=st.sampled_from([None, WAIVE]),
    limit=st.one_of(st.none(), st.sampled_from([0.02, 0.05, 0.8])),
    estimate=estimates,
    baseline=st.sampled_from([None, "a"]),
    details=st.fixed_dictionaries(
        {}, optional={"screen": st.booleans(), "better_above": st.booleans()}
    ),
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(now=findings, earlier=findings)
def test_no_earlier_audit_makes_an_outcome_milder(now, earlier):
    tightened = tighten(now, make_audit(earlier))
    assert MILDER.index(tightened.outcome) <= MILDER.index(now.outcome)
    told = tightened.details["compare"]
    assert told["decides"] is (tightened.outcome != now.outcome)
    assert replace(tightened, details=now.details, outcome=now.outcome) == now
    if told["decides"]:
        assert told["state"] in (State.WORSE, State.NO_LONGER_SHOWN)
        assert not now.details.get("screen")


@settings(deadline=None, derandomize=True, max_examples=200)
@given(now=findings, earlier=findings)
def test_what_cannot_be_compared_is_never_called_unchanged(now, earlier):
    told = tighten(now, make_audit(earlier)).details["compare"]
    if told["obstacle"]:
        assert told["state"] not in (State.UNCHANGED, State.IMPROVED, State.WORSE)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(now=findings, value=st.floats(-1, 1), width=st.floats(0, 1))
def test_nothing_gets_worse_than_itself(now, value, width):
    estimate = make_estimate(value=value, ci95=(value - width, value + width))
    for same in (replace(now, estimate=estimate), replace(now, estimate=None)):
        assert tighten(same, make_audit(same)).outcome == same.outcome


@settings(deadline=None, derandomize=True, max_examples=100)
@given(now=findings, earlier=findings)
def test_judging_again_gives_the_same_outcome(now, earlier):
    tightened = tighten(now, make_audit(earlier))
    assert with_outcome(tightened, now.outcome) == tightened
