"""Voxels that a reference says to leave out: nothing that any mask holds there counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.metrics import CATALOGUE, Metric
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.alteration import Change
from pytest_biasruler.scoring.altered import KAPPA, Altered, score_altered
from pytest_biasruler.scoring.gallery import draw_case
from pytest_biasruler.scoring.identity import digest_benchmark, hash_plain
from pytest_biasruler.scoring.ignored import allowed_values, telling_of_ignored
from pytest_biasruler.scoring.job import Role
from pytest_biasruler.scoring.run import score_benchmark
from pytest_biasruler.scoring.store import Store

IGNORE = 7
SHAPE = (5, 6, 4)
quick = settings(deadline=None, derandomize=True, max_examples=25)


def block(*sides, value=1, shape=SHAPE):
    voxels = np.zeros(shape, np.uint8)
    voxels[tuple(slice(*side) for side in sides)] = value
    return voxels


def make(ignore=IGNORE, labels=None, metrics=(), **masks):
    """A benchmark of one case; sets whose name begins with an e are experts."""
    kinds = {"expert": "expert", "expert2": "expert", "auto": "automated"}
    return Benchmark(
        name="one",
        metadata=pd.DataFrame({"case": ["c"]}),
        references=[
            Reference(name=name, kind=kinds[name], masks={"c": masks[name]})
            for name in masks
            if name in kinds
        ],
        models=[
            Model(name=name, masks={"c": mask})
            for name, mask in masks.items()
            if name not in kinds
        ],
        labels=labels or {"tumor": 1},
        ignore=ignore,
        metrics={metric.name: metric for metric in metrics},
    )


def score(benchmark, **how):
    return score_benchmark(benchmark, metadata=read_metadata(benchmark), **how)


def row(scored, model="unet", reference="expert", label="tumor"):
    table = scored.table.set_index(["model", "reference", "label"])
    return table.loc[(model, reference, label)]


EXPERT = block((0, 2), (0, 2), (0, 2)) + block((2, 5), (0, 2), (0, 2), value=IGNORE)
"""8 voxels of tumor, and 12 of which nobody knows."""
UNET = block((1, 4), (0, 2), (0, 2))
"""12 voxels: 4 of the tumor, 8 where nobody knows."""


def test_overlap_counts_only_voxels_that_the_reference_does_not_ignore() -> None:
    """4 of the model's 12 voxels are left, all within the 8 of the expert: 2 * 4 / (4 + 8)."""
    found = row(score(make(expert=EXPERT, unet=UNET)))
    assert found["dice"] == 2 * 4 / 12
    assert (found["n_model"], found["n_reference"], found["n_both"]) == (4, 8, 4)
    assert found["model_ml"] == pytest.approx(0.004)
    assert found["precision"] == 1.0
    assert found["signed_volume_error"] == (4 - 8) / 8


def test_a_distance_is_that_to_the_cut_mask() -> None:
    """The expert's tumor ends at the second plane, the cut prediction begins there."""
    found = row(score(make(expert=EXPERT, unet=UNET)))
    assert found["hd_mm"] == 1.0
    whole = row(score(make(ignore=None, expert=EXPERT * (EXPERT == 1), unet=UNET)))
    assert whole["hd_mm"] == 2.0


def test_a_lesion_where_the_reference_ignores_is_no_false_one() -> None:
    far = block((4, 5), (0, 2), (0, 2)) + block((0, 2), (0, 2), (0, 2))
    assert row(score(make(expert=EXPERT, unet=far)))["lesion_precision"] == 1.0
    sure = EXPERT * (EXPERT == 1)
    assert row(score(make(ignore=None, expert=sure, unet=far)))["lesion_precision"] == 0.5


def test_a_metric_of_a_plugin_is_given_the_cut_masks() -> None:
    seen = []

    def count(prediction, reference):
        seen.append((int(prediction.voxels.sum()), int(reference.voxels.sum())))
        return 0.5

    own = Metric(name="own", score=count)
    assert row(score(make(expert=EXPERT, unet=UNET, metrics=[own])))["own"] == 0.5
    assert seen == [(4, 8)]


def test_each_reference_ignores_for_its_own_comparisons_alone() -> None:
    auto = block((0, 3), (0, 2), (0, 2))
    scored = score(make(expert=EXPERT, auto=auto, unet=UNET))
    assert row(scored, "unet", "auto")["dice"] == 2 * 8 / (12 + 12)
    assert row(scored, "auto", "expert")["dice"] == 1.0, "the third plane is ignored"


def test_two_references_are_compared_where_neither_ignores() -> None:
    """The automated one ignores the first plane: 4 and 4 voxels of tumor are left, the same."""
    auto = block((1, 3), (0, 2), (0, 2)) + block((0, 1), (0, 6), (0, 4), value=IGNORE)
    found = row(score(make(expert=EXPERT, auto=auto, unet=UNET)), "auto", "expert")
    assert (found["n_model"], found["n_reference"], found["n_both"]) == (4, 4, 4)


def test_two_references_that_ignore_everything_between_them_do_not_agree() -> None:
    lower, upper = block((0, 2)) * IGNORE, block((2, 5)) * IGNORE
    scored = score(make(expert=lower, expert2=upper, unet=UNET))
    found = row(scored, "expert", "expert2")
    assert found["status"] == "undefined"
    assert np.isnan(found["dice"])
    assert row(scored, "unet", "expert")["status"] == "scored"


def test_a_reference_that_ignores_every_voxel_is_refused() -> None:
    scored = score(make(expert=np.full(SHAPE, IGNORE, np.uint8), unet=UNET))
    assert scored.excluded["expert"] == {"c": "BR303"}
    assert "every voxel of reference expert is to be ignored" in str(scored.problems[0])


def test_a_label_of_which_all_is_ignored_is_agreed_absent() -> None:
    found = row(score(make(expert=block((1, 4), (0, 2), (0, 2)) * IGNORE, unet=UNET)))
    assert (found["status"], found["dice"]) == ("agreed absent", 1.0)


def test_a_prediction_may_not_hold_the_value() -> None:
    scored = score(make(expert=EXPERT, unet=UNET * IGNORE))
    assert row(scored)["status"] == "worst"
    said = str(scored.problems[0])
    assert "labels of prediction of unet are 0, 7; expected 0, 1" in said
    assert "ignore = 7 stands in references alone" in said


def test_a_prediction_in_a_file_may_not_hold_the_value_either(make_bench) -> None:
    bench = make_bench(
        {"expert": {"c": EXPERT}, "unet": {"c": UNET * IGNORE}}, labels={"tumor": 1}, ignore=IGNORE
    )
    assert "ignore = 7 stands in references alone" in str(bench.score().problems[0])


def test_masks_in_files_and_in_code_score_alike(make_bench) -> None:
    bench = make_bench(
        {"expert": {"c": EXPERT}, "unet": {"c": UNET}}, labels={"tumor": 1}, ignore=IGNORE
    )
    assert row(bench.score())["dice"] == 2 * 4 / 12


def test_regions_stand_beside_ignored_voxels() -> None:
    expert = EXPERT + block((0, 2), (2, 3), (0, 2), value=2)
    labels = {"whole": (1, 2), "core": 1}
    scored = score(make(labels=labels, expert=expert, unet=UNET + block((3, 5), (2, 4), value=2)))
    assert row(scored, label="whole")["n_reference"] == 12
    assert row(scored, label="core")["n_reference"] == 8
    assert row(scored, label="core")["n_model"] == 4


def test_how_much_is_ignored_is_told_by_reference() -> None:
    (note,) = [
        each for each in score(make(expert=EXPERT, unet=UNET)).notes if each.code == "BR308"
    ]
    assert (note.set, note.n) == ("expert", 1)
    assert note.text.startswith("12 voxels of 1 masks of reference expert are ignored")


def test_ignored_voxels_are_no_foreground() -> None:
    mostly = block((0, 4)) * IGNORE + block((4, 5), (0, 2), (0, 2))
    codes = {note.code for note in score(make(expert=mostly, unet=mostly * (mostly == 1))).notes}
    assert "BR305" not in codes
    assert "BR308" in codes


def test_an_echo_leaves_out_what_either_reference_ignores() -> None:
    """An error of the automated reference where the expert ignores is none."""
    auto = block((0, 3), (0, 2), (0, 2)) + block((0, 2), (2, 3), (0, 2))
    sure = EXPERT * (EXPERT == 1)
    echoes = score(make(expert=EXPERT, auto=auto, unet=UNET), measures=["echo"]).echoes
    plain = score(make(ignore=None, expert=sure, auto=auto, unet=UNET), measures=["echo"]).echoes
    facts = ["n_automated_errors", "n_model_errors", "n_shared"]
    assert echoes[facts].iloc[0].tolist() == [4, 4, 0]
    assert plain[facts].iloc[0].tolist() == [8, 12, 4]


def test_the_voxels_of_an_echo_are_those_that_are_not_ignored() -> None:
    """All but 8 voxels of one slab are ignored, so the rest of the grid says nothing of chance."""
    auto, unet = block((0, 1), (0, 1), (0, 2)), block((0, 1), (0, 1), (0, 2))
    expert = np.full(SHAPE, IGNORE, np.uint8)
    expert[:2, :2, :2] = 0
    expert[1, 1, 1] = 1
    small = score(make(expert=expert, auto=auto, unet=unet), measures=["echo"]).echoes.iloc[0]
    box = [each[:2, :2, :2] for each in (expert, auto, unet)]
    alone = make(ignore=None, expert=box[0], auto=box[1], unet=box[2])
    whole = score(alone, measures=["echo"]).echoes.iloc[0]
    pd.testing.assert_series_equal(small, whole)


def test_the_shape_of_an_expert_mask_is_that_of_its_labels() -> None:
    shapes = score(make(expert=EXPERT, unet=UNET), measures=["shape"]).shapes
    assert shapes["volume_ml"].iloc[0] == pytest.approx(0.008)


def test_a_mask_that_grows_into_what_is_ignored_gains_nothing() -> None:
    wanted = Altered(
        change=Change.DILATE, size=1.0, set="unet", model="unet", reference="expert",
        label="tumor", metric="dice",
    )  # fmt: skip
    expert = block((0, 2)) + block((2, 5)) * IGNORE
    benchmark = make(expert=expert, unet=block((0, 2)))
    found = score_altered(
        benchmark, [wanted], cases=["c"], metrics={"dice": CATALOGUE["dice"]}, readers={}
    )
    assert found[wanted]["c"] == 1.0


def test_a_model_that_copies_errors_is_measured_as_the_real_one_is() -> None:
    """Copying nothing leaves kappa as it was measured beside the scores."""
    auto = block((0, 3), (0, 2), (0, 2)) + block((0, 2), (2, 3), (0, 2))
    unet = UNET + block((0, 2), (2, 3), (0, 1))
    benchmark = make(expert=EXPERT, auto=auto, unet=unet)
    wanted = Altered(
        change=Change.COPY, size=0.0, set="unet", model="unet", reference="expert",
        label="tumor", metric=KAPPA, automated="auto",
    )  # fmt: skip
    found = score_altered(benchmark, [wanted], cases=["c"], metrics={}, readers={})
    measured = score(benchmark, measures=["echo"]).echoes["kappa"].iloc[0]
    assert found[wanted]["c"] == measured


def test_an_outline_shows_what_was_compared() -> None:
    sets = ["expert", "unet"]
    cut = draw_case(make(expert=EXPERT, unet=UNET), "c", sets=sets, label="tumor")
    sure, kept = EXPERT * (EXPERT == 1), UNET * (EXPERT != IGNORE)
    plain = draw_case(make(ignore=None, expert=sure, unet=kept), "c", sets=sets, label="tumor")
    lengths = [len(each.outlines["unet"]) for each in (cut, plain)]
    assert lengths[0] == lengths[1]


def test_the_store_knows_what_was_ignored(tmp_path, make_bench) -> None:
    masks = {"expert": {"c": EXPERT}, "unet": {"c": UNET}}
    bench = make_bench(masks, labels={"tumor": 1})
    store = Store(tmp_path / "store")
    found = [
        row(bench.score(build={"labels": labels, "ignore": ignore}, store=store))["dice"]
        for labels, ignore in (({"tumor": 1}, 7), ({"tumor": 1, "other": 7}, None))
        for _ in range(2)
    ]
    assert found == [2 * 4 / 12, 2 * 4 / 12, 2 * 4 / 20, 2 * 4 / 20]


def test_an_untrusted_model_is_scored_without_ignored_voxels(make_bench) -> None:
    lower, upper = block((0, 2)) * IGNORE, block((2, 5)) * IGNORE
    masks = {"expert": EXPERT, "auto": lower, "expert2": upper, "unet": UNET}
    bench = make_bench(
        {name: {"c": mask} for name, mask in masks.items()}, labels={"tumor": 1}, ignore=IGNORE
    )
    plain, confined = bench.score(), bench.score(build={"untrusted": True})
    pd.testing.assert_frame_equal(plain.table, confined.table)
    assert [note.text for note in plain.notes] == [note.text for note in confined.notes]


def test_the_digest_of_a_benchmark_knows_what_is_ignored_and_only_that() -> None:
    known = {"patients": {}, "references": {}, "metrics": []}
    plain = digest_benchmark(make(ignore=None), **known)
    assert plain == hash_plain([[], [], [["tumor", [1]]], [], "score"]), "as before"
    others = {digest_benchmark(make(ignore=value), **known) for value in (2, 7)}
    assert len({plain, *others}) == 3


def test_a_refusal_for_something_else_stays_as_it_is() -> None:
    error = BiasRulerError("BR301", "found", "expected", "Fix")
    with (
        pytest.raises(BiasRulerError, match="Fix"),
        telling_of_ignored(ignore=IGNORE, role=Role.MODEL),
    ):
        raise error
    assert allowed_values({}, ignore=None, role=Role.EXPERT) is None


masks = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1]))
regions = arrays(bool, SHAPE)


@quick
@given(expert=masks, unet=masks, anything=masks, region=regions)
def test_an_ignored_region_may_hold_anything(expert, unet, anything, region) -> None:
    region[0, 0, 0] = False
    expert = np.where(region, np.uint8(IGNORE), expert)
    scored = [
        score(make(expert=expert, unet=mask), measures=["echo"]).table
        for mask in (unet, np.where(region, anything, unet))
    ]
    pd.testing.assert_frame_equal(*scored)


@quick
@given(expert=masks, unet=masks, auto=masks)
def test_a_value_that_no_mask_holds_changes_nothing(expert, unet, auto) -> None:
    benchmark = make(ignore=None, expert=expert, unet=unet, auto=auto)
    plain, with_ignore = (
        score(each, measures=["echo", "shape"])
        for each in (benchmark, replace(benchmark, ignore=IGNORE))
    )
    pd.testing.assert_frame_equal(plain.table, with_ignore.table)
    pd.testing.assert_frame_equal(plain.echoes, with_ignore.echoes)
    pd.testing.assert_frame_equal(plain.shapes, with_ignore.shapes)
    assert plain.notes == with_ignore.notes


@quick
@given(expert=masks, unet=masks, region=regions)
def test_ignoring_is_the_same_as_background_in_both_masks(expert, unet, region) -> None:
    region[0, 0, 0] = False
    ignoring = make(expert=np.where(region, np.uint8(IGNORE), expert), unet=unet)
    zeros = [np.where(region, np.uint8(0), mask) for mask in (expert, unet)]
    background = make(ignore=None, expert=zeros[0], unet=zeros[1])
    pd.testing.assert_frame_equal(score(ignoring).table, score(background).table)
