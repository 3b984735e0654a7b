from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell import outputs
from pytest_biasruler.shell.lock import locked
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


KILLED = """
import os
import sys
from pathlib import Path
from pytest_biasruler.shell.outputs import clear_outputs, write_output

path = Path(sys.argv[1])
for number in range(500):
    path.write_text("old", encoding="utf-8")
    child = os.fork()
    if child == 0:
        calls = iter(range(number))

        def kill(frame, event, function):
            if event == "c_call" and next(calls, None) is None:
                os._exit(9)

        sys.setprofile(kill)
        write_output(path, "newer", root=path.parent)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    n_left = len(list(path.parent.iterdir())) - 1
    print(status, path.read_text("utf-8"), n_left)
    if status == 0:
        break
    path.write_text('{"schema": "biasruler-audit/1"}', encoding="utf-8")
    assert clear_outputs([path], root=path.parent) == []
    assert list(path.parent.iterdir()) == [], "the next start leaves nothing of a killed run"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs to fork")
def test_a_kill_between_any_two_calls_leaves_the_old_or_the_new_whole(tmp_path):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "out.json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    status, texts, n_left = zip(
        *(line.split() for line in killed.stdout.splitlines()), strict=True
    )
    assert status == (*("9",) * (len(status) - 1), "0"), "each call was the last one once"
    n_old = texts.count("old")
    assert texts == ("old",) * n_old + ("newer",) * (len(texts) - n_old)
    assert 10 < n_old < len(texts) - 1, "kills came before and after the replacement"
    assert set(n_left) == {"0", "1"}, "some kills left a temporary file"


WRITER = """
import sys
from pathlib import Path
from pytest_biasruler.shell.outputs import write_output

path, letter, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for _ in range(150):
    write_output(path, letter * n, root=path.parent)
"""


def test_two_writers_never_show_a_reader_anything_but_one_whole_text(tmp_path):
    path = tmp_path / "audit.json"
    texts = {"a" * 70_000, "b" * 200}
    path.write_text("b" * 200, encoding="utf-8")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, letter, n])
        for letter, n in (("a", "70000"), ("b", "200"))
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(path.read_text("utf-8"))

    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen == texts, "a reader found something else"
    assert [found.name for found in tmp_path.iterdir()] == ["audit.json"]


def _dead_process():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


posix_only = pytest.mark.skipif(os.name != "posix", reason="left where processes cannot be asked")


@posix_only
def test_temporary_files_of_killed_runs_are_removed_at_the_next_start(tmp_path):
    left = tmp_path / f".out.json.{_dead_process()}.0123abcd.tmp"
    left.write_text("half", encoding="utf-8")

    assert clear_outputs([tmp_path / "out.json"], root=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@posix_only
@pytest.mark.parametrize(
    "name",
    [
        *(".out.json.{alive}.0123abcd.tmp", ".other.json.{dead}.0123abcd.tmp"),
        *(".out.json.{dead}.0123abc.tmp", ".out.json.{dead}.0123abcd.tmp.txt"),
        *(
            "out.json.{dead}.0123abcd.tmp",
            ".outxjson.{dead}.0123abcd.tmp",
            ".out.json.0.0123abcd.tmp",
        ),
        ".out.json.-1.0123abcd.tmp",
    ],
)
def test_a_file_that_may_be_in_use_or_somebody_elses_stays(tmp_path, name):
    left = tmp_path / name.format(alive=os.getpid(), dead=_dead_process())
    left.write_text("half", encoding="utf-8")

    clear_outputs([tmp_path / "out.json"], root=tmp_path)

    assert left.read_text("utf-8") == "half"


@posix_only
def test_a_temporary_file_of_another_machine_is_left_while_it_is_locked(tmp_path):
    left = tmp_path / f".out.json.{_dead_process()}.0123abcd.tmp"
    with locked(left) as is_held:
        assert is_held
        clear_outputs([tmp_path / "out.json"], root=tmp_path)
        assert left.exists()
    clear_outputs([tmp_path / "out.json"], root=tmp_path)
    assert not left.exists()


@posix_only
def test_a_link_named_like_a_temporary_file_is_not_followed(tmp_path):
    target = tmp_path / "mine.txt"
    target.write_text("mine", encoding="utf-8")
    left = tmp_path / f".out.json.{_dead_process()}.0123abcd.tmp"
    left.symlink_to(target)

    clear_outputs([tmp_path / "out.json"], root=tmp_path)

    assert target.read_text("utf-8") == "mine"


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


@pytest.mark.slow
def test_a_full_disk_costs_the_outputs_and_turns_green_into_red_but_hides_no_verdict(
    pytester, write_masks, run
):
    """A limit on the size of files acts like a full disk, on the store and the journal too."""
    pytest.importorskip("resource")
    write_masks("pass")
    keys = ("biasruler.toml", "--biasruler-json=audit.json", "--biasruler-html=page.html")
    assert run(*keys, subprocess=True).ret == 0
    n_bytes = [(pytester.path / name).stat().st_size for name in ("audit.json", "page.html")]
    assert n_bytes[1] > 10_000, "the page would fit"
    pytester.makeconftest(
        """
        import resource

        def pytest_configure():
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        """
    )

    result = run(*keys, "-o", "cache_dir=other", subprocess=True)

    assert result.ret == 1
    text = result.stdout.str()
    verdict, _, reason = text.partition("BR701: page.html cannot be written (File too large)")
    assert reason, text
    assert "8 of 8 cases scored; 1 of 1 declared checks ran" in verdict, "the verdict comes first"
    assert "store of scores is off: its disk can be neither read nor written" in text
    names = {path.name for path in pytester.path.iterdir()}
    assert "page.html" not in names, "half a page, or the page of an earlier run"
    assert [name for name in names if name.endswith(".tmp")] == []
    if n_bytes[0] < 10_000:
        json.loads((pytester.path / "audit.json").read_text("utf-8"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder where root cannot write")
def test_a_folder_where_nobody_can_write_stops_the_run_before_it_scores(write_masks, run):
    write_masks("pass")

    result = run("biasruler.toml", "--biasruler-json=/proc/audit.json")

    assert result.ret == 4
    assert "BR701: audit.json cannot be written (" in result.stderr.str()


def test_a_folder_as_output_stops_the_run(pytester, write_masks, run):
    write_masks("pass")
    (pytester.path / "out").mkdir()

    result = run("biasruler.toml", "--biasruler-html=out")

    assert result.ret == 4
    assert "BR701: out cannot be written (is a folder); expected a file path" in (
        result.stderr.str()
    )


def test_an_output_that_cannot_be_put_in_its_place_is_told_after_the_verdict(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    pytester.makeconftest(
        """
        import os

        def pytest_collection_finish():
            replace = os.replace

            def refuse(source, target):
                if str(target).endswith(".html"):
                    raise PermissionError(13, "Permission denied")
                replace(source, target)

            os.replace = refuse
        """
    )

    result = run(
        *("biasruler.toml", "--biasruler-json=a.json", "--biasruler-html=a.html"), subprocess=True
    )

    assert result.ret == 1
    result.stdout.fnmatch_lines(["PASS 1 check*", "*BR701: a.html cannot be written*"])
    left = {path.name for path in pytester.path.iterdir()}
    assert "a.json" in left, "one that fails does not stop the others"
    assert not any(name == "a.html" or name.endswith(".tmp") for name in left)


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
