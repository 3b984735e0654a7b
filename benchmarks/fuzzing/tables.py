"""Edited metadata, and what the standard library's csv reads in the same bytes."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import TYPE_CHECKING

from benchmarks.fuzzing.edits import edit_bytes, edit_rows
from benchmarks.fuzzing.outcome import RIGHT, hold, outcome_of
from pytest_biasruler.benchmark.definition import Attribute, Benchmark
from pytest_biasruler.benchmark.metadata import Metadata, read_metadata
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from random import Random

# Cases, patients and remarks are spelt in q, z, v and x: see `outcome`.
CASES = tuple(f"zqvx{n:02d}" for n in range(12))
_CELLS = (
    *(
        "",
        " ",
        "NA",
        "nan",
        "-inf",
        "Inf",
        "1e5",
        "1e999",
        "1_000",
        "-1",
        "0",
        "0.5",
        "1.0001",
        "87.3",
    ),
    *(
        "90+",
        "34,5",
        "34y",
        "F ",
        "f",
        "missing",
        "Missing",
        "hawaian",
        "zqvx01",
        "../zqvx",
        "zq/vx",
    ),
    *(
        '"',
        '""',
        '"zqvx',
        "=zqvx()",
        "\x00",
        "\x1b[31m",
        "\u200b",
        "\u202e",
        "Zu\u0308rich",
        "\ufeff",
    ),
    *(
        "zqvx" * 100,
        "9" * 400,
        "\u0663",
        "\uff11",
        "expert",
        "unet",
        "dice",
        "case",
        "age",
        "C:\\zqvx",
        "\r",
        "\x85",
    ),
)
_EDGES = (0.0, 41.0, 56.0, 120.0)
CLINICAL = "case,patient,age,sex,ethnicity,site,remark\n" + "\n".join(
    f"{case},vzqx{n // 2},{20 + 5 * n}.3718,{'FM'[n % 2]},{('hawaiian', 'asian', '')[n % 3]},"
    f'{"AB"[n // 6]},"xvzq, {n}"'
    for n, case in enumerate(CASES)
)


def make_clinical(rng: Random) -> dict[str, bytes]:
    """Return edited metadata."""
    return {"clinical.csv": edit_table(rng, CLINICAL)}


def edit_table(rng: Random, text: str) -> bytes:
    if rng.random() < 0.7:
        text = edit_rows(rng, text, tokens=_CELLS, separators=",")
    data = text.encode(rng.choice(("utf-8",) * 16 + ("utf-8-sig", "utf-16")))
    return edit_bytes(rng, data) if rng.random() < 0.4 else data


def judge_clinical(folder: Path, files: dict[str, bytes]) -> str:
    """Return what became of metadata; `Wrong` if cells or subgroups are not those of the bytes."""
    benchmark = Benchmark(
        name="fuzz",
        metadata="clinical.csv",
        root=folder,
        patient="patient",
        site="site",
        attributes=[
            Attribute(name="sex"),
            Attribute(name="ethnicity"),
            Attribute(name="age", bins=_EDGES),
        ],
    )
    try:
        metadata = read_metadata(benchmark)
        cut = cut_all(benchmark, metadata)
    except BiasRulerError as refused:
        return outcome_of(refused, may_quote=False)
    rows = {row["case"]: row for row in rows_of(files["clinical.csv"])}
    _compare_cells(metadata, rows)
    for name in ("sex", "ethnicity"):
        expected = {case: row[name] or "missing" for case, row in rows.items()}
        hold(cut[name].of.to_dict() == expected, f"other subgroups of {name}")
    for case, subgroup in cut["age"].of.items():
        cell = rows[str(case)]["age"].removesuffix("+")
        hold(subgroup == _bin_of(cell, cut["age"].declared), "another bin")
    return RIGHT


def _bin_of(cell: str, names: tuple[str, ...]) -> str:
    if not cell:
        return "missing"
    age = float(cell)
    below = sum(age >= edge for edge in _EDGES[1:-1])
    return names[below] if _EDGES[0] <= age <= _EDGES[-1] else "nowhere"


def _compare_cells(metadata: Metadata, rows: Mapping[str, dict[str, str]]) -> None:
    hold(rows, "no rows")
    hold(sorted(rows) == list(metadata.cases), "other cases")
    found = metadata.frame.to_dict("index")
    named = {case: {k: v for k, v in row.items() if k} for case, row in rows.items()}
    hold(found == named, "other cells")
    hold(
        metadata.patients.to_dict() == {c: r["patient"] for c, r in rows.items()}, "other patients"
    )


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Return rows by column as the standard library reads them, trimmed and composed."""
    text = data.decode("utf-8").removeprefix("\ufeff")
    header, *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    names = [_tidy(name) for name in header]
    hold(all(len(row) == len(names) for row in rows), "rows of another length")
    hold(len({*filter(None, names)}) == len([*filter(None, names)]), "a column twice")
    return [dict(zip(names, map(_tidy, row), strict=True)) for row in rows]


def _tidy(cell: str) -> str:
    return unicodedata.normalize("NFC", cell.strip(" \t"))
