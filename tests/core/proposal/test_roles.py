from __future__ import annotations

import pytest

from pytest_biasruler.proposal.cast import cast_sets
from pytest_biasruler.proposal.masks import FoundSet
from pytest_biasruler.proposal.roles import Role, tell_role


@pytest.mark.parametrize(
    ("folder", "role"),
    [
        *((name, Role.EXPERT) for name in ("expert", "manual_seg", "gt", "groundtruth", "GT")),
        *((name, Role.EXPERT) for name in ("reader2", "labelsTs", "seg/ground truth", "rater1")),
        *((name, Role.AUTOMATED) for name in ("automatic", "auto", "pseudo_labels", "seg/silver")),
        *((name, Role.AUTOMATED) for name in ("nnunet-labels", "machine", "AutoSeg")),
        *((name, Role.MODEL) for name in ("predictions", "pred", "models/x", "outputs", "unet")),
        *((name, Role.MODEL) for name in ("predictions/by_expert", "results/m", "models/auto")),
        *((name, Role.IMAGE) for name in ("images", "imagesTr", "CT", "raw/t1")),
        *((name, Role.MASKS) for name in ("masks", "segmentations", "expert_vs_auto", "labels")),
        *((name, Role.UNKNOWN) for name in ("hybridgnet", "lungs", "x")),
    ],
)
def test_folders_tell_who_drew_the_masks(folder, role):
    assert tell_role(f"{folder}/{{case}}.nii.gz") == role


@pytest.mark.parametrize(
    ("template", "role"),
    [
        ("masks/scan_{case}.nii", Role.MASKS),
        ("data/{case}_0000.nii.gz", Role.IMAGE),
        ("{case}/{case}_T1w.nii", Role.IMAGE),
        ("{case}/{case}_t2.nii", Role.IMAGE),
        ("pt1/{case}.nii", Role.UNKNOWN),
        ("{case}/image.nii", Role.IMAGE),
        ("{case}/{case}_expert.nii", Role.EXPERT),
        ("ct/labels/{case}.nii", Role.MASKS),
    ],
)
def test_names_of_files_tell_it_too(template, role):
    assert tell_role(template) == role


def cast(*names, n=9):
    cases = frozenset(map(str, range(n)))
    found = [FoundSet(template=f"{each}/{{case}}.nii", cases=cases) for each in names]
    return cast_sets(found)


def told(entries):
    return {each.name: (each.kind and each.kind.value, each.is_asked) for each in entries}


@pytest.mark.parametrize("name", ["labelsTs_automated", "labelsTr_auto", "labelsTs-pseudo"])
def test_labels_of_a_dataset_that_say_that_a_machine_drew_them_are_automated(name):
    assert tell_role(f"{name}/{{case}}.nii.gz") == Role.AUTOMATED


def test_masks_of_a_network_are_automated_labels_beside_predictions():
    beside = cast("masks/expert", "masks/nnunet", "predictions/mine")
    assert told(beside) == {
        "expert": ("expert", True),
        "automated": ("automated", True),
        "mine": (None, True),
    }
    alone = cast("masks/expert", "masks/nnunet")
    assert told(alone) == {"expert": ("expert", True), "nnunet": (None, True)}


def test_one_reference_of_each_kind_is_asked_about():
    entries = cast("expert1", "expert", "auto_a", "auto_b", "pred/m")
    assert told(entries) == {
        "expert": ("expert", True),
        "expert1": ("expert", False),
        "automated": ("automated", True),
        "auto_b": ("automated", False),
        "m": (None, True),
    }
    assert entries[0].template == "expert/{case}.nii", "the one without a number comes first"


def test_models_have_names_of_their_own():
    entries = cast("expert", "pred/expert", "pred/a/masks", "pred/b/masks", "pred/a b")
    names = {each.name: each.template for each in entries if each.kind is None}
    assert names == {
        "a": "pred/a/masks/{case}.nii",
        "b": "pred/b/masks/{case}.nii",
        "a_b": "pred/a b/{case}.nii",
        "expert_2": "pred/expert/{case}.nii",
    }


def test_at_most_ten_models_are_asked_about():
    entries = cast("expert", *(f"pred/m{n:02d}" for n in range(14)))
    assert sum(each.is_asked for each in entries if each.kind is None) == 10
    assert len(entries) == 15


def test_of_sets_that_nothing_tells_apart_the_largest_counts_as_automated():
    large = FoundSet(template="x/{case}.nii", cases=frozenset("abc"))
    small = FoundSet(template="a/{case}.nii", cases=frozenset("ab"))
    assert told(cast_sets([small, large])) == {
        "automated": ("automated", True),
        "a": (None, True),
    }


def test_a_set_with_a_strange_name_of_its_own_is_taken_for_predictions():
    entries = cast("derivatives/manual/mask", "derivatives/deepseg/mask", "derivatives/mask")
    assert told(entries) == {
        "expert": ("expert", True),
        "derivatives": ("automated", False),
        "deepseg": (None, True),
    }


def test_images_play_no_part():
    assert told(cast("imagesTr", "labelsTr")) == {"expert": ("expert", True)}
    assert cast_sets([]) == ()
