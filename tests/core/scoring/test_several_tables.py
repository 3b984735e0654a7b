"""Several ready score tables make one: each score once, each place told, all limits together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import ScoreSource
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import Limits
from pytest_biasruler.scoring.run import score_benchmark
from tests.core.scoring.tables import bench, read, scores, summary, told

HEAD = "case,model,reference,dice\n"
MODEST = settings(deadline=None, derandomize=True, max_examples=40)


def write(folder, **tables):
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return [{"table": f"{name}.csv"} for name in tables]


def test_two_tables_are_read_as_the_one_that_holds_the_rows_of_both(tmp_path):
    first, second = "a,unet,expert,0.5\n", "b,unet,expert,0.25\na,swin,expert,1\n"
    both = read(tmp_path, *write(tmp_path, one=HEAD + first, two=HEAD + second))
    alone = read(tmp_path, *write(tmp_path, all=HEAD + first + second))
    pd.testing.assert_frame_equal(both.table, alone.table, check_exact=True)
    places = {row: both.where(n) for n, row in enumerate(scores(both))}
    assert places["a", "unet", "expert", ""] == "one.csv:2"
    assert places["a", "swin", "expert", ""] == "two.csv:3"


def test_tables_of_other_metrics_make_one_row(tmp_path):
    distances = "case,model,reference,hd95_mm\nb,unet,expert,3\na,unet,expert,2\n"
    dice = HEAD + "a,unet,expert,0.5\nb,unet,expert,0.25\n"
    found = read(tmp_path, *write(tmp_path, dice=dice, hd=distances))
    assert scores(found, "dice", "hd95_mm") == {
        ("a", "unet", "expert", ""): (0.5, 2.0),
        ("b", "unet", "expert", ""): (0.25, 3.0),
    }


def test_an_empty_cell_takes_the_score_of_the_other_table(tmp_path):
    empty, full = HEAD + "a,unet,expert,\n", HEAD + "a,unet,expert,0.5\n"
    assert scores(read(tmp_path, *write(tmp_path, one=empty, two=full)), "dice") == {
        ("a", "unet", "expert", ""): (0.5,)
    }


def test_a_score_in_two_tables_is_refused_with_both_places(tmp_path):
    one = HEAD + "b,unet,expert,0.5\na,unet,expert,0.5\n"
    two = HEAD + "a,unet,expert,0.5\n"
    assert told(tmp_path, *write(tmp_path, one=one, two=two)) == [
        "BR422 two.csv:2: dice of this row stands at one.csv:3, too; expected each score once. "
        "Remove one of them, or one table."
    ]


def test_a_score_in_the_second_and_third_table_names_those_two(tmp_path):
    row = "a,unet,expert,0.5\n"
    hd = "case,model,reference,hd95_mm\na,unet,expert,1\n"
    (line,) = told(tmp_path, *write(tmp_path, hd=hd, two=HEAD + row, three=HEAD + row))
    assert line.startswith("BR422 three.csv:2: dice of this row stands at two.csv:2, too")


def test_a_distance_of_0_where_another_table_has_no_overlap_is_refused(tmp_path):
    hd = "case,model,reference,hd95_mm\na,unet,expert,0\n"
    (line,) = told(tmp_path, *write(tmp_path, dice=HEAD + "a,unet,expert,0\n", hd=hd))
    assert line.startswith("BR421 dice.csv:2: hd95_mm is 0 where dice is 0")


def test_all_tables_are_told_what_is_wrong_with_each(tmp_path):
    tables = write(tmp_path, one=HEAD + "a,unet,expert,x\n", two="case;dice\n")
    lines = told(tmp_path, *tables, {"table": "three.csv"}, *write(tmp_path, four="case,dice\n"))
    assert [line.partition(";")[0] for line in lines] == [
        'BR602 four.csv: column "model" is not in four.csv',
        'BR602 four.csv: column "reference" is not in four.csv',
        "BR408 three.csv: no such file",
        "BR408 two.csv: is separated by semicolons",
    ]
    (line,) = told(tmp_path, tables[0])
    assert line.startswith("BR406 one.csv:2: ")


def test_labels_of_two_tables_need_names(tmp_path):
    head = "case,model,reference,label,dice\n"
    tables = write(tmp_path, a=head + "a,unet,expert,x,1\n", b=head + "a,swin,expert,y,1\n")
    (line,) = told(tmp_path, *tables)
    assert line.startswith("BR602 a.csv and b.csv: a.csv and b.csv has several labels")


def test_rows_and_bytes_of_all_tables_count_together(tmp_path):
    rows = HEAD + "".join(f"{n},unet,expert,1\n" for n in range(60))
    tables = write(tmp_path, one=rows, two=rows.replace("unet", "swin"))
    cases = [str(n) for n in range(60)]
    assert not told(tmp_path, *tables, cases=cases, limits=Limits(max_rows=60))
    # Metadata may have 60 rows, score tables 50 times that.
    many = [{"table": "one.csv", "format": "tidy"}] * 51
    lines = told(tmp_path, *many, cases=cases, limits=Limits(max_rows=60))
    assert any(line.startswith("BR410 one.csv: more than 3000 rows") for line in lines)
    n_bytes = (tmp_path / "one.csv").stat().st_size
    lines = told(tmp_path, *tables, cases=cases, limits=Limits(max_table_bytes=n_bytes // 33))
    assert [line.partition(";")[0] for line in lines] == [f"BR410 two.csv: {2 * n_bytes} bytes"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    for model in ("unet", "swin"):
        (tmp_path / model).mkdir()
        (tmp_path / model / "summary.json").write_text(summary({"a": {"1": (1, 0, 0)}}))
    source = {"format": "nnunet", "model": "unet"}
    tables = [{"table": f"{model}/summary.json", **source} for model in ("unet", "swin")]
    lines = told(tmp_path, *tables)
    assert lines[0].startswith(
        "BR422 swin/summary.json:1: dice of this row stands at unet/summary.json:1, too"
    )


def test_a_table_of_an_untrusted_benchmark_may_not_be_a_link(tmp_path):
    (tmp_path / "real.csv").write_text(HEAD + "a,unet,expert,1\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    tables = [{"table": "real.csv"}, {"table": "link.csv"}]
    (line,) = told(tmp_path, *tables, untrusted=True)
    assert line.startswith("BR402 link.csv: ")


def test_one_table_outside_the_root_is_refused_with_its_number(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "out.csv").write_text(HEAD)
    (tmp_path / "root" / "link.csv").symlink_to(tmp_path / "out.csv")
    (tmp_path / "root" / "in.csv").write_text(HEAD + "a,unet,expert,1\n")
    lines = told(tmp_path / "root", {"table": "in.csv"}, {"table": "link.csv"})
    assert [line.partition(";")[0] for line in lines] == [
        "BR401 [[scores]] 2: the score table leaves the data root"
    ]


def test_one_source_alone_is_kept_as_several(tmp_path):
    alone = bench(tmp_path, {"table": "a.csv"})
    assert alone.scores == (ScoreSource(table="a.csv"),)


keys = st.tuples(
    st.sampled_from("abc"), st.sampled_from(["unet", "swin"]), st.sampled_from(["dice", "iou"])
)


@MODEST
@given(st.dictionaries(keys, st.floats(0, 1), min_size=1), st.data())
def test_how_scores_are_spread_over_tables_changes_nothing(tmp_path_factory, told_scores, data):
    folder = tmp_path_factory.mktemp("spread")
    tables = [{}, {}, {}]
    for key, score in told_scores.items():
        tables[data.draw(st.integers(0, 2))][key] = score
    paths = []
    for number, table in enumerate(each for each in [*tables, told_scores] if each):
        rows: dict[tuple[str, str], dict[str, float]] = {}
        for (case, model, metric), score in table.items():
            rows.setdefault((case, model), {})[metric] = score
        wide = pd.DataFrame.from_dict(rows, orient="index").rename_axis(["case", "model"])
        wide["reference"] = "expert"
        wide.reset_index().to_csv(folder / f"{number}.csv", index=False)
        paths.append({"table": f"{number}.csv"})
    *parts, whole = paths
    metrics = sorted({metric for _, _, metric in told_scores})
    expected = read(folder, whole).table
    found = read(folder, *parts).table
    np.testing.assert_array_equal(found[metrics].to_numpy(), expected[metrics].to_numpy())
    pd.testing.assert_frame_equal(found[["case", "model"]], expected[["case", "model"]])


@pytest.mark.parametrize("n", [0, 1001])
def test_a_list_of_no_tables_or_of_too_many_is_refused(tmp_path, n):
    from pytest_biasruler.errors import BiasRulerError

    with pytest.raises(BiasRulerError, match="scores"):
        bench(tmp_path, *[{"table": "a.csv"}] * n)


def test_the_digests_cover_every_table_and_not_how_they_are_split(tmp_path):
    def digests(*sources):
        benchmark = bench(tmp_path, *sources)
        scored = score_benchmark(benchmark, metadata=read_metadata(benchmark))
        return {"references": scored.digest, **scored.model_digests}

    rows = [f"{case},{model},expert,0.5\n" for model in ("unet", "swin") for case in "abc"]
    split = write(tmp_path, one=HEAD + "".join(rows[:2]), two=HEAD + "".join(rows[2:]))
    before = digests(*split)
    assert before == digests(*write(tmp_path, all=HEAD + "".join(reversed(rows))))
    changed = rows[-1].replace("0.5", "0.25")
    after = digests(*write(tmp_path, two=HEAD + "".join([*rows[2:-1], changed])), split[0])
    assert after["swin"] != before["swin"]
    assert after["unet"] == before["unet"]
