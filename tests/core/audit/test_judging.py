from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.audit import judge_declared, judge_one, prepare, run_audit
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.statistics.multiplicity import adjust_holm


def test_declared_checks_are_one_family_whatever_their_order(make_benchmark):
    checks = [
        ("gap", {"limit": 0.05}),
        ("ruler", {"limit": 0.02}),
        ("gap", {"limit": 0.5}),
    ]
    forward = judge_declared(prepare(make_benchmark(*checks)))
    backward = judge_declared(prepare(make_benchmark(*reversed(checks))))
    p_values = [judgement.finding.p_fail for judgement in forward]
    adjusted = [judgement.finding.p_fail_holm for judgement in forward]
    assert adjusted == pytest.approx(adjust_holm(p_values).tolist())
    assert adjusted == [judgement.finding.p_fail_holm for judgement in reversed(backward)]


def test_a_fail_that_does_not_survive_its_family_is_inconclusive(make_benchmark):
    alone = run_audit(make_benchmark(("gap", {"limit": 0.06}))).findings[0]
    assert alone.verdict == Verdict.FAIL
    crowd = [
        ("gap", {"limit": 0.06}),
        *[("gap", {"limit": 0.5, "name": f"n{i}"}) for i in range(9)],
    ]
    first = run_audit(make_benchmark(*crowd)).findings[0]
    assert alone.p_fail <= 0.05 < first.p_fail_holm
    assert (first.verdict, first.reason) == (Verdict.INCONCLUSIVE, "multiplicity")


def test_a_check_that_cannot_run_counts_in_the_family_and_is_no_pass(make_benchmark):
    benchmark = make_benchmark(
        ("gap", {"limit": 0.05}), ("gap", {"limit": 0.05, "metric": "hd95_mm"})
    )
    judgements = judge_declared(prepare(benchmark))
    assert judgements[0].finding.p_fail_holm == pytest.approx(2 * judgements[0].finding.p_fail)
    assert judgements[1].finding is None
    assert judgements[1].error.code == "BR503"
    audit = run_audit(benchmark)
    assert audit.accounting["checks"]["ran"] == 1
    assert [error["code"] for error in audit.accounting["checks"]["errors"]] == ["BR503"]


def test_a_line_of_the_metadata_is_told_beside_the_check_that_it_stops(make_benchmark):
    benchmark = make_benchmark(("difficulty", {"difficulty": ["size"]}))
    size = [str(number) for number in range(70)]
    size[4] = "large"
    (judgement,) = judge_declared(
        prepare(replace(benchmark, metadata=benchmark.metadata.assign(size=size)))
    )
    assert str(judgement.error).startswith(
        "BR406 difficulty[dice-age-unet]: 1 cell of size without a number, among numbers "
        "(metadata:5); expected numbers throughout"
    )


def test_screens_stand_outside_the_family_and_carry_a_q(make_benchmark):
    audit = run_audit(
        make_benchmark(("gap", {"limit": 0.05}), ("ruler", {"limit": 0.02, "screen": True}))
    )
    gap, screen = audit.findings
    assert gap.p_fail_holm == gap.p_fail
    assert screen.p_fail_holm is None
    assert screen.details["q"] == pytest.approx(screen.p_fail)
    assert screen.verdict == Verdict.FAIL
    assert screen.outcome == "passed"


def test_ad_hoc_questions_are_families_of_one(make_benchmark):
    evidence = prepare(make_benchmark(("gap", {"limit": 0.5})))
    (finding,) = judge_one(evidence, "gap", metric="dice", by="age", limit=0.05)
    assert finding.p_fail_holm == finding.p_fail
    with pytest.raises(BiasRulerError, match="BR602"):
        judge_one(evidence, "gap", metric="dice", by="age", limt=0.05)


def test_raising_the_limit_never_turns_a_pass_into_a_fail(make_benchmark):
    evidence = prepare(make_benchmark(("gap", {"limit": 0.5})))
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    ranks = [
        order.index(judge_one(evidence, "gap", by="age", limit=step / 100)[0].verdict)
        for step in range(1, 30)
    ]
    assert ranks == sorted(ranks)
    assert {0, 1, 2} == set(ranks)


def test_a_baseline_that_is_no_subgroup_is_refused_before_scoring(make_benchmark):
    benchmark = make_benchmark(("gap", {"limit": 0.05, "baseline": "olt"}))
    with pytest.raises(BiasRulerError, match='unknown baseline "olt"; expected one of old, young'):
        run_audit(benchmark)
    evidence = prepare(make_benchmark(("gap", {"limit": 0.05})))
    with pytest.raises(BiasRulerError, match="Write old if that is meant"):
        judge_one(evidence, "ruler", by="age", limit=0.05, baseline="olt")


def test_missing_values_are_a_baseline_only_where_they_are_judged(make_benchmark):
    ages = ["old"] * 40 + [""] * 30
    benchmark = make_benchmark(("gap", {"limit": 0.05, "baseline": "missing"}), ages=ages)
    with pytest.raises(BiasRulerError, match='unknown baseline "missing"; expected one of old'):
        run_audit(benchmark)
