"""The first screen in each state of an audit: what whoever merges sees in ten seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Items, Paragraph, Table
from pytest_biasruler.report.leading import choose_leading, share_axis, slack_of
from pytest_biasruler.report.leads import lead_of
from pytest_biasruler.report.next_steps import MOST_STEPS, list_steps
from pytest_biasruler.report.screen import make_screen

from .audit_example import (
    ERROR,
    gap_age,
    gap_ethnicity,
    make_audit,
    make_estimate,
    make_finding,
    ruler_age,
    with_checks,
)


def audit_of(*findings, **checks):
    audit = replace(make_audit(), findings=findings)
    n = len(findings) + len(checks.get("errors", ()))
    return with_checks(audit, **{"declared": n, "ran": len(findings), **checks})


def passed(name, value, high):
    return make_finding(
        id=f"biasruler.toml::gap[{name}]",
        verdict=Verdict.PASS,
        outcome="passed",
        estimate=make_estimate(value, 0.0, high, pair=("56–120", "0–40")),
    )


def waived(name="w"):
    waive = {"reason": "relabelling", "until": "2027-03-31"}
    return make_finding(id=f"biasruler.toml::gap[{name}]", outcome="waived", waive=waive)


def captions(audit):
    return [block.caption for block in make_screen(audit) if isinstance(block, Table)]


def rows(audit):
    table = next(block for block in make_screen(audit) if isinstance(block, Table))
    return [[cell.text for cell in row.cells] for row in table.rows]


def prose(audit):
    return [block.text for block in make_screen(audit) if isinstance(block, Paragraph)]


def steps(audit):
    return next(block.texts for block in make_screen(audit) if isinstance(block, Items))


@pytest.mark.parametrize(
    ("audit", "caption", "lead"),
    [
        (audit_of(gap_age(), passed("a", 0.01, 0.02)), "What decides", "Dice differs by 0.112"),
        (
            audit_of(passed("a", 0.01, 0.02), gap_ethnicity()),
            "What cannot be decided",
            "Dice differs by 0.040",
        ),
        (
            audit_of(passed("a", 0.01, 0.02), waived()),
            "Nearest to their limits",
            "Nearest to its limit: Dice",
        ),
        (audit_of(waived()), "Waived", "Waived, so it gates nothing: Dice"),
    ],
    ids=["fail", "inconclusive", "pass", "waived only"],
)
def test_each_state_says_what_its_rows_are_and_what_they_mean(audit, caption, lead):
    assert captions(audit)[0] == f"{caption}: estimates with their decision bounds"
    assert lead_of(audit, "Verdict").startswith(lead)


def test_bounds_are_called_decision_bounds_in_both_tables():
    tables = [block for block in make_screen(make_audit()) if isinstance(block, Table)]
    assert all("decision bounds" in table.head for table in tables)


def test_a_pass_shows_first_what_is_nearest_to_its_limit():
    far, near = passed("far", 0.01, 0.02), passed("near", 0.03, 0.049)
    assert choose_leading(audit_of(far, near)) == (near, far)
    assert slack_of(near) == pytest.approx(0.02), "0.001 of 0.050"


def test_a_floor_that_passes_is_near_its_limit_by_its_lower_bound():
    floor = make_finding(
        "floor",
        limit=0.7,
        estimate=make_estimate(0.8, 0.707, 0.9),
        details={"better_above": True},
    )
    assert slack_of(floor) == pytest.approx(0.01)


def test_harm_by_the_experts_stands_beside_a_leading_finding_about_labels():
    labels = make_finding("labels", id="biasruler.toml::labels[dice-age]", p_fail_holm=1e-9)
    others = [make_finding("echo", id="e"), gap_age(), make_finding("noise", id="n")]
    leading = choose_leading(audit_of(*others, labels))
    assert [finding.check for finding in leading] == ["labels", "gap", "echo", "noise"]
    told = [row[0] for row in rows(audit_of(*others, labels))]
    assert told[:2] == [
        "automated labels against experts: Dice by age, 56–120 vs 0–40",
        "Dice gap by age, expert reference, 56–120 vs 0–40",
    ]


def test_a_leading_ruler_tells_its_own_gap_once_and_another_models_beside_it():
    assert choose_leading(audit_of(gap_age(), ruler_age())) == (ruler_age(),)
    other = replace(gap_age(), model="other", id="biasruler.toml::gap[dice-age-other]")
    assert choose_leading(audit_of(other, ruler_age())) == (ruler_age(), other)


def test_only_differences_of_one_metric_share_an_axis():
    gap, other = gap_age(), make_finding(id="g2", metric="hd95_mm", unit="mm")
    echo = make_finding("echo", id="e", metric=None)
    assert share_axis((gap, other, echo, ruler_age())) == (gap, ruler_age())
    assert share_axis((echo, gap)) == (echo,)


def test_with_several_models_each_row_says_which():
    audit = audit_of(gap_age())
    assert "model" not in rows(audit)[0][0]
    audit = replace(audit, models={"unet": {}, "other": {}})
    assert rows(audit)[0][0].endswith("56–120 vs 0–40, model unet")


def test_what_could_not_run_stands_before_every_number():
    audit = audit_of(gap_age(), errors=[ERROR])
    kinds = [block.kind for block in make_screen(audit)]
    first = make_screen(audit)[0]
    assert first.text.startswith("Could not run: BR503: no readable mask of second")
    assert first.links[0].text == "ruler[hd95_mm-age-unet]"
    assert kinds.index("table") > 0
    assert steps(audit)[0].startswith("Mend what kept ruler[hd95_mm-age-unet] from running")


def test_a_run_that_broke_off_says_so_and_to_run_it_again():
    audit = audit_of(gap_age(), declared=3, missing=2)
    assert prose(audit)[0] == "2 checks never reported: the run broke off before its end."
    assert steps(audit)[0].startswith("Run the audit again")


def test_a_part_of_the_checks_asks_for_the_rest():
    audit = audit_of(passed("a", 0.01, 0.02), declared=3, deselected=2)
    assert steps(audit) == ("Run the 2 checks that were left out before you rely on this audit.",)


def test_a_fact_that_fails_is_told_without_numbers_that_would_distract():
    fact = make_finding(
        "provenance", id="p", estimate=None, limit=None, statement="16 cases have no age"
    )
    audit = audit_of(fact, passed("a", 0.01, 0.02))
    assert captions(audit) == ["Every check of this audit"]
    assert prose(audit)[0] == "FAIL: 16 cases have no age:"
    assert lead_of(audit, "Verdict") == "16 cases have no age."


def test_a_waiver_is_told_with_its_day_and_a_link():
    block = next(b for b in make_screen(audit_of(waived())) if getattr(b, "links", ()))
    assert block.text == "1 check is waived until 2027-03-31:"
    assert block.links[0].text == "gap[w]"


def test_next_steps_follow_what_failed_people_first():
    ruler, labels = ruler_age(), make_finding("labels", id="l")
    told = list_steps(audit_of(labels, ruler, gap_age(), gap_ethnicity()))
    assert [text.split(" ")[0] for text in told] == ["Find", "Judge", "Have", "Decide"]
    assert told[0].startswith(
        "Find out why unet does worse on age 0–40: section 8 shows the worst cases."
    ), "the finding has outlines"
    assert told[2].startswith("Have experts correct the automated labels of age 0–40")


def test_there_are_never_more_steps_than_one_reads():
    kinds = ("gap", "ruler", "labels", "echo", "ranking", "morphology", "provenance", "other")
    found = [make_finding(check, id=check) for check in kinds]
    told = list_steps(audit_of(*found, gap_ethnicity()))
    assert len(told) == MOST_STEPS
    assert told[-1].startswith("Decide"), "what is open is told, however much has failed"


def pooled(pooling):
    return make_finding(
        "transport",
        id="biasruler.toml::transport[dice-age-unet]",
        verdict=Verdict.PASS,
        outcome="passed",
        details={"simpson": True, "contrasts": [{"pooling": None}, {"pooling": pooling}]},
    )


def test_a_gap_that_pooling_turns_around_is_a_step_even_where_all_pass():
    assert list_steps(audit_of(pooled("turns"))) == (
        "Do not judge a gap by age with all sites pooled, even where such a check passes: "
        "pooling turns it around. See, site by site, transport[dice-age-unet].",
    )


@pytest.mark.parametrize("pooling", ["hides", "adds", None])
def test_pooling_that_turns_nothing_around_is_no_step(pooling):
    (told,) = list_steps(audit_of(pooled(pooling)))
    assert told.startswith("Nothing has to be mended.")


def test_one_open_check_is_named():
    (told,) = list_steps(audit_of(gap_ethnicity()))
    assert "open check gap[" in told


def test_steps_name_no_more_than_three_subgroups_and_count_the_rest():
    groups = [f"g{n}" for n in range(5)]
    found = [
        make_finding(id=name, estimate=make_estimate(0.1, 0.06, 0.2, pair=("best", name)))
        for name in groups
    ]
    told = list_steps(audit_of(*found))[0]
    assert "age g0, age g1, age g2 and 2 more" in told


def test_a_pass_says_what_to_keep_and_nobody_is_told_that_all_is_well():
    (told,) = list_steps(audit_of(passed("a", 0.01, 0.02)))
    assert told.startswith("Nothing has to be mended. Keep the audit.json")
