from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_biasruler.scoring import store as store_module
from pytest_biasruler.scoring.store import FILE, Store

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes of folders are a POSIX matter")
ENTRY = {"rows": [{"dice": 0.1, "hd95_mm": None, "n": 3}], "name": "caf\u00e9"}


def test_an_entry_comes_back_as_it_was(tmp_path):
    Store(tmp_path / "new" / "store").write("k", ENTRY)
    assert Store(tmp_path / "new" / "store").read("k") == ENTRY


def test_an_unknown_key_has_no_entry(tmp_path):
    assert Store(tmp_path).read("k") is None


def test_a_later_entry_takes_the_place_of_an_earlier_one(tmp_path):
    store = Store(tmp_path)
    store.write("k", {"a": 1})
    store.write("k", {"a": 2})
    assert store.read("k") == {"a": 2}


def test_nan_is_never_stored(tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        Store(tmp_path).write("k", {"a": float("nan")})


@pytest.mark.parametrize(
    ("content", "sha256"),
    [
        ('{"a": 2}', None),
        ("[1]", "779cb803fa82d157767e49d72ca859a226b69c0dd9f71a0adb192b80b92bbf7f"),
        (b"\xff\x00", "x"),
        (None, None),
        ("{", "009b571a7df1661e40339c4ac684f8a6fed5fd6f836fecd0f36fa676828e3027"),
        ("[]", "80e3cb1b3f0ca253adb0cbcec4340f9929e20e82a3165704fcca5f71c822fae8"),
    ],
)
def test_an_entry_that_does_not_match_its_sha256_or_is_no_mapping_is_absent(
    tmp_path, content, sha256
):
    store = Store(tmp_path)
    store.write("k", {"a": 1})
    base = sqlite3.connect(tmp_path / FILE)
    base.execute("UPDATE scores SET content = ?, sha256 = coalesce(?, sha256)", (content, sha256))
    base.commit()
    base.close()
    assert store.read("k") is None
    assert store.is_on, store.notices


def test_the_entry_of_another_key_is_absent(tmp_path):
    store = Store(tmp_path)
    store.write("k", {"a": 1})
    base = sqlite3.connect(tmp_path / FILE)
    base.execute("UPDATE scores SET key = 'other'")
    base.commit()
    base.close()
    assert store.read("other") is None


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, None])
def test_a_damaged_file_is_replaced_by_an_empty_one(tmp_path, damage):
    store = Store(tmp_path)
    for index in range(200):
        store.write(str(index), {"text": "x" * 100})
    content = bytearray((tmp_path / FILE).read_bytes())
    if damage is None:
        content[100:3000] = os.urandom(2900)
    (tmp_path / FILE).write_bytes(damage or content)
    assert store.read("7") is None
    store.write("7", {"a": 7})
    assert store.read("7") == {"a": 7}
    assert store.is_on, store.notices


def test_a_table_of_another_shape_switches_the_store_off_with_a_notice(tmp_path):
    base = sqlite3.connect(tmp_path / FILE)
    base.execute("CREATE TABLE scores (other TEXT)")
    base.close()
    store = Store(tmp_path)
    store.write("k", {"a": 1})
    assert store.read("k") is None
    assert store.notices == ["store of scores is off: it cannot be used (OperationalError)"]


@posix_only
def test_a_folder_that_others_may_write_is_not_used(tmp_path):
    tmp_path.chmod(0o777)
    store = Store(tmp_path)
    store.write("k", {"a": 1})
    assert store.read("k") is None
    assert not (tmp_path / FILE).exists()
    assert store.notices == ["store of scores is off: it is writable by others"]


@posix_only
def test_a_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert Store(tmp_path).notices == ["store of scores is off: it belongs to another user"]


@posix_only
def test_a_new_folder_is_closed_to_others(tmp_path):
    Store(tmp_path / "store")
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "store").write_text("")
    store = Store(tmp_path / "store")
    assert not store.is_on
    assert "cannot be made" in store.notices[0]


def test_many_entries_come_back_at_once_and_only_those_that_were_asked_for(tmp_path):
    store = Store(tmp_path)
    store.write_all({str(n): {"n": n} for n in range(1200)})
    asked = [str(n) for n in range(1, 1500, 2)]
    assert store.read_all(asked) == {str(n): {"n": n} for n in range(1, 1200, 2)}
    assert store.read_all([]) == {}


def test_one_damaged_text_hides_no_other_entry(tmp_path):
    store = Store(tmp_path)
    store.write_all({"a": {"n": 1}, "b": {"n": 2}})
    with closing(sqlite3.connect(tmp_path / FILE)) as base, base:
        base.execute("UPDATE scores SET content = cast(x'ff00' AS TEXT) WHERE key = 'a'")
    assert store.read_all(["a", "b"]) == {"b": {"n": 2}}
    assert store.notices == []


def test_a_batch_that_does_not_fit_on_the_disk_is_kept_whole_or_not_at_all(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write("old", {"n": 0})
    opened = Store._open

    @contextmanager
    def on_a_small_disk(store):
        with opened(store) as base:
            base.execute("PRAGMA max_page_count = 20")
            yield base

    monkeypatch.setattr(Store, "_open", on_a_small_disk)
    store.write_all({str(n): {"text": "x" * 1000} for n in range(100)})
    store.write("more", {"n": 1})
    assert store.notices == ["store of scores keeps nothing new: its disk is full"]
    assert store.read("old") == {"n": 0}, "what was kept before is still there"
    assert store.read_all([str(n) for n in range(100)]) == {}


@posix_only
@pytest.mark.skipif(os.name == "posix" and os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_became_read_only_is_still_read(tmp_path):
    Store(tmp_path).write("k", ENTRY)
    tmp_path.chmod(0o500)
    store = Store(tmp_path)
    try:
        assert store.read("k") == ENTRY
        store.write("other", ENTRY)
        assert store.read("k") == ENTRY
    finally:
        tmp_path.chmod(0o700)
    assert store.notices == ["store of scores keeps nothing new: it is read-only"]


def test_a_file_that_became_read_only_is_still_read(tmp_path, monkeypatch):
    """As a folder without the right to write is, which root has everywhere."""
    Store(tmp_path).write("k", ENTRY)
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **how: connect(f"file:{path}?mode=ro", uri=True, **how)
    )
    store = Store(tmp_path)
    assert store.read("k") == ENTRY
    store.write("other", ENTRY)
    store.write("another", ENTRY)
    assert store.read("k") == ENTRY
    assert store.notices == ["store of scores keeps nothing new: it is read-only"]


def test_an_empty_folder_that_is_read_only_is_one_clear_line(tmp_path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **how: connect(f"file:{path}?mode=ro", uri=True, **how)
    )
    store = Store(tmp_path)
    assert store.read("k") is None
    store.write("k", ENTRY)
    assert store.notices == ["store of scores is off: its file can be neither opened nor made"]


def test_a_disk_that_is_full_from_the_start_is_one_clear_line(tmp_path):
    pytest.importorskip("resource")
    code = (
        "import pathlib, resource, sys\n"
        "from pytest_biasruler.scoring.store import Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "assert store.read('k') is None\n"
        "store.write('k', {'dice': 0.5})\n"
        "sys.stderr.write(repr(store.notices))\n"
    )
    run = subprocess.run(
        [sys.executable, "-B", "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert run.stderr == "['store of scores is off: its disk can be neither read nor written']"


def test_a_store_that_another_run_holds_is_one_clear_line(tmp_path, monkeypatch):
    Store(tmp_path).write("k", ENTRY)
    monkeypatch.setattr(store_module, "_BUSY_TIMEOUT_S", 0.0)
    store = Store(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert store.read("k") is None
    assert store.notices == ["store of scores is off: another run does not let go of it"]


def test_two_processes_write_at_once_and_lose_nothing(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from pytest_biasruler.scoring.store import Store\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "for index in range(40): store.write(f'{sys.argv[2]}-{index}', {'n': index})\n"
        "print(store.notices)\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path, name], stdout=subprocess.PIPE)
        for name in ("one", "two")
    ]
    said = [writer.communicate(timeout=120)[0].decode().strip() for writer in writers]
    assert said == ["[]", "[]"]
    store = Store(tmp_path)
    found = [store.read(f"{name}-{index}") for name in ("one", "two") for index in range(40)]
    assert found == [{"n": index} for index in range(40)] * 2


def test_the_file_holds_plain_json(tmp_path):
    Store(tmp_path).write("k", ENTRY)
    base = sqlite3.connect(tmp_path / FILE)
    ((content,),) = base.execute("SELECT content FROM scores").fetchall()
    base.close()
    assert json.loads(content) == ENTRY


# Crashes


WRITER = """
import itertools
import sys
from pathlib import Path
from pytest_biasruler.scoring.store import Store

store = Store(Path(sys.argv[1]))
print("begun", flush=True)
for index in itertools.count():
    store.write(f"{sys.argv[2]}-{index % 50}", {"text": "x" * 3000, "n": index % 50})
"""


def test_a_writer_killed_twenty_times_leaves_no_entry_that_is_not_whole(tmp_path):
    chance = random.Random(20270331)
    for turn in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, str(turn)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout.readline() == b"begun\n"
            time.sleep(chance.uniform(0, 0.1))
            writer.kill()

        store = Store(tmp_path)
        found = [(n, store.read(f"{turn}-{n}")) for n in range(50)]
        assert store.is_on, store.notices
        assert [n for n, entry in found if entry not in (None, {"text": "x" * 3000, "n": n})] == []
        with closing(sqlite3.connect(tmp_path / FILE)) as base:
            assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture(scope="module")
def whole_store(tmp_path_factory):
    """Give the bytes of a store with 30 entries."""
    folder = tmp_path_factory.mktemp("whole")
    for index in range(30):
        Store(folder).write(str(index), {"dice": index / 30, "text": "y" * 200})
    return (folder / FILE).read_bytes()


@given(
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40),
    bits=st.integers(1, 255),
    is_cut=st.booleans(),
)
@example(places=[0.4921875], bits=1, is_cut=False).via(
    "an index that finds the row of another key"
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_damaged_store_gives_what_was_stored_or_nothing(whole_store, places, bits, is_cut):
    content = bytearray(whole_store)
    for place in places:
        content[int(place * len(content))] ^= bits
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        path.write_bytes(content[: int(places[0] * len(content))] if is_cut else content)
        for index in range(30):
            entry = {"dice": index / 30, "text": "y" * 200}
            assert Store(Path(folder)).read(str(index)) in (None, entry), "a wrong score"
        Store(Path(folder)).write("7", {"dice": 0.5})
        later = (None, {"dice": 0.5}, {"dice": 7 / 30, "text": "y" * 200})
        assert Store(Path(folder)).read("7") in later, "a score that nobody stored"


def test_a_full_disk_ends_writing_with_one_notice(tmp_path):
    pytest.importorskip("resource")
    code = (
        "import pathlib, resource, sys\n"
        "from pytest_biasruler.scoring.store import Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "for index in range(50): store.write(str(index), {'text': 'x' * 1000})\n"
        "print(store.notices)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert run.stdout == "['store of scores keeps nothing new: its disk cannot be written']\n"
    store = Store(tmp_path)
    kept = [store.read(str(index)) for index in range(50)]
    assert store.is_on, store.notices
    assert 0 < kept.count({"text": "x" * 1000}) < 50
    assert kept.count(None) == 50 - kept.count({"text": "x" * 1000})
