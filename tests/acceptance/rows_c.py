"""Rows C: voxels."""

from __future__ import annotations

from tests.acceptance.plays import row_of_files
from tests.acceptance.plays_of_voxels import play_empty_masks, play_odd_labels
from tests.acceptance.row import Row

_BY = "(by sex: M {0}, {1}, {2}; by who: c3 {0}, {1}, {2})"
_COUNTS = f"{{0}} agreed absent, {{1}} missed, {{2}} invented {_BY}"
_EMPTY = f"BR304: empty masks of unet: against automated {_COUNTS}; against expert {_COUNTS}"
_LABEL = _EMPTY.replace("automated", "automated of tumor").replace("expert", "expert of tumor")

ROWS_C = (
    row_of_files(
        "C68",
        "probability map 0 to 1",
        C68="BR301: {mask} has 512 different values that are not whole; expected labels. "
        "Save a label mask, for example probability > 0.5.",
    ),
    row_of_files(
        "C69",
        "NaN or infinite voxels",
        C69="BR302: 27 voxels of {mask} are NaN or infinite; expected none. Export it again.",
        C69b="BR302: 2 voxels of {mask} are NaN or infinite; expected none. Export it again.",
    ),
    Row(
        id="C70",
        input="0/255 mask without `[labels]`; with `tumor = 1`; label -1 without, and with it",
        texts=(
            "BR306: the highest value of predictions of unet is 1 in 5, 255 in 1; "
            "all non-zero is one label",
            "BR303: labels of prediction of unet are 0, 255; expected 0, 1. "
            "Save it with the labels of [labels], or name 255 there.",
            *(
                "BR303: labels of prediction of unet lie from -1 to 0; expected 0 to 2147483647. "
                "Save a label mask.",
            )
            * 2,
        ),
        then="without names any non-zero voxel is the one label, note; else unreadable",
        play=play_odd_labels,
    ),
    Row(
        id="C71",
        input="prediction empty; reference empty; both empty; both empty with "
        '`both_empty = "exclude"`; one of two labels missing in a prediction',
        texts=(
            _EMPTY.format(0, 1, 0),
            _EMPTY.format(0, 0, 1),
            _EMPTY.format(1, 0, 0),
            _EMPTY.format(1, 0, 0),
            _LABEL.format(0, 1, 0),
        ),
        then="one empty: 0 and the diagonal; both: 1 and 0 mm, or left out; never NaN; note",
        play=play_empty_masks,
    ),
    row_of_files(
        "C72",
        "mask that covers the whole volume",
        C72="BR305: foreground above half of the volume in 1 {masks}",
    ),
)
