"""What a reader is told of an earlier audit: every state, in public, and with hostile names."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from pytest_biasruler.audit.ratchet import note_comparison, note_missing, tighten, tighten_audit
from pytest_biasruler.audit.states import State
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.changes import (
    change_line,
    change_lines,
    loosened_lines,
    next_step,
    tell_earlier,
    told_change,
)
from pytest_biasruler.report.headline import write_headline
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.messages import brief_answer, first_line, full_message, short_line
from pytest_biasruler.report.since import change_banners, make_changes, make_permissions
from pytest_biasruler.report.view import make_page
from pytest_biasruler.report.wording import sign_of, verdict_sign_of, word_of

from .audit_example import HOSTILE, gap_age, make_audit, make_estimate, make_finding, ruler_age

WAIVE = {"reason": "relabelling", "until": "2999-12-31"}


def passed(value=0.03, **changes):
    estimate = make_estimate(value, value - 0.01, value + 0.01, pair=("56–120", "0–40"))
    keys = {"estimate": estimate, "verdict": Verdict.PASS, "outcome": "passed", **changes}
    return make_finding(**keys)


def undecided(**changes):
    estimate = make_estimate(0.04, 0.01, 0.07, pair=("56–120", "0–40"))
    keys = {"estimate": estimate, "reason": "borderline", "outcome": "inconclusive", **changes}
    return make_finding(**{"verdict": Verdict.INCONCLUSIVE, **keys})


def audit_of(*findings):
    return replace(make_audit(), findings=findings)


def compared(now, *earlier):
    return tighten(now, audit_of(*earlier))


def worse():
    return compared(passed(0.08, limit=0.5), passed(0.03, limit=0.5))


@pytest.mark.parametrize(
    ("now", "earlier", "state", "told"),
    [
        (
            passed(0.08, limit=0.5),
            passed(0.03, limit=0.5),
            State.WORSE,
            "Worse than in the earlier audit: gap 0.080 now, 0.030 then, with a 95 % interval up "
            "to 0.070. The check fails for this alone.",
        ),
        (
            undecided(),
            passed(),
            State.NO_LONGER_SHOWN,
            "The earlier audit showed that this is within its limit; this one does not. The check "
            "fails for this alone.",
        ),
        (
            gap_age(),
            undecided(estimate=make_estimate(0.1, 0.01, 0.2)),
            State.NOW_FAILS,
            "It fails now and did not in the earlier audit, which said INCONCLUSIVE (gap 0.100).",
        ),
        (
            gap_age(),
            gap_age(),
            State.STILL_FAILS,
            "It failed in the earlier audit too, and has since 2026-11-23 at least.",
        ),
        (
            passed(baseline="0–40"),
            passed(),
            State.NOT_COMPARED,
            "Its value is not compared with the earlier audit, which said PASS (gap 0.030): it is "
            "another question: baseline differs.",
        ),
        (
            passed(limit=0.1),
            undecided(),
            State.LOOSENED,
            "The earlier audit said INCONCLUSIVE (gap 0.040), but less is asked now. Asked "
            "otherwise than then: limit from 0.050 to 0.100.",
        ),
        (
            undecided(limit=0.05, estimate=make_estimate(0.04, 0.01, 0.07)),
            passed(limit=0.08),
            State.TIGHTENED,
            "It is within the earlier limit still; the limit is stricter now. Asked otherwise "
            "than then: limit from 0.080 to 0.050.",
        ),
        (passed(), None, State.NEW, "New: the earlier audit has no such check."),
        (
            passed(),
            undecided(),
            State.IMPROVED,
            "Better than in the earlier audit, which said INCONCLUSIVE (gap 0.040).",
        ),
        (
            passed(),
            passed(),
            State.UNCHANGED,
            "No change that these data can show: the earlier audit said PASS (gap 0.030).",
        ),
    ],
)
def test_every_state_is_told_in_a_sentence(now, earlier, state, told):
    finding = compared(now, *([earlier] if earlier else []))
    assert finding.details["compare"]["state"] == state
    assert told_change(finding) == told


def test_no_state_is_left_without_words():
    for state in State:
        compare = {"state": str(state), "verdict": "PASS", "decides": False, "public": False}
        assert told_change(passed(details={"compare": compare})).endswith(".")
    assert told_change(passed()) == ""


def test_a_floor_falls_and_a_distortion_grows_in_size():
    floor = {"check": "floor", "limit": 0.01, "details": {"better_above": True}}
    finding = compared(passed(0.03, **floor), passed(0.08, **floor))
    assert tell_earlier(finding) == "; earlier 0.080, 95 % interval down to 0.040"
    big = replace(ruler_age(), verdict=Verdict.PASS, outcome="passed", limit=0.9)
    before = replace(big, estimate=make_estimate(0.01, 0.0, 0.02, pair=big.estimate.pair))
    finding = compared(big, before)
    assert " -0.081 " in first_line(finding)
    assert "; earlier 0.010 in size, 95 % interval up to 0.050" in first_line(finding)


def test_line_one_begins_with_what_the_earlier_audit_did():
    assert first_line(worse()) == (
        "WORSE gap dice, age 0–40 vs 56–120: gap 0.080 [0.070, 0.090] below limit 0.500; earlier "
        "0.030, 95 % interval up to 0.070 (41/152 patients, expert, unet)"
    )
    assert first_line(compared(undecided(), passed())) == (
        "WORSE gap dice, age 0–40 vs 56–120: gap 0.040 [0.010, 0.070] spans limit 0.050; earlier "
        "shown to be within its limit (41/152 patients, expert, unet)"
    )
    assert brief_answer(worse()) == "gap 0.080; earlier 0.030, 95 % interval up to 0.070"
    assert short_line(worse()).endswith("; earlier 0.030, 95 % interval up to 0.070")
    failing = compared(gap_age(), passed())
    assert first_line(failing).startswith("FAIL "), "it fails by itself"
    proven = compared(
        undecided(policy="prove-safe", outcome="failed"), passed(policy="prove-safe")
    )
    assert first_line(proven).startswith("NOT PROVEN ")


def test_what_to_do_fits_why_it_fails():
    today = dt.date(2026, 1, 1)
    assert next_step(worse()).startswith("to accept it for good: keep the audit of this run")
    assert next_step(compared(undecided(), passed())).startswith("to accept for a time: waive")
    assert told_change(worse()) in full_message(worse(), report=None, today=today)


def test_a_waiver_is_said_to_cover_no_worse_state():
    waived = passed(0.08, limit=0.5, waive=WAIVE, outcome="waived")
    finding = compared(waived, passed(limit=0.5))
    assert told_change(finding).endswith("a waiver covers no worse state than its own.")


def test_the_page_calls_a_passing_verdict_that_fails_by_its_name():
    assert (word_of(worse()), sign_of(worse())) == ("WORSE, verdict PASS", "fail")
    assert verdict_sign_of(worse()) == "pass", "beside the verdict alone"
    audit = note_comparison(audit_of(worse()), audit_of(passed(limit=0.5)))
    told = write_headline(audit)
    assert told.word == "FAIL"
    assert "Dice by age is worse than in the earlier audit." in told.rest


def test_the_line_counts_states_the_worst_first():
    earlier = audit_of(passed(), make_finding(id="b.toml::gap[x]"))
    now = audit_of(undecided(), passed(id="b.toml::gap[y]"))
    audit = tighten_audit(now, earlier)
    assert change_line(audit) == (
        "since the earlier audit of 2026-11-23: 1 no longer shown, 1 new, 1 gone"
    )
    assert change_line(make_audit()) == ""
    assert change_lines(make_audit()) == []
    missing = note_missing(make_audit(), path="old.json")
    assert change_lines(missing) == [("no earlier audit at old.json: nothing compared", "yellow")]


def test_loosened_limits_are_listed_and_many_are_cut():
    ids = [f"b.toml::gap[{n}]" for n in range(5)]
    now = audit_of(*(passed(id=each, limit=0.1) for each in ids))
    audit = tighten_audit(now, audit_of(*(passed(id=each) for each in ids)))
    assert loosened_lines(audit)[0] == "gap[0]: limit from 0.050 to 0.100"
    text, colour = change_lines(audit)[1]
    assert text.endswith("gap[2]: limit from 0.050 to 0.100; and 2 more")
    assert colour == "yellow"
    assert change_banners(audit) == (
        "Since the earlier audit, 5 checks ask less: see Limits of this audit.",
    )


def texts(blocks):
    """Return every text of some blocks, in order."""
    found = []
    for block in blocks:
        found += [getattr(block, "text", ""), *getattr(block, "texts", ())]
        for row in getattr(block, "rows", ()):
            found.append(
                [cell.text or "".join(link.text for link in cell.links) for cell in row.cells]
            )
    return found


def test_section_two_lists_every_check_then_and_now():
    earlier = audit_of(passed(limit=0.5), make_finding(id="b.toml::gap[x]"))
    audit = tighten_audit(audit_of(passed(0.08, limit=0.5)), earlier)
    rows = [text for text in texts(make_changes(audit)) if isinstance(text, list)]
    assert rows == [
        ["gap[dice-age-unet]", "worse", "0.030", "0.080", "PASS", "WORSE, verdict PASS", ""],
        ["gap[x]", "gone", "–", "–", "FAIL", "–", ""],
    ]  # fmt: skip
    assert change_banners(audit) == (
        "Worse than in the earlier audit: gap of Dice by age (gap[dice-age-unet]).",
    )
    assert "None: this run was not compared with an earlier audit." in texts(
        make_changes(make_audit())
    )


def test_waivers_are_listed_with_reason_end_and_the_verdict_underneath():
    waived = gap_age()
    audit = audit_of(replace(waived, waive=WAIVE, outcome="waived"))
    rows = [text for text in texts(make_permissions(audit)) if isinstance(text, list)]
    assert rows == [
        ["gap[dice-age-unet]", "FAIL", "the check does not count", "2999-12-31", "relabelling"]
    ]
    idle = audit_of(passed(waive=WAIVE, outcome="waived"))
    assert "not needed: the check passes" in str(make_permissions(idle))
    held = audit_of(compared(passed(0.08, waive=WAIVE, outcome="waived"), passed()))
    assert "no longer covers it: failed" in str(make_permissions(held))
    assert "None: no check of this audit is waived." in texts(make_permissions(audit_of(passed())))


def test_the_page_shows_all_of_it_and_no_hostile_name_as_markup():
    ids = [f"b.toml::gap[{name[:80]}]" for name in HOSTILE]
    earlier = audit_of(*(passed(id=each, limit=0.01) for each in [*ids, "b.toml::gap[gone<b>]"]))
    now = audit_of(
        *(passed(0.08, id=each, limit=0.5, waive=WAIVE, outcome="waived") for each in ids)
    )
    page = render_html(tighten_audit(now, earlier, path="<b>old.json"))
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "Changes since the earlier audit" in page
    assert page.count("WORSE, verdict PASS") >= 2
    banners = make_page(tighten_audit(now, earlier)).banners
    assert any(text.startswith("Worse than in the earlier audit: ") for text in banners)


def test_in_public_only_words_are_told_where_numbers_are_hidden():
    hidden = {
        "state": "worse",
        "verdict": "PASS",
        "value": None,
        "bound": None,
        "limit": 0.05,
        "changes": [],
        "decides": True,
        "public": False,
    }
    finding = passed(
        estimate=None,
        statement="Gap of dice by age: small groups are hidden, so only the verdict is shown",
        details={"public": True, "compare": hidden},
        outcome="failed",
    )
    assert told_change(finding) == (
        "Worse than in the earlier audit. The check fails for this alone."
    )
    assert first_line(finding).startswith("WORSE gap dice, age")
    assert "; worse than in the earlier audit" in first_line(finding)
