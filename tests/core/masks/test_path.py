from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.path import resolve_path

FOREIGN = ["http://x/y", "file:///etc/passwd", "C:\\x", "C:x", "a\\b", "\0"]
OUTSIDE = ["../x", "..", "a/../../x", "a/../..", "/etc/passwd", "../{case}.nii", "c:/{case}"]


def refusal(template, case, root):
    with pytest.raises(BiasRulerError) as caught:
        resolve_path(template, case, root=root)
    return caught.value


@pytest.mark.parametrize("template", [*OUTSIDE, *FOREIGN])
def test_a_template_that_leaves_the_root_is_refused(tmp_path, template):
    assert str(refusal(template, "007", tmp_path)) == (
        "BR401: masks leaves the data root; expected a path inside it. Set root in [benchmark]."
    )


@pytest.mark.parametrize("case", ["..", "../../x", "a/../..", *FOREIGN])
def test_a_case_name_that_leaves_the_root_is_refused_without_the_name(tmp_path, case):
    assert str(refusal("{case}/mask.nii", case, tmp_path)) == (
        "BR401: a case name leaves the data root; expected a path inside it. Rename the case."
    )


def test_an_absolute_template_is_refused_even_inside_the_root(tmp_path):
    assert refusal(f"{tmp_path}/{{case}}.nii", "1", tmp_path).code == "BR401"


@pytest.mark.parametrize(
    "template", ["{patient}.nii", "{case}{", "{case!r}.nii", "{{case}}.nii", "{}"]
)
def test_a_template_has_no_other_placeholder(tmp_path, template):
    assert refusal(template, "1", tmp_path).code == "BR602"


@pytest.mark.parametrize(
    "case", ["007", "1E5", "{case}", "{0.__class__}", "%s", "a b", "\u60a3", "x/y"]
)
def test_a_case_name_is_put_in_as_text(tmp_path, case):
    path = resolve_path("{case}/m-{case}.nii", case, root=tmp_path)
    assert path == tmp_path.resolve() / f"{case}/m-{case}.nii"


def test_a_folder_that_links_outside_is_outside(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (root / "masks").symlink_to(tmp_path)
    assert refusal("masks/{case}.nii", "1", root).code == "BR401"


def test_a_link_in_place_of_the_file_is_left_to_the_reader(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (root / "1.nii").symlink_to(tmp_path / "1.nii")
    assert resolve_path("{case}.nii", "1", root=root) == root.resolve() / "1.nii"


def test_a_root_may_be_a_link_itself(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    path = resolve_path("{case}.nii", "1", root=tmp_path / "root")
    assert path == tmp_path.resolve() / "real" / "1.nii"


@given(template=st.text("./{}case\\:a\0", max_size=14), case=st.text("./\\:a\0\ud800", max_size=8))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_path_is_ever_outside(tmp_path_factory, template, case):
    root = tmp_path_factory.getbasetemp().resolve()
    try:
        path = resolve_path(template, case, root=root)
    except BiasRulerError as error:
        refused = error
    else:
        refused = None
    if refused is None:
        assert path.resolve().is_relative_to(root)
    else:
        assert refused.code in {"BR401", "BR602"}
