from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.ids import item_id, number_repeats

QUICK = settings(deadline=None, derandomize=True, max_examples=100)


@QUICK
@given(st.text(), st.text(), st.floats(allow_nan=False))
def test_an_id_holds_only_characters_that_k_and_junit_can_take(by, model, limit):
    chosen = {"metric": "dice", "by": (by,), "model": model, "limit": limit}

    found = item_id("gap", chosen, listed=["limit"], silent={})

    assert re.fullmatch(r"gap\[[\w.+-]+\]", found), found


@QUICK
@given(st.lists(st.sampled_from(["gap[a]", "gap[b]", "ruler[a]"])))
def test_numbered_ids_are_unique_and_keep_their_order(ids):
    numbered = number_repeats(ids)

    assert len(set(numbered)) == len(ids)
    assert [re.sub(r"~\d+", "", one) for one in numbered] == ids


def test_a_bool_and_a_whole_number_are_spelt_as_in_the_file():
    chosen = {"metric": "dice", "screen": True, "limit": 1.0}

    found = item_id("gap", chosen, listed=["screen", "limit"], silent={})

    assert found == "gap[dice-screentrue-limit1]"
