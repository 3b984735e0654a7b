from __future__ import annotations

import json
import os
import signal
from types import SimpleNamespace

import pytest

from pytest_biasruler.shell import journal as journal_module
from pytest_biasruler.shell.journal import MOST_KEPT, Journal

CONTEXT = {
    "kind": "context",
    "audit": "d1",
    "file": "a.biasruler.toml",
    "context": {"benchmark": {"hash": "feed"}, "names": "not for the journal"},
    "declared": 6,
}
CALL = SimpleNamespace(when="call", failed=False)
posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and modes are a POSIX matter")


def finding(name, **more):
    return {"kind": "finding", "audit": "d1", "finding": {"id": name, **more}}


def lines_of(folder):
    (path,) = folder.glob("journal-*.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def leave_behind(folder, *payload):
    """Leave what a killed run leaves: its journal, without the lock."""
    journal = Journal(folder)
    journal.note(CALL, payload)
    journal.close()
    return journal


def test_the_head_of_a_benchmark_stands_once_and_before_its_findings(tmp_path):
    journal = Journal(tmp_path)
    journal.note(CALL, [CONTEXT, finding("a")])
    journal.note(CALL, [CONTEXT, finding("b")])

    head, *rest = lines_of(tmp_path)
    assert head == {
        "kind": "benchmark",
        "schema": "biasruler-journal/1",
        "audit": "d1",
        "file": "a.biasruler.toml",
        "hash": "feed",
        "declared": 6,
    }
    assert [line["finding"]["id"] for line in rest] == ["a", "b"]


def test_findings_count_once_and_errors_only_where_a_test_failed(tmp_path):
    journal = Journal(tmp_path)
    error = {"kind": "error", "audit": "", "id": "x", "code": "BR503", "message": "m"}
    journal.note(SimpleNamespace(when="setup", failed=True), [error])
    journal.note(SimpleNamespace(when="teardown", failed=False), [error, finding("a")])

    assert lines_of(tmp_path) == [error]


def test_a_run_that_ends_leaves_no_journal(tmp_path):
    journal = Journal(tmp_path)
    journal.note(CALL, [CONTEXT, finding("a")])
    journal.end()

    assert list(tmp_path.glob("journal-*")) == []
    assert Journal(tmp_path).cut_off == ()


def test_a_cut_off_run_is_told_of_until_a_run_has_come_to_its_end(tmp_path):
    leave_behind(tmp_path, CONTEXT, finding("a"), finding("b"))

    cut_off_too = Journal(tmp_path)
    cut_off_too.close()
    second = Journal(tmp_path)

    told = [(run.n_findings, run.n_declared) for run in second.cut_off]
    assert sorted(told) == [(0, 0), (2, 6)], "two files of one moment come in any order"
    second.end()
    assert Journal(tmp_path).cut_off == ()
    assert len(list(tmp_path.glob("journal-*"))) == 3, "told of, and kept"


def test_a_journal_in_use_belongs_to_a_run_that_lives(tmp_path):
    living = Journal(tmp_path)
    living.note(CALL, [CONTEXT, finding("a")])

    other = Journal(tmp_path)

    assert other.cut_off == ()
    other.end()
    living.note(CALL, [finding("b")])
    assert [line["kind"] for line in lines_of(tmp_path)] == ["benchmark", "finding", "finding"]


def test_the_latest_journals_are_kept_and_no_more(tmp_path):
    for index in range(MOST_KEPT + 3):
        path = leave_behind(tmp_path, CONTEXT, finding(str(index)))._path
        os.utime(path, (1_000_000 + index, 1_000_000 + index))

    journal = Journal(tmp_path)

    assert len(journal.cut_off) == MOST_KEPT
    journal.end()
    kept = [json.loads(p.read_text().splitlines()[1]) for p in tmp_path.glob("journal-*.jsonl")]
    assert sorted(line["finding"]["id"] for line in kept) == list("34567")


def test_half_a_line_is_not_believed_and_not_kept(tmp_path):
    path = leave_behind(tmp_path, CONTEXT, finding("a"))._path
    with path.open("ab") as file:
        file.write(b'{"kind": "finding", "finding": {"id": "b"')

    journal = Journal(tmp_path)

    assert [(run.n_findings, run.n_declared) for run in journal.cut_off] == [(1, 6)]
    journal.end()
    assert [line["kind"] for line in lines_of(tmp_path)] == ["benchmark", "finding", "told"]


@pytest.mark.parametrize(
    "text",
    [
        *("[1]\n", "null\n", '{"kind": "finding"}\n', "\n", "\x00\n", "[" * 100_000 + "\n"),
        '{"kind": "benchmark", "declared": "x"}\n',
    ],
)
def test_a_journal_that_somebody_edited_disturbs_nobody(tmp_path, text):
    (tmp_path / "journal-0badf00d.jsonl").write_text(text, encoding="utf-8")

    (run,) = Journal(tmp_path).cut_off

    assert (run.n_findings, run.n_declared) == (0, 0)


@posix_only
def test_a_link_in_place_of_a_journal_is_not_followed(tmp_path):
    target = tmp_path / "mine.txt"
    target.write_text("mine", encoding="utf-8")
    (tmp_path / "journal-00000000.jsonl").symlink_to(target)

    journal = Journal(tmp_path)
    journal.end()

    assert journal.cut_off == ()
    assert target.read_text("utf-8") == "mine"


def test_a_line_that_does_not_fit_on_the_disk_is_taken_back(tmp_path, monkeypatch):
    journal = Journal(tmp_path)
    journal.note(CALL, [CONTEXT, finding("a")])
    write = os.write

    def fill_the_disk(descriptor, content):
        if len(content) > 20:
            return write(descriptor, content[:20])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(journal_module.os, "write", fill_the_disk)
        journal.note(CALL, [finding("b" * 100)])
    journal.note(CALL, [finding("c")])

    assert [line["finding"]["id"] for line in lines_of(tmp_path)[1:]] == ["a", "c"]


@pytest.mark.parametrize("call", ["open", "fsync", "write", "ftruncate"])
def test_a_journal_that_cannot_be_written_costs_nothing(tmp_path, monkeypatch, call):
    leave_behind(tmp_path, CONTEXT, finding("a"))

    def fail(*_, **__):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(journal_module.os, call, fail)
        journal = Journal(tmp_path)
        journal.note(CALL, [CONTEXT, finding("b")])
        journal.end()

    assert len(list(tmp_path.glob("journal-*.jsonl"))) == 1, "the earlier one"


def test_where_nothing_can_be_locked_there_is_no_journal(tmp_path):
    journal = Journal(tmp_path / "absent")
    journal.note(CALL, [CONTEXT, finding("b")])
    journal.end()

    assert list(tmp_path.iterdir()) == []


def test_what_is_shown_of_cases_stays_out_whatever_was_asked_for(tmp_path):
    journal = Journal(tmp_path, shows_cases=True)
    journal.note(CALL, [CONTEXT, finding("a", verdict="FAIL", details={"gallery": "jane"})])
    error = {"kind": "error", "audit": "", "id": "x", "code": "BR503", "message": "jane"}
    journal.note(SimpleNamespace(when="setup", failed=True), [error])

    head, found, failed = lines_of(tmp_path)
    assert "jane" not in json.dumps([head, found, failed])
    assert found["finding"] == {"id": "a", "verdict": "FAIL"}
    assert failed["code"] == "BR503"


# Whole runs


STOP = """
import os
import signal

def test_stop(biasruler):
    os.kill(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid(), signal.SIGKILL)
    import time
    time.sleep(60)
"""


def store_folder(pytester):
    return pytester.path / ".pytest_cache" / "d" / "biasruler"


@posix_only
@pytest.mark.parametrize("mode", [(), ("-n1",)], ids=["plain", "xdist"])
def test_the_run_after_a_killed_one_says_so_in_one_line_and_only_once(
    pytester, write_benchmark, run, mode
):
    write_benchmark("pass", "fail")
    pytester.makepyfile(test_z=STOP)
    keys = ("--biasruler=biasruler.toml", "--biasruler-json=audit.json", *mode)

    killed = run("biasruler.toml", "test_z.py", *keys, subprocess=True)

    assert killed.ret == -signal.SIGKILL
    assert not (pytester.path / "audit.json").exists()
    head, *findings = lines_of(store_folder(pytester))
    assert head["declared"] == 3
    assert [line["finding"]["outcome"] for line in findings] == ["passed", "failed"]
    assert "c000" not in json.dumps(findings), "cases are named by alias"

    after = run("biasruler.toml", *keys)
    told = [line for line in after.stdout.lines if "cut off" in line]
    (journal,) = store_folder(pytester).glob("journal-*.jsonl")
    assert told == [
        "an earlier run was cut off after 2 findings of 3 declared checks, "
        f"see .pytest_cache/d/biasruler/{journal.name}"
    ]
    assert (pytester.path / "audit.json").exists()
    assert "cut off" not in run("biasruler.toml", *keys).stdout.str()


@pytest.mark.parametrize(
    "arguments",
    [
        ("biasruler.toml", "--collect-only"),
        ("biasruler.toml", "--biasruler-no-cache"),
        ("biasruler.toml", "-p", "no:cacheprovider"),
        ("test_other.py",),
    ],
    ids=["listing", "no-cache", "no-cacheprovider", "no-audit"],
)
def test_no_journal_is_begun_where_none_is_wanted(
    pytester, write_benchmark, run, monkeypatch, arguments
):
    write_benchmark("pass")
    pytester.makepyfile(test_other="def test_other():\n    pass")
    begun = []
    make = Journal.__init__

    def note(self, folder, **keys):
        begun.append(folder)
        make(self, folder, **keys)

    monkeypatch.setattr(Journal, "__init__", note)

    assert run(*arguments).ret == 0
    assert begun == []
    assert run("biasruler.toml").ret == 0
    assert begun == [store_folder(pytester)], "the way it is seen here works"


def test_a_run_that_ends_as_it_should_leaves_no_journal(pytester, write_benchmark, run):
    write_benchmark("pass", "fail")

    for mode in ((), ("-n2",)):
        assert run("biasruler.toml", *mode).ret == 1
        assert list(store_folder(pytester).glob("journal-*")) == []


def test_a_journal_folder_that_cannot_be_used_costs_no_verdict(pytester, write_benchmark, run):
    write_benchmark("fail")
    pytester.path.joinpath("notadir").write_text("", encoding="utf-8")

    result = run("biasruler.toml", "-o", "cache_dir=notadir", "-W", "default")

    assert result.parseoutcomes()["failed"] == 1
    assert "FAIL 1 of 1 check" in result.stdout.str()


@posix_only
def test_the_store_is_closed_to_others(pytester, write_benchmark, run):
    write_benchmark("pass")
    mask = os.umask(0o002)
    try:
        assert run("biasruler.toml").ret == 0
    finally:
        os.umask(mask)

    assert store_folder(pytester).stat().st_mode & 0o777 == 0o700
    assert "store of scores is off" not in run("biasruler.toml").stdout.str()


@posix_only
def test_a_store_that_others_could_write_to_is_not_made_good_by_closing_it(
    pytester, write_masks, run
):
    write_masks("fail")
    folder = store_folder(pytester)
    folder.mkdir(parents=True)
    (folder / "scores.sqlite").write_text("theirs", encoding="utf-8")
    folder.chmod(0o777)

    result = run("biasruler.toml")

    assert "store of scores is off: it is writable by others" in result.stdout.str()
    assert folder.stat().st_mode & 0o777 == 0o777
    assert (folder / "scores.sqlite").read_text("utf-8") == "theirs"


def test_a_file_larger_than_any_journal_is_not_read(pytester, write_benchmark, run):
    write_benchmark("pass")
    run("biasruler.toml")
    path = store_folder(pytester) / "journal-00c0ffee.jsonl"
    path.write_bytes(b"")
    os.truncate(path, 2**36)

    result = run("biasruler.toml")

    assert result.ret == 0
    assert "cut off" not in result.stdout.str()
