from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import ScoreSource
from pytest_biasruler.benchmark.metrics import Direction, Metric
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, Limits
from pytest_biasruler.scoring import table as table_module
from pytest_biasruler.scoring.nnunet import read_summary
from pytest_biasruler.scoring.table import FACTS, KEYS, STATUS

HEAD = "case,model,reference,dice\n"
SETS = {"expert": None, "auto": None, "unet": None}
HD95 = Metric(
    name="hd95_mm",
    unit="mm",
    direction=Direction.LOWER,
    range=(0.0, None),
    both_empty=0.0,
    one_empty="image diagonal",
    cap=100.0,
)


@pytest.fixture(name="publish")
def fixture_publish(make_bench):
    """Return a function that scores a benchmark that has nothing but a table."""

    def publish(text, *, cases="abc", name="scores.csv", **options):
        bench = make_bench({})
        bench.root.mkdir(exist_ok=True)
        scores = text
        if isinstance(text, str):
            (bench.root / name).write_text(text)
            scores = ScoreSource(table=name, format="nnunet" if name.endswith(".json") else "tidy")
        options.setdefault("sources", SETS)
        build = {"metadata": pd.DataFrame({"case": list(cases)}), "scores": scores, **options}
        return bench.score(build=build)

    return publish


def problems_of(publish, *args, **options):
    with pytest.raises(BiasRulerProblems) as caught:
        publish(*args, **options)
    return [str(each) for each in caught.value.problems]


def note(scored, code, name):
    return next((each for each in scored.notes if (each.code, each.set) == (code, name)), None)


def test_a_tidy_table_becomes_the_score_table(publish):
    text = (
        "reference,case,remark,hd95_mm,dice,model,n_model\n"
        "expert,b,x,2.5,0.5,unet,7\n"
        "expert,a,y,1e-1,0.25,unet,\n"
        "expert,c,,3,0.1,unet,0\n"
        "expert,a,,4,0.75,auto,9\n"
        "expert,b,,4,1,auto,9\n"
        "expert,c,,4,0.75,auto,9\n"
    )
    scored = publish(text)
    table = scored.table
    assert list(table.columns) == [*KEYS, "dice", "hd95_mm", *FACTS, STATUS]
    assert table[list(KEYS)].to_numpy().tolist() == [
        ["a", "", "auto", "expert"],
        ["a", "", "unet", "expert"],
        ["b", "", "auto", "expert"],
        ["b", "", "unet", "expert"],
        ["c", "", "auto", "expert"],
        ["c", "", "unet", "expert"],
    ]
    assert table["dice"].tolist() == [0.75, 0.25, 1.0, 0.5, 0.75, 0.1]
    assert table["hd95_mm"].tolist() == [4.0, 0.1, 4.0, 2.5, 4.0, 3.0]
    assert table["n_model"].isna().tolist() == [False, True, False, False, False, False]
    assert set(table[STATUS]) == {"scored"}
    assert scored.excluded["expert"] == {}


def test_every_documented_column_is_there_and_no_other(tiny):
    documented = {
        line.split("``")[1] for line in table_module.__doc__.splitlines() if line[:2] == "``"
    }
    table = tiny.score().table
    metrics = set(tiny.score().table.columns) - documented
    assert documented == {*KEYS, *FACTS, STATUS}
    assert "dice" in metrics
    assert all(table[name].dtype == float for name in metrics | set(FACTS))


def test_a_data_frame_is_read_like_a_file(publish):
    rows = [
        ("a", "unet", "expert", 0.1),
        ("b", "unet", "expert", 1 / 3),
        ("c", "unet", "expert", np.nan),
    ]
    frame = pd.DataFrame(rows, columns=["case", "model", "reference", "dice"])
    text = HEAD + "".join(
        f"{case},{model},{reference},{'' if math.isnan(dice) else repr(dice)}\n"
        for case, model, reference, dice in rows
    )
    from_frame, from_file = publish(frame), publish(text)
    pd.testing.assert_frame_equal(from_frame.table, from_file.table, check_exact=True)
    assert from_frame.notes == from_file.notes
    assert from_frame.digest == from_file.digest


@given(order=st.permutations(range(6)))
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_order_of_rows_changes_nothing(order, publish):
    rows = [
        f"{case},{model},expert,0.{n}\n"
        for n, case in enumerate("abc")
        for model in ("unet", "auto")
    ]
    straight, shuffled = (
        publish(HEAD + "".join(rows)),
        publish(HEAD + "".join(rows[place] for place in order)),
    )
    pd.testing.assert_frame_equal(straight.table, shuffled.table)
    assert straight.aliases == shuffled.aliases
    assert straight.digest == shuffled.digest


def test_all_problems_of_a_table_are_told_at_once_with_their_lines(publish):
    text = (
        "case,model,reference,dice,hd95_mm\n"
        "a,unet,expert,87.3,1\n"
        "b,unet,expert,0,0\n"
        "c,unet,expert,0.5,-1\n"
        "b,unet,expert,0.5,2\n"
        "c,auto,expert,0.5x,2\n"
    )
    assert problems_of(publish, text) == [
        "BR420 scores.csv:2: dice is 87.3; expected 0 to 1. Divide percentages by 100.",
        "BR421 scores.csv:3: hd95_mm is 0 where dice is 0; expected a worst or no value. "
        "Leave the cell empty or write inf, and set cap.",
        "BR420 scores.csv:4: hd95_mm is -1; expected 0 or more. Correct the score.",
        "BR422 scores.csv:5: row of line 3 once more; expected one row for each case, label, "
        "model and reference. Remove one.",
        'BR406 scores.csv:6: dice looks like "9.9a" (9 for a digit, a for a letter); expected a '
        "number. Correct the cell or leave it empty.",
    ]


@pytest.mark.parametrize("cell", ["1_0", "0x1", "\uff11", "1e999", "yes", "0,5 "])
def test_what_is_no_plain_number_is_refused(publish, cell):
    text = HEAD + f'a,unet,expert,"{cell}"\n'
    assert [each[:5] for each in problems_of(publish, text)] == ["BR406"]


def test_a_distance_of_zero_beside_an_overlap_of_zero_is_refused_for_iou_too(publish):
    text = "case,model,reference,iou,assd_mm\na,unet,expert,0,0\nb,unet,expert,1,0\n"
    (problem,) = problems_of(publish, text)
    assert problem.startswith("BR421 scores.csv:2: assd_mm is 0 where iou is 0")


def test_a_table_of_a_thousand_bad_rows_does_not_drown_the_reader(publish):
    cases = [f"c{index}" for index in range(1000)]
    text = HEAD + "".join(f"{case},unet,expert,90\n" for case in cases)
    assert len(problems_of(publish, text, cases=cases)) == 11


def test_columns_that_are_lacking_are_named(publish):
    (model, metric) = problems_of(publish, "case,reference,quality\na,expert,1\n")
    assert model.startswith('BR602 scores.csv: column "model" is not in scores.csv')
    assert metric.startswith("BR602 scores.csv: scores.csv has no column of a known metric")


def test_a_declared_column_of_unknown_meaning_is_read_within_its_range(publish):
    quality = Metric(name="quality", range=(1.0, 5.0))
    text = "case,model,reference,quality\na,unet,expert,4\nb,unet,expert,2\nc,unet,expert,3\n"
    table = publish(text, metrics={"quality": quality}).table
    assert table["quality"].tolist() == [4.0, 2.0, 3.0]
    (problem,) = problems_of(publish, text.replace("4", "6"), metrics={"quality": quality})
    assert "quality is 6; expected 1 to 5" in problem


def test_infinite_distances_take_the_declared_cap_or_are_undefined(publish):
    text = (
        "case,model,reference,dice,hd95_mm\n"
        "a,unet,expert,0,inf\nb,unet,expert,0,Infinity\nc,unet,expert,1,0\n"
    )
    without = publish(text)
    assert without.table["hd95_mm"].isna().tolist() == [True, True, False]
    assert note(without, "BR423", "unet").n == 2
    capped = publish(text, metrics={"hd95_mm": HD95})
    assert capped.table["hd95_mm"].tolist() == [100.0, 100.0, 0.0]
    assert note(capped, "BR423", "unet") is None
    (problem,) = problems_of(publish, HEAD + "a,unet,expert,inf\n")
    assert problem.startswith("BR420 scores.csv:2: dice is inf; expected 0 to 1.")


def test_empty_and_nan_scores_are_undefined_and_counted(publish):
    scored = publish(HEAD + "a,unet,expert,\nb,unet,expert,NaN\nc,unet,expert,0.5\n")
    assert scored.table["dice"].isna().tolist() == [True, True, False]
    assert scored.table[STATUS].tolist() == ["undefined", "undefined", "scored"]
    found = note(scored, "BR423", "unet")
    assert (found.n, found.text) == (
        2,
        "2 scores of unet in the score table are undefined: 2 of dice",
    )


def test_a_row_that_is_left_out_is_undefined_not_forgotten(publish):
    text = HEAD + "a,unet,expert,0.5\nb,unet,expert,0.5\na,other,expert,0.5\n"
    scored = publish(text, sources={**SETS, "other": None})
    rows = scored.table.set_index(["model", "case"])[STATUS].to_dict()
    assert rows == {
        ("unet", "a"): "scored",
        ("unet", "b"): "scored",
        ("other", "a"): "scored",
        ("other", "b"): "undefined",
    }
    assert scored.excluded["expert"] == {"c": "BR404"}, "no row tells that c has a reference"
    text = "the score table lacks 1 rows of other; their scores are undefined"
    assert note(scored, "BR404", "other").text == text


def test_rows_of_strangers_are_left_out_and_counted(publish):
    text = HEAD + (
        "a,unet,expert,0.5\nb,unet,expert,0.5\nc,unet,expert,0.5\n"
        "z,unet,expert,0.5\na,nobody,expert,0.5\na,unet,nobody,7\na,expert,expert,0.5\n"
    )
    scored = publish(text)
    assert len(scored.table) == 3
    assert note(scored, "BR404", "scores").n == 1
    assert note(scored, "BR404", "names in scores").n == 3


def test_names_that_lost_their_zeros_are_told(publish):
    rows = [f"{case},{model},expert,0.5\n" for case in ("7", "8", "Q") for model in ("unet", "x")]
    scored = publish(HEAD + "".join(rows), cases=("007", "008", "q", "9"))
    assert len(scored.table) == 0
    assert note(scored, "BR404", "scores").text == (
        "3 rows of the score table match no case; 3 would, but for capitals or leading zeros"
    )
    fix = "Write cases as the metadata do: rows differ in capitals or leading zeros alone"
    assert scored.errors["unet"].fix == fix
    strangers = publish(HEAD + "z,unet,expert,0.5\n")
    assert strangers.errors["unet"].fix.endswith("do: rows of the table match none of them")
    assert publish(HEAD).errors["unet"].fix == "Add masks or rows"


def test_two_empty_masks_with_dice_1_are_agreed_absent(publish):
    text = (
        "case,model,reference,dice,n_model,n_reference,model_ml,reference_ml\n"
        "a,unet,expert,1,0,0,,\nb,unet,expert,1,,,0,0\nc,unet,expert,1,3,3,1,1\n"
        "d,unet,expert,,0,0,,\ne,unet,expert,0,0,4,,\n"
    )
    scored = publish(text, cases="abcde")
    absent = "agreed absent"
    assert scored.table[STATUS].tolist() == [absent, absent, "scored", absent, "scored"]
    assert note(scored, "BR423", "unet") is None


def test_labels_of_a_table_follow_those_of_the_benchmark(publish):
    text = "case,model,reference,label,dice\n" + "".join(
        f"{case},unet,expert,{label},0.5\n" for case in "abc" for label in ("core", "rim", "x")
    )
    scored = publish(text, labels={"core": (1,), "rim": (2,)})
    assert sorted(set(scored.table["label"])) == ["core", "rim"]
    assert note(scored, "BR404", "names in scores").n == 3
    (problem,) = problems_of(publish, text)
    assert problem.startswith("BR602 scores.csv: scores.csv has several labels")
    (problem,) = problems_of(
        publish, HEAD + "a,unet,expert,1\n", labels={"core": (1,), "rim": (2,)}
    )
    assert 'column "label" is not in scores.csv' in problem


@pytest.mark.parametrize("labels", [{}, {"core": (1,)}])
def test_one_label_needs_no_column(publish, labels):
    table = publish(HEAD + "a,unet,expert,1\n", labels=labels).table
    assert set(table["label"]) == {next(iter(labels), "")}


def test_a_model_without_a_row_is_in_error(publish):
    scored = publish(HEAD + "a,auto,expert,1\n")
    assert {name: error.code for name, error in scored.errors.items()} == {"unet": "BR503"}
    assert "unet has neither masks nor a row" in scored.errors["unet"].found


def test_wrong_pairing_shows_in_finished_scores_too(publish):
    cases = [f"c{index}" for index in range(12)]
    text = HEAD + "".join(
        f"{case},unet,expert,{0.5 * (place < 5)}\n" for place, case in enumerate(cases)
    )
    assert publish(text, cases=cases).wrong_pairing == {("unet", "expert", "")}


def test_aliases_of_a_table_follow_its_rows(publish):
    aliases = publish(HEAD + "a,unet,expert,0.5\nb,unet,expert,0.7\n").aliases
    swapped = publish(HEAD + "b,unet,expert,0.5\na,unet,expert,0.7\n").aliases
    assert (aliases["a"], aliases["b"]) == (swapped["b"], swapped["a"])
    assert sorted(aliases.values()) == ["case-001", "case-002", "case-003"]


# ---- masks and a table together


def test_a_table_adds_columns_to_scores_of_masks(tiny):
    text = "case,model,reference,quality\n" + "".join(
        f"{case},unet,expert,{place}\n" for place, case in enumerate(tiny.cases[:5])
    )
    (tiny.root / "extra.csv").write_text(text)
    options = {
        "scores": ScoreSource(table="extra.csv"),
        "metrics": {"quality": Metric(name="quality", range=(None, None))},
    }
    before, scored = tiny.score(), tiny.score(build=options)
    rows = scored.table[
        (scored.table["model"] == "unet") & (scored.table["reference"] == "expert")
    ]
    assert rows["quality"].tolist()[:5] == [0, 1, 2, 3, 4]
    assert math.isnan(rows["quality"].tolist()[5])
    pd.testing.assert_frame_equal(scored.table.drop(columns="quality"), before.table)


def test_a_score_that_both_masks_and_table_give_is_refused(tiny):
    (tiny.root / "extra.csv").write_text(HEAD + "c1,unet,expert,0.5\n")
    with pytest.raises(BiasRulerProblems) as caught:
        tiny.score(build={"scores": ScoreSource(table="extra.csv")})
    assert str(caught.value) == (
        "BR422 extra.csv:2: dice of this case is given by masks too; expected masks or a score, "
        "not both. Remove the column or the masks."
    )


def test_a_model_of_the_table_stands_beside_models_with_masks(tiny):
    text = HEAD + "".join(f"{case},tabled,expert,0.5\n" for case in tiny.cases[:4])
    (tiny.root / "extra.csv").write_text(text)
    scored = tiny.score(
        build={"scores": ScoreSource(table="extra.csv"), "sources": {"tabled": None}}
    )
    rows = scored.table[scored.table["model"] == "tabled"]
    assert rows[STATUS].tolist() == ["scored"] * 4 + ["undefined"] * 2
    assert scored.excluded == {"expert": {}, "auto": {}}
    masks = tiny.score().table
    pd.testing.assert_frame_equal(
        scored.table[scored.table["model"] != "tabled"].reset_index(drop=True), masks
    )


# ---- nnU-Net


def summary(cases, version=2):
    listed = []
    for case, by_label in cases.items():
        metrics = {
            key: {"Dice": dice, "IoU" if version == 2 else "Jaccard": dice / (2 - dice)}
            | ({"n_pred": 5, "n_ref": 6} if version == 2 else {})
            for key, dice in by_label.items()
        }
        files = {"prediction_file": f"/x/{case}.nii.gz", "reference_file": "/y"}
        old = {"test": f"C:\\x\\{case}.nii.gz", "reference": "/y"}
        listed.append({"metrics": metrics, **files} if version == 2 else {**metrics, **old})
    if version == 2:
        return json.dumps({"metric_per_case": listed, "mean": {}})
    return json.dumps({"name": "x", "results": {"all": listed, "mean": {}}})


NNUNET = {"sources": {"expert": None, "unet": None}, "name": "summary.json"}


@pytest.mark.parametrize("version", [1, 2])
def test_a_summary_of_nnunet_is_paired_by_file_name(publish, version):
    text = summary({"c": {"1": 0.5}, "a": {"1": 0.25}, "b": {"1": 1.0}}, version)
    table = publish(text, **NNUNET).table
    assert table[["case", "dice"]].to_numpy().tolist() == [["a", 0.25], ["b", 1.0], ["c", 0.5]]
    assert table["iou"].tolist() == [0.25 / 1.75, 1.0, 0.5 / 1.5]
    assert table["n_reference"].tolist() == (
        [6.0] * 3 if version == 2 else pytest.approx([math.nan] * 3, nan_ok=True)
    )


def test_labels_and_regions_of_nnunet_take_the_names_of_the_benchmark(publish):
    text = summary({"a": {"0": 1.0, "1": 0.5, "(1, 2)": 0.25, "3": 0.1}})
    table = publish(text, labels={"core": (1,), "whole": (2, 1)}, cases="a", **NNUNET).table
    assert dict(zip(table["label"], table["dice"], strict=True)) == {"core": 0.5, "whole": 0.25}


def test_several_labels_of_nnunet_need_names(publish):
    (problem,) = problems_of(publish, summary({"a": {"1": 0.5, "2": 0.5}}), **NNUNET)
    assert problem.startswith("BR602 summary.json: summary.json has 2 labels")


def test_an_undefined_dice_of_nnunet_is_undefined(publish):
    text = summary({"a": {"1": math.nan}})
    assert "NaN" in text
    assert publish(text, cases="a", **NNUNET).table[STATUS].tolist() == ["undefined"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "BR408"),
        ("[]", "BR408"),
        ('{"metric_per_case": [1]}', "BR408"),
        ('{"metric_per_case": [{"metrics": {}}]}', "BR408"),
        ('{"a": 1, "a": 2}', "BR403"),
        ("[" * 100_000, "BR408"),
    ],
)
def test_what_is_no_summary_is_refused(publish, text, code):
    (problem,) = problems_of(publish, text, **NNUNET)
    assert problem.startswith(f"{code} summary.json: ")


def test_a_summary_is_that_of_one_model_and_one_reference(publish):
    sources = {"expert": None, "unet": None, "other": None}
    (problem,) = problems_of(
        publish, summary({"a": {"1": 0.5}}), sources=sources, name="summary.json"
    )
    assert problem.startswith("BR602 [scores]: 2 models, and nothing says which one summary")


def test_a_summary_above_the_limit_is_not_read(tmp_path):
    path = tmp_path / "summary.json"
    path.write_text(summary({"a": {"1": 0.5}}))
    with pytest.raises(BiasRulerError, match="BR410 shown: "):
        read_summary(
            path,
            model="m",
            reference="r",
            labels={},
            shown="shown",
            limits=Limits(max_table_bytes=10),
        )


def test_a_missing_table_is_told(make_bench):
    bench = make_bench({})
    bench.root.mkdir()
    with pytest.raises(BiasRulerProblems, match=r"BR408 none\.csv: no such file"):
        bench.score(
            build={
                "metadata": pd.DataFrame({"case": ["a"]}),
                "scores": ScoreSource(table="none.csv"),
                "sources": SETS,
            }
        )
