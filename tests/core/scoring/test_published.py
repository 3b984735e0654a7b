"""A ready table in parts: where it is cut changes nothing, neither scores nor what is told."""

from __future__ import annotations

import itertools
from functools import partial

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark import textfile
from pytest_biasruler.benchmark.frames import frame_to_parts, frame_to_text
from pytest_biasruler.benchmark.textfile import read_text_parts, read_text_table
from pytest_biasruler.benchmark.texttable import TextTable
from pytest_biasruler.errors import BiasRulerProblems, Limits
from pytest_biasruler.scoring.fingerprint import digest_cases, digest_rows
from pytest_biasruler.scoring.published import Incoming, Vocabulary, publish
from pytest_biasruler.scoring.shelf import Shelf
from pytest_biasruler.scoring.table import positions_of_pairs

HEADER = ("case", "model", "reference", "label", "dice", "hd95_mm", "n_model", "n_reference")
MODEST = settings(deadline=None, derandomize=True, max_examples=60)
cells = st.tuples(
    st.sampled_from(["a", "b", "c", "d", "z"]),
    st.sampled_from(["unet", "auto", "other"]),
    st.sampled_from(["expert", "auto", "nobody"]),
    st.sampled_from(["core", "rim", ""]),
    st.sampled_from(["0.5", "0", "1", "", "nan", "7", "0,5", "x", "inf"]),
    st.sampled_from(["0", "2.5", "inf", "", "-1"]),
    st.sampled_from(["0", "3", "", "-1"]),
    st.sampled_from(["0", "4", ""]),
)


def vocabulary(**options):
    names = {"models": ["unet"], "references": ["expert", "auto"], "labels": ["core", "rim"]}
    return Vocabulary(**{"cases": ["a", "b", "c", "d"], **names, **options})


def cut(rows, places):
    """Return rows as parts that begin at `places`."""
    edges = sorted({0, *(place for place in places if place < len(rows)), len(rows)})
    spans = list(itertools.pairwise(edges)) or [(0, 0)]
    return [
        TextTable(header=HEADER, rows=rows[i:j], lines=list(range(i + 2, j + 2))) for i, j in spans
    ]


def publish_one(parts, **options):
    opens = partial(Incoming, shown="scores.csv", parts=(part for part in parts))
    return publish([opens], shelf=Shelf(names=("scores.csv",)), **options)


def outcome(parts, **options):
    try:
        return publish_one(parts, vocabulary=vocabulary(**options))
    except BiasRulerProblems as refused:
        return [str(problem) for problem in refused.problems]


@MODEST
@given(st.lists(cells, max_size=60), st.lists(st.integers(0, 60), max_size=6), st.booleans())
def test_where_a_table_is_cut_changes_nothing(rows, places, knows_cases):
    options = {} if knows_cases else {"cases": None}
    whole, parts = outcome(cut(rows, []), **options), outcome(cut(rows, places), **options)
    if isinstance(whole, list):
        assert parts == whole
        return
    pd.testing.assert_frame_equal(parts.table, whole.table, check_exact=True)
    assert parts.places.tolist() == whole.places.tolist()
    for fact in ("n_strangers", "n_others", "n_undefined"):
        assert getattr(parts, fact) == getattr(whole, fact)


@MODEST
@given(st.lists(cells, min_size=1, max_size=40))
def test_each_row_keeps_its_line(rows):
    good = [(*row[:4], "0.5", "1", "", "") for row in {row[:4]: row for row in rows}.values()]
    found = outcome(cut(good, []))
    for place, row in enumerate(found.table.itertuples()):
        line = int(found.where(place).rpartition(":")[2])
        told = good[line - 2]
        assert (row.case, row.model, row.reference, row.label) == told[:4]


def test_the_tenth_problem_of_a_kind_is_the_last_one_told_over_all_parts():
    rows = [(f"c{n}", "unet", "expert", "core", "x", "", "", "") for n in range(30)]
    cases = [row[0] for row in rows]
    told = outcome(cut(rows, range(0, 30, 4)), cases=cases)
    assert len(told) == 11
    assert told[9].startswith("BR406 scores.csv:11: ")
    assert told[10].startswith("BR406 scores.csv: 20 more problems like that at scores.csv:11; ")


def test_a_row_twice_is_told_with_its_first_line_however_far_apart():
    row = ("a", "unet", "expert", "core", "0.5", "", "", "")
    rows = [row, *((f"{n}", *row[1:]) for n in range(20)), row, row]
    told = outcome(cut(rows, range(0, 23, 3)), cases=["a", *map(str, range(20))])
    assert [line.partition(";")[0] for line in told] == [
        "BR422 scores.csv:23: row of line 2 once more",
        "BR422 scores.csv:24: row of line 2 once more",
    ]


def test_cases_that_nobody_knows_come_sorted():
    rows = [(case, "unet", "expert", "core", "0.5", "", "", "") for case in ("b", "007", "NA")]
    assert outcome(cut(rows, [1]), cases=None).table["case"].tolist() == ["007", "NA", "b"]


def test_several_labels_are_told_beside_a_column_that_is_lacking():
    parts = [
        TextTable(header=("case", "label", "dice"), rows=[("a", x, "1")], lines=[2]) for x in "xy"
    ]
    told = outcome(parts, labels=[])
    assert [line.partition(": ")[2].partition(";")[0] for line in told] == [
        'column "model" is not in scores.csv',
        'column "reference" is not in scores.csv',
        "scores.csv has several labels",
    ]


def test_a_file_is_read_in_parts_that_make_the_whole(tmp_path, monkeypatch):
    path = tmp_path / "scores.csv"
    path.write_text('case,text\na,"x\ny"\n\nb, z\nc,"q"\n')
    monkeypatch.setattr(textfile, "_CELLS_AT_ONCE", 2)
    with_lines = {"shown": "scores.csv", "limits": Limits()}
    parts = list(read_text_parts(path, **with_lines))
    assert [part.lines for part in parts] == [[], [2], [5], [6]], "a part for each row"
    whole = read_text_table(path, **with_lines)
    assert [list(row) for part in parts for row in part.rows] == [list(row) for row in whole.rows]
    assert (whole.lines, whole.n_trimmed) == ([2, 5, 6], 1)


def test_no_part_comes_after_a_row_that_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "scores.csv"
    path.write_text("case,dice\na,1\nb\nc,1\nd,\x07\n")
    monkeypatch.setattr(textfile, "_CELLS_AT_ONCE", 2)
    parts = read_text_parts(path, shown="scores.csv", limits=Limits())
    assert [next(parts).lines for _ in range(2)] == [[], [2]]
    with pytest.raises(BiasRulerProblems) as refused:
        next(parts)
    assert [str(each)[:18] for each in refused.value.problems] == [
        "BR408 scores.csv:3",
        "BR410 scores.csv:5",
    ]


def test_a_data_frame_is_read_in_parts_that_make_the_whole():
    frame = pd.DataFrame({"case": ["a", " b", "c"], "dice": [0.1, None, 1]})
    options = {"shown": "scores", "limits": Limits()}
    parts = list(frame_to_parts(frame, most=2, **options))
    assert [part.lines for part in parts] == [[1, 2], [3]]
    whole = frame_to_text(frame, **options)
    assert [row for part in parts for row in part.rows] == whole.rows
    assert parts[-1].n_trimmed == whole.n_trimmed == 1


def digests(dice):
    keys = {"case": ["a", "a", "b"], "label": "", "model": ["u", "v", "u"], "reference": "e"}
    return pd.DataFrame({**keys, "dice": dice, "status": "scored"})


def test_a_digest_of_rows_hangs_on_every_cell_but_not_on_the_kind_of_nan():
    table = digests([0.5, float("nan"), 0.0])
    assert digest_rows(table) == digest_rows(digests([0.5, -float("nan"), -0.0]))
    assert digest_rows(table) != digest_rows(digests([0.5, 0.25, 0.0]))
    assert digest_rows(table) != digest_rows(table.assign(case=["a", "b", "b"]))
    assert digest_cases(table) == digest_cases(table.iloc[::1])
    assert digest_cases(table)["b"] == digest_cases(table.iloc[2:])["b"]


def test_rows_of_a_pair_are_found_in_the_order_of_names():
    table = digests([0.5, 0.6, 0.7])
    found = positions_of_pairs(table)
    assert {pair: rows.tolist() for pair, rows in found.items()} == {
        ("u", "e", ""): [0, 2],
        ("v", "e", ""): [1],
    }
