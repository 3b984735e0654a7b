"""Rows B50 to B67: where a file says its voxels lie, and what else stands in a header."""

from __future__ import annotations

from tests.acceptance.plays import row_of_files
from tests.acceptance.plays_of_grids import (
    HALF_A_VOXEL,
    MIRRORED,
    OTHER_SHAPE,
    play_a_sheared_grid,
    play_float_noise,
    play_header_text,
    play_no_orientation,
    play_other_grids,
    play_other_storage,
)
from tests.acceptance.row import Row

EXTENSION = "BR230: malformed header extensions of 1 files of {masks} were ignored"
NOT_COPIED = "BR231: header text in {} files of predictions of unet was not copied"
PIXDIM = (
    "BR209: 1 files of {masks} have an invalid voxel size in pixdim; that of the affine is used"
)


def _size(mm: str) -> str:
    return (
        f"BR209: voxel size of {{mask}} is {mm} mm; expected positive and finite. Correct pixdim."
    )


def _affine(fault: str) -> str:
    return (
        f"BR212: affine of {{mask}} is {fault}; expected 12 finite numbers that span a volume. "
        "Export it again."
    )


def _units(unit: str) -> str:
    return f"BR211: units of {{mask}} are {unit}; expected mm. Convert the header."


GEOMETRY = (
    row_of_files(
        "B50",
        "pixdim -1 or 0: beside an sform; where it is needed",
        "the size of the affine is used, note; where it is needed: unreadable",
        B50a=PIXDIM,
        B50b=_size("-1"),
        B50c=_size("0"),
    ),
    row_of_files(
        "B51",
        "pixdim NaN or infinite: beside an sform; where it is needed",
        "the size of the affine is used, note; where it is needed: unreadable",
        B51a=PIXDIM,
        B51b=_size("nan"),
        B51c=_size("inf"),
    ),
    row_of_files(
        "B52",
        "pixdim 1e30, the affine says 1",
        "the size of the affine is used, note",
        B52="BR210: voxel sizes of pixdim and affine differ in 1 files of {masks}; "
        "the affine is used",
    ),
    row_of_files(
        "B53",
        "units micrometre or metre",
        B53a=_units("micrometres"),
        B53b=_units("metres"),
    ),
    row_of_files("B54", "NaN in the sform", B54=_affine("not finite")),
    row_of_files(
        "B55",
        "infinity in the sform; sform all 0",
        B55a=_affine("not finite"),
        B55b=_affine("singular"),
    ),
    row_of_files(
        "B56",
        "quaternion longer than 1",
        B56="BR212: qform of {mask} has a quaternion longer than 1; "
        "expected a valid rotation and voxel size. Export it again.",
    ),
    Row(
        id="B57",
        input="neither qform nor sform: in all masks of the case; in the prediction alone; in the "
        "expert reference alone",
        texts=(
            "BR213: 1 predictions of unet store no orientation, nor do their partners",
            "BR213: prediction of unet stores no orientation, the reference does; "
            "expected both or none. Copy the reference's header.",
            "BR213: the reference stores no orientation, prediction of unet does; "
            "expected both or none. Copy the reference's header.",
        ),
        then="scored if none has one, note; else unreadable, for the expert sets the grid",
        play=play_no_orientation,
    ),
    row_of_files(
        "B58",
        "sform and qform differ; mirror each other",
        "sform is used, note; mirrored: unreadable",
        B58a="BR214: qform and sform differ in 1 files of {masks}; sform is used",
        B58b="BR214: qform and sform of {mask} mirror each other; expected one orientation. "
        "Remove the wrong one.",
    ),
    Row(
        id="B59",
        input="sheared sform of all masks of a case; of a prediction alone",
        texts=(
            "BR215: grid of reference expert is sheared; expected right angles for distances "
            "in mm. Use overlap metrics or resample beforehand.",
            "BR215: grid of prediction of unet is sheared; expected right angles for distances "
            "in mm. Use overlap metrics or resample beforehand.",
        ),
        then="overlap is scored; a prediction's distances in mm are the worst, and counted; on a "
        "reference's sheared grid nobody has any",
        play=play_a_sheared_grid,
    ),
    Row(
        id="B60",
        input="shape differs from the reference: half of the slices; one slice, which would "
        "broadcast; of the automated reference",
        texts=OTHER_SHAPE,
        then="unreadable; nothing is resampled",
        play=play_other_grids("half", "slice", "half of automated"),
    ),
    Row(
        id="B61",
        input="origin off by half a voxel, straight and oblique grid",
        texts=HALF_A_VOXEL,
        then="unreadable",
        play=play_other_grids("off", "off oblique", "off of automated"),
    ),
    Row(
        id="B62",
        input="affine mirrored left-right, voxels not",
        texts=MIRRORED,
        then="unreadable",
        play=play_other_grids("mirrored"),
    ),
    Row(
        id="B63",
        input="same anatomy in other storage order: flipped; z-y-x; all 48 orders",
        texts=("BR222: 1 predictions of unet were reoriented without loss",) * 2
        + ("BR222: 47 predictions of unet were reoriented without loss",),
        then="reoriented without loss, the same scores, note",
        play=play_other_storage,
    ),
    Row(
        id="B64",
        input="float noise of 1e-5 mm in the affine",
        texts=("", ""),
        then="accepted",
        play=play_float_noise,
    ),
    row_of_files("B65", "header extension of size 0 or negative", B65a=EXTENSION, B65b=EXTENSION),
    row_of_files(
        "B66", "extension of 2 GB, or not a multiple of 16", B66a=EXTENSION, B66b=EXTENSION
    ),
    Row(
        id="B67",
        input="free text in `descrip`, `db_name`, `aux_file`; in extensions; in all files",
        texts=(NOT_COPIED.format(1), NOT_COPIED.format(1), NOT_COPIED.format(6)),
        then="never copied to any output; one note for the set",
        play=play_header_text,
    ),
)
