from __future__ import annotations

import datetime as dt
import json

import pytest

from pytest_biasruler import Benchmark
from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.shell.items import load_benchmark
from pytest_biasruler.shell.manual import manual
from pytest_biasruler.shell.options import OPTIONS
from pytest_biasruler.shell.settings import read_settings

CASES = {
    # option: (ini value, command line, what the ini gives, what the command line gives)
    "--biasruler": ("a.toml", ("--biasruler=b.toml",), "file", "ini/a.toml", "b.toml"),
    "--biasruler-html": ("a.html", ("--biasruler-html=b.html",), "html", "ini/a.html", "b.html"),
    "--biasruler-json": ("a.json", ("--biasruler-json=b.json",), "json", "ini/a.json", "b.json"),
    "--biasruler-markdown": (
        *("a.md", ("--biasruler-markdown=b.md",), "markdown", "ini/a.md", "b.md"),
    ),
    "--biasruler-compare": (
        *("a.json", ("--biasruler-compare=b.json",), "compare", "ini/a.json", "b.json"),
    ),
    "--biasruler-export": (
        *("csv-plan=a.csv", ("--biasruler-export=csv-plan=b.csv",), "csv-plan"),
        *("ini/a.csv", "b.csv"),
    ),
    "--biasruler-policy": (
        *("point", ("--biasruler-policy=prove-safe",), "policy", "point", "prove-safe"),
    ),
    "--biasruler-workers": ("3", ("--biasruler-workers=2",), "workers", 3, 2),
    "--biasruler-scheduler": (
        *("tcp://a:1", ("--biasruler-scheduler=tcp://b:2",)),
        *("scheduler", "tcp://a:1", "tcp://b:2"),
    ),
    "--biasruler-no-cache": ("false", ("--biasruler-no-cache",), "no_cache", False, True),
    "--biasruler-show-cases": ("false", ("--biasruler-show-cases",), "show_cases", False, True),
    "--biasruler-alias": ("true", ("--biasruler-alias",), "show_cases", True, False),
    "--biasruler-public": ("false", ("--biasruler-public",), "public", False, True),
    "--biasruler-untrusted": ("false", ("--biasruler-untrusted",), "untrusted", False, True),
    "--biasruler-selftest": ("30", ("--biasruler-selftest=20",), "selftest", 30, 20),
    "--biasruler-min-checks": ("4", ("--biasruler-min-checks=5",), "min_checks", 4, 5),
}


def _settings(pytester, *arguments):
    return read_settings(pytester.parseconfig(*arguments))


def _seen(settings, name):
    if name == "policy":
        return str(settings.policy_of(marker=None, declared="confident-fail"))
    if name in settings.outputs:
        return settings.outputs[name].relative_to(settings.root).as_posix()
    value = getattr(settings, name)
    return value.relative_to(settings.root).as_posix() if hasattr(value, "parts") else value


def test_every_option_has_a_case_here():
    assert set(CASES) == {option.flag for option in OPTIONS}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
@pytest.mark.parametrize("style", ["pytest.ini", "pyproject.toml"])
def test_ini_alone_works_and_command_line_beats_it(pytester, option, style):
    ini, arguments, name, from_ini, from_line = CASES[option.flag]
    if style == "pytest.ini":
        text = f"[pytest]\n{option.ini} = {ini}\n"
    else:
        text = f'[tool.pytest.ini_options]\n{option.ini} = "{ini}"\n'
    folder = pytester.mkdir("ini")
    (folder / style).write_text(text, encoding="utf-8")
    place = f"ini/{style}"
    root = f"--rootdir={pytester.path}"

    assert _seen(_settings(pytester, "-c", place, root), name) == from_ini
    assert _seen(_settings(pytester, "-c", place, root, *arguments), name) == from_line


def test_the_typed_table_of_pytest_9_works(pytester):
    if not hasattr(pytest, "version_tuple") or pytest.version_tuple < (9,):
        pytest.skip("[tool.pytest] came with pytest 9")
    pytester.makepyprojecttoml('[tool.pytest]\nbiasruler_workers = "4"\nbiasruler_html = "a.html"')

    settings = _settings(pytester)

    assert (settings.workers, settings.outputs["html"].name) == (4, "a.html")


def test_policies_rank_command_line_marker_ini_file(pytester):
    pytester.makeini("[pytest]\nbiasruler_policy = point")
    from_ini = _settings(pytester)
    from_line = _settings(pytester, "--biasruler-policy=prove-safe")

    assert from_ini.policy_of(marker=None, declared="prove-safe") is Policy.POINT
    assert from_ini.policy_of(marker="confident-fail", declared="x") is Policy.CONFIDENT_FAIL
    assert from_line.policy_of(marker="point", declared="point") is Policy.PROVE_SAFE


def test_limits_are_read_from_ini_and_changes_are_named(pytester):
    pytester.makeini("[pytest]\nbiasruler_max_rows = 10\nbiasruler_allow_symlinks = true")

    settings = _settings(pytester)

    assert settings.limits.max_rows == 10
    assert settings.limits_changed == {"max_rows": 10, "allow_symlinks": True}


@pytest.mark.parametrize(
    ("ini", "message"),
    [
        ("biasruler_workers = four", "biasruler_workers is four; expected auto or a whole number"),
        ("biasruler_policy = strict", "biasruler_policy is strict; expected one of point"),
        ("biasruler_min_checks = -1", "biasruler_min_checks is -1; expected a whole number"),
        ("biasruler_max_rows = nan", "biasruler_max_rows is nan; expected a number above 0"),
        (
            "biasruler_case_memory_mb = 256",
            "biasruler_case_memory_mb is 256; expected at least 512",
        ),
        ("biasruler_grid_tolerance = 0", "biasruler_grid_tolerance is 0; expected a number"),
    ],
)
def test_a_wrong_setting_is_a_usage_error_that_names_it(pytester, run, ini, message):
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile("def test_other():\n    pass")

    result = (
        run() if "workers" not in ini else pytester.runpytest_inprocess("-p", "no:rerunfailures")
    )

    assert result.ret == 4
    assert message in result.stderr.str()
    assert "biasruler: 1 problem in the options of this run: BR602" in result.stderr.str()
    assert result.stderr.str().count("BR602") == 1, "one mistake is said once"


def test_two_outputs_with_one_path_are_refused(run):
    result = run("--biasruler-html=out.x", "--biasruler-json=./out.x")

    assert result.ret == 4
    assert "two outputs have one path" in result.stderr.str()


@pytest.mark.parametrize("other", ["--biasruler-show-cases", "--biasruler-export=csv-plan=a.csv"])
def test_what_names_cases_is_refused_in_public(run, other):
    result = run("--biasruler-public", other)

    assert result.ret == 4
    assert "BR602: --biasruler-public stands beside " in result.stderr.str()


def test_what_makes_predictions_untrusted_cannot_be_taken_back(pytester, write_benchmark):
    path = write_benchmark()
    pytester.makeini("[pytest]\nbiasruler_untrusted = true")

    assert _settings(pytester).untrusted
    assert load_benchmark(pytester.parseconfig(), path).untrusted


def test_the_run_date_is_that_of_source_date_epoch_but_waivers_end_by_the_clock(
    pytester, monkeypatch
):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")

    settings = _settings(pytester)

    assert settings.run_date == dt.date(1970, 1, 2)
    assert settings.today == dt.datetime.now(tz=dt.UTC).date()


def test_help_prints_every_table_and_every_question_and_ends(write_benchmark, run):
    from pytest_biasruler.benchmark.document import SECTIONS

    write_benchmark("fail")

    result = run("--biasruler-help")

    assert result.ret == 0
    text = result.stdout.str()
    assert [name for name in SECTIONS if f"[{name}" not in text] == []
    assert [name for name in QUESTIONS if name not in text] == []
    keys = [key for question in QUESTIONS.values() for key in question.keys]
    assert [key for key in keys if key not in text] == []
    assert "test session starts" not in text


def test_the_manual_tells_defaults_and_what_limits_are():
    text = " ".join(manual().split())

    assert 'difficulty: list of names (["log_volume_ml"]).' in text
    assert "max_off_support: share (0.2)." in text
    assert "limit is on the absolute value of Cliff's delta: 0.147." in text
    assert "0.30 without control and by, else 0.10." in text
    assert "hd95_mm (lower, mm)" in text


def test_the_example_of_the_manual_is_a_benchmark_file(tmp_path):
    lines = manual().split("\nEach key below")[0].splitlines()
    file = tmp_path / "biasruler.toml"
    file.write_text("\n".join(line.strip() for line in lines[2:]), encoding="utf-8")

    assert [check.check for check in Benchmark.from_file(file).checks] == ["gap"]


def test_case_names_are_shown_only_if_asked_and_the_header_says_so(pytester, write_benchmark, run):
    write_benchmark("pass")

    result = run("biasruler.toml", "--biasruler-show-cases", "--biasruler-json=audit.json")

    result.stdout.fnmatch_lines(["biasruler: outputs contain case names*"])
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert audit["settings"]["show_cases"] is True


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("svg=x.svg", "is svg=x.svg; expected KIND=PATH, KIND one of badge, gitlab-metrics, "),
        ("csv-plan", "is csv-plan; expected KIND=PATH"),
        ("csv-plan=", "is csv-plan=; expected KIND=PATH"),
        ("plan.csv", "is plan.csv; expected KIND=PATH"),
    ],
)
def test_an_export_of_an_unknown_kind_is_refused_with_those_there_are(pytester, entry, said):
    with pytest.raises(pytest.UsageError, match="BR602") as refused:
        _settings(pytester, f"--biasruler-export={entry}")
    assert f"--biasruler-export {said}" in str(refused.value)


def test_one_kind_of_export_has_one_path(pytester):
    with pytest.raises(pytest.UsageError, match="names csv-plan twice"):
        _settings(
            pytester, "--biasruler-export=csv-plan=a.csv", "--biasruler-export=csv-plan=b.csv"
        )


def test_an_export_may_not_share_its_path(pytester):
    with pytest.raises(pytest.UsageError, match="two outputs have one path"):
        _settings(pytester, "--biasruler-html=a", "--biasruler-export=csv-plan=a")


@pytest.mark.parametrize("epoch", ["", "abc"])
def test_an_epoch_that_is_no_number_is_refused_before_others_stumble_over_it(
    write_benchmark, run, monkeypatch, epoch
):
    write_benchmark("pass")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)

    result = run("biasruler.toml")

    assert result.ret == 4
    assert f"SOURCE_DATE_EPOCH is {epoch or 'empty'}; expected seconds" in result.stderr.str()
