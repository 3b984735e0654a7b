"""Does the model repeat the automated label's mistakes: three forms, and what may not vanish."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit.record import finding_to_plain
from pytest_biasruler.benchmark.declared import declare_one
from pytest_biasruler.checks.echo import check_echo
from pytest_biasruler.checks.finding import Status, Verdict
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.statistics.guard import estimate_mean

from .conftest import build_evidence

AGES = ["old"] * 30 + ["young"] * 30
SPREAD = np.linspace(-0.1, 0.1, 60)


def echo_rows(cases, kappa, *, model="unet", n_errors=100.0, n_shared=None):
    kappa = np.broadcast_to(np.asarray(kappa, float), len(cases))
    return pd.DataFrame(
        {
            "case": cases,
            "label": "",
            "model": model,
            "automated": "automated",
            "reference": "expert",
            "kappa": kappa,
            "raw": kappa * 0.7 + 0.3,
            "expected": 0.3,
            "n_automated_errors": n_errors,
            "n_model_errors": 50.0,
            "n_shared": 30.0 if n_shared is None else n_shared,
        }
    )


def evidence_of(kappa, control=None, *, ages=AGES, n_errors=100.0, empty=(), **options):
    """Evidence of masks that were measured: `kappa` of the model, and of its control."""
    cases = [f"case{number:04d}" for number in range(len(ages))]
    names = ["unet"] if control is None else ["unet", "careful"]
    parts = [echo_rows(cases, kappa, n_errors=n_errors)]
    if control is not None:
        parts.append(echo_rows(cases, control, model="careful", n_errors=n_errors))
    pairs = [*((name, judge) for name in names for judge in ("expert", "automated"))]
    scores = dict.fromkeys([*pairs, ("automated", "expert")], [0.9] * len(ages))
    evidence = build_evidence(
        scores,
        ages,
        models=names,
        trained_on="expert",
        echoes=pd.concat(parts, ignore_index=True),
        **options,
    )
    table = evidence.scored.table
    is_empty = table["case"].isin(empty) & (table["model"] == "automated")
    table["n_reference"] = np.where(is_empty, 0.0, 500.0)
    evidence.__post_init__()
    return evidence


def ask(evidence, **keys):
    metrics = tuple(evidence.metrics.values())
    (declared,) = declare_one(
        evidence.benchmark, "echo", metrics=metrics, **{"model": "unet", **keys}
    )
    finding = check_echo(evidence, declared)
    json.dumps(finding_to_plain(finding), allow_nan=False)
    return finding


# ---- without subgroups


def test_a_model_that_is_the_automated_reference_fails_for_sure():
    finding = ask(evidence_of(1.0))
    assert finding.verdict == Verdict.FAIL
    assert finding.limit == 0.30
    assert (finding.estimate.value, finding.estimate.low, finding.p_fail) == (1.0, 1.0, 0.0)
    assert finding.statement == (
        "The model repeats 100 % of the automated label's mistakes beyond chance"
    )


def test_a_model_that_is_the_expert_passes_with_the_caveat_of_shared_difficulty():
    finding = ask(evidence_of(0.0))
    assert finding.verdict == Verdict.PASS
    assert finding.statement == (
        "The model repeats 0 % of the automated label's mistakes beyond chance; without a control "
        "model, shared difficulty alone can reach 0.10 to 0.20"
    )


def test_without_a_control_the_mean_is_guarded_by_a_case_copied_whole():
    kappa = 0.5 + SPREAD
    finding = ask(evidence_of(kappa))
    expected = estimate_mean(kappa, support=(kappa.min(), 1.0), limit=0.30)
    assert finding.estimate.low == expected.low
    assert finding.estimate.high == expected.high
    assert finding.p_fail == expected.p_fail
    assert finding.min_detectable == expected.min_detectable
    assert finding.details["support"] == [kappa.min(), 1.0]
    assert finding.support == "pooled"
    (everyone,) = finding.groups
    assert (everyone.name, everyone.n_cases, everyone.status) == ("all", 60, Status.JUDGED)


def test_few_cases_that_are_hardly_copied_do_not_prove_that_none_is():
    # Half a copied case beside 60 cases of 0.28 has a mean of 17.3 / 60.5, and an error besides.
    finding = ask(evidence_of(0.28))
    assert finding.estimate.value == pytest.approx(0.28)
    assert finding.estimate.high > 17.3 / 60.5
    assert finding.verdict == Verdict.INCONCLUSIVE


def test_with_a_control_what_it_repeats_too_is_taken_off():
    finding = ask(evidence_of(0.53 + SPREAD, 0.04 - SPREAD), control="careful")
    difference = 0.49 + 2 * SPREAD
    expected = estimate_mean(difference, support=(-0.69, 1.0), limit=0.10)
    assert finding.limit == 0.10
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(0.49)
    assert finding.estimate.low == pytest.approx(expected.low, abs=1e-12)
    assert finding.statement == (
        "The model repeats 49 percentage points more of the automated label's mistakes than its "
        "expert-trained control (53 % against 4 %, beyond chance)"
    )
    assert finding.details["support"] == pytest.approx([-0.69, 1.0])
    assert finding.support == "symmetric"
    assert finding.details["errors"]["all"]["control"] == pytest.approx(0.04)


def test_a_control_that_repeats_as_much_makes_a_pass():
    finding = ask(evidence_of(0.5 + SPREAD, 0.5 + SPREAD), control="careful")
    assert finding.verdict == Verdict.PASS
    assert finding.estimate.value == 0.0


def test_an_open_answer_says_how_many_patients_would_settle_it():
    kappa = np.tile([0.0, 0.64], 30)
    finding = ask(evidence_of(kappa))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "borderline")
    assert finding.details["needed"]["all"] > 0


def test_too_few_patients_are_no_evidence():
    finding = ask(evidence_of(1.0, ages=["old"] * 19))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "thin evidence")
    assert finding.estimate is None
    assert finding.p_fail is None


# ---- by subgroup


def test_a_spread_between_subgroups_names_who_is_echoed_most():
    kappa = np.r_[np.full(30, 0.40), np.full(30, 0.61)] + SPREAD / 10
    finding = ask(evidence_of(kappa), by="age")
    assert finding.limit == 0.10
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.pair == ("young", "old")
    assert finding.statement == (
        "Beyond chance the model repeats 22 percentage points more of the automated label's "
        "mistakes for age young than for old (62 % against 39 %)"
    )
    assert finding.details["errors"]["young"]["share"] == pytest.approx(kappa[30:].mean())


def test_with_a_control_the_spread_is_that_of_the_difference():
    kappa = np.r_[np.full(30, 0.40), np.full(30, 0.60)]
    finding = ask(evidence_of(kappa, kappa - 0.1), by="age", control="careful")
    assert finding.verdict == Verdict.PASS, "the same harder cases trouble the control as well"
    assert finding.statement == (
        "Beyond its expert-trained control the model repeats 0 percentage points more of the "
        "automated label's mistakes for age old than for young (10 % against 10 %)"
    )


@pytest.mark.parametrize("baseline", ["old", "young"])
def test_a_baseline_leaves_the_spread_two_sided(baseline):
    kappa = np.r_[np.full(30, 0.40), np.full(30, 0.61)] + SPREAD / 10
    finding = ask(evidence_of(kappa), by="age", baseline=baseline)
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(kappa[30:].mean() - kappa[:30].mean())


def test_one_judged_subgroup_cannot_be_compared():
    finding = ask(evidence_of(0.5, ages=["old"] * 30 + ["young"] * 5), by="age")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert finding.details["errors"]["young"]["n_cases"] == 5


# ---- cases that tell nothing


def test_cases_with_too_little_to_copy_are_counted_and_hold_up_no_pass():
    errors = np.r_[np.full(25, 100.0), np.full(35, 19.0)]
    finding = ask(evidence_of(0.0, n_errors=errors, empty=["case0000"]), min_patients=20)
    assert finding.verdict == Verdict.PASS
    assert finding.details["dropped"] == {"all": {"few_errors": 35, "empty_expert": 1}}
    assert finding.details["counts"]["undefined"] == {"all": 36}
    assert finding.groups[0].n_cases == 24


def test_twenty_error_voxels_are_enough():
    assert ask(evidence_of(0.0, n_errors=20.0)).groups[0].n_cases == 60
    finding = ask(evidence_of(0.0, n_errors=19.0))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "thin evidence")
    assert finding.statement.startswith("No case shows what the model repeats")


@pytest.mark.parametrize("keys", [{}, {"by": "age"}])
def test_lost_predictions_hold_up_a_pass(keys):
    kappa = np.where(np.arange(60) % 10 == 0, np.nan, 0.0)
    finding = ask(evidence_of(kappa), **keys)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")
    assert sum(finding.details["counts"]["undefined"].values()) == 6


def test_lost_predictions_of_the_control_count_as_well():
    control = np.where(np.arange(60) % 10 == 0, np.nan, 0.0)
    finding = ask(evidence_of(0.0, control), control="careful")
    assert finding.reason == "missing values"
    assert finding.groups[0].n_cases == 54


def test_lost_references_are_excluded_and_hold_up_a_pass():
    evidence = evidence_of(0.0)
    echoes = evidence.scored.echoes.iloc[6:]
    evidence = evidence.altered(scored=replace(evidence.scored, echoes=echoes))
    finding = ask(evidence)
    assert finding.reason == "missing values"
    assert finding.details["counts"]["excluded"] == {"all": 6}


@pytest.mark.parametrize("name", ["unet", "careful", "automated"])
@pytest.mark.parametrize("keys", [{}, {"by": "age"}])
def test_masks_that_do_not_touch_make_no_pass(name, keys):
    evidence = evidence_of(0.0, 0.0, wrong_pairing=frozenset({(name, "expert", "")}))
    finding = ask(evidence, control="careful", **keys)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")


def test_a_certain_fail_stands_whatever_is_missing():
    kappa = np.where(np.arange(60) % 3 == 0, np.nan, 0.9)
    assert ask(evidence_of(kappa)).verdict == Verdict.FAIL


@settings(deadline=None, derandomize=True, max_examples=25)
@given(
    st.lists(st.one_of(st.floats(-1, 1), st.just(np.nan)), min_size=60, max_size=60),
    st.sampled_from([{}, {"by": "age"}]),
)
def test_a_pass_always_has_its_upper_bound_below_the_limit(kappa, keys):
    finding = ask(evidence_of(np.array(kappa)), **keys)
    if finding.verdict == Verdict.PASS:
        assert finding.estimate.high < finding.limit
    if finding.verdict == Verdict.FAIL:
        assert finding.estimate.low > finding.limit
    assert (finding.reason is None) == (finding.verdict != Verdict.INCONCLUSIVE)


# ---- score tables without masks


def sized(copied, control=None, *, unit="voxels", n_cases=60, dice=True):
    """A table of sizes and Dice: 100 expert voxels, 60 wrong ones of the automated label.

    The model copies a share of these and makes 20 errors of its own.
    """
    names = {"unet": copied} | ({} if control is None else {"careful": control})
    pairs = [(name, judge) for name in names for judge in ("expert", "automated")]
    scores = {pair: [0.5] * n_cases for pair in [*pairs, ("automated", "expert")]}
    ages = (AGES * 2)[:n_cases]
    evidence = build_evidence(scores, ages, models=tuple(names), trained_on="expert")
    table = evidence.scored.table
    n_expert, n_automated, n_added = 100.0, 160.0, 20.0
    for (model, reference), rows in table.groupby(["model", "reference"]).groups.items():
        if model == "automated":
            sizes, shared = (n_automated, n_expert), n_expert
        else:
            n_copied = 60 * np.broadcast_to(np.asarray(names[model], float), n_cases)
            own = n_expert + n_copied + n_added
            other = n_expert if reference == "expert" else n_automated
            shared = n_expert if reference == "expert" else n_expert + n_copied
            sizes = (own, other)
        table.loc[rows, "dice"] = 2 * shared / (sizes[0] + sizes[1])
        columns = ("n_model", "n_reference") if unit == "voxels" else ("model_ml", "reference_ml")
        for column, size in zip(columns, sizes, strict=True):
            table.loc[rows, column] = size if unit == "voxels" else size / 1000
    if not dice:
        del table["dice"]
    evidence.__post_init__()
    return evidence


def test_without_masks_and_without_a_control_nothing_can_be_told():
    finding = ask(sized(0.5))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no control")
    assert finding.estimate is None
    assert ask(sized(0.5), by="age").reason == "no control"


@pytest.mark.parametrize("unit", ["voxels", "ml"])
def test_sizes_and_dice_tell_the_copy_rate_exactly(unit):
    finding = ask(sized(0.5, 0.2, unit=unit), control="careful")
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(0.3, abs=1e-9)
    assert finding.details["kind"] == "sizes"
    assert finding.statement == (
        "The model repeats 30 percentage points more of the automated label's mistakes than its "
        "expert-trained control (50 % against 20 %, chance included)"
    )


def test_copy_rates_are_compared_between_subgroups():
    copied = np.r_[np.full(30, 0.3), np.full(30, 0.6)]
    finding = ask(sized(copied, 0.2), control="careful", by="age")
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(0.3, abs=1e-9)


def test_a_dice_that_no_three_masks_can_have_is_undefined():
    evidence = sized(0.2, 0.2)
    table = evidence.scored.table
    is_wrong = (table["model"] == "unet") & (table["reference"] == "automated")
    table.loc[is_wrong & table["case"].isin([f"case{n:04d}" for n in range(6)]), "dice"] = 0.05
    evidence.__post_init__()
    finding = ask(evidence, control="careful")
    assert finding.details["counts"]["undefined"] == {"all": 6}
    assert finding.reason == "missing values"


def test_a_missing_prediction_copies_nothing_and_is_lost():
    evidence = sized(0.2, 0.2)
    table = evidence.scored.table
    is_lost = (table["model"] == "unet") & table["case"].isin([f"case{n:04d}" for n in range(6)])
    table.loc[is_lost, "status"] = "worst"
    evidence.__post_init__()
    finding = ask(evidence, control="careful")
    assert finding.reason == "missing values"
    assert finding.groups[0].n_cases == 54


def test_without_sizes_the_table_is_refused():
    evidence = sized(0.2, 0.2)
    evidence.scored.table[["n_model", "n_reference"]] = np.nan
    evidence.__post_init__()
    with pytest.raises(BiasRulerError, match="BR503: without masks echo needs the sizes"):
        ask(evidence, control="careful")
    with pytest.raises(BiasRulerError, match="BR503: without masks echo needs the sizes"):
        ask(sized(0.2, 0.2, dice=False), control="careful")
