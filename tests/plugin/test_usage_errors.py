from __future__ import annotations

import pytest


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_every_problem_of_file_tables_and_outputs_is_told_and_nothing_is_scored(
    pytester, write_benchmark, run, mode
):
    write_benchmark("fail", extra="[attributes.bmi]\n[attributes.menopause]\n")
    pytester.path.joinpath("report.html").write_text("my own page", encoding="utf-8")
    pytester.mkdir("folder")

    result = run(
        "biasruler.toml", "--biasruler-html=report.html", "--biasruler-json=folder", *mode
    )

    assert result.ret == 4
    text = result.stderr.str()
    assert "BR701: folder cannot be written (is a folder)" in text
    assert "BR702: report.html was not written by pytest-biasruler" in text
    assert 'column "bmi"' in text
    assert 'column "menopause"' in text
    last = [line for line in result.stderr.lines if line][-1]
    assert last.startswith("biasruler: 4 problems in the outputs and biasruler.toml, first: BR")
    assert pytester.path.joinpath("report.html").read_text("utf-8") == "my own page"
    assert not list(pytester.path.glob(".pytest_cache/d/biasruler"))


def test_problems_of_the_file_come_with_their_lines(write_benchmark, run):
    write_benchmark('[[checks]]\ncheck = "gap"\nby = "age"\nlimt = 0.05\n')

    result = run("biasruler.toml")

    assert result.ret == 4
    assert 'unknown key "limt"' in result.stderr.str()
    assert "biasruler.toml:1" in result.stderr.str()


def test_a_set_without_any_mask_stops_before_scoring(write_benchmark, run):
    path = write_benchmark("fail")
    text = path.read_text("utf-8").replace(
        "[models.ghost]\n", '[models.ghost]\nmasks = "nowhere/{case}.nii.gz"\n'
    )
    path.write_text(text, encoding="utf-8")

    result = run("biasruler.toml")

    assert result.ret == 4
    assert "BR126: no prediction of ghost exists for any of 80 cases" in result.stderr.str()


def test_a_listing_looks_into_the_toml_alone(pytester, write_benchmark, run):
    write_benchmark("pass", "fail")
    for name in ("meta.csv", "scores.csv"):
        (pytester.path / name).unlink()
    old = pytester.path / "audit.json"
    old.write_text('{"schema": "biasruler-audit/1"}', encoding="utf-8")

    result = run("biasruler.toml", "--collect-only", "-q", "--biasruler-json=audit.json")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["biasruler.toml::gap[[]dice-sex-unet[]]", "*2 tests collected*"])
    assert old.exists(), "a listing removes nothing"


def test_an_old_green_report_does_not_outlive_a_faulty_file(pytester, write_benchmark, run):
    write_benchmark("pass")
    run("biasruler.toml", "--biasruler-json=a.json", "--biasruler-html=a.html")
    assert sorted(path.name for path in pytester.path.glob("a.*")) == ["a.html", "a.json"]
    write_benchmark('[[checks]]\ncheck = "gpa"\n')

    result = run("biasruler.toml", "--biasruler-json=a.json", "--biasruler-html=a.html")

    assert result.ret == 4
    assert list(pytester.path.glob("a.*")) == []


def test_a_file_named_for_the_fixtures_is_checked_too(pytester, run):
    pytester.makepyfile("def test_other():\n    pass")

    result = run("--biasruler=absent.toml")

    assert result.ret == 4
    assert "absent.toml" in result.stderr.str()


def test_a_named_file_without_checks_is_refused(write_benchmark, run):
    write_benchmark()

    result = run("biasruler.toml")

    assert result.ret == 4
    assert "BR602 biasruler.toml: no [[checks]]" in result.stderr.str()


def test_a_faulty_file_met_in_a_folder_is_a_collection_error(write_benchmark, run):
    write_benchmark('[[checks]]\ncheck = "gpa"\n')

    result = run()

    assert result.ret == 2
    assert 'unknown check "gpa"' in result.stdout.str()
    assert "biasruler: 1 problem in biasruler.toml" in result.stdout.str()


def test_a_folders_faulty_table_is_an_error_of_its_checks(pytester, write_benchmark, run):
    write_benchmark("pass", "fail", extra="[attributes.bmi]\n")

    result = run("--biasruler-json=audit.json")

    result.assert_outcomes(errors=2)
    assert 'column "bmi" of bmi is not in meta.csv' in result.stdout.str()
    result.stdout.fnmatch_lines(["ERROR 2 of 2 checks*", "*nothing could be judged*"])
    assert not (pytester.path / "audit.json").exists()


def test_a_column_that_the_metadata_lack_is_placed_at_its_attribute(write_benchmark, run):
    path = write_benchmark("pass", extra='[attributes.bmi]\ncolumn = "body mass"\n')
    lines = path.read_text("utf-8").splitlines()
    line = lines.index("[attributes.bmi]") + 1

    result = run("biasruler.toml")

    assert result.ret == 4
    assert f'BR602 biasruler.toml:{line}: column "body mass" of bmi is not in' in (
        result.stderr.str()
    )
