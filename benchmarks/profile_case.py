"""Print where the time of a case goes.

``python benchmarks/profile_case.py [FOLDER] [--cases N]`` profiles the scoring of generated cases
and prints the share of each part: reading, inflating, hashing, cropping, surfaces, distances,
lesions and the rest. A profiler makes short functions look longer than they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.speed.asked import Asked
from benchmarks.speed.parts import measure


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("out/bench"))
    parser.add_argument("--cases", type=int, default=12)
    asked = parser.parse_args()
    for figure in measure(Asked(folder=asked.folder, n_cases=asked.cases))["figures"]:
        print(f"{figure['title']:40} {figure['median']:8.1f} {figure['unit']}")


if __name__ == "__main__":
    main()
