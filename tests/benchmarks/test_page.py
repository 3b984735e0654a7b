"""docs/performance.md says what was measured, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmarks.page import BLOCK, PAGE, WRITERS, fill
from benchmarks.run import QUESTIONS, RESULTS, read_results
from benchmarks.speed.figures import Figure
from benchmarks.speed.targets import TARGETS

TEXT = PAGE.read_text(encoding="utf-8")
MACHINE = {
    "processor": "Abacus",
    "cores": 2,
    "memory_gib": 4,
    "system": "Linux x86_64",
    "python": "3.11.7",
    "packages": {"numpy": "2.0"},
}


def results_of(section: str, *figures: Figure, **more: Any) -> dict[str, Any]:
    plain = [figure.to_plain() for figure in figures]
    found = {"figures": plain, "date": "2026-01-02", "machine": MACHINE, **more}
    return {"sections": {section: found}}


def block(name: str, results: dict[str, Any]) -> str:
    filled = fill(f"<!-- figures: {name} -->\nold\n<!-- end of figures -->", results)
    return filled.partition("-->\n")[2].partition("\n<!--")[0]


def ratio(*values: float) -> Figure:
    return Figure(name="deepmind/biasruler", title="t", unit="x", values=values)


def test_the_page_is_that_of_the_results() -> None:
    assert fill(TEXT, read_results(RESULTS)) == TEXT, "run python benchmarks/page.py"


def test_the_page_has_a_block_for_every_question() -> None:
    assert {name for _, name in re.findall(r"(<!-- figures: (\w+) -->)", TEXT)} == {
        *QUESTIONS,
        *WRITERS,
        "whole",
    }
    assert len(BLOCK.findall(TEXT)) == len(QUESTIONS) + len(WRITERS) + 1, "a block has no end"


def test_filling_twice_changes_nothing() -> None:
    once = fill(TEXT, results_of("cases", ratio(10.0, 12.0, 20.0)))
    assert "| t | 12× (10× to 20×) | 3 |" in once
    assert fill(once, results_of("cases", ratio(10.0, 12.0, 20.0))) == once


def test_a_marker_that_nobody_fills_is_refused() -> None:
    with pytest.raises(KeyError, match="no block is called nonsense"):
        block("nonsense", {"sections": {}})


def test_what_was_not_measured_is_said_to_be_missing() -> None:
    assert "Not among the figures" in block("reruns", {"sections": {}})
    assert f"| {TARGETS[0].asks} |  |  | not measured |  |" in block("targets", {"sections": {}})


def test_a_tool_that_is_not_there_has_a_line_with_the_reason() -> None:
    results = results_of("cases", ratio(1.0), missing={"monai": "No module named 'torch'"})
    assert "| monai | not measured |  | No module named 'torch' |" in block("cases", results)


@pytest.mark.parametrize(("reached", "word"), [(8.9, "no"), (9.0, "yes"), (15.0, "aim")])
def test_a_target_is_judged_by_the_median(reached: float, word: str) -> None:
    row = block("targets", results_of("cases", ratio(1.0, reached, 100.0))).splitlines()[2]
    assert row.endswith(f"| ≥ 9× | ≥ 15× | {reached:g}× | {word} |")


def test_a_bound_from_above_is_judged_the_other_way_round() -> None:
    target = next(each for each in TARGETS if each.is_most and each.value == "median")
    words = [target.judge({"median": each}) for each in (target.aim, target.least, 1e9)]
    assert words == ["aim", "yes", "no"]


def test_a_figure_that_is_not_a_number_reaches_no_target() -> None:
    assert {target.judge({"median": float("nan"), "max": float("nan")}) for target in TARGETS} == {
        "no"
    }


def test_every_target_names_a_section_that_is_measured() -> None:
    assert {target.key.partition("/")[0] for target in TARGETS} <= {*QUESTIONS, "whole"}


def test_machines_that_differ_are_told_apart() -> None:
    results = results_of("cases", ratio(1.0))
    other = results_of("judged", ratio(1.0))["sections"]["judged"]
    results["sections"]["judged"] = other
    assert block("machines", results).startswith(
        "- cases (2026-01-02), judged (2026-01-02): Abacus"
    )
    other["machine"] = {**MACHINE, "cores": 64}
    assert block("machines", results).count("Abacus") == 2
