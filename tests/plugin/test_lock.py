from __future__ import annotations

import subprocess
import sys

from pytest_biasruler.shell.lock import locked

HOLDER = """
import sys, time
from pathlib import Path
from pytest_biasruler.shell.lock import locked

with locked(Path(sys.argv[1])) as is_held:
    print(is_held, flush=True)
    sys.stdin.read()
"""
TAKER = """
import sys
from pathlib import Path
from pytest_biasruler.shell.lock import locked

with locked(Path(sys.argv[1])):
    print("mine", flush=True)
"""


def _start(code, path):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_waits_and_a_killed_holder_lets_go(tmp_path):
    path = tmp_path / "a.lock"
    with _start(HOLDER, path) as holder, _start(TAKER, path) as taker:
        assert holder.stdout.readline() == "True\n"
        try:
            taker.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            is_waiting = True
        else:
            is_waiting = False
        holder.kill()
        assert is_waiting or taker.stdout.readline() == "mine\n"
        assert taker.wait(timeout=30) == 0


def test_where_nothing_can_be_locked_work_goes_on(tmp_path):
    with locked(tmp_path / "absent" / "a.lock") as is_held:
        assert is_held is False


def test_the_lock_can_be_taken_again(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "a.lock") as is_held:
            assert is_held is True
