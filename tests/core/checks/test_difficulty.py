from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.benchmark.declared import declare_one
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.questions import SHAPE_FEATURES
from pytest_biasruler.checks.difficulty import check_difficulty
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.errors import BiasRulerError

AGES = ["old"] * 60 + ["young"] * 50
EXPERT = ("unet", "expert")
DATA = os.environ.get("BIASRULER_DATA", "")


def ask(evidence, **keys):
    (declared,) = declare_one(evidence.benchmark, "difficulty", **{"by": "age", **keys})
    return check_difficulty(evidence, declared)


def sized_scores(*, harm=0.0, seed=0):
    """Return sizes that are larger for the young, and scores that fall with size."""
    rng = np.random.default_rng(seed)
    size = np.r_[rng.uniform(0, 4, 60), rng.uniform(2, 4, 50)]
    dice = 0.95 - 0.08 * size + 0.02 * rng.standard_normal(110)
    return size, np.where(np.array(AGES) == "young", dice - harm, dice)


def shapes_of(volumes, *, reference="expert"):
    frame = pd.DataFrame(1.0, index=range(len(volumes)), columns=list(SHAPE_FEATURES))
    return frame.assign(
        case=[f"case{number:04d}" for number in range(len(volumes))],
        label="",
        reference=reference,
        volume_ml=np.exp(volumes),
        log_volume_ml=volumes,
    )


@pytest.fixture
def sized(make_evidence):
    def make(*, harm=0.0, cells=None, **keys):
        size, dice = sized_scores(harm=harm)
        columns = {"size": [f"{x:.6f}" for x in size] if cells is None else cells}
        return make_evidence({EXPERT: dice}, AGES, columns=columns, **keys)

    return make


def test_a_gap_that_size_explains_passes_and_says_what_is_left(sized):
    finding = ask(sized(), difficulty="size", baseline="old")
    split = finding.details["split"]["young"]
    assert finding.verdict == Verdict.PASS, finding.statement
    assert split["gap"] > 0.05
    assert split["explained"] + split["unexplained"] == pytest.approx(split["gap"])
    assert finding.estimate.value == split["unexplained"]
    assert finding.statement.startswith(("At equal size, Dice is 0.00", "0.00"))
    assert finding.estimate.pair == ("old", "young")


def test_a_gap_beyond_what_size_explains_fails_however_large_the_lesions(sized):
    finding = ask(sized(harm=0.12), difficulty="size", baseline="old")
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.low > 0.05
    assert finding.p_fail < 0.001
    assert finding.statement == (
        f"{finding.estimate.value:.3f} of the {finding.details['split']['young']['gap']:.3f} "
        "Dice gap between age old and young remains when size is held equal"
    )


def test_without_a_baseline_the_subgroup_with_most_patients_is_taken_and_said(sized):
    finding = ask(sized(), difficulty="size")
    assert finding.baseline is None
    assert finding.details["baseline"] == "old"
    assert finding.details["is_baseline_chosen"] is True
    declared = ask(sized(), difficulty="size", baseline="young")
    assert declared.details["baseline"] == "young"
    assert declared.details["is_baseline_chosen"] is False
    assert declared.estimate.pair == ("young", "old")


def test_of_equally_large_subgroups_the_first_by_name_is_taken(make_evidence):
    scores = np.random.default_rng(0).random(60)
    evidence = make_evidence(
        {EXPERT: scores}, ["b"] * 30 + ["a"] * 30, columns={"x": np.arange(60).astype(str)}
    )
    assert ask(evidence, difficulty="x").details["baseline"] == "a"


def test_volume_is_that_of_the_expert_mask_unless_told_otherwise(make_evidence):
    size, dice = sized_scores(harm=0.12)
    shapes = pd.concat([shapes_of(size), shapes_of(-size, reference="second")])
    evidence = make_evidence({EXPERT: dice}, AGES, shapes=shapes)
    finding = ask(evidence, baseline="old")
    assert finding.verdict == Verdict.FAIL
    assert finding.details["covariates"] == [
        {
            "name": "log_volume_ml",
            "title": "volume",
            "kind": "number",
            "expert": "expert",
            "n_unknown": 0,
            "n_values": 110,
        }
    ]
    assert finding.statement.endswith("remains when volume is held equal")


def test_a_case_of_unknown_difficulty_is_undefined_and_counted(sized):
    size, _ = sized_scores()
    cells = [f"{x:.6f}" for x in size]
    cells[0] = cells[70] = ""
    finding = ask(sized(cells=cells), difficulty="size", baseline="old")
    assert finding.details["counts"]["undefined"] == {"old": 1, "young": 1}
    assert finding.details["covariates"][0]["n_unknown"] == 2
    assert {group.n_cases for group in finding.groups} == {59, 49}
    assert finding.verdict == Verdict.PASS


def test_many_cases_of_unknown_difficulty_withhold_a_pass(sized):
    size, _ = sized_scores()
    cells = ["" if 60 <= i < 64 else f"{x:.6f}" for i, x in enumerate(size)]
    finding = ask(sized(cells=cells), difficulty="size", baseline="old")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


def test_an_empty_expert_mask_has_no_size(make_evidence):
    size, dice = sized_scores()
    evidence = make_evidence({EXPERT: dice}, AGES, shapes=shapes_of(np.r_[np.nan, size[1:]]))
    finding = ask(evidence)
    assert finding.details["counts"]["undefined"]["old"] == 1


def test_words_for_missing_of_an_attribute_are_missing_here_too(make_evidence):
    size, dice = sized_scores()
    ages = ["unknown" if i == 3 else age for i, age in enumerate(AGES)]
    evidence = make_evidence(
        {EXPERT: dice}, ages, missing=("", "unknown"), columns={"x": size.round(3).astype(str)}
    )
    finding = ask(evidence, difficulty=["x", "age"])
    assert next(c for c in finding.details["covariates"] if c["name"] == "age")["n_unknown"] == 1


def test_text_becomes_strata_and_kitagawa_stands_beside(make_evidence):
    rng = np.random.default_rng(0)
    ages = np.repeat(["old", "young"], 100)
    view = np.repeat(["AP", "PA", "AP", "PA"], [80, 20, 20, 80])
    dice = np.where(view == "AP", 0.9, 0.6) + 0.01 * rng.standard_normal(200)
    evidence = make_evidence({EXPERT: dice}, ages, columns={"view": view})
    finding = ask(evidence, difficulty="view", baseline="old")
    assert finding.verdict == Verdict.PASS
    split, strata = finding.details["split"]["young"], finding.details["kitagawa"]["young"]
    assert split["gap"] == pytest.approx(0.18, abs=0.01)
    assert split["explained"] == pytest.approx(split["gap"], abs=0.01)
    assert strata["gap"] == pytest.approx(split["gap"])
    assert strata["explained"] == pytest.approx(split["gap"], abs=0.01)
    assert strata["se"] > 0


def test_kitagawa_is_left_out_where_a_covariate_is_a_number(sized):
    assert ask(sized(), difficulty="size").details["kitagawa"] == {}


@pytest.mark.parametrize(("n_stray", "told"), [(1, "1 cell of size"), (9, "9 cells of size")])
def test_a_few_cells_that_are_no_number_are_refused_with_the_place(sized, n_stray, told):
    cells = [f"{x:.0f}" for x in sized_scores()[0]]
    cells[5 : 5 + n_stray] = ["4+"] * n_stray
    with pytest.raises(BiasRulerError) as refused:
        ask(sized(cells=cells), difficulty="size")
    assert (refused.value.code, refused.value.where) == ("BR406", "metadata:6")
    assert refused.value.found == f"{told} without a number, among numbers"
    assert "4+" not in str(refused.value), "a cell's text stays where it is"


def test_a_column_that_is_mostly_texts_is_text(sized):
    cells = [f"{x:.0f}" for x in sized_scores()[0]]
    cells[: len(cells) - 5] = ["good", "bad"] * ((len(cells) - 5) // 2) + ["bad"] * (
        (len(cells) - 5) % 2
    )
    covariate = ask(sized(cells=cells), difficulty="size").details["covariates"][0]
    assert covariate["kind"] == "text"


def test_cases_unlike_any_of_the_reference_group_leave_the_question_open(sized):
    size, _ = sized_scores()
    far = [f"{x + (10 if age == 'young' else 0):.6f}" for x, age in zip(size, AGES, strict=True)]
    finding = ask(sized(cells=far), difficulty="size", baseline="old")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no overlap")
    assert finding.details["beyond_reach"] == ["young"]
    assert finding.details["split"]["young"]["off_support"] == 1
    assert finding.estimate.low is None
    assert finding.p_fail == 1
    allowed = ask(sized(cells=far), difficulty="size", baseline="old", max_off_support=1.0)
    assert allowed.reason != "no overlap"


def test_a_stratum_of_one_side_leaves_nothing_to_compare(make_evidence):
    _, dice = sized_scores()
    evidence = make_evidence({EXPERT: dice}, AGES, columns={"site": AGES})
    finding = ask(evidence, difficulty="site")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no overlap")
    assert finding.estimate.value is None
    assert finding.statement == (
        "Dice cannot be compared between subgroups of age with site held equal"
    )


def test_a_subgroup_out_of_reach_does_not_hide_the_harm_to_another(make_evidence):
    size, dice = sized_scores(harm=0.15)
    ages = [*AGES, *["<b>"] * 30]
    size = np.r_[size, np.full(30, 40.0)]
    evidence = make_evidence(
        {EXPERT: np.r_[dice, np.full(30, 0.9)]}, ages, columns={"x": size.astype(str)}
    )
    finding = ask(evidence, difficulty="x", baseline="old")
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.pair == ("old", "young")
    harmless = ask(
        make_evidence(
            {EXPERT: np.r_[sized_scores()[1], np.full(30, 0.9)]},
            ages,
            columns={"x": size.astype(str)},
        ),
        difficulty="x",
        baseline="old",
    )
    assert (harmless.verdict, harmless.reason) == (Verdict.INCONCLUSIVE, "no overlap")


def test_constant_and_repeated_covariates_explain_no_more_than_one(make_evidence):
    size, dice = sized_scores()
    text = [f"{x:.6f}" for x in size]
    one = ask(make_evidence({EXPERT: dice}, AGES, columns={"x": text}), difficulty="x")
    three = ask(
        make_evidence({EXPERT: dice}, AGES, columns={"x": text, "y": text, "z": ["7"] * 110}),
        difficulty=["x", "y", "z"],
    )
    assert three.estimate.value == pytest.approx(one.estimate.value)
    assert three.estimate.high == pytest.approx(one.estimate.high)
    assert three.details["line"]["rank"] == 2
    assert three.details["line"]["n_columns"] == 4
    assert "when x, y and z are held equal" in three.statement or (
        three.statement.startswith("At equal x, y and z, ")
    )


def test_too_few_patients_for_the_covariates_prove_nothing(make_evidence):
    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.random(45).round(4).astype(str) for i in range(20)}
    evidence = make_evidence({EXPERT: rng.random(45)}, ["a"] * 21 + ["b"] * 24, columns=columns)
    finding = ask(evidence, difficulty=list(columns), baseline="a", max_off_support=1.0)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "underpowered")
    assert (finding.estimate.low, finding.estimate.high) == (None, None)


def test_a_single_subgroup_or_a_small_baseline_cannot_be_compared(make_evidence):
    scores = np.random.default_rng(0).random(40)
    columns = {"x": np.arange(40).astype(str)}
    alone = ask(make_evidence({EXPERT: scores}, ["a"] * 40, columns=columns), difficulty="x")
    assert (alone.verdict, alone.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert alone.estimate is None
    small = make_evidence({EXPERT: scores}, ["a"] * 30 + ["b"] * 10, columns=columns)
    finding = ask(small, difficulty="x", baseline="b")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")


@pytest.mark.parametrize("lost", ["scores", "covariate"])
def test_nothing_known_of_any_case_is_no_verdict(make_evidence, lost):
    scores = np.full(110, np.nan if lost == "scores" else 0.5)
    cells = [""] * 110 if lost == "covariate" else ["1"] * 110
    finding = ask(make_evidence({EXPERT: scores}, AGES, columns={"x": cells}), difficulty="x")
    assert (finding.verdict, finding.estimate) == (Verdict.INCONCLUSIVE, None)


def test_equal_scores_pass_without_any_doubt(make_evidence):
    size, _ = sized_scores()
    evidence = make_evidence({EXPERT: np.full(110, 0.8)}, AGES, columns={"x": size.astype(str)})
    finding = ask(evidence, difficulty="x")
    assert finding.verdict == Verdict.PASS
    assert finding.details["line"]["r_squared"] is None


def test_infinite_distances_are_undefined_and_worse_means_larger(make_evidence):
    size, dice = sized_scores(harm=0.12)
    distances = 10 * (1 - dice)
    distances[:2] = np.inf
    evidence = make_evidence(
        {EXPERT: distances}, AGES, metric="hd95_mm", columns={"x": size.round(6).astype(str)}
    )
    finding = ask(evidence, metric="hd95_mm", limit=0.5, difficulty="x", baseline="old")
    assert finding.verdict == Verdict.FAIL
    assert finding.details["counts"]["undefined"]["old"] == 2
    assert " mm HD95 gap between age old and young remains" in finding.statement


def test_a_reference_group_that_is_itself_worse_off_is_told(sized):
    finding = ask(sized(harm=0.12), difficulty="size", baseline="young", max_off_support=1.0)
    assert finding.verdict == Verdict.PASS
    assert finding.details["better_than_baseline"] == ["old"]
    assert " higher for age old than for young (" in finding.statement
    fair = ask(sized(), difficulty="size", baseline="old")
    assert fair.details["better_than_baseline"] == []


def test_a_chosen_reference_group_that_is_itself_worse_off_fails(sized):
    """The largest subgroup is the worse one: nobody vouched for it."""
    finding = ask(sized(harm=-0.12), difficulty="size")
    split = finding.details["split"]["young"]
    assert (finding.details["baseline"], finding.verdict) == ("old", Verdict.FAIL)
    assert finding.estimate.pair == ("young", "old")
    assert finding.estimate.value == pytest.approx(-split["unexplained"])
    assert finding.estimate.low == pytest.approx(-split["high"])
    assert finding.statement == (
        f"At equal size, Dice is {finding.estimate.value:.3f} lower for age old than for young "
        f"({-split['gap']:.3f} lower before)"
    )
    assert finding.details["better_than_baseline"] == []
    vouched = ask(sized(harm=-0.12), difficulty="size", baseline="old")
    assert vouched.verdict == Verdict.PASS, "a declared reference group is right"
    assert vouched.details["better_than_baseline"] == ["young"]


def test_part_of_a_gap_to_a_worse_reference_group_is_told_from_the_better_one(make_evidence):
    rng = np.random.default_rng(0)
    size = np.r_[rng.uniform(0, 4, 60), rng.uniform(0, 2, 50)]
    dice = 0.8 - 0.08 * size + 0.02 * rng.standard_normal(110)
    dice[60:] += 0.12
    evidence = make_evidence({EXPERT: dice}, AGES, columns={"x": size.astype(str)})
    finding = ask(evidence, difficulty="x")
    gap = dice[60:].mean() - dice[:60].mean()
    assert finding.estimate.value == pytest.approx(0.12, abs=0.01)
    assert finding.statement == (
        f"{finding.estimate.value:.3f} of the {gap:.3f} Dice gap between age young and old "
        "remains when x is held equal"
    )


def test_both_orders_halve_the_error_of_each_and_pass_only_if_neither_is_beyond(sized):
    chosen, declared = (
        ask(sized(), difficulty="size", **keys) for keys in ({}, {"baseline": "old"})
    )
    assert (chosen.details["level"], declared.details["level"]) == (0.975, 0.95)
    assert [(pair["a"], pair["b"]) for pair in chosen.details["pairs"]] == [
        ("old", "young"),
        ("young", "old"),
    ]
    assert chosen.verdict == Verdict.PASS
    assert chosen.estimate.high == max(pair["high"] for pair in chosen.details["pairs"])
    assert chosen.estimate.low == 0
    assert "both orders" in chosen.estimate.method
    assert "both orders" not in declared.estimate.method


def test_predictions_that_miss_their_reference_pass_nothing(sized):
    evidence = sized(wrong_pairing=frozenset({("unet", "expert", "")}))
    finding = ask(evidence, difficulty="size")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")


def test_a_column_that_is_a_score_by_another_name_is_refused(make_evidence):
    _, dice = sized_scores()
    columns = {"quality": [f"{1 - x:.4f}" for x in dice]}
    with pytest.raises(BiasRulerError) as refused:
        ask(make_evidence({EXPERT: dice}, AGES, columns=columns), difficulty="quality")
    assert refused.value.code == "BR602"
    assert refused.value.found == (
        "difficulty names quality, whose values are the dice of unet against expert"
    )


def test_a_column_of_the_score_table_is_refused(make_evidence):
    _, dice = sized_scores()
    columns = {"n_model": np.arange(110).astype(str)}
    with pytest.raises(BiasRulerError, match="difficulty names n_model, a column of scores"):
        ask(make_evidence({EXPERT: dice}, AGES, columns=columns), difficulty="n_model")


def test_shapes_need_an_expert_and_columns_do_not(make_evidence):
    size, dice = sized_scores()
    keys = {"references": ("automated",), "columns": {"size": size.round(6).astype(str)}}
    evidence = make_evidence({("unet", "automated"): dice}, AGES, **keys)
    with pytest.raises(BiasRulerError) as refused:
        ask(evidence)
    assert refused.value.code == "BR503"
    assert "no expert reference has masks to measure it on" in refused.value.found
    assert "set difficulty to columns of the metadata" in refused.value.fix
    finding = ask(evidence, difficulty="size")
    assert finding.statement.endswith(", by the automated reference only")


def test_without_masks_a_column_may_give_the_volume(make_evidence):
    size, dice = sized_scores()
    evidence = make_evidence(
        {EXPERT: dice}, AGES, columns={"log_volume_ml": size.round(6).astype(str)}
    )
    covariate = ask(evidence).details["covariates"][0]
    assert (covariate["expert"], covariate["title"]) == (None, "log_volume_ml")


def test_a_judging_automated_reference_is_explained_by_the_expert_masks(make_evidence):
    size, dice = sized_scores()
    evidence = make_evidence({("unet", "automated"): dice}, AGES, shapes=shapes_of(size))
    finding = ask(evidence, reference="automated")
    assert finding.details["covariates"][0]["expert"] == "expert"


def test_an_unknown_column_is_named(sized):
    with pytest.raises(BiasRulerError, match="difficulty names sise, which the metadata lacks"):
        ask(sized(), difficulty="sise")


def test_raising_the_limit_never_turns_a_pass_into_a_fail_and_details_are_plain(sized):
    ranks = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    findings = [
        ask(sized(harm=0.08), difficulty="size", limit=limit)
        for limit in (0.01, 0.05, 0.075, 0.085, 0.1, 0.2)
    ]
    verdicts = [ranks[finding.verdict] for finding in findings]
    assert verdicts == sorted(verdicts)
    assert verdicts[0] == 0
    assert verdicts[-1] == 2
    text = json.dumps([dict(finding.details) for finding in findings], allow_nan=False)
    assert "unexplained" in text


def test_brief_evidence_gives_the_same_verdict_without_kitagawa(make_evidence):
    _, dice = sized_scores(harm=0.12)
    view = ["AP", "PA"] * 55
    full = make_evidence({EXPERT: dice}, AGES, columns={"view": view})
    brief = type(full)(
        benchmark=full.benchmark,
        metadata=full.metadata,
        scored=full.scored,
        subgroups=full.subgroups,
        is_brief=True,
    )
    findings = [ask(evidence, difficulty="view") for evidence in (full, brief)]
    assert findings[0].estimate == findings[1].estimate
    assert findings[0].details["kitagawa"]
    assert not findings[1].details["kitagawa"]


@pytest.fixture(scope="module")
def nodules():
    if not DATA:
        pytest.skip("BIASRULER_DATA names no data")
    benchmark = Benchmark(
        name="nodules",
        root=Path(DATA) / "lidc",
        metadata="metadata.csv",
        case="case_id",
        patient="patient_id",
        references=[Reference(name="one", kind="expert", masks="rater1/{case}.nii.gz")],
        models=[Model(name="two", masks="rater2/{case}.nii.gz")],
        attributes=[
            Attribute(name="texture", column="texture_median", bins=(1, 4.5, 5)),
            Attribute(name="diameter", column="diameter_mm_mean", bins=(0, 8, 15, 60)),
            Attribute(name="contrast_used"),
        ],
    )
    return prepare(benchmark)


def test_between_sizes_of_real_nodules_nothing_can_be_compared_at_equal_size(nodules):
    finding = ask(nodules, by="diameter", metric="dice")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no overlap")
    assert finding.details["beyond_reach"] == ["[15, 60]"]


def test_half_of_the_contrast_gap_of_real_nodules_is_one_of_size(nodules):
    finding = ask(nodules, by="contrast_used", metric="dice")
    split = finding.details["split"]["True"]
    assert split["gap"] == pytest.approx(-0.054, abs=1e-3)
    assert split["explained"] == pytest.approx(-0.032, abs=1e-3)
    assert finding.verdict == Verdict.PASS
    assert finding.details["line"]["r_squared"] == pytest.approx(0.19, abs=0.01)
