from __future__ import annotations

import json
import os

import pytest

from pytest_biasruler.benchmark.definition import Benchmark, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerProblems


@pytest.fixture
def read(tmp_path):
    def read_text(layout, more=""):
        path = tmp_path / "biasruler.toml"
        path.write_text(f'[benchmark]\nname = "toy"\nlayout = "{layout}"\n{more}')
        return Benchmark.from_file(path, environ={})

    return read_text


@pytest.fixture
def nnunet(tmp_path):
    def lay_out(description, *folders):
        text = description if isinstance(description, str) else json.dumps(description)
        (tmp_path / "dataset.json").write_text(text)
        for folder in folders:
            (tmp_path / folder).mkdir()

    return lay_out


def told(read, layout, more=""):
    with pytest.raises(BiasRulerProblems) as caught:
        read(layout, more)
    return [str(problem) for problem in caught.value.problems]


TABLE = 'metadata = "clinical.csv"\n'


def test_mama_mia_knows_its_table_its_column_and_both_references(read):
    benchmark = read("mama-mia", '[models.unet]\nmasks = "unet/{case}.nii.gz"')

    assert benchmark.metadata == "clinical_and_imaging_info.csv"
    assert (benchmark.case, benchmark.patient) == ("patient_id", "patient_id")
    expert, automated = benchmark.references
    assert (expert.kind, expert.masks) == ("expert", "segmentations/expert/{case}.nii.gz")
    assert (automated.kind, automated.masks) == (
        "automated",
        "segmentations/automatic/{case}.nii.gz",
    )


def test_what_the_file_declares_stands_above_the_layout(read):
    mine = '[references.mine]\nkind = "expert"\nmasks = "mine/{case}.nii.gz"'

    benchmark = read("mama-mia", f'metadata = "mine.csv"\n{mine}')

    assert (benchmark.metadata, benchmark.case) == ("mine.csv", "patient_id")
    assert [reference.name for reference in benchmark.references] == ["mine"]


@pytest.mark.parametrize("folder", ["labelsTr", "labelsTs"])
def test_nnunet_knows_its_labels_without_background_and_the_expert_reference(read, nnunet, folder):
    labels = {"background": 0, "whole": [1, 2], "core": 2}
    nnunet({"labels": labels, "file_ending": ".nii"}, folder)

    benchmark = read("nnunet", TABLE)

    assert benchmark.labels == {"whole": (1, 2), "core": (2,)}
    expert = Reference(name="expert", kind="expert", masks=f"{folder}/{{case}}.nii")
    assert benchmark.references == (expert,)


def test_labels_of_the_first_version_are_turned_round(read, nnunet):
    nnunet({"labels": {"0": "background", "1": "tumor"}}, "labelsTr")

    benchmark = read("nnunet", TABLE)

    assert benchmark.labels == {"tumor": (1,)}
    assert benchmark.references[0].masks == "labelsTr/{case}.nii.gz"


def test_a_file_that_declares_all_needs_no_description(read):
    mine = '[references.mine]\nkind = "expert"\nmasks = "mine/{case}.nii.gz"\n[labels]\ntumor = 1'

    assert read("nnunet", TABLE + mine).labels == {"tumor": (1,)}


@pytest.mark.parametrize(
    ("description", "folders", "start"),
    [
        ({"labels": {"a": 1}}, [], "BR602 biasruler.toml:3: no labelsTs, no labelsTr"),
        (
            {"labels": {"a": 1}},
            ["labelsTr", "labelsTs"],
            "BR602 biasruler.toml:3: labelsTs and labelsTr are both there; expected one of labels"
            "Ts, labelsTr in root. Declare [references.expert] with kind and masks",
        ),
        ("{", ["labelsTr"], "BR408 biasruler.toml:3: dataset.json is not JSON"),
        ("[" * 100_000, ["labelsTr"], "BR408 biasruler.toml:3: dataset.json is not JSON"),
        ("[]", ["labelsTr"], "BR408 biasruler.toml:3: dataset.json holds no object"),
        (
            '{"labels": {"tumor": 1, "tumor": 2}}',
            ["labelsTr"],
            "BR403 biasruler.toml:3: dataset.json has a key twice; expected each once",
        ),
        (
            {"labels": {"0": "background", "1": "tumor", "2": "tumor"}},
            ["labelsTr"],
            "BR403 biasruler.toml:3: labels of dataset.json has one name for several integers",
        ),
        (" " * (2**20 + 1), ["labelsTr"], "BR410 biasruler.toml:3: dataset.json is larger"),
        ({}, ["labelsTr"], "BR602 biasruler.toml:3: labels of dataset.json is"),
        ({"labels": {"x": "a"}}, ["labelsTr"], "BR602 biasruler.toml:3: dataset.json has the lab"),
        (
            {"labels": {"a": 1, "ignore": [2, 3]}},
            ["labelsTr"],
            "BR602 biasruler.toml: ignore is a list",
        ),
        (
            {"labels": {"background": 0}},
            ["labelsTr"],
            "BR602 biasruler.toml:3: dataset.json names nothing but background",
        ),
        (
            {"labels": {"a": 1}, "file_ending": 7},
            ["labelsTr"],
            'BR602 biasruler.toml:3: file_ending of dataset.json is 7; expected ".nii.gz"',
        ),
        ({"labels": {"a": -1}}, ["labelsTr"], "BR602 biasruler.toml: a is -1"),
        (
            {"labels": {"a": 1}, "file_ending": "./../../../x"},
            ["labelsTr"],
            "BR401 biasruler.toml: masks leaves the data root",
        ),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(read, nnunet, description, folders, start):
    nnunet(description, *folders)

    assert told(read, "nnunet", TABLE)[0].startswith(start)


def test_nnunet_passes_the_ignore_label_on_and_keeps_regions_apart(read, nnunet):
    labels = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": 3, "ignore": 4}
    nnunet({"labels": labels, "regions_class_order": [1, 2, 3], "file_ending": ".nii"}, "labelsTs")

    benchmark = read("nnunet", TABLE)

    assert benchmark.labels == {"whole": (1, 2, 3), "core": (2, 3), "enhancing": (3,)}
    assert benchmark.ignore == 4


def test_beside_an_automated_reference_nnunet_still_knows_the_expert_one(read, nnunet):
    nnunet({"labels": {"a": 1}}, "labelsTs", "labelsAuto")
    mine = '[references.auto]\nkind = "automated"\nmasks = "labelsAuto/{case}.nii.gz"\n'

    benchmark = read("nnunet", TABLE + mine)

    assert [(each.name, each.kind, each.masks) for each in benchmark.references] == [
        ("expert", "expert", "labelsTs/{case}.nii.gz"),
        ("auto", "automated", "labelsAuto/{case}.nii.gz"),
    ]


def test_beside_an_automated_reference_two_folders_of_labels_are_no_mistake(read, nnunet):
    nnunet({"labels": {"a": 1}}, "labelsTs", "labelsTr")
    mine = '[references.auto]\nkind = "automated"\nmasks = "labelsAuto/{case}.nii.gz"\n'

    assert [each.name for each in read("nnunet", TABLE + mine).references] == ["auto"]


def test_two_folders_of_labels_are_refused_with_what_to_paste(read, nnunet):
    nnunet({"labels": {"a": 1}, "file_ending": ".nrrd"}, "labelsTs", "labelsTr")

    (problem,) = told(read, "nnunet", TABLE)

    assert 'kind = "expert" and masks = "labelsTs/{case}.nrrd"' in problem


def test_a_missing_description_is_refused_with_what_to_do(read):
    assert told(read, "nnunet", TABLE) == [
        "BR408 biasruler.toml:3: dataset.json cannot be read; expected it in root. "
        "Set root to the dataset's folder."
    ]


def test_an_unknown_layout_is_refused_once(read):
    mine = '[references.mine]\nkind = "expert"\nmasks = "mine/{case}.nii.gz"\n'

    assert told(read, "nnunet2", TABLE + mine) == [
        'BR602 biasruler.toml:3: unknown layout "nnunet2"; expected one of mama-mia, nnunet,'
        " bids. Write nnunet if that is meant."
    ]


@pytest.mark.parametrize(
    ("layout", "header", "fix"),
    [
        ("mama-mia", "code,age", 'The layout "mama-mia" asks for it: write case = "COLUMN" in'),
        (
            "mama-mia",
            "Patient_id,age",
            'Perhaps "Patient_id" is meant (the layout "mama-mia" asks for it): write '
            'case = "Patient_id" in [benchmark].',
        ),
        ("bids", "code,age", 'The layout "bids" asks for it: write case = "COLUMN" in'),
    ],
)
def test_a_column_that_a_layout_asks_for_is_told_so_with_what_to_write(
    read, tmp_path, layout, header, fix
):
    (tmp_path / "clinical.csv").write_text(f"{header}\na,40\n")
    masks = '[references.mine]\nkind = "expert"\nmasks = "mine/{case}.nii.gz"'
    benchmark = read(layout, f"{TABLE}{masks}")

    with pytest.raises(BiasRulerProblems) as caught:
        read_metadata(benchmark)

    assert fix in str(caught.value.problems[0])
    assert "of case is not in clinical.csv" in str(caught.value.problems[0])


def test_a_column_that_the_file_names_is_not_laid_at_the_layouts_door(read, tmp_path):
    (tmp_path / "clinical.csv").write_text("code,age\na,40\n")

    with pytest.raises(BiasRulerProblems) as caught:
        read_metadata(read("mama-mia", f'{TABLE}case = "id"\npatient = "id"\n'))

    assert all("layout" not in str(problem) for problem in caught.value.problems)


def test_without_a_layout_it_is_said_that_the_file_names_no_column(tmp_path):
    (tmp_path / "clinical.csv").write_text("code,age\na,40\n")
    (tmp_path / "biasruler.toml").write_text(f'[benchmark]\nname = "toy"\n{TABLE}')

    with pytest.raises(BiasRulerProblems) as caught:
        read_metadata(Benchmark.from_file(tmp_path / "biasruler.toml", environ={}))

    assert 'The file names no case column: write case = "COLUMN"' in str(caught.value.problems[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no pipes")
def test_a_pipe_in_place_of_dataset_json_is_refused_at_once(read, tmp_path):
    os.mkfifo(tmp_path / "dataset.json")
    (tmp_path / "labelsTr").mkdir()
    assert told(read, "nnunet", TABLE)[0].startswith("BR408 biasruler.toml:3: dataset.json cannot")
