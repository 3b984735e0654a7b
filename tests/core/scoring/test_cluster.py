from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
from dataclasses import replace
from functools import partial

import pytest

from pytest_biasruler.benchmark.metrics import CATALOGUE, Metric
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring import cluster as cluster_module
from pytest_biasruler.scoring.cluster import check_cluster, score_on_cluster
from pytest_biasruler.scoring.identity import name_job
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.store import Store
from pytest_biasruler.scoring.terms import Terms, refuse, score_there
from tests.dask_cluster import start_cluster

distributed = pytest.importorskip("distributed", reason="the extra [dask] is not installed")

pytestmark = [
    pytest.mark.usefixtures("own_network"),
    pytest.mark.skipif(os.name != "posix", reason="a worker is killed by its process id"),
]

SLOW = """
import time
def score(model, reference):
    time.sleep(0.1)
    return 1.0
"""
KILLER = """
import os, signal
def score(model, reference):
    if model.voxels[0, 0, 0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0
"""
DISGUISE = """
import importlib.metadata
own = importlib.metadata.version
importlib.metadata.version = lambda name: "1.0" if name == "numpy" else own(name)
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """Return a folder of modules that workers of the module's cluster can import."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "slow_metric.py").write_text(SLOW)
    (folder / "killer_metric.py").write_text(KILLER)
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, modules, own_network):  # noqa: ARG001  (used before the test is)
    with start_cluster(tmp_path_factory.mktemp("dask"), PYTHONPATH=str(modules)) as cluster:
        yield cluster


@pytest.fixture
def own_cluster(tmp_path, modules):
    """Return how to start a cluster that a test may kill, with the same modules."""
    folder = tmp_path / "dask"
    folder.mkdir()
    return partial(start_cluster, folder, PYTHONPATH=str(modules))


@pytest.fixture
def tiny(make_bench, cube):
    return make_bench(
        {
            "expert": {f"c{i}": cube((1, 2, i)) for i in range(6)},
            "auto": {f"c{i}": cube((2, 2, i), size=5) for i in range(6)},
            "unet": {f"c{i}": cube((1, 3, i), size=3) for i in range(5)},
        }
    )


@pytest.fixture
def slow(modules, monkeypatch):
    monkeypatch.syspath_prepend(modules)
    import slow_metric

    yield Metric(name="slow", score=slow_metric.score)
    del sys.modules["slow_metric"]


def as_bytes(scored):
    return scored.table.to_csv().encode(), scored.table.to_json(orient="split").encode()


def refusal(work):
    with pytest.raises(BiasRulerError) as caught:
        work()
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line


def test_one_worker_two_workers_and_a_cluster_give_the_same_bytes(tiny, cluster, slow):
    how = {"metrics": [slow]}
    here = as_bytes(tiny.score(**how))
    assert as_bytes(tiny.score(workers=2, **how)) == here
    assert as_bytes(tiny.score(scheduler=cluster.address, **how)) == here


def test_a_missing_prediction_is_the_worst_score_on_a_cluster_as_here(tiny, cluster):
    table = tiny.score(scheduler=cluster.address).table
    worst = table[(table["case"] == "c5") & (table["model"] == "unet")]
    assert list(worst["dice"]) == [0.0, 0.0]


def test_what_the_store_holds_asks_no_cluster(tiny, cluster, tmp_path):
    store = Store(tmp_path / "store")
    first = tiny.score(scheduler=cluster.address, store=store)
    again = tiny.score(scheduler="tcp://127.0.0.1:1", store=store)
    assert as_bytes(again) == as_bytes(first)


@pytest.mark.slow
def test_a_worker_that_is_killed_takes_nothing_with_it(tiny, own_cluster, slow):
    with own_cluster() as cluster:
        killed = []

        def kill_one(*_):
            if not killed:
                cluster.workers[0].kill()
                killed.append(cluster.workers[0].wait())

        found = tiny.score(scheduler=cluster.address, metrics=[slow], progress=kill_one)
    assert killed == [-9]
    assert as_bytes(found) == as_bytes(tiny.score(metrics=[slow]))


@pytest.mark.slow
def test_a_case_that_kills_its_workers_is_named_and_takes_no_other_with_it(
    tiny, own_cluster, modules, monkeypatch, write_mask, cube
):
    monkeypatch.syspath_prepend(modules)
    import killer_metric

    write_mask(tiny.path("unet", "c4"), cube((0, 0, 0)))
    metric = Metric(name="killer", score=killer_metric.score)
    limit = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with own_cluster(n_workers=4, **limit) as cluster:
        scored = tiny.score(scheduler=cluster.address, metrics=[metric])
    del sys.modules["killer_metric"]
    killed = [each for each in scored.problems if each.code == "BR801"]
    assert [(each.where, each.found) for each in killed] == [
        ("c4", "worker failed (KilledWorker)")
    ]
    assert set(scored.table["case"]) == {"c0", "c1", "c2", "c3", "c5"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("victim", "said"), [("workers", "no worker of"), ("scheduler", "the connection to")]
)
def test_a_cluster_that_is_lost_ends_the_run_in_one_line_and_keeps_scores(
    tiny, own_cluster, slow, tmp_path, monkeypatch, victim, said
):
    monkeypatch.setattr(cluster_module, "GRACE_S", 0.5)
    store, done = Store(tmp_path / "store"), []
    with own_cluster() as cluster:

        def kill(*_):
            done.append(1)
            victims = cluster.workers if victim == "workers" else [cluster.scheduler]
            for process in victims:
                process.kill()

        how = {"metrics": [slow], "store": store}
        line = refusal(lambda: tiny.score(scheduler=cluster.address, progress=kill, **how))
    assert line.startswith(f"BR801: {said}")
    assert line.endswith("Run again: what was scored is kept, unless biasruler_no_cache is set.")
    kept = []
    tiny.score(progress=lambda *counts: kept.append(counts[2]), **how)
    assert max(kept) == len(done) > 0


def test_no_scheduler_at_the_address_is_one_line(monkeypatch):
    monkeypatch.setattr(cluster_module, "ANSWER_S", 1)
    line = refusal(lambda: check_cluster("tcp://127.0.0.1:9"))
    assert line == (
        "BR602: no Dask scheduler answers at tcp://127.0.0.1:9; expected one within 1 s. "
        "Start it, or leave out biasruler_scheduler to score here."
    )


@pytest.mark.parametrize("address", ["nonsense", "tcp://", "a:b", "smb://127.0.0.1:1"])
def test_an_address_that_is_none_is_the_same_line(monkeypatch, address):
    monkeypatch.setattr(cluster_module, "ANSWER_S", 1)
    line = refusal(lambda: check_cluster(address))
    assert line.startswith(f"BR602: no Dask scheduler answers at {address}; ")


def test_a_port_where_something_else_listens_is_the_same_line(monkeypatch):
    monkeypatch.setattr(cluster_module, "ANSWER_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        line = refusal(lambda: check_cluster(address))
    assert line.startswith(f"BR602: no Dask scheduler answers at {address}; ")


@pytest.mark.slow
def test_a_scheduler_that_hangs_ends_the_run_in_one_line(tiny, own_cluster, slow, monkeypatch):
    monkeypatch.setattr(cluster_module, "GRACE_S", 1.0)
    with own_cluster() as cluster:

        def halt(*_):
            cluster.scheduler.send_signal(signal.SIGSTOP)

        how = {"metrics": [slow], "progress": halt}
        line = refusal(lambda: tiny.score(scheduler=cluster.address, **how))
    assert line.startswith(f"BR801: the scheduler {cluster.address} does not answer; ")


@pytest.mark.slow
def test_a_worker_that_hangs_before_the_run_is_one_line(own_cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "ASK_S", 1.0)
    with own_cluster(n_workers=1) as cluster:
        cluster.workers[0].send_signal(signal.SIGSTOP)
        line = refusal(lambda: check_cluster(cluster.address))
    assert line.startswith("BR602: not every worker of the scheduler tcp://127.0.0.1:")


def test_without_the_extra_the_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    line = refusal(lambda: check_cluster("tcp://127.0.0.1:9"))
    assert line.endswith("Install pytest-biasruler[dask].")


@pytest.mark.slow
def test_a_scheduler_without_workers_is_refused(own_cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "WORKER_S", 1)
    with own_cluster(n_workers=0) as cluster:
        line = refusal(lambda: check_cluster(cluster.address))
    assert line.startswith(f"BR602: the scheduler {cluster.address} has no worker; ")


@pytest.mark.slow
def test_a_worker_with_another_numpy_is_refused_by_its_address(own_cluster, tmp_path, tiny):
    (tmp_path / "sitecustomize.py").write_text(DISGUISE)
    with own_cluster(n_workers=1) as cluster:
        cluster.start_worker(PYTHONPATH=str(tmp_path))
        cluster.wait_for_workers(2)
        line = refusal(lambda: tiny.score(scheduler=cluster.address))
    assert line.startswith("BR602: worker tcp://127.0.0.1:")
    assert "has numpy 1.0; expected" in line


@pytest.mark.slow
def test_a_worker_without_our_package_is_refused(own_cluster, tmp_path):
    (tmp_path / "pytest_biasruler").mkdir()
    (tmp_path / "pytest_biasruler" / "__init__.py").write_text("raise ImportError('not here')\n")
    with own_cluster(n_workers=1) as cluster:
        cluster.start_worker(PYTHONPATH=str(tmp_path))
        cluster.wait_for_workers(2)
        line = refusal(lambda: check_cluster(cluster.address))
    assert "cannot import pytest_biasruler; expected it to be installed" in line


def test_a_module_that_the_cluster_cannot_import_is_named(tiny, cluster, tmp_path, monkeypatch):
    (tmp_path / "private_metric.py").write_text("def score(model, reference):\n    return 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    import private_metric

    metric = Metric(name="private", score=private_metric.score)
    line = refusal(lambda: tiny.score(scheduler=cluster.address, metrics=[metric]))
    del sys.modules["private_metric"]
    assert line.startswith("BR602: the scheduler cannot import the module private_metric as it")


def test_workers_that_do_not_see_the_masks_score_nothing(tiny, cluster, monkeypatch):
    def of(jobs=()):
        return replace(Terms.of(jobs), witness=tiny.root / "elsewhere.nii.gz")

    monkeypatch.setattr(cluster_module, "Terms", type("Blind", (), {"of": of}))
    line = refusal(lambda: tiny.score(scheduler=cluster.address))
    assert "does not see the masks; expected the data root at the same path" in line


def test_a_worker_that_came_later_is_asked_too(cluster):
    terms = replace(Terms.of(), code="other")
    with distributed.Client(cluster.address, set_as_default=False) as client:
        error = client.submit(score_there, terms, list, []).exception()
    assert isinstance(error, BiasRulerError)
    assert str(error).startswith("BR602: worker tcp://127.0.0.1:")
    assert "has another pytest_biasruler" in str(error)


def job_of(bench, case):
    roles = {"expert": Role.EXPERT, "unet": Role.MODEL}
    entries = [Entry(set=name, role=roles[name], source=bench.path(name, case)) for name in roles]
    return name_job(
        Job(case=case, entries=tuple(entries), metrics=(CATALOGUE["dice"],), root=bench.root)
    )


def test_a_file_that_a_worker_does_not_find_is_no_missing_prediction(tiny, cluster):
    jobs = [job_of(tiny, "c0"), job_of(tiny, "c1")]
    tiny.path("unet", "c1").unlink()
    done = {job.case: scores for job, scores in score_on_cluster(jobs, address=cluster.address)}
    assert done["c0"]["error"] is None
    assert done["c1"]["error"][:2] == [
        "BR123",
        "prediction of unet could not be read on a worker of the cluster",
    ]


def test_without_a_case_nobody_connects():
    assert list(score_on_cluster([], address="tcp://127.0.0.1:9")) == []


def test_terms_are_met_by_the_machine_that_made_them(tiny):
    terms = Terms.of([job_of(tiny, "c0")])
    assert terms.witness == tiny.path("expert", "c0")
    assert refuse(terms) is None
    assert "does not see the masks" in str(refuse(replace(terms, digest="0" * 64)))


def test_what_was_refused_is_looked_for_again(tiny):
    terms = Terms.of([job_of(tiny, "c0")])
    elsewhere = tiny.path("expert", "c0").rename(tiny.root / "elsewhere")
    assert "does not see the masks" in str(refuse(terms))
    elsewhere.rename(tiny.path("expert", "c0"))
    assert refuse(terms) is None


def test_terms_ask_for_what_decodes_the_masks(tiny, monkeypatch):
    job = job_of(tiny, "c0")
    assert Terms.of([job]).decoders == ()
    entries = tuple(replace(each, source=tiny.root / f"{each.set}.png") for each in job.entries)
    terms = Terms.of([replace(job, entries=entries)])
    assert [name for name, _ in terms.decoders] == ["pillow"]
    assert refuse(terms) is None
    older = replace(terms, decoders=(("pillow", "1.0"),))
    assert "expected 1.0, as here" in str(refuse(older))
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    unasked = replace(terms, root=tiny.root)  # what was met once is not asked again
    assert "cannot import pillow; expected " in str(refuse(unasked))


def test_a_module_that_was_edited_after_its_import_is_refused(tiny, tmp_path, monkeypatch):
    file = tmp_path / "edited_metric.py"
    file.write_text("def score(model, reference):\n    return 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    import edited_metric

    metric = Metric(name="edited", score=edited_metric.score)
    job = replace(job_of(tiny, "c0"), metrics=(metric,))
    terms = Terms.of([job])
    assert refuse(terms) is None
    file.write_text("def score(model, reference):\n    return 0.5\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    told = str(refuse(replace(terms, modules=(("edited_metric", digest),))))
    del sys.modules["edited_metric"]
    assert "cannot import the module edited_metric as it is here" in told
