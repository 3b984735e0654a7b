"""Whoever is told a code is told where it is explained, in words that need no network."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (["limt = 0.05"], "See docs/errors.md#br602."),
        (["limt = 0.05", 'policy = "mild"'], "See docs/errors.md#br602."),
    ],
)
def test_the_last_line_of_a_usage_error_says_it_once(write_benchmark, run, lines, end):
    write_benchmark("\n".join(['[[checks]]\ncheck = "gap"\nby = "age"', *lines, ""]))

    result = run("biasruler.toml")

    assert result.ret == 4
    told = [line for line in result.stderr.lines if line]
    assert told[-1].endswith(end)
    assert result.stderr.str().count("docs/errors.md") == 1


def test_a_collection_error_says_it(write_benchmark, run):
    write_benchmark('[[checks]]\ncheck = "gpa"\n')

    result = run()

    assert result.ret == 2
    result.stdout.fnmatch_lines(["*unknown check*See docs/errors.md#br602."])


def test_a_check_in_error_says_it_and_so_does_the_section(write_benchmark, run):
    write_benchmark("error", "pass")

    result = run("biasruler.toml")

    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(
        ["BR503*", "*see docs/errors.md#br503", "policy *codes docs/*#br503"]
    )
    short = [line for line in result.stdout.lines if line.startswith("ERROR biasruler.toml")]
    assert "see docs" not in short[0], "the short summary keeps to the reason"


def test_a_test_function_in_error_says_it(write_benchmark, run, pytester):
    write_benchmark("pass")
    pytester.makepyfile(
        """
        def test_gap(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet", limt=0.05)
        """
    )

    result = run("test_a_test_function_in_error_says_it.py", "--biasruler=biasruler.toml")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*BR602*", "*see docs/errors.md#br602"])


def test_masks_that_cannot_be_used_and_notes_are_explained_in_section_and_report(
    pytester, write_masks, run
):
    write_masks("pass", n_cases=8)
    (pytester.path / "unet" / "c3.nii").write_bytes(b"")

    result = run("biasruler.toml", "--biasruler-html=report.html")

    result.stdout.fnmatch_lines(["*BR102*", "*codes docs/errors.md#br102*"])
    page = (pytester.path / "report.html").read_text(encoding="utf-8")
    assert "What a code means: docs/errors.md#br102 of pytest-biasruler." in page
    assert "://docs" not in page


def test_a_run_without_a_code_says_nothing_of_codes(write_masks, run):
    write_masks('[[checks]]\ncheck = "gap"\nby = "sex"\nlimit = 0.9\n', n_cases=8)

    result = run("biasruler.toml")

    assert result.ret == 0
    assert "docs/errors.md" not in result.stdout.str()
