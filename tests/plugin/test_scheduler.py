"""Whole runs whose masks are scored on a Dask cluster of this machine."""

from __future__ import annotations

import os

import pytest

from tests.dask_cluster import start_cluster

pytest.importorskip("distributed", reason="the extra [dask] is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("own_network"),
    pytest.mark.skipif(os.name != "posix", reason="a worker is killed by its process id"),
]

NOWHERE = "--biasruler-scheduler=tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, own_network):  # noqa: ARG001  (used before the test is)
    with start_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


def test_a_cluster_gives_the_same_audit_as_one_worker_and_as_two(
    write_masks, run, pytester, cluster
):
    write_masks("fail", "ruler")
    where = {
        "one": "--biasruler-workers=1",
        "two": "--biasruler-workers=2",
        "dask": f"--biasruler-scheduler={cluster.address}",
    }
    keys = ("-p", "no:cacheprovider", "--biasruler-export=csv-plan=plan.csv")
    written = {}
    for name, said in where.items():
        result = run("biasruler.toml", said, *keys, "--biasruler-json=a.json", subprocess=True)
        assert result.ret == 1, "the gap by age is to fail"
        files = ("a.json", "plan.csv")
        written[name] = [(pytester.path / file).read_bytes() for file in files]
    assert written["dask"] == written["one"]
    assert written["two"] == written["one"]


def test_workers_of_xdist_score_on_the_cluster_too(write_masks, run, cluster):
    write_masks("pass", "fail", "ruler")
    result = run("biasruler.toml", "-n2", f"--biasruler-scheduler={cluster.address}")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["8 of 8 cases scored; 3 of 3 declared checks ran"])


def test_no_cluster_is_a_usage_error_before_anything_is_scored(write_masks, run, pytester):
    write_masks("pass")
    result = run("biasruler.toml", NOWHERE, "--biasruler-json=a.json", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = [line for line in result.stderr.lines if line]
    assert told == [
        "ERROR: biasruler: 1 problem in the cluster: BR602: no Dask scheduler answers at "
        "tcp://127.0.0.1:9; expected one within 10 s. Start it, or leave out biasruler_scheduler "
        "to score here. See docs/errors.md#br602.",
    ]
    assert not (pytester.path / "a.json").exists()


def test_the_ini_names_the_cluster_and_the_command_line_stands_above_it(
    write_masks, run, pytester, cluster
):
    write_masks("pass")
    pytester.makeini("[pytest]\nbiasruler_scheduler = tcp://127.0.0.1:9\n")
    said = f"--biasruler-scheduler={cluster.address}"
    result = run("biasruler.toml", said, subprocess=True)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["8 of 8 cases scored; 1 of 1 declared checks ran"])


def test_a_listing_and_a_run_that_audits_nothing_ask_no_cluster(write_masks, run, pytester):
    write_masks("pass")
    assert run("biasruler.toml", NOWHERE, "--collect-only", subprocess=True).ret == 0
    pytester.makepyfile(test_other="def test_other():\n    pass\n")
    run("test_other.py", NOWHERE, subprocess=True).assert_outcomes(passed=1)


def test_untrusted_predictions_are_never_sent_there(write_masks, run):
    write_masks("pass", n_cases=2)
    result = run("biasruler.toml", NOWHERE, "--biasruler-untrusted", subprocess=True)
    result.stdout.fnmatch_lines(["2 of 2 cases scored; *"])
    result.stdout.fnmatch_lines(["biasruler: untrusted predictions, * none on the cluster"])


def test_a_cluster_that_is_lost_is_one_line_in_every_test_that_needs_it(
    write_masks, run, tmp_path, pytester
):
    write_masks("pass", "fail")
    pytester.makeconftest(
        "import os, pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_setup(item):\n"
        "    if 'VICTIM' in os.environ:\n"
        "        os.kill(int(os.environ.pop('VICTIM')), 9)\n"
    )
    with start_cluster(tmp_path) as cluster, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VICTIM", str(cluster.scheduler.pid))
        said = f"--biasruler-scheduler={cluster.address}"
        result = run("biasruler.toml", said, subprocess=True)
    assert result.ret == 1
    lines = [line for line in result.stdout.lines if "no Dask scheduler answers" in line]
    assert lines
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
