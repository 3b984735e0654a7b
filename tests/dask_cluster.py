"""A Dask cluster of this machine, for tests: a scheduler and workers, each a process to kill."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

QUIET = ("--no-dashboard", "--host", "127.0.0.1")
PATIENCE_S = 60


@dataclass(kw_only=True)
class Cluster:
    """Processes of Dask, one thread in each worker."""

    folder: Path
    port: int
    environ: Mapping[str, str]
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        self.scheduler = self._start("scheduler", "--port", str(self.port), "--no-show")
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.1)
        raise AssertionError(f"the scheduler did not start: {self.log}")

    def start_worker(self, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start a worker without a nanny, or it would be another process than the one to kill."""
        keys = (self.address, "--nthreads", "1", "--no-nanny", *arguments)
        worker = self._start("worker", *keys, **environ)
        self.workers.append(worker)
        return worker

    def wait_for_workers(self, n_workers: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=PATIENCE_S, set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=PATIENCE_S)

    @property
    def log(self) -> str:
        return (self.folder / "dask.log").read_text(encoding="utf-8")

    def end(self) -> None:
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            process.kill()
            process.wait()

    def _start(self, kind: str, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, *QUIET]
        with (self.folder / "dask.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=_join(self.environ, environ),
                stdout=log,
                stderr=subprocess.STDOUT,
            )


@contextmanager
def start_cluster(folder: Path, *, n_workers: int = 2, **environ: str) -> Iterator[Cluster]:
    """Hand out a cluster with so many workers, and end its processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cluster = Cluster(folder=folder, port=port, environ=_join(os.environ, environ))
    try:
        cluster.start_scheduler()
        for _ in range(n_workers):
            cluster.start_worker()
        if n_workers:
            cluster.wait_for_workers(n_workers)
        yield cluster
    finally:
        cluster.end()


def _join(environ: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return both; folders of modules come before those that are there."""
    paths = [each["PYTHONPATH"] for each in (more, environ) if each.get("PYTHONPATH")]
    return {**environ, **more, "PYTHONPATH": os.pathsep.join(paths)}
