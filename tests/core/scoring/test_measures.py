"""What is measured beside scores: rows of a case, tables of a benchmark, and when."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring.echo import ECHO_FACTS, measure_echo
from pytest_biasruler.scoring.features import FEATURES
from pytest_biasruler.scoring.measures import (
    find_echoes,
    find_shapes,
    measure_nothing,
    needed_measures,
)
from pytest_biasruler.scoring.run import measure_benchmark
from pytest_biasruler.scoring.store import Store
from pytest_biasruler.scoring.strata import cut_strata

BOTH = ("shape", "echo")
SPACING = (1.0, 1.5, 2.0)


def asked(check, **options):
    return SimpleNamespace(check=check, options=options)


def assert_same(one, other):
    for name in ("shapes", "echoes"):
        first, second = getattr(one, name), getattr(other, name)
        pd.testing.assert_frame_equal(first, second, check_exact=True)
        assert first.to_csv() == second.to_csv(), name


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ([asked("gap"), asked("ruler", gap_limit=0.05)], ()),
        ([asked("echo", control=None)], ("echo",)),
        ([asked("morphology", features=("sphericity",))], ("shape",)),
        ([asked("difficulty", difficulty=("log_volume_ml",))], ("shape",)),
        ([asked("difficulty", difficulty=("scanner", "age"))], ()),
        ([asked("echo"), asked("echo"), asked("morphology")], ("shape", "echo")),
    ],
)
def test_only_what_a_declared_check_needs_is_measured(declared, expected):
    assert needed_measures(declared) == expected


def test_nothing_is_measured_unasked(tiny):
    scored = tiny.score()
    assert scored.shapes is None
    assert scored.echoes is None


def test_each_expert_mask_has_one_row_of_features(tiny):
    shapes = tiny.score(measures=("shape",)).shapes
    assert shapes.columns.tolist() == ["case", "label", "reference", *FEATURES]
    assert shapes["reference"].unique().tolist() == ["expert"], "no automated reference, no model"
    assert shapes["case"].tolist() == tiny.cases
    # cubes of 4 x 4 x 4 voxels of 1 x 1.5 x 2 mm
    assert shapes["volume_ml"].tolist() == pytest.approx([0.192] * 6)
    assert shapes["n_components"].tolist() == [1.0] * 6
    assert shapes["elongation"].tolist() == pytest.approx([1.5 / 2] * 6)


def test_an_echo_is_that_of_the_three_masks_on_the_whole_grid(tiny):
    echoes = tiny.score(measures=("echo",)).echoes
    keys = ["case", "label", "model", "automated", "reference"]
    assert echoes.columns.tolist() == [*keys, *ECHO_FACTS]
    assert echoes[keys[1:]].drop_duplicates().to_numpy().tolist() == [
        ["", "unet", "auto", "expert"]
    ]
    for case, row in echoes.set_index("case").iterrows():
        masks = {name: by_case[case].astype(bool) for name, by_case in tiny.masks.items()}
        strata = cut_strata(masks["expert"], spacing_mm=SPACING)
        expected = measure_echo(
            masks["unet"], automated=masks["auto"], expert=masks["expert"], strata=strata
        )
        for fact in ECHO_FACTS:
            assert row[fact] == getattr(expected, fact), (case, fact)
    assert echoes["kappa"].between(-1, 1).all()
    assert echoes["n_automated_errors"].min() > 20


def test_any_number_of_workers_gives_the_same_bytes(tiny):
    assert_same(tiny.score(workers=2, measures=BOTH), tiny.score(measures=BOTH))


def test_what_comes_back_from_the_store_is_what_was_measured(tiny, tmp_path):
    store = Store(tmp_path / "store")
    first = tiny.score(store=store, measures=BOTH)
    progress = []
    again = tiny.score(store=store, measures=BOTH, progress=lambda *n: progress.append(n))
    assert progress[-1] == (6, 6, 6), "all six cases come from the store"
    assert_same(first, again)
    pd.testing.assert_frame_equal(first.table, again.table, check_exact=True)


def test_scores_kept_without_measures_do_not_answer_for_them(tiny, tmp_path):
    store = Store(tmp_path / "store")
    tiny.score(store=store)
    scored = tiny.score(store=store, measures=("echo",))
    assert len(scored.echoes) == 6
    assert scored.shapes is None


@pytest.mark.parametrize("measure", BOTH)
def test_on_demand_gives_what_the_same_pass_gives(tiny, tmp_path, measure):
    benchmark, store = tiny.build(), Store(tmp_path / "store")
    together = tiny.score(measures=(measure,))
    for _ in range(2):  # measured, then from the store
        alone = measure_benchmark(
            benchmark, measure, metadata=read_metadata(benchmark), store=store
        )
        expected = together.shapes if measure == "shape" else together.echoes
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)


def test_scores_are_the_same_whatever_else_is_measured(tiny):
    table = tiny.score(measures=BOTH).table
    pd.testing.assert_frame_equal(table, tiny.score().table, check_exact=True)


def test_a_missing_prediction_is_a_row_without_kappa(make_bench, cube):
    bench = make_bench(
        {
            "expert": {"a": cube((2, 2, 2)), "b": cube((2, 2, 2))},
            "auto": {"a": cube((3, 2, 2)), "b": cube((3, 2, 2))},
            "unet": {"a": cube((3, 2, 2)), "b": None},
        }
    )
    echoes = bench.score(measures=("echo",)).echoes.set_index("case")
    assert echoes.loc["a", "kappa"] == 1.0
    assert echoes.loc["b", "n_automated_errors"] == 32
    others = [fact for fact in ECHO_FACTS if fact != "n_automated_errors"]
    assert echoes.loc["b", others].isna().all(), "what it would have repeated is not known"


def test_an_empty_prediction_is_a_mask_and_no_missing_one(make_bench, cube):
    bench = make_bench(
        {
            "expert": {"a": cube((2, 2, 2)), "b": cube((2, 2, 2))},
            "auto": {"a": cube((3, 2, 2)), "b": cube((3, 2, 2))},
            "unet": {"a": cube((0, 0, 0), 0), "b": cube((2, 2, 2))},
        }
    )
    echoes = bench.score(measures=("echo",)).echoes.set_index("case")
    assert echoes.loc["a", "n_model_errors"] == 64
    assert echoes.loc["a", "n_shared"] == 16


def test_an_unusable_reference_has_no_row(make_bench, cube):
    bench = make_bench(
        {
            "expert": {"a": cube((2, 2, 2)), "b": b"no mask", "c": cube((2, 2, 2))},
            "auto": {"a": cube((3, 2, 2)), "b": cube((3, 2, 2)), "c": None},
            "unet": {case: cube((2, 3, 2)) for case in "abc"},
        }
    )
    scored = bench.score(measures=BOTH)
    assert scored.echoes["case"].tolist() == ["a"]
    assert scored.shapes["case"].tolist() == ["a", "c"]


def test_an_empty_expert_mask_has_a_row_of_nan(make_bench, cube):
    bench = make_bench(
        {
            "expert": {"a": cube((2, 2, 2)), "b": cube((0, 0, 0), 0)},
            "auto": {"a": cube((3, 2, 2)), "b": cube((3, 2, 2))},
            "unet": {"a": cube((2, 2, 2)), "b": cube((3, 2, 2))},
        }
    )
    scored = bench.score(measures=BOTH)
    shapes, echoes = scored.shapes.set_index("case"), scored.echoes.set_index("case")
    assert shapes.loc["b", list(FEATURES)].isna().all()
    assert np.isnan(echoes.loc["b", "kappa"])
    assert echoes.loc["b", "n_shared"] == 64


def test_on_a_sheared_grid_only_counts_are_known(make_bench, cube):
    affine = np.array([[1, 0.4, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1.0]])

    def given(*start):
        return {"a": Mask(voxels=cube(start), affine=affine)}

    sources = {"expert": given(2, 2, 2), "auto": given(3, 2, 2), "unet": given(3, 3, 2)}
    bench = make_bench({}, sources=sources, metadata=pd.DataFrame({"case": ["a"]}))
    scored = bench.score(measures=BOTH)
    (shape,), (echo,) = scored.shapes.to_dict("records"), scored.echoes.to_dict("records")
    assert shape["volume_ml"] == pytest.approx(64 * 0.002)
    assert shape["n_components"] == 1
    assert np.isnan([shape["sphericity"], shape["elongation"], shape["surface_to_volume"]]).all()
    assert (echo["n_automated_errors"], echo["n_model_errors"]) == (32, 56)
    assert np.isnan(echo["kappa"])


def test_labels_are_measured_apart(make_bench, cube):
    expert = cube((1, 1, 1), 3) + cube((6, 6, 5), 2, value=2)
    bench = make_bench(
        {
            "expert": {"a": expert, "b": expert},
            "auto": {case: cube((2, 1, 1), 3) + cube((6, 6, 6), 2, value=2) for case in "ab"},
            "unet": {case: cube((2, 1, 1), 3) + cube((6, 6, 5), 2, value=2) for case in "ab"},
        },
        labels={"core": (1,), "rim": (2,)},
    )
    scored = bench.score(measures=BOTH)
    volumes = scored.shapes.set_index(["case", "label"])["volume_ml"]
    assert volumes["a", "core"] == pytest.approx(27 * 0.003)
    assert volumes["a", "rim"] == pytest.approx(8 * 0.003)
    kappas = scored.echoes.set_index(["case", "label"])["kappa"]
    assert (kappas["a", "core"], kappas["a", "rim"]) == (1.0, 0.0)


def test_all_of_a_case_is_plain_json(tiny, tmp_path):
    store = Store(tmp_path / "store")
    tiny.score(store=store, measures=BOTH)  # raises on NaN or a number of numpy
    frame = tiny.score(store=store, measures=BOTH).echoes
    assert json.loads(frame.to_json())["kappa"]


def test_rows_are_found_by_their_names(tiny):
    scored = tiny.score(measures=BOTH)
    shapes = find_shapes(scored.shapes, reference="expert", label="")
    assert shapes.index.tolist() == tiny.cases
    assert shapes.columns.tolist() == list(FEATURES)
    names = {"model": "unet", "automated": "auto", "reference": "expert", "label": ""}
    echoes = find_echoes(scored.echoes, **names)
    assert echoes.index.tolist() == tiny.cases
    assert echoes.columns.tolist() == list(ECHO_FACTS)
    assert find_echoes(scored.echoes, **{**names, "model": "other"}).empty
    assert find_echoes(measure_nothing("echo"), **names).empty


def test_the_shape_of_an_automated_reference_is_refused(tiny):
    shapes = tiny.score(measures=("shape",)).shapes
    with pytest.raises(BiasRulerError, match="BR503: no shape of reference auto was measured"):
        find_shapes(shapes, reference="auto", label="")
    with pytest.raises(BiasRulerError, match="BR503"):
        find_shapes(measure_nothing("shape"), reference="expert", label="")
