from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import pytest

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring import backlog as backlog_module
from pytest_biasruler.scoring import identity
from pytest_biasruler.scoring import pool as pool_module
from pytest_biasruler.scoring.attempt import attempt, insist
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.identity import hash_plain, is_importable
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.pool import score_jobs

Failed = pytest.fail.Exception


def jobs(cube, n=5):
    from pytest_biasruler.masks.labels import accept_mask

    return [
        Job(
            case=f"c{index}",
            entries=(
                Entry(set="expert", role=Role.EXPERT, source=accept_mask(cube((1, 1, index)))),
                Entry(set="unet", role=Role.MODEL, source=accept_mask(cube((2, 1, index)))),
            ),
            metrics=(CATALOGUE["dice"],),
        )
        for index in range(n)
    ]


class Scripted(Executor):
    """Does what it is told, in this process: an exception for each errand that has one."""

    def __init__(self, failures, *, refuses=False):
        self.failures, self.refuses = failures, refuses
        self.is_broken = False
        self.errands = []

    def submit(self, work, errand):
        self.errands.append(errand)
        if self.is_broken:
            raise BrokenProcessPool("broken")
        future = Future()
        failure = next(
            (self.failures[job.case] for job in errand if job.case in self.failures), None
        )
        if failure is None:
            future.set_result(work(errand))
        else:
            future.set_exception(failure)
            self.is_broken = isinstance(failure, BrokenProcessPool)
        return future


def test_a_lost_worker_of_a_cluster_is_told_for_its_case_alone(cube):
    executor = Scripted({"c2": RuntimeError("KilledWorker")})
    done = {job.case: scores for job, scores in score_jobs(jobs(cube), executor=executor)}
    assert done.keys() == {"c0", "c1", "c2", "c3", "c4"}
    assert done["c2"]["error"][:2] == ["BR801", "worker failed (RuntimeError)"]
    assert all(done[case]["error"] is None for case in done if case != "c2")


def test_cases_in_flight_of_a_broken_pool_are_scored_again_once(cube, monkeypatch):
    again = []

    def score_apart(suspects):
        for job in suspects:
            again.append(job.case)
            yield job, score_case(job)

    monkeypatch.setattr(pool_module, "_score_apart", score_apart)
    executor = Scripted({"c1": BrokenProcessPool("died")})
    done = {job.case: scores for job, scores in score_jobs(jobs(cube), executor=executor)}
    assert all(scores["error"] is None for scores in done.values())
    assert done.keys() == {"c0", "c1", "c2", "c3", "c4"}
    assert "c1" in again
    assert "c0" not in again, "it was done before"
    assert len(again) == len(set(again)), "a case was scored again twice"


def test_an_errand_that_fails_as_a_whole_is_sent_again_case_by_case(cube):
    executor = Scripted({"c35": RuntimeError("KilledWorker")})
    done = {job.case: scores for job, scores in score_jobs(jobs(cube, 40), executor=executor)}
    assert len(done) == 40
    assert max(map(len, executor.errands)) > 1, "no errand had several cases"
    assert [case for case in done if done[case]["error"]] == ["c35"]


def test_masks_given_in_code_are_not_all_held(cube, monkeypatch):
    monkeypatch.setattr(backlog_module, "_MOST_BYTES", 1)
    taken = []

    def queue():
        for job in jobs(cube, 5) * 10:
            taken.append(job.case)
            yield job

    results = score_jobs(queue(), executor=Scripted({}), workers=2)
    next(results)
    assert len(taken) <= 5, "one in the backlog beside those in flight"
    results.close()


class Stopwatch:
    """A pool whose work takes as many seconds as a case costs bytes, and says so."""

    def __init__(self):
        self.order = []

    def submit(self, _, errand):
        self.order += [job.case for job in errand]
        future = Future()
        future.set_result(([score_case(job) for job in errand], 1.0))
        return future


def test_the_largest_case_is_sent_first_and_the_answer_names_each_its_own(cube):
    costs = {"c0": 10, "c1": 3000, "c2": 20, "c3": 2000, "c4": 1}
    some = [replace(job, cost=costs[job.case]) for job in jobs(cube)]
    executor = Stopwatch()
    done = {job.case: scores for job, scores in score_jobs(some, executor=executor)}
    assert executor.order == ["c1", "c3", "c2", "c0", "c4"]
    assert {case: scores["masks"]["expert"]["voxel_sha256"] for case, scores in done.items()} == {
        job.case: score_case(job)["masks"]["expert"]["voxel_sha256"] for job in jobs(cube)
    }


def test_small_cases_are_scored_without_a_process(cube, monkeypatch):
    def start(_):
        raise AssertionError("a process was started")

    monkeypatch.setattr(pool_module, "open_pool", start)
    done = [job.case for job, _ in score_jobs(jobs(cube), workers=2)]
    assert sorted(done) == ["c0", "c1", "c2", "c3", "c4"]


def test_processes_start_once_the_rest_would_take_longer_than_their_start(cube, monkeypatch):
    here = []

    def slow(errand):
        here.extend(job.case for job in errand)
        return [score_case(job) for job in errand], 0.7

    monkeypatch.setattr(pool_module, "score_errand", slow)
    monkeypatch.setattr(pool_module, "open_pool", lambda _: nullcontext(executor))
    executor = Scripted({})
    done = [job.case for job, _ in score_jobs(jobs(cube), workers=2)]
    assert sorted(done) == ["c0", "c1", "c2", "c3", "c4"]
    assert len(here) == 5
    assert sum(map(len, executor.errands)) == 4, "one case tells how long the others may take"


def test_a_function_of_others_is_never_run_here_where_processes_were_asked_for(cube, monkeypatch):
    executor = Scripted({})
    monkeypatch.setattr(pool_module, "open_pool", lambda _: nullcontext(executor))
    own = replace(CATALOGUE["dice"], name="own", score=score_one)
    some = [replace(job, metrics=(own,)) for job in jobs(cube)]
    assert len(list(score_jobs(some, workers=2))) == 5
    assert sum(map(len, executor.errands)) == 5


def score_one(*_):
    return 1.0


def test_an_exception_becomes_a_value_without_its_text():
    def fail():
        raise OSError("/home/jane")

    error = attempt(fail)
    assert isinstance(error, BiasRulerError)
    assert error.code == "BR899"
    assert error.found.startswith("internal error OSError at test_pool.py:")
    assert "jane" not in str(error)


STOPS = (
    KeyboardInterrupt,
    SystemExit,
    GeneratorExit,
    pytest.exit.Exception,
    pytest.fail.Exception,
)


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.__name__)
@pytest.mark.parametrize("tried", [attempt, insist])
def test_who_stops_the_run_is_not_stopped_and_brings_no_frame_of_the_work(tried, stop):
    # A SystemExit comes from a handler of signals: that of another's function is BR899 before.
    def fail(cases):
        try:
            raise ValueError(cases)
        except ValueError as error:
            raise stop("enough") from error

    with pytest.raises(stop) as caught:
        tried(partial(fail, "jane"))
    names = [entry.name for entry in caught.traceback]
    assert "fail" not in names
    assert "work" not in caught.traceback[-1].frame.f_locals, "printed as an argument"
    assert caught.value.__suppress_context__


ENDS = (SystemExit, pytest.skip.Exception, Failed)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_metric_that_ends_its_process_or_its_test_is_in_error_alone(cube, end):
    def score(*_):
        raise end("jane")

    own = replace(CATALOGUE["dice"], name="own", score=score)
    job = replace(jobs(cube, 1)[0], metrics=(CATALOGUE["dice"], own))
    scores = score_case(job)
    assert scores["error"] is None
    assert [row["scores"]["own"] for row in scores["rows"]] == [None]
    assert scores["rows"][0]["scores"]["dice"] is not None
    [[name, code, found, *_]] = scores["problems"]
    assert (name, code) == ("unet", "BR899")
    assert found.startswith(f"internal error {end.__name__} at test_pool.py:"), found


@pytest.mark.parametrize("stop", [KeyboardInterrupt, pytest.exit.Exception])
def test_a_metric_that_stops_the_run_stops_it(cube, stop):
    def score(*_):
        raise stop("enough")

    own = replace(CATALOGUE["dice"], name="own", score=score)
    with pytest.raises(stop):
        score_case(replace(jobs(cube, 1)[0], metrics=(own,)))


def test_what_a_fresh_interpreter_can_import_is_told_by_its_path(tmp_path, monkeypatch):
    assert is_importable(hash_plain)
    assert not is_importable(lambda: None)
    assert not is_importable(Scripted({}).submit), "a bound method is another object"
    (tmp_path / "importable_metric.py").write_text(
        "def score(model, reference):\n    return 1.0\n"
    )
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        import importable_metric

        assert is_importable(importable_metric.score)
    assert not is_importable(importable_metric.score), "nobody else would find the module"
    del sys.modules["importable_metric"]


def test_the_key_of_a_metric_changes_with_its_source(tmp_path, monkeypatch):
    path = tmp_path / "edited_metric.py"
    path.write_text("def score(model, reference):\n    return 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    import edited_metric

    metric = replace(CATALOGUE["dice"], name="x", score=edited_metric.score)
    before = identity.describe_metric(metric)
    path.write_text("def score(model, reference):\n    return 0.5\n")
    assert identity.describe_metric(metric) != before
    del sys.modules["edited_metric"]


def test_an_unguarded_script_is_told_so_before_any_case_is_called_guilty(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import numpy as np\n"
        "from pytest_biasruler.benchmark.metrics import CATALOGUE\n"
        "from pytest_biasruler.masks.labels import accept_mask\n"
        "from pytest_biasruler.masks.mask import Mask\n"
        "from pytest_biasruler.scoring.job import Entry, Job, Role\n"
        "from pytest_biasruler.scoring.pool import score_jobs\n"
        "mask = accept_mask(Mask(voxels=np.ones((2, 2, 2), np.uint8)))\n"
        "entries = (Entry(set='expert', role=Role.EXPERT, source=mask),)\n"
        "jobs = [Job(case='c', entries=entries, metrics=(CATALOGUE['dice'],), cost=2**30)]\n"
        "list(score_jobs(jobs, workers=2))\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "BR801: worker processes do not start" in run.stderr.splitlines()[-1]


STARTED_TOO_LATE = """
import time
from multiprocessing.context import SpawnProcess
from pytest_biasruler.scoring.processes import open_pool

if __name__ == "__main__":
    start, started = SpawnProcess.start, []

    def start_while_another_one_dies(process):
        start(process)
        started.append(process)
        if len(started) == 2:  # alive, but not yet known to the pool
            started[0].kill()
            time.sleep(2)

    SpawnProcess.start = start_while_another_one_dies
    with open_pool(2) as pool:
        futures = [pool.submit(time.sleep, 60), pool.submit(time.sleep, 60)]
        print([type(future.exception()).__name__ for future in futures])
"""


def test_a_process_that_starts_while_another_one_dies_is_not_waited_for_without_end(tmp_path):
    script = tmp_path / "late.py"
    script.write_text(STARTED_TOO_LATE)
    run = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=180
    )
    assert run.stdout.count("BrokenProcessPool") == 2, run.stderr


class Closed(Executor):
    """A pool whose queue was closed while a process was started for it."""

    def submit(self, *_, **__):
        raise OSError("handle is closed")


def test_a_pool_that_breaks_while_it_takes_an_errand_is_broken_like_any_other(cube):
    results = list(score_jobs(jobs(cube, 2), executor=Closed(), workers=2))
    assert [scores["error"] for _, scores in results] == [None, None]
