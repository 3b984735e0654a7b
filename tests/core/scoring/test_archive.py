from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.metrics import Metric
from pytest_biasruler.scoring import archive, case, measures, stack
from pytest_biasruler.scoring.plan import Plan
from pytest_biasruler.scoring.run import measure_benchmark
from pytest_biasruler.scoring.store import Store

BOTH = ("shape", "echo")
SETS = ("expert", "expert2", "auto", "unet", "other")
OTHERS = "cases", "excluded", "unreadable", "sheared", "notes", "errors", "errors_in_mm", "copied"
MORE = "identical", "wrong_pairing", "aliases", "digest", "model_digests", "problems"


def assert_same(one, other):
    for name in ("table", "shapes", "echoes"):
        if getattr(other, name) is not None:
            pd.testing.assert_frame_equal(
                getattr(one, name), getattr(other, name), check_exact=True
            )
    for name in (*OTHERS, *MORE):
        assert getattr(one, name) == getattr(other, name), name


@pytest.fixture(name="five")
def fixture_five(make_bench, cube):
    """Three cases, two experts, an automated reference and two models."""
    cases = ["c0", "c1", "c2"]
    sizes = dict(zip(SETS, (4, 4, 5, 4, 3), strict=True))
    starts = dict(zip(SETS, (2, 3, 2, 1, 2), strict=True))
    return make_bench(
        {
            name: {c: cube((starts[name], 2, n + 1), sizes[name]) for n, c in enumerate(cases)}
            for name in SETS
        }
    )


@pytest.fixture(name="work")
def fixture_work(monkeypatch):
    """Count which masks are read and which pieces are measured, by case where that is known."""
    work = Counter()

    def read(entry, **how):
        work["read", entry.set] += 1
        return read_entry(entry, **how)

    def row(pair, scores, *, model, reference):
        work["pair", model, reference] += 1
        return make_row(pair, scores, model=model, reference=reference)

    def shape(*args, **how):
        work["shape"] += 1
        return measure_shape(*args, **how)

    def echo(*args, **how):
        work["echo"] += 1
        return measure_echo(*args, **how)

    read_entry, make_row = stack._read_entry, case._row
    measure_shape, measure_echo = measures.measure_shape, measures.measure_echo
    monkeypatch.setattr(stack, "_read_entry", read)
    monkeypatch.setattr(case, "_row", row)
    monkeypatch.setattr(measures, "measure_shape", shape)
    monkeypatch.setattr(measures, "measure_echo", echo)
    return work


def only(work, *kinds):
    return {key: n for key, n in work.items() if key in kinds or key[0] in kinds}


def test_a_second_run_reads_no_mask_and_measures_nothing(five, tmp_path, work):
    store = Store(tmp_path / "store")
    first = five.score(store=store, measures=BOTH)
    assert work["read", "unet"] == 3
    work.clear()
    assert_same(five.score(store=store, measures=BOTH), first)
    assert work == {}
    assert_same(first, five.score(measures=BOTH))


def test_a_changed_model_leaves_references_and_other_models_untouched(
    five, tmp_path, work, cube, write_mask
):
    store = Store(tmp_path / "store")
    five.score(store=store, measures=BOTH)
    write_mask(five.path("unet", "c1"), cube((4, 4, 4)))
    work.clear()
    changed = five.score(store=store, measures=BOTH)
    assert work == {
        ("read", "expert"): 1,  # it sets the grid
        ("read", "expert2"): 1,
        ("read", "auto"): 1,
        ("read", "unet"): 1,
        ("pair", "unet", "expert"): 1,
        ("pair", "unet", "expert2"): 1,
        ("pair", "unet", "auto"): 1,
        "echo": 2,  # by each expert
    }
    assert_same(changed, five.score(measures=BOTH))


def test_an_added_model_is_measured_alone_and_a_removed_one_costs_nothing(five, tmp_path, work):
    store = Store(tmp_path / "store")
    whole = dict(five.masks)
    del five.masks["other"]
    without = five.score(store=store)
    five.masks = whole
    work.clear()
    assert_same(five.score(store=store), five.score())
    five.masks = {name: whole[name] for name in whole if name != "other"}
    work.clear()
    assert_same(five.score(store=store), without)
    assert work == {}


def test_only_the_pairs_of_an_added_model_are_measured(five, tmp_path, work):
    store = Store(tmp_path / "store")
    whole = dict(five.masks)
    del five.masks["other"]
    five.score(store=store)
    five.masks = whole
    work.clear()
    five.score(store=store)
    assert only(work, "pair") == {
        ("pair", "other", reference): 3 for reference in ("expert", "expert2", "auto")
    }
    assert work["read", "unet"] == 0


def test_a_changed_automated_reference_leaves_models_against_experts_untouched(
    five, tmp_path, work, cube, write_mask
):
    store = Store(tmp_path / "store")
    five.score(store=store, measures=BOTH)
    write_mask(five.path("auto", "c1"), cube((4, 4, 4)))
    work.clear()
    changed = five.score(store=store, measures=BOTH)
    assert only(work, "pair", "shape") == {
        ("pair", "auto", "expert"): 1,
        ("pair", "auto", "expert2"): 1,
        ("pair", "unet", "auto"): 1,
        ("pair", "other", "auto"): 1,
    }
    assert_same(changed, five.score(measures=BOTH))


def test_a_changed_second_expert_leaves_the_pairs_of_the_first_untouched(
    five, tmp_path, work, cube, write_mask
):
    store = Store(tmp_path / "store")
    five.score(store=store, measures=BOTH)
    write_mask(five.path("expert2", "c1"), cube((4, 4, 4)))
    work.clear()
    changed = five.score(store=store, measures=BOTH)
    assert all("expert2" in pair for pair in only(work, "pair"))
    assert sum(only(work, "pair").values()) == 5, "against the other expert twice, and by three"
    assert work["shape"] == 1
    assert_same(changed, five.score(measures=BOTH))


def test_the_expert_that_sets_the_grid_touches_all_of_its_case(
    five, tmp_path, work, cube, write_mask
):
    store = Store(tmp_path / "store")
    five.score(store=store)
    affine = np.diag([1.0, 1.5, 2.5, 1.0])  # another grid: no other mask lies on it
    write_mask(five.path("expert", "c1"), cube((4, 4, 4)), affine)
    work.clear()
    changed = five.score(store=store)
    assert only(work, "read") == {("read", name): 1 for name in SETS}
    assert changed.unreadable["unet"] == {"c1": "BR221"}
    assert_same(changed, five.score())


def test_a_reference_that_cannot_be_read_leaves_the_grid_to_the_next_one(five, tmp_path, work):
    store = Store(tmp_path / "store")
    five.path("expert", "c1").write_bytes(b"broken")
    first = five.score(store=store, measures=BOTH)
    work.clear()
    assert_same(five.score(store=store, measures=BOTH), first)
    assert work == {}
    five.path("unet", "c1").write_bytes(five.path("other", "c1").read_bytes())
    changed = five.score(store=store, measures=BOTH)
    assert work["pair", "other", "expert2"] == 0
    assert work["pair", "unet", "expert2"] == 1
    assert_same(changed, five.score(measures=BOTH))


def test_what_a_check_asks_for_later_is_measured_without_scoring_again(five, tmp_path, work):
    store = Store(tmp_path / "store")
    five.score(store=store)
    work.clear()
    assert_same(five.score(store=store, measures=BOTH), five.score(measures=BOTH))
    benchmark = five.build()
    metadata = read_metadata(benchmark)
    work.clear()
    found = measure_benchmark(benchmark, "echo", metadata=metadata, store=store)
    assert work == {}, "another call found what was measured beside the scores"
    fresh = measure_benchmark(benchmark, "echo", metadata=metadata)
    pd.testing.assert_frame_equal(found, fresh, check_exact=True)


def test_another_metric_measures_pairs_again_but_neither_shapes_nor_echoes(five, tmp_path, work):
    store = Store(tmp_path / "store")
    five.score(store=store, measures=BOTH)
    metric = Metric(name="cosine", score=cosine)
    work.clear()
    found = five.score(store=store, measures=BOTH, metrics=[metric])
    assert work["shape"] == work["echo"] == 0
    assert_same(found, five.score(measures=BOTH, metrics=[metric]))


def cosine(model, reference):
    both = np.count_nonzero(model.voxels & reference.voxels)
    return both / np.sqrt(np.count_nonzero(model.voxels) * np.count_nonzero(reference.voxels))


def fails_for_large(_model, reference):
    if np.count_nonzero(reference.voxels) == 125:
        raise ValueError("too large")
    return 1.0


def test_a_metric_that_fails_is_tried_again_and_told_in_the_same_order(five, tmp_path, work):
    store = Store(tmp_path / "store")
    metric = Metric(name="picky", score=fails_for_large)
    first = five.score(store=store, metrics=[metric])
    assert {each.code for each in first.problems} == {"BR899"}
    work.clear()
    assert_same(five.score(store=store, metrics=[metric]), first)
    assert work["pair", "unet", "auto"] == 3, "those that failed"
    assert work["pair", "auto", "expert"] == 0
    assert_same(five.score(metrics=[metric]), first)


def test_a_disk_that_fails_while_a_mask_is_read_is_no_property_of_the_mask(
    five, tmp_path, monkeypatch
):
    store = Store(tmp_path / "store")
    whole = five.score()
    read_entry = stack._read_entry

    def fail(entry, **how):
        if entry.set == "unet":
            how["job"] = replace(how["job"], root=None)
            entry = replace(entry, source=entry.source.parent / "gone.nii.gz")
        return read_entry(entry, **how)

    with monkeypatch.context() as patch:
        patch.setattr(stack, "_read_entry", fail)
        lost = five.score(store=store)
    assert lost.unreadable["unet"] == dict.fromkeys(["c0", "c1", "c2"], "BR101")
    assert_same(five.score(store=store), whole)


def test_a_mask_that_fails_once_more_is_not_mixed_with_what_is_known_of_it(
    five, tmp_path, monkeypatch, cube, write_mask
):
    store = Store(tmp_path / "store")
    five.score(store=store)
    write_mask(five.path("auto", "c1"), cube((4, 4, 4)))
    read_entry = stack._read_entry

    def fail(entry, **how):
        if entry.set == "unet":
            entry = replace(entry, source=entry.source.parent / "gone.nii.gz")
        return read_entry(entry, **how)

    monkeypatch.setattr(stack, "_read_entry", fail)
    scored = five.score(store=store)
    rows = scored.table[(scored.table["case"] == "c1") & (scored.table["model"] == "unet")]
    assert set(rows["status"]) == {"worst"}, "also against the experts, which are known"
    assert scored.unreadable["unet"] == {"c1": "BR101"}


def test_a_run_that_is_stopped_keeps_what_it_had_scored(five, tmp_path, monkeypatch, work):
    store = Store(tmp_path / "store")
    measure_here = Plan._measure_here

    def stop(plan, job, scores):
        if job.case == "c1":
            raise KeyboardInterrupt
        return measure_here(plan, job, scores)

    with monkeypatch.context() as patch:
        patch.setattr(Plan, "_measure_here", stop)
        with pytest.raises(KeyboardInterrupt):
            five.score(store=store)
    work.clear()
    five.score(store=store)
    assert only(work, "read") == {("read", name): 1 for name in SETS}, "c2 alone was not scored"


def test_a_slow_disk_is_written_seldom(tmp_path, monkeypatch):
    now = [0.0]
    writes = []

    class SlowStore(Store):
        def write_all(self, entries):
            writes.append((now[0], sorted(entries)))
            now[0] += 0.01

    monkeypatch.setattr(archive.time, "monotonic", lambda: now[0])
    keeper = archive.ConfinedArchive(SlowStore(tmp_path))
    for number in range(100):
        now[0] += 0.1
        keeper.keep({f"{number:02d}": {}})
    keeper.close()
    times = [at for at, _ in writes]
    assert times[0] == pytest.approx(0.1), "the first case tells how slow the disk is"
    assert min(np.diff(times)[:-1]) >= 0.5, "at most one part in fifty"
    assert [key for _, keys in writes for key in keys] == [f"{n:02d}" for n in range(100)]


def test_pairs_are_found_again_with_labels(five, tmp_path, work, cube, write_mask):
    for name in SETS:
        for number in range(3):
            voxels = cube((2, 2, number), 4 + (name == "auto"))
            voxels[2] *= 2
            write_mask(five.path(name, f"c{number}"), voxels)
    store, build = Store(tmp_path / "store"), {"labels": {"core": (2,), "rim": (1,)}}
    five.score(store=store, build=build, measures=BOTH)
    write_mask(five.path("unet", "c1"), cube((4, 4, 4)))
    work.clear()
    changed = five.score(store=store, build=build, measures=BOTH)
    assert work["pair", "other", "expert"] == 0
    assert work["pair", "unet", "expert"] == 2, "one for each label"
    assert_same(changed, five.score(build=build, measures=BOTH))


# ---- the law

FATES = st.sampled_from(["a", "b", "missing", "cut", "other grid", "empty", "sheared"])
CASE = st.tuples(*[FATES] * len(SETS))


@given(before=st.lists(CASE, min_size=2, max_size=2), after=st.lists(CASE, min_size=2, max_size=2))
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_store_from_before_any_change_gives_what_no_store_gives(
    before, after, make_bench, cube, write_mask, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("law")
    whole = write_mask(folder / "whole.nii.gz", cube((2, 2, 2))).read_bytes()
    sheared = np.diag([1.0, 1.5, 2.0, 1.0])
    sheared[0, 1] = 0.4
    crooked = write_mask(folder / "crooked.nii.gz", cube((2, 3, 2)), sheared).read_bytes()
    kinds = {
        "a": whole,
        "b": cube((3, 2, 2), 5),
        "missing": None,
        "cut": whole[: len(whole) // 2],
        "other grid": cube((1, 1, 1), shape=(8, 8, 8)),
        "empty": cube((0, 0, 0), 0),
        "sheared": crooked,
    }

    def bench(fates):
        masks = {name: {"last": whole} for name in SETS}
        for number, fate in enumerate(fates):
            for name, kind in zip(SETS, fate, strict=True):
                masks[name][f"c{number}"] = kinds[kind]
        return make_bench(masks, folder=folder / str(len(list(folder.iterdir()))))

    store = Store(folder / "store")
    bench(before).score(store=store, measures=BOTH)
    changed = bench(after)
    assert_same(changed.score(store=store, measures=BOTH), changed.score(measures=BOTH))
    assert store.notices == []
