from __future__ import annotations

import json

import pytest

MODES = [
    pytest.param(("-ra",), id="plain"),
    pytest.param(("-ra", "-n2"), id="xdist"),
    pytest.param(("-ra", "-W", "error"), id="warnings-are-errors"),
    pytest.param(("-ra", "--assert=plain"), id="plain-asserts"),
    pytest.param(("-p", "no:terminal"), id="no-terminal"),
]


@pytest.mark.parametrize("mode", MODES)
def test_every_outcome_is_reported_in_every_mode(pytester, write_benchmark, run, mode):
    write_benchmark("pass", "fail", "inconclusive", "error", "waived")

    result = run("biasruler.toml", "--biasruler-json=audit.json", *mode)

    assert result.ret == 1
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    outcomes = {finding["id"]: finding["outcome"] for finding in audit["findings"]}
    assert outcomes == {
        "biasruler.toml::gap[dice-sex-unet]": "passed",
        "biasruler.toml::gap[dice-age-unet]": "failed",
        "biasruler.toml::gap[dice-age-unet~2]": "inconclusive",
        "biasruler.toml::ruler[dice-age-unet]": "waived",
    }
    checks = audit["accounting"]["checks"]
    assert [error["code"] for error in checks["errors"]] == ["BR503"]
    assert (checks["declared"], checks["ran"], checks["missing"]) == (5, 4, 0)
    if "no:terminal" in mode:
        return
    counts = result.parseoutcomes()
    counts.pop("seconds", None)
    assert counts == {
        "failed": 1,
        "passed": 1,
        "skipped": 1,
        "inconclusive": 1,
        "errors": 1,
    }
    text = result.stdout.str()
    assert "gap dice, age young vs old: gap 0.19" in text, "line 1 of the failure"
    assert "FAILED biasruler.toml::gap[dice-age-unet] - FAIL gap dice, age young vs old" in text
    assert "  INCONCLUSIVE  gap[dice-age-unet~2] gap 0.19" in text, (
        "-ra lists what is inconclusive"
    )
    assert "waived until 2999-12-31: relabelling under way (verdict FAIL)" in text
    assert "ERROR biasruler.toml::gap[dice-age-ghost] - " in text
    assert "BR503" in text
    assert "5 declared checks ran" in text


def test_only_inconclusive_and_waived_checks_end_green(write_benchmark, run):
    write_benchmark("inconclusive", "waived")

    result = run("biasruler.toml")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*1 inconclusive, 1 waived*", "*1 skipped, 1 inconclusive*"])


def test_inconclusive_has_its_own_letter_word_and_place(write_benchmark, run):
    write_benchmark("inconclusive")

    quiet, loud = run("biasruler.toml"), run("biasruler.toml", "-v", "-rs")

    quiet.stdout.fnmatch_lines(["biasruler.toml i *"])
    loud.stdout.fnmatch_lines(["*gap[[]dice-age-unet[]] INCONCLUSIVE (INCONCLUSIVE: gap d*"])
    assert "_pytest" not in loud.stdout.str(), "the skip is placed at the check"


@pytest.mark.parametrize("style", ["auto", "short", "line", "native", "no"])
def test_line_one_survives_every_style_of_traceback(write_benchmark, run, style):
    write_benchmark("fail")

    result = run("biasruler.toml", f"--tb={style}")

    text = result.stdout.str()
    assert "- FAIL gap dice, age young vs old" in text
    assert "items.py" not in text
    assert "recorder.py" not in text


def test_a_python_test_fails_at_its_own_line_with_the_whole_finding(
    pytester, write_benchmark, run
):
    write_benchmark()
    pytester.makepyfile(
        """
        def test_age_gap(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet")
        """
    )

    result = run("--biasruler=biasruler.toml")

    assert result.ret == 1
    text = result.stdout.str()
    assert 'biasruler.assert_gap("dice", by="age", model="unet")' in text
    assert "E       AssertionError: FAIL gap dice, age young vs old: gap 0.19" in text
    assert "asker.py" not in text, "no frame of ours"
    assert "recorder.py" not in text


def test_a_failure_after_an_inconclusive_check_is_still_found(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        def test_both(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet", limit=0.2)
            biasruler.assert_gap("dice", by="age", model="unet", limit=0.05)
        """
    )

    result = run("--biasruler=biasruler.toml", "--biasruler-json=audit.json")

    result.assert_outcomes(failed=1)
    findings = json.loads((pytester.path / "audit.json").read_text("utf-8"))["findings"]
    assert [finding["outcome"] for finding in findings] == ["inconclusive", "failed"]
    assert [finding["id"].rpartition("::")[2] for finding in findings] == [
        "gap[dice-age-unet]",
        "gap[dice-age-unet~2]",
    ]


XFAILS = [
    ("", "fail", {"xfailed": 1}),
    ("", "inconclusive", {"inconclusive": 1}),
    ("strict=True", "pass", {"failed": 1}),
    ("run=False", "fail", {"xfailed": 1}),
]


@pytest.mark.parametrize(("keys", "verdict", "expected"), XFAILS)
def test_xfail_works_as_for_any_test(pytester, write_benchmark, run, keys, verdict, expected):
    write_benchmark()
    asked = {
        "fail": 'by="age"',
        "inconclusive": 'by="age", limit=0.2',
        "pass": 'by="sex"',
    }[verdict]
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.xfail({keys})
        def test_gap(biasruler):
            biasruler.assert_gap("dice", model="unet", {asked})
        """
    )

    result = run("--biasruler=biasruler.toml")

    counts = result.parseoutcomes()
    counts.pop("seconds", None)
    assert counts == expected


def test_a_test_that_asks_for_the_auditor_and_runs_no_check_is_warned_about(
    pytester, write_benchmark, run
):
    write_benchmark()
    pytester.makepyfile("def test_idle(biasruler):\n    assert biasruler.benchmark.name")

    result = run("--biasruler=biasruler.toml", "-W", "default")

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*test_idle asked for biasruler and ran no check*"])


def test_check_methods_return_the_finding_unjudged(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        from pytest_biasruler import Verdict

        def test_look(biasruler):
            finding = biasruler.check_gap("dice", by="age", model="unet")
            assert finding.verdict is Verdict.FAIL and finding.outcome is None
            assert finding.verdict is Verdict.PASS, "as it should be"
        """
    )

    result = run("--biasruler=biasruler.toml", "--biasruler-json=audit.json")

    result.assert_outcomes(failed=1)
    findings = json.loads((pytester.path / "audit.json").read_text("utf-8"))["findings"]
    assert [finding["outcome"] for finding in findings] == [None]


def test_comparing_findings_explains_them_by_their_first_line(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        def test_look(biasruler):
            by_age = biasruler.check_gap("dice", by="age", model="unet")
            by_sex = biasruler.check_gap("dice", by="sex", model="unet")
            assert by_age == by_sex
        """
    )

    result = run("--biasruler=biasruler.toml")

    result.stdout.fnmatch_lines(["*FAIL gap dice, age young vs old*", "*PASS gap dice, sex *"])


SWALLOWING = """
import contextlib
import pytest

def ask(biasruler):
    biasruler.assert_gap("dice", by="age", model="unet")

def test_suppressed(biasruler):
    with contextlib.suppress(AssertionError):
        ask(biasruler)

def test_then_inconclusive(biasruler):
    with contextlib.suppress(AssertionError):
        ask(biasruler)
    biasruler.assert_gap("dice", by="age", model="unet", limit=0.2)

@pytest.mark.xfail(raises=AssertionError)
def test_expected(biasruler):
    ask(biasruler)

def test_honest(biasruler):
    ask(biasruler)
"""


@pytest.mark.parametrize(
    ("name", "code"), [("suppressed", 1), ("inconclusive", 1), ("expected", 0), ("honest", 1)]
)
def test_a_failed_check_ends_red_though_its_test_swallows_it(
    pytester, write_benchmark, run, name, code
):
    write_benchmark()
    pytester.makepyfile(SWALLOWING)

    result = run("--biasruler=biasruler.toml", "-k", name)

    assert result.ret == code
    is_told = "a failed check was swallowed: " in result.stdout.str()
    assert is_told is (name in ("suppressed", "inconclusive"))
