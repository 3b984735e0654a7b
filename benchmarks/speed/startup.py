"""What does the plugin cost a test run that does not use it?"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed.figures import Figure

if TYPE_CHECKING:
    from benchmarks.speed.asked import Asked

    Times = tuple[float, float]  # wall and processor time in ms

N_ROUNDS = 40
WITHOUT = ("-p", "no:biasruler")


def measure(asked: Asked) -> dict[str, Any]:  # noqa: ARG001  (no cases are needed)
    """Run an empty test with and without the plugin in turn; tell the differences."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        _run(folder), _run(folder, *WITHOUT)  # bytecode is written here
        pairs = [_time_both(folder, swapped=bool(turn % 2)) for turn in range(N_ROUNDS)]
        imports = [_time_imports(folder) for _ in range(N_ROUNDS // 4)]
    on, off = ([pair[side] for pair in pairs] for side in (0, 1))
    apart = [tuple(a - b for a, b in zip(*pair, strict=True)) for pair in pairs]
    figures = (
        ("with", "pytest on an empty test, plugin installed", [wall for wall, _ in on]),
        ("without", "the same with -p no:biasruler", [wall for wall, _ in off]),
        ("unused", "what the plugin adds", [wall for wall, _ in apart]),
        ("unused_cpu", "what the plugin adds, in processor time", [cpu for _, cpu in apart]),
        ("imports", "its modules alone, as python -X importtime tells", imports),
    )
    return {
        "figures": [
            Figure(name=name, title=title, unit="ms", values=tuple(values)).to_plain()
            for name, title, values in figures
        ]
    }


def _time_both(folder: Path, *, swapped: bool) -> tuple[Times, Times]:
    """Return the times with and without the plugin; every other time the latter runs first."""
    if swapped:
        off = _run(folder, *WITHOUT)
        return _run(folder), off
    on = _run(folder)
    return on, _run(folder, *WITHOUT)


def _run(folder: Path, *options: str) -> Times:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    used, start = _processor_s(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return 1e3 * (time.perf_counter() - start), 1e3 * (_processor_s() - used)


def _processor_s() -> float:
    """Return the processor time of all child processes that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def _time_imports(folder: Path) -> float:
    """Return milliseconds that the modules of the plugin take in such a run, by themselves."""
    command = [sys.executable, "-X", "importtime", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    # Of each module: its own time in microseconds | with what it imports | its name.
    own = re.findall(r"^import time: +(\d+) \| +\d+ \| +pytest_biasruler\b", done.stderr, re.M)
    return sum(map(float, own)) / 1e3
