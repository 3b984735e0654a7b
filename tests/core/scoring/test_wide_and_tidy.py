"""Wide tables by the pattern of their columns, and tidy ones with other names and constants."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.metrics import Metric
from pytest_biasruler.scoring.pattern import Pattern
from tests.core.scoring.tables import read, scores, told

MODEST = settings(deadline=None, derandomize=True, max_examples=60)
WIDE = {"table": "wide.csv", "format": "wide", "pattern": "{model}_{metric}"}
TIDY = {"table": "tidy.csv"}


def wide(folder, text, **source):
    (folder / "wide.csv").write_text(text)
    return {**WIDE, **source}


def tidy(folder, text, **source):
    (folder / "tidy.csv").write_text(text)
    return {**TIDY, **source}


# ---- wide


def test_columns_of_a_wide_table_are_told_by_their_pattern(tmp_path):
    text = "case,age,swin_dice,unet_dice,unet_hd95_mm\na,7,0.5,0.25,3\nb,8,1,0,inf\n"
    found = read(tmp_path, wide(tmp_path, text))
    assert scores(found, "dice")["b", "unet", "expert", ""] == (0.0,)
    assert scores(found, "dice", "hd95_mm")["a", "unet", "expert", ""] == (0.25, 3.0)
    assert found.n_left == 1, "age fits no pattern"
    assert found.where(0) == "wide.csv:2"


def test_parts_may_stand_in_any_order_with_any_text_between(tmp_path):
    text = "id,dice (tumor) unet vs automated,dice (edema) unet vs expert\na,0.5,0.25\n"
    pattern = "{metric} ({label}) {model} vs {reference}"
    source = wide(tmp_path, text, pattern=pattern, columns={"id": "case"})
    labels = {"tumor": (1,), "edema": (2,)}
    found = read(tmp_path, source, labels=labels, references=("expert", "automated"))
    assert scores(found, "dice") == {
        ("a", "unet", "automated", "tumor"): (0.5,),
        ("a", "unet", "expert", "edema"): (0.25,),
    }


def test_what_the_pattern_leaves_out_is_said_beside_it(tmp_path):
    source = wide(tmp_path, "case,unet,swin\na,0.5,1\n", pattern="{model}", metric="dice")
    assert len(read(tmp_path, source).table) == 2
    source = wide(tmp_path, "case,dice\na,0.5\n", pattern="{metric}", model="swin")
    assert list(scores(read(tmp_path, source))) == [("a", "swin", "expert", "")]
    (line,) = told(tmp_path, wide(tmp_path, "case,dice\na,0.5\n", pattern="{metric}"))
    assert "2 models, and nothing says which one wide.csv is about" in line
    assert 'Write model = "unet"' in line


def test_an_empty_cell_is_a_row_left_out_and_nan_is_an_undefined_score(tmp_path):
    text = "case,unet_dice,unet_iou,swin_dice\na,,,nan\nb,1,,1\n"
    found = read(tmp_path, wide(tmp_path, text))
    assert ("a", "unet", "expert", "") not in scores(found)
    assert ("a", "swin", "expert", "") in scores(found)
    assert ("b", "unet", "expert", "") in scores(found)


def test_a_longer_name_of_a_model_is_no_metric_of_a_shorter_one(tmp_path):
    text = "case,unet_v2_dice,unet_dice\na,0.5,0.25\n"
    found = read(tmp_path, wide(tmp_path, text), models=("unet", "unet_v2"))
    assert scores(found, "dice") == {
        ("a", "unet", "expert", ""): (0.25,),
        ("a", "unet_v2", "expert", ""): (0.5,),
    }


def test_a_column_that_can_be_read_in_two_ways_is_refused(tmp_path):
    text = "case,unet_v2_dice\na,0.5\n"
    metrics = {"v2_dice": Metric(name="v2_dice")}
    models = ("unet", "unet_v2")
    (line,) = told(tmp_path, wide(tmp_path, text), models=models, metrics=metrics)
    assert 'column "unet_v2_dice" can be read as unet and v2_dice or as unet_v2 and dice' in line


def test_two_columns_of_one_meaning_are_refused(tmp_path):
    text = "case,unet_dice,unet_dsc\na,0.5,0.5\n"
    (line,) = told(tmp_path, wide(tmp_path, text, columns={"dsc": "dice"}))
    assert line.startswith('BR403 wide.csv: columns "unet_dice" and "unet_dsc" both are one thing')


def test_look_alikes_in_other_units_are_never_equated(tmp_path):
    text = "case,unet_HD95,unet_dice\na,3,0.5\n"
    found = read(tmp_path, wide(tmp_path, text))
    assert "hd95_mm" not in found.table.columns
    assert found.n_left == 1
    found = read(tmp_path, wide(tmp_path, text, columns={"HD95": "hd95_mm"}))
    assert scores(found, "hd95_mm") == {("a", "unet", "expert", ""): (3.0,)}
    (line,) = told(tmp_path, wide(tmp_path, "case,unet_HD95\na,3\n"))
    assert 'no column of wide.csv fits pattern "{model}_{metric}"' in line
    assert 'Write columns = { HD95 = "hd95_mm" } if the scores are in mm' in line


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"dsc": "dice"}, 'columns names "dsc", which wide.csv does not have'),
        ({"dice": "hd95"}, 'metric "hd95" is not known'),
        ({"id": "case"}, 'column "id" is not in wide.csv'),
    ],
)
def test_names_in_columns_that_cannot_be_right_are_refused(tmp_path, columns, found):
    text = "case,unet_dice\na,0.5\n"
    lines = told(tmp_path, wide(tmp_path, text, columns=columns))
    assert any(found in line for line in lines), lines


def test_a_case_twice_in_a_wide_table_is_refused_once(tmp_path):
    text = "case,unet_dice,swin_dice\na,1,1\na,1,1\n"
    lines = told(tmp_path, wide(tmp_path, text))
    assert [line.partition(";")[0] for line in lines] == [
        "BR422 wide.csv:3: row of line 2 once more"
    ]


def test_a_score_outside_its_range_is_told_with_its_line(tmp_path):
    lines = told(tmp_path, wide(tmp_path, "case,unet_dice\na,1\nb,87.3\n"))
    assert lines == ["BR420 wide.csv:3: dice is 87.3; expected 0 to 1. Divide percentages by 100."]


@pytest.mark.parametrize("suffix", ["tsv", "parquet", "xlsx"])
def test_a_wide_table_is_the_same_in_other_files(tmp_path, suffix):
    frame = pd.DataFrame(
        {"case": list("ab"), "note": ["x", "y"], "unet_dice": [0.5, None], "swin_dice": [1.0, 0]}
    )
    frame.to_csv(tmp_path / "wide.csv", index=False)
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(tmp_path / "wide.parquet")
    elif suffix == "xlsx":
        pytest.importorskip("defusedxml")
        frame.to_excel(tmp_path / "wide.xlsx", index=False)
    else:
        frame.to_csv(tmp_path / "wide.tsv", index=False, sep="\t")
    expected = read(tmp_path, WIDE)
    found = read(tmp_path, {**WIDE, "table": f"wide.{suffix}"})
    pd.testing.assert_frame_equal(found.table, expected.table, check_exact=True)
    assert found.n_left == expected.n_left == 1


@pytest.mark.parametrize("suffix", ["xlsx", "parquet"])
def test_strangers_may_not_bring_other_files_than_text(tmp_path, suffix):
    (tmp_path / f"wide.{suffix}").write_bytes(b"PK")
    (line,) = told(tmp_path, {**WIDE, "table": f"wide.{suffix}"}, untrusted=True)
    assert line.startswith(f"BR409 wide.{suffix}: table is a .{suffix} file")


@MODEST
@given(
    st.lists(st.text("ab_", min_size=1, max_size=4), min_size=1, max_size=4, unique=True),
    st.lists(st.text("ab_", min_size=1, max_size=4), min_size=1, max_size=4, unique=True),
    st.sampled_from(["{model}_{metric}", "{metric}{model}", "a{model}b{metric}"]),
)
def test_a_name_made_by_the_pattern_is_read_as_what_it_was_made_of(models, metrics, pattern):
    names = {"model": {x: x for x in models}, "metric": {x: x for x in metrics}}
    reader = Pattern(pattern, names=names)
    for model in models:
        for metric in metrics:
            column = pattern.format(model=model, metric=metric)
            every = [
                {"model": one, "metric": other}
                for one in models
                for other in metrics
                if pattern.format(model=one, metric=other) == column
            ]
            readings = reader.readings(column)
            assert {"model": model, "metric": metric} in readings
            assert sorted(map(str, map(sorted, map(dict.items, readings)))) == sorted(
                map(str, map(sorted, map(dict.items, every)))
            )


# ---- tidy


def test_columns_of_a_tidy_table_are_renamed(tmp_path):
    text = "subject,net,gt,DSC,HD95\na,unet,expert,0.5,3\n"
    columns = {
        "subject": "case",
        "net": "model",
        "gt": "reference",
        "DSC": "dice",
        "HD95": "hd95_mm",
    }
    found = read(tmp_path, tidy(tmp_path, text, columns=columns))
    assert scores(found, "dice", "hd95_mm") == {("a", "unet", "expert", ""): (0.5, 3.0)}
    assert found.where(0) == "tidy.csv:2"


def test_what_a_tidy_table_is_about_may_be_said_beside_it(tmp_path):
    text = "case,score\na,0.5\nb,1\n"
    about = {"model": "swin", "reference": "expert", "label": "edema", "metric": "dice"}
    labels = {"tumor": (1,), "edema": (2,)}
    found = read(tmp_path, tidy(tmp_path, text, **about), labels=labels)
    assert scores(found, "dice")["b", "swin", "expert", "edema"] == (1.0,)


def test_what_is_said_twice_is_refused(tmp_path):
    text = "case,model,reference,dice\na,unet,expert,1\n"
    (line,) = told(tmp_path, tidy(tmp_path, text, model="unet"))
    assert 'model = "unet" is said, and tidy.csv has a column of it' in line
    (line,) = told(tmp_path, tidy(tmp_path, text, metric="dice"))
    assert "tidy.csv has no column called score or value" in line
    text = "case,model,reference,dice,dsc\na,unet,expert,1,1\n"
    (line,) = told(tmp_path, tidy(tmp_path, text, columns={"dsc": "dice"}))
    assert line.startswith('BR403 tidy.csv: columns "dice" and "dsc" both are dice')


def test_a_metric_that_nobody_knows_is_asked_for_with_its_direction(tmp_path):
    text = "case,model,reference,ravd\na,unet,expert,-0.5\n"
    (line,) = told(tmp_path, tidy(tmp_path, text, columns={"ravd": "ravd"}))
    assert 'metric "ravd" is not known' in line
    assert 'Add [metrics.ravd] with direction = one of "higher", "lower", "signed"' in line
    (line,) = told(tmp_path, tidy(tmp_path, text, columns={"ravd": "hd95"}))
    assert 'Write columns = { ravd = "hd95_mm" } if it is in mm, else add [metrics.hd95]' in line
    metrics = {"ravd": Metric(name="ravd", direction="signed", range=(None, None))}
    found = read(tmp_path, tidy(tmp_path, text, columns={"ravd": "ravd"}), metrics=metrics)
    assert scores(found, "ravd") == {("a", "unet", "expert", ""): (-0.5,)}


def test_a_tidy_table_without_known_metric_says_what_to_write(tmp_path):
    text = "case,model,reference,hd95\na,unet,expert,3\n"
    (line,) = told(tmp_path, tidy(tmp_path, text))
    assert line.startswith("BR602 tidy.csv: tidy.csv has no column of a known metric")
    assert 'columns = { hd95 = "hd95_mm" } if the scores are in mm' in line


def test_renamed_columns_of_parquet_are_read(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"subject": [7, 8], "DSC": [0.5, 1], "when": pd.Timestamp(0)})
    frame.to_parquet(tmp_path / "t.parquet")
    source = {"table": "t.parquet", "model": "unet", "reference": "expert"}
    source["columns"] = {"subject": "case", "DSC": "dice"}
    found = read(tmp_path, source, cases=["7", "8"])
    assert scores(found, "dice")["8", "unet", "expert", ""] == (1.0,)


# ---- hostile

BAD = {
    "a byte order mark": ("\ufeffcase,unet_dice\na,1\n", None),
    "ends of lines of Windows": ("case,unet_dice\r\na,1\r\n", None),
    "blanks around names": (" case ,unet_dice \n a , 1 \n", None),
    "semicolons": ("case;unet_dice\na;1\n", "BR408 wide.csv: is separated by semicolons"),
    "a column twice": ("case,unet_dice,unet_dice\na,1,1\n", "BR403 wide.csv:1: columns 2 and 3"),
    "an infinite overlap": ("case,unet_dice\na,inf\n", "BR420 wide.csv:2: dice is inf"),
    "a text": ("case,unet_dice\na,high\n", "BR406 wide.csv:2: "),
    "a huge number": ("case,unet_dice\na,1e999\n", "BR406 wide.csv:2: "),
    "a decimal comma": ('case,unet_dice\na,"0,5"\n', "BR406 wide.csv:2: "),
    "too many cells": ("case,unet_dice\na,1,1\n", "BR408 wide.csv:2: 3 cells"),
    "a formula": ("case,unet_dice\na,=1+1\n", "BR406 wide.csv:2: "),
    "nothing": ("", "BR408 wide.csv: is empty"),
}


@pytest.mark.parametrize("kind", BAD)
def test_untidy_and_hostile_wide_tables_are_read_right_or_refused(tmp_path, kind):
    text, refusal = BAD[kind]
    (tmp_path / "wide.csv").write_bytes(text.encode())
    lines = told(tmp_path, WIDE)
    if refusal is None:
        assert scores(read(tmp_path, WIDE), "dice") == {("a", "unet", "expert", ""): (1.0,)}
    else:
        assert lines, kind
        assert lines[0].startswith(refusal), lines
    assert not any("high" in line or "1+1" in line for line in lines), "cells are never quoted"
