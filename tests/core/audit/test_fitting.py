from __future__ import annotations

import copy
import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzzing.documents import audit_json
from benchmarks.fuzzing.edits import edit_json
from pytest_biasruler.audit import load_schema
from pytest_biasruler.audit.fitting import KEYWORDS, find_misfit


def schemas(schema):
    """Yield a schema and all schemas in it."""
    yield schema
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            inner = list(value.values())
        elif key == "anyOf":
            inner = value
        else:
            inner = [value] if key in ("items", "additionalProperties") else []
        for each in inner:
            if isinstance(each, dict):
                yield from schemas(each)


def test_our_schema_uses_nothing_that_would_be_passed_over():
    for schema in schemas(load_schema()):
        assert set(schema) <= KEYWORDS
        assert "$ref" not in schema or set(schema) == {"$ref"}, "$ref would hide its neighbours"


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_an_edited_audit_fits_exactly_if_the_reference_implementation_says_so(rng):
    content = json.loads(edit_json(rng, audit_json(), most=2))
    validator = jsonschema.Draft202012Validator(load_schema())
    expected = validator.is_valid(content)
    assert (find_misfit(content, load_schema()) is None) == expected


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("models",), 3, "/models"),
        (("findings", 0, "verdict"), "pass", "/findings/0/verdict"),
        (("findings", 0, "estimate", "alpha"), 0.5, "/findings/0/estimate"),
        (("models", "jane"), 1, "/models/*"),
        (("warnings",), "BR404", "/warnings"),
        (("zqvx",), 1, "/*"),
    ],
)
def test_the_place_of_a_misfit_is_told_without_names(path, value, place):
    content = copy.deepcopy(json.loads(audit_json()))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert find_misfit(content, load_schema()) == place
