from __future__ import annotations

import os
import shutil

import pandas as pd
import pytest

from pytest_biasruler.benchmark.definition import ScoreSource
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.places import bind_places
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.run import check_masks_exist, score_benchmark
from pytest_biasruler.scoring.sources import find_entry, list_sets
from pytest_biasruler.scoring.stack import read_stack
from pytest_biasruler.scoring.strangers import count_strangers


def entry_of(bench, name, case, **options):
    benchmark = bench.build(**options)
    (mask_set,) = [each for each in list_sets(benchmark) if each.name == name]
    return find_entry(mask_set, case, benchmark=benchmark)


def test_references_come_first_and_sets_without_masks_are_left_out(tiny):
    sets = list_sets(tiny.build(sources={"auto": None}, scores=ScoreSource(table="scores.csv")))
    assert [(each.name, each.role, each.title) for each in sets] == [
        ("expert", Role.EXPERT, "reference expert"),
        ("unet", Role.MODEL, "prediction of unet"),
    ]


def test_a_pattern_gives_a_path_and_keeps_the_template_for_messages(tiny):
    entry = entry_of(tiny, "unet", "c1")
    assert entry.source == tiny.path("unet", "c1").resolve()
    assert entry.place == "unet/{case}.nii.gz"


def test_the_repr_of_an_entry_shows_no_path_and_that_of_a_job_no_case(tiny):
    entry = entry_of(tiny, "unet", "c1")
    shown = repr(Job(case="c1", entries=(entry,), metrics=(), root=tiny.root))
    assert str(tiny.root) not in shown
    assert "c1" not in shown


def test_an_array_is_checked_where_it_is_given(tiny):
    entry = entry_of(tiny, "unet", "c1", sources={"unet": {"c1": tiny.masks["unet"]["c1"] - 1.5}})
    assert isinstance(entry.source, BiasRulerError)
    assert entry.source.code == "BR301"
    entry = entry_of(tiny, "unet", "c1", sources={"unet": tiny.masks["unet"]})
    assert isinstance(entry.source, Crop)
    assert entry.source.voxel_sha256
    assert entry.source.voxels.shape == (4, 4, 4), "the background travels to the workers, too"


@pytest.mark.parametrize("case", ["../../c1", "a\\b", "http://x"])
def test_a_case_name_cannot_leave_the_root(tiny, case):
    entry = entry_of(tiny, "unet", case)
    assert isinstance(entry.source, BiasRulerError)
    assert entry.source.code == "BR401"


@pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")
def test_a_folder_that_leads_outside_stops_the_run(tiny, tmp_path):
    (tiny.root / "away").symlink_to(tmp_path)
    benchmark = tiny.build(sources={"unet": "unet/{case}.nii.gz"})
    assert check_masks_exist(benchmark, read_metadata(benchmark)) == []
    (tiny.root / "unet").rename(tmp_path / "unet")
    (tiny.root / "unet").symlink_to(tmp_path / "unet")
    codes = {each.code for each in check_masks_exist(benchmark, read_metadata(benchmark))}
    assert codes == {"BR401", "BR126"}


def by_column(tiny, **options):
    """The tiny benchmark, its predictions one folder a visit."""
    cases = tiny.cases
    visits = [f"v{number % 2}" for number, _ in enumerate(cases)]
    for case, visit in zip(cases, visits, strict=True):
        (tiny.root / "byvisit" / visit).mkdir(parents=True, exist_ok=True)
        shutil.copy(tiny.path("unet", case), tiny.root / "byvisit" / visit / f"{case}.nii.gz")
    frame = pd.DataFrame({"case": cases, "visit": visits})
    return tiny.build(metadata=frame, sources={"unet": "byvisit/{visit}/{case}.nii.gz"}, **options)


def test_masks_named_by_columns_score_as_those_named_by_the_case_alone(tiny):
    benchmark = by_column(tiny)
    scored = score_benchmark(benchmark, metadata=read_metadata(benchmark))
    pd.testing.assert_frame_equal(scored.table, tiny.score().table)
    assert scored.digest == tiny.score().digest


def test_a_message_about_a_mask_named_by_columns_shows_its_template_alone(tiny):
    benchmark = by_column(tiny)
    (tiny.root / "byvisit" / "v1" / "c1.nii.gz").unlink()
    metadata = read_metadata(benchmark)
    bound = bind_places(benchmark, metadata)
    (unet,) = [each for each in list_sets(bound) if each.name == "unet"]
    entry = find_entry(unet, "c1", benchmark=bound)
    assert entry.place == "byvisit/{visit}/{case}.nii.gz"
    assert [*score_benchmark(benchmark, metadata=metadata).unreadable["unet"]] == ["c1"]


def test_files_that_fit_columns_but_belong_to_no_case_are_counted(tiny):
    benchmark = by_column(tiny)
    for name in ("v0/stranger", "v0/c1", "v9/.hidden", "c1"):
        path = tiny.root / "byvisit" / f"{name}.nii.gz"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    metadata = read_metadata(benchmark)
    sets = list_sets(bind_places(benchmark, metadata))
    counts = count_strangers(sets, metadata.cases, root=tiny.root)
    assert counts["unet"] == 2, "a stranger in v0, and a mask of c1 where c1 was not seen"


def test_the_places_of_an_untrusted_model_are_held_to_its_folder(tiny):
    benchmark = by_column(tiny, untrusted=True)
    metadata = read_metadata(benchmark)
    bound = bind_places(benchmark, metadata)
    (unet,) = [each for each in list_sets(bound) if each.name == "unet"]
    entry = find_entry(unet, "c1", benchmark=bound)
    assert entry.source == tiny.root.resolve() / "byvisit" / "v1" / "c1.nii.gz"
    (tiny.root / "byvisit" / "v1").rename(tiny.root / "byvisit" / "real")
    (tiny.root / "byvisit" / "v1").symlink_to(tiny.root / "byvisit" / "real")
    entry = find_entry(unet, "c1", benchmark=bound)
    assert isinstance(entry.source, BiasRulerError)
    assert entry.source.code == "BR402"


def test_a_callable_is_not_called_to_see_whether_masks_exist(tiny):
    def refuse(case):
        raise AssertionError(case)

    benchmark = tiny.build(sources={"unet": refuse})
    assert check_masks_exist(benchmark, read_metadata(benchmark)) == []


def test_masks_are_read_by_the_reader_of_their_suffix(tmp_path, cube):
    (tmp_path / "a.raw").write_bytes(cube((1, 1, 1)).tobytes())

    def read(path):
        return Mask(voxels=cube((0, 0, 0), 0) + (path.stat().st_size == 1320))

    entry = Entry(set="expert", role=Role.EXPERT, source=tmp_path / "a.raw")
    job = Job(case="a", entries=(entry,), metrics=(), readers={".raw": read})
    masks, grid = read_stack(job)
    assert masks["expert"] is grid
    assert int(grid.voxels.sum()) == 1320
