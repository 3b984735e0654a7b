from __future__ import annotations

import datetime as dt

import pytest

from pytest_biasruler.benchmark.days import day
from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.errors import BiasRulerError


@pytest.mark.parametrize("known", ["2023", "2023-05", "2023-05-31", dt.date(2023, 5, 31)])
def test_a_day_a_month_or_a_year_is_kept_as_it_is_known(known):
    assert day("made_on", known) == str(known)


@pytest.mark.parametrize(
    "wrong",
    ["2023-13", "2023-02-30", "0000", "23", "2023-5", "", "٢٠٢٣", 2023, True, None],
    ids=repr,
)
def test_what_is_no_day_is_refused(wrong):
    with pytest.raises(BiasRulerError, match="expected a date such as 2023-05-02"):
        day("made_on", wrong)


def test_a_time_of_day_is_too_exact():
    with pytest.raises(BiasRulerError):
        day("made_on", dt.datetime(2023, 5, 2, 12, tzinfo=dt.UTC))


def test_a_file_states_who_made_a_reference_when_and_with_what(tmp_path):
    (tmp_path / "cases.csv").write_text("case,age\na,1\n")
    (tmp_path / "b.toml").write_text(
        '[benchmark]\nname = "b"\nmetadata = "cases.csv"\n'
        '[scores]\ntable = "cases.csv"\n'
        '[references.expert]\nkind = "expert"\nmade_by = "two radiologists"\n'
        'made_on = 2023-05-02\nmade_with = "ITK-SNAP"\n'
    )
    (reference,) = Benchmark.from_file(tmp_path / "b.toml").references
    made = (reference.made_by, reference.made_on, reference.made_with)
    assert made == ("two radiologists", "2023-05-02", "ITK-SNAP")


def test_a_blank_maker_is_refused_with_its_line(tmp_path):
    (tmp_path / "b.toml").write_text(
        '[benchmark]\nname = "b"\nmetadata = "cases.csv"\n'
        '[references.expert]\nkind = "expert"\nmasks = "e/{case}.nii.gz"\nmade_by = " "\n'
    )
    with pytest.raises(BiasRulerError, match=r'b\.toml:7: made_by is " "; expected a text'):
        Benchmark.from_file(tmp_path / "b.toml")
