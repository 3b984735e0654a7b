"""Measure how fast this is, and how much faster or slower than other tools; ``make bench``.

``python benchmarks/run.py [--only QUESTION ...] [--full] [--out FILE]`` asks the questions of
`benchmarks.speed`, each in a process of its own, prints a table and keeps all figures in
``benchmarks/results.json``. With ``--only`` the other questions keep the answers they have.
``python benchmarks/page.py`` writes the figures into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.speed.asked import Asked
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.targets import TARGETS, show, show_spread
from benchmarks.speed.tool import ROOT, single_threaded

QUESTIONS = {
    "cases": "one case, from files to scores",
    "reruns": "reruns, workers, a cluster",
    "judged": "judging 60 checks of 1,506 cases",
    "startup": "the plugin in a test run that does not use it",
    "parts": "where the time of a case goes",
    "tables": "ready score tables",
    "memory": "memory of one case",
}
RESULTS = ROOT / "benchmarks" / "results.json"


def main() -> None:
    """Ask, print, keep; exit with 1 if a question could not be answered."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "bench")
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for each tool")
    parser.add_argument("--many", type=int, default=400, help="cases of runs with workers")
    parser.add_argument("--full", action="store_true", help="score tables of 15 million rows")
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, default=[*QUESTIONS])
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    asked = Asked(
        folder=options.folder.resolve(),
        n_cases=options.cases,
        n_rounds=options.rounds,
        budget_s=options.budget,
        n_many=options.many,
        is_full=options.full,
    )
    failed = [name for name in options.only if not answer(name, asked=asked, out=options.out)]
    if options.out.is_file():
        print_targets(read_results(options.out))
    if failed:
        raise SystemExit(f"not measured: {', '.join(failed)}")


def answer(question: str, *, asked: Asked, out: Path) -> bool:
    """Measure one thing, print it and keep it; return whether that worked."""
    start = time.perf_counter()
    print(f"\n{QUESTIONS[question]}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "answer.json")
        plain = json.dumps(asked.to_plain())
        command = [sys.executable, "-m", "benchmarks.speed", question, str(place), plain]
        done = subprocess.run(command, cwd=ROOT, env=single_threaded(), check=False)
        if done.returncode:
            return False
        section = json.loads(place.read_text(encoding="utf-8"))
    keep(question, section, out=out)
    print_section(section)
    print(f"  [{time.perf_counter() - start:.0f} s]")
    return True


def read_results(path: Path) -> dict[str, Any]:
    """Return the results kept so far; none if there is no such file."""
    if not path.is_file():
        return {"sections": {}}
    return json.loads(path.read_text(encoding="utf-8"))


def keep(question: str, section: dict[str, Any], *, out: Path) -> None:
    """Write one section among those that are there, with its date and machine."""
    results = read_results(out)
    when = {"date": datetime.now(UTC).date().isoformat(), "machine": describe_machine()}
    results["sections"][question] = {**section, **when}
    out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def print_section(section: dict[str, Any]) -> None:
    """Print every figure by median and spread, and what could not be measured."""
    for figure in section["figures"]:
        note = f"  [{figure['note']}]" if figure["note"] else ""
        print(f"  {figure['title']:<68} {show_spread(figure)}{note}")
    for name, reason in section.get("missing", {}).items():
        print(f"  {name}: not measured ({reason})")
    for row in section.get("agreement", []):
        apart = ", ".join(f"{metric} {by:.1e}" for metric, by in row["furthest"].items())
        print(f"  {row['name']} agrees in {', '.join(row['same'])}; furthest from ours: {apart}")


def print_targets(results: dict[str, Any]) -> None:
    """Print what was asked for beside what was reached."""
    print(f"\n{'target':<68} {'at least':>9} {'aim':>7}  reached")
    for target in TARGETS:
        figure = target.find(results)
        if figure is None:
            print(f"{target.asks:<68} {'':>17}  not measured")
            continue
        bounds = [show(bound, figure["unit"]) for bound in (target.least, target.aim)]
        reached = show(figure[target.value], figure["unit"])
        print(f"{target.asks:<68} {bounds[0]:>9} {bounds[1]:>7}  {reached} {target.judge(figure)}")


if __name__ == "__main__":
    main()
