from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import Attribute, Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerProblems, Limits


@pytest.fixture
def read(tmp_path):
    def read(content, **keys):
        (tmp_path / "clinical.csv").write_text(content, encoding="utf-8")
        benchmark = Benchmark(name="b", metadata="clinical.csv", root=tmp_path, **keys)
        return read_metadata(benchmark)

    return read


def read_frame(frame, **keys):
    return read_metadata(Benchmark(name="b", metadata=pd.DataFrame(frame), **keys))


def said(refused):
    return str(refused.value).splitlines()


def test_cases_are_sorted_and_know_their_place(read):
    metadata = read("case,patient,age\nb,p1,41\na,p2,18\n", patient="patient")
    assert metadata.cases == ("a", "b")
    assert metadata.frame["age"].to_dict() == {"a": "18", "b": "41"}
    assert metadata.patients.to_dict() == {"a": "p2", "b": "p1"}
    assert metadata.lines == {"b": "clinical.csv:2", "a": "clinical.csv:3"}
    assert metadata.sites is None
    assert metadata.shown == "clinical.csv"


def test_without_a_patient_column_every_case_is_its_own_patient(read):
    assert read("case\nb\na\n").patients.to_dict() == {"a": "a", "b": "b"}


def test_one_column_may_name_case_and_patient(read):
    metadata = read("id\nb\na\n", case="id", patient="id")
    assert metadata.patients.to_dict() == {"a": "a", "b": "b"}


def test_t14_a_site_that_is_not_recorded_stays_empty(read):
    metadata = read("case,hospital\na,X\nb,\t\nc,X \n", site="hospital")
    assert metadata.sites.to_dict() == {"a": "X", "b": "", "c": "X"}
    (note,) = metadata.notes
    assert (note.code, note.set, note.n) == ("BR405", "metadata", 2)
    assert "2 cells of clinical.csv were trimmed" in note.text


def test_d77_case_names_are_kept_character_by_character(read):
    names = ("007", "1E5", "12345678901234567", "NA", "nan", "1.0", "True")
    metadata = read("case,id\n" + "".join(f"{name},\n" for name in names))
    assert set(metadata.cases) == set(names)
    assert metadata.frame["id"].tolist() == [""] * len(names)


@pytest.mark.parametrize(
    "name",
    [
        *("../../x", "..", "a..b", "/etc/passwd", "a/b", "C:\\x", "C:x", "a\\b"),
        *("file://x", "http://x"),
    ],
)
def test_d73_a_case_name_that_leaves_the_root_is_refused_unquoted(read, name):
    with pytest.raises(BiasRulerProblems) as refused:
        read(f"case\na\n{name}\n")
    (line,) = said(refused)
    assert line.startswith("BR401 clinical.csv:3: case name leaves the data root; expected ")
    assert line.endswith(". Rename the case.")
    assert name not in line


def test_d73_nul_in_a_case_name_is_refused():
    with pytest.raises(BiasRulerProblems, match=r"BR410 metadata:1: control character U\+0000"):
        read_frame({"case": ["a\0"]})


def test_an_empty_case_name_is_refused(read):
    with pytest.raises(BiasRulerProblems, match=r"BR401 clinical\.csv:3: case name is empty"):
        read("case,age\na,1\n ,2\n")


@pytest.mark.parametrize(
    "place", ["../clinical.csv", "C:\\clinical.csv", "http://x/clinical.csv", "a\0.csv", "/x.csv"]
)
def test_d73_a_table_outside_the_root_is_refused(tmp_path, place):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "clinical.csv").write_text("case\na\n", encoding="utf-8")
    with pytest.raises(BiasRulerProblems, match="BR401") as refused:
        read_metadata(Benchmark(name="b", metadata=place, root=root))
    assert str(tmp_path) not in str(refused.value)


def test_a_link_that_leads_out_of_the_root_is_refused(tmp_path):
    (tmp_path / "outside.csv").write_text("case\na\n", encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "clinical.csv").symlink_to(tmp_path / "outside.csv")
    file = root / "biasruler.toml"
    benchmark = Benchmark(name="b", metadata="clinical.csv", root=root, file=file)
    with pytest.raises(BiasRulerProblems) as refused:
        read_metadata(benchmark)
    assert said(refused) == [
        "BR401 biasruler.toml: metadata leaves the data root; expected a path inside it."
        " Set root in [benchmark]."
    ]


def test_without_a_root_code_may_name_any_file(tmp_path):
    path = tmp_path / "clinical.csv"
    path.write_text("case\na\n", encoding="utf-8")
    assert read_metadata(Benchmark(name="b", metadata=str(path))).cases == ("a",)


def test_d75_one_case_twice_is_refused_with_both_lines(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case\n" + "".join(f"c{line}\n" for line in range(2, 40)) + "c12\n")
    assert said(refused) == [
        "BR403 clinical.csv:12 and 40: one case twice; expected one row per case. Remove one."
    ]


def test_a_missing_column_is_refused_with_the_nearest_one(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read(
            "case,patient_id,age\na,p,1\n",
            patient="patientid",
            site="qqq",
            attributes=(Attribute(name="years", column="agee"), Attribute(name="age")),
        )
    assert said(refused) == [
        'BR602 benchmark "b" [attributes.years]: column "agee" of years is not in clinical.csv;'
        ' expected one of its columns. Perhaps "age" is meant.',
        'BR602 benchmark "b" [benchmark]: column "patientid" of patient is not in clinical.csv;'
        ' expected one of its columns. Perhaps "patient_id" is meant.',
        'BR602 benchmark "b" [benchmark]: column "qqq" of site is not in clinical.csv;'
        " expected one of its columns. Correct the name.",
    ]


def test_a_row_without_patient_is_refused(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,pid\na,p\nb,\n", patient="pid")
    assert said(refused) == [
        "BR408 clinical.csv:3: pid is empty; expected the patient of the case. Fill the cell."
    ]


def test_a_table_without_rows_is_refused(read):
    with pytest.raises(BiasRulerProblems, match=r"BR408 clinical\.csv: no rows"):
        read("case,age\n")


def test_all_problems_of_the_rows_are_told_sorted_by_line(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,pid\na,\na/b,p\nc,p\nc,p\n,p\n", patient="pid")
    places = [(problem.code, problem.where) for problem in refused.value.problems]
    assert places == [
        ("BR408", "clinical.csv:2"),
        ("BR401", "clinical.csv:3"),
        ("BR403", "clinical.csv:4 and 5"),
        ("BR401", "clinical.csv:6"),
    ]


def test_metadata_shows_no_case_and_no_patient(read):
    shown = repr(read("case,pid\ncanary1,canary2\n", patient="pid"))
    assert shown == "Metadata(notes=(), shown='clinical.csv')"


def test_a_dataframe_keeps_whole_numbers_whole_and_text_as_it_is():
    metadata = read_frame(
        {
            "case": [7, 12345678901234567],
            "text": ["007", "NA"],
            "float": [34.0, 0.1],
            "single": np.array([34.0, 0.1], dtype="float32"),
            "nullable": pd.array([1, None], dtype="Int64"),
            "flag": [True, False],
        }
    )
    assert metadata.cases == ("12345678901234567", "7")
    rows = metadata.frame.loc[["7", "12345678901234567"]].drop(columns="case")
    assert rows.to_dict("list") == {
        "text": ["007", "NA"],
        "float": ["34.0", "0.1"],
        "single": ["34.0", "0.1"],
        "nullable": ["1", ""],
        "flag": ["True", "False"],
    }


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NaT, pd.NA])
def test_what_a_dataframe_lacks_is_empty(gap):
    metadata = read_frame({"case": ["a", "b"], "sex": pd.Series(["F", gap], dtype=object)})
    assert metadata.frame["sex"].to_dict() == {"a": "F", "b": ""}


def test_a_dataframe_may_hold_the_cases_in_its_index():
    frame = pd.DataFrame({"sex": ["F"]}, index=pd.Index(["a"], name="case"))
    assert read_frame(frame).frame["sex"].to_dict() == {"a": "F"}


def test_rows_of_a_dataframe_are_counted_from_one():
    frame = pd.DataFrame({"case": ["a", "b", "a"]}, index=[5, 5, 5])
    with pytest.raises(BiasRulerProblems, match="BR403 metadata:1 and 3: one case twice"):
        read_frame(frame)


def test_a_dataframe_with_two_columns_of_one_name_is_refused():
    frame = pd.DataFrame([["a", "F", "M"]], columns=["case", "sex", "sex"])
    with pytest.raises(BiasRulerProblems, match="BR403 metadata: columns 2 and 3 have one name"):
        read_frame(frame)


@pytest.mark.parametrize("role", ["case", "patient"])
def test_d77_names_that_became_floats_are_refused(role):
    frame = {"case": ["a", "b"], "patient": ["p", "q"]} | {role: [7.0, 8.0]}
    with pytest.raises(BiasRulerProblems, match=f"BR408 metadata: {role} column .* holds floats"):
        read_frame(frame, patient="patient")


def test_a_dataframe_has_the_limits_of_a_file():
    frame = pd.DataFrame({"case": ["a", "b"], "text": ["x" * 9, ""]})
    with pytest.raises(BiasRulerProblems, match="BR410 metadata: more than 1 rows"):
        read_frame(frame, limits=Limits(max_rows=1))
    with pytest.raises(BiasRulerProblems, match="BR410 metadata:1: cell of 9 characters"):
        read_frame(frame, limits=Limits(max_cell_chars=8))


def test_a_dataframe_is_left_as_it_was():
    frame = pd.DataFrame({"case": ["b ", "a"], "age": [1.0, 2.0]})
    before = frame.copy(deep=True)
    read_frame(frame)
    pd.testing.assert_frame_equal(frame, before)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(order=st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order):
    frame = pd.DataFrame({"case": list("abcdef"), "pid": list("xxyyzz"), "age": range(6)})
    metadata = read_frame(frame.iloc[list(order)], patient="pid")
    expected = read_frame(frame, patient="pid")
    pd.testing.assert_frame_equal(metadata.frame, expected.frame)
    pd.testing.assert_series_equal(metadata.patients, expected.patients)


BREAKS = ("row", "case", "twice", "patient", "control", "long", "quote", "column")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(breaks=st.sets(st.sampled_from(BREAKS), min_size=1))
def test_no_refusal_quotes_a_cell(breaks, tmp_path_factory):
    canary = "zqxcanary"
    rows = [["case", "pid", canary, canary if "column" in breaks else "age"]]
    rows += [[f"{canary}{n}", f"{canary}{n}", canary, "41"] for n in range(8)]
    changes = {
        "case": (1, 0, f"../{canary}"),
        "twice": (2, 0, f"{canary}7"),
        "patient": (3, 1, ""),
        "control": (4, 2, f"{canary}\0"),
        "long": (5, 2, canary * 100),
    }
    for name, (row, column, cell) in changes.items():
        if name in breaks:
            rows[row][column] = cell
    if "row" in breaks:
        rows[6].append(canary)
    if "quote" in breaks:
        rows[7][2] = f'"{canary}"{canary}'
    root = tmp_path_factory.mktemp("tables")
    text = "\n".join(",".join(row) for row in rows)
    (root / "clinical.csv").write_text(text, encoding="utf-8")
    benchmark = Benchmark(name="b", metadata="clinical.csv", root=root, patient="pid")
    with pytest.raises(BiasRulerProblems) as refused:
        read_metadata(benchmark)
    assert canary not in str(refused.value)
    assert canary not in repr(refused.value)


@pytest.mark.skipif("BIASRULER_DATA" not in os.environ, reason="BIASRULER_DATA is not set")
@pytest.mark.parametrize(("name", "n_cases"), [("chexmask_phys", 305), ("lidc", 220)])
def test_published_metadata_is_read(name, n_cases):
    root = Path(os.environ["BIASRULER_DATA"]) / name
    benchmark = Benchmark(name=name, metadata="metadata.csv", case="case_id", root=root)
    assert len(read_metadata(benchmark).cases) == n_cases
