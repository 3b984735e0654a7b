from __future__ import annotations

import json

import openpyxl
import pytest

from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.errors import BiasRulerProblems

CLINICAL = "clinical_and_imaging_info"
QUALITY = "preliminary_automatic_segmentations_quality_scores.csv"
ROWS = [
    ("patient_id", "dataset", "age", "menopause", "ethnicity", "site", "scanner_model"),
    ("DUKE_001", "DUKE", 41.0, "pre", "caucasian", None, "Skyra "),
    ("DUKE_002", "DUKE", 38, None, "hawaian", None, "Avanto"),
    ("ISPY1_1001", "ISPY1", 15, "post", "hawaiian", "Site AAB", "Avanto\t"),
    ("NACT_01", "NACT", None, "pre", "african american", "Site AAB", "Signa HDxt"),
]


@pytest.fixture
def folder(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.title = "dataset_info"
    for row in ROWS:
        workbook.active.append(row)
    workbook.save(tmp_path / f"{CLINICAL}.xlsx")
    (tmp_path / QUALITY).write_text(
        "patient_id,expert_1_qs,expert_2_qs\nDUKE_001,Good,Acceptable\nNACT_01,Missed,Poor\n"
    )
    (tmp_path / "train_test_splits.csv").write_text(
        "train_split,test_split\nDUKE_001,NACT_01\nDUKE_002,\nISPY1_1001,\n"
    )
    folds = [{"train": ["DUKE_001", "DUKE_002"], "val": ["ISPY1_1001"]}]
    (tmp_path / "nnunet_splits_final.json").write_text(json.dumps(folds))
    return tmp_path


def read(folder, more=""):
    path = folder / "biasruler.toml"
    path.write_text(f'[benchmark]\nname = "breast"\nlayout = "mama-mia"\n{more}')
    return Benchmark.from_file(path, environ={})


def test_the_published_folder_is_read_as_it_is(folder):
    benchmark = read(folder)

    assert benchmark.metadata == (f"{CLINICAL}.xlsx", QUALITY)
    metadata = read_metadata(benchmark)
    assert metadata.cases == ("DUKE_001", "DUKE_002", "ISPY1_1001", "NACT_01")
    assert metadata.frame["age"].tolist() == ["41", "38", "15", ""]
    assert metadata.frame["expert_2_qs"].tolist() == ["Acceptable", "", "", "Poor"]
    assert benchmark.attributes == ()


def test_t14_cells_with_spaces_and_tabs_are_one_category(folder):
    metadata = read_metadata(read(folder))
    assert metadata.frame["scanner_model"].tolist() == ["Skyra", "Avanto", "Avanto", "Signa HDxt"]


def test_t5_t6_fillers_of_age_and_spellings_are_declared_and_never_guessed(folder):
    benchmark = read(
        folder,
        '[attributes.age]\nbins = [0, 40, 100]\nmissing = ["", "15"]\n[attributes.ethnicity]\n'
        'merge = { "hawaiian/pacific islander" = ["hawaian", "hawaiian"] }\n',
    )
    cut = cut_all(benchmark, read_metadata(benchmark))
    assert cut["age"].of.tolist() == ["40–100", "0–39", "missing", "missing"]
    assert cut["ethnicity"].of.value_counts()["hawaiian/pacific islander"] == 2


@pytest.mark.parametrize(
    ("split", "cases"),
    [
        ('{ column = "test_split" }', ("NACT_01",)),
        ('{ column = "train_split" }', ("DUKE_001", "DUKE_002", "ISPY1_1001")),
        ('{ fold = 0, part = "val" }', ("ISPY1_1001",)),
        ('{ column = "dataset", part = "DUKE" }', ("DUKE_001", "DUKE_002")),
    ],
)
def test_a_split_needs_no_table_of_its_own(folder, split, cases):
    assert read_metadata(read(folder, f"split = {split}")).cases == cases


def test_a_fold_needs_one_file_of_folds(folder):
    (folder / "other_splits.json").write_text("[]")
    with pytest.raises(BiasRulerProblems) as refused:
        read(folder, 'split = { fold = 0, part = "val" }')
    assert str(refused.value).splitlines()[0] == (
        "BR602 biasruler.toml:4: 2 files *split*.json in root; expected one, for a fold of split."
        " Add table to split."
    )


def test_an_export_stands_in_for_the_spreadsheet_and_the_file_for_the_layout(folder):
    (folder / f"{CLINICAL}.csv").write_text("patient_id\nDUKE_001\n")
    assert read(folder).metadata == (f"{CLINICAL}.csv", QUALITY)
    assert read(folder, 'metadata = "mine.csv"\ncase = "id"').case == "id"
