"""Rows D78 to D82: what people write into cells, and how they save it."""

from __future__ import annotations

import unicodedata

from tests.acceptance import small
from tests.acceptance.row import Played, Row, Stage

_SEX, _AGE = "[attributes.sex]\n", "[attributes.age]\n"
_FORM = (
    'BR406: age looks like "{}" (9 for a digit, a for a letter); expected a number. '
    "Correct the cell or list it in missing."
)


def _cells(column: str, changed: dict[int, str]) -> str:
    """Return the metadata with other cells of a column, by line."""
    rows = {}
    for line, cell in changed.items():
        case, sex, age = f"c{line - 2:02d}", "FM"[line % 2], str(20 + 2 * line)
        rows[line] = f"{case},{cell},{age}" if column == "sex" else f"{case},{sex},{cell}"
    return small.clinical(rows)


def _sizes(audit, attribute):
    return {row["name"]: row["n_cases"] for row in audit["attributes"][attribute]["subgroups"]}


def _play_words_for_nothing(stage: Stage) -> list[Played]:
    words = {4: "NA", 6: "None", 8: "nan", 10: ""}
    accepted, audit = small.accept(stage, {"clinical.csv": _cells("sex", words)})
    assert _sizes(audit, "sex") == {"F": 8, "M": 12, "NA": 1, "None": 1, "nan": 1, "missing": 1}
    taken = {"clinical.csv": _cells("sex", {12: "missing"})}
    mended = small.BENCHMARK.replace(_SEX, f'{_SEX}merge = {{ unrecorded = ["missing"] }}\n')
    return [accepted, small.stop(stage, taken, {**taken, "biasruler.toml": mended})]


def _play_spellings(stage: Stage) -> list[Played]:
    trimmed, audit = small.accept(stage, {"clinical.csv": _cells("sex", {12: "F ", 14: "F\t"})})
    assert _sizes(audit, "sex") == {"F": 12, "M": 12}
    decomposed = unicodedata.normalize("NFD", "é")
    composed, audit = small.accept(
        stage, {"clinical.csv": _cells("sex", {4: "é", 6: "é", 8: "é", 10: decomposed})}
    )
    assert _sizes(audit, "sex") == {"F": 8, "M": 12, "é": 4}
    several = {"clinical.csv": _cells("sex", {12: "f", 13: "M\u200b", 14: "\u202eF"})}
    merge = '{ F = ["f", "\\u202eF"], M = ["M\\u200b"] }'
    mended = small.BENCHMARK.replace(_SEX, f"{_SEX}merge = {merge}\n")
    stopped = small.stop(stage, several, {**several, "biasruler.toml": mended})
    near, _ = small.accept(
        stage,
        {"clinical.csv": _cells("sex", {2: "Hawaian", 3: "Hawaiian", 5: "Hawaiian"})},
    )
    return [trimmed, composed, stopped, stopped, near]


def _play_numbers(stage: Stage) -> list[Played]:
    missing, audit = small.accept(stage, {"clinical.csv": _cells("age", {12: ""})})
    assert _sizes(audit, "age")["missing"] == 1
    # Read as 90 in the last bin.
    opened, audit = small.accept(stage, {"clinical.csv": _cells("age", {12: "90+"})})
    assert _sizes(audit, "age") == {"18–39": 8, "40–59": 9, "60–90": 7}
    wrong = {"clinical.csv": _cells("age", {12: "34y", 13: '"34,5"', 14: "nan"})}
    mended = small.BENCHMARK.replace(_AGE, f'{_AGE}missing = ["", "34y", "34,5", "nan"]\n')
    stopped = small.stop(stage, wrong, {**wrong, "biasruler.toml": mended})
    return [missing, opened, stopped, stopped]


def _play_edges(stage: Stage) -> list[Played]:
    edges = {2: "18", 3: "40", 4: "60", 5: "90"}
    inside, audit = small.accept(stage, {"clinical.csv": _cells("age", edges)})
    assert _sizes(audit, "age") == {"18–39": 5, "40–59": 11, "60–90": 8}
    beyond = {"clinical.csv": _cells("age", {4: "17", 9: "200", 20: "-1", 21: "1971"})}
    bins = small.BENCHMARK.replace("bins = [18, 40, 60, 90]", "bins = [-1, 40, 60, 2000]")
    return [inside, small.stop(stage, beyond, {**beyond, "biasruler.toml": bins})]


def _play_encodings(stage: Stage) -> list[Played]:
    text = small.clinical()
    marked, _ = small.accept(stage, {"clinical.csv": b"\xef\xbb\xbf" + text.encode()})
    files = (
        text.replace(",", ";"),
        text.encode("utf-16"),
        small.clinical({14: "c12,\xdc,44"}).encode("latin-1"),
        small.clinical({14: "c12,F,44,4"}),
        small.clinical({14: "c12,F"}),
        small.clinical({14: 'c12,"F,44'}),
    )
    return [marked, *(small.stop(stage, {"clinical.csv": content}) for content in files)]


METADATA = (
    Row(
        id="D78",
        input="categories `NA`, `None`, `nan`; a category called `missing`",
        texts=(
            "",
            'BR413: sex has a category "missing"; expected another name. '
            'Rename it by merge, or write missing = ["", "missing"] in [attributes.sex].',
        ),
        then="`NA`, `None` and `nan` are categories; only an empty cell is missing, and missing "
        "is a visible subgroup",
        play=_play_words_for_nothing,
    ),
    Row(
        id="D79",
        input="one category under several spellings: spaces, Unicode forms, case, invisible "
        "characters, a typing error",
        texts=(
            "BR405: 2 cells of clinical.csv were trimmed of surrounding spaces and 0 put into one "
            "Unicode form (NFC)",
            "BR405: 0 cells of clinical.csv were trimmed of surrounding spaces and 1 put into one "
            "Unicode form (NFC)",
            'BR405: sex has 3 spellings of "f": "F" (10), "f" (1), "\\u202eF" (1); expected one. '
            'Join them: write merge = { F = ["f", "\\u202EF"] } in [attributes.sex].',
            'BR405: sex has 2 spellings of "m": "M" (11), "M\\u200b" (1); expected one. '
            'Join them: write merge = { M = ["M\\u200B"] } in [attributes.sex].',
            'BR405: sex has near spellings: "Hawaian" (1) and "Hawaiian" (2); if they mean one, '
            'write merge = { Hawaiian = ["Hawaian"] } in [attributes.sex]',
        ),
        then="trimmed and composed cells are counted, other spellings stop the run, near ones are "
        "a note",
        play=_play_spellings,
    ),
    Row(
        id="D80",
        input="numbers with an empty cell, `90+`, `34y`, `34,5`",
        texts=(
            "",
            'BR406: 1 values of age with a plus, such as "90+", are read without it',
            _FORM.format("99a"),
            _FORM.format("99,9"),
        ),
        then="an empty cell is missing, `90+` is read as 90, what is no number stops the run",
        play=_play_numbers,
    ),
    Row(
        id="D81",
        input="numbers at the edges of bins and beyond them",
        texts=(
            "",
            "BR407: 4 values of age lie in no bin (lines 4, 9, 20, 21); expected 18 to 90. "
            "Widen bins or list them in missing.",
        ),
        then="bins are left-closed, the last one closed; nobody falls out of them silently",
        play=_play_edges,
    ),
    Row(
        id="D82",
        input="metadata with a byte order mark, with semicolons, in UTF-16 or Latin-1, with a "
        "cell more or less, with an open quote",
        texts=(
            "",
            "BR408: is separated by semicolons; expected commas. Save it with commas.",
            "BR408: is not UTF-8 but UTF-16; expected UTF-8. Save as CSV UTF-8.",
            "BR408: is not UTF-8; expected UTF-8. Save as CSV UTF-8.",
            "BR408: 4 cells; expected 3. Quote the cell with a comma.",
            "BR408: 2 cells; expected 3. Add the missing comma.",
            "BR408: quotes do not match; expected a closing quote before a comma, inner quotes "
            "doubled. Correct the quotes or export the table again.",
        ),
        then="a byte order mark is accepted, all else stops the run with its line",
        play=_play_encodings,
    ),
)
