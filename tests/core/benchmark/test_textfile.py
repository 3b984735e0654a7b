from __future__ import annotations

import csv
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.textfile import read_text_table
from pytest_biasruler.errors import BiasRulerProblems, Limits


@pytest.fixture
def read(tmp_path):
    def read(content, *, name="clinical.csv", **limits):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_text_table(path, shown=name, limits=Limits(**limits))

    return read


def said(refused):
    return str(refused.value).splitlines()


def test_cells_stay_text_character_by_character(read):
    table = read("case,id\n007,1E5\nNA,00012345678901234567\n")
    assert table.header == ("case", "id")
    assert table.rows == [("007", "1E5"), ("NA", "00012345678901234567")]


def test_a_row_knows_the_line_on_which_it_begins(read):
    table = read('case,text\n\na,"two\nlines"\r\nb,one\n')
    assert table.rows == [("a", "two\nlines"), ("b", "one")]
    assert table.lines == [3, 5]


def test_tabs_separate_a_tsv(read):
    table = read("case\tsex\na\tF, or so\n", name="clinical.TSV")
    assert table.rows == [("a", "F, or so")]


def test_surrounding_spaces_and_tabs_are_removed_and_counted(read):
    table = read("case ,sex\na, F\t\nb,M\n")  # header cell and one cell
    assert (table.header, table.rows) == (("case", "sex"), [("a", "F"), ("b", "M")])
    assert (table.n_trimmed, table.n_normalised) == (2, 0)


def test_decomposed_letters_are_composed_and_counted(read):
    table = read("case,site\na,Zu\u0308rich\nb,Z\u00fcrich\n")
    assert {row[1] for row in table.rows} == {"Z\u00fcrich"}
    assert (table.n_trimmed, table.n_normalised) == (0, 1)


def test_d82_a_byte_order_mark_is_accepted(read):
    assert read(b"\xef\xbb\xbfcase,sex\na,F\n").header == ("case", "sex")


def test_d82_a_row_with_one_cell_more_is_refused_with_its_line(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,age,sex,site\n" + "a,1,F,x\n" * 12 + "b,34,5,F,x\n")
    assert said(refused) == [
        "BR408 clinical.csv:14: 5 cells; expected 4. Quote the cell with a comma."
    ]


def test_d82_a_row_with_one_cell_less_is_refused_too(read):
    with pytest.raises(BiasRulerProblems, match=r"BR408 t\.tsv:2: 1 cells; expected 2\. .*tab"):
        read("case\tsex\na\n", name="t.tsv")


@pytest.mark.parametrize(
    ("name", "content", "separator"),
    [
        ("clinical.csv", "case;age;sex\na;34,5;F\n", "semicolons; expected commas"),
        ("clinical.csv", "case\tsex\na\tF\n", "tabs; expected commas"),
        ("clinical.tsv", "case,sex\na,F\n", "commas; expected tabs"),
    ],
)
def test_d82_another_separator_is_the_only_thing_said(read, name, content, separator):
    with pytest.raises(BiasRulerProblems) as refused:
        read(content, name=name)
    (line,) = said(refused)
    assert line.startswith(f"BR408 {name}: is separated by {separator}")


def test_d82_latin_1_is_refused_with_its_line(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,site\na,x\nb,Zürich\n".encode("latin-1"))
    assert said(refused) == [
        "BR408 clinical.csv:3: is not UTF-8; expected UTF-8. Save as CSV UTF-8."
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_d82_utf_16_is_refused_in_every_form(read, encoding):
    content = "case,site\na,x\n".encode(encoding)
    with pytest.raises(BiasRulerProblems) as refused:
        read(content)
    # Without a byte order mark it is valid UTF-8, full of NUL.
    expected = "is not UTF-8 but UTF-16" if encoding == "utf-16" else "control character U+0000"
    assert expected in said(refused)[0]


def test_d82_two_columns_of_one_name_are_refused_without_quoting_it(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,age,sex,age \na,1,F,2\n")
    (line,) = said(refused)
    assert line.startswith("BR403 clinical.csv:1: columns 2 and 4 have one name")
    assert "age" not in line


def test_columns_without_a_name_may_be_several(read):
    assert read("case,,\na,,\n").header == ("case", "", "")


@pytest.mark.parametrize("content", ['case,sex\na,F\nb,"M\nc,F\n', 'case,sex\na,F\nb,"M"x\n'])
def test_quotes_that_do_not_match_are_refused_where_they_open(read, content):
    with pytest.raises(BiasRulerProblems, match=r"BR408 clinical\.csv:3: quotes do not match"):
        read(content)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(read, content):
    with pytest.raises(BiasRulerProblems, match=r"BR408 clinical\.csv: is empty"):
        read(content)


def test_a_missing_file_is_refused_without_its_folder(tmp_path):
    with pytest.raises(BiasRulerProblems) as refused:
        read_text_table(tmp_path / "clinical.csv", shown="clinical.csv", limits=Limits())
    (line,) = said(refused)
    assert line.startswith("BR408 clinical.csv: no such file")
    assert str(tmp_path) not in line


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet", ".pkl", ".txt"])
def test_d84_another_format_is_refused_by_its_name_and_never_opened(tmp_path, suffix):
    path = tmp_path / f"clinical{suffix}"  # is not even there
    with pytest.raises(BiasRulerProblems) as refused:
        read_text_table(path, shown=path.name, limits=Limits())
    (line,) = said(refused)
    assert line.startswith(
        f"BR409 clinical{suffix}: table is a {suffix} file; expected CSV or TSV"
    )


def test_d85_a_cell_of_a_megabyte_is_refused_with_its_length_and_line(read):
    before = csv.field_size_limit()
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,sex\na,F\nb," + "x" * 1_000_000 + "\n")
    (line,) = said(refused)
    assert line.startswith(
        "BR410 clinical.csv:3: cell of 1000000 characters; expected at most 256"
    )
    assert csv.field_size_limit() == before


def test_a_cell_longer_than_csv_allows_is_read_where_the_limit_allows_it(read):
    table = read("case,mask\na," + "x" * 200_000 + "\n", max_cell_chars=10**6)
    assert len(table.rows[0][1]) == 200_000


@pytest.mark.parametrize(
    ("sign", "name"), [("\0", "U+0000"), ("\a", "U+0007"), ("\x85", "U+0085")]
)
def test_d85_a_control_character_is_refused_with_its_number(read, sign, name):
    with pytest.raises(BiasRulerProblems) as refused:
        read(f"case,sex\na,F{sign}x\n")
    (line,) = said(refused)
    assert line.startswith(f"BR410 clinical.csv:2: control character {name}; ")


def test_d86_hostile_names_are_accepted_as_they_are(read):
    names = ["<script>", "'\"onmouseover=", "]]>", "\x1b[31mred", "::error::", "\u202egnp", "a\nb"]
    quoted = "".join('a,"{}"\n'.format(name.replace('"', '""')) for name in names)
    assert [row[1] for row in read("case,site\n" + quoted).rows] == names


def test_too_many_rows_are_refused(read):
    content = "case\na\nb\nc\n"
    assert len(read(content, max_rows=3).rows) == 3
    with pytest.raises(BiasRulerProblems, match=r"BR410 clinical\.csv: more than 2 rows"):
        read(content, max_rows=2)


def test_too_many_bytes_are_refused_before_reading(read):
    content = b"\xff" * 11  # would be refused as not UTF-8 if it were read
    with pytest.raises(
        BiasRulerProblems, match=r"BR410 clinical\.csv: 11 bytes; expected at most 10"
    ):
        read(content, max_table_bytes=10)


def test_all_problems_of_a_table_are_told_sorted_by_line(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,sex,sex\na,\0,\nb\nc,F,\nd," + "x" * 300 + ",\n")
    places = [(problem.code, problem.where) for problem in refused.value.problems]
    assert places == [
        ("BR403", "clinical.csv:1"),
        ("BR410", "clinical.csv:2"),
        ("BR408", "clinical.csv:3"),
        ("BR410", "clinical.csv:5"),
    ]


def test_a_thousand_problems_of_one_kind_are_ten_and_a_number(read):
    with pytest.raises(BiasRulerProblems) as refused:
        read("case,sex\n" + "a\n" * 1000)
    assert len(refused.value.problems) == 11
    assert "BR408 clinical.csv: 990 more problems like that" in said(refused)[-1]


def test_a_table_shows_no_cell(read):
    assert "canary" not in repr(read("case,canary\ncanary,canary\n"))


cells = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_what_csv_writes_is_read_back(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("a", "b"), *rows])
    table = read_text_table(path, shown="t.csv", limits=Limits())
    tidy = [tuple(unicodedata.normalize("NFC", cell.strip(" \t")) for cell in row) for row in rows]
    assert table.rows == tidy
    assert len(table.lines) == len(rows)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(content=st.binary(max_size=60))
def test_any_bytes_give_a_table_or_a_refusal(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_bytes(b'case,sex\na,"F"\n' + content)
    try:
        n_cells = {len(row) for row in read_text_table(path, shown="t.csv", limits=Limits()).rows}
        codes = set()
    except BiasRulerProblems as refused:
        n_cells = set()
        codes = {problem.code for problem in refused.problems}
    assert n_cells <= {2}
    assert codes <= {"BR403", "BR408", "BR410"}
    assert n_cells or codes
