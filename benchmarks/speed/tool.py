"""A tool in a process of its own that waits for cases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from benchmarks.peers.catalogue import Peer

ROOT = Path(__file__).parents[2]
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def single_threaded() -> dict[str, str]:
    """Return the environment in which numerical libraries keep to one thread.

    Bytecode is kept, as an installed package keeps it: else each process would compile ours.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": str(ROOT)}


class Tool:
    """A peer at work; it is started, asked for one case after the other, and ended.

    Attributes
    ----------
    missing : str
        Why the tool cannot be measured here; empty if it can.
    seconds : float
        What it has used so far.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.seconds = 0.0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peers", peer.name],
            cwd=ROOT,
            env=single_threaded(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        hello = self._listen()
        self.missing: str = hello.get("missing", "")
        self.versions: dict[str, str] = hello.get("versions", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()
        self._process.wait()

    def score(self, paths: dict[str, str]) -> tuple[float, dict[str, dict[str, float]]]:
        """Return the seconds that one case took, and its scores by pair and metric."""
        self._process.stdin.write(json.dumps(paths) + "\n")
        self._process.stdin.flush()
        answer = self._listen()
        self.missing = answer.get("missing", "")
        self.seconds += answer.get("seconds", 0.0)
        return answer.get("seconds", 0.0), answer.get("scores", {})

    def _listen(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"missing": "its process ended"}
