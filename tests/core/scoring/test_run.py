from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference, ReferenceKind
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.metrics import CATALOGUE, Metric
from pytest_biasruler.masks.reader import read_mask
from pytest_biasruler.scoring import plan as plan_module
from pytest_biasruler.scoring.run import score_benchmark
from pytest_biasruler.scoring.store import FILE, Store

AFFINE = np.diag([1.0, 1.5, 2.0, 1.0])


def assert_same(one, other):
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    for name in ("cases", "excluded", "unreadable", "problems", "notes", "errors", "identical"):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("aliases", "digest", "model_digests", "wrong_pairing"):
        assert getattr(one, name) == getattr(other, name), name


class Progress(list):
    def __call__(self, *numbers):
        self.append(numbers)


# ---- processes


def test_two_workers_give_what_one_gives(tiny):
    progress = Progress()
    assert_same(tiny.score(workers=2, progress=progress), tiny.score())
    assert progress == [(n, 6, 0) for n in range(1, 7)]


def test_another_executor_gives_what_none_gives(tiny):
    with ThreadPoolExecutor(3) as executor:
        assert_same(tiny.score(workers=3, executor=executor), tiny.score())


KILLER = """
import os, signal
def score(model, reference):
    if model.voxels[0, 0, 0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_a_case_that_kills_its_process_is_named_and_takes_no_other_with_it(
    tiny, tmp_path, monkeypatch, write_mask, cube
):
    (tmp_path / "killer_metric.py").write_text(KILLER)
    monkeypatch.syspath_prepend(tmp_path)
    import killer_metric

    write_mask(tiny.path("unet", "c4"), cube((0, 0, 0)))
    metric = Metric(name="killer", score=killer_metric.score)
    scored = tiny.score(workers=2, metrics=[metric])
    assert [(each.code, each.where) for each in scored.problems] == [("BR801", "c4")]
    assert set(scored.table["case"]) == {"c0", "c1", "c2", "c3", "c5"}
    assert (scored.table["killer"] == 1.0).all()
    assert {name: error.code for name, error in scored.errors.items()} == dict.fromkeys(
        ("expert", "auto", "unet"), "BR801"
    )
    assert scored.excluded == {"expert": {"c4": "BR801"}, "auto": {"c4": "BR801"}}


# ---- where masks come from


def test_paths_arrays_masks_and_callables_give_one_table(tiny):
    paths = tiny.score()
    read = {
        name: {case: read_mask(tiny.path(name, case)) for case in tiny.cases}
        for name in tiny.masks
    }
    mapped = {name: {case: tiny.path(name, case) for case in tiny.cases} for name in tiny.masks}
    called = {name: masks.__getitem__ for name, masks in read.items()}
    for sources in (read, mapped, called):
        found = tiny.score(build={"sources": sources})
        pd.testing.assert_frame_equal(found.table, paths.table, check_exact=True)
    assert_same(tiny.score(build={"sources": called}, workers=2), found)


def test_plain_arrays_have_voxels_of_one_millimetre(tiny):
    sources = {name: dict(masks) for name, masks in tiny.masks.items()}
    table = tiny.score(build={"sources": sources}).table
    assert table["diagonal_mm"].unique().tolist() == [np.sqrt(12**2 + 11**2 + 10**2)]
    pd.testing.assert_series_equal(table["dice"], tiny.score().table["dice"])


def test_a_mask_that_was_changed_in_code_is_not_taken_for_the_file_it_was_read_from(
    tiny, tmp_path
):
    store = Store(tmp_path / "store")
    read = {case: read_mask(tiny.path("unet", case)) for case in tiny.cases}
    first = tiny.score(build={"sources": {"unet": read}}, store=store)
    emptied = {case: replace(mask, voxels=mask.voxels * 0) for case, mask in read.items()}
    second = tiny.score(build={"sources": {"unet": emptied}}, store=store)
    assert first.table["dice"].min() > 0
    assert set(second.table.loc[second.table["model"] == "unet", "dice"]) == {0.0}


@pytest.mark.parametrize("answer", [None, KeyError("c3"), FileNotFoundError("c3")])
def test_a_callable_says_that_a_mask_is_missing_by_none_or_a_lookup_error(tiny, answer):
    def masks(case):
        if case == "c3":
            if answer is not None:
                raise answer
            return None
        return tiny.masks["unet"][case]

    read = {name: dict(tiny.masks[name]) for name in ("expert", "auto")}
    scored = tiny.score(build={"sources": {**read, "unet": masks}})
    assert scored.unreadable == {"unet": {"c3": "BR101"}}
    assert not scored.errors


def test_a_callable_that_fails_puts_its_set_in_error_and_its_text_is_kept_back(tiny):
    def masks(_):
        raise RuntimeError("/home/jane")

    scored = tiny.score(build={"sources": {"unet": masks}})
    assert {name: error.code for name, error in scored.errors.items()} == {"unet": "BR899"}
    assert "jane" not in "".join(map(str, scored.problems))


# ---- order and names


def test_shuffling_rows_changes_nothing(tiny):
    shuffled = pd.DataFrame({"case": [f"c{index}" for index in (3, 0, 5, 1, 4, 2)]})
    assert_same(tiny.score(build={"metadata": shuffled}), tiny.score())


def test_renaming_files_consistently_changes_only_names(tiny, make_bench):
    names = {case: f"z{9 - index}" for index, case in enumerate(tiny.cases)}
    renamed = make_bench(
        {
            name: {names[case]: voxels for case, voxels in masks.items()}
            for name, masks in tiny.masks.items()
        },
        folder="renamed",
    ).score()
    before = tiny.score()
    table = before.table.assign(case=before.table["case"].map(names).astype(object))
    table = table.sort_values(["case", "label", "model", "reference"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(renamed.table, table)
    assert renamed.aliases == {names[case]: alias for case, alias in before.aliases.items()}


def test_aliases_follow_the_expert_mask_and_ties_go_by_name(make_bench, cube):
    masks = {"b": cube((1, 1, 1)), "a": cube((1, 1, 1)), "c": None, "d": None}
    bench = make_bench({"expert": masks, "unet": dict.fromkeys("abcd", cube((1, 1, 1)))})
    aliases = bench.score().aliases
    assert sorted(aliases.values()) == ["case-001", "case-002", "case-003", "case-004"]
    assert aliases["a"] < aliases["b"]
    assert aliases["c"] < aliases["d"], "cases without data of their own rank by name"


def test_the_digest_covers_references_and_metrics_but_no_prediction(tiny, write_mask, cube):
    first = tiny.score()
    write_mask(tiny.path("unet", "c1"), cube((5, 5, 5)))
    other_prediction = tiny.score()
    assert other_prediction.digest == first.digest
    assert other_prediction.model_digests != first.model_digests
    nsd = replace(CATALOGUE["nsd"], parameters={"tolerance_mm": 1.0})
    assert tiny.score(build={"metrics": {"nsd": nsd}}).digest != first.digest
    patients = pd.DataFrame({"case": tiny.cases, "who": ["p", "p", "q", "r", "s", "t"]})
    assert tiny.score(build={"metadata": patients, "patient": "who"}).digest != first.digest
    write_mask(tiny.path("auto", "c1"), cube((5, 5, 5)))
    assert tiny.score().digest != first.digest


# ---- the store


def count_scored(monkeypatch):
    """Count the cases that are measured in this process."""
    scored = []
    score_jobs = plan_module.score_jobs

    def counting(jobs, **how):
        for job, scores in score_jobs(jobs, **how):
            scored.append(job.case)
            yield job, scores

    monkeypatch.setattr(plan_module, "score_jobs", counting)
    return scored


def test_a_second_run_scores_nothing_and_a_changed_mask_only_its_case(
    tiny, tmp_path, monkeypatch, write_mask, cube
):
    store, scored = Store(tmp_path / "store"), count_scored(monkeypatch)
    first = tiny.score(store=store)
    assert sorted(scored) == tiny.cases
    scored.clear()
    progress = Progress()
    assert_same(tiny.score(store=store, progress=progress), first)
    assert scored == []
    assert progress == [(n, 6, n) for n in range(1, 7)]
    write_mask(tiny.path("unet", "c2"), cube((4, 4, 4)))
    changed = tiny.score(store=store)
    assert scored == ["c2"]
    assert_same(changed, tiny.score())


def test_a_missing_file_that_comes_back_is_scored(tiny, tmp_path):
    store, path = Store(tmp_path / "store"), tiny.path("unet", "c2")
    whole = tiny.score(store=store)
    content = path.read_bytes()
    path.unlink()
    without = tiny.score(store=store)
    assert_same(without, tiny.score())
    assert without.unreadable == {"unet": {"c2": "BR101"}}
    path.write_bytes(content)
    assert_same(tiny.score(store=store), whole)


def test_other_settings_have_other_entries(tiny, tmp_path, monkeypatch):
    store, scored = Store(tmp_path / "store"), count_scored(monkeypatch)
    tiny.score(store=store)
    for options in (
        {"metrics": {"nsd": replace(CATALOGUE["nsd"], parameters={"tolerance_mm": 0.5})}},
        {"labels": {"tumor": (1,)}},
    ):
        scored.clear()
        found = tiny.score(store=store, build=options)
        assert sorted(scored) == tiny.cases, options
        assert_same(found, tiny.score(build=options))


def test_a_damaged_store_is_rebuilt(tiny, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    first = tiny.score(store=store)
    (tmp_path / "store" / FILE).write_bytes(b"no database" * 1000)
    assert_same(tiny.score(store=store), first)
    scored = count_scored(monkeypatch)
    assert_same(tiny.score(store=store), first)
    assert scored == []


def test_a_forged_entry_is_measured_again(tiny, tmp_path):
    store = Store(tmp_path / "store")
    first = tiny.score(store=store)
    base = sqlite3.connect(tmp_path / "store" / FILE)
    base.execute("""UPDATE scores SET content = replace(content, '0.', '0.9')""")
    assert base.total_changes > 0
    base.commit()
    base.close()
    assert_same(tiny.score(store=store), first)


def test_the_store_names_no_case_and_no_path(tiny, tmp_path):
    shutil.copytree(tiny.root / "expert", tiny.root / "canary_folder")
    for name in tiny.masks:
        tiny.path(name, "c1").rename(tiny.path(name, "canary_case"))
    tiny.masks = {name: dict.fromkeys(["c0", "canary_case"]) for name in tiny.masks}
    tiny.path("unet", "c0").write_bytes(b"broken")
    scored = tiny.score(
        store=Store(tmp_path / "store"),
        build={"sources": {"expert": "canary_folder/{case}.nii.gz"}},
    )
    content = (tmp_path / "store" / FILE).read_bytes()
    assert scored.unreadable["unet"] == {"c0": "BR107"}
    assert b"BR107" in content, "the entry of c0 should be in the store"
    assert b"canary_case" not in content
    assert str(tmp_path).encode() not in content


def test_a_metric_that_cannot_be_imported_is_measured_here_and_never_stored(tiny, tmp_path):
    calls = []

    def local(model, reference):
        calls.append(1)
        return float(model.voxels.sum() - reference.voxels.sum())

    metric = Metric(name="local", score=local, range=(None, None))
    store = Store(tmp_path / "store")
    first = tiny.score(metrics=[metric], workers=2, store=store)
    n_calls = len(calls)
    assert n_calls == 18, "three pairs of six cases"
    second = tiny.score(metrics=[metric], store=store)
    assert len(calls) == 2 * n_calls
    assert_same(first, second)
    rows = first.table[first.table["model"] == "auto"]
    assert set(rows["local"]) <= {61.0, 25.0, 36.0, 0.0, 61.0 - 25.0}
    assert (rows["local"] == rows["n_model"] - rows["n_reference"]).all()


def test_two_processes_may_score_at_once_with_one_store(tiny, tmp_path):
    code = (
        "import sys; from pathlib import Path; import pandas as pd\n"
        "from pytest_biasruler.benchmark.definition import *\n"
        "from pytest_biasruler.benchmark.metadata import read_metadata\n"
        "from pytest_biasruler.scoring.run import score_benchmark\n"
        "from pytest_biasruler.scoring.store import Store\n"
        "kind = ReferenceKind\n"
        "b = Benchmark(name='b', root=Path(sys.argv[1]),\n"
        "    metadata=pd.DataFrame({'case': [f'c{i}' for i in range(6)]}),\n"
        "    references=(\n"
        "        Reference(name='expert', kind=kind.EXPERT, masks='expert/{case}.nii.gz'),\n"
        "        Reference(name='auto', kind=kind.AUTOMATED, masks='auto/{case}.nii.gz')),\n"
        "    models=(Model(name='unet', masks='unet/{case}.nii.gz'),))\n"
        "store = Store(Path(sys.argv[2]))\n"
        "scored = score_benchmark(b, metadata=read_metadata(b), store=store)\n"
        "print(store.notices, scored.table.to_json(double_precision=15))\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, tiny.root, tmp_path / "store"], stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [run.communicate(timeout=120)[0].decode() for run in runs]
    assert said[0] == said[1]
    assert said[0].startswith("[] {")


# ---- the law of the accounting

BROKEN = st.sampled_from(["whole", "whole", "missing", "cut", "other grid", "empty", "page"])


@given(fates=st.lists(st.tuples(BROKEN, BROKEN, BROKEN), min_size=1, max_size=6))
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_case_is_scored_or_excluded_whatever_is_broken(
    fates, make_bench, cube, write_mask, tmp_path
):
    whole = write_mask(tmp_path / "whole.nii.gz", cube((2, 2, 2))).read_bytes()
    kinds = {
        "whole": whole,
        "missing": None,
        "cut": whole[: len(whole) // 2],
        "other grid": cube((1, 1, 1), shape=(8, 8, 8)),
        "empty": cube((0, 0, 0), 0),
        "page": b"<html>please log in</html>",
    }
    folder = tmp_path / "law"
    shutil.rmtree(folder, ignore_errors=True)
    sets = ("expert", "auto", "unet")
    masks = {name: {} for name in sets}
    for index, fate in enumerate(fates):
        for name, kind in zip(sets, fate, strict=True):
            masks[name][f"c{index}"] = kinds[kind]
    for name in sets:  # a last case that is whole, so that every set exists
        masks[name]["last"] = whole
    scored = make_bench(masks, folder="law").score()
    cases = {*scored.cases}
    for reference in ("expert", "auto"):
        rows = scored.table[scored.table["reference"] == reference]
        judged = set(rows.loc[rows["model"] == "unet", "case"])
        assert judged | set(scored.excluded[reference]) == cases
        assert judged.isdisjoint(scored.excluded[reference])
        worst = set(rows.loc[(rows["model"] == "unet") & (rows["status"] == "worst"), "case"])
        assert worst == set(scored.unreadable["unet"]) & judged
    assert not scored.table.duplicated(["case", "label", "model", "reference"]).any()
    finite = scored.table.drop(columns=["relative_volume_error"])
    assert finite.loc[finite["status"] == "scored"].notna().all(axis=None)


# ---- real data


@pytest.fixture(name="data")
def fixture_data():
    if not os.environ.get("BIASRULER_DATA"):
        pytest.skip("BIASRULER_DATA does not say where the real data sets lie")
    return Path(os.environ["BIASRULER_DATA"])


@pytest.mark.slow
@pytest.mark.parametrize("organ", ["lungs", "heart"])
def test_dice_of_the_physicians_equals_the_published_values(data, organ):
    root = data / "chexmask_phys"
    benchmark = Benchmark(
        name="physicians",
        metadata="metadata.csv",
        case="case_id",
        root=root,
        references=tuple(
            Reference(name=name, kind=kind, masks=f"{organ}/{name}/{{case}}.nii.gz")
            for name, kind in (
                ("expert1", ReferenceKind.EXPERT),
                ("expert2", ReferenceKind.EXPERT),
                ("hybridgnet", ReferenceKind.AUTOMATED),
            )
        ),
        metrics={},
    )
    scored = score_benchmark(benchmark, metadata=read_metadata(benchmark))
    for file, model, reference in (
        ("expert2_vs_expert1", "expert2", "expert1"),
        ("hybridgnet_vs_expert1", "hybridgnet", "expert1"),
        ("hybridgnet_vs_expert2", "hybridgnet", "expert2"),
    ):
        published = pd.read_csv(root / f"published_{file}.csv").set_index("case_id")
        rows = scored.table[
            (scored.table["model"] == model) & (scored.table["reference"] == reference)
        ].set_index("case")
        off = (rows["dice"] - published[f"Dice {organ.title()}"]).abs()
        assert len(off) == 305
        assert off.max() <= 1e-9
    assert scored.excluded == {"expert1": {}, "expert2": {}, "hybridgnet": {}}


@pytest.mark.slow
def test_raters_of_nodules_are_scored_alike_by_any_number_of_workers(data):
    benchmark = Benchmark(
        name="nodules",
        metadata="metadata.csv",
        case="case_id",
        patient="patient_id",
        root=data / "lidc",
        references=(
            Reference(name="expert", kind=ReferenceKind.EXPERT, masks="rater1/{case}.nii.gz"),
            Reference(name="auto", kind=ReferenceKind.AUTOMATED, masks="rater2/{case}.nii.gz"),
        ),
        models=(Model(name="unet", masks="rater4/{case}.nii.gz"),),
    )
    metadata = read_metadata(benchmark)
    one = score_benchmark(benchmark, metadata=metadata)
    assert_same(score_benchmark(benchmark, metadata=metadata, workers=2), one)
    assert len(one.table) == 3 * 220
    assert not one.errors
