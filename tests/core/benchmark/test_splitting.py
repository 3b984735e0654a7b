from __future__ import annotations

import json

import pandas as pd
import pytest

from pytest_biasruler.benchmark.definition import Attribute, Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.split import Split
from pytest_biasruler.benchmark.subgroups import cut_subgroups
from pytest_biasruler.errors import BiasRulerProblems, Limits

CLINICAL = "id,age,set\na,41,train\nb,50,test\nc,61,test\nd,70,\n"
LISTED = "train_split,test_split\na,c\nd,b\ne,\n,\n"
FOLDS = [{"train": ["a", "b"], "val": ["c"]}, {"train": ["c"], "val": ["a", "x"]}]


@pytest.fixture
def read(tmp_path):
    def read(split, **files):
        (tmp_path / "clinical.csv").write_text(CLINICAL)
        (tmp_path / "splits.csv").write_text(LISTED)
        (tmp_path / "splits_final.json").write_text(json.dumps(FOLDS))
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        (tmp_path / "biasruler.toml").write_text(
            f'[benchmark]\nname = "b"\nmetadata = "clinical.csv"\ncase = "id"\nsplit = {split}\n'
        )
        return read_metadata(Benchmark.from_file(tmp_path / "biasruler.toml", environ={}))

    return read


def told(read, split, **files):
    with pytest.raises(BiasRulerProblems) as refused:
        read(split, **files)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("split", "cases"),
    [
        ('{ table = "splits.csv", column = "test_split" }', ("b", "c")),
        ('{ table = "splits.csv", column = "train_split" }', ("a", "d")),
        ('{ column = "set", part = "test" }', ("b", "c")),
        ('{ table = "clinical.csv", column = "set", part = "train" }', ("a",)),
        ('{ table = "splits_final.json", fold = 0, part = "val" }', ("c",)),
        ('{ table = "splits_final.json", fold = 1, part = "val" }', ("a",)),
    ],
)
def test_only_the_cases_of_the_split_are_left(read, split, cases):
    metadata = read(split)

    assert metadata.cases == cases
    assert tuple(metadata.patients.index) == cases
    assert set(metadata.known) == {"a", "b", "c", "d"}
    assert not set(metadata.outside) & set(cases)


def test_cases_outside_and_names_without_a_case_are_counted_and_never_named(read):
    metadata = read('{ table = "splits.csv", column = "train_split" }')

    assert [(note.code, note.set, note.n, note.text) for note in metadata.notes] == [
        (
            *("BR404", "split", 2),
            "2 of 4 cases lie outside the split (train_split of splits.csv): left out",
        ),
        (
            *("BR404", "names in split", 1),
            "1 of the names in the split (train_split of splits.csv) are not in clinical.csv",
        ),
    ]


@pytest.mark.parametrize(
    ("split", "problem"),
    [
        (
            '{ table = "splits.csv", column = "testsplit" }',
            'BR602 biasruler.toml:5: column "testsplit" of split is not in splits.csv; expected'
            ' one of its columns. Perhaps "test_split" is meant.',
        ),
        (
            '{ column = "set", part = "tset" }',
            'BR602 biasruler.toml:5: "tset" stands in no row of set of clinical.csv; expected a'
            ' part of the split. Perhaps "test" is meant.',
        ),
        (
            '{ table = "splits.csv", column = "test_split", part = "test" }',
            'BR602 biasruler.toml:5: column "id" of split is not in splits.csv; expected one of'
            " its columns. Correct the name.",
        ),
        (
            '{ table = "splits_final.json", fold = 2, part = "val" }',
            "BR602 biasruler.toml:5: splits_final.json has 2 folds; expected more than 2, the"
            " fold of split. Correct fold.",
        ),
        (
            '{ table = "no.csv", column = "test" }',
            "BR408 no.csv: no such file; expected a CSV or TSV file. Correct the path.",
        ),
        (
            '{ table = "no.json", fold = 0, part = "val" }',
            "BR408 no.json: no such file; expected a list of folds, each with train and val."
            " Correct the path.",
        ),
        (
            '{ table = "splits_final.json", fold = 0, part = "test" }',
            'BR602 biasruler.toml:5: unknown part "test"; expected one of train, val. Correct it.',
        ),
        (
            '{ table = "splits_final.json", part = "val" }',
            "BR602 biasruler.toml:5: split has no fold; expected fold and part with a .json"
            " table. Add fold to split.",
        ),
        (
            '{ table = "splits.csv", column = "test_split", fold = 0 }',
            "BR602 biasruler.toml:5: split has fold with a table that is no .json; expected none."
            " Remove fold.",
        ),
        (
            '{ column = "set" }',
            "BR602 biasruler.toml:5: split has no part; expected column and part with a column of"
            " the metadata. Add part to split.",
        ),
        (
            '{ table = "../splits.csv", column = "test_split" }',
            "BR401 biasruler.toml:5: table of split leaves the data root; expected a path inside"
            " it. Set root in [benchmark].",
        ),
        (
            '{ tabel = "splits.csv", column = "test_split" }',
            'BR602 biasruler.toml:5: unknown key "tabel" in split; expected one of table, column,'
            " part, fold. Write table if that is meant.",
        ),
        (
            '"splits.csv"',
            'BR602 biasruler.toml:5: split is "splits.csv"; expected a table { table ='
            ' "splits.csv", column = "test" }. Correct it.',
        ),
    ],
)
def test_a_split_that_cannot_be_used_is_refused_with_its_line(read, split, problem):
    assert told(read, split) == [problem]


def test_a_split_without_any_case_is_refused_and_says_so_of_capitals(read):
    split = '{ table = "splits.csv", column = "x" }'

    assert told(read, split, splits__csv="x\nA\nB\n") == [
        "BR602 biasruler.toml:5: no case of clinical.csv is in the split (x of splits.csv), which"
        " has 2 names; expected at least one. Write capitals alike in both."
    ]
    assert told(read, split, splits__csv="x\nq\n")[0].endswith(
        "which has 1 names; expected at least one. Check how cases are spelled in both."
    )


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("{", "BR408 splits_final.json: is not JSON"),
        ("[" * 100_000, "BR408 splits_final.json: is not JSON"),
        ('[{"val": ["c"], "val": ["a"]}]', "BR403 splits_final.json: a key twice; expected each"),
        ("{}", "BR408 splits_final.json: holds no list"),
        ("[1]", "BR408 biasruler.toml:5: fold 0 of splits_final.json has no list of names as val"),
        (
            '[{"val": "abc"}]',
            "BR408 biasruler.toml:5: fold 0 of splits_final.json has no list of names as val",
        ),
        (
            '[{"val": [1]}]',
            "BR408 biasruler.toml:5: fold 0 of splits_final.json has no list of names as val",
        ),
    ],
)
def test_a_file_of_folds_in_another_form_is_refused(read, text, start):
    split = '{ table = "splits_final.json", fold = 0, part = "val" }'

    assert told(read, split, splits_final__json=text)[0].startswith(start)


def test_a_case_in_two_rows_of_a_split_is_refused(read):
    split = '{ table = "splits.csv", column = "part", part = "test" }'

    assert told(read, split, splits__csv="id,part\na,test\na,train\n") == [
        "BR403 biasruler.toml:5: a case stands in several rows of splits.csv; expected one row"
        " for each case. Remove all but one."
    ]


def test_code_gives_a_split_as_an_object_or_a_table():
    frame = pd.DataFrame({"case": ["a", "b"], "set": ["x", "y"]})
    for split in (Split(column="set", part="y"), {"column": "set", "part": "y"}):
        benchmark = Benchmark(name="b", metadata=frame, split=split)
        assert benchmark.split == Split(column="set", part="y")
        assert read_metadata(benchmark).cases == ("b",)


def test_bad_cells_outside_the_split_stop_nothing(read):
    metadata = read(
        '{ column = "set", part = "test" }', clinical__csv="id,set,age\na,train,many\nb,test,3\n"
    )
    age = cut_subgroups(metadata, Attribute(name="age", bins=(0, 10)), limits=Limits())
    assert age.of.to_dict() == {"b": "0–10"}


def test_a_cell_of_a_column_of_many_values_is_never_suggested(read):
    rows = "".join(f"{number},41,patient-{number:02}\n" for number in range(30))

    problem = told(
        read, '{ column = "set", part = "patient-77" }', clinical__csv="id,age,set\n" + rows
    )

    assert len(problem) == 1
    assert "Correct part" in problem[0]
    assert "patient-0" not in problem[0]
    assert "patient-1" not in problem[0]


@pytest.mark.parametrize(
    ("split", "files"),
    [
        (
            '{ table = "splits.csv", column = "test_split" }',
            {"splits__csv": "train_split,test_split\na,b\nb,c\n"},
        ),
        (
            '{ table = "splits_final.json", fold = 0, part = "val" }',
            {"splits_final__json": json.dumps([{"train": ["a", "b"], "val": ["b", "c"]}])},
        ),
    ],
)
def test_cases_that_are_trained_on_and_tested_on_are_told(read, split, files):
    notes = [note for note in read(split, **files).notes if "train on" in note.text]

    assert [(note.code, note.n) for note in notes] == [("BR404", 1)]
    assert not [note for note in read(split).notes if "train on" in note.text]
