"""Write the figures of ``benchmarks/results.json`` into docs/performance.md, between its markers.

``python benchmarks/page.py`` after ``make bench``: no number of the page is typed by hand, and a
test fails when page and results differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from benchmarks.peers.catalogue import PEERS
from benchmarks.run import QUESTIONS, RESULTS, read_results
from benchmarks.speed.targets import TARGETS, show, show_spread
from benchmarks.speed.tool import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Results = Mapping[str, Any]

PAGE = ROOT / "docs" / "performance.md"
BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)
ABSENT = "Not among the figures that are kept here."
METRICS = {"dice": "Dice", "nsd": "NSD", "hd95_mm": "HD95", "hd_mm": "HD", "assd_mm": "ASSD"}


def main() -> None:
    """Write the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(fill(text, read_results(RESULTS)), encoding="utf-8")


def fill(text: str, results: Results) -> str:
    """Return the page with the block of every marker written anew.

    Raises
    ------
    KeyError
        If a marker names a block that nobody writes.
    """
    return BLOCK.sub(lambda found: f"{found[1]}{_block(found[2], results)}\n{found[3]}", text)


def _block(name: str, results: Results) -> str:
    if name in WRITERS:
        return WRITERS[name](results)
    if name not in (*QUESTIONS, "whole"):
        raise KeyError(f"no block is called {name}")
    section = results["sections"].get(name)
    return ABSENT if section is None else _write_section(section)


def _write_section(section: Mapping[str, Any]) -> str:
    rows = [
        (figure["title"], show_spread(figure), str(figure["n"]), figure["note"])
        for figure in section["figures"]
    ]
    missing = [(name, "not measured", "", reason) for name, reason in _missing(section)]
    return _table(("what", "median (smallest to largest)", "values", ""), [*rows, *missing])


def _missing(section: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return section.get("missing", {}).items()


def _write_machines(results: Results) -> str:
    """Say of each distinct machine and set of versions when it measured what."""
    lines: dict[str, list[str]] = {}
    for name, section in results["sections"].items():
        lines.setdefault(_describe(section["machine"]), []).append(f"{name} ({section['date']})")
    return "\n".join(f"- {', '.join(names)}: {text}." for text, names in lines.items()) or ABSENT


def _describe(machine: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}; Python {machine['python']}, {packages}"
    )


def _write_targets(results: Results) -> str:
    rows = []
    for target in TARGETS:
        figure = target.find(results)
        if figure is None:
            rows.append((target.asks, "", "", "not measured", ""))
            continue
        sign = "≤ " if target.is_most else "≥ "
        bounds = [sign + show(bound, figure["unit"]) for bound in (target.least, target.aim)]
        reached = show(figure[target.value], figure["unit"])
        rows.append((target.asks, *bounds, reached, target.judge(figure)))
    return _table(("what", "at least", "aim", "reached", "which"), rows)


def _write_agreement(results: Results) -> str:
    rows = [
        (
            PEERS[row["name"]].title,
            ", ".join(METRICS.get(metric, metric) for metric in row["same"]),
            *(
                f"{row['furthest'][metric]:.2g}" if metric in row["furthest"] else ""
                for metric in METRICS
            ),
        )
        for row in results["sections"].get("cases", {}).get("agreement", [])
    ]
    return _table(("tool", "must be ours", *METRICS.values()), rows) if rows else ABSENT


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = [*head]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


WRITERS: Mapping[str, Callable[[Results], str]] = {
    "machines": _write_machines,
    "targets": _write_targets,
    "agreement": _write_agreement,
}

if __name__ == "__main__":
    main()
