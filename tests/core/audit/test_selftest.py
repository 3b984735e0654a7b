"""What the gate catches of planted biases."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import load_schema, run_selftest
from pytest_biasruler.audit.operators import OPERATORS
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.audit.scene import REAL, Stage, play
from pytest_biasruler.audit.tally import false_safe, mutation_score, share_of, smallest_caught
from pytest_biasruler.audit.trial import plan_trial
from pytest_biasruler.audit.worlds import open_deck
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference

WORLDS = 12


def build(*checks, n=120, gap=0.0, seed=5, models=("unet",), **keys):
    """Return a benchmark of scores alone, two subgroups of which the young are a third."""
    generator = np.random.default_rng(seed)
    cases = [f"c{i:03d}" for i in range(n)]
    ages = np.array(["young" if i % 3 == 0 else "old" for i in range(n)])
    expert = np.clip(generator.normal(0.8, 0.05, n) - gap * (ages == "young"), 0, 1)
    rows = [("auto", "expert", np.clip(expert + 0.05, 0, 1))]
    for number, model in enumerate(models):
        own = np.clip(expert + 0.01 * number + generator.normal(0, 0.01, n), 0, 1)
        rows += [(model, "expert", own), (model, "auto", np.clip(own + 0.04, 0, 1))]
    return Benchmark(
        name="made up",
        metadata=pd.DataFrame({"case": cases, "age": ages, "slices": range(n)}),
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="auto", kind="automated"),
        ],
        models=[Model(name=name) for name in models],
        attributes=[Attribute(name="age")],
        scores=pd.concat(
            pd.DataFrame({"case": cases, "model": m, "reference": r, "dice": values})
            for m, r, values in rows
        ),
        checks=[Check(check, **own) for check, own in checks],
        **keys,
    )


GAP = ("gap", {"by": "age"})
RULER = ("ruler", {"by": "age"})


@pytest.fixture(scope="module")
def result():
    return run_selftest(prepare(build(GAP, RULER)), n_worlds=WORLDS)


def points(result, number, name):
    (operator,) = [each for each in result["checks"][number]["operators"] if each["name"] == name]
    return operator["points"]


def test_what_fails_with_the_real_subgroups_passes_once_they_are_dealt_out_anew():
    # The real gap is four times the limit.
    evidence = prepare(build(GAP, gap=0.2)).altered(is_brief=True)
    declared = evidence.declared
    trials = tuple(plan_trial(evidence, one, None) for one in declared)
    stage = Stage(evidence=evidence, trials=trials, deck=open_deck(evidence, declared), masks={})
    assert play(stage, seed=REAL).bare[0].verdict == "FAIL"
    verdicts = [play(stage, seed=seed).bare[0].verdict for seed in range(1, 41)]
    assert "FAIL" not in verdicts


def test_a_planted_shift_comes_out_as_large_as_it_was_planted(result):
    sizes = [(point["size"], point["realised"]) for point in points(result, 0, "score shift")]
    for size, realised in sizes[:5]:  # 6 limits of 0.05 would reach below 0 in none of the cases
        assert realised == pytest.approx(size, abs=1e-9)


def test_larger_biases_are_caught_at_least_as_often(result):
    caught = [point["caught"] for point in points(result, 0, "score shift")]
    assert caught == sorted(caught)
    assert caught[0] == 0.0
    assert caught[-1] == 1.0


def test_caught_needs_a_fail_and_holm(result):
    for number in (0, 1):
        for operator in result["checks"][number]["operators"]:
            assert all(point["caught"] <= point["fail"] for point in operator["points"])


def test_a_ruler_bent_either_way_is_caught(result):
    for name in ("ruler shift", "ruler shift back"):
        assert points(result, 1, name)[-1]["caught"] == 1.0


def test_without_masks_their_operators_are_left_out_with_a_reason(result):
    names = {operator["name"] for operator in result["checks"][0]["operators"]}
    assert names == {"score shift", "score drop"}
    assert result["checks"][0]["why_not"] == "no masks to alter"


def test_the_smallest_judged_subgroup_gets_the_bias(result):
    assert (result["checks"][0]["target"], result["checks"][0]["n_patients"]) == ("young", 40)


def test_difficulty_looks_one_way_only_if_its_baseline_is_declared():
    own = {"by": "age", "difficulty": "slices"}
    evidence = prepare(build(("difficulty", own), ("difficulty", own | {"baseline": "old"})))
    trials = [plan_trial(evidence, declared, None) for declared in evidence.declared]
    assert [trial.is_signed for trial in trials] == [False, True]


def test_a_baseline_never_gets_the_bias():
    evidence = prepare(build(("gap", {"by": "age", "baseline": "young"})))
    (check,) = run_selftest(evidence, n_worlds=3)["checks"]
    assert check["target"] == "old"


def test_the_statement_says_what_is_caught_in_whom(result):
    text = result["checks"][0]["statement"]
    assert text.startswith("gap[dice-age-unet] catches a planted Dice gap of 0.")
    assert "in young (40 patients) in " in text
    assert text.endswith("without any bias, the gate fails in 0 %")
    assert f"some check fails in 0 % of {WORLDS} worlds" in result["statement"]


def test_every_operator_says_in_words_what_it_does():
    for check, operators in OPERATORS.items():
        told = [operator.acts_on for operator in operators]
        assert len(set(told)) == len(told), f"two operators of {check} say the same"
        assert all(len(text.split()) > 5 for text in told), check


def test_the_same_data_give_the_same_result(result):
    assert run_selftest(prepare(build(GAP, RULER)), n_worlds=WORLDS) == result


def test_two_processes_give_what_one_gives():
    evidence, told = prepare(build(GAP)), []
    here = run_selftest(evidence, n_worlds=20)
    there = run_selftest(
        evidence, n_worlds=20, workers=2, on_worlds=lambda *numbers: told.append(numbers)
    )
    assert here == there
    assert told == [(n, 20, 0) for n in range(1, 21)]


def test_the_result_fits_the_schema_of_audits(result):
    schema = load_schema()
    own = {"$defs": schema["$defs"], **schema["properties"]["selftest"]}
    jsonschema.validate(json.loads(json.dumps(result, allow_nan=False)), own)
    assert set(own["properties"]) == set(result)


def test_a_gate_without_checks_that_can_fail_is_not_tested():
    assert run_selftest(prepare(build(("provenance", {"by": "age"})))) == {}
    assert run_selftest(prepare(build(("gap", {"by": "age", "screen": True})))) == {}


def test_a_check_that_cannot_run_is_listed_with_the_reason():
    benchmark = build(GAP, ("gap", {"by": "age", "metric": "nsd"}))
    _, second = run_selftest(prepare(benchmark), n_worlds=2)["checks"]
    assert (second["why_not"], second["operators"]) == ("it could not run", [])


def test_a_check_of_one_subgroup_is_listed_with_the_reason():
    (check,) = run_selftest(prepare(build(GAP, n=40)), n_worlds=2)["checks"]
    assert check["why_not"] == "fewer than two subgroups are judged"
    assert check["statement"] == ""


def test_a_floor_that_everybody_misses_cannot_raise_a_false_alarm():
    evidence = prepare(build(("floor", {"by": "age", "limit": 0.95})))
    result = run_selftest(evidence, n_worlds=3)
    (check,) = result["checks"]
    assert check["why_not"] == "the mean of all cases is already beyond the limit"
    assert check["false_alarm"] is None
    assert result["build_level"]["count"] == 0


def test_a_fallen_floor_is_caught():
    evidence = prepare(build(("floor", {"by": "age", "limit": 0.75})))
    (check,) = run_selftest(evidence, n_worlds=5)["checks"]
    assert check["smallest_caught"]["realised"] > 1
    assert check["operators"][0]["points"][-1]["caught"] == 1.0


def test_rarer_success_is_caught_and_told_as_a_share():
    evidence = prepare(build(("success", {"by": "age", "threshold": 0.75})))
    (check,) = run_selftest(evidence, n_worlds=5)["checks"]
    shift = check["operators"][0]["points"]
    assert shift[-1]["caught"] == 1.0
    assert shift[-1]["realised"] == pytest.approx(5.0, abs=0.1), "all success gone: 1 / (1 - 0.8)"
    assert "a planted fall of the success rate to" in check["statement"]


def test_a_colluder_is_caught():
    checks = ("ranking", {"models": ["unet", "vnet"]})
    evidence = prepare(build(checks, models=("unet", "vnet")))
    (check,) = run_selftest(evidence, n_worlds=5)["checks"]
    (colluder,) = check["operators"]
    assert check["target"] is None
    assert [p["realised"] for p in colluder["points"]] == pytest.approx([0.5, 1, 1.5, 2, 3, 4, 6])
    assert colluder["points"][-1]["caught"] == 1.0
    assert check["false_alarm"]["n"] == 5


def test_a_share_is_flagged_if_its_interval_lies_above_alpha():
    assert share_of(30, 200, alpha=0.05)["flagged"]
    assert not share_of(12, 200, alpha=0.05)["flagged"]
    assert share_of(0, 0)["share"] is None


def test_the_smallest_bias_caught_is_one_that_is_caught_in_four_fifths():
    curve = [
        {"realised": size, "caught": caught, "pass": 0.0, "n": 10, "operator": "shift"}
        for size, caught in ((0.5, 0.1), (1.0, 0.79), (2.0, 0.8), (3.0, 1.0))
    ]
    assert smallest_caught(curve)["realised"] == 2.0
    assert smallest_caught(curve[:2]) is None
    assert mutation_score(curve) == {"caught": 2, "of": 2}
    assert mutation_score([{"realised": 2.5, "caught": 0.5}]) == {"caught": 0, "of": 1}


def test_false_safe_looks_at_the_first_size_that_is_not_below_the_limit():
    curve = [
        {"realised": size, "caught": 0.0, "pass": share, "n": 20, "operator": "shift"}
        for size, share in ((0.9, 0.9), (1.1, 0.25), (2.0, 0.0))
    ]
    found = false_safe(curve, alpha=0.05)
    assert (found["realised"], found["count"], found["flagged"]) == (1.1, 5, True)
    assert false_safe(curve[:1], alpha=0.05) is None
