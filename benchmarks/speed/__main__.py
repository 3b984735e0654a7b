"""One question measured in a process of its own; the answer goes to a file as JSON.

``python -m benchmarks.speed QUESTION ANSWER ASKED``: `ASKED` is the JSON of `Asked`.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from benchmarks.speed.asked import Asked

if __name__ == "__main__":
    question, answer, asked = sys.argv[1:]
    module = importlib.import_module(f"benchmarks.speed.{question}")
    found = module.measure(Asked.from_plain(json.loads(asked)))
    Path(answer).write_text(json.dumps(found), encoding="utf-8")
