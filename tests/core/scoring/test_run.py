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
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems
from pytest_biasruler.masks.nifti import read_mask
from pytest_biasruler.scoring import run as run_module
from pytest_biasruler.scoring.run import check_masks_exist, score_benchmark
from pytest_biasruler.scoring.store import FILE, Store

AFFINE = np.diag([1.0, 1.5, 2.0, 1.0])


def assert_same(one, other):
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    for name in ("cases", "excluded", "unreadable", "problems", "notes", "errors", "identical"):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("aliases", "digest", "model_digests", "wrong_pairing"):
        assert getattr(one, name) == getattr(other, name), name


def note(scored, code, name):
    return next((each for each in scored.notes if (each.code, each.set) == (code, name)), None)


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
    score_jobs = run_module.score_jobs

    def counting(jobs, **how):
        for job, scores in score_jobs(jobs, **how):
            scored.append(job.case)
            yield job, scores

    monkeypatch.setattr(run_module, "score_jobs", counting)
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
    base.execute("""UPDATE scores SET content = replace(content, '"dice": 0.', '"dice": 0.9')""")
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


# ---- what stops, what is in error, what is noted


def test_a_set_none_of_whose_masks_exists_stops_the_run(tiny):
    with pytest.raises(BiasRulerProblems) as caught:
        tiny.score(build={"sources": {"unet": "predictions/{case}.nii.gz", "auto": {"x": 1}}})
    assert [(each.code, each.found, each.expected) for each in caught.value.problems] == [
        ("BR126", "no reference auto exists for any of 6 cases", "a mask for each case"),
        (
            "BR126",
            "no prediction of unet exists for any of 6 cases",
            "predictions/{case}.nii.gz",
        ),
    ]


def test_an_empty_submission_is_an_error_of_its_own_where_models_are_not_trusted(tiny):
    sources = {"unet": "predictions/{case}.nii.gz"}
    benchmark = tiny.build(sources=sources, untrusted=True)
    metadata = read_metadata(benchmark)
    assert check_masks_exist(benchmark, metadata) == []
    scored = score_benchmark(benchmark, metadata=metadata)
    assert {name: error.code for name, error in scored.errors.items()} == {"unet": "BR126"}


def test_a_damaged_file_is_there_and_so_does_not_stop_the_run(make_bench, cube):
    bench = make_bench(
        {"expert": {"a": cube((1, 1, 1)), "b": cube((1, 1, 2))}, "unet": {"a": b"x", "b": b"x"}}
    )
    benchmark = bench.build()
    assert check_masks_exist(benchmark, read_metadata(benchmark)) == []


def test_a_reference_of_which_no_case_is_readable_is_an_error(make_bench, cube):
    cases = list("abc")
    bench = make_bench(
        {
            "expert": dict.fromkeys(cases, b"broken"),
            "auto": {case: cube((1, 1, place)) for place, case in enumerate(cases)},
            "unet": {case: cube((1, 2, place)) for place, case in enumerate(cases)},
        }
    )
    scored = bench.score()
    assert scored.errors == {
        "expert": BiasRulerError(
            "BR503",
            "no mask of reference expert is readable in 3 cases",
            "at least one",
            "See the problems of its cases",
        )
    }
    assert scored.excluded == {"expert": dict.fromkeys(cases, "BR107"), "auto": {}}
    assert [each.where for each in scored.problems] == cases


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("empty", "all 4 predictions of unet are empty"),
        ("same", "all 4 predictions of unet are the same"),
        (b"broken", "all 4 predictions of unet are unreadable"),
    ],
)
def test_predictions_that_are_all_alike_are_an_error(make_bench, cube, content, found):
    voxels = {"empty": cube((0, 0, 0), 0), "same": cube((1, 1, 1))}.get(content, content)
    bench = make_bench(
        {
            "expert": {f"c{place}": cube((1, 1, place)) for place in range(4)},
            "unet": {f"c{place}": voxels for place in range(4)},
        }
    )
    error = bench.score().errors["unet"]
    assert (error.code, error.found) == ("BR122", found)


def test_two_predictions_that_are_alike_prove_nothing(make_bench, cube):
    masks = {"a": cube((1, 1, 1), 0), "b": cube((1, 1, 1), 0)}
    bench = make_bench({"expert": {"a": cube((1, 1, 1)), "b": cube((1, 1, 2))}, "unet": masks})
    assert not bench.score().errors


def many(make, *, copies, n=40, folder="data"):
    """Forty cases; `copies` of the predictions are the expert mask itself."""
    rng = np.random.default_rng(0)
    expert = {
        f"c{index:02d}": (rng.random((6, 6, 6)) < 0.5).astype(np.uint8) for index in range(n)
    }
    unet = {
        case: voxels if index < copies else (rng.random((6, 6, 6)) < 0.5).astype(np.uint8)
        for index, (case, voxels) in enumerate(expert.items())
    }
    return make({"expert": expert, "unet": unet}, folder=folder)


def test_a_few_copies_of_the_expert_reference_are_noted_and_many_are_an_error(make_bench):
    few = many(make_bench, copies=4).score()
    text = "4 of 40 predictions of unet are the expert reference itself (expert)"
    assert note(few, "BR121", "unet").text == text
    assert not few.errors
    assert few.identical == {("unet", "expert"): frozenset({"c00", "c01", "c02", "c03"})}
    scored = many(make_bench, copies=5, folder="more").score()
    assert scored.errors["unet"].code == "BR121"


def test_identity_is_that_of_foreground_not_of_how_it_is_stored(make_bench, cube):
    masks = {"a": cube((1, 1, 1)), "b": cube((1, 1, 2), 0), "c": cube((1, 1, 3))}
    stored = {"a": masks["a"] * 255, "b": masks["b"], "c": cube((1, 1, 4))}
    scored = make_bench({"expert": masks, "unet": stored}).score()
    assert scored.identical == {("unet", "expert"): frozenset({"a"})}, "empty masks are no copies"
    assert note(scored, "BR306", "unet").text == (
        "the highest value of predictions of unet is 1 in 1, 255 in 1; all non-zero is one label"
    )


def test_one_mask_for_several_patients_is_noted_and_above_one_in_20_an_error(make_bench):
    bench = many(make_bench, copies=0)
    shutil.copy(bench.path("unet", "c07"), bench.path("unet", "c30"))
    scored = bench.score()
    assert note(scored, "BR120", "unet").n == 2
    assert not scored.errors
    shutil.copy(bench.path("unet", "c07"), bench.path("unet", "c31"))
    assert bench.score().errors["unet"].code == "BR120"
    one_patient = pd.DataFrame({"case": bench.cases, "who": ["p"] * 40})
    again = bench.score(build={"metadata": one_patient, "patient": "who"})
    assert note(again, "BR120", "unet") is None
    assert not again.errors


def test_references_that_are_identical_in_every_case_are_noted(tiny):
    sources = {"auto": "expert/{case}.nii.gz"}
    scored = tiny.score(build={"sources": sources})
    found = note(scored, "BR125", "expert and auto")
    assert found.text == "references expert and auto are identical in all 6 cases"
    assert len(scored.identical["auto", "expert"]) == 6
    assert note(tiny.score(), "BR125", "expert and auto") is None


def test_masks_that_mostly_do_not_touch_are_wrongly_paired(make_bench, cube):
    far, near = cube((8, 7, 6)), cube((1, 1, 1))
    for n_far, expected in ((6, {("unet", "expert", "")}), (5, set())):
        cases = [f"c{index}" for index in range(10)]
        bench = make_bench(
            {
                "expert": dict.fromkeys(cases, near),
                "unet": {case: far if place < n_far else near for place, case in enumerate(cases)},
            },
            folder=f"far{n_far}",
        )
        assert bench.score().wrong_pairing == expected


def test_wrong_pairing_needs_ten_pairs_of_two_masks_that_are_not_empty(make_bench, cube):
    cases = [f"c{index}" for index in range(12)]
    empty, far, near = cube((0, 0, 0), 0), cube((8, 7, 6)), cube((1, 1, 1))
    bench = make_bench(
        {
            "expert": dict.fromkeys(cases, near),
            "unet": {case: empty if place < 3 else far for place, case in enumerate(cases)},
        }
    )
    assert bench.score().wrong_pairing == frozenset()


def test_empty_masks_are_counted_as_agreed_missed_and_invented(make_bench, cube):
    empty, full = cube((0, 0, 0), 0), cube((1, 1, 1))
    expert = {"a": empty, "b": empty, "c": full, "d": full, "e": full, "f": full}
    unet = {"a": empty, "b": full, "c": empty, "d": empty, "e": cube((1, 1, 2)), "f": None}
    scored = make_bench({"expert": expert, "unet": unet}).score()
    found = note(scored, "BR304", "unet")
    text = "empty masks of unet: against expert 1 agreed absent, 2 missed, 1 invented"
    assert (found.n, found.text) == (4, text)


def test_a_label_that_nobody_annotated_is_asked_about(make_bench, cube):
    empty = cube((0, 0, 0), 0)
    cases = [f"c{index}" for index in range(8)]
    expert = {case: empty if place < 3 else cube((1, 1, 1)) for place, case in enumerate(cases)}
    unet = {case: cube((1, 1, 2 + place % 3)) for place, case in enumerate(cases)}
    found = note(make_bench({"expert": expert, "unet": unet}).score(), "BR307", "expert")
    assert found.n == 3
    assert found.text == (
        "foreground is empty in 3 of 8 masks of reference expert and present in 3 of their "
        "predictions of unet: absent, or not annotated?"
    )


def test_foreground_above_half_of_the_volume_is_noted(make_bench, cube):
    masks = {"a": cube((0, 0, 0), 12), "b": cube((1, 1, 1))}
    scored = make_bench(
        {"expert": {"a": cube((1, 1, 1)), "b": cube((1, 1, 2))}, "unet": masks}
    ).score()
    text = "foreground above half of the volume in 1 predictions of unet"
    assert note(scored, "BR305", "unet").text == text


def test_several_values_read_as_one_label_are_noted(make_bench, cube):
    several = cube((1, 1, 1))
    several[1, 1, 1] = 2
    bench = make_bench({"expert": {"a": several}, "unet": {"a": cube((1, 1, 1))}})
    text = "several values are read as one label in 1 masks of reference expert"
    assert note(bench.score(), "BR306", "expert").text == text
    labelled = bench.score(build={"labels": {"one": (1,), "two": (2,)}})
    assert note(labelled, "BR306", "expert") is None


def test_cases_and_files_that_do_not_match_are_counted(tiny):
    tiny.path("unet", "c1").unlink()
    for name in ("x", "y", ".hidden"):
        shutil.copy(tiny.path("unet", "c2"), tiny.path("unet", name))
    scored = tiny.score()
    found = note(scored, "BR404", "unet")
    text = "1 of 6 cases have no prediction of unet, 2 files match no case"
    assert (found.n, found.text) == (3, text)
    assert note(scored, "BR404", "expert") is None


def test_sets_may_share_a_folder(tiny):
    shared = tiny.root / "all"
    shared.mkdir()
    for name in tiny.masks:
        for case in tiny.cases:
            ending = "" if name == "unet" else f"_{name}"
            shutil.copy(tiny.path(name, case), shared / f"{case}{ending}.nii.gz")
    sources = {
        "expert": "all/{case}_expert.nii.gz",
        "auto": "all/{case}_auto.nii.gz",
        "unet": "all/{case}.nii.gz",
    }
    scored = tiny.score(build={"sources": sources})
    assert [each for each in scored.notes if each.code == "BR404"] == []
    pd.testing.assert_frame_equal(scored.table, tiny.score().table)


def test_a_pattern_may_name_the_case_twice_and_hold_brackets(tiny):
    for name in tiny.masks:
        for case in [*tiny.cases, "z"]:
            place = tiny.root / "[a]" / case / f"{case}_{name}.nii.gz"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tiny.path(name, "c0" if case == "z" else case), place)
    sources = {name: f"[a]/{{case}}/{{case}}_{name}.nii.gz" for name in tiny.masks}
    scored = tiny.score(build={"sources": sources})
    assert {each.set: each.n for each in scored.notes if each.code == "BR404"} == dict.fromkeys(
        tiny.masks, 1
    )
    pd.testing.assert_frame_equal(scored.table, tiny.score().table)


def test_no_note_or_error_names_a_case(make_bench):
    names = [f"canary{index}" for index in range(8)]
    rng = np.random.default_rng(1)
    voxels = [(rng.random((6, 6, 6)) < 0.5).astype(np.uint8) for _ in names]
    bench = make_bench(
        {
            "expert": dict(zip(names, voxels, strict=True)),
            "unet": dict(zip(names, [*voxels[1:], None], strict=True)),
        }
    )
    shutil.copy(bench.path("unet", "canary1"), bench.path("unet", "canary99"))
    scored = bench.score()
    told = [each.text for each in scored.notes] + [str(each) for each in scored.errors.values()]
    told += [str(replace_where(each)) for each in scored.problems]
    assert scored.notes
    assert scored.problems
    assert "canary" not in " ".join(told)


def replace_where(problem):
    return problem.at("")


# ---- the law of the accounting

BROKEN = st.sampled_from(["whole", "whole", "missing", "cut", "other grid", "empty", "page"])


@given(fates=st.lists(st.tuples(BROKEN, BROKEN, BROKEN), min_size=1, max_size=6))
@settings(
    max_examples=25,
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
