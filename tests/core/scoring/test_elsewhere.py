from __future__ import annotations

import shutil

import pandas as pd
import pytest

from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerProblems
from pytest_biasruler.scoring.run import check_masks_exist, score_benchmark


def told(tiny, template, **options):
    benchmark = tiny.build(sources={"unet": template}, **options)
    return [each.fix for each in check_masks_exist(benchmark, read_metadata(benchmark))]


@pytest.mark.parametrize(
    ("template", "meant"),
    [
        ("unett/{case}.nii.gz", "unet/{case}.nii.gz"),
        ("unet/{case}.nii", "unet/{case}.nii.gz"),
        ("Unet/{case}.nrrd", "unet/{case}.nii.gz"),
    ],
)
def test_a_slip_in_folder_or_ending_is_told_with_the_line_to_write(tiny, template, meant):
    assert told(tiny, template) == [f'Write masks = "{meant}" in [models.unet] if that is meant']


def test_a_template_filled_from_columns_is_mended_as_any_other(tiny):
    (tiny.root / "visits").mkdir()
    shutil.copytree(tiny.root / "unet", tiny.root / "visits" / "v1")
    frame = pd.DataFrame({"case": tiny.cases, "visit": "v1"})
    sources = {"unet": "visit/{visit}/{case}.nii.gz"}
    benchmark = tiny.build(metadata=frame, sources=sources)

    with pytest.raises(BiasRulerProblems) as caught:
        score_benchmark(benchmark, metadata=read_metadata(benchmark))

    (problem,) = caught.value.problems
    assert problem.fix == (
        'Write masks = "visits/{visit}/{case}.nii.gz" in [models.unet] if that is meant'
    )


@pytest.mark.parametrize("template", ["other/{case}.nii.gz", "unet/{case}_mask.nii.gz"])
def test_what_would_find_no_mask_is_not_proposed(tiny, template):
    assert told(tiny, template) == ["Correct masks in [models.unet], or root"]


def test_a_near_folder_without_a_mask_of_any_case_is_not_proposed(tiny):
    (tiny.root / "unets").mkdir()

    assert told(tiny, "unetss/{case}.nii.gz") == ["Correct masks in [models.unet], or root"]


def test_folders_of_an_untrusted_benchmark_are_not_searched(tiny):
    benchmark = tiny.build(sources={"expert": "expertt/{case}.nii.gz"}, untrusted=True)

    (problem,) = check_masks_exist(benchmark, read_metadata(benchmark))

    assert problem.fix == "Correct masks in [references.expert], or root"


def test_a_root_that_is_not_there_is_told(tiny, tmp_path):
    tiny.root = tmp_path / "nowhere"

    assert told(tiny, "unet/{case}.nii.gz")[-1] == "Correct root: no such folder is there"
