from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from pytest_biasruler.shell.outputs import name_file


def _ids(result):
    return [line for line in result.stdout.lines if "::" in line]


def test_one_item_for_each_declared_check_in_file_order(write_benchmark, run):
    write_benchmark(
        '[[checks]]\ncheck = "gap"\nby = ["sex", ["age", "sex"]]\nmodel = "unet"\n',
        "ruler",
        '[[checks]]\ncheck = "gap"\nby = "age"\nname = "<b> & more"\nmodel = "unet"\n',
    )

    ids = _ids(run("biasruler.toml", "--collect-only", "-q"))

    assert ids == [
        "biasruler.toml::gap[dice-sex-unet]",
        "biasruler.toml::gap[dice-age+sex-unet]",
        "biasruler.toml::ruler[dice-age-unet]",
        "biasruler.toml::gap[_b____more]",
    ]


@pytest.mark.parametrize(
    ("file", "is_named", "is_collected"),
    [
        ("biasruler.toml", False, True),
        ("breast.biasruler.toml", False, True),
        ("breast.toml", False, False),
        ("breast.toml", True, True),
    ],
)
def test_which_toml_files_hold_checks(write_benchmark, run, file, is_named, is_collected):
    write_benchmark("pass", file=file)

    result = run("--collect-only", "-q", *([file] if is_named else []))

    assert bool(_ids(result)) is is_collected


SELECTIONS = [
    (("-k", "gap and sex"), 1),
    (("-k", "gap[dice-sex-unet]"), 1),
    (("-m", "biasruler"), 3),
    (("-m", "not biasruler"), 0),
    (("--deselect", "biasruler.toml::gap[dice-sex-unet]"), 2),
]


@pytest.mark.parametrize(("arguments", "n_ids"), SELECTIONS)
def test_selection_works_as_for_any_test(write_benchmark, run, arguments, n_ids):
    write_benchmark("pass", "fail", "ruler")

    assert len(_ids(run("biasruler.toml", "--collect-only", "-q", *arguments))) == n_ids


def test_one_check_can_be_named_by_its_id_and_the_run_is_called_partial(write_benchmark, run):
    write_benchmark("pass", "fail", "ruler")

    result = run("biasruler.toml::ruler[dice-age-unet]")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["PARTIAL: 1 of 3 declared checks ran; FAIL 1 of 1 check*"])


def test_last_failed_runs_what_failed(write_benchmark, run):
    write_benchmark("pass", "fail", "ruler")
    run("biasruler.toml")

    result = run("biasruler.toml", "--lf")

    result.assert_outcomes(failed=2, deselected=1)
    result.stdout.fnmatch_lines(["PARTIAL: 2 of 3 declared checks ran*"])


def test_a_failure_names_the_line_of_the_check(write_benchmark, run):
    path = write_benchmark("pass", "fail")
    lines = path.read_text("utf-8").splitlines()
    second = [n for n, line in enumerate(lines) if line == "[[checks]]"][1]

    result = run("biasruler.toml", "--tb=line")

    assert f"biasruler.toml:{second + 1}: FAIL gap dice" in result.stdout.str()


def test_a_file_without_checks_may_serve_the_fixtures_of_a_folder(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        'def test_gap(biasruler):\n    biasruler.assert_gap("dice", by="sex", model="unet")'
    )

    run("--biasruler=biasruler.toml").assert_outcomes(passed=1)
    assert run().ret == 2, "unnamed, it is a test file that asks nothing"


def test_files_outside_the_root_of_the_run_keep_their_ids_apart(pytester, write_benchmark, run):
    (pytester.path / "root").mkdir()
    for name in ("one", "two"):
        path = write_benchmark("pass", name=name)
        (pytester.path / name).mkdir()
        for file in (path, *pytester.path.glob("*.csv")):
            file.rename(pytester.path / name / file.name)

    result = run("--rootdir=root", "one", "two", "-v", "--biasruler-json=audit.json")

    assert result.ret == 0
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["PASS 1 check * one", "PASS 1 check * two"])
    for name in ("one", "two"):
        audit = json.loads((pytester.path / f"audit-{name}.json").read_text("utf-8"))
        ids = [finding["id"] for finding in audit["findings"]]
        assert ids == [f"{name}/biasruler.toml::gap[dice-sex-unet]"]


def test_a_file_outside_every_known_folder_is_named_by_its_own(tmp_path):
    config = SimpleNamespace(
        rootpath=tmp_path / "a", invocation_params=SimpleNamespace(dir=tmp_path / "b")
    )

    assert name_file(tmp_path / "c" / "d" / "biasruler.toml", config) == "d/biasruler.toml"
    assert name_file(tmp_path / "b" / "e" / "x.toml", config) == "e/x.toml"
    assert name_file(tmp_path / "a" / "x.toml", config) == "x.toml"
