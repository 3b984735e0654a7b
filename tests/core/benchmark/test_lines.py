from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.lines import read_lines

TRICKY = '''\
# [benchmark]
[benchmark] # a comment with [brackets] and = signs
name = """
[models.fake]
masks = "x"
"""
"a.b" = 'c = d'

[references . "my expert"]
masks = [
  "a", # ]
  "[[checks]]",
]
kind.of = {x = 1, y = [1]}
[[checks]]
check = "gap"
[[ checks ]]
check = \'\'\'
[[checks]]\'\'\'
[checks.waive]
reason = "quote "" inside" '''.replace('"quote "" inside"', r'"a \" [b]"')


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("benchmark",), 2),
        (("benchmark", "name"), 3),
        (("benchmark", "a.b"), 7),
        (("references", "my expert"), 9),
        (("references", "my expert", "masks"), 10),
        (("references", "my expert", "kind"), 9),
        (("references", "my expert", "kind", "of"), 14),
        (("checks", 0), 15),
        (("checks", 0, "check"), 16),
        (("checks", 0, "limit"), 15),
        (("checks", 1, "check"), 18),
        (("checks", 1, "waive"), 20),
        (("checks", 1, "waive", "reason"), 21),
        (("models", "fake"), None),
        (("checks", 2), None),
    ],
)
def test_a_key_is_found_behind_comments_texts_and_lists(path, line):
    tomllib.loads(TRICKY)

    assert read_lines(TRICKY).of(path) == line


def test_headers_inside_texts_and_comments_are_not_counted():
    assert read_lines(TRICKY).n_headers["checks"] == 2


def test_line_ends_of_windows_count_once():
    assert read_lines("[a]\r\nb = 1\r\n\r\nc = 2").of(("a", "c")) == 4


def test_a_text_over_lines_may_end_in_quotes_of_its_own():
    toml = 'a = """x\n""" \nb = """"y"""""\nc = 1'
    assert tomllib.loads(toml)["b"] == '"y""'

    assert read_lines(toml).of(("c",)) == 4


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["1", "[\n1,\n2]", '"""\n[a]\n"""'])), max_size=6)
)
def test_each_key_stands_on_the_line_where_it_was_written(entries):
    entries = list(dict(entries).items())
    rows, lines = ["[table]"], {}
    for name, value in entries:
        lines[name] = len(rows) + 1
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        rows += f'"{quoted}" = {value}'.split("\n")

    found = read_lines("\n".join(rows))

    assert {name: found.of(("table", name)) for name in lines} == lines
