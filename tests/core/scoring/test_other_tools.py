"""Tables of nnU-Net, MONAI and panoptica are read as those tools write them."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.metrics import Metric
from tests.core.scoring.tables import monai_raw, panoptica_tsv, read, scores, summary, told

LABELS = {"tumor": (1,), "edema": (2,)}


# ---- nnU-Net


def test_five_summaries_of_nnunet_make_one_table(tmp_path):
    models = [f"fold{n}" for n in range(5)]
    for n, model in enumerate(models):
        (tmp_path / model).mkdir()
        text = summary({case: {"1": (8, n, 0)} for case in "ba"})
        (tmp_path / model / "summary.json").write_text(text)
    sources = [
        {"table": f"{model}/summary.json", "format": "nnunet", "model": model} for model in models
    ]
    found = read(tmp_path, *sources, cases="ab", models=models)
    assert scores(found, "dice", "n_model", "n_reference", "n_both") == {
        (case, model, "expert", ""): (16 / (16 + n), 8.0 + n, 8.0, 8.0)
        for case in "ab"
        for n, model in enumerate(models)
    }


def test_a_summary_is_about_the_reference_that_is_named(tmp_path):
    (tmp_path / "s.json").write_text(summary({"a": {"1": (1, 0, 0)}}))
    source = {"table": "s.json", "format": "nnunet", "model": "unet"}
    about = read(
        tmp_path, {**source, "reference": "automated"}, references=("expert", "automated")
    )
    assert set(about.table["reference"]) == {"automated"}
    of_labels = read(
        tmp_path, {**source, "model": "automated"}, references=("expert", "automated")
    )
    assert set(of_labels.table[["model", "reference"]].itertuples(index=False, name=None)) == {
        ("automated", "expert")
    }


def test_regions_of_a_summary_take_the_names_of_the_benchmark(tmp_path):
    by_label = {"(1, 2)": (4, 0, 4), "(2,)": (2, 2, 0), "0": (1, 1, 1), "(0, 1)": (1, 0, 0)}
    (tmp_path / "s.json").write_text(summary({"a": by_label}))
    source = {"table": "s.json", "format": "nnunet", "model": "unet"}
    labels = {"whole": (1, 2), "core": (2,)}
    found = scores(read(tmp_path, source, labels=labels), "dice")
    assert found == {
        ("a", "unet", "expert", "core"): (2 / 3,),
        ("a", "unet", "expert", "whole"): (2 / 3,),
    }


def test_the_background_of_a_summary_is_never_the_one_label(tmp_path):
    (tmp_path / "s.json").write_text(summary({"a": {"0": (9, 0, 0), "1": (1, 2, 0)}}))
    source = {"table": "s.json", "format": "nnunet", "model": "unet"}
    assert scores(read(tmp_path, source), "dice") == {("a", "unet", "expert", ""): (0.5,)}


def test_two_empty_masks_of_a_summary_are_agreed_absent(tmp_path):
    (tmp_path / "s.json").write_text(summary({"a": {"1": (0, 0, 0)}, "b": {"1": (0, 3, 0)}}))
    source = {"table": "s.json", "format": "nnunet", "model": "unet"}
    found = read(tmp_path, source).table
    assert found[["case", "dice", "status"]].to_numpy().tolist() == [
        ["a", 1.0, "agreed absent"],
        ["b", 0.0, "scored"],
    ]


def test_a_summary_of_version_1_gives_precision_and_counts(tmp_path):
    one = (
        '{"Dice": 0.5, "Jaccard": 0.25, "Precision": 0.75, "Recall": NaN, "Accuracy": 0.9, '
        '"Total Positives Test": 7.0, "Total Positives Reference": 9}'
    )
    files = '"reference": "/raw/labelsTr/a.nii.gz", "test": "/out/a.nii.gz"'
    text = f'{{"author": "x", "results": {{"all": [{{"1": {one}, {files}}}], "mean": {{}}}}}}'
    (tmp_path / "s.json").write_text(text)
    found = read(tmp_path, {"table": "s.json", "format": "nnunet", "model": "unet"}).table.iloc[0]
    assert (found["precision"], found["n_model"], found["n_reference"]) == (0.75, 7.0, 9.0)
    assert math.isnan(found["recall"])


def test_columns_name_labels_and_measures_of_a_summary(tmp_path):
    (tmp_path / "s.json").write_text(summary({"a": {"1": (1, 5, 0), "2": (1, 0, 0)}}))
    source = {"table": "s.json", "format": "nnunet", "model": "unet"}
    metrics = {"fp": Metric(name="fp", direction="lower", range=(0, None), both_empty=0)}
    columns = {"FP": "fp", "2": "tumor"}
    found = read(tmp_path, {**source, "columns": columns}, labels={"tumor": (7,)}, metrics=metrics)
    assert scores(found, "dice", "fp") == {("a", "unet", "expert", "tumor"): (1.0, 0.0)}
    (line,) = told(tmp_path, {**source, "columns": {"FPR": "fp"}}, labels=LABELS, metrics=metrics)
    assert line.startswith('BR602 s.json: columns names "FPR", which s.json does not have')
    (line,) = told(tmp_path, {**source, "columns": {"FP": "false_positives"}}, labels=LABELS)
    assert 'metric "false_positives" is not known' in line
    assert "[metrics.false_positives] with direction = one of" in line


def test_two_measures_of_a_summary_are_not_one_of_ours(tmp_path):
    (tmp_path / "s.json").write_text(summary({"a": {"1": (1, 5, 0)}}))
    source = {"table": "s.json", "format": "nnunet", "model": "unet"}
    for columns in ({"IoU": "dice"}, {"Dice": "dice", "IoU": "dice"}):
        (line,) = told(tmp_path, {**source, "columns": columns}, labels=LABELS)
        assert line.startswith('BR403 s.json: measures "Dice" and "IoU" both are dice; expected')


def test_label_names_the_one_label_of_a_summary(tmp_path):
    source = {"table": "s.json", "format": "nnunet", "model": "unet", "label": "edema"}
    (tmp_path / "s.json").write_text(summary({"a": {"1": (1, 0, 0)}}))
    assert list(scores(read(tmp_path, source, labels=LABELS))) == [
        ("a", "unet", "expert", "edema")
    ]
    (tmp_path / "s.json").write_text(summary({"a": {"1": (1, 0, 0), "2": (1, 0, 0)}}))
    (line,) = told(tmp_path, source, labels=LABELS)
    assert line.startswith("BR602 s.json: s.json has 2 labels; expected one, with label")


# ---- MONAI

MONAI = {"table": "mean_dice_raw.csv", "format": "monai", "metric": "dice", "model": "unet"}


def write_monai(folder, rows, **options):
    name = options.pop("name", "mean_dice_raw.csv")
    (folder / name).write_text(monai_raw(rows, **options))


@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_classes_of_monai_are_the_labels_that_columns_names(tmp_path, sign):
    rows = {"/data/imagesTs/b.nii.gz": (0.99, 0.5, 0.25), "/data/a.nii": (0.98, math.nan, 1)}
    write_monai(tmp_path, rows, n_classes=3, sign=sign)
    source = {**MONAI, "columns": {"class1": "tumor", "class2": "edema"}}
    found = read(tmp_path, source, labels=LABELS)
    assert scores(found, "dice")["b", "unet", "expert", "tumor"] == (0.5,)
    assert scores(found, "dice")["a", "unet", "expert", "edema"] == (1.0,)
    assert found.n_undefined == {"unet": {"dice": 1}}
    assert len(found.table) == 4, "neither the background nor the mean is a row"


@pytest.mark.parametrize("n_means", [2, 3])
def test_the_words_that_monai_writes_too_often_are_passed_over(tmp_path, n_means):
    write_monai(tmp_path, {"/x/a.nii.gz": (0.5,)}, n_classes=1, n_means=n_means)
    assert scores(read(tmp_path, MONAI), "dice") == {("a", "unet", "expert", ""): (0.5,)}


def test_two_metrics_of_monai_are_two_tables_and_one_row(tmp_path):
    write_monai(tmp_path, {"/x/a.nii.gz": (0.5,)}, n_classes=1)
    write_monai(tmp_path, {"/x/a.nii.gz": (7,)}, n_classes=1, n_means=2, name="hd_raw.csv")
    distance = {**MONAI, "table": "hd_raw.csv", "metric": "hd95_mm"}
    found = read(tmp_path, MONAI, distance)
    assert scores(found, "dice", "hd95_mm") == {("a", "unet", "expert", ""): (0.5, 7.0)}


def test_a_class_that_nobody_names_is_asked_for(tmp_path):
    write_monai(tmp_path, {"/x/a.nii.gz": (0.9, 0.5, 0.4)}, n_classes=3)
    (line,) = told(tmp_path, MONAI, labels=LABELS)
    assert "nobody says which label class0, class1, class2 of mean_dice_raw.csv is" in line
    assert 'Write columns = { class2 = "tumor" }' in line
    (line,) = told(tmp_path, {**MONAI, "columns": {"class1": "tumor"}}, labels=LABELS)
    assert "nobody says which label class0, class2 of" in line


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"class7": "tumor", "class0": "edema"}, 'columns names "class7"'),
        ({"class0": "tumor", "class1": "tumor"}, 'columns "class0" and "class1" both are'),
        ({"class1": "liver"}, 'class1 is named "liver" in columns, which is no label'),
    ],
)
def test_names_of_classes_that_cannot_be_right_are_refused(tmp_path, columns, found):
    write_monai(tmp_path, {"/x/a.nii.gz": (0.9, 0.5)}, n_classes=2)
    lines = told(tmp_path, {**MONAI, "columns": columns}, labels=LABELS)
    assert any(found in line for line in lines), lines


def test_a_summary_of_monai_is_refused_with_the_file_to_name(tmp_path):
    (tmp_path / "mean_dice_raw.csv").write_text("class,mean,std\nclass0,0.9,0.1\n")
    (line,) = told(tmp_path, MONAI)
    assert "is a summary of all images" in line
    assert "ends in _raw.csv" in line
    (tmp_path / "mean_dice_raw.csv").write_text("val_mean_dice,0.9\n")
    (line,) = told(tmp_path, MONAI)
    assert "MONAI's metrics.csv, which holds means" in line


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no pipes")
def test_a_pipe_in_place_of_a_table_of_monai_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "mean_dice_raw.csv")
    (line,) = told(tmp_path, MONAI)
    assert line.startswith("BR408 mean_dice_raw.csv: no such file")


def test_running_numbers_in_place_of_files_are_refused(tmp_path):
    write_monai(tmp_path, dict.fromkeys(range(3), (0.5,)), n_classes=1)
    (line,) = told(tmp_path, MONAI, cases="012")
    assert line.startswith("BR422 mean_dice_raw.csv: mean_dice_raw.csv numbers its rows")
    write_monai(tmp_path, {f"{n}.nii.gz": (0.5,) for n in range(3)}, n_classes=1)
    assert len(read(tmp_path, MONAI, cases="012").table) == 3


# ---- panoptica

METRICS = ("tp", "rq", "global_bin_dsc", "global_bin_hd95")
PANOPTICA = {"table": "seg.tsv", "format": "panoptica", "model": "unet"}
DSC = {"columns": {"global_bin_dsc": "dice"}}


def write_panoptica(folder, rows, *, groups=("tumor", "edema")):
    (folder / "seg.tsv").write_text(panoptica_tsv(rows, groups=groups, metrics=METRICS))


def test_groups_of_panoptica_are_labels_and_columns_names_metrics(tmp_path):
    rows = {"b": (1, 1, 0.5, 3, 2, 0.5, 0.25, ""), "a": (0, "None", "", "nan", 0, 0, 0, "")}
    write_panoptica(tmp_path, rows)
    columns = {"global_bin_dsc": "dice", "global_bin_hd95": "hd95_mm"}
    found = scores(
        read(tmp_path, {**PANOPTICA, "columns": columns}, labels=LABELS), "dice", "hd95_mm"
    )
    assert found["b", "unet", "expert", "tumor"] == (0.5, 3.0)
    assert np.isnan(found["a", "unet", "expert", "tumor"]).all()
    assert found["a", "unet", "expert", "edema"][0] == 0.0


def test_a_metric_of_the_benchmark_needs_no_renaming(tmp_path):
    write_panoptica(tmp_path, {"a": (1, 0.75, 0.5, 3)}, groups=("ungrouped",))
    found = read(tmp_path, PANOPTICA, metrics={"rq": Metric(name="rq")})
    assert scores(found, "rq") == {("a", "unet", "expert", ""): (0.75,)}


def test_a_group_is_renamed_to_a_label(tmp_path):
    write_panoptica(tmp_path, {"a": (1, 1, 0.5, 3, 2, 0.5, 0.25, "")}, groups=("WT", "TC"))
    columns = {**DSC["columns"], "WT": "edema"}
    found = read(tmp_path, {**PANOPTICA, "columns": columns}, labels=LABELS)
    assert scores(found, "dice") == {("a", "unet", "expert", "edema"): (0.5,)}
    (line,) = told(tmp_path, {**PANOPTICA, **DSC}, labels=LABELS)
    assert "has 2 groups, and none is a label" in line


def test_rows_of_single_instances_are_no_cases(tmp_path):
    rows = {
        "a-b": (1, 1, 0.5, 3),
        "a-b-tumor_inst_0": (1, 1, 0.9, 3),
        "a-b-tumor_inst_1": (1, 1, 0.8, 3),
    }
    write_panoptica(tmp_path, rows, groups=("tumor",))
    found = read(tmp_path, {**PANOPTICA, **DSC}, cases=["a-b"])
    assert scores(found, "dice") == {("a-b", "unet", "expert", ""): (0.5,)}
    assert found.n_strangers == 0


def test_metrics_of_panoptica_are_never_guessed(tmp_path):
    write_panoptica(tmp_path, {"a": (1, 1, 0.5, 3)}, groups=("tumor",))
    (line,) = told(tmp_path, PANOPTICA)
    assert "no metric of seg.tsv is named in columns" in line
    assert 'columns = { global_bin_dsc = "dice", global_bin_hd95 = "hd95_mm" }' in line
    assert "if the scores are from 0 to 1 and in mm" in line


def test_what_is_no_table_of_panoptica_is_refused(tmp_path):
    (tmp_path / "seg.tsv").write_text("case\tmodel\tdice\n")
    (line,) = told(tmp_path, {**PANOPTICA, **DSC})
    assert line.startswith("BR602 seg.tsv: seg.tsv is no table of panoptica")
    (tmp_path / "seg.jsonl").write_text("{}\n")
    (line,) = told(tmp_path, {**PANOPTICA, "table": "seg.jsonl"})
    assert line.startswith("BR409 seg.jsonl: ")


# ---- hostile

SAMPLES = {
    "nnunet": (summary({"a": {"1": (3, 1, 0), "2": (0, 0, 0)}, "b": {"1": (1, 1, 1)}}), {}),
    "monai": (
        monai_raw({"/x/a.nii.gz": (0.9, 0.5), "b.nii": (1, 0)}, n_classes=2),
        {"metric": "dice", "columns": {"class1": "tumor"}},
    ),
    "panoptica": (
        panoptica_tsv(
            {"a": (1, 1, 0.5, 3, 2, 0.5, 0.25, ""), "b": (1, 1, 1, 0, 0, 0, 0, "")},
            groups=("tumor", "edema"),
            metrics=METRICS,
        ),
        DSC,
    ),
    "wide": (
        "case,unet_tumor_dice,unet_edema_dice\na,0.5,1\nb,,0.25\n",
        {"pattern": "{model}_{label}_{metric}", "model": None},
    ),
    "tidy": (
        "ID,label,DSC\na,tumor,0.5\nb,edema,1\n",
        {"columns": {"ID": "case", "DSC": "dice"}, "reference": "expert"},
    ),
}
SUFFIXES = {"nnunet": "json", "panoptica": "tsv"}
PIECES = [
    b"",
    b",",
    b"\t",
    b'"',
    b"\n",
    b"\r",
    b"\0",
    b"nan",
    b"-inf",
    b"1e999",
    b"\xff",
    b"[",
    b"{",
]


@pytest.mark.parametrize("tool", SAMPLES)
@settings(deadline=None, derandomize=True, max_examples=50)
@given(data=st.data())
def test_an_edited_table_is_read_or_refused_and_nothing_else(tmp_path_factory, tool, data):
    text, keys = SAMPLES[tool]
    edited = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(0, len(edited)))
        end = begin + data.draw(st.integers(0, 12))
        edited[begin:end] = data.draw(st.sampled_from(PIECES))
    name = f"s.{SUFFIXES.get(tool, 'csv')}"
    folder = tmp_path_factory.mktemp("edited")
    (folder / name).write_bytes(edited)
    source = {"table": name, "format": tool, "model": "unet", **keys}
    refused = told(folder, source, labels=LABELS)
    assert all(line.startswith("BR") for line in refused)
    if not refused:
        dice = read(folder, source, labels=LABELS).table["dice"].dropna()
        assert dice.between(0, 1).all()
