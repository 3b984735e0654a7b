from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.audit.remarks import note_empty, remark_text
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.notes import Note

FULL, EMPTY = np.ones((2, 2, 2), np.uint8), np.zeros((2, 2, 2), np.uint8)


@pytest.fixture
def make_evidence():
    """Return a function of {case: (expert, prediction)}; the first half of the cases is old."""

    def make(masks, labels=None):
        cases = list(masks)
        ages = ["old" if place < len(cases) / 2 else "young" for place in range(len(cases))]
        expert = {case: pair[0] for case, pair in masks.items()}
        unet = {case: pair[1] for case, pair in masks.items() if pair[1] is not None}
        return prepare(
            Benchmark(
                name="tiny",
                metadata=pd.DataFrame({"case": cases, "age": ages}),
                references=[Reference(name="expert", kind="expert", masks=expert)],
                models=[Model(name="unet", masks=unet)],
                attributes=[Attribute(name="age")],
                labels=labels or {},
            )
        )

    return make


def test_empty_masks_are_counted_as_agreed_missed_and_invented_by_subgroup(make_evidence):
    masks = {
        "a": (EMPTY, EMPTY),
        "b": (EMPTY, FULL),
        "c": (FULL, FULL),
        "d": (FULL, EMPTY),
        "e": (FULL, EMPTY),
        "f": (FULL, None),  # no file is no empty mask
    }
    (found,) = note_empty(make_evidence(masks))
    assert (found.code, found.set, found.n) == ("BR304", "unet", 4)
    assert found.text == (
        "empty masks of unet: against expert 1 agreed absent, 2 missed, 1 invented "
        "(by age: old 1, 0, 1 and young 0, 2, 0)"
    )


def test_empty_masks_are_counted_for_each_label(make_evidence):
    masks = {"a": (FULL, FULL), "b": (FULL, 2 * FULL)}
    (found,) = note_empty(make_evidence(masks, labels={"organ": (1,), "tumor": (2,)}))
    assert found.n == 2
    assert "against expert of organ 0 agreed absent, 1 missed, 0 invented" in found.text
    assert "against expert of tumor 1 agreed absent, 0 missed, 1 invented" in found.text


def test_masks_of_which_none_is_empty_need_no_note(make_evidence):
    assert note_empty(make_evidence({"a": (FULL, FULL), "b": (FULL, FULL)})) == ()


def test_cases_of_a_note_are_named_by_alias_unless_names_are_asked_for():
    cases = tuple(f"jane{number:02d}" for number in range(12))
    note = Note(code="BR120", set="unet", n=12, text="12 masks", cases=cases)
    aliases = {case: f"case-{number:03d}" for number, case in enumerate(cases, start=1)}
    assert remark_text(note, aliases=aliases, show_cases=False) == (
        f"12 masks ({', '.join(sorted(aliases.values())[:10])}, and 2 more)"
    )
    assert remark_text(note, aliases=aliases, show_cases=True).startswith("12 masks (jane00, ")
