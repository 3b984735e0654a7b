"""Score tables in Parquet: the same table, the same words, and nothing of the file is run."""

from __future__ import annotations

import struct
import sys
from decimal import Decimal
from functools import partial

import pandas as pd
import pytest

from pytest_biasruler.benchmark import columnar as columnar_module
from pytest_biasruler.benchmark.definition import (
    Benchmark,
    Model,
    Reference,
    ReferenceKind,
    ScoreSource,
)
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import BiasRulerProblems, Limits
from pytest_biasruler.scoring import parquet as parquet_module
from pytest_biasruler.scoring.given import read_scores

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = {
    "case": ["a", "b", "c"],
    "model": ["unet", "unet", "unet"],
    "reference": ["expert", "expert", "expert"],
    "dice": [0.25, None, 1.0],
    "remark": ["x", "y", "z"],
}


def read(folder, columns, *, cases="abc", suffix="parquet", **options):
    table = pa.table(columns)
    if suffix == "parquet":
        pq.write_table(table, folder / "scores.parquet")
    else:
        table.to_pandas().to_csv(folder / "scores.csv", index=False)
    return read_there(folder, cases=cases, suffix=suffix, **options)


def read_there(folder, *, cases="abc", suffix="parquet", **options):
    benchmark = Benchmark(
        name="tiny",
        metadata=pd.DataFrame({"case": list(cases)}),
        root=folder,
        references=(Reference(name="expert", kind=ReferenceKind.EXPERT),),
        models=(Model(name="unet"),),
        scores=ScoreSource(table=f"scores.{suffix}"),
        **options,
    )
    return read_scores(benchmark, metadata=read_metadata(benchmark), metrics=CATALOGUE)


def told(folder, columns=None, **options):
    ask = partial(read_there, folder) if columns is None else partial(read, folder, columns)
    with pytest.raises(BiasRulerProblems) as caught:
        ask(**options)
    return [str(problem) for problem in caught.value.problems]


def test_a_table_is_the_same_in_parquet_and_csv(tmp_path):
    columns = {**ROWS, "n_model": [3, None, 0], "hd95_mm": [float("inf"), float("nan"), 0.5]}
    from_parquet = read(tmp_path, columns)
    from_csv = read(tmp_path, columns, suffix="csv")
    pd.testing.assert_frame_equal(from_parquet.table, from_csv.table, check_exact=True)
    assert from_parquet.n_undefined == from_csv.n_undefined
    assert from_csv.n_undefined == {"unet": {"dice": 1, "hd95_mm": 2}}
    assert from_parquet.places.tolist() == [1, 2, 3], "rows are numbered from 1"
    assert from_parquet.table["dice"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.dictionary(pa.int8(), pa.string())], ids=str
)
def test_names_may_be_large_strings_or_categories(tmp_path, kind):
    names = {name: pa.array(ROWS[name]).cast(kind) for name in ("case", "model", "reference")}
    assert read(tmp_path, {**ROWS, **names}).table["case"].tolist() == ["a", "b", "c"]


@pytest.mark.skipif(not hasattr(pa, "string_view"), reason="this pyarrow knows no string views")
def test_names_may_be_views_as_polars_writes_them(tmp_path):
    kind = pa.string_view()
    try:
        pq.write_table(pa.table({"a": pa.array(["x"], kind)}), tmp_path / "view.parquet")
    except pa.ArrowNotImplementedError:
        pytest.skip("this pyarrow writes no string views")
    names = {name: pa.array(ROWS[name], kind) for name in ("case", "model", "reference")}
    assert read(tmp_path, {**ROWS, **names}).table["case"].tolist() == ["a", "b", "c"]


def test_whole_numbers_as_names_become_text_without_decimals(tmp_path):
    table = read(tmp_path, {**ROWS, "case": [7, 8, 12345678901234567]}, cases=["7", "8"]).table
    assert table["case"].tolist() == ["7", "8"]


def test_numbers_may_be_whole_decimal_or_text(tmp_path):
    whole = read(tmp_path, {**ROWS, "dice": [0, 1, None]}).table["dice"]
    assert whole.tolist()[:2] == [0.0, 1.0]
    text = read(tmp_path, {**ROWS, "dice": ["0.5", "", "1e-1"]}).table["dice"]
    assert text.tolist()[::2] == [0.5, 0.1]
    exact = [Decimal("0.25"), Decimal("0.50"), None]
    assert read(tmp_path, {**ROWS, "dice": exact}).table["dice"].tolist()[:2] == [0.25, 0.5]


@pytest.mark.parametrize("kind", [pa.decimal128(10, 4), pa.decimal256(40, 4)], ids=str)
def test_a_decimal_is_the_number_that_a_csv_makes_of_it(tmp_path, kind):
    texts = [f"0.{number:04d}" for number in range(0, 10000, 7)]
    cases = [f"c{number:04d}" for number in range(len(texts))]
    names = {"case": cases, "model": ["unet"] * len(cases), "reference": ["expert"] * len(cases)}
    cells = pa.array([Decimal(text) for text in texts], type=kind)
    found = read(tmp_path, {**names, "dice": cells}, cases=cases).table["dice"]
    assert found.tolist() == [float(text) for text in texts]


def test_what_is_wrong_is_told_in_the_words_of_a_csv(tmp_path):
    wrong = {**ROWS, "case": ["a", "a", "c"], "dice": ["0.5", "0.5", "0,5"]}
    twice, no_number = told(tmp_path, wrong)
    assert twice.startswith("BR422 scores.parquet:2: row of line 1 once more; expected one row")
    assert no_number.startswith('BR406 scores.parquet:3: dice looks like "9,9" (9 for a digit')
    assert told(tmp_path, {**ROWS, "dice": [0.5, 87.3, 0.5]}) == [
        "BR420 scores.parquet:2: dice is 87.3; expected 0 to 1. Divide percentages by 100."
    ]


def test_a_column_that_is_lacking_is_named_as_for_a_csv(tmp_path):
    columns = {name: cells for name, cells in ROWS.items() if name not in ("model", "dice")}
    in_parquet = told(tmp_path, columns)
    in_csv = told(tmp_path, columns, suffix="csv")
    assert in_parquet == [line.replace("scores.csv", "scores.parquet") for line in in_csv]
    assert in_parquet[0].startswith('BR602 scores.parquet: column "model" is not in')


def test_names_are_trimmed_and_composed(tmp_path):
    columns = {**ROWS, "case": [" a", "Zu\u0308rich", "c\t"]}
    cases = ["a", "Z\u00fcrich", "c"]
    assert read(tmp_path, columns, cases=cases).table["case"].tolist() == ["Z\u00fcrich", "a", "c"]


@pytest.mark.parametrize(
    ("name", "expected"), [("x" * 300, "cell of 300 characters"), ("x\0", "control character")]
)
def test_names_that_no_csv_may_hold_are_refused_with_their_row(tmp_path, name, expected):
    (problem,) = told(tmp_path, {**ROWS, "case": ["a", "b", name]})
    assert problem.startswith(f"BR410 scores.parquet:3: {expected}")


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        (
            "case",
            [1.0, 2.0, 3.0],
            'BR408 scores.parquet: column "case" holds double; ',
        ),
        ("dice", [True, False, True], 'BR406 scores.parquet: column "dice" holds bool; expected'),
        ("dice", [[1.0], [2.0], []], 'BR406 scores.parquet: column "dice" holds list; expected'),
        ("dice", [{"Doe^Jane": 1.0}] * 3, 'BR406 scores.parquet: column "dice" holds struct; exp'),
    ],
)
def test_columns_of_odd_types_are_refused(tmp_path, column, cells, expected):
    (problem,) = told(tmp_path, {**ROWS, column: cells})
    assert problem.startswith(expected)


def test_a_damaged_file_is_refused(tmp_path):
    pq.write_table(pa.table(ROWS), tmp_path / "scores.parquet")
    whole = (tmp_path / "scores.parquet").read_bytes()
    expected = ["BR408 scores.parquet: is damaged; expected a Parquet file. Export it again."]
    for damaged in (b"", b"PAR1", whole[:-20], whole[:4] + b"\xff" * 60 + whole[64:]):
        (tmp_path / "scores.parquet").write_bytes(damaged)
        assert told(tmp_path) == expected


def test_a_score_that_changed_under_its_checksum_is_refused(tmp_path):
    score = 0.123456789
    keys = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    pq.write_table(pa.table({**ROWS, "dice": [score] * 3}), tmp_path / "scores.parquet", **keys)
    whole = (tmp_path / "scores.parquet").read_bytes()
    cell, other = struct.pack("<d", score), struct.pack("<d", 0.987654321)
    assert whole.count(cell * 3) == 1
    (tmp_path / "scores.parquet").write_bytes(whole.replace(cell * 3, cell * 2 + other))
    expected = ["BR408 scores.parquet: is damaged; expected a Parquet file. Export it again."]
    assert told(tmp_path) == expected


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert told(tmp_path)[0].startswith("BR408 scores.parquet: no such file")


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (problem,) = told(tmp_path)
    assert problem.startswith("BR409 scores.parquet: table is a .parquet file, and pyarrow 15")
    assert 'pip install "pytest-biasruler[tables]"' in problem


def test_a_pyarrow_that_cannot_be_imported_is_told_by_its_own_words(tmp_path, monkeypatch):
    def refuse(name):
        raise ImportError(f"{name} requires NumPy 2.0 or newer, found 1.26.4")

    monkeypatch.setattr(columnar_module, "import_module", refuse)
    (problem,) = told(tmp_path)
    assert problem.startswith("BR409 scores.parquet: table is a .parquet file, and pyarrow cannot")
    assert "pyarrow requires NumPy 2.0 or newer, found 1.26.4" in problem


def test_a_pyarrow_that_runs_code_of_a_file_is_as_good_as_none(tmp_path, monkeypatch):
    monkeypatch.setattr(pa, "__version__", "14.0.0")
    assert told(tmp_path)[0].startswith("BR409 ")


def test_a_table_of_strangers_is_never_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_module, "import_pyarrow", lambda: pytest.fail("opened"))
    pq.write_table(pa.table(ROWS), tmp_path / "scores.parquet")
    assert told(tmp_path, untrusted=True) == [
        "BR409 scores.parquet: table is a .parquet file; expected CSV or TSV. Export it as CSV "
        "UTF-8."
    ]


def test_rows_and_bytes_are_bounded_before_a_row_is_read(tmp_path):
    many = {name: [cells[0]] * 151 for name, cells in ROWS.items()}
    (problem,) = told(tmp_path, many, limits=Limits(max_rows=3))
    assert problem.startswith("BR410 scores.parquet: more than 150 rows; expected at most 150.")
    (problem,) = told(tmp_path, limits=Limits(max_table_bytes=10))
    assert "bytes; expected at most 500" in problem


def test_what_unpacks_to_more_than_allowed_is_refused(tmp_path):
    pq.write_table(
        pa.table({"case": ["a" * 10**6 + str(n) for n in range(2)]}),
        tmp_path / "scores.parquet",
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    assert (tmp_path / "scores.parquet").stat().st_size < 50_000
    (problem,) = told(tmp_path, limits=Limits(max_table_bytes=2000))
    assert problem.startswith("BR410 scores.parquet: 2000")


def test_two_columns_of_one_name_are_refused(tmp_path):
    columns = [pa.array(cells) for cells in ROWS.values()]
    names = ["case", "model", "reference", "dice", "dice"]
    pq.write_table(pa.Table.from_arrays(columns, names=names), tmp_path / "scores.parquet")
    assert told(tmp_path)[0].startswith("BR403 scores.parquet: columns 4 and 5 have one name")


def test_a_table_without_rows_lacks_every_score(tmp_path):
    columns = {name: pa.array([], type=pa.string()) for name in ROWS}
    assert read(tmp_path, columns).table.empty


def test_parts_of_any_length_give_the_same_table(tmp_path, monkeypatch):
    whole = read(tmp_path, ROWS)
    monkeypatch.setattr(parquet_module, "_AT_ONCE", 1)
    pd.testing.assert_frame_equal(read(tmp_path, ROWS).table, whole.table)
