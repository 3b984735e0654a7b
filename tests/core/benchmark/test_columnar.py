from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from pytest_biasruler.benchmark.columnar import read_columnar
from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerProblems, Limits

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SHOWN = "clinical.parquet"


@pytest.fixture
def read(tmp_path):
    def read(columns, *, data=None, **limits):
        path = tmp_path / SHOWN
        if data is None:
            pq.write_table(pa.table(columns), path)
        else:
            path.write_bytes(data)
        return read_columnar(path, shown=SHOWN, limits=Limits(**limits))

    return read


def test_cells_are_text_as_those_of_a_frame_are(read):
    table = read(
        {
            "id": ["007", " NA\t", None],
            "n": pa.array([7, None, -1], pa.int32()),
            "x": [34.0, float("nan"), 0.1],
            "d": pa.array([dt.date(2023, 5, 2), None, None]),
            "t": pa.array([dt.datetime(2023, 5, 2, 9, 30), None, None]),
            "e": [Decimal("1.50"), None, None],
            "c": pa.array(["F", "M", "F"]).dictionary_encode(),
            "b": [True, False, None],
        }
    )

    assert table.header == ("id", "n", "x", "d", "t", "e", "c", "b")
    assert table.rows == [
        ("007", "7", "34", "2023-05-02", "2023-05-02T09:30:00", "1.50", "F", "True"),
        ("NA", "", "", "", "", "", "M", "False"),
        ("", "-1", "0.1", "", "", "", "F", ""),
    ]
    assert (table.lines, table.n_trimmed) == ([1, 2, 3], 1)


@pytest.mark.parametrize(
    ("columns", "limits", "problem"),
    [
        ({"a": [[1]]}, {}, "BR408 clinical.parquet: column 1 holds list; expected text"),
        ({"a": [{"Doe^Jane\x1b": 1}]}, {}, "BR408 clinical.parquet: column 1 holds struct; exp"),
        (
            {"a": [{"x" * 10**5: [{"y": 1}]}]},
            {},
            "BR408 clinical.parquet: column 1 holds struct; expected text. Write it as text.",
        ),
        ({"a": [b"x"]}, {}, "BR408 clinical.parquet: column 1 holds binary"),
        ({"a": [1], " a": [2]}, {}, "BR403 clinical.parquet: columns 1 and 2 have one name"),
        ({"a": [1, 2]}, {"max_rows": 1}, "BR410 clinical.parquet: more than 1 rows"),
        ({"a": ["x" * 257]}, {}, "BR410 clinical.parquet: cell of 257 characters"),
        ({"a": ["x\0"]}, {}, "BR410 clinical.parquet:1: control character U+0000"),
        ({"a": ["x" * 9999]}, {"max_table_bytes": 5000}, "BR410 clinical.parquet: 1"),
    ],
)
def test_what_is_no_table_of_short_texts_is_refused(read, columns, limits, problem):
    with pytest.raises(BiasRulerProblems) as refused:
        read(columns, **limits)
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(40) + b"PAR1", b"\x80\x04K."])
def test_a_damaged_file_is_refused(read, data):
    with pytest.raises(BiasRulerProblems, match=r"^BR408 clinical\.parquet: is damaged"):
        read({}, data=data)


def test_metadata_may_be_a_parquet_file(tmp_path):
    pq.write_table(pa.table({"case": [7, 8], "age": [41.5, None]}), tmp_path / SHOWN)
    benchmark = Benchmark(name="b", metadata=SHOWN, root=tmp_path)
    assert read_metadata(benchmark).frame["age"].to_dict() == {"7": "41.5", "8": ""}
