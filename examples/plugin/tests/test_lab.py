"""The plugin as pytest sees it: whole runs, alone and with workers."""

from __future__ import annotations

import json
from importlib.metadata import entry_points

import numpy as np
import pytest
from biasruler_lab.boundary import boundary_iou
from biasruler_lab.rle import decode, encode, read_rle

from pytest_biasruler import BiasRulerError, Mask

from .conftest import ball

IS_INSTALLED = any(entry.name == "biasruler_lab" for entry in entry_points(group="pytest11"))
PLUGINS = () if IS_INSTALLED else ("-p", "biasruler_lab.plugin")


def run(cohort, *arguments):
    """Run pytest on the cohort, with the plugin also where it is only on the path."""
    return cohort.runpytest_subprocess(
        "biasruler.toml", *PLUGINS, "-p", "no:cacheprovider", *arguments
    )


def test_a_rough_boundary_is_a_gap_by_boundary_iou_and_none_by_dice(cohort):
    audits = []
    outputs = ("--biasruler-json=audit.json", "--biasruler-html=report.html")
    for workers in (1, 2):
        result = run(cohort, f"--biasruler-workers={workers}", *outputs)
        assert result.ret == 1
        result.stdout.fnmatch_lines(["FAIL gap boundary_iou, scanner B vs A: gap 0.*"])
        result.stdout.no_fnmatch_line("FAIL gap dice*")
        audits.append((cohort.path / "audit.json").read_bytes())
    assert audits[0] == audits[1]
    audit = json.loads(audits[0])
    assert audit["accounting"]["scored"] == 40
    assert audit["extensions"]["biasruler_lab"] == {
        "version": "1.0.0",
        "boundary_width_mm": 2.0,
        "n_split_verdicts": 1,
    }
    page = (cohort.path / "report.html").read_text(encoding="utf-8")
    assert "Overlap and boundary" in page
    for cell in ("scanner", "unet", "PASS, 0.062", "FAIL, 0.303", "differ"):
        assert cell in page, cell


def test_a_public_report_has_nothing_of_ours_in_it(cohort):
    run(
        cohort, "--biasruler-public", "--biasruler-json=audit.json", "--biasruler-html=report.html"
    )
    assert "Overlap and boundary" not in (cohort.path / "report.html").read_text(encoding="utf-8")
    assert not json.loads((cohort.path / "audit.json").read_text(encoding="utf-8"))["extensions"]


def test_a_file_that_is_no_mask_costs_the_model_one_case_and_not_the_run(cohort):
    (cohort.path / "unet" / "c00.rle").write_text('{"size": [9, 9], "counts": "XYZ"}', "utf-8")
    result = run(cohort)
    result.stdout.fnmatch_lines(
        ["40 of 40 cases scored, 1 prediction of unet counted as worst*", "*BR113 case-*"]
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"size": [2, 2], "counts": [1, 2]}',
        '{"size": [2, 2], "counts": [-1, 5]}',
        '{"size": [2, 2], "counts": [true, 3]}',
        '{"size": [99999, 99999, 99999], "counts": [999970000299999]}',
        '{"size": [2, 2], "counts": "04b1"}',
        '{"size": [2, 2]}',
        "[1, 2]",
        "[" * 100_000,
        "\x1f\x8b",
    ],
)
def test_a_text_that_is_no_encoding_is_refused(tmp_path, text):
    path = tmp_path / "a.rle"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BiasRulerError, match="BR113: the mask is no run-length encoding"):
        read_rle(path)


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5, 4, 3)])
def test_what_is_encoded_is_read_back(tmp_path, shape):
    rng = np.random.default_rng(sum(shape))
    mask = Mask(voxels=rng.random(shape) < 0.5, spacing_mm=(0.5, 0.7, 2.0))
    path = tmp_path / "a.rle"
    path.write_text(json.dumps(encode(mask)), encoding="utf-8")
    read = read_rle(path)
    assert np.array_equal(read.voxels, mask.voxels)
    assert read.spacing_mm == mask.spacing_mm


def test_runs_go_down_the_first_axis_as_in_coco():
    assert decode([2, 3], [0, 2, 4])[:, 0].tolist() == [True, True]


def test_boundary_iou_ignores_the_inside_and_does_not_care_who_is_the_model():
    hollow = ball(9).voxels & ~ball(5).voxels
    one, two = ball(9), Mask(voxels=ball(8.4).voxels, affine=ball(9).affine)
    assert boundary_iou(one, two) == boundary_iou(two, one)
    assert boundary_iou(Mask(voxels=hollow, affine=one.affine), one) < 1
    assert boundary_iou(one, one) == 1


def test_a_mask_that_is_cut_off_by_the_image_has_a_boundary_there():
    voxels = np.zeros((9, 9, 9), dtype=bool)
    voxels[:5] = True
    whole, cut = (Mask(voxels=part, spacing_mm=(1, 1, 1)) for part in (voxels, voxels[:5]))
    assert boundary_iou(whole, whole) == boundary_iou(cut, cut) == 1
    assert 0 < boundary_iou(whole, Mask(voxels=np.roll(voxels, 1, axis=0))) < 0.9
