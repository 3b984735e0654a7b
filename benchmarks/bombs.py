"""What files cost that promise much: each is read by a fresh process that says what it took.

``python -m benchmarks.bombs`` prints peak memory and time of every file beside the memory of a
process that only imports the readers, and writes them to ``benchmarks/bomb_costs.json``. Linux
only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.fuzzing.hostile import BOMBS

COSTS = Path(__file__).parent / "bomb_costs.json"
MOST_MIB = 200
"""Beyond what imports take, which depends on what else is installed beside pandas."""
MOST_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What reading took: memory of the whole process, time of the reading alone.

    `cpu_seconds` is what the reader itself needs; `seconds` grows with what else is running.
    """

    codes: list[str]
    peak_mib: float
    seconds: float
    cpu_seconds: float


def measure(reader: str, *paths: Path) -> Cost:
    """Return what a fresh process took to import the readers and then to read `paths`."""
    command = [sys.executable, "-m", "benchmarks.bombs", "--child", reader, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def _answer(reader: str, *paths: str) -> None:
    """Read files in this process and print what that took."""
    from benchmarks.fuzzing.readers import READERS
    from pytest_biasruler.errors import BiasRulerError

    codes = []
    start, worked = time.perf_counter(), time.process_time()
    for path in paths:
        try:
            READERS[reader](Path(path))
            codes.append("")
        except BiasRulerError as refused:
            codes.append(refused.code)
    seconds = {
        "seconds": round(time.perf_counter() - start, 3),
        "cpu_seconds": round(time.process_time() - worked, 3),
    }
    # ru_maxrss outlives exec and so would count the memory of the process that started this one.
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(row.split()[1]) for row in status if row.startswith("VmHWM:")) / 1024
    told = {"codes": codes, "peak_mib": round(peak, 1), **seconds}
    sys.stdout.write(json.dumps(told))


def main() -> int:
    """Measure all files; return 1 if one costs too much or is refused with another code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--child", nargs="+")
    parser.add_argument("--out", type=Path, default=COSTS)
    asked = parser.parse_args()
    if asked.child:
        _answer(*asked.child)
        return 0
    n_bad = 0
    imports = measure("mask")
    files = {}
    for name, bomb in BOMBS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = bomb.write(Path(folder))
            n_bytes = path.stat().st_size
            cost = measure(bomb.reader, path)
        is_cheap = cost.peak_mib < imports.peak_mib + MOST_MIB and cost.cpu_seconds < MOST_SECONDS
        is_right = cost.codes == [bomb.code]
        n_bad += not (is_cheap and is_right)
        files[name] = {"file_bytes": n_bytes, "code": cost.codes[0], **asdict(cost)}
        del files[name]["codes"]
        told = f"{name:45}{n_bytes:>12,} B  {cost.codes[0] or 'read':6}"
        sys.stdout.write(f"{told}{cost.peak_mib:7.1f} MiB {cost.cpu_seconds:7.3f} s")
        sys.stdout.write("\n" if is_cheap and is_right else "  <-- too much, or another code\n")
        sys.stdout.flush()
    kept = {
        "imports_mib": imports.peak_mib,
        "most_mib_beyond_imports": MOST_MIB,
        "most_seconds": MOST_SECONDS,
        "files": files,
    }
    asked.out.write_text(json.dumps(kept, indent=1) + "\n")
    return int(n_bad > 0)


if __name__ == "__main__":
    sys.exit(main())
