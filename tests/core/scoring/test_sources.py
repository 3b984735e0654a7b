from __future__ import annotations

import os

import pytest

from pytest_biasruler.benchmark.definition import ScoreSource
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.run import check_masks_exist
from pytest_biasruler.scoring.sources import find_entry, list_sets
from pytest_biasruler.scoring.stack import read_stack


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
