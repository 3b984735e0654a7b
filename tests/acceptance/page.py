"""docs/robustness.md, written from the rows that are played: the page cannot say anything else.

Write it anew by ``python -m tests.acceptance.page``.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.errors import printable
from tests.acceptance.plays import PLURALS, TITLES
from tests.acceptance.rows import ROWS
from tests.acceptance.traps import TRAPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.acceptance.row import Row

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "robustness.md"
FUZZ_COUNTS = ROOT / "benchmarks" / "fuzz_counts.json"
BOMB_COSTS = ROOT / "benchmarks" / "bomb_costs.json"

INTRODUCTION = """\
# What broken input gets

Masks come from many hands: cut downloads, other programs' headers, a folder in the wrong place.
This page lists what was tried, what the audit says of it, and what becomes of the numbers. It is
for whoever has to trust a gap that was computed from files nobody looked at, and for whoever met
one of these lines and wants to know whether it was meant.

Each row is a test: `tests/acceptance` builds a small benchmark, puts the input in its place,
audits the whole and compares what is said with the line that stands here. In every row the cases
beside the odd one keep their right scores, and expected = scored + excluded. The page is written
from those rows and a test fails when it differs from them. What each code means and how to mend
it stands in [errors.md](errors.md).

| word | what happens |
| --- | --- |
| unreadable | a prediction gets the worst score, as an empty one would: 0 for overlap, the \
diagonal of the image for distances. Of a reference, the case is left out for every model. Both \
are listed with their code and counted by subgroup |
| error | the checks that need it are in error, which is never a pass; all others are answered |
| stop | nothing is scored: exit code 4, all problems of the benchmark at once |
| note | accepted, and said once for the whole set, never once for each case |
| accepted | read as it is meant, without a word |

`{mask}` stands for `prediction of unet` or `reference expert`, `{masks}` for all of such a set. A
line is shown without its place, which in a run follows the code: the alias of the case
(`BR105 case-017: ...`) or file and line (`BR602 biasruler.toml:31: ...`).
"""
BLOCKS = {
    "A": "Files and compression",
    "B": "Header and geometry",
    "C": "Voxels",
    "D": "Benchmark file, paths and metadata",
    "E": "Statistics, privacy and running",
    "F": "Added while this was tested",
}
TRAPS_INTRODUCTION = """\
All of these were found in published data. Nothing about such a file is broken, so that nothing
complains, and the numbers are wrong all the same.
"""
FUZZ_INTRODUCTION = """\
Random edits of sound files must be refused by name or read exactly as an independent reader reads
the same bytes. Any other exception, a wrong mask, or more memory than is allowed is a failure.
"""
BOMBS_INTRODUCTION = """\
Each file was read by a fresh process. Its memory holds {imports:.0f} MiB of imports; the time is
processor time of the reading alone (`python -m benchmarks.bombs`).
"""
HEAD = "| row | input | what is said | what happens |\n| --- | --- | --- | --- |"
_SPAN = re.compile(r"(`[^`]+`)")


def write_page() -> None:
    """Write the page into the docs."""
    PAGE.write_text(render_page(), encoding="utf-8")


def render_page() -> str:
    """Return the page as Markdown."""
    blocks = [
        _section(title, "", [row for row in ROWS if row.id.startswith(letter)])
        for letter, title in BLOCKS.items()
    ]
    traps = _section("Traps in published data", TRAPS_INTRODUCTION, TRAPS)
    return "\n".join([INTRODUCTION, *blocks, traps, _fuzzing(), _bombs()])


def _section(title: str, introduction: str, rows: Iterable[Row]) -> str:
    lines = "\n".join([HEAD, *map(_line, rows)])
    return "\n".join(part for part in (f"## {title}\n", introduction, f"{lines}\n") if part)


def _line(row: Row) -> str:
    said = "<br>".join(map(code_span, _collapse(row.texts)))
    return f"| {row.id} | {cell(row.input)} | {said} | {cell(row.then)} |"


def _collapse(texts: Iterable[str]) -> list[str]:
    """Return each text once, the mask it is about replaced by a word for it."""
    collapsed = []
    for text in texts:
        for words, placeholder in ((PLURALS, "{masks}"), (TITLES, "{mask}")):
            for words_of_set in words.values():
                text = text.replace(words_of_set, placeholder)
        collapsed.append(text)
    return list(dict.fromkeys(collapsed))


def code_span(text: str) -> str:
    """Return a line of the program as it may stand in a cell: nothing in it is Markdown."""
    if not text:
        return "nothing"
    shown = printable(text).replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def cell(text: str) -> str:
    """Return text with code spans as it may stand in a cell: no HTML, no end of the cell."""
    parts = _SPAN.split(printable(text).replace("|", "\\|"))
    return "".join(part if part.startswith("`") else escape(part, quote=False) for part in parts)


def _fuzzing() -> str:
    return "\n".join(["## Fuzzing\n", FUZZ_INTRODUCTION, *_counts()]) + "\n"


def _counts() -> Iterator[str]:
    if not FUZZ_COUNTS.exists():
        yield "No counts are recorded."
        return
    found = json.loads(FUZZ_COUNTS.read_text("utf-8"))
    yield (
        f"{found['n']:,} edited inputs (seed {found['seed']}) took {found['seconds']:,} s on two "
        f"processes and, beyond the imports, at most {found['peak_mib']:.1f} MiB. Other outcomes: "
        f"{found['others']:,}.\n\n| kind | inputs | accepted and right | refused with |\n"
        "| --- | --- | --- | --- |"
    )
    for kind, counts in found["kinds"].items():
        right = counts.get("accepted and right", 0)
        codes = ", ".join(f"{code} {n:,}" for code, n in counts.items() if code.startswith("BR"))
        yield f"| {cell(kind)} | {sum(counts.values()):,} | {right:,} | {codes} |"


def _bombs() -> str:
    found = json.loads(BOMB_COSTS.read_text("utf-8"))
    head = "| file | bytes | what is said | memory | time |\n| --- | --- | --- | --- | --- |"
    rows = [
        f"| {cell(name)} | {cost['file_bytes']:,} | {cost['code'] or 'read'} | "
        f"{cost['peak_mib']:.0f} MiB | {cost['cpu_seconds']:.2f} s |"
        for name, cost in found["files"].items()
    ]
    introduction = BOMBS_INTRODUCTION.format(imports=found["imports_mib"])
    return "\n".join(["## Files that promise much\n", introduction, head, *rows]) + "\n"


if __name__ == "__main__":
    write_page()
