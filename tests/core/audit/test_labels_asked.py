"""Audits of benchmarks with several labels: mean, worst, ignored voxels, in every output."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import judge_one, prepare, run_selftest
from pytest_biasruler.audit.record import load_schema
from pytest_biasruler.audit.running import run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import (
    Attribute,
    Benchmark,
    Defaults,
    Model,
    Reference,
)
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.report.html import render_html

N = 48
CASES = [f"case{number:02d}" for number in range(N)]
SEX = ["F" if number % 2 else "M" for number in range(N)]
LABELS = {"tumor": 1, "edema": 2}


def table_of(edema_of_women=0.7, **changes):
    """Ready scores: tumor 0.9 for all, edema 0.7 and for women as told, give or take."""
    noise = np.random.default_rng(3).normal(0, 0.01, (N, 2))
    rows = []
    for number, (case, sex) in enumerate(zip(CASES, SEX, strict=True)):
        means = {"tumor": 0.9, "edema": edema_of_women if sex == "F" else 0.7}
        rows += [
            {"case": case, "label": label, "model": "unet", "reference": "expert", "dice": score}
            for label, score in zip(LABELS, noise[number] + list(means.values()), strict=True)
        ]
    return pd.DataFrame(rows).assign(**changes)


def of_scores(table, *checks, **options):
    return Benchmark(
        name="labels",
        metadata=pd.DataFrame({"case": CASES, "sex": SEX, "years": range(N)}),
        references=[Reference(name="expert", kind="expert")],
        models=[Model(name="unet")],
        attributes=[Attribute(name="sex")],
        labels=LABELS,
        scores=table,
        checks=[Check(check, **{"by": "sex", **keys}) for check, keys in checks],
        **options,
    )


def of_masks(*checks, ignore=None, **options):
    """Masks of 6 voxels a side; the model misses half of every woman's edema."""
    expert, unet = {}, {}
    for number, (case, sex) in enumerate(zip(CASES, SEX, strict=True)):
        voxels = np.zeros((6, 6, 6), np.uint8)
        voxels[1 : 3 + number % 3, 1:3, 1:3] = 1
        voxels[:, 4:, 1:3] = 2
        voxels[:, 0, 4] = number >> np.arange(6) & 1  # no two patients have the same mask
        expert[case], unet[case] = voxels, voxels.copy()
        unet[case][1, 1, 1] = 0
        if sex == "F":
            unet[case][3:, 4:] = 0
        if ignore is not None:
            expert[case][3:, 4:] = ignore
    return Benchmark(
        name="labels",
        metadata=pd.DataFrame({"case": CASES, "sex": SEX}),
        references=[Reference(name="expert", kind="expert", masks=expert)],
        models=[Model(name="unet", masks=unet)],
        attributes=[Attribute(name="sex")],
        labels=LABELS,
        ignore=ignore,
        checks=[Check(check, **{"by": "sex", **keys}) for check, keys in checks],
        **options,
    )


def test_the_gap_of_the_mean_is_the_mean_of_the_gaps() -> None:
    """Edema scores women 0.3 lower and tumor alike, so their mean is 0.15 lower."""
    benchmark = of_scores(table_of(0.4), ("gap", {"label": ["tumor", "edema", "mean", "worst"]}))
    gaps = {finding.label: finding for finding in run_audit(benchmark).findings}
    assert gaps["mean"].estimate.value == pytest.approx(0.15, abs=0.01)
    assert gaps["worst"].estimate.value == pytest.approx(gaps["edema"].estimate.value)
    assert str(gaps["tumor"].verdict) == "PASS"
    assert str(gaps["mean"].verdict) == "FAIL"


def test_a_finding_tells_how_labels_were_joined() -> None:
    (mean,) = run_audit(of_scores(table_of(), ("gap", {"label": "mean"}))).findings
    assert mean.statement.endswith("; a case's Dice is the mean of tumor and edema")
    assert mean.details["aggregation"] == "mean"
    assert mean.details["aggregated"] == ["tumor", "edema"]
    assert mean.details["n_partial"] == 0
    (one,) = run_audit(of_scores(table_of(), ("gap", {"label": "tumor"}))).findings
    assert "aggregation" not in one.details
    assert "the mean of" not in one.statement


def test_labels_left_out_of_a_mean_are_told() -> None:
    """Three cases have no edema in either mask: their mean is that of tumor alone."""
    benchmark = of_masks(("gap", {"label": "mean"}), defaults=Defaults(both_empty="exclude"))
    for references in (benchmark.references, benchmark.models):
        for case in CASES[:3]:
            masks = references[0].masks[case]
            masks[masks == 2] = 0
    (finding,) = run_audit(benchmark).findings
    assert finding.details["n_partial"] == 3
    assert finding.statement.endswith("without labels that both masks lack in 3 cases")
    assert sum(group.n_cases for group in finding.groups) == N


def test_a_question_in_code_about_the_mean_needs_no_check_that_asks_it() -> None:
    evidence = prepare(of_scores(table_of(0.4)))
    (gap,) = judge_one(evidence, "gap", by="sex", label="mean", sensitivity=True)
    assert gap.estimate.value == pytest.approx(0.15, abs=0.01)
    assert "mean" not in {label for _, _, label in evidence.rows}
    assert "mean" not in set(evidence.scored.table["label"])


def test_every_output_takes_a_joined_label() -> None:
    checks = [("gap", {"label": ["mean", "worst"], "sensitivity": True}), ("floor", {
        "label": "mean", "limit": 0.5}), ("success", {"label": "worst"})]  # fmt: skip
    audit = run_audit(of_masks(*checks, ignore=7))
    plain = json.loads(audit.to_json())
    jsonschema.validate(plain, load_schema())
    assert plain["benchmark"]["ignore"] == 7
    page = render_html(audit)
    assert "is the unweighted mean of the scores of all labels in each case" in page
    assert "the value 7 in a reference are left out of every comparison with it" in page
    assert {row["label"] for row in plain["scores"]} == {"tumor", "edema", "mean", "worst"}


def test_worst_cases_of_a_mean_are_drawn_with_all_labels() -> None:
    (finding,) = run_audit(of_masks(("gap", {"label": "mean"}))).findings
    assert str(finding.verdict) == "FAIL"
    drawn = finding.details["gallery"]
    assert drawn
    assert all(case["outlines"]["expert"] and case["volume_ml"] is None for case in drawn)


def test_ignored_edema_makes_no_gap() -> None:
    """What the model misses of women's edema lies where the expert could not tell."""
    verdicts = {
        ignore: str(
            run_audit(of_masks(("gap", {"label": "mean"}), ignore=ignore)).findings[0].verdict
        )
        for ignore in (None, 7)
    }
    assert verdicts == {None: "FAIL", 7: "PASS"}


def test_background_is_in_no_mean() -> None:
    """A mask that is all right in all background and half right in tumor is half right."""
    benchmark = of_masks(("gap", {"label": "mean"}))
    evidence = prepare(benchmark)
    labels = {label for _, _, label in evidence.rows}
    assert labels == {"tumor", "edema", "mean"}
    means = evidence.pair("unet", "expert", "mean")["dice"]
    single = [evidence.pair("unet", "expert", label)["dice"] for label in LABELS]
    assert means.tolist() == pytest.approx(((single[0] + single[1]) / 2).tolist())


def test_another_rule_for_empty_masks_reaches_the_mean() -> None:
    """24 women and men each; three men lack edema in both masks, and score 1 or only tumor."""
    benchmark = of_masks(("gap", {"label": "mean", "sensitivity": True}))
    for entry in (benchmark.references[0], benchmark.models[0]):
        for case in CASES[0:6:2]:
            entry.masks[case][entry.masks[case] == 2] = 0
    (finding,) = run_audit(benchmark).findings
    settings = finding.details["sensitivity"]["settings"]
    (rule,) = [row for row in settings if row["what"] == "empty masks"]
    excluding = run_audit(replace(benchmark, defaults=Defaults(both_empty="exclude"))).findings[0]
    assert rule["value"] == pytest.approx(excluding.estimate.value, abs=1e-12)
    assert rule["value"] != finding.estimate.value


def test_a_bias_is_planted_into_a_mean_too() -> None:
    evidence = prepare(of_masks(("gap", {"label": "mean", "limit": 0.02})))
    (check,) = run_selftest(evidence, n_worlds=2)["checks"]
    assert {each["name"] for each in check["operators"]} == {"score shift", "score drop"}
    assert check["why_not"] == "masks are altered one label at a time"


def test_difficulty_of_a_mean_needs_columns() -> None:
    asked = ("difficulty", {"label": "mean"})
    audit = run_audit(of_scores(table_of(), asked))
    (error,) = audit.accounting["checks"]["errors"]
    assert "the shape of one label, and label is mean" in error["message"]
    columns = ("difficulty", {"label": "mean", "difficulty": ["years"]})
    assert len(run_audit(of_scores(table_of(), columns)).findings) == 1


def test_masks_that_do_not_touch_in_one_label_withhold_the_mean() -> None:
    benchmark = of_masks(("gap", {"label": "mean", "limit": 0.9}))
    for case in CASES:
        prediction = benchmark.models[0].masks[case]
        prediction[prediction == 2] = 0
        prediction[:, :1, 5] = 2
    (finding,) = run_audit(benchmark).findings
    assert (str(finding.verdict), finding.reason) == ("INCONCLUSIVE", "wrong pairing")


def test_a_public_audit_tells_the_joining_and_no_count() -> None:
    benchmark = of_masks(("gap", {"label": "mean"}), ignore=7)
    audit = run_audit(benchmark, public=True)
    (finding,) = audit.findings
    assert "the mean of all labels" in finding.statement
    assert finding.details["aggregation"] == "mean"
    assert "n_partial" not in finding.details
    (note,) = [note for note in audit.warnings if note["code"] == "BR308"]
    assert not any(map(str.isdigit, note["text"]))


def test_rows_named_mean_in_a_ready_table_are_not_taken_for_ours() -> None:
    table = table_of(0.4)
    strange = table[table["label"] == "tumor"].assign(label="mean")
    both = pd.concat([table, strange], ignore_index=True)
    (finding,) = run_audit(of_scores(both, ("gap", {"label": "mean"}))).findings
    assert finding.estimate.value == pytest.approx(0.15, abs=0.01)


def test_a_table_without_a_label_has_no_mean() -> None:
    table = table_of()
    with pytest.raises(BiasRulerError, match="BR503"):
        judge_one(
            prepare(of_scores(table[table["label"] == "tumor"])), "gap", by="sex", label="mean"
        )
