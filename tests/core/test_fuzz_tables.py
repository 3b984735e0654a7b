"""Edited input of every kind, tried as `benchmarks.fuzz` tries it, but fewer of them.

The nightly profile tries 20,000 inputs of each kind::

    BIASRULER_FUZZ=nightly pytest tests/core/test_fuzz_tables.py
"""

from __future__ import annotations

import os
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzzing import masks, scores, tables
from benchmarks.fuzzing.kinds import KINDS, kind_of, make_input, try_input
from benchmarks.fuzzing.outcome import RIGHT, Wrong, outcome_of
from pytest_biasruler.errors import BiasRulerError

IS_NIGHTLY = os.environ.get("BIASRULER_FUZZ") == "nightly"
N_EXAMPLES = 20_000 if IS_NIGHTLY else 100
MOST_BYTES = 50 * 10**6

seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=N_EXAMPLES, deadline=None, derandomize=not IS_NIGHTLY)
@given(seed=seeds)
def test_edited_input_is_refused_by_name_or_read_right(tmp_path_factory, name, seed):
    folder = tmp_path_factory.getbasetemp()
    outcome, is_failure = try_input(name, make_input(name, seed=seed, number=0), folder)
    assert not is_failure, outcome


@pytest.mark.parametrize("name", KINDS)
def test_edits_of_every_kind_are_sometimes_accepted_and_sometimes_not(tmp_path, name):
    outcomes = {
        try_input(name, make_input(name, seed=2, number=number), tmp_path)[0]
        for number in range(60)
    }
    assert RIGHT in outcomes, "nothing was read, so nothing was compared"
    assert len(outcomes) > 1, "everything was read, so nothing was edited"


@pytest.mark.parametrize("name", ["nii", "nii.gz", "pair of masks"])
def test_edited_masks_take_little_memory(tmp_path, name):
    peaks = []
    for number in range(40):
        files = make_input(name, seed=3, number=number)
        tracemalloc.start()
        try_input(name, files, tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < MOST_BYTES


def test_a_reader_that_changes_one_voxel_is_caught(tmp_path, monkeypatch):
    honest = masks.read_mask

    def lie(path):
        read = honest(path)
        read.voxels.flat[0] ^= 1
        return read

    monkeypatch.setattr(masks, "read_mask", lie)
    (tmp_path / "mask.nii").write_bytes(masks.BASES[0])
    with pytest.raises((Wrong, ValueError)):
        masks.judge_mask(tmp_path, {"mask.nii": masks.BASES[0]})


def test_a_table_that_loses_a_row_is_caught(tmp_path):
    whole = tables.CLINICAL.encode()
    (tmp_path / "clinical.csv").write_bytes(whole.rpartition(b"\n")[0])
    with pytest.raises(Wrong, match="other cases"):
        tables.judge_clinical(tmp_path, {"clinical.csv": whole})


def test_a_score_that_is_not_that_of_the_file_is_caught(tmp_path):
    told = scores.SCORES.encode()
    (tmp_path / "scores.csv").write_bytes(told.replace(b"0.9,", b"0.8,"))
    with pytest.raises(Wrong, match=r"dice is 0\.8, not 0\.9"):
        scores.judge_scores(tmp_path, {"scores.csv": told})


@pytest.mark.parametrize(
    ("code", "found", "told"),
    [
        ("BR899", "internal error", "code BR899"),
        ("BR999", "x", "code BR999"),
        ("BR406", "two\u2028lines\n", "no line of the one shape"),
        ("BR406", 'age is "zqvx01"', "quotes a cell"),
    ],
)
def test_a_refusal_that_is_no_refusal_of_ours_is_caught(code, found, told):
    error = BiasRulerError(code, found, "a number", "Correct it")
    if told.startswith("no line"):
        error.__class__ = type("Raw", (BiasRulerError,), {"__str__": lambda self: self.found})
    with pytest.raises(Wrong, match=told):
        outcome_of(error, may_quote=False)


def test_of_any_hundred_inputs_more_than_sixty_are_masks():
    names = [kind_of(number) for number in range(500, 600)]
    assert {name: names.count(name) for name in KINDS} == {
        name: kind.share for name, kind in KINDS.items()
    }
    assert sum(kind.share for name, kind in KINDS.items() if "nii" in name) > 60


def test_the_same_seed_makes_the_same_input():
    for name in KINDS:
        assert make_input(name, seed=5, number=9) == make_input(name, seed=5, number=9)
        made = {b"".join(make_input(name, seed=5, number=n).values()) for n in range(20)}
        assert len(made) > 10, f"{name} is hardly edited"


@pytest.mark.parametrize("toml", ["a" + ".a" * 10**4 + " = 1", "[a" + ' . "b"' * 60 + "]\n"])
def test_a_key_of_many_parts_is_refused_before_it_is_parsed(tmp_path, toml, monkeypatch):
    from pytest_biasruler.benchmark import manifest
    from pytest_biasruler.benchmark.definition import Benchmark

    monkeypatch.setattr(manifest.tomllib, "loads", lambda _text: pytest.fail("was parsed"))
    path = tmp_path / "biasruler.toml"
    path.write_text(f'[benchmark]\nname = "b"\n{toml}\n')
    with pytest.raises(BiasRulerError, match=r"^BR408 biasruler\.toml:3: a key of more than 50 "):
        Benchmark.from_file(path)
