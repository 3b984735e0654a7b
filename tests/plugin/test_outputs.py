from __future__ import annotations

import json
import os
import stat
import threading

import pytest

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell import outputs
from pytest_biasruler.shell.outputs import clear_outputs, show_path, write_output

OURS = {
    "page": '<!doctype html><meta name="generator" content="pytest-biasruler 0.1.0">',
    "json": '{"findings": [], "schema": "biasruler-audit/1"}',
    "plan": "check,rank,case,subgroup,probability,seed\n",
}
STRANGERS = ["my page", "{}", '{"schema": "other/1"}', "[[[", "pytest-biasruler", "[benchmark]\n"]
STRANGERS += ["check,rank,case,subgroup,probability,seed,my remarks\n", "check,rank,case\n"]


@pytest.mark.parametrize("text", OURS.values(), ids=OURS.keys())
def test_earlier_outputs_are_removed_at_the_start(tmp_path, text):
    path = tmp_path / "out"
    path.write_text(text, encoding="utf-8")

    assert clear_outputs([path], root=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", STRANGERS)
def test_a_file_of_somebody_else_is_never_touched(tmp_path, text):
    path = tmp_path / "out"
    path.write_text(text, encoding="utf-8")

    problems = clear_outputs([path], root=tmp_path)

    assert [problem.code for problem in problems] == ["BR702"]
    assert path.read_text("utf-8") == text


def test_folders_are_made_and_left_empty_by_the_probe(tmp_path):
    assert clear_outputs([tmp_path / "a" / "b" / "out.html"], root=tmp_path) == []
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_as_output_is_told(tmp_path):
    problems = clear_outputs([tmp_path], root=tmp_path.parent)

    assert str(problems[0]).startswith(f"BR701: {tmp_path.name} cannot be written (is a folder)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_told_at_the_start(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert clear_outputs([tmp_path / "out"], root=tmp_path)[0].code == "BR701"
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_an_output_appears_whole_or_not_at_all(tmp_path, monkeypatch, call):
    path = tmp_path / "out.json"
    path.write_text("old", encoding="utf-8")

    def fail(*_):
        raise OSError(28, "No space left on device")

    if call == "write":
        monkeypatch.setattr(outputs.os, "fdopen", lambda *_: _FullDisk())
    else:
        monkeypatch.setattr(outputs.os, call, fail)
    with pytest.raises(BiasRulerError, match=r"out.json cannot be written \(No space left"):
        write_output(path, "new", root=tmp_path)

    monkeypatch.undo()
    assert path.read_text("utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["out.json"], "no temporary file"


class _FullDisk:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def write(self, _):
        raise OSError(28, "No space left on device")


def test_what_is_written_can_be_read(tmp_path):
    write_output(tmp_path / "new" / "out.txt", "Größe – 1", root=tmp_path)

    assert (tmp_path / "new" / "out.txt").read_text("utf-8") == "Größe – 1"


def test_paths_tell_nothing_of_the_machine(tmp_path):
    assert show_path(tmp_path / "a" / "b.html", root=tmp_path) == "a/b.html"
    assert show_path(tmp_path / "b.html", root=tmp_path / "a") == "b.html"


def test_an_output_that_cannot_be_written_ends_red_after_the_verdict(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    pytester.makeconftest(
        """
        import pathlib

        def pytest_collection_finish():
            pathlib.Path("out").unlink(missing_ok=True)
            pathlib.Path("out").mkdir()
        """
    )

    result = run("biasruler.toml", "--biasruler-json=out", "--biasruler-html=report.html")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["PASS 1 check*", "*BR701: out cannot be written*"])
    assert (pytester.path / "report.html").exists(), "one that fails does not stop the others"


def test_both_outputs_hold_the_same_audit(pytester, write_benchmark, run):
    write_benchmark("pass", "fail")

    run("biasruler.toml", "--biasruler-json=o/audit.json", "--biasruler-html=o/report.html")

    audit = json.loads((pytester.path / "o" / "audit.json").read_text("utf-8"))
    page = (pytester.path / "o" / "report.html").read_text("utf-8")
    assert audit["schema"] == "biasruler-audit/1"
    assert audit["benchmark"]["hash"][:8] in page
    for text in (json.dumps(audit), page):
        assert str(pytester.path) not in text


def test_several_benchmarks_get_a_file_each_and_the_section_says_so(
    pytester, write_benchmark, run
):
    write_benchmark("pass", file="a.biasruler.toml", name="Breast DCE-MRI")
    write_benchmark("fail", file="b.biasruler.toml", name="Lung CT")

    result = run("--biasruler-json=out/audit.json")

    assert sorted(path.name for path in (pytester.path / "out").iterdir()) == [
        "audit-breast-dce-mri.json",
        "audit-lung-ct.json",
    ]
    text = result.stdout.str()
    assert "json out/audit-breast-dce-mri.json" in text
    assert "json out/audit-lung-ct.json" in text
    lung = json.loads((pytester.path / "out" / "audit-lung-ct.json").read_text("utf-8"))
    assert [finding["id"] for finding in lung["findings"]] == [
        "b.biasruler.toml::gap[dice-age-unet]"
    ]
    assert lung["accounting"]["checks"]["declared"] == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_as_output_is_refused_without_being_opened(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)

    problems = _within_5_s(lambda: clear_outputs([path], root=tmp_path))

    assert [problem.code for problem in problems] == ["BR702"]
    assert path.exists()


def _within_5_s(work):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(work()), daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert answers, "still waiting for somebody to write into the pipe"
    return answers[0]


def test_a_device_as_output_is_a_usage_error(write_benchmark, run):
    write_benchmark("pass")

    result = run("biasruler.toml", "--biasruler-json=/dev/null")

    assert result.ret == 4
    assert "BR702: null was not written by pytest-biasruler" in result.stderr.str()


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["plain", "xdist"])
def test_an_output_of_a_benchmark_that_did_not_run_again_is_removed(
    pytester, write_benchmark, run, arguments
):
    write_benchmark("pass", file="a.biasruler.toml", name="First")
    write_benchmark("pass", file="b.biasruler.toml", name="Second")
    keys = ("--biasruler-json=out/audit.json", "--biasruler-html=out/page.html", *arguments)
    out = pytester.path / "out"

    run(*keys)
    assert len(list(out.iterdir())) == 4
    (out / "page-second.html").write_text("a page of my own", encoding="utf-8")
    run("-k", "a.biasruler", *keys)

    assert sorted(path.name for path in out.iterdir()) == [
        *("audit-first.json", "page-first.html", "page-second.html")
    ]
    assert (out / "page-second.html").read_text("utf-8") == "a page of my own"


def test_outputs_of_several_named_files_are_removed_before_anything_runs(
    pytester, write_benchmark, run
):
    for name in "ab":
        write_benchmark("pass", file=f"{name}.biasruler.toml", name=name)
    files = ("a.biasruler.toml", "b.biasruler.toml", "--biasruler-json=audit.json")
    run(*files)
    assert len(list(pytester.path.glob("audit-*.json"))) == 2
    pytester.makeconftest(
        """
        import pathlib

        def pytest_collection():
            print("left", [path.name for path in pathlib.Path().glob("audit-*.json")])
        """
    )

    assert "left []" in run(*files, "-s").stdout.str()


@pytest.mark.parametrize(
    "option", ["--collect-only", "--setup-plan", "--setup-only", "--fixtures", "--cache-show"]
)
def test_a_run_that_only_lists_something_leaves_earlier_outputs(
    pytester, write_benchmark, run, option
):
    write_benchmark("pass")
    run("biasruler.toml", "--biasruler-json=audit.json")

    result = run("biasruler.toml", "--biasruler-json=audit.json", option)

    assert (pytester.path / "audit.json").exists()
    assert "PARTIAL" not in result.stdout.str()
    assert result.ret == 0
