from __future__ import annotations

from pathlib import Path

import pytest

from pytest_biasruler.benchmark.templates import expand_root, inner_path, masks, template
from pytest_biasruler.errors import BiasRulerError


@pytest.mark.parametrize(
    ("pattern", "code", "found"),
    [
        ("../{case}.nii.gz", "BR401", "masks leaves the data root"),
        ("a/../../{case}.nii.gz", "BR401", "masks leaves the data root"),
        ("{case}/../../x", "BR401", "masks leaves the data root"),
        ("{case}/..", "BR401", "masks leaves the data root"),
        ("/data/{case}.nii.gz", "BR401", "masks is an absolute path"),
        ("C:/data/{case}.nii.gz", "BR401", "masks is an absolute path"),
        ("a\\{case}.nii.gz", "BR401", "masks holds a backslash"),
        ("http://x/{case}.nii", "BR401", "masks holds a URL"),
        ("file://x/{case}.nii", "BR401", "masks holds a URL"),
        ("a\0/{case}.nii", "BR401", "masks holds a NUL character"),
        ("masks/case.nii.gz", "BR602", "masks has no {case}"),
        ("{case}/{}.nii.gz", "BR602", "masks holds other braces"),
        ("{case}/{a/b}.nii.gz", "BR602", "masks holds other braces"),
        ("{case}/{label.nii.gz", "BR602", "masks holds other braces"),
        ("{{case}}.nii.gz", "BR602", "masks holds other braces"),
        ("${HOME}/{case}.nii.gz", "BR602", "masks holds other braces"),
        ("", "BR602", 'masks is ""'),
        (3, "BR602", "masks is 3"),
    ],
)
def test_a_template_that_is_no_path_inside_the_root_is_refused(tmp_path, pattern, code, found):
    with pytest.raises(BiasRulerError) as caught:
        template(tmp_path)("masks", pattern)

    assert (caught.value.code, caught.value.found) == (code, found)


@pytest.mark.parametrize(
    "pattern",
    ["{case}.nii.gz", "a/{case}/b.nii", "a/../b/{case}.nii", "é/{case}", "{a b}/{c}.nii"],
)
def test_a_template_inside_the_root_is_kept_as_it_is(tmp_path, pattern):
    assert template(tmp_path)("masks", pattern) == pattern


def test_a_linked_folder_that_leads_out_of_the_root_is_refused(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "masks").symlink_to(outside)

    with pytest.raises(BiasRulerError, match="BR401: masks leaves the data root"):
        template(root)("masks", "masks/{case}.nii.gz")


def test_a_loop_of_links_is_refused_and_never_followed_for_ever(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    with pytest.raises(BiasRulerError, match="BR401"):
        template(tmp_path)("masks", "a/c/{case}.nii.gz")


def test_without_a_root_a_template_may_stand_anywhere():
    assert template(None)("masks", "/data/{case}.nii.gz") == "/data/{case}.nii.gz"


def test_only_code_may_hand_over_masks_themselves(tmp_path):
    in_code, in_file = masks(tmp_path, in_code=True), masks(tmp_path, in_code=False)
    by_case = {"a": object()}

    assert in_code("masks", by_case) is by_case
    assert in_code("masks", print) is print
    with pytest.raises(BiasRulerError, match="masks is a table; expected a text"):
        in_file("masks", by_case)
    with pytest.raises(
        BiasRulerError, match="masks is 3; expected a template, a mapping or a call"
    ):
        in_code("masks", 3)


def test_a_table_may_be_a_path_object_and_holds_no_brace(tmp_path):
    path = inner_path(tmp_path)

    assert path("metadata", Path("tables/clinical.csv")) == "tables/clinical.csv"
    with pytest.raises(BiasRulerError, match="metadata holds other braces"):
        path("metadata", "${DATA}/clinical.csv")
    with pytest.raises(BiasRulerError, match="BR401: metadata leaves the data root"):
        path("metadata", "../clinical.csv")


ENVIRON = {"DATA": "/sets", "YEAR": "2026", "EMPTY": ""}


@pytest.mark.parametrize(
    ("root", "expanded"),
    [
        ("${DATA}", "/sets"),
        ("${DATA}/${YEAR}", "/sets/2026"),
        ("cases", "/folder/cases"),
        ("../cases", "/folder/../cases"),
        ("$DATA", "/folder/$DATA"),
    ],
)
def test_the_root_expands_variables_and_starts_at_the_files_folder(root, expanded):
    assert expand_root(root, folder=Path("/folder"), environ=ENVIRON) == Path(expanded)


@pytest.mark.parametrize(
    ("root", "code", "found"),
    [
        ("${NONE}/x", "BR602", "root needs the variable NONE, which is not set"),
        ("${EMPTY}/x", "BR602", "root needs the variable EMPTY, which is not set"),
        ("${DATA", "BR602", "root holds an unfinished ${"),
        ("${A-B}", "BR602", "root holds an unfinished ${"),
        ("s3://bucket", "BR401", "root is no path of a folder"),
        ("a\0", "BR401", "root is no path of a folder"),
        (1, "BR602", "root is 1"),
    ],
)
def test_a_root_that_is_no_folder_is_refused(root, code, found):
    with pytest.raises(BiasRulerError) as caught:
        expand_root(root, folder=Path(), environ=ENVIRON)

    assert (caught.value.code, caught.value.found) == (code, found)
