"""Ready score tables of strangers: bounded by what the benchmark can need, and never links."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from pytest_biasruler.benchmark import textfile as textfile_module
from pytest_biasruler.benchmark import texttable as texttable_module
from pytest_biasruler.benchmark.definition import (
    Benchmark,
    Model,
    Reference,
    ReferenceKind,
    ScoreSource,
)
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import BiasRulerProblems, Limits
from pytest_biasruler.scoring import nnunet as nnunet_module
from pytest_biasruler.scoring.allowance import table_limits
from pytest_biasruler.scoring.given import read_scores

HEAD = "case,model,reference,dice\n"
AMPLE = "1 case, 1 model, 1 reference and 1 label"
MOST_ROWS = 4 * 1 * (1 + 1) * 1 * 1 + 1000
MOST_BYTES = MOST_ROWS * 1024 + 2**20


def bench(root, **options):
    options = {"untrusted": True, "scores": ScoreSource(table="scores.csv"), **options}
    return Benchmark(
        name="tiny",
        metadata=pd.DataFrame({"case": ["a"]}),
        root=root,
        references=(Reference(name="expert", kind=ReferenceKind.EXPERT),),
        models=(Model(name="unet"),),
        **options,
    )


def read(benchmark):
    return read_scores(benchmark, metadata=read_metadata(benchmark), metrics=CATALOGUE)


def told(benchmark):
    with pytest.raises(BiasRulerProblems) as caught:
        read(benchmark)
    return [str(problem) for problem in caught.value.problems]


def summary(n_entries, **measures):
    entry = {"prediction_file": "a.nii", "metrics": {"1": {"Dice": 0.5, **measures}}}
    return json.dumps({"metric_per_case": [entry] * n_entries})


@pytest.fixture
def held(monkeypatch):
    """Return the rows that were read of a table."""
    rows = []
    next_rows = textfile_module._next_rows

    def count(reader, *, most):
        found = next_rows(reader, most=most)
        rows.extend(found[0])
        return found

    monkeypatch.setattr(textfile_module, "_next_rows", count)
    return rows


def test_rows_of_a_stranger_are_held_up_to_what_the_benchmark_can_need(tmp_path, held):
    (tmp_path / "scores.csv").write_text(HEAD + "x,unet,expert,0.5\n" * 5000)
    (problem,) = told(bench(tmp_path))
    assert problem == (
        f"BR410 scores.csv: more than {MOST_ROWS} rows; expected at most {MOST_ROWS}, ample for "
        f"{AMPLE}. Leave out other rows."
    )
    assert len(held) == MOST_ROWS + 2, "header, the rows, and the one that is too many"


def test_bytes_of_a_stranger_are_bounded_before_a_row_is_read(tmp_path, held):
    (tmp_path / "scores.csv").write_bytes(b"x" * (MOST_BYTES + 1))
    (problem,) = told(bench(tmp_path))
    assert problem == (
        f"BR410 scores.csv: {MOST_BYTES + 1} bytes; expected at most {MOST_BYTES}, ample for "
        f"{AMPLE}. Leave out other rows and columns."
    )
    assert held == []


def test_a_summary_of_a_stranger_is_bounded_before_it_is_parsed(tmp_path, monkeypatch):
    (tmp_path / "summary.json").write_text(" " * MOST_BYTES + summary(1))
    monkeypatch.setattr(nnunet_module.json, "loads", lambda *_, **__: pytest.fail("parsed"))
    (problem,) = told(bench(tmp_path, scores=ScoreSource(table="summary.json", format="nnunet")))
    assert f"expected at most {MOST_BYTES}, ample for {AMPLE}" in problem


def test_rows_of_a_summary_are_bounded_too(tmp_path):
    (tmp_path / "summary.json").write_text(summary(MOST_ROWS + 1))
    (problem,) = told(bench(tmp_path, scores=ScoreSource(table="summary.json", format="nnunet")))
    assert f"more than {MOST_ROWS} rows" in problem


def test_rows_of_a_data_frame_are_bounded_too(tmp_path):
    row = {"case": "x", "model": "unet", "reference": "expert", "dice": 0.5}
    (problem,) = told(bench(tmp_path, scores=pd.DataFrame([row] * (MOST_ROWS + 1))))
    assert problem.startswith(f"BR410 scores: more than {MOST_ROWS} rows")


def test_a_trusted_table_is_bounded_by_the_ini_file_alone(tmp_path):
    limits, needed = table_limits(bench(tmp_path, untrusted=False), n_cases=1)
    assert (limits.max_rows, limits.max_table_bytes) == (50 * 10**6, 50 * 2**28)
    assert needed == ""
    (tmp_path / "scores.csv").write_text(HEAD + "a,unet,expert,0.5\n" + "x,unet,expert,0\n" * 2000)
    assert read(bench(tmp_path, untrusted=False)).n_strangers == 2000


def test_no_table_may_be_larger_than_the_ini_file_says(tmp_path):
    limits = Limits(max_rows=2, max_table_bytes=10)
    bound, _ = table_limits(bench(tmp_path, limits=limits), n_cases=10**6)
    assert (bound.max_rows, bound.max_table_bytes) == (100, 500)


def test_every_score_that_the_benchmark_can_need_is_accepted(tmp_path):
    rows = [f"a,{model},expert,{n}e-3\n" for n, model in enumerate(["unet", *"x" * 1000])]
    (tmp_path / "scores.csv").write_text(HEAD + "".join(rows))
    published = read(bench(tmp_path))
    assert (len(published.table), published.n_others) == (1, 1000)


def test_no_table_of_a_stranger_is_read_while_nobody_knows_the_cases(tmp_path):
    benchmark = bench(tmp_path)
    assert read_scores(benchmark, metadata=None, metrics=CATALOGUE) is None
    trusted = bench(tmp_path, untrusted=False)
    with pytest.raises(BiasRulerProblems, match="BR408"):
        read_scores(trusted, metadata=None, metrics=CATALOGUE)


@pytest.mark.parametrize("table", ["scores.csv", "summary.json"])
def test_a_link_in_place_of_a_strangers_table_is_not_followed(tmp_path, table):
    (tmp_path / "other").mkdir()
    content = HEAD + "a,unet,expert,0.5\n" if table.endswith("csv") else summary(1)
    (tmp_path / "other" / table).write_text(content)
    (tmp_path / table).symlink_to(f"other/{table}")
    (tmp_path / "linked").symlink_to("other", target_is_directory=True)
    layout = "tidy" if table.endswith("csv") else "nnunet"
    for place, what in ((table, "is a symbolic"), (f"linked/{table}", "lies behind a symbolic")):
        source = ScoreSource(table=place, format=layout)
        (problem,) = told(bench(tmp_path, scores=source))
        assert problem == (
            f"BR402 {table}: the score table {what} link, and the benchmark is untrusted; "
            "expected a regular file. Copy it."
        )
        assert len(read(bench(tmp_path, scores=source, untrusted=False)).table) == 1


def test_a_link_above_the_data_root_is_the_organisers_own(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "scores.csv").write_text(HEAD + "a,unet,expert,0.5\n")
    (tmp_path / "root").symlink_to("real", target_is_directory=True)
    assert len(read(bench(tmp_path / "root")).table) == 1


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may look into every folder"
)
def test_a_folder_that_nobody_may_enter_is_told_like_any_table_that_cannot_be_read(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o000)
    (problem,) = told(bench(tmp_path, scores=ScoreSource(table="closed/scores.csv")))
    assert problem.startswith("BR408 scores.csv: ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no pipes")
def test_a_pipe_in_place_of_a_summary_is_not_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "summary.json")
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("opened"))
    (problem,) = told(bench(tmp_path, scores=ScoreSource(table="summary.json", format="nnunet")))
    assert problem.startswith("BR408 summary.json: no such file")


def test_a_long_name_in_a_summary_is_refused_and_never_composed(tmp_path, monkeypatch):
    accents = "a" + "\u0315\u0300" * 5000
    text = summary(1).replace("a.nii", f"{accents}.nii")
    (tmp_path / "summary.json").write_text(text)

    def compose(cell):
        assert len(cell) <= 256, "composed"
        return cell

    monkeypatch.setattr(texttable_module, "_composed", compose)
    (problem,) = told(bench(tmp_path, scores=ScoreSource(table="summary.json", format="nnunet")))
    assert problem.startswith("BR410 ")
    assert "cell of 10001 characters; expected at most 256" in problem


def test_a_case_of_a_summary_is_found_in_either_unicode_form(tmp_path):
    (tmp_path / "summary.json").write_text(summary(1).replace("a.nii", "Zu\u0308rich.nii"))
    benchmark = bench(tmp_path, scores=ScoreSource(table="summary.json", format="nnunet"))
    frame = pd.DataFrame({"case": ["Z\u00fcrich"]})
    metadata = read_metadata(Benchmark(name="m", metadata=frame))
    published = read_scores(benchmark, metadata=metadata, metrics=CATALOGUE)
    assert published.table["case"].tolist() == ["Z\u00fcrich"]


def test_a_list_in_place_of_a_score_is_no_number_however_deep(tmp_path):
    text = summary(1, Dice=None).replace("null", "[" * 300 + "]" * 300)
    (tmp_path / "summary.json").write_text(text)
    (problem,) = told(bench(tmp_path, scores=ScoreSource(table="summary.json", format="nnunet")))
    assert problem.startswith("BR406 summary.json:1: dice ")


def test_equal_cells_of_a_table_are_held_once(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text(HEAD + "".join(f"case{n},unet-of-mine,expert,0.5\n" for n in range(50)))
    table = textfile_module.read_text_table(path, shown="scores.csv", limits=Limits())
    assert len({id(row[1]) for row in table.rows}) == 1
    assert len({id(row[0]) for row in table.rows}) == 50
