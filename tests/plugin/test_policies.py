from __future__ import annotations

import json

import pytest

TABLE = [
    # check, policy, expected outcome, first word
    ("pass", "point", "passed", None),
    ("fail", "point", "failed", "FAIL"),
    ("inconclusive", "point", "passed", None),
    ("pass", "confident-fail", "passed", None),
    ("fail", "confident-fail", "failed", "FAIL"),
    ("inconclusive", "confident-fail", "inconclusive", "INCONCLUSIVE"),
    ("pass", "prove-safe", "passed", None),
    ("fail", "prove-safe", "failed", "FAIL"),
    ("inconclusive", "prove-safe", "failed", "NOT PROVEN"),
]
AUTOMATED = '[[checks]]\ncheck = "gap"\nby = "sex"\nmodel = "unet"\nreference = "automated"\n'
UNDEFINED = '[[checks]]\ncheck = "gap"\nby = "sex"\nmodel = "unet"\nmin_patients = 60\n'


def _finding(pytester):
    return json.loads((pytester.path / "audit.json").read_text("utf-8"))["findings"][0]


@pytest.mark.parametrize(("check", "policy", "outcome", "word"), TABLE)
def test_a_policy_turns_verdicts_into_outcomes(
    pytester, write_benchmark, run, check, policy, outcome, word
):
    write_benchmark(check)

    result = run(
        "biasruler.toml", f"--biasruler-policy={policy}", "--biasruler-json=audit.json", "-rA"
    )

    finding = _finding(pytester)
    assert (finding["outcome"], finding["policy"]) == (outcome, policy)
    assert result.ret == (1 if outcome == "failed" else 0)
    if word:
        assert f"  {word:<12}" in result.stdout.str() or f"  {word} gap" in result.stdout.str()
    if policy == "point" and outcome == "failed":
        assert "point estimate, uncontrolled" in result.stdout.str()


@pytest.mark.parametrize(("policy", "code"), [("confident-fail", 0), ("prove-safe", 1)])
def test_an_automated_reference_alone_proves_nothing(pytester, write_benchmark, run, policy, code):
    write_benchmark(AUTOMATED)

    result = run("biasruler.toml", f"--biasruler-policy={policy}", "--biasruler-json=audit.json")

    assert result.ret == code
    assert _finding(pytester)["verdict"] == "PASS"
    said = "NOT PROVEN gap dice, sex" in result.stdout.str()
    assert said is bool(code)
    assert ("but judged by an automated reference only" in result.stdout.str()) is bool(code)


def test_an_undefined_value_is_never_a_pass_by_its_point(pytester, write_benchmark, run):
    write_benchmark(UNDEFINED)

    result = run(
        "biasruler.toml", "--biasruler-policy=point", "--biasruler-json=audit.json", "-rs"
    )

    assert result.ret == 0
    assert _finding(pytester)["outcome"] == "inconclusive"
    assert (
        "gap undefined, too few subgroups: F has 40 patients, fewer than min_patients; M has 40"
        in (result.stdout.str())
    )


def test_a_marker_sets_the_policy_of_one_test(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.biasruler(policy="prove-safe")
        class TestRelease:
            def test_marked(self, biasruler):
                biasruler.assert_gap("dice", by="age", model="unet", limit=0.2)

            @pytest.mark.biasruler(policy="point")
            def test_closest_wins(self, biasruler):
                biasruler.assert_gap("dice", by="age", model="unet", limit=0.2)

        def test_call_beats_marker(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet", limit=0.2, policy="prove-safe")

        def test_unmarked(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet", limit=0.2)
        """
    )

    result = run("--biasruler=biasruler.toml", "--strict-markers", "-rA")

    counts = result.parseoutcomes()
    assert (counts["failed"], counts["passed"], counts["inconclusive"]) == (2, 1, 1)
    assert "E       AssertionError: NOT PROVEN gap dice, age young vs old" in result.stdout.str()


SCREEN = '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\nscreen = true\n'


@pytest.mark.parametrize("policy", ["confident-fail", "prove-safe"])
def test_a_screen_is_never_counted_as_passed_nor_as_a_check_that_ran(
    pytester, write_benchmark, run, policy
):
    write_benchmark(SCREEN, "inconclusive" if policy == "confident-fail" else "pass")

    result = run(
        *("biasruler.toml", f"--biasruler-policy={policy}", "--biasruler-min-checks=2"),
        "--biasruler-html=report.html",
    )

    assert result.ret == 1
    assert "1 screened and not gated: 1 FAIL" in result.stdout.str()
    assert "PASS 2 checks" not in result.stdout.str()
    assert "1 check ran, fewer than --biasruler-min-checks 2" in result.stdout.str()
    page = (pytester.path / "report.html").read_text("utf-8")
    assert "1 check only screened, gating nothing: 1 FAIL." in page
    assert "FAIL, screened" in page
