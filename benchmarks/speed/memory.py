"""How much memory does one case take at most?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed.figures import Figure
from benchmarks.speed.tool import ROOT, single_threaded

if TYPE_CHECKING:
    from benchmarks.speed.asked import Asked


def measure(asked: Asked) -> dict[str, Any]:  # noqa: ARG001  (the script makes its own cases)
    """Run `benchmarks/memory.py`, and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "found.json")
        command = [sys.executable, ROOT / "benchmarks" / "memory.py", "--out", answer]
        done = subprocess.run(
            [*map(str, command)],
            cwd=ROOT,
            env=single_threaded(),
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in (0, 1):  # 1: more memory than promised, and that is told here
            raise RuntimeError(f"benchmarks/memory.py ended with {done.returncode}")
        return {"figures": list_figures(json.loads(answer.read_text(encoding="utf-8")))}


def list_figures(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the highest memory of each scene and inflater, and that of the imports alone."""
    figures = [
        Figure(
            name=f"{each['scene'].replace(', ', '-')}-{each['engine']}",
            title=f"{each['scene']}; {each['engine']}",
            unit="MiB",
            values=(each["peak_mib"],),
            note=f"one mask inflated: {each['one_mask_inflated_mib']:g} MiB",
        )
        for each in found
    ]
    imports = tuple(each["imports_mib"] for each in found)
    figures.append(Figure(name="imports", title="imports alone", unit="MiB", values=imports))
    return [figure.to_plain() for figure in figures]
