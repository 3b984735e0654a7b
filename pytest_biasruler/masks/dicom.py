"""DICOM-SEG: frames of segments, decoded by pydicom and laid where their positions say."""

from __future__ import annotations

import io
import re
import struct
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.png import not_installed
from pytest_biasruler.masks.slices import Frame, stack_frames
from pytest_biasruler.masks.stream import check_text
from pytest_biasruler.masks.texthead import no_head
from pytest_biasruler.masks.volume import check_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.errors import Limits
    from pytest_biasruler.masks.mask import Mask

_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
# Implicit and explicit little endian, RLE. One whose whole data set is deflated may be a bomb.
_SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5")
_FORMS = re.compile(rb"AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|PN|SH|SL|SS|ST|TM|UI|UL|US")
_LONG_FORMS = re.compile(rb"OB|OD|OF|OL|OV|OW|SQ|SV|UC|UN|UR|UT|UV")
_GROUP, _SYNTAX = b"\x02\x00", b"\x02\x00\x10\x00"
_TAGS = (
    *("SOPClassUID", "SegmentationType", "SamplesPerPixel", "PhotometricInterpretation"),
    *("Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "PixelData", "SharedFunctionalGroupsSequence"),
    "PerFrameFunctionalGroupsSequence",
)
_FARTHEST_MM = 1e9
# Whatever a malformed data set makes pydicom raise.
_FAULTS = (
    *(ArithmeticError, AttributeError, EOFError, ImportError, LookupError, OSError),
    *(RuntimeError, TypeError, ValueError, struct.error),
)


def read_segmentation(content: bytes, *, name: str, limits: Limits) -> Mask:
    """Return the labels of a DICOM segmentation: the numbers of its segments.

    Nothing else is taken from the file: no name, date, description or private element.

    Parameters
    ----------
    content : bytes
        Of the whole file.
    name : str
        What messages call the mask.
    limits : Limits
        How many voxels all frames together may have.

    Returns
    -------
    Mask
        Of shape (columns, rows, slices). Its grid ends where its outermost frames lie.

    Raises
    ------
    BiasRulerError
        ``BR113`` if it is no segmentation of a kind that is read or pydicom is not installed,
        ``BR201`` if it is no sound DICOM file, ``BR110``, ``BR205``, ``BR206`` if segments
        overlap, ``BR209`` or ``BR212`` if its frames make no regular grid.
    """
    check_text(content, name=name)
    syntax = _find_syntax(content, name=name)
    if syntax not in _SYNTAXES:
        found, fix = f"{name} is compressed in a way that is not read", "Save it uncompressed"
        raise BiasRulerError("BR113", found, "an uncompressed segmentation, or RLE", fix)
    try:
        from pydicom import dcmread
        from pydicom.errors import BytesLengthException, InvalidDicomError
    except ImportError:
        raise not_installed(name, ".dcm", "pydicom", "dicom") from None
    # It warns of values that are not as the standard has them, and quotes them.
    with warnings.catch_warnings(action="ignore"):
        try:
            dataset = dcmread(io.BytesIO(content), specific_tags=list(_TAGS))
            kind = _check_kind(dataset, name=name, limits=limits)
            frames = _list_frames(dataset, is_binary=kind == "BINARY")
            pixels = _decode(dataset, n_frames=len(frames))
        except (*_FAULTS, BytesLengthException, InvalidDicomError):
            raise no_head(name, "DICOM segmentation") from None
    return stack_frames(frames, pixels, name=name, limits=limits)


def _find_syntax(content: bytes, *, name: str) -> str:
    """Return the transfer syntax, which stands in the group before the data set."""
    if content[128:132] != b"DICM":
        raise no_head(name, "DICOM")
    at, found = 132, list[str]()
    while content[at : at + 2] == _GROUP and at + 12 <= len(content):
        tag, form = struct.unpack_from("4s2s", content, at)
        is_long = _LONG_FORMS.fullmatch(form) is not None
        if not is_long and not _FORMS.fullmatch(form):
            break
        (length,) = struct.unpack_from(
            "<I" if is_long else "<H", content, at + (8 if is_long else 6)
        )
        start = at + (12 if is_long else 8)
        at = start + length
        if tag == _SYNTAX:
            found.append(content[start : min(at, start + 64)].decode("latin-1").strip("\0 "))
    # Of several, pydicom would take the last; what it walks otherwise than this may hide one.
    if len(found) != 1 or content[at : at + 2] == _GROUP:
        raise no_head(name, "DICOM")
    return found[0]


def _check_kind(dataset: Any, *, name: str, limits: Limits) -> str:
    """Return the type of segmentation."""
    kind = str(dataset.get("SegmentationType", ""))
    if str(dataset.SOPClassUID) not in _CLASSES or kind not in ("BINARY", "LABELMAP"):
        what = "a fractional segmentation" if kind == "FRACTIONAL" else "no DICOM segmentation"
        fix = "Save it as BINARY or LABELMAP"
        raise BiasRulerError("BR113", f"{name} is {what}", "a segmentation of labels", fix)
    lengths = [int(dataset.Columns), int(dataset.Rows), int(dataset.NumberOfFrames)]
    check_lengths(lengths, name=name, limits=limits)
    if int(dataset.get("SamplesPerPixel", 1)) != 1 or int(dataset.PixelRepresentation) != 0:
        raise ValueError
    if kind == "BINARY" and int(dataset.BitsAllocated) not in (1, 8):
        raise ValueError
    return kind


def _list_frames(dataset: Any, *, is_binary: bool) -> list[Frame]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [{}]
    own = dataset.PerFrameFunctionalGroupsSequence
    if len(own) != int(dataset.NumberOfFrames):
        raise ValueError
    frames = []
    for each in own:
        groups = (each, shared[0])
        measures = _find_group(groups, "PixelMeasuresSequence")
        label = None
        if is_binary:
            segment = _find_group(groups, "SegmentIdentificationSequence")
            label = int(segment.ReferencedSegmentNumber)
            if not 1 <= label < 2**16:
                raise ValueError
        frames.append(
            Frame(
                position=_floats(
                    _find_group(groups, "PlanePositionSequence").ImagePositionPatient, 3
                ),
                directions=_floats(
                    _find_group(groups, "PlaneOrientationSequence").ImageOrientationPatient, 6
                ),
                pixel_mm=_floats(measures.PixelSpacing, 2),
                gap_mm=_float_or_none(measures.get("SpacingBetweenSlices")),
                thickness_mm=_float_or_none(measures.get("SliceThickness")),
                label=label,
            )
        )
    return frames


def _find_group(groups: Sequence[Any], keyword: str) -> Any:
    """Return the one item of a sequence, of the frame itself or else shared by all."""
    for group in groups:
        found = group.get(keyword)
        if found:
            return found[0]
    raise ValueError


def _floats(values: Any, n: int) -> tuple[float, ...]:
    found = tuple(float(value) for value in values)
    if len(found) != n or not (np.abs(found) < _FARTHEST_MM).all():
        raise ValueError
    return found


def _float_or_none(value: Any) -> float | None:
    return None if value is None else abs(float(value))


def _decode(dataset: Any, *, n_frames: int) -> NDArray[np.generic]:
    pixels: NDArray[np.generic] = np.asarray(dataset.pixel_array)
    shape = (n_frames, int(dataset.Rows), int(dataset.Columns))
    # Labels of more bits than a mask holds would be cut to others.
    if pixels.dtype.kind not in "bu" or pixels.itemsize > 2 or pixels.size != np.prod(shape):
        raise ValueError
    return pixels.reshape(shape)
