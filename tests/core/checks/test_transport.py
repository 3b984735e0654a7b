from __future__ import annotations

import json

import numpy as np
import pytest

from pytest_biasruler.benchmark.declared import declare_one
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.transport import check_transport
from pytest_biasruler.errors import BiasRulerError

STEPS = np.linspace(-0.05, 0.05, 20)


def sites_of(gaps, *, sizes=(20, 20), bases=None):
    """Return scores, ages and sites with these gaps between old and young, at every site."""
    scores, ages, sites = [], [], []
    for number, gap in enumerate(gaps):
        base = 0.85 if bases is None else bases[number]
        for age, mean, n in (("old", base, sizes[0]), ("young", base - gap, sizes[1])):
            scores += (mean + np.linspace(-0.05, 0.05, n)).tolist()
            ages += [age] * n
            sites += [f"site {number}"] * n
    return scores, ages, sites


def ask(make_evidence, table, *, evidence_keys=None, metric="dice", **keys):
    scores, ages, sites = table
    evidence = make_evidence(
        {("unet", "expert"): scores}, ages, sites=sites, metric=metric, **(evidence_keys or {})
    )
    (declared,) = declare_one(evidence.benchmark, "transport", by="age", metric=metric, **keys)
    finding = check_transport(evidence, declared)
    json.dumps(finding.details, allow_nan=False)
    return finding


def test_equal_gaps_at_all_sites_are_the_gap_of_the_next(make_evidence):
    finding = ask(make_evidence, sites_of([0.1] * 6))
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.pair == ("old", "young")
    assert finding.estimate.value == pytest.approx(0.1)
    assert finding.estimate.high == pytest.approx(0.1)
    assert 0.05 < finding.estimate.low < 0.1
    assert finding.statement == (
        "With 95 % confidence, at a new similar site age old would be ahead of young by 0.100 to "
        "0.100 in Dice; the mean gap over 6 sites is 0.100"
    )


def test_the_prediction_of_the_worked_example_is_told(make_evidence):
    finding = ask(make_evidence, sites_of([0.0, 0.1, 0.0, 0.1, 0.05, 0.05]))
    (contrast,) = finding.details["contrasts"]
    assert contrast["prediction"] == pytest.approx([-0.074171, 0.174171], abs=1e-6)
    assert contrast["mean"] == pytest.approx(0.05)
    assert finding.verdict == Verdict.INCONCLUSIVE
    assert finding.statement == (
        "Over 6 sites the mean gap is 0.050; with 95 % confidence, at a new similar site age old "
        "would be between 0.074 behind and 0.174 ahead of young in Dice"
    )
    assert finding.estimate.high == pytest.approx(0.174171, abs=1e-6)


def test_a_small_gap_everywhere_passes(make_evidence):
    finding = ask(make_evidence, sites_of([0.01, 0.0, 0.01, -0.01, 0.0, 0.0]))
    assert (finding.verdict, finding.reason) == (Verdict.PASS, None)
    assert 0 < finding.estimate.high < 0.05
    assert finding.p_fail > 0.9


def test_without_baseline_a_gap_counts_in_either_direction(make_evidence):
    table = sites_of([-0.1] * 6, sizes=(25, 20))
    turned = ask(make_evidence, table)
    assert turned.verdict == Verdict.FAIL
    assert turned.estimate.pair == ("young", "old")
    assert turned.estimate.value == pytest.approx(0.1)
    signed = ask(make_evidence, table, baseline="old")
    assert signed.verdict == Verdict.PASS
    assert signed.estimate.value == pytest.approx(-0.1)
    assert signed.estimate.pair == ("old", "young")
    assert "age young would be ahead of old by 0.100 to 0.100 in Dice" in signed.statement
    assert ask(make_evidence, table, baseline="young").verdict == Verdict.FAIL


def test_a_distance_is_worse_where_it_is_larger(make_evidence):
    scores, ages, sites = sites_of([-2.0] * 5, bases=[5.0] * 5)
    finding = ask(make_evidence, (scores, ages, sites), metric="hd95_mm", limit=1.0)
    assert finding.estimate.pair == ("old", "young")
    assert finding.estimate.value == pytest.approx(2.0)
    assert "age old would be ahead of young by 2.000 to 2.000 mm in HD95" in finding.statement


def test_too_few_sites_are_shown_and_not_judged(make_evidence):
    finding = ask(make_evidence, sites_of([0.2] * 4))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few sites")
    assert (finding.estimate, finding.p_fail) == (None, None)
    assert finding.statement == (
        "4 of 4 sites have 10 patients of age old and of young; pooled over all sites the gap in "
        "Dice (old ahead of young) is 0.200"
    )
    (contrast,) = finding.details["contrasts"]
    assert [site["gap"] for site in contrast["sites"]] == pytest.approx([0.2] * 4)
    assert contrast["pooled"] == pytest.approx(0.2)
    assert ask(make_evidence, sites_of([0.2] * 4), min_sites=4).verdict == Verdict.FAIL


def test_small_sites_do_not_count(make_evidence):
    finding = ask(make_evidence, sites_of([0.1] * 6, sizes=(20, 8)))
    assert finding.reason == "too few sites"
    assert finding.statement.startswith("0 of 6 sites have 10 patients")
    eight = ask(make_evidence, sites_of([0.1] * 6, sizes=(20, 8)), min_patients_site=8)
    assert eight.verdict == Verdict.FAIL


def test_unequal_mixing_of_sites_hides_a_gap_and_is_named(make_evidence):
    # Old patients come to the hard sites, young ones to the easy ones.
    scores, ages, sites = [], [], []
    for number in range(6):
        base, n_old, n_young = (0.7, 30, 10) if number % 2 else (0.9, 10, 30)
        for age, mean, n in (("old", base, n_old), ("young", base - 0.06, n_young)):
            scores += [mean] * n
            ages += [age] * n
            sites += [f"s{number}"] * n
    finding = ask(make_evidence, (scores, ages, sites))
    (contrast,) = finding.details["contrasts"]
    # Pooled: old (10·0.9 + 30·0.7)/40 = 0.75, young (30·0.84 + 10·0.64)/40 = 0.79.
    assert contrast["pooled"] == pytest.approx(-0.04)
    assert contrast["standardised"] == pytest.approx(0.06)
    assert (finding.details["simpson"], contrast["pooling"]) == (True, "turns")
    assert finding.verdict == Verdict.FAIL
    assert (
        "(pooling the sites turns it around: −0.040 pooled, 0.060 at equal shares of the sites)"
        in finding.statement
    )


@pytest.mark.parametrize(
    ("easy", "told"),
    [
        ("young", "(pooling the sites hides 0.060 of it)"),
        ("old", "(pooling the sites adds 0.060 to it)"),
    ],
)
def test_what_pooling_hides_or_adds_is_told(make_evidence, easy, told):
    scores, ages, sites = [], [], []
    for number in range(6):
        is_easy = number % 2 == 0
        for age in ("old", "young"):
            n = 24 if (age == easy) == is_easy else 16
            mean = (0.9 if is_easy else 0.6) - (0.1 if age == "young" else 0.0)
            scores += [mean] * n
            ages += [age] * n
            sites += [f"s{number}"] * n
    finding = ask(make_evidence, (scores, ages, sites))
    assert told in finding.statement


def test_a_patient_at_two_sites_counts_at_one_and_is_counted(make_evidence):
    scores, ages, sites = sites_of([0.1] * 6)
    patients = [f"p{number}" for number in range(len(scores))]
    scores, ages, sites = [*scores, 0.0], [*ages, "old"], [*sites, "site 5"]
    moved = ask(
        make_evidence,
        (scores, ages, sites),
        evidence_keys={"patients": [*patients, "p0"]},
    )
    assert moved.details["moved"] == {"n_patients": 1, "n_cases": 1}
    assert moved.estimate.value == pytest.approx(0.1), "the case of 0.0 is at the other site"


def test_cases_without_site_are_counted_and_withhold_a_pass(make_evidence):
    scores, ages, sites = sites_of([0.0] * 6)
    few = ask(make_evidence, (scores, ages, ["", *sites[1:]]))
    assert few.verdict == Verdict.PASS
    assert few.details["without_site"] == {"old": 1}
    assert few.details["counts"]["undefined"] == {"old": 1, "young": 0}
    many = ask(make_evidence, (scores, ages, [""] * 10 + sites[10:]))
    assert (many.verdict, many.reason) == (Verdict.INCONCLUSIVE, "missing values")


def test_wrong_pairing_withholds_a_pass_and_no_fail(make_evidence):
    pairing = {"wrong_pairing": frozenset({("unet", "expert", "")})}
    passed = ask(make_evidence, sites_of([0.0] * 6), evidence_keys=pairing)
    assert (passed.verdict, passed.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")
    failed = ask(make_evidence, sites_of([0.1] * 6), evidence_keys=pairing)
    assert failed.verdict == Verdict.FAIL


def three_ages(gap_of_teens, *, teens_at=6):
    scores, ages, sites = sites_of([0.0] * 6)
    for number in range(teens_at):
        scores += (0.85 - gap_of_teens + STEPS).tolist()
        ages += ["teen"] * 20
        sites += [f"site {number}"] * 20
    return scores, ages, sites


def test_several_subgroups_share_alpha_for_a_fail(make_evidence):
    finding = ask(make_evidence, three_ages(0.1))
    assert finding.estimate.pair == ("old", "teen")
    assert finding.verdict == Verdict.FAIL
    assert finding.details["level"] == pytest.approx(0.9875)
    alone = ask(make_evidence, sites_of([0.1] * 6))
    assert finding.estimate.low < alone.estimate.low
    assert finding.p_fail == pytest.approx(2 * alone.p_fail, rel=0.05)


def test_a_subgroup_with_too_few_sites_withholds_a_pass_but_hides_no_fail(make_evidence):
    withheld = ask(make_evidence, three_ages(0.0, teens_at=3))
    assert (withheld.verdict, withheld.reason) == (Verdict.INCONCLUSIVE, "too few sites")
    assert withheld.estimate.high is None
    scores, ages, sites = sites_of([0.1] * 6)
    n, extra = len(scores), three_ages(0.0, teens_at=3)
    parts = zip((scores, ages, sites), extra, strict=True)
    finding = ask(make_evidence, tuple(own + more[n:] for own, more in parts))
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.pair == ("old", "young")


def test_one_subgroup_alone_cannot_be_compared(make_evidence):
    finding = ask(make_evidence, (list(0.8 + STEPS), ["old"] * 20, ["x"] * 20))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert finding.statement == ("Dice cannot be compared between subgroups of age within sites")


def test_without_any_score_nothing_passes(make_evidence):
    scores, ages, sites = sites_of([0.0] * 6)
    finding = ask(make_evidence, ([np.nan] * len(scores), ages, sites))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    infinite = ask(
        make_evidence, ([np.inf] * len(scores), ages, sites), metric="hd95_mm", limit=1.0
    )
    assert infinite.verdict == Verdict.INCONCLUSIVE


def test_equal_scores_everywhere_are_no_gap(make_evidence):
    finding = ask(make_evidence, ([0.5] * 240, ["old", "young"] * 120, sites_of([0.0] * 6)[2]))
    assert finding.verdict == Verdict.PASS
    assert (finding.estimate.low, finding.estimate.high) == (0, 0)


def test_a_benchmark_without_sites_is_refused(make_evidence):
    table = sites_of([0.0] * 6)
    evidence = make_evidence({("unet", "expert"): table[0]}, table[1], sites=table[2])
    (declared,) = declare_one(evidence.benchmark, "transport", by="age")
    siteless = make_evidence({("unet", "expert"): table[0]}, table[1])
    with pytest.raises(BiasRulerError, match=r"^BR602: transport needs sites; expected"):
        check_transport(siteless, declared)


def test_names_and_order_of_sites_do_not_matter(make_evidence):
    rng = np.random.default_rng(0)
    scores, ages, sites = sites_of([0.02, 0.05, 0.01, 0.08, 0.03, 0.04])
    scores = (np.array(scores) + 0.02 * rng.standard_normal(len(scores))).tolist()
    order = rng.permutation(len(scores))
    mixed = ([scores[i] for i in order], [ages[i] for i in order], [sites[i] for i in order])
    renamed = (mixed[0], mixed[1], [f"<b>{site[::-1]}" for site in mixed[2]])
    one, other = (ask(make_evidence, table).estimate for table in ((scores, ages, sites), renamed))
    assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))


@pytest.mark.parametrize("limit", [0.02, 0.05, 0.08, 0.11, 0.14, 0.2])
def test_raising_the_limit_never_moves_pass_to_fail(make_evidence, limit):
    table = sites_of([0.05, 0.11, 0.08, 0.12, 0.09, 0.06])
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    verdicts = [ask(make_evidence, table, limit=each).verdict for each in (limit, limit + 0.03)]
    assert order.index(verdicts[0]) <= order.index(verdicts[1])


def test_copies_of_a_patient_add_no_evidence(make_evidence):
    scores, ages, sites = sites_of([0.02, 0.05, 0.01, 0.08, 0.03, 0.04])
    once = ask(make_evidence, (scores, ages, sites)).estimate
    patients = [f"p{number}" for number in range(len(scores))] * 3
    copied = (scores * 3, ages * 3, sites * 3)
    thrice = ask(make_evidence, copied, evidence_keys={"patients": patients}).estimate
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=1e-9)
