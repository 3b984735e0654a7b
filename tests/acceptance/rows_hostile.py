"""Rows D83 to D86: tables that are written for a program other than the reader of this one."""

from __future__ import annotations

import csv
from unittest import mock

from markupsafe import escape

from tests.acceptance import small
from tests.acceptance.row import Played, Row, Stage

_N_LABELLED = 60
_FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)")
_HOSTILE = (
    "<script>alert(1)</script>",
    '"onmouseover=',
    "javascript:alert(1)",
    "]]>",
    "\x1b[31mred",
    "::error::x",
    "\u202eder",
)
_TABLES = "expected CSV or TSV. Export it as CSV UTF-8."


def _play_formulas(stage: Stage) -> list[Played]:
    """Play a plan of what to label next, in which subgroups are named like formulas."""
    cases = [f"c{number:03d}" for number in range(200)]
    rows = [f"{case},{_FORMULAS[at % 4]},40" for at, case in enumerate(cases)]
    by_automated = [f"{case},unet,automated,0.{80 + at % 7}" for at, case in enumerate(cases)]
    by_expert = [
        f"{case},unet,expert,0.{50 + 10 * (at % 4) + at % 7}"
        for at, case in enumerate(cases[:_N_LABELLED])
    ]
    text = small.BENCHMARK.replace("[models.unet]", _AUTOMATED).replace('"gap"', '"rectified"')
    files = {
        "clinical.csv": "\n".join(["case,sex,age", *rows]),
        "scores.csv": "\n".join(["case,model,reference,dice", *by_automated, *by_expert]),
        "biasruler.toml": text.replace("limit = 0.9", 'limit = 0.32\nlabelled = "random"'),
    }
    plan = stage.pytester.path / "plan.csv"
    folder = small.play_whole(stage, files, "--biasruler-export=csv-plan=plan.csv")
    with plan.open(newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    assert {entry["subgroup"] for entry in entries} <= {f"'{name}" for name in _FORMULAS}
    assert all(entry["rank"].isdigit() for entry in entries), "numbers stay numbers"
    n_scored = small.audit_of(folder)["accounting"]["references"]["automated"]["scored"]
    return [Played(said=(), lost=frozenset(), scored=len(entries) and n_scored)]


_AUTOMATED = '[references.automated]\nkind = "automated"\n[models.unet]'


def _play_formats(stage: Stage) -> list[Played]:
    """Play formats that can run code or swallow memory, none of which is what its name says."""
    played = []
    for suffix in (".xlsx", ".parquet", ".pkl"):
        for name in ("clinical.csv", "scores.csv"):
            given = name.replace(".csv", suffix)
            files = {given: b"\x80\x04.", "biasruler.toml": small.BENCHMARK.replace(name, given)}
            with mock.patch("pickle.load", side_effect=AssertionError("opened")):
                played.append(small.stop(stage, files))
    return played


def _play_sizes(stage: Stage) -> list[Played]:
    many = "\n".join(["case,sex,age", *(f"c{at:05d},s{at},40" for at in range(10_000))])
    wide = small.clinical({14: f"c12,{'F' * 1_000_000},40", 15: "c13,M\0,40"})
    stopped = small.stop(stage, {"clinical.csv": wide})
    return [small.stop(stage, {"clinical.csv": many}), stopped, stopped]


def _play_names(stage: Stage) -> list[Played]:
    cells = {
        line: '{},"{}",40'.format(f"c{line - 2:02d}", _HOSTILE[line % 7].replace('"', '""'))
        for line in range(2, 2 + small.N_CASES)
    }
    folder = small.lay(stage, {"clinical.csv": small.clinical(cells)})
    result = small.start(stage, folder, "-vv", "--biasruler-policy=prove-safe")
    audit = small.audit_of(folder)
    page = (folder / "report.html").read_text("utf-8")
    terminal = result.stdout.str() + result.stderr.str()
    listed = {row["name"] for row in audit["attributes"]["sex"]["subgroups"]}
    assert listed == set(_HOSTILE), "audit.json keeps the text, which JSON escapes"
    for name in ("<script>alert(1)</script>", '"onmouseover=', "]]>"):
        assert name not in page, f"{name} is markup in the report"
        assert str(escape(name)) in page, f"{name} is not shown as text"
    assert not {"\x1b", "\u202e"} & {*page, *terminal}
    assert not [line for line in terminal.splitlines() if line.lstrip().startswith("::")]
    played = Played(
        said=small.noted(audit),
        lost=small.lost_in(audit),
        scored=audit["accounting"]["scored"],
    )
    return [played]


HOSTILE = (
    Row(
        id="D83",
        input="a subgroup named `=1+1`, `+1`, `-1`, `@SUM(1)` in an export",
        texts=("",),
        then="text cells of a CSV begin with an apostrophe, numbers never do",
        play=_play_formulas,
    ),
    Row(
        id="D84",
        input="`.xlsx`, Parquet or pickle as metadata or scores",
        texts=(
            *[
                "BR408: is no zip file, as every .xlsx is, or is cut short; expected a whole "
                "spreadsheet. Save it again, or export CSV."
            ]
            * 2,
            *["BR408: is damaged; expected a Parquet file. Export it again."] * 2,
            *(f"BR409: table is a {name} file; {_TABLES}" for name in (".pkl", ".pkl")),
        ),
        then="the run stops; pickles are never opened, and the others read as data alone",
        play=_play_formats,
    ),
    Row(
        id="D85",
        input="10 000 categories, a cell of 1 MB, a NUL byte",
        texts=(
            "BR410: sex has 10000 categories; expected at most 50. Check that it is the right "
            "column, give bins or raise biasruler_max_categories.",
            "BR410: cell of 1000000 characters; expected at most 256. Shorten it or raise "
            "biasruler_max_cell_chars.",
            "BR410: control character U+0000; expected printable text. Remove it or export the "
            "table again.",
        ),
        then="the run stops; of a cell only its length is told",
        play=_play_sizes,
    ),
    Row(
        id="D86",
        input="markup, terminal escapes, build commands and direction marks as names of subgroups",
        texts=("",),
        then="accepted; every output shows them as text",
        play=_play_names,
    ),
)
