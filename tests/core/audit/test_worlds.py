"""Worlds in which subgroups are dealt out anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.audit.selftest import run_selftest
from pytest_biasruler.audit.worlds import deal_subgroups, open_deck, shuffle_models
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.checks.evidence import Evidence
from pytest_biasruler.scoring.scored import Scored

BY = ("age",)


def build(ages, *, patients=None, sites=None, scores=None, checks=None):
    """Return evidence of one attribute; `scores` maps (model, reference) to numbers."""
    cases = [f"c{n:03d}" for n in range(len(ages))]
    columns = {"case": cases, "patient": patients or cases, "age": ages}
    if sites is not None:
        columns["site"] = sites
    scores = scores or {("unet", "expert"): np.linspace(0.5, 0.9, len(ages))}
    benchmark = Benchmark(
        name="worlds",
        metadata=pd.DataFrame(columns),
        patient="patient",
        site=None if sites is None else "site",
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="auto", kind="automated"),
        ],
        models=[Model(name=name) for name in sorted({m for m, _ in scores} - {"auto"})],
        attributes=[Attribute(name="age")],
        scores=pd.DataFrame(),
        checks=checks or [Check("gap", by="age")],
    )
    metadata = read_metadata(benchmark)
    table = pd.concat(
        pd.DataFrame(
            {"case": cases, "label": "", "model": model, "reference": reference,
             "dice": np.asarray(values, float), "status": "scored", "diagonal_mm": np.nan}
        )
        for (model, reference), values in scores.items()
    )  # fmt: skip
    return Evidence(
        benchmark=benchmark,
        metadata=metadata,
        scored=Scored(table=table, cases=tuple(cases)),
        subgroups=cut_all(benchmark, metadata),
    )


def deal(evidence, seed=1, **keys):
    return deal_subgroups(open_deck(evidence, evidence.declared), seed=seed, **keys)[BY].of


def test_subgroups_keep_their_sizes_and_change_hands():
    ages = ["old"] * 20 + ["young"] * 10
    dealt = deal(build(ages))
    assert Counter(dealt) == Counter(ages)
    assert dealt.tolist() != ages


def test_a_world_is_made_by_its_seed_alone():
    evidence = build(["old"] * 20 + ["young"] * 10)
    assert deal(evidence, 7).equals(deal(evidence, 7))
    assert not deal(evidence, 7).equals(deal(evidence, 8))


def test_all_cases_of_a_patient_move_together():
    patients = [f"p{n // 3}" for n in range(30)]
    ages = ["old" if n // 3 < 6 else "young" for n in range(30)]
    dealt = deal(build(ages, patients=patients))
    assert dealt.groupby(patients).nunique().max() == 1


def test_subgroups_stay_within_their_site():
    sites = ["north"] * 10 + ["south"] * 20
    ages = ["old"] * 9 + ["young"] * 2 + ["old"] * 2 + ["young"] * 17
    dealt = deal(build(ages, sites=sites), within_sites=True)
    for site in ("north", "south"):
        own = np.array(sites) == site
        assert Counter(dealt[own]) == Counter(np.array(ages)[own])


def test_a_gap_that_comes_from_sites_goes_too_unless_the_question_is_about_sites():
    # Nobody differs within a site, but the old are seen where all score high.
    sites = ["north"] * 30 + ["south"] * 30
    ages = ["old"] * 24 + ["young"] * 6 + ["old"] * 6 + ["young"] * 24
    scores = [0.9] * 30 + [0.6] * 30
    evidence = build(ages, sites=sites, scores={("unet", "expert"): scores})
    column = evidence.pair("unet", "expert", None)["dice"]

    def mean_gap(**keys):
        means = [column.groupby(deal(evidence, seed, **keys)).mean() for seed in range(1, 201)]
        return np.mean([mean["old"] - mean["young"] for mean in means])

    assert abs(mean_gap()) < 0.02
    assert mean_gap(within_sites=True) == pytest.approx(0.3 * (24 - 6) / 30)


def test_missing_values_stay_where_they_are():
    ages = ["", "old", "young", "", "old", "young", "old", "young"]
    dealt = deal(build(ages))
    assert np.flatnonzero(dealt == "missing").tolist() == [0, 3]


def test_a_patient_of_several_subgroups_gives_them_in_turn():
    # One patient with four cases of both, three with one case each.
    patients = ["a", "a", "a", "a", "b", "c", "d"]
    ages = ["old", "young", "old", "young", "old", "young", "young"]
    for seed in range(1, 20):
        dealt = deal(build(ages, patients=patients), seed)
        mixed = dealt.to_numpy()[:4]
        assert len(set(mixed)) == 1 or Counter(mixed) == {"old": 2, "young": 2}


def test_no_subgroup_gets_the_patients_with_many_cases():
    # The truth is full of composition: large patients score low and are mostly young.
    patients, ages, scores = [], [], []
    for n in range(60):
        is_large = n % 2 == 0
        for _ in range(4 if is_large else 1):
            patients.append(f"p{n}")
            ages.append("young" if is_large == (n % 10 > 0) else "old")
            scores.append(0.5 if is_large else 0.9)
    evidence = build(ages, patients=patients, scores={("unet", "expert"): scores})
    column = evidence.pair("unet", "expert", None)["dice"]
    gaps = []
    for seed in range(1, 301):
        means = column.groupby(deal(evidence, seed)).mean()
        gaps.append(means["old"] - means["young"])
    real = column.groupby(ages).mean()
    assert real["old"] - real["young"] > 0.1
    error = np.std(gaps) / np.sqrt(len(gaps))
    assert abs(np.mean(gaps)) < 4 * error, "a null world must have no gap on the average"


def test_models_are_handed_round_within_each_patient():
    scores = {("a", "expert"): [0.9] * 40, ("b", "expert"): [0.5] * 40,
              ("a", "auto"): [0.8] * 40, ("b", "auto"): [0.4] * 40}  # fmt: skip
    checks = [Check("ranking", models=["a", "b"], metric="dice")]
    patients = [f"p{n // 2}" for n in range(40)]
    evidence = build(["old"] * 40, patients=patients, scores=scores, checks=checks)
    (declared,) = evidence.declared
    rows = shuffle_models(evidence, declared, models=("a", "b"), seed=3)
    dealt = {key: rows[key]["dice"] for key in rows}
    first, second = dealt["a", "expert", ""], dealt["b", "expert", ""]
    assert np.allclose(first + second, 1.4), "no score is lost"
    assert 5 < (first == 0.9).sum() < 35
    is_swapped = (first == 0.5).to_numpy()
    assert ((dealt["a", "auto", ""] == 0.4).to_numpy() == is_swapped).all(), "references alike"
    assert first.groupby(patients).nunique().max() == 1, "a patient's cases together"


def test_numbers_change_hands_with_the_subgroups_they_lie_in():
    ages = [str(20 + n) for n in range(40)] + ["", ""]
    evidence = build(ages)
    age = Attribute(name="age", quantiles=2)
    benchmark = replace(evidence.benchmark, attributes=[age])
    cut = cut_all(benchmark, read_metadata(benchmark))["age"]
    deck = open_deck(evidence.altered(subgroups={"age": cut}), evidence.declared)
    dealt = deal_subgroups(deck, seed=3)[BY]
    assert dict(dealt.numbers) != dict(cut.numbers)
    assert Counter(dealt.numbers.values()) == Counter(cut.numbers.values())
    for case, number in dealt.numbers.items():
        assert dealt.of[case] == ("under 40" if number < 40 else "40+")
    assert set(dealt.of.index[dealt.of == "missing"]) == {"c040", "c041"}


def test_a_slope_finds_nothing_in_worlds_in_which_ages_change_hands():
    rng = np.random.default_rng(4)
    ages = rng.integers(20, 90, 120)
    frame = pd.DataFrame({"case": [f"c{n:03d}" for n in range(120)], "age": ages.astype(str)})
    scores = frame[["case"]].assign(model="unet", reference="expert")
    benchmark = Benchmark(
        name="ages",
        metadata=frame,
        references=[Reference(name="expert", kind="expert")],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age", quantiles=2)],
        scores=scores.assign(dice=0.9 - 0.005 * (ages - 20) + rng.normal(0, 0.05, 120)),
        checks=[Check("gap", by="age", continuous=True, step=10, limit=0.01)],
    )
    assert str(run_audit(benchmark).findings[0].verdict) == "FAIL"
    result = run_selftest(prepare(benchmark), n_worlds=40)
    (told,) = result["checks"]
    assert told["why_not"] == "nothing is planted along a number"
    assert result["build_level"]["count"] <= 4
