from __future__ import annotations

import csv
import json

import pytest

HEAD = ["check", "rank", "case", "subgroup", "probability", "seed"]
RECTIFIED = (
    '[[checks]]\ncheck = "rectified"\nby = "age"\nmodel = "unet"\nlabelled = "random"\n'
    "limit = {limit}\n"
)
EXPORT = "--biasruler-export=csv-plan=out/plan.csv"


@pytest.fixture
def write_partly_labelled(pytester, write_benchmark):
    """Give a function that writes 200 cases of which the experts labelled the first 60."""

    def write(*, limit=0.18):
        write_benchmark(RECTIFIED.format(limit=limit), tables={"n_cases": 200})
        path = pytester.path / "scores.csv"
        head, *rows = path.read_text("utf-8").splitlines()
        kept = [row for row in rows if ",expert," not in row or int(row[1:4]) < 60]
        path.write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")

    return write


def read_plan(pytester):
    with (pytester.path / "out" / "plan.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    assert head == HEAD
    return rows


def test_the_plan_is_written_beside_the_other_outputs(pytester, write_partly_labelled, run):
    write_partly_labelled()
    result = run(
        "biasruler.toml", EXPORT, "--biasruler-json=out/a.json", "--biasruler-html=out/a.html"
    )

    rows = read_plan(pytester)
    n = len({row[2] for row in rows if row[1]})
    line = f"report out/a.html   json out/a.json   plan out/plan.csv ({n} cases to label)*"
    result.stdout.fnmatch_lines([line])
    audit = json.loads((pytester.path / "out" / "a.json").read_text("utf-8"))
    plan = audit["findings"][0]["details"]["plan"]
    assert len(rows) == sum(row["cases"] for row in plan["subgroups"]) > 0
    assert {row[0] for row in rows} == {"rectified[dice-age-unet]"}
    assert {row[2][:5] for row in rows} == {"case-"}, "names are aliases"
    assert {row[5] for row in rows} == {"60"}
    assert "What to label next" in (pytester.path / "out" / "a.html").read_text("utf-8")


def test_annotators_get_the_names_of_the_cases_if_they_are_asked_for(
    pytester, write_partly_labelled, run
):
    write_partly_labelled()
    run("biasruler.toml", EXPORT, "--biasruler-show-cases")

    assert read_plan(pytester), "nothing was planned"
    names = [row[2] for row in read_plan(pytester)]
    assert set(names) <= {f"c{i:03d}" for i in range(60, 200)}
    assert len(set(names)) == len(names)


def test_the_plan_is_the_same_from_several_processes(pytester, write_partly_labelled, run):
    pytest.importorskip("xdist")
    write_partly_labelled()
    run("biasruler.toml", EXPORT)
    assert read_plan(pytester), "nothing was planned"
    alone = (pytester.path / "out" / "plan.csv").read_bytes()
    run("biasruler.toml", EXPORT, "-n2")

    assert (pytester.path / "out" / "plan.csv").read_bytes() == alone


def test_where_nothing_is_open_the_plan_is_empty_and_an_earlier_one_is_gone(
    pytester, write_partly_labelled, run
):
    write_partly_labelled()
    run("biasruler.toml", EXPORT)
    assert read_plan(pytester)
    write_partly_labelled(limit=0.9)
    run("biasruler.toml", EXPORT)

    assert read_plan(pytester) == []


def test_a_plan_with_remarks_of_an_annotator_is_not_touched(pytester, write_partly_labelled, run):
    write_partly_labelled()
    run("biasruler.toml", EXPORT)
    path = pytester.path / "out" / "plan.csv"
    text = path.read_text("utf-8").replace("seed\n", "seed,done\n", 1)
    path.write_text(text, encoding="utf-8")
    result = run("biasruler.toml", EXPORT)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*BR702*out/plan.csv was not written by pytest-biasruler*"])
    assert path.read_text("utf-8") == text


def test_a_missing_expert_mask_is_unlabelled_and_an_unreadable_one_is_lost(
    pytester, write_masks, run
):
    check = (
        '[[checks]]\ncheck = "rectified"\nby = "age"\nmodel = "unet"\nlabelled = "random"\n'
        "min_patients = 3\n"
    )
    write_masks(check)
    for i in (0, 1):
        (pytester.path / "expert" / f"c{i}.nii").unlink()
    (pytester.path / "expert" / "c2.nii").write_bytes(b"damaged")
    run("biasruler.toml", EXPORT, "--biasruler-json=out/a.json", "--biasruler-show-cases")

    finding = json.loads((pytester.path / "out" / "a.json").read_text("utf-8"))["findings"][0]
    parts = finding["details"]["labelled"]
    assert {name: (part["labelled"], part["unlabelled"]) for name, part in parts.items()} == {
        "old": (2, 1),
        "young": (3, 1),
    }
    assert finding["details"]["counts"]["excluded"] == {"old": 1, "young": 0}
    assert finding["statement"].startswith("Experts labelled 5 of 7 cases that can be used")
    assert [row[1:4] for row in read_plan(pytester)] == [["1", "c0", "old"]], "3 are judged"
