"""The made-up cohort: what was planted is found, and without it nothing fails."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.benchmark.definition import Benchmark

EXAMPLE = Path(__file__).parents[3] / "examples" / "breast_phantom"


def load_maker():
    spec = importlib.util.spec_from_file_location("make_phantom", EXAMPLE / "make_phantom.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_phantom"] = module  # its dataclass looks for its own module
    spec.loader.exec_module(module)
    return module


def audit_cohort(folder, **options):
    load_maker().make_cohort(folder / "generated", **options)
    shutil.copy(EXAMPLE / "biasruler.toml", folder)
    audit = run_audit(Benchmark.from_file(folder / "biasruler.toml"))
    assert audit.accounting["checks"]["errors"] == []
    return {finding.id: finding for finding in audit.findings}


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    return audit_cohort(tmp_path_factory.mktemp("biased"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "ruler[dice-age-by_expert]",
        "labels[dice-age]",
        "labels[signed_volume_error-age]",
        "amplification[dice-age]",
        "echo[by_machine]",
        "echo[age-by_machine]",
        "morphology[age]",
        "ranking[dice]",
        "gap[dice-age-by_machine]",
    ],
)
def test_what_was_planted_is_found(findings, name):
    assert findings[name].verdict == "FAIL", findings[name].statement


@pytest.mark.slow
def test_the_model_of_the_experts_is_fair_by_the_experts_alone(findings):
    assert findings["gap[dice-age-by_expert]"].verdict == "PASS"
    ruler = findings["ruler[dice-age-by_expert]"]
    assert ruler.details["flip"] == "false alarm"


@pytest.mark.slow
def test_the_closed_loop_hides_the_gap_that_training_made(findings):
    loop = findings["amplification[dice-age]"].details["closed_loop"]
    gaps = {(c["trained_on"], c["judged_by"]): c["value"] for c in loop["cells"]}
    assert gaps["automated", "expert"] > 0.05 > gaps["automated", "automated"]


@pytest.mark.slow
def test_pooling_the_sites_turns_the_gap_around(findings):
    transport = findings["transport[dice-ethnicity-by_expert]"]
    (contrast,) = transport.details["contrasts"]
    assert transport.details["simpson"]
    assert contrast["pooled"] < 0 < contrast["standardised"]
    assert "pooling the sites turns it around" in transport.statement


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_without_bias_nothing_fails(tmp_path, seed):
    findings = audit_cohort(tmp_path, seed=seed, fair=True)
    failed = [f.statement for f in findings.values() if f.verdict == "FAIL"]
    assert failed == []
