from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from pytest_biasruler.report.accounting_line import accounting_line


def _checks(pytester):
    return json.loads((pytester.path / "audit.json").read_text("utf-8"))["accounting"]["checks"]


PARTIAL = [
    (("-k", "sex"), 0, "PARTIAL: 1 of 3 declared checks ran; PASS 1 check"),
    (("--deselect", "biasruler.toml::gap[dice-age-unet]"), 1, "PARTIAL: 2 of 3 declared checks"),
    (("-k", "nothing"), 5, "PARTIAL: 0 of 3 declared checks ran; no check was judged"),
    (("-x",), 1, "AUDIT INCOMPLETE: 1 collected check never reported; FAIL 1 of 2 checks"),
]


@pytest.mark.parametrize(("arguments", "code", "headline"), PARTIAL)
def test_a_run_of_some_checks_never_looks_like_a_whole_audit(
    write_benchmark, run, arguments, code, headline
):
    write_benchmark("pass", "fail", "ruler")

    result = run("biasruler.toml", *arguments)

    assert result.ret == code
    assert headline in result.stdout.str()


def test_what_was_left_out_is_counted_and_noted_in_the_audit(pytester, write_benchmark, run):
    write_benchmark("pass", "fail", "ruler")

    run("biasruler.toml", "-k", "sex", "--biasruler-json=audit.json")

    assert _checks(pytester) == {
        "declared": 3, "deselected": 2, "ran": 1, "missing": 0, "errors": [],
        "policies": ["confident-fail"],
    }  # fmt: skip
    warnings = json.loads((pytester.path / "audit.json").read_text("utf-8"))["warnings"]
    assert [note["text"] for note in warnings if note["code"] == "BR601"] == [
        "1 of 3 declared checks ran; expected all"
    ]


@pytest.mark.parametrize(("policy", "code"), [("confident-fail", 0), ("prove-safe", 1)])
def test_deselected_checks_end_red_under_prove_safe_alone(write_benchmark, run, policy, code):
    write_benchmark("pass", "fail")

    result = run("biasruler.toml", "-k", "sex", f"--biasruler-policy={policy}")

    assert result.ret == code
    result.assert_outcomes(passed=1, deselected=1)
    assert ("expected all under prove-safe" in result.stdout.str()) is bool(code)


@pytest.mark.parametrize(("least", "code"), [(2, 0), (3, 1)])
def test_fewer_checks_than_demanded_end_red(write_benchmark, run, least, code):
    write_benchmark("pass", "inconclusive")

    result = run("biasruler.toml", f"--biasruler-min-checks={least}")

    assert result.ret == code
    said = "2 checks ran, fewer than --biasruler-min-checks 3" in result.stdout.str()
    assert said is bool(code)


def test_a_demand_for_checks_is_not_met_by_a_run_without_any(pytester, run):
    pytester.makepyfile("def test_other():\n    pass")

    result = run("--biasruler-min-checks=1")

    assert result.ret == 1
    assert "0 checks ran, fewer than --biasruler-min-checks 1" in result.stdout.str()


def test_a_skipped_check_was_not_run(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        import pytest

        def test_run(biasruler):
            biasruler.assert_gap("dice", by="sex", model="unet")

        @pytest.mark.skip(reason="later")
        def test_skipped(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet")
        """
    )

    result = run("--biasruler=biasruler.toml")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["PARTIAL: 1 of 2 declared checks ran; PASS 1 check*"])


def test_selection_does_not_change_a_verdict(pytester, write_benchmark, run):
    write_benchmark("pass", "fail", "ruler")

    def findings(*arguments):
        run("biasruler.toml", "--biasruler-json=audit.json", *arguments)
        audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
        return {finding["id"]: finding for finding in audit["findings"]}

    whole, part = findings(), findings("-k", "not gap")
    assert len(whole) == 3
    assert list(part) == ["biasruler.toml::ruler[dice-age-unet]"]
    assert part.items() <= whole.items(), "Holm counts the declared checks, not the selected"


def test_quiet_runs_keep_headline_failures_and_paths(write_benchmark, run):
    write_benchmark("pass", "fail", "inconclusive")

    result = run("biasruler.toml", "-q", "--biasruler-json=audit.json")

    text = result.stdout.str().partition("= biasruler =")[2]
    assert "FAIL 1 of 3 checks" in text
    assert "  FAIL          gap[dice-age-unet] gap 0.19" in text
    assert "json audit.json" in text
    assert "INCONCLUSIVE  gap" not in text
    loud = run("biasruler.toml", "-q", "-ra").stdout.str().partition("= biasruler =")[2]
    assert "  INCONCLUSIVE  gap[dice-age-unet~2] gap 0.19" in loud, "-ra asks for it by name"
    assert "more patients in" in loud, "with all of its reason"
    assert "cases scored" not in loud
    assert "cases scored" not in text


PLANNED = (
    '[[checks]]\ncheck = "rectified"\nby = "age"\nmodel = "unet"\nmin_patients = 2\n'
    'labelled = "random"\n'
)


@pytest.mark.parametrize("is_planned", [True, False])
def test_cases_that_experts_were_not_meant_to_label_are_one_line(
    pytester, write_masks, run, is_planned
):
    check = PLANNED if is_planned else PLANNED.replace('labelled = "random"\n', "")
    write_masks(check)
    for number in (0, 1, 3):
        (pytester.path / "expert" / f"c{number}.nii").unlink()
    (pytester.path / "expert" / "c5.nii").write_bytes(b"broken")

    outputs = ("--biasruler-json=audit.json", "--biasruler-html=report.html")
    text = run("biasruler.toml", *outputs).stdout.str()
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    report = (pytester.path / "report.html").read_text("utf-8")

    codes = [problem["code"] for problem in audit["accounting"]["problems"]]
    assert codes.count("BR101") == (0 if is_planned else 3)
    assert len(codes) - codes.count("BR101") == 1, "a mask that is broken is no planned gap"
    line = "expert: 5 of 8 cases labelled"
    assert (line in text.splitlines(), f"{line}." in report) == (is_planned, is_planned)


def test_the_section_holds_at_most_twelve_lines(write_benchmark, run):
    check = '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\n'
    write_benchmark(*(f'{check}name = "n{n}"\n' for n in range(20)))

    result = run("biasruler.toml", "--tb=no")

    lines = result.stdout.lines
    start = next(n for n, line in enumerate(lines) if "= biasruler =" in line)
    end = next(n for n, line in enumerate(lines) if "short test summary" in line)
    assert end - start - 1 == 12
    assert "  ... 13 more (see them with -ra)" in lines


def test_many_single_questions_are_said_to_cost_something(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        def test_gaps(biasruler):
            for limit in (0.05, 0.06, 0.07, 0.08):
                biasruler.assert_gap("dice", by="sex", model="unet", limit=limit)
        """
    )

    result = run("--biasruler=biasruler.toml")

    result.stdout.fnmatch_lines(["4 checks of test functions, each judged alone: up to 0.20 *"])


PROVE_SAFE = '[defaults]\npolicy = "prove-safe"\n'


@pytest.fixture
def _two_files(write_benchmark):
    write_benchmark("pass", file="a.biasruler.toml", name="First")
    write_benchmark("inconclusive", file="b.biasruler.toml", name="Second", extra=PROVE_SAFE)


@pytest.mark.usefixtures("_two_files")
@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_benchmark_of_which_no_check_was_selected_is_not_forgotten(run, mode):
    result = run("-k", "a.biasruler", *mode)

    assert result.ret == 1, "the second file is strict"
    result.stdout.fnmatch_lines(
        [
            "PASS 1 check * First",
            "PARTIAL: 0 of 1 declared checks ran; no check was judged * Second",
            "BR601 b.biasruler.toml: 0 of 1 declared checks ran; expected all under prove-safe.*",
        ]
    )


def test_a_benchmark_whose_checks_are_all_skipped_ends_red_where_that_is_demanded(
    pytester, write_benchmark, run
):
    for name in "ab":
        write_benchmark("pass", file=f"{name}.biasruler.toml", name=name)
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if item.nodeid.startswith("b."):
                    item.add_marker(pytest.mark.skip(reason="later"))
        """
    )

    assert run("--biasruler-policy=confident-fail").ret == 0
    result = run("--biasruler-policy=prove-safe")
    assert result.ret == 1
    assert "PARTIAL: 0 of 1 declared checks ran" in result.stdout.str()


def test_errors_of_a_benchmark_that_never_got_an_audit_stay_in_the_section(
    pytester, write_benchmark, run
):
    write_benchmark("pass", file="a.biasruler.toml", name="First")
    text = write_benchmark("pass", file="b.biasruler.toml", name="Second").read_text("utf-8")
    (pytester.path / "b.biasruler.toml").write_text(text.replace("meta.csv", "gone.csv"), "utf-8")

    result = run()

    assert result.ret == 1
    result.stdout.fnmatch_lines(["PASS 1 check * First", "ERROR 1 of 1 check * Second"])


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_strict_benchmark_file_of_which_nothing_ran_ends_red(
    pytester, write_benchmark, run, mode
):
    write_benchmark("pass", extra=PROVE_SAFE)
    pytester.makepyfile("def test_other():\n    pass")

    result = run("-k", "other", *mode)

    assert result.ret == 1
    assert "expected all under prove-safe" in result.stdout.str()
    assert run("-k", "other", "--biasruler-policy=confident-fail", *mode).ret == 0


def test_a_strict_benchmark_of_python_tests_of_which_nothing_ran_ends_red(
    pytester, write_benchmark, run
):
    write_benchmark(extra=PROVE_SAFE)
    pytester.makepyfile("def test_other():\n    pass\n\ndef test_ours(biasruler):\n    pass")

    result = run("--biasruler=biasruler.toml", "-k", "other")

    assert result.ret == 1
    assert "0 of 1 declared checks ran; expected all under prove-safe" in result.stdout.str()


def test_a_strict_marker_on_a_test_that_was_not_selected_ends_red(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        import pytest

        def test_other():
            pass

        @pytest.mark.biasruler(policy="prove-safe")
        def test_strict(biasruler):
            pass
        """
    )

    assert run("--biasruler=biasruler.toml", "-k", "other").ret == 1
    lenient = ("--biasruler-policy=confident-fail", "-k", "other")
    assert run("--biasruler=biasruler.toml", *lenient).ret == 0


def test_the_subgroup_that_lost_cases_is_counted_under_one_reference(pytester, write_masks, run):
    write_masks("pass")
    for name in ("expert", "automated"):
        (pytester.path / name / "c0.nii").write_bytes(b"damaged")

    text = run("biasruler.toml").stdout.str()

    assert "7 of 8 cases scored, 1 excluded (1 of them in " in text


@pytest.mark.parametrize("flag", ["-q", "-qq"])
def test_what_was_lost_is_told_however_quiet_the_run_is(pytester, write_masks, run, flag):
    write_masks("pass")
    sound = run("biasruler.toml", flag).stdout.str()
    (pytester.path / "expert" / "c3.nii").write_bytes(b"damaged")
    broken = run("biasruler.toml", flag).stdout.str()

    assert "cases scored" not in sound
    assert "7 of 8 cases scored, 1 excluded" in broken


def test_notes_that_may_mean_a_slip_are_counted_and_a_sound_audit_has_none(
    pytester, write_masks, run
):
    write_masks("pass")
    sound = run("biasruler.toml").stdout.str()
    (pytester.path / "unet" / "stranger.nii").write_bytes(b"of no case")
    noted = run("biasruler.toml").stdout.str()

    assert "in the report" not in sound
    assert "\n1 note in the report: BR404\n" in noted
    assert "codes docs/errors.md#br404" in noted
    assert "in the report" not in run("biasruler.toml", "-q").stdout.str()


def test_why_predictions_count_as_worst_is_said_and_what_is_the_worst_in_mm_alone_counted_apart():
    rows = [("unet", "BR101", 2), ("unet", "BR215", 1), ("unet", "BR104", 1)]
    cases = {
        "expected": 9,
        "scored": 9,
        "unreadable": [
            {"model": model, "attribute": None, "subgroup": "all", "reason": code, "n": n}
            for model, code, n in rows
        ],
    }
    line = accounting_line(cases, [], SimpleNamespace(told_partial="1 of 1 declared checks ran"))
    assert line == (
        "9 of 9 cases scored, 3 predictions of unet counted as worst (2 BR101, 1 BR104), "
        "1 prediction of unet counted as worst in mm (BR215); 1 of 1 declared checks ran"
    )
