"""Does the time of a ready score table grow as its rows do?"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.speed.figures import Figure
from benchmarks.speed.tool import ROOT

if TYPE_CHECKING:
    from benchmarks.speed.asked import Asked

MOST, MOST_FULL = 1_500_000, 15_000_000


def measure(asked: Asked) -> dict[str, Any]:
    """Run `benchmarks/score_tables.py`, and return its figures."""
    folder = asked.folder.parent / f"{asked.folder.name}-tables"
    folder.mkdir(parents=True, exist_ok=True)
    answer = folder / "found.json"
    most = MOST_FULL if asked.is_full else MOST
    script = ROOT / "benchmarks" / "score_tables.py"
    command = [sys.executable, script, folder, "--most", str(most), "--json", answer]
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
    return {"figures": list_figures(json.loads(answer.read_text(encoding="utf-8"))["results"])}


def list_figures(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return seconds and memory of every table, and how the time per row grows by decade."""
    figures = []
    for each in found:
        name, title = f"{each['format']}-{each['n_rows']}", f"{each['format']}, {each['n_rows']:,}"
        for unit, key in (("s", "seconds"), ("MiB", "peak_mb")):
            figures.append(
                Figure(
                    name=f"{name}-{unit}", title=f"{title} rows", unit=unit, values=(each[key],)
                )
            )
    for suffix in dict.fromkeys(each["format"] for each in found):
        rows = [each for each in found if each["format"] == suffix]
        factors = [after["us_per_row"] / before["us_per_row"] for before, after in pairwise(rows)]
        title = f"{suffix}: time per row ÷ that of a table ten times shorter"
        figures.append(
            Figure(name=f"{suffix}-growth", title=title, unit="x", values=tuple(factors))
        )
    return [figure.to_plain() for figure in figures]
