"""The same question under other settings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Defaults, Model, Reference

N = 120


def build(check="gap", *, bins=(0, 40, 60, 100), names=None, iou=True, **keys):
    """Return a benchmark of scores alone in which those of 60 and more score 0.1 less."""
    ages = np.linspace(20, 99, N).round(1)
    noise = np.random.default_rng(3).normal(0.85, 0.03, N)
    dice = np.clip(noise - 0.1 * (ages >= 60), 0, 1)
    cases = [f"c{i:03d}" for i in range(N)]
    table = pd.DataFrame({"case": cases, "model": "unet", "reference": "expert", "dice": dice})
    if iou:
        table["iou"] = dice / (2 - dice)
    return Benchmark(
        name="ages",
        metadata=pd.DataFrame({"case": cases, "age": [f"{age:g}" for age in ages]}),
        references=[Reference(name="expert", kind="expert")],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age", bins=bins, names=names)],
        scores=table,
        checks=[Check(check, **{"by": "age", "sensitivity": True, **keys})],
    )


def finding_of(benchmark):
    (finding,) = run_audit(benchmark).findings
    return finding


def settings_of(benchmark, what):
    told = finding_of(benchmark).details["sensitivity"]["settings"]
    return {each["setting"]: each for each in told if each["what"] == what}


def test_only_a_check_that_asks_for_it_is_asked_again():
    assert "sensitivity" not in finding_of(build(sensitivity=False)).details
    assert "sensitivity" in finding_of(build()).details


def test_metrics_of_one_family_share_the_limit():
    metrics = settings_of(build(), "metric")
    iou = metrics["IoU, at the same limit"]
    assert iou["limit"] == 0.05
    # A tenth of Dice is a sixth of IoU here, so it fails as Dice does.
    assert iou["value"] > 0.1
    assert iou["verdict"] == "FAIL"


def test_a_metric_without_scores_says_so():
    metrics = settings_of(build(iou=False), "metric")
    row = metrics["IoU, at the same limit"]
    assert row["verdict"] is None
    assert row["why_not"] == "no score of iou for unet against expert"


def test_inner_edges_are_moved_by_a_tenth_of_the_bin_on_that_side():
    bins = settings_of(build(), "bins")
    assert list(bins) == [
        "age cut at 36 instead of 40",
        "age cut at 42 instead of 40",
        "age cut at 58 instead of 60",
        "age cut at 64 instead of 60",
    ]
    assert all(row["verdict"] for row in bins.values())
    # From 58 on the last bin takes in people who score well: the gap shrinks.
    assert bins["age cut at 58 instead of 60"]["value"] < finding_of(build()).estimate.value


def test_a_baseline_is_found_after_an_edge_has_moved():
    bins = settings_of(build(baseline="[0, 40)"), "bins")
    assert all(row["verdict"] for row in bins.values())


def test_categories_have_no_edges():
    benchmark = build()
    plain = Benchmark(
        name="ages",
        metadata=pd.DataFrame({"case": benchmark.metadata["case"], "age": ["a", "b"] * (N // 2)}),
        references=benchmark.references,
        models=benchmark.models,
        attributes=[Attribute(name="age")],
        scores=benchmark.scores,
        checks=benchmark.checks,
    )
    assert settings_of(plain, "bins") == {}


def test_limits_are_halved_and_doubled():
    limits = settings_of(build(limit=0.06), "limit")
    assert {text: row["limit"] for text, row in limits.items()} == {
        "half the limit": 0.03,
        "twice the limit": 0.12,
    }
    assert limits["half the limit"]["verdict"] == "FAIL"
    assert limits["twice the limit"]["verdict"] != "FAIL"


def test_the_limit_of_a_ratio_is_moved_by_its_distance_from_1():
    limits = settings_of(build("success", threshold=0.8), "limit")
    assert {text: row["limit"] for text, row in limits.items()} == {
        "half the distance of the limit from 1": 0.9,
        "twice the distance of the limit from 1": 0.6,
    }


def test_a_limit_that_the_metric_cannot_reach_says_so():
    limits = settings_of(build("floor", limit=0.7), "limit")
    assert limits["twice the limit"]["why_not"] == "Dice cannot be 1.400"
    assert limits["half the limit"]["verdict"] == "PASS"


def test_without_two_empty_masks_the_other_rule_says_so():
    rules = settings_of(build(), "empty masks")
    assert list(rules) == ['both_empty = "exclude"']
    reason = "there is no case in which both masks are empty"
    assert rules['both_empty = "exclude"']["why_not"] == reason


def test_the_share_counts_what_was_computed_against_the_verdict_alone():
    told = finding_of(build(limit=0.06)).details["sensitivity"]
    verdicts = [each["verdict"] for each in told["settings"] if each["verdict"]]
    assert told["verdict"] == "FAIL"
    assert told["share_other"] == sum(v != "FAIL" for v in verdicts) / len(verdicts)
    assert 0 < told["share_other"] < 1


def test_settings_change_neither_verdict_nor_outcome():
    plain, asked = finding_of(build(sensitivity=False)), finding_of(build())
    for name in ("verdict", "outcome", "estimate", "p_fail", "p_fail_holm"):
        assert getattr(plain, name) == getattr(asked, name)


@pytest.fixture(scope="module")
def absent_masks():
    """Return cubes; of the women, every second has an empty mask by expert and model alike."""

    def cube(number, height):
        voxels = np.zeros((12, 12, 6), np.uint8)
        if number % 4 != 1:
            x, y = number % 7, number // 7  # no two patients have the same mask
            voxels[x : x + height, y : y + 4, 1:5] = 1
        return voxels

    cases = [f"c{number:02d}" for number in range(40)]
    expert, unet = ({c: cube(i, height) for i, c in enumerate(cases)} for height in (4, 3))
    return cases, expert, unet


def test_the_other_rule_for_empty_masks_is_recomputed_from_the_scores(absent_masks):
    cases, expert, unet = absent_masks

    def rule(both_empty):
        benchmark = Benchmark(
            name="cubes",
            metadata=pd.DataFrame({"case": cases, "sex": ["M", "F"] * 20}),
            references=[Reference(name="expert", kind="expert", masks=expert)],
            models=[Model(name="unet", masks=unet)],
            attributes=[Attribute(name="sex")],
            defaults=Defaults(min_patients=5, both_empty=both_empty),
            checks=[Check("gap", by="sex", sensitivity=True)],
        )
        finding = finding_of(benchmark)
        (other,) = [
            each
            for each in finding.details["sensitivity"]["settings"]
            if each["what"] == "empty masks"
        ]
        return finding.estimate.value, other["setting"], other["value"]

    # Scored as 1, the empty ones lift the women's mean from 6/7 to the middle of 6/7 and 1.
    assert rule("score") == (pytest.approx(1 / 14), 'both_empty = "exclude"', pytest.approx(0))
    assert rule("exclude") == (pytest.approx(0), 'both_empty = "score"', pytest.approx(1 / 14))
