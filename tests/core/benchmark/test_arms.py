"""What checks about models, sites and covariates declare, and what they are refused for."""

from __future__ import annotations

import pandas as pd
import pytest

from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.named import find_unknown_names
from pytest_biasruler.benchmark.questions import SHAPE_FEATURES
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.errors import BiasRulerProblems

TRAINED = {"by_hand": "expert", "by_machine": "automated"}


def declare(check, *, trained=TRAINED, site="site", experts=("expert",), **keys):
    benchmark = Benchmark(
        name="arms",
        metadata=pd.DataFrame(
            {"case": ["a", "b"], "age": ["x", "y"], "site": ["s", "t"], "density": ["1", "2"]}
        ),
        site=site,
        references=[
            *(Reference(name=name, kind="expert", masks="e/{case}.nii") for name in experts),
            Reference(name="automated", kind="automated", masks="a/{case}.nii"),
        ],
        models=[
            Model(name=name, masks=f"{name}/{{case}}.nii", trained_on=on)
            for name, on in trained.items()
        ],
        attributes=[Attribute(name="age")],
        checks=[Check(check, **keys)],
    )
    return benchmark, declare_checks(benchmark)


def only(check, **keys):
    _, declared = declare(check, **keys)
    assert len(declared) == 1
    return declared[0]


def refusals(check, **keys):
    with pytest.raises(BiasRulerProblems) as refused:
        declare(check, **keys)
    return [str(problem) for problem in refused.value.problems]


def test_each_arm_is_the_only_model_that_was_trained_so():
    declared = only("amplification", by="age")
    assert declared.options == {
        "automated_trained": ("by_machine",),
        "expert_trained": ("by_hand",),
    }
    assert (declared.model, declared.reference, declared.automated) == (
        *(None, "expert", "automated"),
    )
    assert (declared.limit, declared.support) == (0.02, "symmetric")


def test_several_models_of_an_arm_must_be_named():
    runs = {**TRAINED, "again": "automated"}
    (text,) = refusals("amplification", by="age", trained=runs)
    assert "automated_trained is missing, and 2 models may be meant" in text
    named = only("amplification", by="age", trained=runs, automated_trained=["again"])
    assert named.options["automated_trained"] == ("again",)


def test_a_model_without_trained_on_is_in_no_arm():
    (text,) = refusals("amplification", by="age", trained={"by_hand": "expert", "other": None})
    assert 'no model is trained_on "automated"' in text
    (text,) = refusals(
        "amplification",
        by="age",
        trained={**TRAINED, "other": None},
        expert_trained=["other"],
    )
    assert "expert_trained names other with no trained_on; expected models with" in text


def test_echo_is_asked_of_every_model_but_the_control():
    declared = only("echo", control="by_hand")
    assert (declared.model, declared.by, declared.metric) == ("by_machine", (), "")


@pytest.mark.parametrize(
    ("keys", "limit"),
    [
        ({"model": "by_machine"}, 0.30),
        ({"model": "by_machine", "control": "by_hand"}, 0.10),
        ({"model": "by_machine", "by": "age"}, 0.10),
        ({"model": "by_machine", "limit": 0.2}, 0.2),
    ],
)
def test_echo_allows_more_where_nothing_takes_shared_difficulty_off(keys, limit):
    assert only("echo", **keys).limit == limit


def test_a_control_is_another_model_that_was_trained_on_expert_labels():
    (text,) = refusals("echo", model="by_hand", control="by_hand")
    assert 'control is "by_hand", the model itself' in text
    (text,) = refusals("echo", model="by_hand", control="by_machine")
    assert 'control is by_machine with trained_on "automated"; expected a model' in text


def test_a_baseline_needs_subgroups():
    (text,) = refusals("echo", model="by_hand", baseline="x")
    assert "baseline is given without by" in text


@pytest.mark.parametrize("name", ["dice", "by_hand", "automated"])
def test_a_score_explains_no_gap(name):
    (text,) = refusals("difficulty", by="age", model="by_hand", difficulty=[name])
    assert "circular" in text


def test_a_covariate_is_a_shape_feature_or_a_column():
    benchmark, declared = declare(
        "difficulty", by="age", model="by_hand", difficulty=["sphericity", "density", "densty"]
    )
    metadata = read_metadata(benchmark)
    subgroups = cut_all(benchmark, metadata)
    problems = find_unknown_names(benchmark, declared, metadata=metadata, subgroups=subgroups)
    assert [str(problem) for problem in problems] == [
        'BR602 difficulty[dice-age-by_hand]: unknown covariate "densty"; expected one of '
        "log_volume_ml, sphericity, elongation, surface_to_volume, n_components, or a column of "
        'the metadata. Perhaps "density" is meant.'
    ]


def test_what_subgroups_are_cut_by_explains_no_gap():
    benchmark, declared = declare("difficulty", by="age", model="by_hand", difficulty=["age"])
    metadata = read_metadata(benchmark)
    (problem,) = find_unknown_names(
        benchmark, declared, metadata=metadata, subgroups=cut_all(benchmark, metadata)
    )
    assert 'difficulty names "age", by which the subgroups are cut' in str(problem)


def test_the_name_of_a_case_is_no_difficulty():
    benchmark, declared = declare("difficulty", by="age", model="by_hand", difficulty=["case"])
    metadata = read_metadata(benchmark)
    (problem,) = find_unknown_names(
        benchmark, declared, metadata=metadata, subgroups=cut_all(benchmark, metadata)
    )
    assert 'difficulty names "case", the column that names cases' in str(problem)


def test_morphology_measures_expert_masks():
    declared = only("morphology", by="age")
    assert (declared.model, declared.reference, declared.limit) == (None, "expert", 0.147)
    assert declared.options == {"features": SHAPE_FEATURES}
    (text,) = refusals("morphology", by="age", experts=(), trained={})
    assert "no reference is expert" in text


def test_all_models_are_ranked_and_there_are_two():
    assert only("ranking").options == {"models": ("by_hand", "by_machine")}
    (text,) = refusals("ranking", trained={"by_hand": "expert"})
    assert "the benchmark has 1 models to rank" in text
    (text,) = refusals("ranking", models=["by_hand"])
    assert "models names 1; expected at least 2" in text


def test_transport_needs_sites():
    assert only("transport", by="age", model="by_hand").options == {
        "min_sites": 5,
        "min_patients_site": 10,
    }
    (text,) = refusals("transport", by="age", model="by_hand", site=None)
    assert "transport needs sites" in text


def test_noise_without_levels_takes_its_limit_from_the_gap():
    declared = only("noise", by="age", model="by_hand")
    assert declared.limit is None
    assert (declared.automated, declared.options) == (
        "automated",
        {"levels": None, "gap_limit": 0.05},
    )
    (text,) = refusals("noise", by="age", model="by_hand", limit=0.05)
    assert "noise takes no limit without levels;" in text
    levels, runs = {"a": 0, "b": 0.1, "c": 0.2}, dict.fromkeys("abc", "expert")
    (text,) = refusals("noise", by="age", model="a", trained=runs, levels=levels)
    assert "noise takes no model with levels;" in text


def test_noise_with_levels_compares_models_of_its_own():
    runs = {"a": "expert", "b": None, "c": None}
    levels = {"a": 0, "b": 0.1, "c": 0.2}
    declared = only("noise", by="age", trained=runs, levels=levels)
    assert (declared.model, declared.automated, declared.limit) == (None, None, 0.05)
    assert declared.options == {"levels": levels}
    (text,) = refusals("noise", by="age", trained=runs, levels={"a": 0, "b": 0.1, "c": 0.1})
    assert "levels has 2 different levels" in text


def test_how_the_labelled_cases_were_chosen_is_said_once():
    (text,) = refusals(
        "rectified", by="age", model="by_hand", labelled="random", probability="density"
    )
    assert "labelled and probability are both given" in text
    (text,) = refusals("rectified", by="age", model="by_hand", labelled="all")
    assert 'labelled is "all"; expected "random". Write labelled = "random", or name' in text
    benchmark, declared = declare("rectified", by="age", model="by_hand", probability="chance")
    metadata = read_metadata(benchmark)
    (problem,) = find_unknown_names(
        benchmark, declared, metadata=metadata, subgroups=cut_all(benchmark, metadata)
    )
    assert str(problem) == (
        'BR602 rectified[dice-age-by_hand]: unknown column "chance"; expected a column of the '
        'metadata. Perhaps "case" is meant.'
    ), "names of other columns are told to nobody"


@pytest.mark.parametrize("check", ["amplification", "ranking", "difficulty", "noise"])
def test_a_signed_error_has_no_better_end_to_rank_by(check):
    keys = {} if check == "ranking" else {"by": "age"}
    keys |= {"model": "by_hand"} if check in ("difficulty", "noise") else {}
    texts = refusals(check, metric="signed_volume_error", **keys)
    assert "best at zero" in texts[0]


def test_sensitivity_is_asked_for_by_the_check():
    assert only("gap", by="age", model="by_hand", sensitivity=True).sensitivity
    assert not only("gap", by="age", model="by_hand").sensitivity
    (text,) = refusals("provenance", by="age", model="by_hand", sensitivity=True)
    assert "provenance takes no sensitivity" in text
