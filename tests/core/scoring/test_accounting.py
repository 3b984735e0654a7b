from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems
from pytest_biasruler.scoring.run import check_masks_exist, score_benchmark


def note(scored, code, name):
    return next((each for each in scored.notes if (each.code, each.set) == (code, name)), None)


def test_a_set_none_of_whose_masks_exists_stops_the_run(tiny):
    with pytest.raises(BiasRulerProblems) as caught:
        tiny.score(build={"sources": {"unet": "predictions/{case}.nii.gz", "auto": {"x": 1}}})
    assert [(each.code, each.found, each.expected) for each in caught.value.problems] == [
        ("BR126", "no reference auto exists for any of 6 cases", "a mask for each case"),
        (
            "BR126",
            "no prediction of unet exists for any of 6 cases",
            "predictions/{case}.nii.gz",
        ),
    ]


def test_an_empty_submission_is_an_error_of_its_own_where_models_are_not_trusted(tiny):
    sources = {"unet": "predictions/{case}.nii.gz"}
    benchmark = tiny.build(sources=sources, untrusted=True)
    metadata = read_metadata(benchmark)
    assert check_masks_exist(benchmark, metadata) == []
    scored = score_benchmark(benchmark, metadata=metadata)
    assert {name: error.code for name, error in scored.errors.items()} == {"unet": "BR126"}


def test_a_damaged_file_is_there_and_so_does_not_stop_the_run(make_bench, cube):
    bench = make_bench(
        {"expert": {"a": cube((1, 1, 1)), "b": cube((1, 1, 2))}, "unet": {"a": b"x", "b": b"x"}}
    )
    benchmark = bench.build()
    assert check_masks_exist(benchmark, read_metadata(benchmark)) == []


def test_a_reference_of_which_no_case_is_readable_is_an_error(make_bench, cube):
    cases = list("abc")
    bench = make_bench(
        {
            "expert": dict.fromkeys(cases, b"broken"),
            "auto": {case: cube((1, 1, place)) for place, case in enumerate(cases)},
            "unet": {case: cube((1, 2, place)) for place, case in enumerate(cases)},
        }
    )
    scored = bench.score()
    assert scored.errors == {
        "expert": BiasRulerError(
            "BR503",
            "no mask of reference expert is readable in 3 cases",
            "at least one",
            "See the problems of its cases",
        )
    }
    assert scored.excluded == {"expert": dict.fromkeys(cases, "BR107"), "auto": {}}
    assert [each.where for each in scored.problems] == cases


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("empty", "all 4 predictions of unet are empty"),
        ("same", "all 4 predictions of unet are the same"),
        (
            b"broken",
            "4 of 4 predictions of unet cannot be used, 4 of them BR107: "
            "prediction of unet is not compressed",
        ),
    ],
)
def test_predictions_that_are_all_alike_are_an_error(make_bench, cube, content, found):
    voxels = {"empty": cube((0, 0, 0), 0), "same": cube((1, 1, 1))}.get(content, content)
    bench = make_bench(
        {
            "expert": {f"c{place}": cube((1, 1, place)) for place in range(4)},
            "unet": {f"c{place}": voxels for place in range(4)},
        }
    )
    error = bench.score().errors["unet"]
    assert (error.code, error.found) == ("BR122", found)


def test_two_predictions_that_are_alike_prove_nothing(make_bench, cube):
    masks = {"a": cube((1, 1, 1), 0), "b": cube((1, 1, 1), 0)}
    bench = make_bench({"expert": {"a": cube((1, 1, 1)), "b": cube((1, 1, 2))}, "unet": masks})
    assert not bench.score().errors


def many(make, *, copies, n=40, folder="data"):
    """Forty cases; `copies` of the predictions are the expert mask itself."""
    rng = np.random.default_rng(0)
    expert = {
        f"c{index:02d}": (rng.random((6, 6, 6)) < 0.5).astype(np.uint8) for index in range(n)
    }
    unet = {
        case: voxels if index < copies else (rng.random((6, 6, 6)) < 0.5).astype(np.uint8)
        for index, (case, voxels) in enumerate(expert.items())
    }
    return make({"expert": expert, "unet": unet}, folder=folder)


def test_a_few_copies_of_the_expert_reference_are_noted_and_many_are_an_error(make_bench):
    few = many(make_bench, copies=4).score()
    text = "4 of 40 predictions of unet are the expert reference itself (expert)"
    assert note(few, "BR121", "unet").text == text
    assert not few.errors
    assert not few.copied
    assert few.identical == {("unet", "expert"): frozenset({"c00", "c01", "c02", "c03"})}
    scored = many(make_bench, copies=5, folder="more").score()
    assert scored.copied["unet", "expert"].code == "BR121"


def test_identity_is_that_of_foreground_not_of_how_it_is_stored(make_bench, cube):
    masks = {"a": cube((1, 1, 1)), "b": cube((1, 1, 2), 0), "c": cube((1, 1, 3))}
    stored = {"a": masks["a"] * 255, "b": masks["b"], "c": cube((1, 1, 4))}
    scored = make_bench({"expert": masks, "unet": stored}).score()
    assert scored.identical == {("unet", "expert"): frozenset({"a"})}, "empty masks are no copies"
    assert note(scored, "BR306", "unet").text == (
        "the highest value of predictions of unet is 1 in 1, 255 in 1; all non-zero is one label"
    )


def test_one_mask_for_several_patients_is_noted_and_above_one_in_20_an_error(make_bench):
    bench = many(make_bench, copies=0)
    shutil.copy(bench.path("unet", "c07"), bench.path("unet", "c30"))
    scored = bench.score()
    assert note(scored, "BR120", "unet").n == 2
    assert note(scored, "BR120", "unet").cases == ("c07", "c30")
    assert not scored.errors
    shutil.copy(bench.path("unet", "c07"), bench.path("unet", "c31"))
    assert bench.score().errors["unet"].code == "BR120"
    one_patient = pd.DataFrame({"case": bench.cases, "who": ["p"] * 40})
    again = bench.score(build={"metadata": one_patient, "patient": "who"})
    assert note(again, "BR120", "unet") is None
    assert not again.errors


def test_references_that_are_identical_in_every_case_are_noted(tiny):
    sources = {"auto": "expert/{case}.nii.gz"}
    scored = tiny.score(build={"sources": sources})
    found = note(scored, "BR125", "expert and auto")
    assert found.text == "references expert and auto are identical in all 6 cases"
    assert len(scored.identical["auto", "expert"]) == 6
    assert note(tiny.score(), "BR125", "expert and auto") is None


def test_masks_that_mostly_do_not_touch_are_wrongly_paired(make_bench, cube):
    far, near = cube((8, 7, 6)), cube((1, 1, 1))
    for n_far, expected in ((6, {("unet", "expert", "")}), (5, set())):
        cases = [f"c{index}" for index in range(10)]
        bench = make_bench(
            {
                "expert": dict.fromkeys(cases, near),
                "unet": {case: far if place < n_far else near for place, case in enumerate(cases)},
            },
            folder=f"far{n_far}",
        )
        assert bench.score().wrong_pairing == expected


def test_wrong_pairing_needs_ten_pairs_of_two_masks_that_are_not_empty(make_bench, cube):
    cases = [f"c{index}" for index in range(12)]
    empty, far, near = cube((0, 0, 0), 0), cube((8, 7, 6)), cube((1, 1, 1))
    bench = make_bench(
        {
            "expert": dict.fromkeys(cases, near),
            "unet": {case: empty if place < 3 else far for place, case in enumerate(cases)},
        }
    )
    assert bench.score().wrong_pairing == frozenset()


def test_a_label_that_nobody_annotated_is_asked_about(make_bench, cube):
    empty = cube((0, 0, 0), 0)
    cases = [f"c{index}" for index in range(8)]
    expert = {case: empty if place < 3 else cube((1, 1, 1)) for place, case in enumerate(cases)}
    unet = {case: cube((1, 1, 2 + place % 3)) for place, case in enumerate(cases)}
    found = note(make_bench({"expert": expert, "unet": unet}).score(), "BR307", "expert")
    assert found.n == 3
    assert found.text == (
        "foreground is empty in 3 of 8 masks of reference expert and present in 3 of their "
        "predictions of unet: absent, or not annotated?"
    )


def test_foreground_above_half_of_the_volume_is_noted(make_bench, cube):
    masks = {"a": cube((0, 0, 0), 12), "b": cube((1, 1, 1))}
    scored = make_bench(
        {"expert": {"a": cube((1, 1, 1)), "b": cube((1, 1, 2))}, "unet": masks}
    ).score()
    text = "foreground above half of the volume in 1 predictions of unet"
    assert note(scored, "BR305", "unet").text == text


def test_several_values_read_as_one_label_are_noted(make_bench, cube):
    several = cube((1, 1, 1))
    several[1, 1, 1] = 2
    bench = make_bench({"expert": {"a": several}, "unet": {"a": cube((1, 1, 1))}})
    text = "several values are read as one label in 1 masks of reference expert"
    assert note(bench.score(), "BR306", "expert").text == text
    labelled = bench.score(build={"labels": {"one": (1,), "two": (2,)}})
    assert note(labelled, "BR306", "expert") is None


def test_cases_and_files_that_do_not_match_are_counted(tiny):
    tiny.path("unet", "c1").unlink()
    for name in ("x", "y", ".hidden"):
        shutil.copy(tiny.path("unet", "c2"), tiny.path("unet", name))
    scored = tiny.score()
    found = note(scored, "BR404", "unet")
    text = "1 of 6 cases have no prediction of unet, 2 files match no case"
    assert (found.n, found.text) == (3, text)
    assert note(scored, "BR404", "expert") is None


def test_sets_may_share_a_folder(tiny):
    shared = tiny.root / "all"
    shared.mkdir()
    for name in tiny.masks:
        for case in tiny.cases:
            ending = "" if name == "unet" else f"_{name}"
            shutil.copy(tiny.path(name, case), shared / f"{case}{ending}.nii.gz")
    sources = {
        "expert": "all/{case}_expert.nii.gz",
        "auto": "all/{case}_auto.nii.gz",
        "unet": "all/{case}.nii.gz",
    }
    scored = tiny.score(build={"sources": sources})
    assert [each for each in scored.notes if each.code == "BR404"] == []
    pd.testing.assert_frame_equal(scored.table, tiny.score().table)


def test_a_pattern_may_name_the_case_twice_and_hold_brackets(tiny):
    for name in tiny.masks:
        for case in [*tiny.cases, "z"]:
            place = tiny.root / "[a]" / case / f"{case}_{name}.nii.gz"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tiny.path(name, "c0" if case == "z" else case), place)
    sources = {name: f"[a]/{{case}}/{{case}}_{name}.nii.gz" for name in tiny.masks}
    scored = tiny.score(build={"sources": sources})
    assert {each.set: each.n for each in scored.notes if each.code == "BR404"} == dict.fromkeys(
        tiny.masks, 1
    )
    pd.testing.assert_frame_equal(scored.table, tiny.score().table)


def test_no_note_or_error_names_a_case(make_bench):
    names = [f"canary{index}" for index in range(8)]
    rng = np.random.default_rng(1)
    voxels = [(rng.random((6, 6, 6)) < 0.5).astype(np.uint8) for _ in names]
    bench = make_bench(
        {
            "expert": dict(zip(names, voxels, strict=True)),
            "unet": dict(zip(names, [*voxels[1:], None], strict=True)),
        }
    )
    shutil.copy(bench.path("unet", "canary1"), bench.path("unet", "canary99"))
    scored = bench.score()
    told = [each.text for each in scored.notes] + [str(each) for each in scored.errors.values()]
    told += [str(replace_where(each)) for each in scored.problems]
    assert scored.notes
    assert scored.problems
    assert "canary" not in " ".join(told)


def replace_where(problem):
    return problem.at("")


def test_a_model_most_of_whose_predictions_cannot_be_used_is_not_judged(make_bench, cube):
    cases = [f"c{index}" for index in range(5)]
    expert = {case: cube((1, 1, index)) for index, case in enumerate(cases)}
    halves = {case: cube((1, 2, index)) * 0.5 for index, case in enumerate(cases)}
    unet = {**halves, "c0": cube((1, 2, 0)), "c1": cube((1, 2, 1)), "c2": cube((1, 2, 2))}
    assert not make_bench({"expert": expert, "unet": unet}).score().errors
    del unet["c2"]
    error = make_bench({"expert": expert, "unet": unet}, folder="more").score().errors["unet"]
    assert error.code == "BR122"
    assert str(error).startswith("BR122: 3 of 5 predictions of unet cannot be used, 2 of them BR3")


def test_predictions_that_nobody_asked_for_do_not_count_against_a_model(make_bench, cube):
    cases = [f"c{index}" for index in range(6)]
    expert = {case: cube((1, 1, index)) for index, case in enumerate(cases)}
    unet = {case: cube((1, 2, index)) for index, case in enumerate(cases[:2])}
    bench = make_bench({"expert": {case: expert[case] for case in cases[:2]}, "unet": unet})
    assert not bench.score().errors
    assert "unet" in make_bench({"expert": expert, "unet": unet}, folder="all").score().errors
