from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_biasruler.benchmark.definition import Attribute
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.checks.challenge import describe_challenge
from pytest_biasruler.checks.evidence import Evidence

AGES = ["35", "35", "35", "66", "66"]
DICE = [0.8, 0.8, 0.8, 0.7, 0.7]
HD95 = [15.0, 15.0, 15.0, 30.0, 30.0]
STATUS = ["pre", "pre", "pre", "post", "post"]
AGE, MENOPAUSE = Attribute(name="age"), Attribute(name="menopause")


@pytest.fixture
def build(make_evidence):
    def build(*, attributes=(AGE, MENOPAUSE), columns=None, **facts):
        """Return evidence of five cases; `facts` are further columns of the score table."""
        columns = {"menopause": STATUS, **(columns or {})}
        made = make_evidence({("unet", "expert"): DICE}, AGES, columns=columns)
        benchmark = replace(made.benchmark, attributes=tuple(attributes))
        table = made.scored.table.assign(**{"hd95_mm": HD95, **facts})
        return Evidence(
            benchmark=benchmark,
            metadata=made.metadata,
            scored=replace(made.scored, table=table),
            subgroups=cut_all(benchmark, made.metadata),
        )

    return build


def score(evidence):
    return describe_challenge(evidence, model="unet", reference="expert", label=None)


def test_the_worked_example_in_mm_and_no_voxels_where_their_size_is_not_known(build):
    found = score(build())
    assert found["mm"]["performance"] == pytest.approx(0.81)
    assert found["mm"]["fairness_by"] == pytest.approx({"age": 0.90, "menopause": 0.90})
    assert found["mm"]["ranking"] == pytest.approx(0.855)
    assert found["voxel"] is None
    assert found["variables"] == {
        "age": "age in (0, 40], (40, 50], (50, 60], (60, 70], (70, 100]",
        "menopause": "menopause, peri counted as pre",
    }
    assert found["without"] == ["breast density"]


def test_a_distance_in_voxels_divides_by_the_edge_of_a_cube_of_the_same_volume(build):
    # 1000 voxels of 1 x 2 x 4 mm are 8 ml: a cube of that volume has an edge of 2 mm.
    found = score(build(n_reference=1000.0, reference_ml=8.0))
    assert found["voxel"]["mean_norm_hd"] == pytest.approx(0.07)
    assert found["mm"]["mean_norm_hd"] == pytest.approx(0.14)


def test_one_case_of_unknown_voxel_size_leaves_no_variant_in_voxels(build):
    volumes = [8.0, 8.0, np.nan, 8.0, 8.0]
    assert score(build(n_reference=1000.0, reference_ml=volumes))["voxel"] is None
    touching = score(
        build(n_reference=1000.0, reference_ml=volumes, hd95_mm=[15.0, 15.0, 0.0, 30.0, 30.0])
    )
    assert touching["voxel"] is not None, "a distance of 0 is 0 in any unit"


def test_a_missed_mask_counts_as_the_longest_distance_and_two_empty_ones_as_none(build):
    missed = score(build(n_model=[0.0, 9, 9, 9, 9], n_reference=9.0, reference_ml=0.009))
    assert missed["mm"]["mean_norm_hd"] == pytest.approx((1 + 0.1 + 0.1 + 0.2 + 0.2) / 5)
    assert missed["voxel"]["mean_norm_hd"] == pytest.approx(missed["mm"]["mean_norm_hd"])
    worst = score(build(status=["worst", *["scored"] * 4]))
    assert worst["mm"]["mean_norm_hd"] == pytest.approx((1 + 0.1 + 0.1 + 0.2 + 0.2) / 5)
    absent = score(build(status=["agreed absent", *["scored"] * 4], dice=[1.0, *DICE[1:]]))
    assert absent["mm"]["mean_dice"] == pytest.approx((0 + 0.8 + 0.8 + 0.7 + 0.7) / 5)
    assert absent["mm"]["mean_norm_hd"] == pytest.approx((0 + 0.1 + 0.1 + 0.2 + 0.2) / 5)
    assert "Dice 0 and HD95 0" in absent["both_empty"]


def test_peri_counts_as_pre_and_unknown_is_a_subgroup(build):
    found = score(
        build(
            attributes=[
                Attribute(name="status", column="Menopausal_Status", missing=("", "n/a")),
                Attribute(name="Breast density"),
            ],
            columns={
                "Menopausal_Status": ["pre", "peri (6-12 months)", "pre", "post", "n/a"],
                "Breast density": ["a", "a", "a", "b", "b"],
            },
        )
    )
    # pre .8, post .7, unknown .7: both gaps are .1, as between the two densities.
    assert found["mm"]["fairness_by"] == pytest.approx({"menopause": 0.9, "breast density": 0.9})
    assert found["variables"] == {
        "menopause": "status, peri counted as pre",
        "breast density": "subgroups of Breast density",
    }
    assert found["without"] == ["age"]


def test_ages_that_are_no_numbers_keep_the_subgroups_of_the_benchmark(build):
    attributes = [Attribute(name="age", column="group"), MENOPAUSE]
    found = score(build(attributes=attributes, columns={"group": ["young"] * 3 + ["old"] * 2}))
    assert found["variables"]["age"] == "subgroups of age"
    assert found["mm"]["fairness"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("attributes", "is_of_breast"),
    [
        ([AGE], False),
        ([AGE, Attribute(name="density")], False),
        ([Attribute(name="site")], False),
        ([MENOPAUSE], True),
        ([Attribute(name="density", column="Breast-Density")], True),
        ([Attribute(name="breast_density", column="density")], True),
    ],
)
def test_without_a_variable_of_the_breast_there_is_no_score_of_a_breast_challenge(
    build, attributes, is_of_breast
):
    letters = {name: list("xxyyy") for name in ("site", "density", "Breast-Density")}
    found = score(build(attributes=attributes, columns=letters))
    assert (found is not None) == is_of_breast


def test_a_column_that_no_attribute_names_is_not_looked_at(build):
    found = score(build(attributes=[MENOPAUSE], columns={"breast_density": list("xxyyy")}))
    assert list(found["variables"]) == ["menopause"]
    assert score(build(attributes=[AGE])) is None, "menopause is a column, and no attribute"


def test_without_both_metrics_there_is_no_score(make_evidence):
    assert score(make_evidence({("unet", "expert"): DICE}, AGES)) is None
    assert score(make_evidence({("other", "expert"): DICE}, AGES)) is None
