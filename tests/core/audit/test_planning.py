from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler import Audit, run_audit
from pytest_biasruler.audit.judging import judge_alone
from pytest_biasruler.audit.planning import plan_labels
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.statistics.comparison import compare_groups
from pytest_biasruler.statistics.rectified import rectify_means

N = 240


def benchmark(expert, automated, ages, *checks, is_labelled=None, chance=None, patients=None):
    """Return a benchmark of scores; an unlabelled case has no row of the expert."""
    cases = np.array([f"scan{number:04d}" for number in range(len(ages))])
    kept = np.ones(len(cases), dtype=bool) if is_labelled is None else np.asarray(is_labelled)
    metadata = pd.DataFrame({"case": cases, "age": ages, "patient": patients or list(cases)})
    if chance is not None:
        metadata["pi"] = [f"{each:.9f}" for each in chance]
    rows = [("automated", cases, automated), ("expert", cases[kept], np.asarray(expert)[kept])]
    table = pd.concat(
        pd.DataFrame({"case": names, "model": "unet", "reference": reference, "dice": dice})
        for reference, names, dice in rows
    )
    return Benchmark(
        name="worked example",
        metadata=metadata,
        case="case",
        patient="patient",
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="automated", kind="automated"),
        ],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age")],
        scores=table,
        checks=[Check(check, **{"by": "age", "metric": "dice", **keys}) for check, keys in checks],
    )


def finding_of(*args, show_cases=True, **keys):
    evidence = prepare(benchmark(*args, **keys))
    judged = judge_alone(evidence, evidence.declared[0])
    return plan_labels(evidence, judged.unwrap(), show_cases=show_cases)


def plan_of(*args, **keys):
    finding = finding_of(*args, **keys)
    assert finding.verdict == Verdict.INCONCLUSIVE, "nothing to plan"
    return finding.details["plan"]


def queue_of(plan, subgroup):
    return [entry for entry in plan["queue"] if entry["subgroup"] == subgroup]


@pytest.fixture
def two_ages():
    """Return scores of 240 cases of each age, of which 40 are labelled; the gap is about .07."""
    rng = np.random.default_rng(5)
    expert = np.concatenate([rng.beta(18, 3, N), rng.beta(12, 3.2, N)])
    automated = np.clip(expert + rng.normal(0.03, 0.08, 2 * N), 0, 1)
    return expert, automated, ["old"] * N + ["young"] * N, np.tile(np.arange(N) < 40, 2)


RECTIFIED = ("rectified", {"labelled": "random", "limit": 0.03})


def test_only_an_open_finding_has_a_plan(two_ages):
    expert, automated, ages, labelled = two_ages
    sure = finding_of(
        expert, automated, ages, ("rectified", {"labelled": "random", "limit": 0.9}),
        is_labelled=labelled,
    )  # fmt: skip

    assert sure.verdict == Verdict.PASS
    assert "plan" not in sure.details


def test_an_audit_carries_the_plan_of_its_open_findings(two_ages):
    expert, automated, ages, labelled = two_ages
    audit = run_audit(benchmark(expert, automated, ages, RECTIFIED, is_labelled=labelled))
    read = Audit.from_json(audit.to_json())

    plan = read.findings[0].details["plan"]
    assert plan == plan_of(
        expert, automated, ages, RECTIFIED, is_labelled=labelled, show_cases=False
    )
    assert "scan" not in audit.to_json()


def test_a_check_that_labels_cannot_settle_has_no_plan(two_ages):
    expert, automated, ages, labelled = two_ages
    finding = finding_of(expert, automated, ages, ("floor", {"limit": 0.8}), is_labelled=labelled)

    assert finding.verdict == Verdict.INCONCLUSIVE
    assert "plan" not in finding.details


def test_the_queue_names_as_many_unlabelled_patients_as_are_asked_for(two_ages):
    expert, automated, ages, labelled = two_ages
    plan = plan_of(expert, automated, ages, RECTIFIED, is_labelled=labelled)

    assert (plan["towards"], plan["settled_by"], plan["chance"]) == ("FAIL", "labels", 0.8)
    assert plan["seed"] == 80, "the number of labelled patients"
    for row, start in zip(plan["subgroups"], (0, N), strict=True):
        entries = queue_of(plan, row["name"])
        cases = [case for entry in entries for case in entry["cases"]]
        assert [entry["rank"] for entry in entries] == list(range(1, row["labels"] + 1))
        assert 0 < row["labels"] < row["open"] == N - 40
        unlabelled = {f"scan{i:04d}" for i in range(start + 40, start + N)}
        assert set(cases) <= unlabelled
        assert len(set(cases)) == len(cases) == row["cases"]
        assert cases != sorted(cases), "the order is random"


def test_names_are_aliases_unless_they_are_asked_for(two_ages):
    expert, automated, ages, labelled = two_ages
    args = (expert, automated, ages, RECTIFIED)
    shown = plan_of(*args, is_labelled=labelled)["queue"]
    hidden = plan_of(*args, is_labelled=labelled, show_cases=False)["queue"]

    assert [len(entry["cases"]) for entry in hidden] == [len(entry["cases"]) for entry in shown]
    assert not [case for entry in hidden for case in entry["cases"] if "scan" in case]
    assert hidden[0]["cases"][0].startswith("case-")


def test_the_plan_is_the_same_every_time_and_another_after_more_labels(two_ages):
    expert, automated, ages, labelled = two_ages
    first = plan_of(expert, automated, ages, RECTIFIED, is_labelled=labelled)
    again = plan_of(expert, automated, ages, RECTIFIED, is_labelled=labelled)
    more = labelled | (np.arange(2 * N) == 50)
    later = plan_of(expert, automated, ages, RECTIFIED, is_labelled=more)

    assert first == again
    assert later["seed"] == 81
    assert queue_of(later, "young") != queue_of(first, "young")[: len(queue_of(later, "young"))]


def test_a_wider_margin_asks_for_fewer_labels(two_ages):
    expert, automated, ages, labelled = two_ages
    asked = [
        sum(
            row["labels"]
            for row in plan_of(
                expert, automated, ages, ("rectified", {"labelled": "random", "limit": limit}),
                is_labelled=labelled,
            )["subgroups"]
        )
        for limit in (0.12, 0.125)
    ]  # fmt: skip

    assert asked[0] > asked[1] > 0


def test_a_limit_at_the_estimate_cannot_be_settled(two_ages):
    expert, automated, ages, labelled = two_ages
    limit = finding_of(expert, automated, ages, RECTIFIED, is_labelled=labelled).estimate.value
    for apart, said in ((0.0, "lies at the limit"), (1e-6, "cannot be settled at this limit")):
        keys = {"labelled": "random", "limit": limit + apart}
        plan = plan_of(expert, automated, ages, ("rectified", keys), is_labelled=labelled)
        assert said in plan["reason"]
        assert (plan["settled_by"], plan["queue"]) == ("nothing", [])


def test_towards_a_pass_a_gap_asks_for_all_but_5_percent_of_the_cases(two_ages):
    expert, automated, ages, labelled = two_ages
    plan = plan_of(expert, automated, ages, ("gap", {"limit": 0.14}), is_labelled=labelled)

    assert plan["towards"] == "PASS"
    for row in plan["subgroups"]:
        assert N - 40 - row["cases"] == 12, "5 % of 240 may stay unlabelled"


def test_towards_a_fail_a_gap_asks_only_for_precision(two_ages):
    expert, automated, ages, labelled = two_ages
    plan = plan_of(expert, automated, ages, ("gap", {"limit": 0.05}), is_labelled=labelled)

    assert plan["towards"] == "FAIL"
    assert all(0 < row["labels"] < 180 for row in plan["subgroups"])


def test_a_pass_that_other_losses_withhold_is_not_planned():
    same = np.full(400, 0.8) + np.tile([0.01, 0.01, -0.01, -0.01], 100)
    hollow = np.where(np.arange(400) < 30, np.nan, same)
    plan = plan_of(
        hollow, same, ["old", "young"] * 200, ("gap", {}), is_labelled=np.arange(400) < 300
    )

    assert "lost for other reasons" in plan["reason"]
    assert plan["queue"] == []


def test_where_everybody_is_labelled_further_patients_are_needed(two_ages):
    expert, automated, ages, _ = two_ages
    few = np.tile(np.arange(N) < 40, 2)
    args = [np.asarray(column)[few] for column in (expert, automated, ages)]
    plan = plan_of(*args, ("gap", {"limit": 0.05}))

    assert plan["settled_by"] == "patients"
    assert plan["queue"] == []
    assert all(row["further"] > 0 and row["labels"] == 0 for row in plan["subgroups"])


def test_what_a_check_needs_is_what_its_plan_asks_for(two_ages):
    expert, automated, ages, labelled = two_ages
    for limit in (0.05, 0.07):
        finding = finding_of(
            expert, automated, ages, ("gap", {"limit": limit}), is_labelled=labelled
        )
        rows = finding.details["plan"]["subgroups"]
        wanted = {row["name"]: row["labels"] + row["further"] for row in rows}
        assert finding.details["needed"] == wanted
        assert min(wanted.values()) > 0


def test_a_rectified_gap_leaves_the_number_to_its_plan(two_ages):
    expert, automated, ages, labelled = two_ages
    finding = finding_of(expert, automated, ages, RECTIFIED, is_labelled=labelled)
    assert finding.details["needed"] is None


def test_more_than_any_plan_may_ask_is_no_number_elsewhere(two_ages):
    expert, automated, ages, labelled = two_ages
    value = finding_of(
        expert, automated, ages, ("gap", {"limit": 0.05}), is_labelled=labelled
    ).estimate.value
    finding = finding_of(
        expert, automated, ages, ("gap", {"limit": value - 1e-4}), is_labelled=labelled
    )
    assert "cannot be settled" in finding.details["plan"]["reason"]
    assert finding.details["needed"] == {"old": None, "young": None}
    assert finding.details["plan"]["chance"] is None


def test_labels_that_do_not_suffice_say_how_likely_they_settle_it(two_ages):
    expert, automated, ages, labelled = two_ages
    value = finding_of(
        expert, automated, ages, ("gap", {"limit": 0.05}), is_labelled=labelled
    ).estimate.value
    chances = []
    for margin in (0.01, 0.02, 0.03):
        keys = {"limit": value - margin}
        plan = plan_of(expert, automated, ages, ("gap", keys), is_labelled=labelled)
        chances.append((plan["settled_by"], plan["chance_labels"]))
    assert [settled for settled, _ in chances] == ["patients", "patients", "labels"]
    first, second, third = (chance for _, chance in chances)
    assert 0 < first < second < third == 0.8


def test_a_gap_by_an_automated_reference_asks_for_no_label(two_ages):
    expert, automated, ages, labelled = two_ages
    plan = plan_of(
        expert, automated, ages,
        ("gap", {"reference": "automated", "limit": 0.05}), is_labelled=labelled,
    )  # fmt: skip

    assert plan["queue"] == []
    assert plan["settled_by"] == "patients"


def test_a_ruler_asks_for_cases_that_the_automated_reference_has(two_ages):
    expert, automated, ages, labelled = two_ages
    plan = plan_of(expert, automated, ages, ("ruler", {}), is_labelled=labelled)

    assert plan["reason"] is None
    assert sum(row["labels"] for row in plan["subgroups"]) == len(plan["queue"]) > 0


def test_labels_that_were_picked_by_hand_are_not_added_to(two_ages):
    expert, automated, ages, labelled = two_ages
    plan = plan_of(expert, automated, ages, ("rectified", {}), is_labelled=labelled)

    assert "not known to be a random part" in plan["reason"]
    assert plan["queue"] == []


def test_subgroups_that_are_too_small_are_filled_from_those_who_are_there(two_ages):
    expert, automated, ages, _ = two_ages
    labelled = np.concatenate([np.arange(N) < 40, np.arange(N) < 7])
    plan = plan_of(expert, automated, ages, RECTIFIED, is_labelled=labelled)

    asked = {row["name"]: row["labels"] for row in plan["subgroups"]}
    assert asked == {"old": 0, "young": 13}, "up to the 20 that are judged"
    assert "no more" in plan["reason"]


def test_all_cases_of_a_patient_are_asked_for_together(two_ages):
    expert, automated, ages, labelled = two_ages
    patients = [f"p{i // 2}" for i in range(2 * N)]
    plan = plan_of(expert, automated, ages, RECTIFIED, is_labelled=labelled, patients=patients)

    for entry in plan["queue"]:
        numbers = [int(case.removeprefix("scan")) for case in entry["cases"]]
        assert numbers == [numbers[0], numbers[0] + 1]
        assert numbers[0] % 2 == 0


def test_known_chances_are_carried_on(two_ages):
    expert, automated, ages, _ = two_ages
    rng = np.random.default_rng(2)
    chance = np.full(2 * N, 0.1)
    labelled = rng.random(2 * N) < chance
    plan = plan_of(
        expert, automated, ages, ("rectified", {"probability": "pi"}),
        is_labelled=labelled, chance=chance,
    )  # fmt: skip

    for row, start in zip(plan["subgroups"], (0, N), strict=True):
        entries = queue_of(plan, row["name"])
        drawn = [entry for entry in entries if entry["rank"] is not None]
        listed = [case for entry in entries for case in entry["cases"]]
        assert sorted(listed) == [f"scan{i:04d}" for i in range(start, start + N)]
        assert all(0.1 <= entry["probability"] <= 1 for entry in entries)
        assert len(drawn) == row["labels"] > 0
        wanted = sum(entry["probability"] for entry in entries)
        there = labelled[start : start + N].sum()
        assert len(drawn) + there == pytest.approx(wanted, abs=4 * np.sqrt(wanted))
        numbers = [int(case.removeprefix("scan")) for e in drawn for case in e["cases"]]
        assert not labelled[numbers].any()


def test_about_four_of_five_plans_for_rectified_gaps_come_true():
    # The labelled pilot is the whole truth: unlabelled cases repeat it, worlds are drawn from it.
    rng = np.random.default_rng(11)
    n, copies = 40, 30
    expert = [rng.beta(18, 3, n), rng.beta(9, 3.2, n)]
    automated = [np.clip(part + rng.normal(0.03, 0.06, n), 0, 1) for part in expert]
    whole = [np.concatenate([np.tile(part, copies) for part in parts]) for parts in (
        expert, automated,
    )]  # fmt: skip
    labelled = np.tile(np.arange(n * copies) < n, 2)
    ages = ["old"] * (n * copies) + ["young"] * (n * copies)
    plan = plan_of(
        *whole, ages, ("rectified", {"labelled": "random", "limit": 0.08}), is_labelled=labelled
    )
    assert (plan["towards"], plan["settled_by"]) == ("FAIL", "labels")
    wanted = [row["labelled"] + row["labels"] for row in plan["subgroups"]]
    n_settled = 0
    for world in rng.spawn(150):
        picks = [world.integers(0, n, n * copies) for _ in range(2)]
        scores = np.concatenate([part[p] for part, p in zip(automated, picks, strict=True)])
        checked = [
            np.where(np.arange(n * copies) < enough, part[p], np.nan)
            for part, p, enough in zip(expert, picks, wanted, strict=True)
        ]
        found = rectify_means(
            scores, expert=np.concatenate(checked), subgroups=ages, judged=["old", "young"]
        )
        spread = compare_groups([mean.guarded for mean in found.means], limit=0.08)
        n_settled += spread.low > 0.08
    assert 0.68 <= n_settled / 150 <= 0.94, f"{n_settled} of 150 with {wanted} labels"
