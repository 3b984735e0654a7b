from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.masks.path import resolve_path
from pytest_biasruler.proposal.family import choose_family
from pytest_biasruler.proposal.masks import (
    CaseFinder,
    FoundSet,
    find_sets,
    find_template,
)

part = st.text("abc01_-.", min_size=1, max_size=8).filter(lambda text: ".." not in text)


@given(st.lists(part, min_size=1, max_size=4), st.lists(part, min_size=1, max_size=4))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_a_template_gives_back_the_path_it_was_made_of(names, cases):
    path = "/".join(names) + ".nii.gz"
    found = find_template(path, CaseFinder(cases))
    if found is None:
        return
    template, case = found
    assert case in cases
    assert template.replace("{case}", case) == path


def test_a_template_leads_the_run_to_the_same_file(tmp_path):
    template, case = find_template("a/sub-01/sub-01_seg.nii", CaseFinder(["01"]))
    assert template == "a/sub-{case}/sub-{case}_seg.nii"
    assert resolve_path(template, case, root=tmp_path) == tmp_path / "a/sub-01/sub-01_seg.nii"


def test_a_number_of_a_fold_is_no_case():
    finder = CaseFinder(["1", "2"])
    assert find_template("fold_1/2.nii", finder) == ("fold_1/{case}.nii", "2")
    assert find_template("fold_1/1.nii", finder) == ("fold_1/{case}.nii", "1")


def test_a_short_name_within_a_longer_number_is_no_case():
    assert find_template("expert/case_0001.nii", CaseFinder(["1", "01"])) is None


def test_files_of_one_folder_are_told_apart_by_what_stands_behind_the_case():
    cases = [f"c{i}" for i in range(9)]
    paths = sorted(f"m/{case}_{who}.nii" for case in cases for who in ("expert", "auto"))
    found = find_sets([*paths, "m/other.nii"], cases)
    assert [each.template for each in found.sets] == ["m/{case}_auto.nii", "m/{case}_expert.nii"]
    assert all(each.cases == frozenset(cases) for each in found.sets)
    assert found.n_strangers == 1


def test_a_set_of_very_few_is_a_leftover():
    cases = [f"c{i:02d}" for i in range(50)]
    found = find_sets([*(f"a/{case}.nii" for case in cases), "b/c00.nii", "b/c01.nii"], cases)
    assert [each.template for each in found.sets] == ["a/{case}.nii"]
    assert found.n_strangers == 2


def sets(*templates, n=3):
    cases = frozenset(str(i) for i in range(n))
    return [FoundSet(template=f"{each}/{{case}}.nii", cases=cases) for each in templates]


def chosen(found):
    kept, others = choose_family(found)
    return [each.template.removesuffix("/{case}.nii") for each in kept], others


def test_organs_above_those_who_drew_are_told_apart():
    names = [f"{organ}/{who}" for organ in ("lung", "heart") for who in ("expert", "auto")]
    assert chosen(sets(*names)) == (["heart/auto", "heart/expert"], ("lung",))


def test_organs_below_those_who_drew_are_told_apart():
    names = [
        f"{who}/{organ}" for organ in ("lung", "heart") for who in ("expert", "auto", "pred/m")
    ]
    assert chosen(sets(*names)) == (["auto/heart", "expert/heart", "pred/m/heart"], ("lung",))


def test_the_organ_with_most_sets_is_taken():
    names = ["heart/expert", "heart/auto", "lung/expert", "lung/auto", "lung/unet"]
    assert chosen(sets(*names))[1] == ("heart",)


def test_sets_that_do_not_repeat_are_all_kept():
    names = ["seg/expert", "seg/auto", "pred/a", "pred/b"]
    assert chosen(sets(*names)) == (names, ())
    assert chosen([]) == ([], ())


def test_models_with_one_name_below_each_are_no_organs():
    names = ["expert/masks", "pred/a/masks", "pred/b/masks"]
    assert chosen(sets(*names)) == (names, ())
