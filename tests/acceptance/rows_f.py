"""Rows F: added while the table was tested."""

from __future__ import annotations

from tests.acceptance.plays import row_of_files
from tests.acceptance.plays_of_runs import play_a_listing, play_too_little_memory
from tests.acceptance.plays_of_sets import play_identical_references
from tests.acceptance.row import Row

ROWS_F = (
    row_of_files(
        "F99",
        "`sform_code` 130",
        F99="BR212: sform_code of {mask} is 130; expected 0 to 5. Export it again.",
    ),
    row_of_files(
        "F100",
        "zero bytes behind the gzip stream (tape and block padding)",
        F100="BR106: 1 files of {masks} have zero bytes behind the gzip stream",
    ),
    row_of_files("F101", "NIfTI-2", F101=""),
    Row(
        id="F102",
        input="`biasruler_case_memory_mb` of 256, too low for numpy",
        texts=("BR602: biasruler_case_memory_mb is 256; expected at least 512. Correct it.",),
        then="stop, exit 4; runs with 512",
        play=play_too_little_memory,
    ),
    Row(
        id="F103",
        input="`--collect-only` with the completeness guard on",
        texts=("",),
        then="exit 0: checks are listed, none is missed",
        play=play_a_listing,
    ),
    Row(
        id="F104",
        input="expert and automated masks identical in every case",
        texts=("BR125: references expert and automated are identical in all 6 cases",),
        then="note; both are read and scored",
        play=play_identical_references,
    ),
)
