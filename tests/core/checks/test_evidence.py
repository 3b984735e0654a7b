"""What evidence hands to a check beside scores: sites, shapes and echoes."""

from __future__ import annotations

import pandas as pd
import pytest

from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.echo import ECHO_FACTS
from pytest_biasruler.scoring.features import FEATURES

SCORES = {("unet", "expert"): [0.9, 0.8], ("unet", "automated"): [0.9, 0.8]}
AGES = ["old", "young"]
NAMES = {"model": "unet", "automated": "automated", "reference": "expert"}


def shapes(**changes):
    rows = {"case": ["case0000", "case0001"], "label": "", "reference": "expert"}
    return pd.DataFrame({**rows, **dict.fromkeys(FEATURES, 1.0), **changes})


def echoes(**changes):
    rows = {"case": ["case0000", "case0001"], "label": "", **NAMES}
    return pd.DataFrame({**rows, **dict.fromkeys(ECHO_FACTS, 0.5), **changes})


def test_the_site_of_each_case_is_told_in_the_order_asked(make_evidence):
    evidence = make_evidence(SCORES, AGES, sites=["north", ""])
    assert evidence.sites(pd.Index(["case0001", "case0000"])).tolist() == ["", "north"]


def test_a_benchmark_without_sites_has_none(make_evidence):
    assert make_evidence(SCORES, AGES).sites(pd.Index(["case0000"])) is None


def test_shapes_are_those_of_the_reference_and_label(make_evidence):
    frame = pd.concat([shapes(), shapes(reference="second"), shapes(label="rim", volume_ml=7.0)])
    evidence = make_evidence(SCORES, AGES, shapes=frame)
    found = evidence.shapes("expert", None)
    assert found.index.tolist() == ["case0000", "case0001"]
    assert found.columns.tolist() == list(FEATURES)
    assert evidence.shapes("expert", "rim")["volume_ml"].tolist() == [7.0, 7.0]
    with pytest.raises(BiasRulerError, match="BR503: no shape of reference automated"):
        evidence.shapes("automated", None)


def test_echoes_are_those_of_all_three_sets(make_evidence):
    evidence = make_evidence(SCORES, AGES, echoes=pd.concat([echoes(), echoes(model="other")]))
    found = evidence.echoes(**NAMES, label=None)
    assert found.index.tolist() == ["case0000", "case0001"]
    assert found.columns.tolist() == list(ECHO_FACTS)
    assert evidence.echoes(**{**NAMES, "model": "third"}, label=None).empty


def test_without_masks_there_are_no_echoes_and_no_shapes(make_evidence):
    evidence = make_evidence(SCORES, AGES)
    assert evidence.echoes(**NAMES, label=None).columns.tolist() == list(ECHO_FACTS)
    assert evidence.echoes(**NAMES, label=None).empty
    with pytest.raises(BiasRulerError, match="BR503"):
        evidence.shapes("expert", None)


def test_what_was_not_measured_with_the_scores_is_asked_for(make_evidence):
    asked = []

    def measure(name):
        asked.append(name)
        return shapes() if name == "shape" else echoes()

    evidence = make_evidence(SCORES, AGES).altered(measure=measure)
    assert len(evidence.shapes("expert", None)) == 2
    assert len(evidence.echoes(**NAMES, label=None)) == 2
    assert asked == ["shape", "echo"]


def test_what_was_measured_with_the_scores_is_not_asked_for_again(make_evidence):
    def measure(name):
        raise AssertionError(name)

    evidence = make_evidence(SCORES, AGES, shapes=shapes(), echoes=echoes())
    evidence = evidence.altered(measure=measure)
    assert len(evidence.shapes("expert", None)) == 2
    assert len(evidence.echoes(**NAMES, label=None)) == 2


def test_the_worst_distance_of_a_sheared_prediction_is_a_score_but_no_difference(make_evidence):
    scores = {("unet", "expert"): [3.0, 99.0]}
    sheared = {"unet": {"case0001": "BR215"}}
    named = {"model": "unet", "reference": "expert", "label": None}
    for metric, is_lost in (("hd95_mm", True), ("dice", False)):
        evidence = make_evidence(scores, AGES, metric=metric, sheared=sheared)
        assert len(score_column(evidence, metric, **named).per_case) == 2
        column = score_column(evidence, metric, **named, worst_is_score=False)
        assert column.undefined == (frozenset({"case0001"}) if is_lost else frozenset())


def test_a_metric_that_the_scores_lack_names_the_key_that_asks_for_others(make_evidence):
    with pytest.raises(BiasRulerError, match=r'name in the check .* metric = "dice"'):
        score_column(
            make_evidence(SCORES, AGES), "nsd", model="unet", reference="expert", label=None
        )
