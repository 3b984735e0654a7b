"""Scores of several labels joined: their mean, or the worst."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.metrics import Direction
from pytest_biasruler.scoring.joined import count_partial, join_labels

quick = settings(deadline=None, derandomize=True, max_examples=60)
DIRECTIONS = {"dice": Direction.HIGHER, "hd95_mm": Direction.LOWER, "bias": Direction.SIGNED}
SCORED, ABSENT, WORST = "scored", "agreed absent", "worst"


def rows(scores, *, status=SCORED, cases=None, **facts):
    """Rows of one label: `scores` by case, the same for every metric."""
    statuses = [status] * len(scores) if isinstance(status, str) else status
    index = pd.Index(cases or [f"c{n}" for n in range(len(scores))], name="case")
    table = {name: np.array(scores, float) for name in DIRECTIONS}
    return pd.DataFrame({"label": "x", **table, **facts, "status": statuses}, index=index)


def join(*frames, how="mean"):
    return join_labels(frames, how=how, directions=DIRECTIONS)


def test_the_mean_weighs_every_label_alike() -> None:
    found = join(rows([0.9, 0.2]), rows([0.6, 0.5]), rows([0.3, 0.8]))
    assert found["dice"].tolist() == pytest.approx([0.6, 0.5])
    assert found["label"].tolist() == ["mean", "mean"]


@pytest.mark.parametrize(
    ("metric", "scores", "worst"),
    [
        ("dice", (0.9, 0.4, 0.6), 0.4),
        ("hd95_mm", (1.0, 7.0, 3.0), 7.0),
        ("bias", (0.1, -0.4, 0.3), -0.4),
        ("bias", (-0.3, 0.3), 0.3),
    ],
)
def test_the_worst_follows_the_direction_of_the_metric(metric, scores, worst) -> None:
    found = join(*[rows([score]) for score in scores], how="worst")
    assert found[metric].tolist() == [worst]


@pytest.mark.parametrize("how", ["mean", "worst"])
def test_a_case_with_an_undefined_label_is_undefined(how) -> None:
    found = join(rows([0.5, 0.5]), rows([nan, 0.5], status=["undefined", SCORED]), how=how)
    assert isnan(found["dice"].iloc[0])
    assert found["status"].tolist() == ["undefined", "scored"]


def test_a_case_that_lacks_a_row_of_a_label_is_undefined() -> None:
    found = join(rows([0.5, 0.7], cases=["a", "b"]), rows([0.5], cases=["a"]))
    assert found["dice"].isna().tolist() == [False, True]
    assert found["status"].tolist() == ["scored", "undefined"]


def test_a_label_left_out_by_the_rule_of_empty_masks_is_left_out_of_the_mean() -> None:
    """Of 0.4 and two labels that both masks lack, one is left; of nothing, nothing."""
    absent = rows([nan, nan], status=ABSENT)
    found = join(rows([0.4, nan], status=[SCORED, ABSENT]), absent, absent)
    assert found["dice"].iloc[0] == 0.4
    assert isnan(found["dice"].iloc[1])
    assert found["status"].tolist() == ["scored", "agreed absent"]


def test_an_agreed_absence_that_is_scored_counts_with_its_score() -> None:
    found = join(rows([0.4]), rows([1.0], status=ABSENT))
    assert found["dice"].iloc[0] == pytest.approx(0.7)
    assert found["status"].iloc[0] == "scored"


def test_cases_of_which_only_some_labels_are_left_out_are_counted() -> None:
    one = rows([0.4, nan, 0.5], status=[SCORED, ABSENT, SCORED])
    two = rows([nan, nan, 0.5], status=[ABSENT, ABSENT, SCORED])
    assert count_partial([one, two], metric="dice") == 1


@pytest.mark.parametrize("other", [SCORED, ABSENT, "undefined"])
def test_one_label_that_counts_as_the_worst_makes_the_case_so(other) -> None:
    assert join(rows([0.0], status=WORST), rows([0.5], status=other))["status"].tolist() == [WORST]


def test_counts_and_volumes_of_several_labels_are_nobodys_but_the_image_stays() -> None:
    facts = {"n_model": 5.0, "reference_ml": 0.1, "diagonal_mm": 20.0}
    found = join(rows([0.5], **facts), rows([0.5], **facts))
    assert found[["n_model", "reference_ml"]].isna().all(axis=None)
    assert found["diagonal_mm"].tolist() == [20.0]


scores = st.floats(0, 1) | st.just(nan)
statuses = st.sampled_from([SCORED, ABSENT, WORST, "undefined"])
labels = st.lists(
    st.lists(st.tuples(scores, statuses), min_size=3, max_size=3), min_size=2, max_size=5
)


@quick
@given(labels=labels, how=st.sampled_from(["mean", "worst"]), data=st.data())
def test_the_order_of_the_labels_changes_nothing(labels, how, data) -> None:
    frames = [rows([s for s, _ in label], status=[t for _, t in label]) for label in labels]
    other = data.draw(st.permutations(frames))
    pd.testing.assert_frame_equal(join(*frames, how=how), join(*other, how=how), check_exact=True)


@quick
@given(score=st.floats(0, 1), n=st.integers(2, 6), how=st.sampled_from(["mean", "worst"]))
def test_labels_that_all_score_the_same_have_that_score(score, n, how) -> None:
    assert join(*[rows([score])] * n, how=how)["dice"].tolist() == [score]


@quick
@given(values=st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_the_mean_is_never_worse_than_the_worst(values) -> None:
    frames = [rows([value]) for value in values]
    mean, worst = (join(*frames, how=how).iloc[0] for how in ("mean", "worst"))
    assert mean["dice"] >= worst["dice"]
    assert mean["hd95_mm"] <= worst["hd95_mm"]
