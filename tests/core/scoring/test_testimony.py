"""What a process that was taken over may say: nothing that an honest one could not."""

from __future__ import annotations

import copy
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import CODES
from pytest_biasruler.scoring import answer
from pytest_biasruler.scoring.answer import Malformed
from pytest_biasruler.scoring.errand import Task, carry_out, pack_errand
from pytest_biasruler.scoring.sources import list_sets, make_job
from pytest_biasruler.scoring.submission import name_confined
from pytest_biasruler.scoring.testimony import hear


@pytest.fixture(name="case")
def fixture_case(tiny):
    """Return a job, and what an honest process answers."""
    benchmark = tiny.build(untrusted=True, metadata=pd.DataFrame({"case": ["c0"]}))
    job = make_job(
        benchmark, "c0", sets=list_sets(benchmark), metrics=CATALOGUE.values(),
        measures=("shape", "echo"), readers={},
    )  # fmt: skip
    job = name_confined(job)
    return job, json.loads(json.dumps(carry_out(pack_errand(Task.SCORE, job))))


def test_an_honest_answer_is_taken_as_it_is(case):
    job, honest = case
    assert hear(honest, job) == honest


def put(path, value):
    def change(plain):
        at = plain
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


ROW = ("rows", 0)
UNET = ("masks", "unet")
FORGED = {
    "a key more": put(("more",), 1),
    "a key more in a mask": put((*UNET, "more"), 1),
    "a set more": put(("masks", "vnet"), None),
    "no rows": put(("rows",), []),
    "NaN": put((*ROW, "scores", "dice"), float("nan")),
    "infinity": put((*ROW, "scores", "hd95_mm"), float("inf")),
    "Dice above 1": put((*ROW, "scores", "dice"), 1.01),
    "negative distance": put((*ROW, "scores", "hd95_mm"), -1.0),
    "Dice as a text": put((*ROW, "scores", "dice"), "1.0"),
    "Dice as a truth": put((*ROW, "scores", "dice"), True),
    "an unknown metric": put((*ROW, "scores", "mine"), 1.0),
    "half a voxel": put((*ROW, "facts", "n_model"), 0.5),
    "a negative count": put((*ROW, "facts", "n_model"), -1),
    "more overlap than voxels": put((*ROW, "facts", "n_both"), 10**6),
    "more voxels than are allowed": put((*ROW, "facts", "n_model"), 10**12),
    "another model": put((*ROW, "model"), "vnet"),
    "a row of a list": put((*ROW, "model"), ["unet"]),
    "another status": put((*ROW, "status"), "worst"),
    "another file": put((*UNET, "sha256"), "0" * 64),
    "a hash that is none": put((*UNET, "voxel_sha256"), "0" * 63 + "G"),
    "a note that is no code": put((*UNET, "notes"), ["BR000"]),
    "a note twice": put((*UNET, "notes"), ["BR222", "BR222"]),
    "a huge label": put((*UNET, "highest"), 2**40),
    "a code of the configuration": put((*UNET, "error"), ["BR602", "x", "y", "z"]),
    "an error with facts": put((*UNET, "error"), ["BR105", "x", "y", "z"]),
    "a problem of another set": put(("problems",), [["vnet", "BR215", "x", "y", "z"]]),
    "a problem of a list": put(("problems",), [[["unet"], "BR215", "x", "y", "z"]]),
    "a problem that is empty": put(("problems",), [[]]),
    "a colour in a text": put(("problems",), [["unet", "BR215", "\x1b[31m", "y", "z"]]),
    "a command for the build server": put(("problems",), [["unet", "BR215", "::x", "y", "z"]]),
    "a long text": put(("problems",), [["unet", "BR215", "x" * 401, "y", "z"]]),
    "a thousand problems": put(("problems",), [["unet", "BR215", "x", "y", "z"]] * 1000),
    "kappa above 1": put(("echoes", 0, "facts", "kappa"), 1.5),
    "a shape of nothing": put(("shapes",), []),
    "an error that is no list": put(("error",), "BR899"),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_what_no_honest_process_says_is_refused(case, change):
    job, honest = case
    forged = copy.deepcopy(honest)
    change(forged)
    with pytest.raises(Malformed):
        hear(forged, job)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def places(value, here=()):
    yield here
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from places(inner, (*here, key))


@given(data=st.data())
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # nothing changes the case
)
def test_an_edited_answer_is_refused_or_still_of_the_one_form(case, data):
    job, honest = case
    forged = copy.deepcopy(honest)
    everywhere = [place for place in places(honest) if place]
    put(data.draw(st.sampled_from(everywhere)), data.draw(plain))(forged)
    try:
        heard = hear(forged, job)
    except Malformed:
        return
    text = json.dumps(heard, allow_nan=False)
    assert len(text) < 2 * len(json.dumps(honest)), "something was smuggled through"
    assert heard["masks"]["unet"]["sha256"] in ("", honest["masks"]["unet"]["sha256"])


@given(text=st.binary(max_size=60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_are_json_or_malformed(text):
    try:
        answer.parse(text)
    except Malformed:
        return
    json.loads(text)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"NaN", b"[Infinity]", b'{"a": 1, "a": 2}', b"[" * 100_000, b'"\xff"', b"1 2"],
)
def test_what_is_not_plain_json_is_malformed(text):
    with pytest.raises(Malformed):
        answer.parse(text)


@pytest.mark.parametrize("path", ["", "M1 1h3v1h-3z", "M0 2.5h1v-1.25h-1zM3 3h1v1h-1z"])
def test_outlines_of_straight_loops_are_taken(path):
    assert answer.outline(path) == path


NO_OUTLINES = {
    "open": "M1 1h3",
    "slant": "M1 1l3 3z",
    "script": '"/><script>',
    "space": "M1 1h3z ",
    "relative": "m1 1h3z",
    "digit of another script": "M1 1h\u0663z",
    "long": "M1 1h3z" * 10**5,
    "number": 1,
}


@pytest.mark.parametrize("path", NO_OUTLINES.values(), ids=NO_OUTLINES)
def test_anything_else_is_no_outline(path):
    with pytest.raises(Malformed):
        answer.outline(path)


def test_errors_of_the_configuration_cannot_be_told_by_a_case():
    stops = [code for code, consequence in CODES.items() if consequence == "stop"]
    for code in stops:
        with pytest.raises(Malformed):
            answer.error_of_mask([code, "x", "y", "z"])
