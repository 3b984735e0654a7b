"""A process of its own for each case of a stranger's submission: started, watched and killed here.

No pickle crosses the border: an errand goes in as JSON, and what comes out is bytes that
`pytest_biasruler.scoring.answer` judges.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.scoring.confined import OUT_OF_MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_BYTES = 2**20
"""How much of an answer is read."""

_COMMAND = (sys.executable, "-I", "-m", "pytest_biasruler.scoring.confined")
_KEPT = ("PATH", "LANG", "SYSTEMROOT")
_LOOK = "Look at the file in a container"
_TIMES_UP = -getattr(signal, "SIGXCPU", 0) or None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why the process of a case gave no answer that can be used."""

    code: str
    found: str
    fix: str

    def of(self, title: str) -> BiasRulerError:
        """Return the failure as what is wrong with one mask."""
        found = f"the process that scored {title} {self.found}"
        return BiasRulerError(self.code, found, "an answer within its limits", self.fix)


def malformed() -> Failure:
    """Return the failure of an answer that is not in its one form."""
    return Failure(code="BR801", found="gave an answer of another form", fix=_LOOK)


@dataclass(kw_only=True, eq=False)
class Confinement:
    """Every process that works on a submission, so that all end with the run."""

    limits: Limits
    command: tuple[str, ...] = _COMMAND
    _live: set[subprocess.Popen[bytes]] = field(default_factory=set, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)
    _is_stopped: bool = field(default=False, init=False)

    def ask(self, errand: Mapping[str, Any]) -> bytes | Failure:
        """Return what a fresh process answers, unread and untrusted, or why it did not answer."""
        text = json.dumps(errand).encode("ascii")
        with TemporaryDirectory(prefix="biasruler-", ignore_cleanup_errors=True) as folder:
            process = self._start(folder)
            if process is None:
                return Failure(code="BR801", found="was stopped", fix="Run again")
            try:
                return self._listen(process, text)
            finally:
                with self._lock:
                    self._live.discard(process)
                _end(process)

    def work_on(
        self, items: Iterable[Item], work: Callable[[Item], Result], *, workers: int
    ) -> Iterator[tuple[Item, Result]]:
        """Yield each item with what `work` makes of it, in the order in which they are done.

        Each of `workers` threads waits for one process. However the caller leaves, also by
        Ctrl-C, no process stays behind.
        """
        queue = iter(items)
        flying: dict[Future[Result], Item] = {}
        with ThreadPoolExecutor(workers) as pool:
            try:
                while True:
                    for item in islice(queue, workers - len(flying)):
                        flying[pool.submit(work, item)] = item
                    if not flying:
                        return
                    for future in wait(flying, return_when=FIRST_COMPLETED).done:
                        yield flying.pop(future), future.result()
            finally:
                self.stop()

    def stop(self) -> None:
        """Kill every process, and start no other one."""
        with self._lock:
            self._is_stopped = True
            for process in self._live:
                _kill(process)

    def _start(self, folder: str) -> subprocess.Popen[bytes] | None:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {}
        with self._lock:
            if self._is_stopped:
                return None
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},
                close_fds=True,
                **group,
            )
            self._live.add(process)
        return process

    def _listen(self, process: subprocess.Popen[bytes], text: bytes) -> bytes | Failure:
        until = time.monotonic() + self.limits.case_timeout_s
        heard: list[bytes] = []
        # A thread, since reading would last for ever if something else held the pipe open.
        talk = Thread(target=_talk, args=(process, text, heard), daemon=True)
        talk.start()
        talk.join(self.limits.case_timeout_s)
        if talk.is_alive():
            return self._too_slow()
        if len(heard[0]) > MOST_BYTES:
            return malformed()
        try:
            status = process.wait(max(until - time.monotonic(), 1.0))
        except subprocess.TimeoutExpired:
            return self._too_slow()
        return heard[0] if status == 0 else self._judge(status)

    def _too_slow(self) -> Failure:
        found = f"took longer than {self.limits.case_timeout_s} s"
        fix = "Raise biasruler_case_timeout_s if the file is honest"
        return Failure(code="BR802", found=found, fix=fix)

    def _judge(self, status: int) -> Failure:
        """Return what an exit status other than 0 means."""
        if status == _TIMES_UP:
            return self._too_slow()
        if status == OUT_OF_MEMORY:
            found = f"needed more than {self.limits.case_memory_mb} MB"
            fix = "Raise biasruler_case_memory_mb if the file is honest"
            return Failure(code="BR803", found=found, fix=fix)
        how = f"died of signal {-status}" if status < 0 else f"ended with exit status {status}"
        return Failure(code="BR801", found=how, fix=_LOOK)


def _talk(process: subprocess.Popen[bytes], text: bytes, heard: list[bytes]) -> None:
    answer = b""
    if process.stdin is not None and process.stdout is not None:
        try:
            with process.stdin as to_child:
                to_child.write(text)
        except OSError:  # it died before it had read all; its status tells why
            pass
        with process.stdout as from_child:
            answer = from_child.read(MOST_BYTES + 1)
    heard.append(answer)


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)  # also what it may have started in its group
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):  # nothing of it is left
        pass
