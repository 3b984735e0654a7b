"""A small benchmark of 24 cases with ready scores, laid out with any file of it exchanged."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any
from unittest import mock

from pytest_biasruler.audit import preparing
from tests.acceptance.row import Played

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from tests.acceptance.row import Stage

N_CASES = 24

BENCHMARK = """\
[benchmark]
name = "Small"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
[models.unet]
[scores]
table = "scores.csv"
[attributes.sex]
[attributes.age]
bins = [18, 40, 60, 90]
[defaults]
min_patients = 3
[[checks]]
check = "gap"
by = "sex"
limit = 0.9
"""
"""What every row starts from; the limit is one that these scores are sure to keep."""

_CODE = re.compile(r"(BR\d{3})(?: ((?:(?!: ).)*))?: ")
_LINE = re.compile(r"(.+?):(\d+)")

Files = "Mapping[str, str | bytes]"


def cases() -> list[str]:
    """Return the names of all cases."""
    return [f"c{number:02d}" for number in range(N_CASES)]


def clinical(changed: Mapping[int, str] | None = None, head: str = "case,sex,age") -> str:
    """Return the metadata; `changed` maps the line of a row (the header is line 1) to its text."""
    rows = {
        line: f"{case},{'FM'[line % 2]},{20 + 2 * line}"
        for line, case in enumerate(cases(), start=2)
    }
    return "\n".join([head, *(rows | (changed or {})).values()]) + "\n"


def scores(changed: Mapping[int, str] | None = None, head: str = "") -> str:
    """Return the score table; `changed` maps the line of a row to its text."""
    rows = {
        line: f"{case},unet,expert,{0.8 + line % 5 / 100:.2f}"
        for line, case in enumerate(cases(), start=2)
    }
    return "\n".join([head or "case,model,reference,dice", *(rows | (changed or {})).values()])


def lay(stage: Stage, changed: Mapping[str, str | bytes] | None = None) -> Path:
    """Write the benchmark into a new folder, with some of its files exchanged or added."""
    places = (stage.pytester.path / f"v{number}" for number in itertools.count())
    folder = next(place for place in places if not place.exists())
    files: dict[str, str | bytes] = {
        "biasruler.toml": BENCHMARK,
        "clinical.csv": clinical(),
        "scores.csv": scores(),
    }
    for name, content in (files | dict(changed or {})).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def start(stage: Stage, folder: Path, *arguments: str, **how: bool) -> pytest.RunResult:
    """Run pytest on the benchmark of a folder, with its outputs beside it."""
    path = folder.relative_to(stage.pytester.path)
    outputs = (f"--biasruler-json={path}/audit.json", f"--biasruler-html={path}/report.html")
    return stage.run(f"{path}/biasruler.toml", *outputs, *arguments, **how)


def audit_of(folder: Path) -> dict[str, Any]:
    """Return the audit that a run has left."""
    audit: dict[str, Any] = json.loads((folder / "audit.json").read_text("utf-8"))
    return audit


def unplaced(lines: list[str]) -> tuple[str, ...]:
    """Return what is said under a code, its place left out."""
    found = ((line, _CODE.search(line)) for line in lines)
    return tuple(f"{code[1]}: {line[code.end() :]}" for line, code in found if code)


def noted(audit: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the notes and problems of an audit, their places left out."""
    notes = [f"{note['code']}: {note['text']}" for note in audit["warnings"]]
    return (*notes, *unplaced([problem["text"] for problem in audit["accounting"]["problems"]]))


def lost_in(audit: Mapping[str, Any]) -> frozenset[str]:
    """Return the aliases of cases that were not scored or scored worst."""
    accounting = audit["accounting"]
    assert accounting["scored"] + accounting["n_excluded"] == accounting["expected"]
    return frozenset(problem["case"] for problem in accounting["problems"])


def stop(
    stage: Stage,
    broken: Mapping[str, str | bytes],
    mended: Mapping[str, str | bytes] | None = None,
    *arguments: str,
) -> Played:
    """Play a benchmark that is refused before anything is scored, then the mended one.

    The refused run ends with exit code 4, says every problem once in the order of files and
    lines, scores nothing and leaves no output, not even one of an earlier run.
    """
    folder = lay(stage, broken)
    (folder / "audit.json").write_text('{"schema": "biasruler-audit/1"}', encoding="utf-8")
    with mock.patch.object(preparing, "score_benchmark") as scoring:
        result = start(stage, folder, *arguments)
    assert result.ret == 4, result.stdout.str()
    assert not scoring.called, "nothing is scored"
    assert not {"audit.json", "report.html"} & {path.name for path in folder.iterdir()}
    lines = _problem_lines(result)
    places = [_place(line) for line in lines]
    assert places == sorted(places), f"not in the order of files and lines: {lines}"
    after = audit_of(play_whole(stage, mended))
    return Played(said=unplaced(lines), lost=lost_in(after), scored=after["accounting"]["scored"])


def play_whole(
    stage: Stage, changed: Mapping[str, str | bytes] | None = None, *arguments: str
) -> Path:
    """Run a benchmark that is accepted, and return its folder with the outputs."""
    folder = lay(stage, changed)
    result = start(stage, folder, *arguments)
    assert result.ret in (0, 1), result.stdout.str() + result.stderr.str()
    return folder


def accept(
    stage: Stage, changed: Mapping[str, str | bytes] | None = None, *arguments: str
) -> tuple[Played, dict[str, Any]]:
    """Play a benchmark that is accepted; return also its audit."""
    audit = audit_of(play_whole(stage, changed, *arguments))
    played = Played(said=noted(audit), lost=lost_in(audit), scored=audit["accounting"]["scored"])
    return played, audit


def _problem_lines(result: pytest.RunResult) -> list[str]:
    """Return the lines of stderr that tell a problem; the summary repeats the first of several."""
    lines = [line for line in result.stderr.lines if re.search(r"\bBR\d{3}\b", line)]
    return lines[:-1] if len(lines) > 1 else lines


def _place(line: str) -> tuple[str, float]:
    code = _CODE.search(line)
    where = (code[2] if code else None) or ""
    place = _LINE.match(where)
    return (place[1], int(place[2])) if place else (where, float("inf"))
