"""What a run tells the service that started it: job page, annotations, last line, summary."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from pytest_biasruler.report.last_line import LONGEST_LINE
from pytest_biasruler.report.pieces import MARK
from pytest_biasruler.shell.ci import LEAST_BYTES, MOST_PAGE_BYTES

ALL = ("pass", "fail", "inconclusive", "error", "waived")
COMMAND = re.compile(
    r"::(error|warning) ((?:file=([^,:]*),)?(?:line=(\d+),)?title=([^,:]*))::(.*)"
)


@pytest.fixture
def page(run, pytester, monkeypatch):  # noqa: ARG001  (it clears the environment before)
    """Give the file of GitHub's job page."""
    path = pytester.path / "page.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


@pytest.fixture
def on_github(run, pytester, monkeypatch):  # noqa: ARG001  (as for `page`)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))


def commands(result):
    return [line for line in result.stdout.lines if line.startswith("::")]


def last_lines(result):
    return [line for line in result.stderr.lines if line.startswith("biasruler: ")]


# The Markdown summary


def test_the_summary_is_written_and_named(write_benchmark, run, pytester):
    write_benchmark(*ALL)
    result = run(
        "biasruler.toml", "--biasruler-markdown=out/s.md", "--biasruler-export=badge=b.json"
    )

    text = (pytester.path / "out" / "s.md").read_text("utf-8")
    assert text.startswith("## ✕ ERROR: 1 of 5 checks could not run. Of the others: 1 FAIL")
    assert text.endswith(f"\n{MARK}\n")
    result.stdout.fnmatch_lines(
        ["markdown out/s.md   badge b.json   policy confident-fail   codes docs/errors.md#br503"]
    )


def test_a_summary_of_an_earlier_run_is_replaced_and_a_strangers_file_is_not(
    write_benchmark, run, pytester
):
    write_benchmark("pass")
    path = pytester.path / "s.md"
    for _ in range(2):
        assert run("biasruler.toml", "--biasruler-markdown=s.md").ret == 0
    path.write_text(f"{path.read_text('utf-8')}\nmine\n", "utf-8")

    result = run("biasruler.toml", "--biasruler-markdown=s.md")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*BR702: s.md was not written by pytest-biasruler*"])
    assert path.read_text("utf-8").endswith("mine\n")


def test_alone_and_with_workers_the_bytes_are_the_same(write_benchmark, run, pytester, page):
    write_benchmark(*ALL)
    texts = []
    for mode in ("-n0", "-n2"):
        page.unlink(missing_ok=True)
        run("biasruler.toml", f"--biasruler-markdown={mode}.md", mode)
        texts += [(pytester.path / f"{mode}.md").read_bytes(), page.read_bytes().rstrip(b"\n")]
    assert texts[0] == texts[2]
    assert texts[1] == texts[3] == texts[0].rstrip(b"\n")


# The job page of GitHub


def test_the_page_gets_the_same_text_behind_what_others_wrote(
    write_benchmark, run, pytester, page
):
    write_benchmark("fail")
    page.write_text("# Mine\n", "utf-8")
    result = run("biasruler.toml", "--biasruler-markdown=s.md")

    summary = (pytester.path / "s.md").read_text("utf-8")
    assert page.read_text("utf-8") == f"# Mine\n\n{summary}\n"
    assert result.ret == 1


def test_several_benchmarks_stand_one_after_the_other(write_benchmark, run, page):
    write_benchmark("fail", file="a.toml", name="Breast")
    write_benchmark("pass", file="b.toml", name="Lung")
    run("a.toml", "b.toml")

    heads = re.findall(r"^## .*|^`\w+`", page.read_text("utf-8"), re.MULTILINE)
    assert [heads[0][:10], heads[1], heads[2][:10], heads[3]] == [
        "## ✕ FAIL:", "`Breast`", "## ● PASS:", "`Lung`",
    ]  # fmt: skip


@pytest.mark.parametrize("arguments", [("--collect-only",), ("test_other.py",)])
def test_no_page_is_written_where_nothing_is_audited(
    write_benchmark, run, pytester, page, arguments
):
    write_benchmark("pass")
    pytester.makepyfile(test_other="def test_other():\n    pass\n")
    run("biasruler.toml" if arguments == ("--collect-only",) else "test_other.py", *arguments)
    assert not page.exists()


def test_a_nearly_full_page_gets_a_shorter_summary(write_benchmark, run, page):
    write_benchmark(*ALL * 9)
    page.write_bytes(b"x" * (MOST_PAGE_BYTES - LEAST_BYTES - 2))
    run("biasruler.toml")

    size = page.stat().st_size
    assert MOST_PAGE_BYTES - LEAST_BYTES < size <= MOST_PAGE_BYTES
    assert "more in the report" in page.read_text("utf-8")


def test_a_full_page_is_left_alone_and_the_run_says_so(write_benchmark, run, page):
    write_benchmark("pass")
    page.write_bytes(b"x" * (MOST_PAGE_BYTES - 100))
    result = run("biasruler.toml")

    assert page.stat().st_size == MOST_PAGE_BYTES - 100
    result.stdout.fnmatch_lines(["the job page is full: 1 benchmark has no summary there"])
    assert result.ret == 0


def test_a_page_that_cannot_be_written_is_told_and_fails_nothing(
    write_benchmark, run, pytester, monkeypatch
):
    write_benchmark("pass")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path))
    result = run("biasruler.toml", "--biasruler-json=a.json")

    result.stdout.fnmatch_lines(["the job page was not written (*); nothing else depends on it"])
    assert str(pytester.path) not in result.stdout.str().partition("= biasruler =")[2]
    assert result.ret == 0
    assert (pytester.path / "a.json").exists()


# Annotations


@pytest.mark.usefixtures("on_github")
@pytest.mark.parametrize(
    "mode", [(), ("-q",), ("--no-summary",), ("-n2",), ("-s",)], ids=lambda mode: " ".join(mode)
)
def test_what_failed_is_annotated_at_its_line(write_benchmark, run, pytester, mode):
    path = write_benchmark(*ALL)
    result = run("biasruler.toml", *mode)

    found = [COMMAND.fullmatch(line).groups() for line in commands(result)]
    assert [(kind, title) for kind, _, _, _, title, _ in found] == [
        ("error", "gap[dice-age-unet]"),
        ("error", "gap[dice-age-ghost]"),
        ("warning", "gap[dice-age-unet~2]"),
    ]
    lines = path.read_text("utf-8").splitlines()
    starts = [n for n, line in enumerate(lines, 1) if line == "[[checks]]"]
    assert [int(line) for _, _, _, line, _, _ in found] == [starts[1], starts[3], starts[2]]
    assert {file for _, _, file, _, _, _ in found} == {f"{pytester.path.name}/biasruler.toml"}
    assert found[0][5].startswith("FAIL gap dice, age young vs old: gap 0.19")


@pytest.mark.usefixtures("on_github")
def test_without_a_terminal_reporter_annotations_are_still_printed(write_benchmark, run):
    write_benchmark("fail")
    result = run("biasruler.toml", "-p", "no:terminal", subprocess=True)
    assert len(commands(result)) == 1


@pytest.mark.usefixtures("on_github")
def test_a_python_test_is_annotated_where_it_asks(write_benchmark, run, pytester):
    write_benchmark()
    pytester.makepyfile(
        """
        def test_age(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet")
        """
    )
    result = run("--biasruler=biasruler.toml")

    [found] = [COMMAND.fullmatch(line).groups() for line in commands(result)]
    name = test_a_python_test_is_annotated_where_it_asks.__name__
    assert found[2].endswith(f"{name}.py")
    assert int(found[3]) in (1, 2)


@pytest.mark.usefixtures("on_github")
def test_a_file_outside_the_checkout_is_not_named(write_benchmark, run, pytester, monkeypatch):
    write_benchmark("fail")
    (pytester.path / "elsewhere").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path / "elsewhere"))
    [line] = commands(run("biasruler.toml"))
    assert line.startswith("::error title=gap[dice-age-unet]::FAIL ")


@pytest.mark.usefixtures("on_github")
def test_why_else_a_run_is_red_is_annotated(write_benchmark, run):
    write_benchmark("pass")
    result = run("biasruler.toml", "--biasruler-min-checks=3")
    assert commands(result) == [
        "::error title=biasruler::1 check ran, fewer than --biasruler-min-checks 3"
    ]


@pytest.mark.parametrize("value", [None, "", "false", "1"])
def test_elsewhere_no_line_begins_a_command(write_benchmark, run, monkeypatch, value):
    write_benchmark(*ALL)
    if value is not None:
        monkeypatch.setenv("GITHUB_ACTIONS", value)
    assert commands(run("biasruler.toml", "-rA", "-vv")) == []


@pytest.mark.usefixtures("on_github")
def test_nothing_is_annotated_where_nothing_is_audited(run, pytester):
    pytester.makepyfile("def test_fails():\n    assert False\n")
    result = run()
    assert commands(result) == []
    assert result.stderr.str() == ""


# The last line of stderr


@pytest.mark.parametrize(
    ("checks", "arguments", "wanted"),
    [
        (("pass",), (), "PASS 1 check"),
        (
            ("pass", "fail", "inconclusive"),
            (),
            "FAIL 1 of 3 checks, 1 inconclusive, 1 passed: gap[dice-age-unet] gap * above limit "
            "0.050",
        ),
        (("error",), (), "ERROR 1 of 1 check: gap[dice-age-ghost] BR503*"),
        (("inconclusive",), (), "1 inconclusive: gap[dice-age-unet] gap 0.19* spans limit 0.200*"),
        (("waived",), (), "1 waived"),
        (
            ("pass", "fail"),
            ("-k", "sex"),
            "PARTIAL: 1 of 2 declared checks ran, PASS 1 check",
        ),
        (("pass",), ("-k", "nothing"), "PARTIAL: 0 of 1 declared checks ran, no check was judged"),
        (
            ("pass",),
            ("--biasruler-min-checks=2",),
            "NOT ACCEPTED: 1 check ran, fewer than --biasruler-min-checks 2; PASS 1 check",
        ),
        (
            ("fail", "pass"),
            ("-x",),
            "AUDIT INCOMPLETE: 1 collected check never reported, FAIL 1 of 1 check: *",
        ),
    ],
)
def test_one_line_says_how_the_run_ended(write_benchmark, run, checks, arguments, wanted):
    write_benchmark(*checks)
    result = run("biasruler.toml", *arguments)
    [line] = last_lines(result)
    assert line == result.stderr.lines[-1]
    result.stderr.fnmatch_lines([f"biasruler: {wanted.replace('[', '[[]')}"])


def test_of_several_benchmarks_the_worst_is_told(write_benchmark, run):
    write_benchmark("pass", file="a.toml", name="Lung")
    write_benchmark("pass", "ruler", file="b.toml", name="Breast")
    [line] = last_lines(run("a.toml", "b.toml"))
    assert re.fullmatch(
        r"biasruler: FAIL 1 of 2 checks, 1 passed: ruler\[dice-age-unet\] distortion -0\.1\d+ "
        r"beyond limit 0\.\d+ \(worst of 2: Breast\)",
        line,
    )


def test_the_line_is_ascii_and_short_and_the_same_with_workers(write_benchmark, run, pytester):
    write_benchmark("fail", name="Grüße " + "ß" * 300)
    for table in ("meta.csv", "scores.csv"):
        path = pytester.path / table
        path.write_text(
            path.read_text("utf-8").replace("young", "jünger\u202e" + "ü" * 300), "utf-8"
        )
    lines = [last_lines(run("biasruler.toml", *mode))[0] for mode in ((), ("-n2",))]
    assert lines[0] == lines[1]
    assert lines[0].isascii()
    assert len(lines[0]) <= LONGEST_LINE


@pytest.mark.parametrize("arguments", [("--biasruler-policy=x",), ("--biasruler-workers=x",)])
def test_a_usage_error_has_its_own_last_line(write_benchmark, run, arguments):
    write_benchmark("pass")
    result = run("biasruler.toml", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert len(last_lines(result)) <= 1
    assert "PASS" not in result.stderr.str()


def test_a_benchmark_file_with_a_mistake_ends_with_one_line(write_benchmark, run):
    write_benchmark("pass", extra="[attributes.none]\n")
    result = run("biasruler.toml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert len([line for line in result.stderr.lines if "biasruler: " in line]) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_no_line_is_added(write_benchmark, run, pytester):
    write_benchmark("pass")
    run("biasruler.toml")  # sets the environment
    command = (sys.executable, "-m", "pytest", "biasruler.toml", "--biasruler-workers=1")
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=theirs, cwd=pytester.path, check=False
        )
        os.write(theirs, b"end")
        said = os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"PASS 1 check" in done.stdout
    assert said == b"end"
