from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from pytest_biasruler.audit import Audit, load_schema, run_audit
from pytest_biasruler.audit.record import plain
from pytest_biasruler.errors import BiasRulerError

ALL = [
    ("gap", {"limit": 0.05}),
    ("gap", {"limit": 0.05, "baseline": "old"}),
    ("ruler", {"limit": 0.02}),
    ("labels", {"limit": 0.05, "metric": "dice"}),
    ("success", {}),
    ("success", {"statistic": "difference", "limit": 0.1}),
    ("floor", {"limit": 0.7}),
    ("provenance", {}),
]


def test_an_audit_of_every_check_meets_its_schema_and_comes_back_whole(make_benchmark):
    ages = ["old"] * 40 + ["young"] * 22 + ["teen"] * 5 + [""] * 3
    text = run_audit(make_benchmark(*ALL, ages=ages), today=dt.date(2026, 11, 23)).to_json()
    jsonschema.validate(json.loads(text), load_schema())
    assert Audit.from_json(text).to_json() == text
    assert "NaN" not in text


def test_the_same_benchmark_gives_the_same_bytes(make_benchmark):
    first, second = (run_audit(make_benchmark(*ALL)).to_json() for _ in range(2))
    assert first == second


def test_no_case_name_is_in_the_json_unless_asked_for(make_benchmark):
    benchmark = make_benchmark(*ALL, drop=("case007",))
    assert "case007" not in run_audit(benchmark).to_json()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"schema": "biasruler-audit/2"}', '{"schema": "biasruler-audit/1"}'],
)
def test_what_is_no_audit_is_refused_by_name(text):
    with pytest.raises(BiasRulerError, match=r"^BR603: the audit holds .*; expected an audit of"):
        Audit.from_json(text)


def test_plain_types_hold_no_numpy_and_no_nan():
    given = {"a": np.float64(0.5), "b": (np.int64(1), float("nan")), "c": np.bool_(True)}
    assert plain(given) == {"a": 0.5, "b": [1, None], "c": True}
    assert [type(item) for item in plain([np.float64(1), np.int64(1)])] == [float, int]


@pytest.mark.parametrize("value", [{1}, Path("x"), object(), np.zeros(2)])
def test_what_has_no_plain_form_is_refused(value):
    with pytest.raises(TypeError, match="has no plain form"):
        plain([value])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"n_cases": 70', '"n_cases": NaN', "text that is not JSON"),
        ('"n_cases": 70', '"n_cases": 1e999', "text that is not JSON"),
        ('"n_cases": 70', '"n_cases": 70, "n_cases": 7', "text that is not JSON"),
        (
            '"extensions": {}',
            '"extensions": ' + '{"a":' * 60 + "1" + "}" * 60,
            "a key or value at /",
        ),
        ('"extensions": {}', '"extensions": []', "a key or value at /extensions"),
        ('"extensions": {}', '"extensions": {}, "jane": 1', "a key or value at /*"),
        ('"schema": "biasruler-audit/1"', '"schema": "Jane Doe"', "no schema of ours"),
        (
            '"schema": "biasruler-audit/1"',
            '"schema": "biasruler-audit/9"',
            "schema biasruler-audit/9",
        ),
    ],
)
def test_an_audit_that_was_edited_is_refused_without_its_words(make_benchmark, old, new, told):
    text = run_audit(make_benchmark(("gap", {"limit": 0.05}))).to_json()
    assert text.count(old) >= 1, f"{old} is not there to be edited"
    with pytest.raises(BiasRulerError, match=r"^BR603: the audit holds ") as caught:
        Audit.from_json(text.replace(old, new, 1))
    assert told in caught.value.found
    assert "jane" not in str(caught.value).lower()
