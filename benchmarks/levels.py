"""Count how often bounds err in benchmarks whose truth is known: A1 to A18 of docs/levels.md.

``python benchmarks/levels.py`` prints one row for each cell, as it is done, and a table at the
end; ``--only A7``, ``--worlds 200`` and ``--workers 2`` do less, and it quicker. Exits with 1 if a
limit does not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, not installed

from benchmarks.simulations.catalogue import CELLS, N_WORLDS, TITLES
from benchmarks.simulations.cell import Result, run


def simulate(index: int, n_worlds: int | None) -> Result:
    """Run one cell; a worker finds it by its number, since a cell holds a function."""
    cell = CELLS[index]
    return run(cell, n_worlds=n_worlds or N_WORLDS.get(cell.id, 1000))


def tell(result: Result) -> str:
    """Return one line for a cell."""
    shares = ", ".join(f"{what} {share:.1%}" for what, share in result.shares.items())
    sign = "BROKEN " if result.broken() else ""
    return f"{sign}{result.id} {result.name}: {shares} (R {result.n_worlds}, seed {result.seed})"


def tabulate(results: list[Result]) -> str:
    """Return the table of docs/levels.md: for each simulation and error the worst cell."""
    rows = ["| id | what | cells | R | limit | worst | where |", "|---|---|---|---|---|---|---|"]
    by_id: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_id[result.id].append(result)
    for name, group in by_id.items():
        for sign, key, pick in (("≤", "most", max), ("≥", "least", min)):
            limits = [pair for result in group for pair in getattr(result, key).items()]
            for what, limit in dict.fromkeys(limits):
                held = [r for r in group if getattr(r, key).get(what) == limit]
                worst = pick(held, key=lambda result, what=what: result.shares[what])
                rows.append(
                    f"| {name} | {TITLES[name]}: {what} | {len(held)} | {worst.n_worlds:,} "
                    f"| {sign} {limit:.1%} | {worst.shares[what]:.1%} | {worst.name} |"
                )
    return "\n".join(rows)


def main() -> int:
    """Run the cells that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", default=sorted(TITLES), help="such as A1 A7")
    parser.add_argument("--worlds", type=int, help="benchmarks in each cell; default 1,000")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    chosen = [index for index, cell in enumerate(CELLS) if cell.id in asked.only]
    start = time.monotonic()
    with ProcessPoolExecutor(asked.workers) as pool:
        results = []
        for result in pool.map(simulate, chosen, [asked.worlds] * len(chosen)):
            results.append(result)
            print(tell(result), flush=True)
    print(f"\n{tabulate(results)}\n\n{time.monotonic() - start:.0f} s", flush=True)
    broken = [text for result in results for text in result.broken()]
    print("\n".join(broken) or "every limit holds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
