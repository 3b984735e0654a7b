"""One tool in a process of its own: a line of JSON for each case, in and out.

``python -m benchmarks.peers NAME`` says first whether the tool is there. Then each line of its
input is a mapping from set to path, and each line of its output the seconds and the scores.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import warnings
from importlib.metadata import version

from benchmarks.peers.catalogue import PEERS, Peer


def serve(peer: Peer) -> None:
    """Score what is asked for until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a tool prints must not stand between the answers
    warnings.simplefilter("ignore")
    for name in peer.hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # how an import is made to fail
    try:
        versions = {name: version(name) for name in peer.packages}
        score = importlib.import_module(f"benchmarks.peers.{peer.module}").score
    except Exception as error:  # noqa: BLE001  (a tool may break as it likes; the others go on)
        print(json.dumps({"missing": f"{type(error).__name__}: {error}"}), file=answers)
        return
    print(json.dumps({"versions": versions}), file=answers)
    for line in sys.stdin:
        paths = json.loads(line)
        start = time.perf_counter()
        scores = score(paths)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "scores": scores}), file=answers)


if __name__ == "__main__":
    serve(PEERS[sys.argv[1]])
