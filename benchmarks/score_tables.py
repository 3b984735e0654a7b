"""Time and memory of ready score tables, from 15 thousand rows to 15 million.

``python benchmarks/score_tables.py FOLDER [--most 1500000] [--seed S] [--json FILE]`` writes
made-up tables into FOLDER, as CSV and Parquet, and judges a gap and a ruler question on each in a
fresh process. It prints seconds, processor time and bytes per row, the highest memory of the
process, and by what factor the processor time per row differs from that of the table ten times
shorter: other programs on the machine lengthen the seconds far more. ``--most 15000000`` adds the
longest table: some 0.7 GB on disk, and minutes. The same seed writes the same tables; one that is
there already is taken as it is.

Every table holds ten models, each scored against two references, so that the number of cases grows
with that of the rows: 750 to 750,000. Imports are not timed, and their memory is taken off what a
row needs.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SIZES = (15_000, 150_000, 1_500_000, 15_000_000)
MODELS = tuple(f"model{number:02d}" for number in range(10))
REFERENCES = ("expert", "automated")
FORMATS = ("csv", "parquet")
ROWS_PER_CASE = len(MODELS) * len(REFERENCES)
LIMITS = {"max_rows": 4_000_000, "max_table_bytes": 2**30}
"""As ``biasruler_max_rows`` and ``biasruler_max_table_bytes`` of an ini file would raise them."""
BENCHMARK = """[benchmark]
name = "made-up scores"
metadata = "clinical.csv"
case = "case"
patient = "patient"

[attributes.age]
bins = [20, 40, 60, 90]

[scores]
table = "scores.{suffix}"

[references.expert]
kind = "expert"

[references.automated]
kind = "automated"

{models}

[[checks]]
check = "gap"
metric = "dice"
by = "age"
model = "model00"
reference = "expert"
limit = 0.05

[[checks]]
check = "ruler"
metric = "dice"
by = "age"
model = "model00"
limit = 0.05
"""


def write_benchmark(folder: Path, *, n_rows: int, seed: int) -> None:
    """Write metadata, benchmark files and both tables into `folder`, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "scores.parquet").is_file():
        return
    n_cases = n_rows // ROWS_PER_CASE
    rng = np.random.default_rng([seed, n_rows])
    cases = [f"case{number:07d}" for number in range(n_cases)]
    patients = rng.integers(0, max(2, n_cases // 2), n_cases).tolist()
    ages = rng.integers(20, 90, n_cases).tolist()
    lines = (
        f"{case},p{patient:07d},{age}\n"
        for case, patient, age in zip(cases, patients, ages, strict=True)
    )
    with (folder / "clinical.csv").open("w") as stream:
        stream.write("case,patient,age\n")
        stream.writelines(lines)
    models = "\n\n".join(f'[models.{name}]\ntrained_on = "automated"' for name in MODELS)
    for suffix in FORMATS:
        text = BENCHMARK.format(suffix=suffix, models=models)
        (folder / f"{suffix}.toml").write_text(text)
    write_tables(folder, cases=cases, rng=rng)


def write_tables(folder: Path, *, cases: list[str], rng: np.random.Generator) -> None:
    """Write the same scores as CSV and as Parquet, model by model."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = pa.schema(
        [*((name, pa.string()) for name in ("case", "model", "reference")), ("dice", pa.float64())]
    )
    with (
        (folder / "scores.csv").open("w") as stream,
        pq.ParquetWriter(folder / "scores.parquet", names) as parquet,
    ):
        stream.write("case,model,reference,dice\n")
        for model in MODELS:
            for reference in REFERENCES:
                dice = np.round(rng.beta(8, 2, len(cases)), 4)
                ending = f",{model},{reference},"
                stream.writelines(
                    f"{case}{ending}{score}\n"
                    for case, score in zip(cases, dice.tolist(), strict=True)
                )
                n = len(cases)
                columns = [pa.array(cases), pa.array([model] * n), pa.array([reference] * n)]
                parquet.write_table(pa.table([*columns, pa.array(dice)], schema=names))


def judge(path: Path) -> dict[str, Any]:
    """Return what judging the benchmark file takes, in this process."""
    from pytest_biasruler.audit.judging import judge_declared
    from pytest_biasruler.audit.preparing import prepare
    from pytest_biasruler.benchmark.manifest import read_manifest
    from pytest_biasruler.errors import Limits

    before = memory_mb()
    start, start_cpu = time.perf_counter(), time.process_time()
    evidence = prepare(read_manifest(path, environ={}, limits=Limits(**LIMITS)))
    prepared = time.perf_counter() - start
    judgements = judge_declared(evidence)
    return {
        "seconds": time.perf_counter() - start,
        "seconds_prepare": prepared,
        "seconds_cpu": time.process_time() - start_cpu,
        "peak_mb": memory_mb(),
        "imports_mb": before,
        "verdicts": [each.unwrap().verdict.value for each in judgements],
    }


def memory_mb() -> float:
    """Return the most memory this process ever had, in MiB."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # Of Linux, ru_maxrss outlives exec and so counts the process that wrote the tables.
    rows = status.read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("VmHWM:")) / 1024


def measure(folder: Path, *, suffix: str, n_rows: int) -> dict[str, Any]:
    """Return what a fresh process measured of one table."""
    path = folder / f"{suffix}.toml"
    command = [sys.executable, __file__, str(folder), "--judge", str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(answer.stdout)
    found["us_per_row"] = 1e6 * found["seconds_cpu"] / n_rows
    found["bytes_per_row"] = (found["peak_mb"] - found["imports_mb"]) * 2**20 / n_rows
    return {"format": suffix, "n_rows": n_rows, **found}


def print_row(found: dict[str, Any], *, before: dict[str, Any] | None) -> None:
    """Print one line of the table."""
    factor = "" if before is None else f"{found['us_per_row'] / before['us_per_row']:.2f}"
    print(
        f"{found['format']:>8} {found['n_rows']:>11,} {found['seconds']:>9.2f} "
        f"{found['us_per_row']:>11.2f} {factor:>7} {found['peak_mb']:>9.0f} "
        f"{found['bytes_per_row']:>9.0f}  {' '.join(found['verdicts'])}",
        flush=True,
    )


def main() -> None:
    """Write and judge the tables, shortest first."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=1_500_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        print(json.dumps(judge(options.judge)))
        return
    results = []
    print("  format        rows   seconds  CPU us/row  factor  peak MiB  bytes/row  verdicts")
    for suffix in options.formats:
        before = None
        for n_rows in (size for size in SIZES if size <= options.most):
            folder = options.folder / str(n_rows)
            write_benchmark(folder, n_rows=n_rows, seed=options.seed)
            found = measure(folder, suffix=suffix, n_rows=n_rows)
            print_row(found, before=before)
            results.append(found)
            before = found
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        record = {"machine": machine, "seed": options.seed, "results": results}
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
