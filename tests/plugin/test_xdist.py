from __future__ import annotations

import json
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from pytest_biasruler.shell.ledger import Ledger

FIXTURE_TESTS = """
def test_gap(biasruler):
    biasruler.assert_gap("dice", by="age", model="unet")

def test_others(biasruler):
    biasruler.assert_gap("dice", by="sex", model="unet")
    biasruler.check_ruler("dice", by="age", model="unet")
"""


@pytest.fixture
def outputs(pytester, write_benchmark, run):
    write_benchmark("pass", "fail", "inconclusive", "error", "waived")
    pytester.makepyfile(test_gaps=FIXTURE_TESTS)

    def outputs(name, *arguments):
        paths = [f"{name}/audit.json", f"{name}/report.html"]
        result = run(
            *("biasruler.toml", "test_gaps.py", "--biasruler=biasruler.toml", "-p", "no:randomly"),
            *(f"--biasruler-json={paths[0]}", f"--biasruler-html={paths[1]}", *arguments),
        )
        return result, [(pytester.path / path).read_bytes() for path in paths]

    return outputs


def test_outputs_are_the_same_bytes_with_and_without_xdist(outputs):
    alone, alone_bytes = outputs("alone")
    shared, shared_bytes = outputs("shared", "-n2")

    assert alone.ret == shared.ret == 1
    assert shared_bytes == alone_bytes
    counts = [result.parseoutcomes() for result in (alone, shared)]
    for count in counts:
        count.pop("seconds", None)
    assert counts[0] == counts[1]


def test_each_copy_of_dist_each_gives_the_same_result(outputs):
    _, alone_bytes = outputs("alone")
    each, each_bytes = outputs("each", "--dist=each", "--tx=2*popen", "--biasruler-no-cache")

    assert each.ret == 1
    assert each_bytes == alone_bytes, "equal copies collapse"


def _report(worker, value, when="call"):
    finding = {"id": "a.toml::gap[x]", "outcome": "passed", "value": value}
    payload = [{"kind": "finding", "audit": "d", "index": 0, "hash": "", "finding": finding}]
    report = SimpleNamespace(nodeid="a.toml::gap[x]", when=when, worker_id=worker, failed=False)
    return report, payload


def test_two_results_for_one_check_are_a_conflict():
    ledger = Ledger()
    ledger.enter(*_report("gw0", 1))
    assert ledger.conflicts() == []
    ledger.enter(*_report("gw1", 1))
    assert ledger.conflicts() == []
    ledger.enter(*_report("gw2", 2))
    assert ledger.conflicts() == ["a.toml::gap[x]"]


def test_the_last_attempt_of_a_rerun_counts():
    ledger = Ledger()
    ledger.enter(*_report("gw0", 1))
    setup, _ = _report("gw0", 0, when="setup")
    ledger.enter(setup, [])
    assert ledger.n_judged("a.toml::gap[x]") == 0
    ledger.enter(*_report("gw0", 2))
    assert ledger.n_judged("a.toml::gap[x]") == 1
    assert ledger.conflicts() == []


def test_a_rerun_test_is_reported_once(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(FIXTURE_TESTS)

    result = run("--biasruler=biasruler.toml", "--reruns=1", "--biasruler-json=audit.json")

    assert result.parseoutcomes()["rerun"] == 1
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert [finding["outcome"] for finding in audit["findings"]] == ["failed", "passed", None]


COUNTING = """
import os

def counted(model, reference):
    with open(os.environ["SCORED"], "a", encoding="ascii") as file:
        file.write("x")
    return float((model.voxels & reference.voxels).sum())
"""

CONFTEST = """
from counting import counted
from pytest_biasruler import Metric

def pytest_biasruler_metrics():
    return [
        Metric(name="counted", unit="voxels", direction="higher", range=(0, None),
               both_empty=0.0, one_empty=0.0, score=counted)
    ]
"""


@pytest.mark.parametrize("no_cache", [(), ("--biasruler-no-cache",)], ids=["cache", "no-cache"])
def test_each_pair_of_masks_is_scored_once_for_all_workers(
    pytester, write_masks, run, monkeypatch, no_cache
):
    write_masks("fail", "pass")
    pytester.makepyfile(counting=COUNTING)
    pytester.makeconftest(CONFTEST)
    monkeypatch.setenv("SCORED", str(pytester.path / "scored.txt"))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))

    result = run("biasruler.toml", "-n2", *no_cache)

    assert (result.ret, result.parseoutcomes()["inconclusive"]) == (1, 1)
    # 8 cases, each with the model against two references and one reference against the other.
    assert (pytester.path / "scored.txt").read_text("ascii") == "x" * 24


READER = """
import os
import time
import numpy as np
from pytest_biasruler import Mask

def read_npz(path):
    time.sleep(0.02)
    with open(os.environ["READ"], "a", encoding="ascii") as file:
        file.write("x")
    with np.load(path) as held:
        return Mask(voxels=held["mask"], affine=held["affine"])
"""
READER_CONFTEST = """
from reading import read_npz

def pytest_biasruler_mask_readers():
    return {".npz": read_npz}
"""


@pytest.mark.parametrize("no_cache", [(), ("--biasruler-no-cache",)], ids=["cache", "no-cache"])
def test_what_a_test_asks_for_after_scoring_is_measured_once_for_all_workers(
    pytester, write_masks, run, monkeypatch, no_cache
):
    path = write_masks()
    path.write_text(path.read_text("utf-8").replace("expert/{case}.nii", "expert/{case}.npz"))
    for mask in (pytester.path / "expert").glob("*.nii"):
        image = nib.Nifti1Image.from_filename(mask)
        np.savez(mask.with_suffix(".npz"), mask=np.asarray(image.dataobj), affine=image.affine)
    pytester.makepyfile(
        reading=READER,
        test_shapes="""
        import pytest

        @pytest.mark.parametrize("turn", range(2))
        def test_shapes(biasruler, turn):
            biasruler.check_morphology(by="age")
        """,
    )
    pytester.makeconftest(READER_CONFTEST)
    monkeypatch.setenv("READ", str(pytester.path / "read.txt"))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))

    result = run("test_shapes.py", "--biasruler=biasruler.toml", "-n2", "--dist=each", *no_cache)

    assert result.parseoutcomes()["passed"] == 4
    reads = (pytester.path / "read.txt").read_text("ascii")
    assert reads == "x" * 16, "each of 8 masks once for scores and once for shapes"
