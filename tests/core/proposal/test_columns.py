from __future__ import annotations

import pytest

from pytest_biasruler.proposal.columns import (
    Topic,
    are_numbers,
    find_fillers,
    is_identifying,
    is_result,
    site_rank,
    topic_of,
)


@pytest.mark.parametrize(
    "column",
    [
        *("PatientName", "surname", "birth_date", "DOB", "MRN", "Home Address", "zip", "e-mail"),
        *("AccessionNumber", "StudyInstanceUID", "comments", "radiology_report", "patient_id"),
        *("ReferringPhysicianName", "phone number", "insurance_no", "ID", "DateOfBirth", "notes"),
    ],
)
def test_columns_that_say_who_somebody_is_are_kept_out(column):
    assert is_identifying(column, ["a", "b"])


@pytest.mark.parametrize(
    "column",
    ["sex", "age", "ManufacturerModelName", "site_id", "institution name", "stage", "grade"],
)
def test_columns_that_may_be_asked_about_are_not_kept_out(column):
    assert not is_identifying(column, ["a", "b"])


@pytest.mark.parametrize("cell", ["1961-03-02", "2.3.1961", "03/02/61", "19610302", "x" * 41])
def test_dates_and_long_texts_are_kept_out_whatever_the_column_is_called(cell):
    assert is_identifying("sex", ["F", cell])


@pytest.mark.parametrize(
    ("column", "topic"),
    [
        ("age_at_diagnosis", Topic.PERSON),
        ("Ethnicity", Topic.PERSON),
        ("menopausal", Topic.PERSON),
        ("scannerVendor", Topic.PLACE),
        ("field_strength", Topic.PLACE),
        ("tumor_subtype", Topic.DISEASE),
        ("image_percentage", Topic.UNKNOWN),
    ],
)
def test_names_of_columns_tell_their_topic_by_whole_words(column, topic):
    assert topic_of(column) == topic


def test_scores_are_no_attributes():
    assert [is_result(name) for name in ("pair_dice_mean", "hd95", "density")] == [
        True,
        True,
        False,
    ]


def test_a_site_is_a_better_site_than_a_source():
    ranks = [site_rank(name) for name in ("site", "dataset", "source", "sex")]
    assert ranks[0] < ranks[1] < ranks[2]
    assert ranks[3] is None


def test_fillers_are_known_words_in_any_spelling():
    cells = {"F", "M", "", "NA", "n/a", "Not  Reported", "none", "-1"}
    assert find_fillers(cells, of_numbers=False) == ("", "NA", "Not  Reported", "n/a")


def test_numbers_are_fillers_only_beyond_the_others():
    assert find_fillers({"-1", "34", "71", "999"}, of_numbers=True) == ("-1", "999")
    assert find_fillers({"-5", "-1", "34", "2000", "999"}, of_numbers=True) == ()


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        (["34", "71.5", ""], True),
        (["34", "90+", "NA"], True),
        (["34y", "71"], False),
        (["", "NA"], False),
        ([], False),
    ],
)
def test_a_column_of_numbers_holds_nothing_else_but_fillers(cells, answer):
    assert are_numbers(cells) is answer
