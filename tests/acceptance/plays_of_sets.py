"""Rows about a whole set of masks: copies, predictions all alike."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.acceptance.bench import Bench, draw_case
from tests.core.masks.broken_files import mask

if TYPE_CHECKING:
    from tests.acceptance.row import Played, Stage
    from tests.acceptance.told import Told

_ALIASES = re.compile(r"\(case-\d{3}, case-\d{3}\)")
EMPTY = np.zeros((8, 8, 8), np.uint8)


def errors_of(told: Told) -> list[str]:
    """Return the codes of checks in error."""
    return [error["code"] for error in told.audit.accounting["checks"]["errors"]]


def play_one_mask_for_two_patients(stage: Stage) -> list[Played]:
    many = Bench(folder=stage.folder / "many", n_cases=40)
    few = Bench(folder=stage.folder / "few")
    for bench in (many, few):
        bench.draw("c1", "unet", draw_case(3)["unet"])
    empty = Bench(folder=stage.folder / "empty")
    for case in ("c1", "c3"):
        empty.draw(case, "unet", EMPTY)
    told = {bench.folder.name: bench.audit() for bench in (many, few, empty)}
    assert told["many"].notes("BR120") == told["few"].notes("BR120") == {"unet": 2}
    assert errors_of(told["many"]) == errors_of(told["empty"]) == []
    assert errors_of(told["few"]) == ["BR120", "BR120"]
    assert [line[:5] for line in told["empty"].said] == ["BR304"], "two empty masks are no copies"
    named = many.audit(show_cases=True).said
    assert any("(c1, c3)" in line for line in named), "not the two that are alike were named"
    played = told["many"].played([])
    # Which aliases they have depends on how this machine's zlib compresses the expert masks.
    said = tuple(_ALIASES.sub("(case-012, case-040)", line) for line in played.said)
    return [replace(played, said=said), told["few"].played([])]


def play_copies_of_a_reference(stage: Stage) -> list[Played]:
    played = []
    for reference, n_cases, is_error in (
        ("automated", 6, False),
        ("expert", 12, False),
        ("expert", 6, True),
    ):
        bench = Bench(folder=stage.folder / f"{reference}{n_cases}", n_cases=n_cases)
        bench.draw("c3", "unet", draw_case(3)[reference])
        told = bench.audit()
        assert told.notes("BR121") == {"unet": 1}
        assert told.score("c3", reference=reference) == 1
        assert errors_of(told) == ["BR121", "BR121"] * is_error
        played.append(told.played([]))
    empty = Bench(folder=stage.folder / "empty")
    for name in ("unet", "expert"):
        empty.draw("c3", name, EMPTY)
    assert empty.audit().notes("BR121") == {}, "two empty masks are no copies"
    return played


def play_predictions_all_alike(stage: Stage) -> list[Played]:
    played = []
    for what, voxels in (("empty", EMPTY), ("same", mask()), ("unreadable", None)):
        bench = Bench(folder=stage.folder / what)
        for case in bench.cases:
            if voxels is None:
                bench.give(case, "unet", b"")
            else:
                bench.draw(case, "unet", voxels)
        told = bench.audit()
        assert errors_of(told) == ["BR122", "BR122"], "a check of such a model was answered"
        assert told.audit.findings == ()
        played.append(told.played(bench.cases if voxels is None else []))
    return played


def play_identical_references(stage: Stage) -> list[Played]:
    bench = Bench(folder=stage.folder)
    for at, case in enumerate(bench.cases):
        bench.draw(case, "automated", draw_case(at)["expert"])
    told = bench.audit()
    assert told.notes("BR125") == {"expert and automated": 6}
    assert errors_of(told) == []
    return [told.played([])]
