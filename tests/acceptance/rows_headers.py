"""Rows B29 to B49: what a header says of the voxels."""

from __future__ import annotations

from tests.acceptance.plays import NOTED, PLURALS, row_of_files
from tests.acceptance.plays_of_grids import play_a_slice
from tests.acceptance.plays_of_voxels import play_scaled_labels
from tests.acceptance.row import Row

HEADER = "BR201: {mask} has no valid NIfTI header; expected NIfTI-1 or NIfTI-2. Export it again."
OFFSET = (
    "BR204: vox_offset of {{mask}} is {}; expected a multiple of 16, at least 352, "
    "at most 1048928. Export it again."
)
AXES = "BR206: axes of length 1 were dropped or added in 1 {masks}"
ROUNDED = "BR208: values of 1 {masks} were rounded to whole labels after scaling"
NOT_FINITE = "BR207: scaling of {mask} is not finite; expected 1 and 0. Save it without scaling."


def _type(kind: str) -> str:
    return (
        f"BR202: voxel type of {{mask}} is {kind}; expected integers or floats. Save it as uint8."
    )


def _shape(code: str, shape: str, expected: str) -> str:
    return f"{code}: {{mask}} has shape {shape}; expected {expected}."


def _dimensions(number: int) -> str:
    return f"BR205: {{mask}} declares {number} dimensions; expected 2 to 7. Export it again."


def _more(surplus: str) -> str:
    return f"BR111: {{mask}} holds {surplus}. Export it again."


def _scaling(turned: str) -> str:
    return (
        f"BR208: scaling of {{mask}} turns stored 0 and 1 into {turned}; expected none. "
        "Save the labels without scaling."
    )


def _rounded(n_files: int) -> tuple[str, ...]:
    return tuple(ROUNDED.format(masks=masks) for masks in PLURALS.values()) * n_files


HEADERS = (
    row_of_files(
        "B29",
        "wrong magic; `sizeof_hdr` 123; 200 bytes only",
        B29a=HEADER,
        B29b=HEADER,
        B29c=HEADER,
    ),
    row_of_files(
        "B30",
        "voxel type unknown, 1-bit, RGB, complex",
        B30a=_type("code 9999"),
        B30b=_type("1-bit"),
        B30c=_type("RGB"),
        B30d=_type("complex64"),
    ),
    row_of_files(
        "B31",
        "bitpix disagrees with the type",
        B31="BR203: bitpix disagrees with the voxel type in 1 files of {masks}",
    ),
    row_of_files(
        "B32",
        "type claims more bytes than the file has",
        B32="BR112: {mask} holds 1536 bytes less than its header declares; "
        "expected none missing. Export it again.",
    ),
    row_of_files("B33", "`vox_offset` 0", B33=OFFSET.format("0")),
    row_of_files(
        "B34",
        "`vox_offset` 100, NaN, 1e9, 353",
        B34a=OFFSET.format("100"),
        B34b=OFFSET.format("nan"),
        B34c=OFFSET.format("1000000000"),
        B34d=OFFSET.format("353"),
    ),
    row_of_files("B35", "`dim[0]` 9 or 0", B35a=_dimensions(9), B35b=_dimensions(0)),
    row_of_files(
        "B36",
        "a dimension 0",
        B36=_shape("BR205", "0 x 8 x 8", "at least 1 along each axis. Export it again"),
    ),
    row_of_files(
        "B37",
        "a negative dimension",
        B37=_shape("BR205", "-8 x 8 x 8", "at least 1 along each axis. Export it again"),
    ),
    row_of_files(
        "B38",
        "dimensions smaller than the file, plain and compressed",
        B38a=_more("256 bytes more than its header declares; expected none"),
        B38b=_more("more data than its header declares (16736 bytes); expected exactly that"),
    ),
    Row(
        id="B39",
        input="2D mask: beside 2D masks; against a volume",
        texts=(
            "BR206: axes of length 1 were dropped or added in 1 predictions of unet",
            "BR220: prediction of unet has shape 8 x 8 x 1; expected 8 x 8 x 8, "
            "as the reference has. Resample it beforehand.",
        ),
        then="read as one slice, note; against a volume unreadable",
        play=play_a_slice,
    ),
    row_of_files("B40", "4D to 7D with trailing axes of length 1", B40a=AXES, B40b=AXES),
    row_of_files(
        "B41",
        "4D with 3 channels, 5D one-hot",
        B41a=_shape("BR206", "8 x 8 x 8 x 3", "three axes. Save one label mask"),
        B41b=_shape("BR206", "8 x 8 x 8 x 1 x 3", "three axes. Save one label mask"),
    ),
    row_of_files("B42", "big-endian", B42=""),
    row_of_files("B43", "int64, uint64", B43a="", B43b=""),
    row_of_files(
        "B44",
        "slope NaN, 0, infinite",
        "NaN and 0 mean no scaling; infinite: unreadable",
        B44a="",
        B44b="",
        B44c=NOT_FINITE,
    ),
    row_of_files("B45", "slope 1, intercept NaN", B45=NOT_FINITE),
    row_of_files("B46", "slope -1, intercept 1 (inverts the mask)", B46=_scaling("1 and 0")),
    row_of_files(
        "B47",
        "slope 0.5; intercept 1",
        B47a=_scaling("0 and 0.5"),
        B47b=_scaling("1 and 2"),
    ),
    Row(
        id="B48",
        input="float 0/1 saved as uint8 with a scaling",
        texts=_rounded(1),
        then=NOTED,
        play=play_scaled_labels("B48"),
    ),
    Row(
        id="B49",
        input="float labels 0/1/2/4 saved as uint8, 0/3 as int16, with a scaling",
        texts=_rounded(2),
        then="accepted: 2 is 2 and 3 is 3; note",
        play=play_scaled_labels("B49a", "B49b"),
    ),
)
