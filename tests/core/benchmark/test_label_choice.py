"""Which labels a check asks about, and the limit of each."""

from __future__ import annotations

import pandas as pd
import pytest

from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.declared import declare_checks, declare_one
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.errors import BiasRulerError


def make(*checks, labels=("tumor", "edema")):
    return Benchmark(
        name="x",
        metadata=pd.DataFrame({"case": ["a"], "sex": ["F"]}),
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="auto", kind="automated"),
        ],
        models=[Model(name="unet")],
        attributes=[Attribute(name="sex")],
        labels={name: number for number, name in enumerate(labels, start=1)},
        scores=pd.DataFrame(),
        checks=[Check(check, **{"by": "sex", **keys}) for check, keys in checks],
    )


def declared(*checks, **keys):
    return declare_checks(make(*checks, **keys))


def refused(*checks, **keys):
    with pytest.raises(BiasRulerError) as error:
        declared(*checks, **keys)
    return str(error.value)


def test_every_label_is_asked_about_by_default_and_neither_mean_nor_worst() -> None:
    assert [one.label for one in declared(("gap", {}))] == ["tumor", "edema"]


@pytest.mark.parametrize("how", ["mean", "worst"])
def test_all_labels_can_be_asked_about_at_once(how) -> None:
    (one,) = declared(("gap", {"label": how}))
    assert (one.label, one.id) == (how, f"gap[dice-{how}-sex-unet]")
    assert one.limit == 0.05, "unit and range are those of one label"


def test_the_mean_stands_beside_single_labels() -> None:
    found = declared(("ruler", {"label": ["edema", "mean"]}))
    assert [one.label for one in found] == ["edema", "mean"]


@pytest.mark.parametrize("check", ["echo", "morphology", "provenance"])
def test_a_check_without_scores_has_nothing_to_join(check) -> None:
    said = refused((check, {"label": "mean"}))
    assert f'label is "mean", and {check} has no score of which that could be' in said


@pytest.mark.parametrize("labels", [(), ("tumor",)])
def test_the_mean_of_fewer_than_two_labels_is_refused(labels) -> None:
    said = refused(("gap", {"label": "mean"}), labels=labels)
    assert f'label is "mean", and [labels] names {len(labels)}; expected two labels' in said


def test_each_label_has_its_own_limit() -> None:
    limit = {"edema": 0.08, "tumor": 0.03}
    found = declared(("gap", {"limit": limit}))
    assert {one.label: one.limit for one in found} == limit
    assert [one.id for one in found] == ["gap[dice-tumor-sex-unet]", "gap[dice-edema-sex-unet]"]


def test_the_mean_may_have_a_limit_of_its_own() -> None:
    (one,) = declared(("gap", {"label": "mean", "limit": {"mean": 0.01}}))
    assert one.limit == 0.01


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"limit": {"tumor": 0.05}}, "limit has no number for edema; expected one for each of"),
        ({"limit": {}}, "limit has no number for tumor, edema"),
        ({"limit": {"tumor": 0.05, "edma": 0.05}}, 'unknown label "edma" in limit'),
        ({"limit": {"tumor": 0.05, "edema": 0.05}, "label": "tumor"}, 'unknown label "edema"'),
        ({"limit": {"tumor": 0.05, "edema": "much"}}, 'limit is "much"; expected a number'),
        ({"limit": {"tumor": 0.05, "edema": float("nan")}}, "limit is nan"),
        ({"limit": {"tumor": 0.05, "edema": 2}}, "limit is 2"),
        ({"limit": [{"tumor": 0.05, "edema": 0.05}, 0.1]}, "limit is a list of tables"),
    ],
)
def test_a_table_of_limits_must_fit_the_labels(keys, said) -> None:
    assert said in refused(("gap", keys))


def test_a_table_of_limits_needs_labels() -> None:
    said = refused(("gap", {"limit": {"tumor": 0.05}}), labels=())
    assert "limit is a table; expected a number where [labels] names none" in said


def test_a_ruler_lends_the_limit_of_the_gap_of_its_own_label() -> None:
    gaps = ("gap", {"limit": {"tumor": 0.03, "edema": 0.08}})
    found = declared(gaps, ("ruler", {}))
    assert {one.label: one.options["gap_limit"] for one in found if one.check == "ruler"} == {
        "tumor": 0.03,
        "edema": 0.08,
    }


def test_a_question_in_code_may_have_a_table_of_limits_too() -> None:
    found = declare_one(make(), "gap", by="sex", limit={"tumor": 0.05, "edema": 0.08})
    assert [one.limit for one in found] == [0.05, 0.08]
