from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.metrics import CATALOGUE, DISTANCES, IMAGE_DIAGONAL, Metric
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring import case as case_module
from pytest_biasruler.scoring import surface as surface_module
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.shape import count_lesions, lesion_precision, lesion_recall

AFFINE = np.diag([1.0, 1.5, 2.0, 1.0])
DIAGONAL = math.hypot(12 * 1.0, 11 * 1.5, 10 * 2.0)
OVERLAPS = ("dice", "iou", "precision", "recall", "lesion_recall", "lesion_precision", "lesion_f1")
MM = ("hd95_mm", "hd_mm", "assd_mm")
VOLUMES = ("volume_error_ml", "relative_volume_error", "signed_volume_error")
ROLES = {"expert": Role.EXPERT, "expert2": Role.EXPERT, "auto": Role.AUTOMATED}


def given(voxels, affine=AFFINE):
    return accept_mask(Mask(voxels=voxels, affine=affine))


def score(masks, **options):
    entries = tuple(
        Entry(
            set=name,
            role=ROLES.get(name, Role.MODEL),
            source=given(mask) if isinstance(mask, np.ndarray) else mask,
        )
        for name, mask in masks.items()
    )
    options = {"metrics": tuple(CATALOGUE.values()), **options}
    return score_case(Job(case="c", entries=entries, **options))


def row(scores, model="unet", reference="expert", label=""):
    (found,) = [
        each
        for each in scores["rows"]
        if (each["model"], each["reference"], each["label"]) == (model, reference, label)
    ]
    return found


def missing(code="BR101"):
    return BiasRulerError(code, "prediction of unet not found", "a file", "Add it")


def test_all_scores_of_two_shifted_cubes_are_those_worked_by_hand(cube):
    # 64 voxels of 3 mm3 each; one step along x of 1 mm leaves 48 in common.
    found = row(score({"expert": cube((2, 2, 2)), "unet": cube((3, 2, 2))}))
    scores = found["scores"]
    assert scores["dice"] == 0.75
    assert scores["iou"] == 48 / 80
    assert (scores["precision"], scores["recall"]) == (0.75, 0.75)
    assert scores["hd_mm"] == 1.0
    assert scores["hd95_mm"] == 1.0
    assert scores["nsd"] == 1.0, "no surface lies more than 2 mm off"
    assert [scores[name] for name in VOLUMES] == [0.0, 0.0, 0.0]
    assert scores["lesion_f1"] == 1.0
    assert found["facts"] == {
        "n_model": 64,
        "n_reference": 64,
        "n_both": 48,
        "model_ml": pytest.approx(0.192),
        "reference_ml": pytest.approx(0.192),
        "diagonal_mm": pytest.approx(DIAGONAL),
    }
    assert found["status"] == "scored"


def test_volume_errors_are_relative_to_the_reference_and_signed_over_the_union(cube):
    # 27 voxels inside 64
    scores = row(score({"expert": cube((2, 2, 2), 3), "unet": cube((2, 2, 2), 4)}))["scores"]
    assert scores["volume_error_ml"] == pytest.approx(37 * 3 / 1000)
    assert scores["relative_volume_error"] == 37 / 27
    assert scores["signed_volume_error"] == 37 / 64


def test_every_pair_has_its_row_and_no_other(cube):
    masks = {name: cube((2, 2, 2)) for name in ("expert", "expert2", "auto", "unet", "other")}
    scores = score(masks)
    assert [(each["model"], each["reference"]) for each in scores["rows"]] == [
        ("expert", "expert2"),
        ("expert2", "expert"),
        ("auto", "expert"),
        ("auto", "expert2"),
        ("unet", "expert"),
        ("unet", "expert2"),
        ("unet", "auto"),
        ("other", "expert"),
        ("other", "expert2"),
        ("other", "auto"),
    ]


def test_identical_masks_get_the_best_scores_without_a_search_of_surfaces(cube, monkeypatch):
    def refuse(*_):
        raise AssertionError("surfaces of identical masks were compared")

    monkeypatch.setattr(surface_module.Surface, "corners", property(refuse))
    scores = score({"expert": cube((2, 2, 2)), "unet": cube((2, 2, 2))})
    assert scores["error"] is None
    found = row(scores)["scores"]
    assert {name: found[name] for name in OVERLAPS} == dict.fromkeys(OVERLAPS, 1.0)
    assert found["nsd"] == 1.0
    assert [found[name] for name in (*MM, *VOLUMES)] == [0.0] * 6


def test_each_surface_is_extracted_once_however_many_pairs_there_are(cube, monkeypatch):
    calls = []
    extract = case_module.Drawing.surface.func.__globals__["extract_surface"]

    def count(*args, **kwargs):
        calls.append(1)
        return extract(*args, **kwargs)

    monkeypatch.setitem(case_module.Drawing.surface.func.__globals__, "extract_surface", count)
    names = ("expert", "auto", "unet", "other")
    scores = score({name: cube((2, 2, index)) for index, name in enumerate(names)})
    assert len(scores["rows"]) == 5
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("model", "reference", "expected"),
    [(0, 0, "both"), (4, 0, "invented"), (0, 4, "missed")],
)
def test_empty_masks_score_by_the_one_policy(cube, model, reference, expected):
    found = row(score({"expert": cube((2, 2, 2), reference), "unet": cube((2, 2, 2), model)}))
    scores = found["scores"]
    if expected == "both":
        assert found["status"] == "agreed absent"
        assert {scores[name] for name in (*OVERLAPS, "nsd")} == {1.0}
        assert {scores[name] for name in (*MM, *VOLUMES)} == {0.0}
        return
    assert found["status"] == "scored"
    assert {scores[name] for name in (*OVERLAPS, "nsd")} == {0.0}
    assert [scores[name] for name in MM] == [pytest.approx(DIAGONAL)] * 3
    assert scores["volume_error_ml"] == pytest.approx(0.192)
    if expected == "missed":
        assert (scores["relative_volume_error"], scores["signed_volume_error"]) == (1.0, -1.0)
    else:
        assert (scores["relative_volume_error"], scores["signed_volume_error"]) == (None, 1.0)


def test_agreed_absent_cases_can_be_left_out_by_option(cube):
    masks = {"expert": cube((2, 2, 2), 0), "unet": cube((2, 2, 2), 0)}
    found = row(score(masks, both_empty=BothEmpty.EXCLUDE))
    assert found["status"] == "agreed absent"
    assert set(found["scores"].values()) == {None}


def test_a_missing_prediction_scores_what_an_empty_one_would(cube):
    masks = {"expert": cube((2, 2, 2)), "unet": missing()}
    found = row(score(masks))
    empty = row(score({**masks, "unet": cube((2, 2, 2), 0)}))
    assert found["status"] == "worst"
    assert found["scores"] == empty["scores"]
    assert (found["facts"]["n_model"], found["facts"]["n_reference"]) == (None, 64)


def test_a_missing_prediction_is_not_a_correct_answer_to_an_empty_reference(cube):
    found = row(score({"expert": cube((2, 2, 2), 0), "unet": missing()}))
    scores = found["scores"]
    assert found["status"] == "worst"
    assert {scores[name] for name in (*OVERLAPS, "nsd")} == {0.0}
    assert [scores[name] for name in MM] == [pytest.approx(DIAGONAL)] * 3
    assert {scores[name] for name in VOLUMES} == {None}


def test_a_reference_that_cannot_be_used_has_no_rows(cube):
    masks = {"expert": missing(), "auto": cube((2, 2, 2)), "unet": cube((2, 2, 2))}
    scores = score(masks)
    assert [(each["model"], each["reference"]) for each in scores["rows"]] == [("unet", "auto")]
    assert scores["masks"]["expert"]["error"][0] == "BR101"


def test_without_any_usable_reference_nothing_is_scored_but_predictions_are_read(cube):
    scores = score({"expert": missing(), "unet": cube((2, 2, 2))})
    assert scores["rows"] == []
    assert scores["masks"]["unet"]["error"] is None
    assert scores["masks"]["unet"]["voxel_sha256"]


def test_the_grid_is_that_of_the_expert_also_if_the_automated_reference_comes_first(cube):
    masks = {
        "auto": given(cube((2, 2, 2), shape=(6, 6, 6))),
        "expert": cube((2, 2, 2)),
        "unet": cube((2, 2, 2)),
    }
    scores = score(masks)
    assert scores["masks"]["auto"]["error"][0] == "BR220"
    assert [(each["model"], each["reference"]) for each in scores["rows"]] == [("unet", "expert")]


def test_a_prediction_on_another_grid_is_scored_worst_and_named(cube):
    masks = {"expert": cube((2, 2, 2)), "unet": given(cube((2, 2, 2), shape=(12, 11, 1)))}
    scores = score(masks)
    assert row(scores)["status"] == "worst"
    assert scores["masks"]["unet"]["error"] == [
        "BR220",
        "prediction of unet has shape 12 x 11 x 1",
        "12 x 11 x 10, as the reference has",
        "Resample it beforehand",
    ]


def test_a_prediction_stored_from_right_to_left_is_the_same_prediction(cube):
    flipped = AFFINE.copy()
    flipped[0] = [-1, 0, 0, 11]
    voxels = cube((3, 2, 2))
    straight = score({"expert": cube((2, 2, 2)), "unet": voxels})
    turned = score({"expert": cube((2, 2, 2)), "unet": given(voxels[::-1], flipped)})
    assert turned["rows"] == straight["rows"]
    assert turned["masks"]["unet"]["notes"] == ["BR222"]


def test_distances_are_undefined_on_a_sheared_grid_and_overlap_is_not(cube):
    sheared = AFFINE.copy()
    sheared[0, 1] = 0.5
    for size in (4, 0):
        masks = {
            "expert": given(cube((2, 2, 2)), sheared),
            "unet": given(cube((3, 2, 2), size), sheared),
            "gone": missing(),
        }
        scores = score(masks)
        for model in ("unet", "gone"):
            found = row(scores, model)["scores"]
            assert {found[name] for name in DISTANCES} == {None}
            assert found["dice"] == (0.75 if size and model == "unet" else 0.0)
        assert [problem[:2] for problem in scores["problems"]] == [
            ["expert", "BR215"],
            ["unet", "BR215"],
        ]


@pytest.mark.parametrize(("shear", "is_lost"), [(0.9e-3, False), (1.2e-3, True)])
def test_a_sheared_header_of_a_prediction_hides_no_distance(cube, shear, is_lost):
    slightly = np.eye(4)  # far below the tolerance of the grid, so that the mask is accepted
    slightly[0, 1] = shear
    masks = {
        "expert": given(cube((2, 2, 2)), np.eye(4)),
        "auto": given(cube((3, 2, 2)), slightly),
        "unet": given(cube((3, 2, 2)), slightly),  # the same voxels as the automated reference
    }
    scores = score(masks)
    assert [problem[:2] for problem in scores["problems"]] == (
        [["auto", "BR215"], ["unet", "BR215"]] if is_lost else []
    )
    found = row(scores)["scores"]
    worst = {**dict.fromkeys(MM, math.hypot(12, 11, 10)), "nsd": 0.0}
    assert found["dice"] == row(scores, "auto")["scores"]["dice"] == 0.75
    assert ({name: found[name] for name in worst} == worst) == is_lost
    of_reference = row(scores, "auto")["scores"]
    assert {name: of_reference[name] for name in worst} == (
        dict.fromkeys(worst) if is_lost else {name: found[name] for name in worst}
    ), "of a reference's sheared grid nobody knows a distance"
    assert (row(scores, "unet", "auto")["scores"]["hd95_mm"] is None) == is_lost


def test_a_sheared_empty_prediction_of_an_empty_reference_is_no_correct_answer(cube):
    slightly = np.eye(4)
    slightly[0, 1] = 1.2e-3
    nothing = cube((0, 0, 0), 0)
    masks = {"expert": given(nothing, np.eye(4)), "unet": given(nothing, slightly)}
    found = row(score(masks))
    assert found["status"] == "agreed absent"
    assert (found["scores"]["dice"], found["scores"]["hd95_mm"]) == (1.0, math.hypot(12, 11, 10))


def test_labels_and_regions_are_scored_apart(cube):
    expert, model = cube((1, 1, 1), 3, 1), cube((1, 1, 1), 3, 1)
    expert[6:9, 6:9, 6:9] = 2
    model[6:9, 6:9, 6:8] = 2
    labels = {"core": (1,), "rim": (2,), "whole": (1, 2)}
    scores = score({"expert": expert, "unet": model}, labels=labels)
    dice = {label: row(scores, label=label)["scores"]["dice"] for label in labels}
    assert dice == {"core": 1.0, "rim": 36 / 45, "whole": 90 / 99}


def test_a_tolerance_may_differ_by_label(cube):
    nsd = Metric(name="nsd", parameters={"tolerance_mm": {"near": 0.5, "far": 1.5}})
    labels = {"near": (1,), "far": (1,)}
    scores = score(
        {"expert": cube((2, 2, 2)), "unet": cube((3, 2, 2))}, metrics=(nsd,), labels=labels
    )
    assert row(scores, label="far")["scores"]["nsd"] == 1.0
    assert row(scores, label="near")["scores"]["nsd"] < 1.0


def volume_ratio(model, reference):
    return float(model.voxels.sum() / reference.voxels.sum())


def shape_and_size(model, reference):
    assert model.shape == reference.shape == (12, 11, 10)
    assert model.spacing_mm == (1.0, 1.5, 2.0)
    return float(model.voxels.sum())


def fail(*_):
    raise RuntimeError("/secret/path of Jane Doe")


def nothing(*_):
    return math.inf


def plugin(score, **data):
    return Metric(name="plugged", score=score, range=(0.0, None), **data)


def test_a_metric_of_a_plugin_sees_two_masks_on_the_whole_grid(cube):
    metrics = (plugin(shape_and_size),)
    scores = score({"expert": cube((2, 2, 2)), "unet": cube((3, 2, 2), 3)}, metrics=metrics)
    assert scores["problems"] == []
    assert row(scores)["scores"] == {"plugged": 27.0}


@pytest.mark.parametrize(
    ("one_empty", "expected"), [(0.25, 0.25), (IMAGE_DIAGONAL, DIAGONAL), (None, 0.0)]
)
def test_empty_masks_score_as_the_plugin_says_or_by_its_formula(cube, one_empty, expected):
    metric = plugin(volume_ratio, one_empty=one_empty, both_empty=0.5)
    masks = {"expert": cube((2, 2, 2)), "unet": cube((2, 2, 2), 0)}
    assert row(score(masks, metrics=(metric,)))["scores"]["plugged"] == pytest.approx(expected)
    masks["expert"] = cube((2, 2, 2), 0)
    assert row(score(masks, metrics=(metric,)))["scores"]["plugged"] == 0.5


def test_a_plugin_that_fails_spoils_no_other_metric_and_its_text_is_kept_back(cube):
    metrics = (CATALOGUE["dice"], plugin(fail))
    scores = score({"expert": cube((2, 2, 2)), "unet": cube((3, 2, 2))}, metrics=metrics)
    assert row(scores)["scores"] == {"dice": 0.75, "plugged": None}
    ((name, code, found, *_),) = scores["problems"]
    assert (name, code) == ("unet", "BR899")
    assert found.startswith("internal error RuntimeError at test_case.py:")
    assert "secret" not in json.dumps(scores)


def test_an_infinite_score_of_a_plugin_is_undefined(cube):
    scores = score(
        {"expert": cube((2, 2, 2)), "unet": cube((3, 2, 2))}, metrics=(plugin(nothing),)
    )
    assert row(scores)["scores"] == {"plugged": None}


def test_an_unforeseen_exception_never_leaves_a_case(cube, monkeypatch):
    def broken(*_args, **_kwargs):
        raise KeyError("/home/jane/mask.nii")

    monkeypatch.setattr(case_module, "score_pair", broken)
    scores = score({"expert": cube((2, 2, 2)), "unet": cube((3, 2, 2))})
    assert scores["error"][0] == "BR899"
    assert "jane" not in json.dumps(scores)
    assert scores["rows"] == []


def test_a_damaged_file_is_told_by_its_code_and_the_template_not_the_path(
    tmp_path, cube, write_mask
):
    write_mask(tmp_path / "e.nii.gz", cube((2, 2, 2)))
    (tmp_path / "u.nii.gz").write_bytes((tmp_path / "e.nii.gz").read_bytes()[:-8])
    entries = (
        Entry(set="expert", role=Role.EXPERT, source=tmp_path / "e.nii.gz"),
        Entry(set="unet", role=Role.MODEL, source=tmp_path / "u.nii.gz"),
        Entry(set="gone", role=Role.MODEL, source=tmp_path / "g.nii.gz", place="g/{case}.nii.gz"),
    )
    scores = score_case(Job(case="c", entries=entries, metrics=tuple(CATALOGUE.values())))
    errors = {name: facts["error"] for name, facts in scores["masks"].items()}
    assert errors["expert"] is None
    assert errors["unet"][0] == "BR104"
    assert errors["gone"][0] == "BR101"
    assert errors["gone"][2] == "g/{case}.nii.gz"
    assert str(tmp_path) not in json.dumps(scores)


def test_a_file_that_changed_since_it_was_looked_up_is_refused(tmp_path, cube, write_mask):
    path = write_mask(tmp_path / "e.nii.gz", cube((2, 2, 2)))
    entry = Entry(set="expert", role=Role.EXPERT, source=path, digest="0" * 64)
    scores = score_case(Job(case="c", entries=(entry,), metrics=()))
    assert scores["masks"]["expert"]["error"][:2] == [
        "BR123",
        "reference expert changed during the run",
    ]


def test_scores_and_jobs_can_travel_between_processes(cube):
    entry = Entry(set="expert", role=Role.EXPERT, source=given(cube((2, 2, 2))))
    job = Job(case="c", entries=(entry,), metrics=tuple(CATALOGUE.values()))
    assert score_case(pickle.loads(pickle.dumps(job))) == score_case(job)
    scores = score({"expert": cube((2, 2, 2), 0), "unet": cube((3, 2, 2)), "gone": missing()})
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_lesions_are_counted_as_of_two_masks_alone():
    rng = np.random.default_rng(3)
    names = ("expert", "expert2", "auto", "unet")
    masks = {name: (rng.random((12, 11, 10)) < 0.08).astype(np.uint8) for name in names}
    for found in score(masks)["rows"]:
        model, reference = masks[found["model"]] > 0, masks[found["reference"]] > 0
        lesions = count_lesions(model, reference)
        assert lesions.n_found_reference < lesions.n_reference
        assert found["scores"]["lesion_recall"] == lesion_recall(lesions)
        assert found["scores"]["lesion_precision"] == lesion_precision(lesions)


def test_a_flat_image_is_measured_in_its_plane(cube):
    masks = {
        "expert": given(cube((2, 2, 0), shape=(12, 11, 1))),
        "unet": given(cube((2, 2, 0), 0, shape=(12, 11, 1))),
    }
    found = row(score(masks))
    assert found["facts"]["diagonal_mm"] == pytest.approx(math.hypot(12.0, 16.5))
    assert found["scores"]["hd95_mm"] == found["facts"]["diagonal_mm"]


def test_scores_do_not_depend_on_what_else_is_in_the_case(cube):
    two = {"expert": cube((2, 2, 2)), "unet": cube((3, 3, 1))}
    more = {**two, "expert2": cube((0, 0, 0), 2), "other": cube((8, 7, 6))}
    assert row(score(more)) == row(score(two)), "a wider common box changed a score"


def test_sets_that_hold_the_same_mask_are_measured_once(cube, monkeypatch):
    from pytest_biasruler.masks.labels import accept_mask
    from pytest_biasruler.scoring import distance

    measured = []
    measure = distance.measure_surfaces

    def count(first, second):
        measured.append(1)
        return measure(first, second)

    monkeypatch.setattr(distance, "measure_surfaces", count)
    one, other = accept_mask(cube((1, 1, 1))), accept_mask(cube((2, 1, 1)))
    sets = {"e": (Role.EXPERT, one), "a": (Role.AUTOMATED, one), "m": (Role.MODEL, other)}
    entries = tuple(Entry(set=s, role=role, source=mask) for s, (role, mask) in sets.items())
    scores = score_case(Job(case="c", entries=entries, metrics=tuple(CATALOGUE.values())))
    rows = {(row["model"], row["reference"]): row["scores"] for row in scores["rows"]}
    assert len(measured) == 1
    assert rows["m", "e"] == rows["m", "a"]
    assert rows["a", "e"]["dice"] == 1
