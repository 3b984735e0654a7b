from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.toml import key, listed, quoted, tabled
from pytest_biasruler.proposal.toml import choice, prose

texts = st.text(st.characters(codec="utf-8"), max_size=30)
law = settings(deadline=None, derandomize=True, max_examples=200)


@given(st.dictionaries(texts, st.lists(texts, max_size=3), max_size=3), texts)
@law
def test_every_text_comes_back_as_it_was(lists, name):
    written = f"{key(name)} = {quoted(name)}\n[t]\na = {tabled(lists)}\nb = {listed(lists)}"
    read = tomllib.loads(written)
    assert read.pop("t") == {"a": lists, "b": list(lists)}
    assert read == {name: name}


@given(texts, texts)
@law
def test_prose_is_nothing_but_comments(text, more):
    lines = [*prose(text), *prose(more, sign="- "), *choice(['a = "b"', *prose(text)])]
    assert tomllib.loads("\n".join(lines)) == {}
    assert all(line.startswith("#") for line in lines)
    assert "\n" not in "".join(lines)


def test_prose_is_told_from_choices_by_its_space():
    assert prose("a " * 60)[1].startswith("# a")
    assert choice(["x = 1", *prose("why")]) == ["#x = 1", "# why"]


def test_a_long_word_is_not_broken():
    assert prose("x" * 200) == [f"# {'x' * 200}"]
