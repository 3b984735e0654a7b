from __future__ import annotations

import datetime as dt
import io
import struct
import sys
import tracemalloc
import zipfile
import zlib

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.refusals import problems_of
from pytest_biasruler.benchmark.spreadsheet import read_spreadsheet
from pytest_biasruler.errors import CODES, BiasRulerProblems, Limits

SHOWN = "clinical.xlsx"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def book(rows, *, change=None, more_sheets=()):
    """Return the bytes of a spreadsheet as a program writes them."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(sheet)
    for name in more_sheets:
        workbook.create_sheet(name)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def parts(sheet, *, strings=(), styles=""):
    """Return the parts of a spreadsheet written by hand, `sheet` being the inside of sheetData."""
    kinds = {"rId1": ("worksheet", "worksheets/sheet1.xml")}
    made = {
        "_rels/.rels": relations({"a": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": (
            f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets>'
            '<sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/worksheets/sheet1.xml": (
            f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>'
        ),
    }
    if strings:
        kinds["rId2"] = ("sharedStrings", "sharedStrings.xml")
        texts = "".join(f"<si>{text}</si>" for text in strings)
        made["xl/sharedStrings.xml"] = f'{HEAD}<sst xmlns="{MAIN}">{texts}</sst>'
    if styles:
        kinds["rId3"] = ("styles", "styles.xml")
        made["xl/styles.xml"] = f'{HEAD}<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
    made["xl/_rels/workbook.xml.rels"] = relations(kinds)
    return made


def relations(kinds):
    entries = "".join(
        f'<Relationship Id="{name}" Type="{RELATED}/{kind}" Target="{target}"/>'
        for name, (kind, target) in kinds.items()
    )
    return f"{HEAD}<Relationships>{entries}</Relationships>"


def packed(made, *, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, text in made.items():
            archive.writestr(name, text)
    return stream.getvalue()


def row(number, *cells):
    inside = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{inside}</row>'


@pytest.fixture
def read(tmp_path):
    def read(data, **limits):
        (tmp_path / SHOWN).write_bytes(data)
        return read_spreadsheet(tmp_path / SHOWN, shown=SHOWN, limits=Limits(**limits))

    return read


@pytest.fixture
def told(read):
    def told(data, **limits):
        with pytest.raises(BiasRulerProblems) as refused:
            read(data, **limits)
        return [str(problem) for problem in refused.value.problems]

    return told


def test_every_kind_of_cell_is_the_text_that_a_reader_sees(read):
    rows = [
        ["id", "whole", "part", "flag", "day", "time", "text", ""],
        ["007", 41, 0.1, True, dt.date(2023, 5, 2), dt.datetime(2023, 5, 2, 9, 30), " F ", None],
        [8, 41.0, 1e-3, False, dt.date(1900, 1, 1), dt.time(9, 30), "NA", None],
        [123456789012345, -7, 1.60002032, None, None, None, "xA1", None],
    ]

    table = read(book(rows))

    assert table.header == ("id", "whole", "part", "flag", "day", "time", "text")
    assert table.rows == [
        ("007", "41", "0.1", "TRUE", "2023-05-02", "2023-05-02T09:30:00", "F"),
        ("8", "41", "0.001", "FALSE", "1900-01-01", "09:30:00", "NA"),
        ("123456789012345", "-7", "1.60002032", "", "", "", "xA1"),
    ]
    assert table.lines == [2, 3, 4]
    assert table.n_trimmed == 1
    assert "leading zeros" in table.remarks[0]


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.floats(-1e12, 1e12, allow_nan=False).map(lambda number: float(f"{number:.12g}")),
    st.text(st.characters(categories=("L", "N", "Zs"), max_codepoint=0x17F), max_size=8),
    st.dates(dt.date(1901, 1, 1), dt.date(2100, 1, 1)),
)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_spreadsheet_says_what_its_program_says(tmp_path_factory, rows):
    data = book([["a", "b"], *rows])
    path = tmp_path_factory.mktemp("x") / SHOWN
    path.write_bytes(data)

    table = read_spreadsheet(path, shown=SHOWN, limits=Limits())

    oracle = openpyxl.load_workbook(path, data_only=True).active.iter_rows(2, values_only=True)
    expected = [tuple(map(as_text, cells)) for cells in oracle]
    assert table.rows == [cells for cells in expected if any(cells)]


def as_text(cell):
    import unicodedata

    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, dt.datetime):
        return cell.isoformat().removesuffix("T00:00:00")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    return unicodedata.normalize("NFC", str(cell).strip(" \t"))


def test_shared_texts_of_several_runs_are_one_text_without_its_pronunciation(read):
    texts = ["<r><t>ca</t></r><r><t>se</t></r><rPh><t>kei</t></rPh>", "<t>x</t>"]
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="9"><c t="s"><v>1</v></c></row>'

    table = read(packed(parts(cells, strings=texts)))

    assert (table.header, table.rows, table.lines) == (("case",), [("x",)], [9])


def test_cells_that_are_left_out_are_empty_and_rows_without_any_are_none(read):
    cells = (
        '<row r="3"/><row r="4"><c r="B4" t="inlineStr"><is><t>b</t></is></c></row>'
        '<row r="5"><c r="A5"><v>1</v></c></row><row r="7"><c r="B7"/></row>'
    )

    table = read(packed(parts(cells)))

    assert (table.header, table.rows, table.lines) == (("", "b"), [("1", "")], [5])


def test_hidden_rows_and_further_sheets_are_read_and_left_and_told(read):
    def hide(sheet):
        sheet.row_dimensions[3].hidden = True

    table = read(book([["case"], ["a"], ["b"]], change=hide, more_sheets=["notes"]))

    assert table.rows == [("a",), ("b",)]
    assert table.remarks[1:] == (
        "1 hidden rows of clinical.xlsx were read as all others",
        "clinical.xlsx has 2 sheets, and only the first was read",
    )


def test_what_is_wrong_with_cells_is_told_at_once_and_never_quoted(told):
    cells = (
        row(1, "case", "age")
        + '<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2"><f>SECRET</f></c></row>'
        + row(3, "a", "b", "SECRET")
        + row(4, "SECRET" * 100)
    )
    made = parts(cells)
    sheet = made["xl/worksheets/sheet1.xml"]
    merged = '</sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
    made["xl/worksheets/sheet1.xml"] = sheet.replace("</sheetData>", merged)

    assert told(packed(made)) == [
        "BR408 clinical.xlsx:2: a cell holds the error #N/A; expected a value. Correct or clear"
        " the cell.",
        "BR408 clinical.xlsx:2: a formula without a stored value; expected a value. Save it in a"
        " spreadsheet program.",
        "BR408 clinical.xlsx:3: a cell right of the last column of the header; expected none."
        " Name its column, or clear it.",
        "BR410 clinical.xlsx:4: cell of 600 characters; expected at most 256. Shorten it or raise"
        " biasruler_max_cell_chars.",
        "BR408 clinical.xlsx: has 1 merged cells; expected one value in each. Unmerge them, and"
        " fill each.",
    ]


def test_a_formula_counts_as_its_stored_value_and_openpyxl_stores_none(read, told):
    stored = (
        '<row r="2"><c><f>1+1</f><v>2</v></c></row><row r="3"><c t="str"><f>X</f><v/></c></row>'
    )
    assert read(packed(parts(row(1, "n") + stored))).rows == [("2",)]

    assert "formula without a stored value" in told(book([["n"], ["=1+1"]]))[0]


def test_what_a_table_is_refused_for_a_spreadsheet_is_too(told):
    assert told(book([["a", "a"], [1, 2]]))[0].startswith("BR403 clinical.xlsx: columns 1 and 2")
    assert told(book([["a"], [1], [2]]), max_rows=1)[0].startswith(
        "BR410 clinical.xlsx: more than"
    )
    assert told(book([]))[0].startswith("BR408 clinical.xlsx: its first sheet is empty")
    assert told(packed(parts(row(1, "a") + row(2, "&#x7f;"))))[0].startswith(
        "BR410 clinical.xlsx:2: control character U+007F"
    )


def bomb():
    return packed(parts(row(1, "a") + " " * 2**24))


def billion_laughs():
    made = parts(row(1, "&b;"))
    entities = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    sheet = made["xl/worksheets/sheet1.xml"]
    made["xl/worksheets/sheet1.xml"] = sheet.replace(HEAD, HEAD + entities)
    return packed(made)


def external_entity():
    made = parts(row(1, "&b;"))
    entity = '<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    made["xl/workbook.xml"] = made["xl/workbook.xml"].replace(HEAD, HEAD + entity)
    return packed(made)


def wide():
    cells = "".join(f"<c><v>{place}</v></c>" for place in range(10**5))
    return packed(parts(f'<row r="1">{cells}</row>'))


def sparse():
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(2, 3000))
    head = '<row r="1"><c r="XFD1"><v>1</v></c></row>'
    return packed(parts(head + rows))


def declared(size):
    """Return a spreadsheet whose directory tells another size of its first part."""
    data = bytearray(packed(parts(row(1, "a"))))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, size)
    return bytes(data)


def many_parts():
    return packed({**parts(row(1, "a")), **{f"x{n}": "" for n in range(1001)}})


def named(name):
    return packed({**parts(row(1, "a")), name: "x"})


def ended(offset, form, value):
    data = bytearray(packed(parts(row(1, "a"))))
    struct.pack_into(form, data, len(data) - 22 + offset, value)
    return bytes(data)


def relinked(place):
    made = parts(row(1, "a"))
    old = made["xl/_rels/workbook.xml.rels"]
    made["xl/_rels/workbook.xml.rels"] = old.replace("worksheets/sheet1.xml", place)
    return packed(made)


HOSTILE = {
    "bomb": (bomb, "BR410"),
    "entities": (billion_laughs, "BR408"),
    "external entity": (external_entity, "BR408"),
    "columns": (wide, "BR408"),
    "sparse": (sparse, "BR408"),
    "more than declared": (lambda: declared(3), "BR408"),
    "less than declared": (lambda: declared(400), "BR408"),
    "beyond deflate": (lambda: declared(10**6), "BR408"),
    "4 GiB": (lambda: declared(2**32 - 2), "BR408"),
    "parts": (many_parts, "BR408"),
    "number of parts": (lambda: ended(10, "<H", 65535), "BR408"),
    "size of directory": (lambda: ended(12, "<I", 2**31), "BR408"),
    "comment": (lambda: ended(20, "<H", 7), "BR408"),
    "up": (lambda: named("../../evil.xml"), "BR408"),
    "absolute": (lambda: named("/etc/x"), "BR408"),
    "drive": (lambda: named("C:\\x"), "BR408"),
    "macros": (lambda: named("xl/vbaProject.bin"), "BR409"),
    "links": (lambda: named("xl/externalLinks/externalLink1.xml"), "BR409"),
    "cut": (lambda: packed(parts(row(1, "a")))[:-30], "BR408"),
    "empty": (lambda: b"", "BR408"),
    "pickle": (lambda: b"cos\nsystem\n(S'true'\ntR.", "BR408"),
    "old format": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "BR408"),
    "packed unusually": (
        lambda: packed(parts(row(1, "a")), method=zipfile.ZIP_BZIP2),
        "BR408",
    ),
    "no parts": (lambda: packed({}), "BR408"),
    "sheet elsewhere": (lambda: relinked("../../../etc/passwd"), "BR408"),
    "no XML": (lambda: packed(parts("<row")), "BR408"),
    "rows turned": (lambda: packed(parts(row(2, "a") + row(1, "b"))), "BR408"),
    "row of 10^9": (lambda: packed(parts(row(10**9, "a"))), "BR408"),
    "column of 10^6": (lambda: packed(parts('<row r="1"><c r="ZZZZ1"/></row>')), "BR408"),
    "text not there": (
        lambda: packed(parts('<row r="1"><c t="s"><v>7</v></c></row>', strings=["<t>a</t>"])),
        "BR408",
    ),
    "digits": (
        lambda: packed(parts(f'<row r="1"><c><v>{"9" * 5000}</v></c></row>')),
        "BR408",
    ),
    "not a number": (lambda: packed(parts('<row r="1"><c><v>nan</v></c></row>')), "BR408"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_name_and_fills_no_memory(told, name):
    make, code = HOSTILE[name]
    data = make()
    tracemalloc.start()
    try:
        problems = told(data, max_table_bytes=2**23, max_rows=2000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert problems[0].startswith(f"{code} clinical.xlsx")
    assert peak < 2**25, f"{peak / 2**20:.0f} MiB"
    assert "passwd" not in problems[0]


def test_a_text_of_a_million_characters_is_held_once(told):
    cells = "".join(f'<row r="{n}"><c t="s"><v>0</v></c></row>' for n in range(2, 3000))
    data = packed(parts(row(1, "a") + cells, strings=[f"<t>{'x' * 10**6}</t>"]))
    tracemalloc.start()
    try:
        problems = told(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert problems[0].startswith("BR410 clinical.xlsx:2: cell of 1000000 characters")
    assert peak < 2**25


EDITS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6)
WHOLE = packed(
    parts(row(1, "case", "age") + row(2, "a", "41"), strings=["<t>x</t>"], styles="<cellXfs/>"),
    method=zipfile.ZIP_STORED,
)


@given(edits=EDITS, cut=st.one_of(st.none(), st.integers(1, len(WHOLE))))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_an_edited_file_is_refused_by_name_or_read(tmp_path_factory, edits, cut):
    data = bytearray(WHOLE)
    for at, value in edits:
        data[at % len(data)] = value
    path = tmp_path_factory.mktemp("f") / SHOWN
    path.write_bytes(bytes(data[:cut]))
    found = problems_of(lambda: read_spreadsheet(path, shown=SHOWN, limits=Limits()))
    assert {problem.code for problem in found} <= set(CODES) - {"BR899"}


def test_an_edit_inside_a_part_is_seen_by_its_checksum(told):
    data = WHOLE.replace(b">41<", b">14<")
    assert zlib.crc32(b"41") != zlib.crc32(b"14")
    assert told(data)[0].startswith("BR408 clinical.xlsx: a part of it cannot be read")


def test_without_the_extra_the_refusal_names_it(told, monkeypatch):
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)
    assert told(book([["a"], [1]])) == [
        "BR409 clinical.xlsx: table is an .xlsx file, and openpyxl and defusedxml are not"
        ' installed; expected CSV or TSV. pip install "pytest-biasruler[tables]", or export it as'
        " CSV UTF-8."
    ]


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path / "no.xlsx", tmp_path):
        with pytest.raises(BiasRulerProblems, match=r"BR408 no\.xlsx: no such file"):
            read_spreadsheet(path, shown="no.xlsx", limits=Limits())


def test_metadata_may_be_a_spreadsheet_and_its_doubts_are_noted(tmp_path):
    (tmp_path / SHOWN).write_bytes(book([["case", "age"], ["a", 41], ["b", 50.0]]))
    benchmark = Benchmark(name="b", metadata=SHOWN, root=tmp_path)

    metadata = read_metadata(benchmark)

    assert metadata.frame["age"].to_dict() == {"a": "41", "b": "50"}
    assert metadata.lines["b"] == "clinical.xlsx:3"
    assert [note.code for note in metadata.notes] == ["BR415"]


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet", ".XLSX"])
def test_an_untrusted_benchmark_reads_no_spreadsheet(tmp_path, suffix):
    name = f"clinical{suffix}"
    (tmp_path / name).write_bytes(book([["case"], ["a"]]))
    benchmark = Benchmark(name="b", metadata=name, root=tmp_path, untrusted=True)
    with pytest.raises(BiasRulerProblems, match=r"^BR409 .*untrusted benchmark; expected CSV"):
        read_metadata(benchmark)


@pytest.mark.parametrize("suffix", [".xlsm", ".xls", ".ods", ".pkl"])
def test_other_spreadsheets_are_never_opened(tmp_path, suffix):
    benchmark = Benchmark(name="b", metadata=f"clinical{suffix}", root=tmp_path)
    with pytest.raises(BiasRulerProblems, match=r"^BR409"):
        read_metadata(benchmark)


@pytest.mark.parametrize(
    ("sheet", "styles", "found"),
    [
        ("<x>" * 100, "", "nested too deep"),
        (f'<x y="{"z" * 2**21}"/>', "", "a tag in it is too long"),
        ("", f'<numFmt numFmtId="200" formatCode="{"[" * 2000}"/>', "a format that is too long"),
    ],
    ids=["nested", "one tag", "format"],
)
def test_xml_that_costs_more_than_its_size_is_refused(tmp_path, sheet, styles, found):
    path = tmp_path / SHOWN
    path.write_bytes(packed(parts(sheet, styles=styles)))
    with pytest.raises(BiasRulerProblems, match=found):
        read_spreadsheet(path, shown=SHOWN, limits=Limits())


def test_a_spreadsheet_that_refers_to_too_many_parts_is_refused(tmp_path):
    made = parts("")
    made["xl/_rels/workbook.xml.rels"] = relations(
        {f"a{number}": ("theme", "b.xml") for number in range(10_001)}
    )
    path = tmp_path / SHOWN
    path.write_bytes(packed(made))
    with pytest.raises(BiasRulerProblems, match="too many parts"):
        read_spreadsheet(path, shown=SHOWN, limits=Limits())
