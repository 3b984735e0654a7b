from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.declared import declare_one
from pytest_biasruler.checks.anatomy import Sides
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.morphology import check_morphology
from pytest_biasruler.checks.shape_statement import state_shift
from pytest_biasruler.errors import BiasRulerError

FEATURES = ("log_volume_ml", "sphericity", "elongation", "surface_to_volume", "n_components")
TWO = ["old"] * 100 + ["young"] * 80
THREE = ["a"] * 80 + ["<b>"] * 80 + ["007"] * 80


def draw_shapes(n, *, seed=0, **changed):
    """Return shapes of unlike cases; `changed` are columns that replace those drawn."""
    rng = np.random.default_rng(seed)
    log_volume = rng.normal(size=n)
    columns = {
        "log_volume_ml": log_volume,
        "sphericity": rng.beta(8, 3, n),
        "elongation": rng.beta(5, 3, n),
        "surface_to_volume": rng.lognormal(size=n),
        "n_components": 1.0 + (rng.random(n) < 0.1),
    } | changed
    cases = [f"case{number:04d}" for number in range(n)]
    frame = pd.DataFrame({"case": cases, "label": "", "reference": "expert"})
    return frame.assign(volume_ml=np.exp(columns["log_volume_ml"]), **columns)


def spread_evenly(subgroups):
    """Return numbers of which every subgroup has the same ones."""
    counts = dict.fromkeys(subgroups, 0)
    values = []
    for name in subgroups:
        values.append(float(counts[name] % 20))
        counts[name] += 1
    return np.array(values)


def even_shapes(subgroups, **changed):
    return draw_shapes(
        len(subgroups), **(dict.fromkeys(FEATURES, spread_evenly(subgroups)) | changed)
    )


@pytest.fixture
def ask(make_evidence):
    def ask(subgroups, shapes, *, brief=False, patients=None, sites=None, **keys):
        evidence = make_evidence(
            {("unet", "expert"): np.full(len(subgroups), 0.9)},
            subgroups,
            shapes=shapes,
            patients=patients,
            sites=sites,
        )
        (declared,) = declare_one(evidence.benchmark, "morphology", **({"by": "age"} | keys))
        evidence = evidence.altered(is_brief=True) if brief else evidence
        finding = check_morphology(evidence, declared)
        json.dumps(dict(finding.details), allow_nan=False)
        return finding

    return ask


def in_subgroup(subgroups, name):
    return np.array([each == name for each in subgroups])


def row_of(finding, feature, a):
    rows = finding.details["features"]
    return next(row for row in rows if (row["feature"], row["a"]) == (feature, a))


def test_equal_shapes_pass(ask):
    finding = ask(TWO * 2, even_shapes(TWO * 2))
    assert finding.verdict == Verdict.PASS, finding.statement
    assert (finding.metric, finding.model, finding.p_fail) == (None, None, 1.0)
    assert finding.estimate.high < finding.limit
    assert finding.statement == (
        "Lesions look alike in all judged subgroups of age "
        "(largest Cliff's delta 0.000: volume of old)"
    )


@pytest.mark.parametrize(
    ("feature", "step", "told"),
    [
        ("log_volume_ml", 9, "are smaller"),
        ("sphericity", 9, "are less round"),
        ("sphericity", -9, "are rounder"),
        ("elongation", 9, "are more elongated"),
        ("elongation", -9, "are less elongated"),
        ("surface_to_volume", 9, "have less surface for their volume"),
        ("n_components", -9, "lie in more pieces"),
    ],
)
def test_a_clear_shift_fails_and_is_told_in_plain_words(ask, feature, step, told):
    moved = spread_evenly(TWO) + step * in_subgroup(TWO, "young")
    finding = ask(TWO, even_shapes(TWO, **{feature: moved}))
    assert finding.verdict == Verdict.FAIL
    delta = abs(row_of(finding, feature, "old")["delta"])
    assert finding.statement == (
        f"Lesions of age old {told} than those of young (Cliff's delta {delta:.3f})"
    )
    assert finding.estimate.low > finding.limit
    assert finding.estimate.value == delta
    assert finding.estimate.pair == ("old", "young")
    assert finding.p_fail < 0.05


def test_a_baseline_is_what_the_others_are_held_against(ask):
    moved = spread_evenly(TWO) - 9.0 * in_subgroup(TWO, "young")
    finding = ask(TWO, even_shapes(TWO, log_volume_ml=moved), baseline="old")
    assert finding.statement.startswith("Lesions of age young are smaller than those of old")
    assert [row["b"] for row in finding.details["features"]] == ["old"] * 5


def test_masks_of_a_label_are_named_by_it(make_evidence):
    evidence = make_evidence({("unet", "expert"): np.full(180, 0.9)}, TWO)
    (declared,) = declare_one(evidence.benchmark, "morphology", by="age")
    told = state_shift(
        replace(declared, label="liver"),
        feature="n_components",
        sides=Sides(a="old", b="all others", second=("young",)),
        delta=0.4,
        verdict=Verdict.FAIL,
    )
    assert told == (
        "Masks of liver of age old lie in more pieces than those of all others "
        "(Cliff's delta 0.400)"
    )


def test_a_few_patients_decide_nothing(ask):
    ages = ["old"] * 25 + ["young"] * 25
    finding = ask(ages, draw_shapes(50))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "underpowered")
    assert " seem " in finding.statement
    assert finding.estimate.low <= finding.limit <= finding.estimate.high
    assert set(finding.details["needed"]) == {"old", "young"}


def test_a_few_patients_without_an_exception_are_no_proof_that_they_have_none(ask):
    """None of 20 lies in two pieces, by luck or not; 60 of 240 do."""
    ages = ["old"] * 240 + ["young"] * 20
    pieces = 1.0 + (np.arange(260) % 4 == 0) * in_subgroup(ages, "old")
    finding = ask(ages, draw_shapes(260, n_components=pieces), features=["n_components"])
    row = row_of(finding, "n_components", "old")
    assert finding.estimate.ci95[0] > finding.limit, "the plain interval falls into the trap"
    assert (finding.verdict, row["verdict"]) == (Verdict.INCONCLUSIVE, "INCONCLUSIVE")
    assert row["low"] < finding.limit < row["delta"]
    assert finding.p_fail > 0.05
    assert finding.estimate.method.startswith("guarded Cliff's delta")
    more = ["old"] * 240 + ["young"] * 120
    pieces = 1.0 + (np.arange(360) % 4 == 0) * in_subgroup(more, "old")
    shapes = draw_shapes(360, n_components=pieces)
    assert ask(more, shapes, features=["n_components"]).verdict == Verdict.FAIL


def test_each_of_three_subgroups_is_held_against_all_others(ask):
    finding = ask(THREE, even_shapes(THREE))
    pairs = {(row["a"], row["b"]) for row in finding.details["features"]}
    assert pairs == {(name, "all others") for name in ("007", "<b>", "a")}
    row = row_of(finding, "sphericity", "<b>")
    assert (row["n_a"], row["n_b"], row["median_a"]) == (80, 160, 9.5)
    assert finding.details["level"] == pytest.approx(1 - 0.05 / (2 * 5 * 3))


def test_a_small_subgroup_is_named_but_never_compared(ask):
    ages = TWO * 2 + ["rare"] * 5
    finding = ask(ages, even_shapes(ages))
    assert finding.verdict == Verdict.PASS
    assert finding.statement.endswith("1 of 3 subgroups are too small to judge: rare")
    assert {(row["a"], row["b"]) for row in finding.details["features"]} == {("old", "young")}


@pytest.mark.parametrize("keys", [{}, {"baseline": "young"}])
def test_one_large_subgroup_is_too_few(ask, keys):
    ages = ["old"] * 60 + ["young"] * 5
    finding = ask(ages, draw_shapes(65), **keys)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert (finding.estimate, finding.details["features"]) == (None, [])
    assert finding.statement == "Shapes cannot be compared between subgroups of age"


def test_empty_masks_withhold_a_pass_and_are_counted(ask):
    shapes = even_shapes(TWO * 2)
    empty = shapes.index[:12]
    shapes.loc[empty, ["volume_ml", *FEATURES]] = np.nan
    finding = ask(TWO * 2, shapes)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")
    assert finding.details["counts"]["undefined"]["old"] == 12
    assert finding.details["missing_features"] == list(FEATURES)


def test_a_feature_that_nobody_has_withholds_a_pass_but_no_fail(ask):
    lost = np.full(180, np.nan)
    finding = ask(TWO, even_shapes(TWO, elongation=lost))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")
    assert finding.details["missing_features"] == ["elongation"]
    assert row_of(finding, "elongation", "old")["delta"] is None
    assert finding.details["energy"] == []
    moved = spread_evenly(TWO) + 15.0 * in_subgroup(TWO, "young")
    assert ask(TWO, even_shapes(TWO, elongation=lost, sphericity=moved)).verdict == Verdict.FAIL


def test_infinite_features_count_as_missing(ask):
    shapes = even_shapes(TWO)
    shapes.loc[0, "surface_to_volume"] = np.inf
    finding = ask(TWO, shapes)
    assert row_of(finding, "surface_to_volume", "old")["n_a"] == 99


def test_a_patient_counts_once_however_many_cases_he_has(ask):
    patients = [f"p{number // 2:03d}" for number in range(len(TWO))]
    shapes = draw_shapes(len(TWO))
    finding = ask(TWO, shapes, patients=patients)
    row = row_of(finding, "log_volume_ml", "old")
    means = shapes["log_volume_ml"].groupby(patients).mean()
    assert (row["n_a"], row["n_b"]) == (50, 40)
    assert row["median_a"] == pytest.approx(means[:50].median())


def test_a_patient_on_both_sides_has_a_row_on_each(ask):
    patients = [f"p{number % 90:03d}" for number in range(len(TWO))]
    finding = ask(TWO, draw_shapes(len(TWO)), patients=patients)
    assert finding.details["crossing"] == 80
    row = row_of(finding, "sphericity", "old")
    assert (row["n_a"], row["n_b"]) == (90, 80)


def test_sites_explain_a_shift_that_they_make(ask):
    sites = ["north"] * 70 + ["south"] * 30 + ["north"] * 20 + ["south"] * 60
    shapes = draw_shapes(180)
    shapes["log_volume_ml"] += 3.0 * (np.array(sites) == "north")
    pooled, within = ask(TWO, shapes), ask(TWO, shapes, sites=sites)
    assert (pooled.details["within_sites"], within.details["within_sites"]) == (False, True)
    assert pooled.details["p"] <= 0.01
    assert within.details["p"] > 0.05
    assert within.details["energy"][0]["within_sites"]["n_shuffled"] == 180


def test_at_equal_size_a_pure_difference_of_size_is_mostly_gone(ask):
    shapes = draw_shapes(180, seed=3)
    shapes["log_volume_ml"] += 0.6 * in_subgroup(TWO, "young")
    finding = ask(TWO, shapes)
    assert finding.details["p"] < finding.details["p_equal_size"]
    assert finding.details["h"] == finding.details["energy"][0]["h"] > 0


def test_verdicts_alone_need_no_shuffling(ask):
    shapes = draw_shapes(180)
    brief, full = ask(TWO, shapes, brief=True), ask(TWO, shapes)
    assert (brief.verdict, brief.estimate) == (full.verdict, full.estimate)
    assert "energy" in full.details
    assert "energy" not in brief.details


def test_features_that_are_not_asked_for_do_not_count(ask):
    moved = spread_evenly(TWO) + 9.0 * in_subgroup(TWO, "young")
    shapes = even_shapes(TWO, sphericity=moved)
    assert ask(TWO, shapes).verdict == Verdict.FAIL
    finding = ask(TWO * 2, even_shapes(TWO * 2), features=["log_volume_ml", "n_components"])
    assert {row["feature"] for row in finding.details["features"]} == {
        "log_volume_ml",
        "n_components",
    }


def test_raising_the_limit_never_turns_a_pass_into_a_fail(ask):
    shapes = draw_shapes(180)
    shapes["log_volume_ml"] += 0.8 * in_subgroup(TWO, "young")
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    verdicts = [
        order.index(ask(TWO, shapes, limit=limit, brief=True).verdict)
        for limit in (0.01, 0.1, 0.147, 0.3, 0.6, 0.9)
    ]
    assert verdicts == sorted(verdicts)
    assert {verdicts[0], verdicts[-1]} == {0, 2}


def test_names_and_order_of_subgroups_do_not_matter(ask):
    shapes = draw_shapes(180, seed=5)
    renamed = ["z" if age == "old" else "b" for age in TWO]
    one, other = ask(TWO, shapes), ask(renamed, shapes)
    assert (one.verdict, one.p_fail) == (other.verdict, pytest.approx(other.p_fail))
    assert one.estimate.value == other.estimate.value
    assert (one.estimate.low, one.estimate.high) == pytest.approx(
        (other.estimate.low, other.estimate.high)
    )


def test_a_reference_without_masks_is_refused(make_evidence):
    evidence = make_evidence(
        {("unet", "expert"): np.full(180, 0.9)}, TWO, shapes=draw_shapes(180).iloc[:0]
    )
    (declared,) = declare_one(evidence.benchmark, "morphology", by="age")
    with pytest.raises(BiasRulerError, match="no shape of reference expert"):
        check_morphology(evidence, declared)


def test_without_a_shift_hardly_any_benchmark_fails_and_large_ones_pass(ask):
    """The rule errs on neither side: five features, two subgroups, no shift at all."""
    small = [ask(TWO, draw_shapes(180, seed=seed), brief=True).verdict for seed in range(100)]
    ages = ["old"] * 900 + ["young"] * 900
    large = [ask(ages, draw_shapes(1800, seed=seed), brief=True).verdict for seed in range(10)]
    assert small.count(Verdict.FAIL) <= 1
    assert large.count(Verdict.PASS) >= 9


def test_a_shift_at_the_limit_seldom_passes_or_fails(ask):
    """A normal feature moved by 0.2622 sd has delta 0.147; the other features are alike."""
    verdicts = []
    for seed in range(150):
        shapes = draw_shapes(180, seed=seed)
        shapes["log_volume_ml"] += 0.2622 * in_subgroup(TWO, "young")
        verdicts.append(ask(TWO, shapes, features=["log_volume_ml"], brief=True).verdict)
    most = 0.07 * 150 + 3 * np.sqrt(0.07 * 0.93 * 150)
    assert verdicts.count(Verdict.PASS) <= most
    assert verdicts.count(Verdict.FAIL) <= most
