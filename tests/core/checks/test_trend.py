"""`gap` and `ruler` with ``continuous``: sentences, verdicts, and designs that prove nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import Audit, load_schema, run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems
from pytest_biasruler.report.exports import tabulate_findings
from pytest_biasruler.report.gitlab import write_code_quality
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.markdown import write_markdown
from pytest_biasruler.report.model_card import write_model_card

ALONG = {"continuous": True, "step": 10}
AGE = Attribute(name="age", bins=(0, 50, 120))


def make(ages, expert, automated=None, *, patients=None, checks, attributes=(AGE,), columns=None):
    cases = [f"c{n:04d}" for n in range(len(ages))]
    table = {"case": cases, "patient": patients or cases, "age": [str(age) for age in ages]}
    sets = {"expert": expert} | ({} if automated is None else {"automated": automated})
    scores = [
        pd.DataFrame({"case": cases, "model": "unet", "reference": name, "dice": column})
        for name, column in sets.items()
    ]
    return Benchmark(
        name="ages",
        metadata=pd.DataFrame(table | (columns or {})),
        patient="patient",
        references=[Reference(name=name, kind=name) for name in sets],
        models=[Model(name="unet")],
        attributes=list(attributes),
        scores=pd.concat(scores),
        checks=[Check(check, **{"by": "age", **keys}) for check, keys in checks],
    )


def finding_of(*args, check="gap", **keys):
    data = {name: keys.pop(name) for name in ("patients", "attributes", "columns") if name in keys}
    audit = run_audit(make(*args, checks=[(check, {**ALONG, **keys})], **data))
    (finding,) = audit.findings
    json.dumps(finding.details, allow_nan=False)
    return finding


@pytest.fixture(scope="module")
def people():
    """Return ages and scores of 120 people that fall by 0.03 per decade."""
    rng = np.random.default_rng(3)
    ages = rng.integers(20, 90, 120)
    return ages, np.clip(0.95 - 0.003 * (ages - 20) + rng.normal(0, 0.04, 120), 0, 1)


def test_a_score_that_falls_with_age_fails_and_says_by_how_much(people):
    finding = finding_of(*people, limit=0.01)
    slope = np.polyfit(people[0] / 10, people[1], 1)[0]
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(-slope)
    assert finding.statement == f"Dice falls by {-slope:.3f} per 10 of age"
    trend = finding.details["trend"]
    assert trend["slope"] == pytest.approx(slope)
    assert trend["bounds"][0] <= trend["ci95"][0] + 0.01
    assert [point["name"] for point in trend["points"]] == ["0–49", "50–120"]
    assert finding.estimate.pair is None


def test_the_id_says_that_the_numbers_were_followed(people):
    benchmark = make(*people, checks=[("gap", {**ALONG, "limit": 0.01}), ("gap", {})])
    ids = [check.id for check in declare_checks(benchmark)]
    assert ids == ["gap[dice-age-unet-continuous]", "gap[dice-age-unet]"]


def test_a_score_that_rises_just_as_steeply_fails_as_well(people):
    ages, scores = people
    finding = finding_of(ages, 1.2 - scores, limit=0.01)
    assert finding.verdict == Verdict.FAIL
    assert finding.statement.startswith("Dice rises by 0.0")


def test_a_flat_score_passes_only_if_the_whole_interval_lies_inside():
    rng = np.random.default_rng(5)
    ages, scores = rng.integers(20, 90, 400), rng.normal(0.8, 0.05, 400)
    passed = finding_of(ages, scores, limit=0.01)
    assert (passed.verdict, passed.estimate.low) == (Verdict.PASS, 0)
    undecided = finding_of(ages[:60], scores[:60], limit=0.005)
    assert (undecided.verdict, undecided.reason) == (Verdict.INCONCLUSIVE, "underpowered")
    assert undecided.min_detectable > 0.005
    assert set(undecided.details["needed"]) == {"0–49", "50–120"}


def test_what_the_automated_reference_bends_is_its_slope_minus_the_experts(people):
    ages, expert = people
    automated = np.clip(expert + 0.002 * (ages - 20), 0, 1.2)
    automated = np.minimum(automated, 1.0)
    finding = finding_of(ages, expert, automated, check="ruler", limit=0.005)
    slopes = finding.details["slopes_by"]
    assert finding.verdict == Verdict.FAIL
    bend = slopes["automated"] - slopes["expert"]
    assert finding.details["trend"]["slope"] == pytest.approx(bend)
    assert finding.statement == (
        f"The automated reference bends Dice by {bend:.3f} per 10 of age (experts "
        f"\N{MINUS SIGN}{-slopes['expert']:.3f}, automated \N{MINUS SIGN}"
        f"{-slopes['automated']:.3f})"
    )


def test_an_automated_reference_that_is_the_expert_bends_nothing(people):
    finding = finding_of(*people, people[1], check="ruler", limit=0.001)
    estimate = finding.estimate
    assert (finding.verdict, estimate.value, estimate.low, estimate.high) == (
        Verdict.PASS, 0, 0, 0,
    )  # fmt: skip


def test_of_distances_lower_is_better_and_the_sentence_keeps_its_direction():
    rng = np.random.default_rng(8)
    ages = rng.integers(20, 90, 80)
    benchmark = make(
        ages, ages * 0.5 + rng.normal(0, 1, 80), checks=[("gap", {**ALONG, "limit": 1.0})]
    )
    scores = benchmark.scores.rename(columns={"dice": "hd95_mm"})
    checks = [Check("gap", by="age", metric="hd95_mm", limit=1.0, **ALONG)]
    (finding,) = run_audit(replace(benchmark, scores=scores, checks=checks)).findings
    assert finding.verdict == Verdict.FAIL
    assert finding.statement.startswith("HD95 rises by 5.0")
    assert finding.statement.endswith(" mm per 10 of age")
    assert finding.details["trend"]["slope"] == pytest.approx(5, abs=0.3)


def test_one_age_for_all_proves_nothing():
    finding = finding_of([55] * 60, np.linspace(0.7, 0.9, 60), limit=0.01)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert (finding.estimate, finding.p_fail) == (None, None)


def test_too_few_people_prove_nothing():
    ages = [30] * 19 + [70] * 40
    finding = finding_of(ages, np.linspace(0.9, 0.3, 59), limit=0.01)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")


def test_one_far_patient_decides_nothing():
    ages = [*range(30, 50), *range(50, 69), 1000]
    finding = finding_of(
        ages,
        [*np.full(39, 0.8), 0.1],
        attributes=[Attribute(name="age", bins=(0, 50, 2000))],
        limit=0.001,
    )
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "one patient decides")


def test_cases_of_few_patients_are_not_many_patients():
    ages = np.repeat(np.linspace(30, 80, 30).round(), 10)
    patients = [f"p{n:02d}" for n in np.repeat(np.arange(30), 10)]
    scores = np.linspace(0.9, 0.6, 300)
    finding = finding_of(ages, scores, patients=patients, limit=0.01)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")


def test_whose_age_is_not_known_is_not_on_the_line(people):
    ages, scores = people
    known = finding_of(ages, scores, limit=0.01)
    more = finding_of([*ages, "", ""], [*scores, 0.0, 0.0], limit=0.01)
    assert more.estimate.value == known.estimate.value
    assert [str(group.status) for group in more.groups][-1] == "missing"


def test_lost_scores_withhold_a_pass():
    rng = np.random.default_rng(5)
    ages, scores = rng.integers(20, 90, 400), rng.normal(0.8, 0.05, 400)
    scores[:30] = np.nan
    finding = finding_of(ages, scores, limit=0.01)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"continuous": True, "limit": 0.1}, "step is missing beside continuous"),
        ({"step": 10}, "step stands without continuous"),
        ({**ALONG, "step": 0}, "step is 0; expected a number above 0"),
        ({**ALONG, "by": "sex"}, 'continuous follows "sex", which holds categories'),
        ({**ALONG, "by": [["age", "sex"]]}, "continuous crosses 2 attributes"),
        ({**ALONG, "baseline": "0–49"}, "gap takes no baseline with continuous"),
        ({**ALONG, "continuous": [True, False]}, "continuous is a list; expected true or false"),
        ({**ALONG, "limit": -1}, "limit is -1"),
    ],
)
def test_a_slope_that_cannot_be_is_refused_with_its_fix(people, keys, message):
    benchmark = make(
        *people,
        checks=[("gap", keys)],
        attributes=[AGE, Attribute(name="sex")],
        columns={"sex": ["F", "M"] * 60},
    )
    with pytest.raises(BiasRulerProblems) as refused:
        declare_checks(benchmark)
    assert message in str(refused.value)


def test_the_fix_of_categories_is_the_line_to_add(people):
    benchmark = make(*people, checks=[("gap", ALONG)], attributes=[Attribute(name="age")])
    with pytest.raises(BiasRulerProblems, match=r"Add quantiles = 4, or bins, to \[attr"):
        declare_checks(benchmark)


def test_its_limit_is_not_that_of_a_rulers_gaps(people):
    benchmark = make(
        *people, people[1], checks=[("gap", {**ALONG, "limit": 0.001}), ("ruler", {})]
    )
    assert declare_checks(benchmark)[1].options["gap_limit"] == 0.05


def test_a_limit_may_be_larger_than_the_metric_is_wide(people):
    assert finding_of(*people, step=1000, limit=5.0).verdict == Verdict.PASS


@pytest.mark.parametrize("public", [False, True])
def test_a_slope_that_was_changed_by_hand_is_refused(people, public):
    audit = run_audit(make(*people, checks=[("gap", {**ALONG, "limit": 0.01})]), public=public)
    content = json.loads(audit.to_json())
    for part in ("estimate", "trend"):
        changed = json.loads(json.dumps(content))
        finding = changed["findings"][0]
        if part == "estimate":
            finding["estimate"]["value"] /= 2
        else:
            finding["details"]["trend"]["slope"] /= 2
        with pytest.raises(BiasRulerError, match=r"another slope of .* than its estimate"):
            Audit.from_json(json.dumps(changed))


@pytest.mark.parametrize("public", [False, True])
def test_every_output_tells_a_slope(people, public):
    checks = [("gap", {**ALONG, "limit": 0.01, "sensitivity": True}), ("ruler", ALONG)]
    audit = run_audit(make(*people, people[1] * 0.99, checks=checks), public=public)
    text = audit.to_json()
    jsonschema.validate(json.loads(text), load_schema())
    assert Audit.from_json(text).to_json() == text
    page, markdown = render_html(audit), write_markdown(audit)
    if not public:
        assert "per 10 of age" in page
        assert "fitted line" in page
    assert "falling slope (per 10)" in markdown
    assert "downward bend" not in markdown, "the scores fall less by the automated reference"
    for write in (write_code_quality, write_model_card, tabulate_findings):
        assert "falling slope (per 10)" in write(audit), write
    slope = audit.findings[0].details["trend"]
    assert slope["step"] == 10
    assert ("points" in slope) is not public
    assert ("leverage" in slope) is not public
