"""Rows of a pair are those of the table, and no more of them are held than fit."""

from __future__ import annotations

import pandas as pd
import pytest

from pytest_biasruler.checks import pair_rows as pair_rows_module
from pytest_biasruler.checks.pair_rows import PairRows

MODELS = ("unet", "swin", "net")


def table():
    rows = [
        {"case": case, "label": "", "model": model, "reference": "expert", "dice": n / 10}
        for n, case in enumerate("abc")
        for model in MODELS
    ]
    return pd.DataFrame(rows)


def test_rows_are_those_that_grouping_the_whole_table_gives():
    rows = PairRows(table())
    grouped = table().groupby(["model", "reference", "label"], sort=True)
    assert list(rows) == [pair for pair, _ in grouped], "in the order of their names"
    assert len(rows) == len(MODELS)
    for pair, part in grouped:
        pd.testing.assert_frame_equal(rows[pair], part.set_index("case"))


def test_a_pair_that_the_table_lacks_is_none():
    rows = PairRows(table())
    assert rows.get(("unet", "automated", "")) is None
    with pytest.raises(KeyError):
        rows["unet", "automated", ""]


def test_a_pair_asked_for_again_is_not_cut_again():
    rows = PairRows(table())
    assert rows["unet", "expert", ""] is rows["unet", "expert", ""]


def test_only_the_pairs_asked_for_last_are_held(monkeypatch):
    monkeypatch.setattr(pair_rows_module, "_MOST_HELD", 6)
    rows = PairRows(table())
    first = rows["unet", "expert", ""]
    second = rows["swin", "expert", ""]
    assert rows["unet", "expert", ""] is first, "asking makes it the last one"
    assert len(rows["net", "expert", ""]) == 3
    assert rows["unet", "expert", ""] is first
    assert rows["swin", "expert", ""] is not second, "it had to give way"


def test_a_pair_larger_than_what_is_held_is_held_alone(monkeypatch):
    monkeypatch.setattr(pair_rows_module, "_MOST_HELD", 1)
    rows = PairRows(table())
    assert rows["unet", "expert", ""] is rows["unet", "expert", ""]
