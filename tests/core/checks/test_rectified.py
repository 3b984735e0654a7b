from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.checks.evidence import Evidence
from pytest_biasruler.checks.finding import Status, Verdict
from pytest_biasruler.checks.gap import check_gap
from pytest_biasruler.checks.rectified import check_rectified
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.scored import Scored

N, N_LABELLED = 200, 60


def build(
    expert,
    automated,
    ages,
    *,
    is_labelled=None,
    codes=None,
    patients=None,
    chance=None,
    metric="dice",
    checks=("rectified",),
    **keys,
):
    """Return evidence in which unlabelled cases have no row of the expert, as masks leave it."""
    cases = [f"case{number:04d}" for number in range(len(ages))]
    metadata = pd.DataFrame({"case": cases, "patient": patients or cases, "age": list(ages)})
    if chance is not None:
        metadata["pi"] = chance
    benchmark = Benchmark(
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
        scores=pd.DataFrame(),
        checks=[Check(check, **{"by": "age", "metric": metric, **keys}) for check in checks],
    )
    read = read_metadata(benchmark)
    kept = np.ones(len(cases), dtype=bool) if is_labelled is None else np.asarray(is_labelled)
    parts = [
        pd.DataFrame({"case": cases, "reference": "automated", metric: automated}),
        pd.DataFrame({"case": cases, "reference": "expert", metric: expert})[kept],
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(label="", model="unet", status="scored", diagonal_mm=np.nan)
    excluded = {"expert": codes or dict.fromkeys(np.array(cases)[~kept], "BR101")}
    return Evidence(
        benchmark=benchmark,
        metadata=read,
        scored=Scored(table=table, cases=tuple(cases), excluded=excluded),
        subgroups=cut_all(benchmark, read),
    )


def ask(*args, check=check_rectified, **keys):
    evidence = build(*args, **keys)
    return check(evidence, evidence.declared[0])


@pytest.fixture
def two_ages():
    """Return expert and automated scores, ages and who was labelled: 60 of 200 of each age."""
    rng = np.random.default_rng(5)
    expert = np.concatenate([rng.beta(18, 3, N), rng.beta(9, 4, N)])
    automated = np.clip(expert + rng.normal(0.03, 0.03, 2 * N), 0, 1)
    ages = ["old"] * N + ["young"] * N
    return expert, automated, ages, np.tile(np.arange(N) < N_LABELLED, 2)


def test_the_finding_says_how_many_were_labelled_and_what_the_gap_is(two_ages):
    expert, automated, ages, labelled = two_ages
    finding = ask(expert, automated, ages, is_labelled=labelled, labelled="random")
    value = finding.estimate.value

    assert finding.verdict == Verdict.FAIL
    assert finding.statement == (
        f"Experts labelled 120 of 400 cases; rectified, Dice of age young is {value:.3f} worse "
        "than of old"
    )
    assert finding.estimate.pair == ("old", "young")
    assert finding.estimate.method.startswith("prediction-powered means, guarded")
    means = {group.name: group.mean for group in finding.groups}
    assert means["old"] - means["young"] == pytest.approx(value)
    assert {group.n_cases for group in finding.groups} == {N_LABELLED}
    assert (finding.details["n_labelled"], finding.details["n_cases"]) == (120, 400)


def test_unlabelled_cases_are_not_lost(two_ages):
    expert, automated, _, labelled = two_ages
    ages = ["old", "young"] * N  # no gap
    finding = ask(
        expert[:N].repeat(2) * 0.5 + 0.4, automated[:N].repeat(2), ages, labelled="random",
        is_labelled=labelled, limit=0.2,
    )  # fmt: skip

    assert finding.verdict == Verdict.PASS, finding.reason
    assert finding.details["counts"]["excluded"] == {"old": 0, "young": 0}
    gap = ask(expert, automated, ages, is_labelled=labelled, checks=("gap",), check=check_gap)
    assert gap.details["counts"]["excluded"] == {"old": 140, "young": 140}


def test_the_automated_scores_narrow_the_bounds(two_ages):
    expert, automated, ages, labelled = two_ages
    finding = ask(expert, automated, ages, is_labelled=labelled, labelled="random")
    part = finding.details["labelled"]["young"]

    assert part["labelled_patients"] == N_LABELLED
    assert part["unlabelled_patients"] == N - N_LABELLED
    assert part["effective"] > 2 * N_LABELLED
    assert 0.2 < finding.details["naive"]["gained"] < 1
    kinds = finding.details["naive"]
    shown = expert[labelled]
    assert kinds["expert"]["value"] == pytest.approx(shown[:60].mean() - shown[60:].mean())
    whole = automated[:N].mean() - automated[N:].mean()
    assert kinds["automated"]["value"] == pytest.approx(whole)


def test_without_a_known_design_the_estimate_is_shown_and_nothing_is_decided(two_ages):
    expert, automated, ages, labelled = two_ages
    finding = ask(expert, automated, ages, is_labelled=labelled)

    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "not a random subset")
    assert finding.estimate.low > 0.05, "the estimate is the one of a FAIL"
    assert finding.p_fail is None, "labels picked by hand must not help the family"


def test_a_benchmark_that_is_labelled_throughout_has_the_gap_itself(two_ages):
    expert, automated, ages, _ = two_ages
    finding = ask(expert, automated, ages)
    gap = ask(expert, automated, ages, checks=("gap",), check=check_gap)

    assert finding.statement.startswith("Experts labelled all 400 cases; Dice of age young is ")
    assert (finding.verdict, finding.reason) == (gap.verdict, gap.reason)
    for name in ("value", "low", "high"):
        found, expected = getattr(finding.estimate, name), getattr(gap.estimate, name)
        assert found == pytest.approx(expected, abs=1e-12)


def test_a_baseline_makes_the_gap_signed(two_ages):
    expert, automated, ages, labelled = two_ages
    finding = ask(
        expert, automated, ages, is_labelled=labelled, labelled="random", baseline="young"
    )

    assert finding.estimate.value < 0
    assert finding.verdict == Verdict.PASS
    assert "Dice of age old is -0." in finding.statement
    assert finding.statement.endswith("worse than of young")


def test_only_labelled_patients_make_a_subgroup_large_enough(two_ages):
    expert, automated, ages, _ = two_ages
    labelled = np.concatenate([np.arange(N) < 60, np.arange(N) < 19])
    finding = ask(expert, automated, ages, is_labelled=labelled, labelled="random")

    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert finding.estimate is None
    assert finding.statement.endswith("the age gap cannot be rectified")
    young = next(group for group in finding.groups if group.name == "young")
    assert (young.status, young.n_patients) == (Status.TOO_SMALL, 19)
    assert young.mean is not None, "it is shown all the same"


def test_nobody_labelled_is_no_pairs(two_ages):
    expert, automated, ages, _ = two_ages
    finding = ask(
        expert, automated, ages, is_labelled=np.zeros(2 * N, dtype=bool), labelled="random"
    )

    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no pairs")


def test_a_label_that_cannot_be_read_is_lost():
    ages, labelled = ["old", "young"] * N, np.arange(2 * N) < 300
    codes = {f"case{i:04d}": "BR105" if i < 340 else "BR101" for i in range(300, 2 * N)}
    same = np.full(2 * N, 0.8) + np.tile([0.01, 0.01, -0.01, -0.01], N // 2)
    finding = ask(same, same, ages, is_labelled=labelled, codes=codes, labelled="random")

    assert finding.details["counts"]["excluded"] == {"old": 20, "young": 20}
    assert finding.details["n_cases"] == 360
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


def test_a_label_without_a_score_is_lost_and_not_unlabelled(two_ages):
    expert, automated, ages, labelled = two_ages
    hollow = expert.copy()
    hollow[:5] = np.nan
    finding = ask(hollow, automated, ages, is_labelled=labelled, labelled="random")

    assert finding.details["counts"]["undefined"] == {"old": 5, "young": 0}
    assert finding.details["labelled"]["old"]["labelled"] == N_LABELLED - 5
    assert finding.details["labelled"]["old"]["unlabelled"] == N - N_LABELLED


def test_labels_of_which_many_are_lost_are_not_called_complete(two_ages):
    expert, automated, ages, _ = two_ages
    hollow = expert.copy()
    hollow[np.arange(2 * N) % 10 == 0] = np.nan
    finding = ask(hollow, automated, ages)

    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "not a random subset")
    assert finding.statement.startswith("Experts labelled all 360 cases that can be used; ")


def test_a_pass_is_withheld_if_many_labels_were_lost_though_few_cases():
    same = np.full(400, 0.8) + np.tile([0.01, 0.01, -0.01, -0.01], 100)
    ages, labelled = ["old", "young"] * 200, np.arange(400) < 60
    hollow = np.where(np.arange(400) < 8, np.nan, same)
    finding = ask(hollow, same, ages, is_labelled=labelled, labelled="random")

    assert finding.details["counts"]["undefined"] == {"old": 4, "young": 4}, "2 % of all cases"
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


def test_infinite_and_missing_automated_scores_leave_their_cases_out(two_ages):
    expert, automated, ages, labelled = two_ages
    automated = automated.copy()
    automated[[0, 199]] = [np.inf, np.nan]
    finding = ask(expert, automated, ages, is_labelled=labelled, labelled="random")

    assert finding.details["counts"]["undefined"] == {"old": 2, "young": 0}
    assert finding.details["labelled"]["old"]["labelled"] == N_LABELLED - 1
    assert finding.verdict == Verdict.FAIL


def test_equal_scores_everywhere_pass_exactly():
    same, ages = np.full(400, 0.8), ["old", "young"] * 200
    finding = ask(same, same, ages, is_labelled=np.arange(400) < 100, labelled="random")

    assert (finding.estimate.value, finding.estimate.low) == (0, 0)
    assert finding.verdict == Verdict.PASS


def test_one_subgroup_alone_is_not_compared(two_ages):
    expert, automated, _, labelled = two_ages
    finding = ask(expert, automated, ["old"] * 400, is_labelled=labelled, labelled="random")

    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")


def test_lower_is_better_turns_the_gap_around(two_ages):
    expert, automated, ages, labelled = two_ages
    finding = ask(
        10 * (1 - expert), 10 * (1 - automated), ages, is_labelled=labelled,
        labelled="random", metric="hd95_mm", limit=0.5,
    )  # fmt: skip

    assert finding.estimate.pair == ("old", "young"), "old has the smaller distances"
    means = {group.name: group.mean for group in finding.groups}
    assert means["young"] - means["old"] == pytest.approx(finding.estimate.value)
    assert finding.statement.endswith(" mm worse than of old")


def test_the_bounds_of_the_metric_may_stand_for_what_was_seen(two_ages):
    expert, automated, ages, labelled = two_ages
    keys = {"is_labelled": labelled, "labelled": "random"}
    seen = ask(expert, automated, ages, **keys)
    finding = ask(expert, automated, ages, support="bounds", **keys)

    assert finding.details["support"] == [-1, 1]
    assert finding.estimate.low < seen.estimate.low


# Known chances


def chosen(automated, rng):
    size = np.sqrt(1.02 - automated)
    chance = np.round(np.clip(60 * size / size[:N].sum(), 0.05, 1), 6)
    return chance, rng.random(len(chance)) < chance


def test_known_chances_are_read_from_the_metadata(two_ages):
    expert, automated, ages, _ = two_ages
    chance, labelled = chosen(automated, np.random.default_rng(1))
    finding = ask(
        expert, automated, ages, is_labelled=labelled, chance=chance.astype(str), probability="pi"
    )

    assert finding.verdict == Verdict.FAIL
    assert finding.details["design"]["probability"] == "pi"
    assert finding.estimate.low < expert[:N].mean() - expert[N:].mean() < finding.estimate.high


def test_the_same_chance_for_all_is_nearly_the_simple_random_part(two_ages):
    expert, automated, ages, labelled = two_ages
    keys = {"is_labelled": labelled}
    simple = ask(expert, automated, ages, labelled="random", **keys)
    known = ask(expert, automated, ages, chance=["0.3"] * 400, probability="pi", **keys)

    assert known.estimate.value == pytest.approx(simple.estimate.value, abs=0.005)
    assert known.estimate.low == pytest.approx(simple.estimate.low, abs=0.01)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "pi is empty (metadata, line 3)"),
        ("0", 'pi looks like "9" (9 for a digit, a for a letter) (metadata, line 3)'),
        ("1.5", 'pi looks like "9.9" (9 for a digit, a for a letter) (metadata, line 3)'),
        ("-0.2", 'pi looks like "-9.9" (9 for a digit, a for a letter) (metadata, line 3)'),
        ("nan", 'pi looks like "aaa" (9 for a digit, a for a letter) (metadata, line 3)'),
        ("0.3+", 'pi looks like "9.9+" (9 for a digit, a for a letter) (metadata, line 3)'),
    ],
)
def test_what_is_no_chance_is_refused_with_its_line(two_ages, cell, said):
    expert, automated, ages, labelled = two_ages
    chance = ["0.3"] * 400
    chance[2] = cell
    with pytest.raises(BiasRulerError) as refused:
        ask(expert, automated, ages, is_labelled=labelled, chance=chance, probability="pi")

    assert (refused.value.code, refused.value.found) == ("BR406", said)
    assert "Write the chance" in str(refused.value)


def test_an_unlabelled_case_needs_a_chance_too(two_ages):
    expert, automated, ages, labelled = two_ages
    chance = np.where(labelled, "0.3", "")
    with pytest.raises(
        BiasRulerError, match=r"pi is empty \(metadata, lines 61, 62, .*, \.\.\.\)"
    ):
        ask(expert, automated, ages, is_labelled=labelled, chance=chance, probability="pi")


def test_an_unlabelled_case_that_was_sure_to_be_chosen_is_refused(two_ages):
    expert, automated, ages, labelled = two_ages
    chance = ["0.3"] * 400
    chance[0] = chance[100] = "1.0"  # the first is labelled
    with pytest.raises(BiasRulerError) as refused:
        ask(expert, automated, ages, is_labelled=labelled, chance=chance, probability="pi")

    assert refused.value.code == "BR602"
    assert refused.value.found == (
        "pi is 1 for cases that no expert labelled (metadata, line 101)"
    )


def test_cases_of_one_patient_are_one_cluster(two_ages):
    expert, automated, ages, labelled = two_ages
    copies = [np.repeat(column, 3) for column in (expert, automated, ages)]
    patients = [f"p{i:03d}" for i in range(400) for _ in range(3)]
    plain = ask(expert, automated, ages, is_labelled=labelled, labelled="random")
    copied = ask(*copies, is_labelled=np.repeat(labelled, 3), patients=patients, labelled="random")

    assert copied.details["labelled"]["old"]["labelled_patients"] == N_LABELLED
    width, copied_width = (f.estimate.high - f.estimate.low for f in (plain, copied))
    assert copied_width == pytest.approx(width, rel=0.05), "copies are no new patients"


def test_wrong_pairing_withholds_a_pass():
    same, ages = np.full(400, 0.8), ["old", "young"] * 200
    evidence = build(same, same, ages, is_labelled=np.arange(400) < 100, labelled="random")
    wrong = replace(evidence.scored, wrong_pairing=frozenset({("unet", "expert", "")}))
    twisted = Evidence(
        benchmark=evidence.benchmark,
        metadata=evidence.metadata,
        scored=wrong,
        subgroups=evidence.subgroups,
    )
    finding = check_rectified(twisted, twisted.declared[0])

    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")
