from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import Attribute, Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.subgroups import cut_subgroups
from pytest_biasruler.errors import BiasRulerProblems


@pytest.fixture
def read(tmp_path):
    def read(*tables, **keys):
        names = [f"{letter}.csv" for letter in "abc"[: len(tables)]]
        for name, text in zip(names, tables, strict=True):
            (tmp_path / name).write_text(text)
        return read_metadata(Benchmark(name="b", metadata=names, root=tmp_path, **keys))

    return read


def said(read, *tables, **keys):
    with pytest.raises(BiasRulerProblems) as refused:
        read(*tables, **keys)
    return str(refused.value).splitlines()


def test_tables_are_joined_by_case_whatever_the_order_of_their_rows(read):
    metadata = read("case,age\nx,1\ny,2\n", "q,case\ngood,y\npoor,x\n")

    assert metadata.frame.to_dict("index") == {
        "x": {"case": "x", "age": "1", "q": "poor"},
        "y": {"case": "y", "age": "2", "q": "good"},
    }
    assert (metadata.shown, metadata.shown_of("age"), metadata.shown_of("q")) == (
        *("a.csv", "a.csv"),
        "b.csv",
    )
    assert metadata.lines["y"] == "a.csv:3"
    assert metadata.lines_of("q")["y"] == "b.csv:2"
    assert metadata.is_place("b.csv:2")
    assert not metadata.is_place("b.csv:9")


def test_a_case_without_a_row_has_empty_cells_and_other_rows_are_counted(read):
    metadata = read("case\nx\ny\nz\n", "case,q\ny,good\nv,poor\nw,poor\n")

    assert metadata.frame["q"].to_dict() == {"x": "", "y": "good", "z": ""}
    (note,) = metadata.notes
    assert (note.code, note.n) == ("BR404", 4)
    assert note.text == (
        "2 rows of b.csv match no case of a.csv; 2 of 3 cases have no row in b.csv, so that their "
        "cells are empty"
    )


def test_columns_of_one_name_that_differ_are_refused_by_position(read):
    assert said(read, "case,age\nx,1\n", "case,q,age\nx,good,2\n") == [
        "BR403 b.csv: column 3 has the name of column 2 of a.csv and other cells; expected one"
        " column of each name. Rename or remove one."
    ]


def test_columns_of_one_name_that_agree_are_one_column(read):
    metadata = read("case,site\nx,A\ny,B\n", "case,site,q\nx,A,good\nz,C,poor\n", site="site")
    assert metadata.sites.to_dict() == {"x": "A", "y": "B"}


def test_each_table_needs_the_column_of_the_case_and_each_case_once(read):
    assert said(read, "case\nx\n", "cases,q\nx,1\n") == [
        'BR602 benchmark "b" [benchmark]: column "case" of case is not in b.csv; expected one of'
        ' its columns. Perhaps "cases" is meant.'
    ]
    assert said(read, "case\nx\n", "case,q\nx,1\nv,2\nx,3\n") == [
        "BR403 b.csv:2 and 4: one case twice; expected one row per case. Remove one."
    ]


def test_what_is_wrong_with_each_table_is_told_at_once(read):
    told = said(read, "case,\0\nx,1\n", "case,q\nx,1,2\n")
    assert [line[:11] for line in told] == ["BR410 a.csv", "BR408 b.csv"]


def test_a_bad_cell_of_a_further_table_is_told_with_its_own_line(read):
    metadata = read("case\nx\ny\n", "case,dose\nv,1\ny,many\n")
    dose = Attribute(name="dose", bins=(0, 1, 2))
    with pytest.raises(BiasRulerProblems, match=r"^BR406 b\.csv:3: dose looks like \"aaaa\""):
        cut_subgroups(metadata, dose, limits=Benchmark(name="b", metadata="a.csv").limits)


@pytest.mark.parametrize(
    ("tables", "found"),
    [([], "metadata is an empty list"), (["a.csv", "a.csv"], 'metadata lists "a.csv" twice')],
)
def test_a_list_of_no_table_or_of_one_twice_is_refused(tables, found):
    with pytest.raises(BiasRulerProblems, match=found):
        Benchmark(name="b", metadata=tables)


def test_code_may_give_frames_and_paths_together(tmp_path):
    (tmp_path / "q.csv").write_text("case,q\n7,good\n")
    frame = pd.DataFrame({"case": [7, 8]})
    benchmark = Benchmark(name="b", metadata=[frame, "q.csv"], root=tmp_path)
    assert read_metadata(benchmark).frame["q"].to_dict() == {"7": "good", "8": ""}


CASES = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)


@given(first=CASES, second=CASES, data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_join_keeps_the_cases_of_the_first_table_and_the_cells_of_the_second(
    first, second, data
):
    cells = {case: data.draw(st.sampled_from(["1", "NA", "<b>"])) for case in second}
    frames = [
        pd.DataFrame({"case": first}),
        pd.DataFrame({"case": second, "q": [cells[case] for case in second]}),
    ]
    metadata = read_metadata(Benchmark(name="b", metadata=frames))
    assert metadata.cases == tuple(sorted(first))
    assert metadata.frame["q"].to_dict() == {case: cells.get(case, "") for case in first}
