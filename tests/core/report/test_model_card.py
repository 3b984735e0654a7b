from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.model_card import write_model_card

from .audit_example import (
    ERROR,
    HOSTILE,
    gap_age,
    make_audit,
    make_estimate,
    make_finding,
    make_hostile_audit,
    ruler_age,
    with_checks,
)

yaml = pytest.importorskip("yaml", reason="reads the card as the Hub does")


def read_card(audit):
    """Return the results by model, read as `huggingface_hub` reads the front matter of a card."""
    card = yaml.safe_load(write_model_card(audit))
    assert set(card) == {"model-index"}
    return {entry["name"]: read_results(entry) for entry in card["model-index"]}


def read_results(entry):
    """Return the only result of a model; every key that a reader looks up must be there."""
    (result,) = entry["results"]
    assert result["task"]["type"] == "image-segmentation"
    assert {"type", "name"} <= set(result["dataset"])
    assert all({"type", "value", "name", "args"} <= set(one) for one in result["metrics"])
    return result


def test_each_finding_is_a_metric_with_its_ruler_and_its_limit():
    result = read_card(replace(make_audit(), findings=(ruler_age(),)))["unet"]

    assert result["metrics"] == [
        {
            "type": "biasruler-ruler",
            "name": "distortion of Dice by age",
            "value": 0.081,
            "args": {
                "verdict": "FAIL",
                "outcome": "failed",
                "check": "ruler[dice-age-unet]",
                "low": 0.0491,
                "high": 0.1151,
                "limit": 0.03,
                "policy": "confident-fail",
                "model": "unet",
                "subgroups": ["0–40", "56–120"],
                "reference": "expert",
                "reference_kind": "expert",
                "automated": "automated",
                "automated_kind": "automated",
            },
        }
    ]


def test_the_data_set_is_the_benchmark_and_tells_how_the_whole_audit_ended():
    audit = with_checks(make_audit(), declared=14, ran=12, errors=[ERROR])
    assert read_card(audit)["unet"]["dataset"] == {
        "type": "biasruler-breast-dce-mri",
        "name": "Breast DCE-MRI",
        "revision": "a1" * 32,
        "args": {
            "audit": "ERROR 1 of 13, FAIL 2, INCONCLUSIVE 4",
            "tool": "pytest-biasruler 0.1.0",
        },
    }


def test_a_finding_about_no_single_model_stands_with_every_model():
    findings = (
        gap_age(),
        make_finding("gap", id="g2", model="other"),
        make_finding("ranking", id="r", model=None, by=()),
        make_finding("labels", id="l", model=None),
    )
    models = {"unet": {"trained_on": None}, "other": {"trained_on": None}}
    card = read_card(replace(make_audit(), models=models, findings=findings))

    told = {
        model: [(one["type"], one["args"].get("model")) for one in result["metrics"]]
        for model, result in card.items()
    }
    shared = [("biasruler-ranking", None), ("biasruler-labels", None)]
    assert told == {
        "unet": [("biasruler-gap", "unet"), *shared],
        "other": [("biasruler-gap", "other"), *shared],
    }


def test_a_model_that_nothing_was_asked_about_has_no_results():
    models = {"unet": {"trained_on": None}, "idle": {"trained_on": None}}
    card = read_card(replace(make_audit(), models=models, findings=(gap_age(),)))
    assert list(card) == ["unet"]
    assert write_model_card(replace(make_audit(), findings=())) == "model-index: []\n"
    assert write_model_card(replace(make_audit(), models={})) == "model-index: []\n"


@pytest.mark.parametrize("estimate", [None, make_estimate(None, None, None)])
def test_a_finding_without_a_number_is_not_passed_over(estimate):
    finding = make_finding(estimate=estimate, verdict=Verdict.FAIL)
    (metric,) = read_card(replace(make_audit(), findings=(finding,)))["unet"]["metrics"]
    assert metric["value"] == "FAIL"
    assert not {"low", "high"} & set(metric["args"])


def test_no_type_is_that_of_a_score():
    """A leaderboard that collects Dice must not take a gap in Dice for one."""
    types = {one["type"] for one in read_card(make_audit())["unet"]["metrics"]}
    assert all(kind.startswith("biasruler-") for kind in types)


@pytest.mark.parametrize("value", [1e-05, 1.5e-07, 1e16, -2.5e20, 0.0, 3.0, 0.1 + 0.2])
def test_every_number_is_read_as_the_number_it_is(value):
    """YAML 1.1 reads 1e-05 as a word."""
    finding = make_finding(estimate=make_estimate(value, value, value))
    (metric,) = read_card(replace(make_audit(), findings=(finding,)))["unet"]["metrics"]
    found = [metric["value"], metric["args"]["low"], metric["args"]["high"]]
    assert found == [value] * 3
    assert all(type(number) is float for number in found)


def test_hostile_names_stay_words():
    card = read_card(make_hostile_audit())

    assert len(card) == len(HOSTILE), "one entry for each name, cut where it is long"
    assert {"007", "NA", "(empty)", r"left\u202eright", r"two\nlines"} <= set(card)
    for name, result in card.items():
        (metric,) = result["metrics"]
        assert metric["args"]["model"] == name


@pytest.mark.parametrize("sign", ["\ufffe", "\uffff", "\x85", "\u2028", "\ud800", "\t", "'", "\\"])
def test_signs_that_yaml_has_no_place_for_do_not_break_the_card(sign):
    name = f"a{sign}b"
    finding = make_finding(model=name)
    audit = replace(make_audit(), models={name: {"trained_on": None}}, findings=(finding,))
    (found,) = read_card(audit)
    assert found[0] + found[-1] == "ab"


def test_one_model_is_a_piece_of_text_that_can_be_taken_alone():
    models = {"unet": {"trained_on": None}, "other": {"trained_on": None}}
    findings = (gap_age(), make_finding("gap", id="g2", model="other"))
    text = write_model_card(replace(make_audit(), models=models, findings=findings))

    head, first, second = text.partition("- name: ")[0], *text.split("- name: ")[1:]
    for name, part in (("unet", first), ("other", second)):
        (entry,) = yaml.safe_load(f"{head}- name: {part}")["model-index"]
        assert entry["name"] == name


def test_a_metric_is_named_by_what_was_measured():
    named = {
        "gap of Dice by age, label tumor": make_finding(label="tumor"),
        "gap of HD95 by age, mm": make_finding(metric="hd95_mm", unit="mm"),
        "mean gap over sites of Dice by age, upper bound for a new site": make_finding(
            "transport"
        ),
        "evidence by age": make_finding("provenance", metric=None),
        "regret of Dice": make_finding("ranking", by=()),
    }
    card = read_card(replace(make_audit(), findings=(*named.values(),)))
    assert [one["name"] for one in card["unet"]["metrics"]] == [*named]
