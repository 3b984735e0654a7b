from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.check import Check, Policy
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import (
    Attribute,
    Benchmark,
    BothEmpty,
    Defaults,
    Model,
    Reference,
    ReferenceKind,
    ScoreSource,
)
from pytest_biasruler.benchmark.metrics import Direction, Metric
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

EXPERT = Reference(name="expert", kind="expert", masks="e/{case}.nii")


def problems_of(**fields):
    with pytest.raises(BiasRulerProblems) as caught:
        Benchmark(**{"name": "toy", "metadata": "clinical.csv", **fields})
    return [str(problem) for problem in caught.value.problems]


def test_a_benchmark_of_frames_arrays_and_callables_is_kept_as_it_is():
    metadata = pd.DataFrame({"case": ["a"], "age": ["40"]})
    by_case = {"a": np.zeros((2, 2, 2), dtype=bool)}

    benchmark = Benchmark(
        name="toy",
        metadata=metadata,
        case="case",
        patient="case",
        references=[Reference(name="expert", kind="expert", masks=by_case)],
        models=[Model(name="unet", masks=by_case.get)],
        attributes=[Attribute(name="age", bins=[0, 41, 90], names=["young", "old"])],
        scores=None,
        checks=[Check("gap", by="age", limit=0.05)],
    )

    assert benchmark.metadata is metadata
    assert benchmark.references[0].masks is by_case
    assert benchmark.models[0].masks == by_case.get
    assert [declared.id for declared in declare_checks(benchmark)] == ["gap[dice-age-unet]"]


def test_lists_become_tuples_and_texts_become_what_they_name():
    benchmark = Benchmark(
        name="toy",
        metadata="clinical.csv",
        references=[EXPERT],
        attributes=[Attribute(name="age", bins=np.array([0, 41]), missing="", merge={"f": "F"})],
        labels={"tumor": 1, "whole": [1, 2]},
        metrics=[Metric(name="mm", direction="lower", range=[0, np.inf], one_empty=None)],
        defaults=Defaults(policy="point", both_empty="exclude"),
        checks=[Check("gap", by="age")],
        root=".",
    )

    assert benchmark.references[0].kind is ReferenceKind.EXPERT
    age = Attribute(name="age", bins=(0.0, 41.0), missing=("",), merge={"f": ("F",)})
    assert benchmark.attributes == (age,)
    assert benchmark.labels == {"tumor": (1,), "whole": (1, 2)}
    assert benchmark.metrics["mm"].direction is Direction.LOWER
    assert benchmark.metrics["mm"].range == (0.0, None)
    assert benchmark.defaults.policy is Policy.POINT
    assert benchmark.defaults.both_empty is BothEmpty.EXCLUDE
    assert isinstance(benchmark.checks, tuple)
    assert benchmark.root == Path()


def test_parameters_of_metrics_are_spelt_as_in_the_file():
    benchmark = Benchmark(name="toy", metadata="c.csv", metrics={"nsd": {"tolerance_mm": 3}})

    assert benchmark.metrics["nsd"].parameters == {"tolerance_mm": 3.0}


def test_with_a_score_table_no_set_needs_masks():
    sets = {"references": [replace(EXPERT, masks=None)], "models": [Model(name="unet")]}
    table = pd.DataFrame({"case": ["a"], "dice": [1.0]})

    in_memory = Benchmark(name="toy", metadata="c.csv", scores=table, **sets)
    on_disk = Benchmark(name="toy", metadata="c.csv", scores=ScoreSource(table="s.csv"), **sets)

    assert in_memory.scores is table
    assert on_disk.scores == (ScoreSource(table="s.csv", format="tidy"),)
    assert len(problems_of(**sets)) == 2


def test_a_changed_copy_is_held_to_the_same_rules():
    benchmark = Benchmark(name="toy", metadata="clinical.csv", references=[EXPERT])

    assert replace(benchmark, site="clinic").references == benchmark.references
    with pytest.raises(BiasRulerError, match='case is ""'):
        replace(benchmark, case="")


REFUSALS = [
    ({"name": ""}, '[benchmark]: name is ""; expected a text'),
    ({"metadata": 3}, "[benchmark]: metadata is 3; expected a text"),
    ({"metadata": None}, "[benchmark]: metadata is missing"),
    ({"references": ["expert"]}, '[references]: references holds "expert"; expected a Reference'),
    ({"references": EXPERT}, "[references]: references is a value of type Reference"),
    ({"references": [replace(EXPERT, kind="human")]}, '[references.expert]: unknown kind "human"'),
    (
        {"references": [replace(EXPERT, masks=3)]},
        "[references.expert]: masks is 3; expected a temp",
    ),
    ({"references": [replace(EXPERT, name=None)]}, "name is a value of type NoneType"),
    ({"models": [Model(name="m", masks="x")]}, "[models.m]: masks has no {case}"),
    (
        {"models": [Model(name="m", masks="{case}", trained_on="me")]},
        '[models.m]: unknown reference "me"',
    ),
    ({"models": [EXPERT]}, "[models]: models holds a value of type Reference; expected a Model"),
    ({"attributes": [Attribute(name="age", bins=[1, 0])]}, "[attributes.age]: bins does not rise"),
    ({"labels": {"tumor": 0}}, "[labels]: tumor is 0; expected a whole number from 1"),
    ({"labels": [1]}, "[labels]: labels is a list; expected one table for each name"),
    ({"scores": "scores.csv"}, '[scores]: [scores] is "scores.csv"; expected a table'),
    ({"scores": ScoreSource(table="s", format="x")}, '[scores]: unknown format "x"'),
    ({"metrics": ["dice"]}, '[metrics]: metrics holds "dice"; expected a Metric'),
    ({"metrics": {"a": Metric(name="b")}}, "[metrics.a]: metric b stands under the name a"),
    ({"defaults": {"metric": "dise"}}, '[defaults]: unknown metric "dise"'),
    ({"defaults": Defaults(policy="strict")}, '[defaults]: unknown policy "strict"'),
    ({"checks": ["gap"]}, '[checks]: checks holds "gap"; expected a Check'),
    ({"root": "/data", "metadata": "../c.csv"}, "[benchmark]: metadata leaves the data root"),
]


@pytest.mark.parametrize(("fields", "told"), REFUSALS, ids=[r[1] for r in REFUSALS])
def test_code_is_refused_for_what_a_file_would_be(fields, told):
    problems = problems_of(**fields)

    assert len(problems) == 1, problems
    assert told in problems[0], problems[0]


def test_a_name_given_twice_is_refused():
    assert problems_of(references=[EXPERT, EXPERT]) == [
        'BR403 benchmark "toy" [references.expert]: references holds "expert" twice; '
        "expected each name once. Rename one."
    ]


def test_all_problems_are_told_at_once():
    problems = problems_of(name="", case=1, models=[Model(name="m")], defaults=Defaults(alpha=2))

    assert len(problems) == 4, problems


def test_a_metric_that_rewards_a_missed_lesion_is_refused():
    for rewarding in ({"direction": "lower"}, {"both_empty": 0.0, "one_empty": 1.0}):
        with pytest.raises(BiasRulerError, match=r"no better than .*Set both_empty and one_empty"):
            Metric(name="mine", **rewarding)

    assert Metric(name="mine", direction="lower", one_empty=None).sign == -1
    with pytest.raises(BiasRulerError, match='direction of metric mine is "up"'):
        Metric(name="mine", direction="up")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        *("name", "metadata", "case", "patient", "site", "references", "models", "attributes"),
        *("labels", "scores", "metrics", "defaults", "checks", "untrusted"),
    ]
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(FIELDS, ANYTHING)
def test_any_value_of_any_field_gives_a_benchmark_or_problems(field, value):
    # Any other exception than BiasRulerProblems fails the test.
    with suppress(BiasRulerProblems):
        assert Benchmark(**{"name": "toy", "metadata": "c.csv", field: value}).name
