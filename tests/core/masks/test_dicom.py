from __future__ import annotations

import gc
import io
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

from pytest_biasruler.errors import CODES, BiasRulerError, Limits
from pytest_biasruler.masks.reader import read_mask

pytest.importorskip("highdicom", reason="highdicom cannot be installed for this Python")

from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

TURN = np.array([[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1.0]])
N_ROWS, N_COLUMNS, N_SLICES = 6, 8, 5
SPACING = (2.5, 0.5, 0.75)  # slices, rows, columns


@pytest.fixture(autouse=True)
def what_highdicom_leaves_open():
    """Be rid of its databases in the test that made them; Python 3.13 warns of each."""
    yield
    gc.collect()


def labels():
    """Slices, rows, columns, as highdicom has it."""
    voxels = np.zeros((N_SLICES, N_ROWS, N_COLUMNS), "u1")
    voxels[1:4, 1:4, 2:7] = 1
    voxels[2:4, 4, 5:8] = 2
    return voxels


def source_images(turn):
    """One made-up image for each slice."""
    images, series, frame, study = [], generate_uid(), generate_uid(), generate_uid()
    for place in range(N_SLICES):
        image = Dataset()
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.SOPClassUID, image.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.FrameOfReferenceUID, image.PositionReferenceIndicator = frame, ""
        image.PatientID, image.PatientName = "MRN123456", "Doe^Jane"
        image.PatientBirthDate = image.PatientSex = image.AccessionNumber = image.StudyID = ""
        image.StudyDate = image.StudyTime = image.ReferringPhysicianName = ""
        image.Modality, image.Rows, image.Columns = "CT", N_ROWS, N_COLUMNS
        image.InstanceNumber = place + 1
        image.ImageOrientationPatient = [*turn[0], *turn[1]]
        image.PixelSpacing, image.SliceThickness = list(SPACING[1:]), SPACING[0]
        image.ImagePositionPatient = [float(x) for x in 10 + turn[2] * SPACING[0] * place]
        images.append(image)
    return images


def segment(number):
    return SegmentDescription(
        segment_number=number,
        segment_label=f"part {number}",
        segmented_property_category=codes.SCT.Tissue,
        segmented_property_type=codes.SCT.Bone,
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name="x", version="1", family=codes.DCM.ArtificialIntelligence
        ),
    )


def make(
    pixels=None, *, kind="BINARY", turn=None, omit=False, syntax=ExplicitVRLittleEndian, **options
):
    turn = np.eye(3) if turn is None else turn
    return Segmentation(
        source_images=source_images(turn),
        pixel_array=labels() if pixels is None else pixels,
        segmentation_type=kind,
        segment_descriptions=[segment(1), segment(2)],
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="x",
        manufacturer_model_name="x",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=omit,
        transfer_syntax_uid=syntax,
        **options,
    )


def written(dataset):
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def read(folder, dataset, **options):
    path = folder / "a.dcm"
    path.write_bytes(dataset if isinstance(dataset, bytes) else written(dataset))
    return read_mask(path, **options)


def refusal(folder, dataset, **options):
    with pytest.raises(BiasRulerError) as caught:
        read(folder, dataset, **options)
    assert "Doe" not in str(caught.value)
    return caught.value


def affine(turn, first=0):
    found = np.eye(4)
    found[:3, :3] = (turn * np.reshape([SPACING[2], SPACING[1], SPACING[0]], (3, 1))).T
    found[:3, 3] = 10 + turn[2] * SPACING[0] * first
    return np.diag([-1.0, -1, 1, 1]) @ found


@pytest.fixture(scope="module")
def binary():
    """Read back: what outlives a test holds no database of highdicom's."""
    return dcmread(io.BytesIO(written(make())))


@pytest.mark.parametrize(
    "turn", [np.eye(3), TURN, TURN[[1, 2, 0]]], ids=["straight", "turned", "upright"]
)
@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_frames_lie_where_their_positions_say(tmp_path, kind, turn):
    found = read(tmp_path, make(kind=kind, turn=turn))
    assert np.array_equal(found.voxels, labels().T), "columns, rows, slices"
    assert np.allclose(found.affine, affine(turn), atol=1e-6)
    assert np.allclose(found.spacing_mm, SPACING[::-1])


def test_run_lengths_are_decoded(tmp_path):
    found = read(tmp_path, make(kind="LABELMAP", syntax=RLELossless))
    assert np.array_equal(found.voxels, labels().T)


def test_the_grid_ends_with_the_outermost_frames(tmp_path):
    found = read(tmp_path, make(omit=True))
    assert np.array_equal(found.voxels, labels()[1:4].T)
    assert np.allclose(found.affine, affine(np.eye(3), first=1))


def gap(pixels):
    """Without a frame in the middle."""
    pixels = pixels.copy()
    pixels[2] = 0
    return pixels


def test_a_frame_may_be_lacking_where_the_distance_between_slices_is_stored(tmp_path):
    pixels = gap(labels())
    dataset = make(pixels, omit=True)
    shared = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    shared.SpacingBetweenSlices = SPACING[0]
    found = read(tmp_path, dataset)
    assert np.array_equal(found.voxels, pixels[1:4].T)


def test_frames_at_uneven_distances_are_refused(tmp_path):
    dataset = make()
    del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices
    for each in dataset.PerFrameFunctionalGroupsSequence[-2:]:
        place = each.PlanePositionSequence[0]
        x, y, z = place.ImagePositionPatient
        place.ImagePositionPatient = [x, y, float(z) + 1]
    error = refusal(tmp_path, dataset)
    assert (error.code, "omit_empty_frames=False" in error.fix) == ("BR212", True)


def test_frames_beside_one_another_are_refused(tmp_path):
    dataset = make()
    place = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    x, y, z = place.ImagePositionPatient
    place.ImagePositionPatient = [float(x) + 1, y, z]
    assert refusal(tmp_path, dataset).code == "BR212"


def test_segments_that_overlap_are_refused(tmp_path):
    layers = np.stack([labels() > 0, labels() == 2], axis=-1).astype("u1")
    error = refusal(tmp_path, make(layers))
    assert error.code == "BR206"
    assert f"{(labels() == 2).sum()} voxels" in error.found


def test_fractions_are_refused(tmp_path):
    layers = np.stack([labels() == 1, labels() == 2], axis=-1).astype(float) / 2
    error = refusal(tmp_path, make(layers, kind="FRACTIONAL"))
    assert (error.code, "BINARY" in error.fix) == ("BR113", True)


def test_another_kind_of_image_is_refused(tmp_path, binary):
    data = written(binary).replace(
        b"1.2.840.10008.5.1.4.1.1.66.4", b"1.2.840.10008.5.1.4.1.1.2\0\0\0"
    )
    assert refusal(tmp_path, data).code == "BR113"


def test_a_deflated_data_set_is_never_inflated(tmp_path, binary):
    data = written(binary).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99", 1)
    assert refusal(tmp_path, data).code in ("BR113", "BR201")


@pytest.mark.parametrize("form", [b"UI", b"SV", b"??"])
def test_a_second_transfer_syntax_cannot_hide_a_deflated_data_set(tmp_path, binary, form):
    data = written(binary)
    at = data.index(b"\x02\x00\x10\x00UI")
    uid = b"1.2.840.10008.1.2.1.99"
    second = b"\x02\x00\x10\x00" + form
    second += struct.pack("<H", len(uid)) if form == b"UI" else struct.pack("<HI", 0, len(uid))
    end = at + 8 + struct.unpack_from("<H", data, at + 6)[0]
    assert refusal(tmp_path, data[:end] + second + uid + data[end:]).code == "BR201"


@pytest.mark.parametrize("directions", [[0.5, 0, 0, 0, 0.5, 0], [0.0] * 6, [0.5, 0, 0, 0, 1, 0]])
def test_directions_that_are_no_unit_vectors_are_refused(tmp_path, directions):
    dataset = make((np.arange(N_SLICES) == 2)[:, None, None] * (labels() == 1), omit=True)
    assert dataset.NumberOfFrames == 1, "of several frames the distances would not fit either"
    assert read(tmp_path, dataset).spacing_mm == pytest.approx((0.75, 0.5, 2.5))

    shared = dataset.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = directions
    error = refusal(tmp_path, dataset)

    assert (error.code, "have no orientation" in error.found) == ("BR212", True)


def test_a_slice_distance_near_zero_is_refused_without_a_warning(tmp_path):
    dataset = make()
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = "1e-300"
    assert refusal(tmp_path, dataset).code in ("BR110", "BR212")


def test_a_number_of_a_segment_that_no_mask_holds_is_refused(tmp_path):
    dataset = make()
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        item = frame.SegmentIdentificationSequence[0]
        del item.ReferencedSegmentNumber
        item.add_new("ReferencedSegmentNumber", "UL", 2**16 + 1)
    assert refusal(tmp_path, dataset).code == "BR201"


def test_more_voxels_than_allowed_are_not_decoded(tmp_path, binary):
    assert refusal(tmp_path, written(binary), limits=Limits(max_voxels=99)).code == "BR110"


@pytest.mark.parametrize(
    "content", [b"x", b"x" * 500, bytes(128) + b"DICM", bytes(128) + b"DICMxxxxx"]
)
def test_what_is_no_dicom_is_refused(tmp_path, content):
    assert refusal(tmp_path, content).code == "BR201"


def test_without_pydicom_the_extra_is_named(tmp_path, binary, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    error = refusal(tmp_path, written(binary))
    assert 'pip install "pytest-biasruler[dicom]"' in error.fix


@given(
    edits=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.one_of(st.none(), st.integers(1, 5000)),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_an_edited_file_is_refused_by_name_or_read(tmp_path_factory, binary, edits, cut):
    data = bytearray(written(binary))
    for at, value in edits:
        data[at % len(data)] = value
    path = tmp_path_factory.getbasetemp() / "a.dcm"
    path.write_bytes(bytes(data[:cut]))
    try:
        found = read_mask(path).affine is not None
    except BiasRulerError as refused:
        found = refused.code in CODES and refused.code != "BR899"
    assert found
