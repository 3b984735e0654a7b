from __future__ import annotations

import pytest

from pytest_biasruler.report.columns import added_columns
from pytest_biasruler.report.computation import groups_table

from .audit_example import make_audit, make_finding, ruler_age

ALWAYS = ("subgroup", "cases", "patients", "mean", "sd", "status")


def column(finding, title):
    return {name: cell.text for name, cell in dict(added_columns(finding))[title].items()}


@pytest.mark.parametrize("finding", make_audit().findings, ids=lambda finding: finding.id)
def test_every_table_of_subgroups_begins_with_the_same_columns(finding):
    assert groups_table(finding).head[:6] == ALWAYS


def test_a_ruler_has_both_means_beside_their_difference():
    table = groups_table(ruler_age())
    assert table.head[6:] == ("by expert", "by automated", "flattered, beside the average")
    first = [cell.text for cell in table.rows[0].cells]
    assert first[3] == "+0.064"
    assert first[6:] == ["0.700", "0.764", "+0.052"]


def test_excluded_and_undefined_have_a_column_only_where_there_are_any():
    counts = {"excluded": {"0–40": 2, "41–55": 0}, "undefined": {"0–40": 0}}
    table = groups_table(make_finding(details={"counts": counts}))
    assert table.head[6:] == ("excluded",)
    assert [row.cells[6].text for row in table.rows] == ["2", "0", "0"]


def test_labels_tell_error_direction_risk_and_empty_masks():
    (labels,) = [f for f in make_audit().findings if f.check == "labels" and f.metric == "dice"]
    assert column(labels, "drawn") == {
        "0–40": "too small",
        "41–55": "too small",
        "56–120": "neither",
    }
    risk = column(labels, "relative risk to 56–120, 95 % interval")
    assert risk == {"0–40": "1.380 [1.100, 1.700]", "41–55": "undefined", "56–120": "–"}
    assert column(labels, "empty automated masks")["0–40"] == "2.4 %"


def test_a_floor_tells_the_distance_to_it():
    (floor,) = [f for f in make_audit().findings if f.check == "floor"]
    assert column(floor, "mean − floor")["0–40"] == "+0.100"
    assert column(floor, "bounds")["0–40"] == "[0.640, 0.750]"


def test_provenance_tells_who_drew_the_labels():
    (provenance,) = [f for f in make_audit().findings if f.check == "provenance"]
    assert column(provenance, "automated label only")["caucasian"] == "41"


def test_a_subgroup_without_a_number_has_a_dash():
    table = groups_table(make_finding(details={"complement": {"0–40": 0.1}}))
    assert [row.cells[-1].text for row in table.rows] == ["+0.100", "–", "–"]
