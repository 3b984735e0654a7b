"""Rows A: files and compression."""

from __future__ import annotations

from tests.acceptance.plays import ALL_FILES, row_of_files
from tests.acceptance.plays_of_files import (
    play_a_file_that_changes,
    play_a_missing_file,
    play_a_refused_permission,
    play_names,
    play_what_is_no_file,
)
from tests.acceptance.plays_of_sets import (
    play_copies_of_a_reference,
    play_one_mask_for_two_patients,
    play_predictions_all_alike,
)
from tests.acceptance.row import Row

SHORT = (
    "BR104: compressed data of {mask} end early; expected a complete gzip stream. "
    "Download or export it again."
)
CHECKSUM = (
    "BR105: gzip checksum of {mask} does not match; expected an undamaged file. "
    "Download or export it again."
)
EMPTY = "BR102: {mask} is empty (0 bytes); expected a NIfTI file. Export it again."
FORMAT = "expected .nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd, .png or .dcm. Convert it to .nii.gz."
PAIR = "expected one NIfTI-1 or NIfTI-2 file, .nii or .nii.gz. Convert it."
NUMPY = "BR114: {mask} is a NumPy file; expected NIfTI. Convert it."
ROOM = (
    "BR110: {{mask}} declares {} voxels; expected at most 268435456. "
    "Raise biasruler_max_voxels if that is right."
)
CHANGED = (
    "BR123: prediction of unet changed while it was read; expected stable files. "
    "Run again when copying has ended."
)
DENIED = (
    "permission denied for prediction of unet; expected read access. Correct the mode of the file."
)
# Deflate expands at most so far.
MOST = 1032 * len(ALL_FILES["A15a"][1]) + 1024

ROWS_A = (
    Row(
        id="A1",
        input="file missing",
        texts=(
            "BR101: prediction of unet not found; expected unet/{case}.nii.gz. "
            "Add the file or correct the template.",
            "BR101: reference expert not found; expected expert/{case}.nii.gz. "
            "Add the file or correct the template.",
        ),
        then="unreadable; counted by BR404 too",
        play=play_a_missing_file,
    ),
    row_of_files("A2", "empty file, empty `.nii.gz`", A2a=EMPTY, A2b=EMPTY),
    Row(
        id="A3",
        input="folder, pipe or device in place of a file",
        texts=tuple(
            f"BR103: prediction of unet is a {kind}; expected a regular file. "
            "Correct the template."
            for kind in ("folder", "pipe", "device")
        ),
        then="unreadable; never opened",
        play=play_what_is_no_file,
    ),
    row_of_files("A4", "`.nii.gz` cut in the middle", A4=SHORT),
    row_of_files("A5", "gzip trailer missing (last 8 bytes)", A5=SHORT),
    row_of_files("A6", "wrong CRC, wrong length in the trailer", A6a=CHECKSUM, A6b=CHECKSUM),
    row_of_files("A7", "one bit flipped in compressed voxels", A7=CHECKSUM),
    row_of_files(
        "A8",
        "70 bytes of garbage behind the gzip stream",
        A8="BR106: 70 unexpected bytes follow the gzip stream of {mask}; "
        "expected the end of the file. Export it again.",
    ),
    row_of_files("A9", "gzip of several members (legal)", A9a="", A9b=""),
    row_of_files(
        "A10",
        "plain NIfTI named `.nii.gz`",
        A10="BR107: {mask} is not compressed; expected gzip data in a .gz file. "
        "Rename it to .nii.",
    ),
    row_of_files(
        "A11",
        "gzip named `.nii`",
        A11="BR107: {mask} is gzip data; expected a plain file. Rename it to .nii.gz.",
    ),
    row_of_files(
        "A12",
        "Git LFS pointer, HTML login page, XML error",
        A12a="BR108: {mask} is a Git LFS pointer; expected an image. Run git lfs pull.",
        A12b="BR108: {mask} is an HTML page; expected an image. Download it again, logged in.",
        A12c="BR108: {mask} is an XML document; expected an image. Download it again.",
    ),
    row_of_files(
        "A13",
        "small gzip whose header declares 1000 x 1000 x 1000 voxels",
        "unreadable; nothing inflated beyond the header, below 16 MiB",
        is_measured=True,
        A13=ROOM.format("1000 x 1000 x 1000"),
    ),
    row_of_files(
        "A14",
        "header says 4 x 4 x 4, the stream holds 16 MiB",
        "unreadable; inflated to 417 bytes, below 16 MiB",
        is_measured=True,
        A14="BR111: {mask} holds more data than its header declares (416 bytes); "
        "expected exactly that. Export it again.",
    ),
    row_of_files(
        "A15",
        "header claims more than the file can hold, or than it holds",
        "unreadable; the claim is never allocated, below 16 MiB",
        is_measured=True,
        A15a=f"BR112: {{mask}} declares 262144352 bytes, its file can hold at most {MOST}; "
        "expected equal. Export it again.",
        A15b="BR112: {mask} holds 229376 bytes less than its header declares; "
        "expected none missing. Export it again.",
    ),
    row_of_files(
        "A16",
        "dimensions 32767 x 32767 x 32767",
        "unreadable; nothing allocated, below 16 MiB",
        is_measured=True,
        A16=ROOM.format(" x ".join(["32767"] * 3)),
    ),
    row_of_files(
        "A17",
        "seven dimensions of 32767",
        "unreadable; counted without overflow, below 16 MiB",
        is_measured=True,
        A17=ROOM.format(" x ".join(["32767"] * 7)),
    ),
    row_of_files(
        "A18",
        "`.hdr`/`.img` pair, `.mgz`, `.nii.bz2`, magic `ni1` in a `.nii`, Analyze, GIFTI",
        A18a=f"BR113: {{mask}} is a .hdr file; {FORMAT}",
        A18b=f"BR113: {{mask}} is a .mgz file; {FORMAT}",
        A18c=f"BR113: {{mask}} is a .bz2 file; {FORMAT}",
        A18d=f"BR113: {{mask}} is the header of a .hdr and .img pair; {PAIR}",
        A18e=f"BR113: {{mask}} is a .img file; {FORMAT}",
        A18f=f"BR113: {{mask}} is a .gii file; {FORMAT}",
    ),
    row_of_files("A19", "`.hdr` without `.img`", A18a=f"BR113: {{mask}} is a .hdr file; {FORMAT}"),
    row_of_files(
        "A20",
        "`.npy` with a pickled object",
        "unreadable; never opened",
        is_unopened=True,
        A20=NUMPY,
    ),
    row_of_files(
        "A21",
        "`.npy` whose header claims 10^12 items",
        "unreadable; never opened",
        is_unopened=True,
        A21=NUMPY,
    ),
    Row(
        id="A22",
        input="`.NII.GZ`; Unicode, spaces, a newline, a leading `-`; "
        "a case name of 200 characters",
        texts=("", "", ""),
        then="accepted; written with escapes where names are asked for",
        play=play_names,
    ),
    row_of_files(
        "A23",
        "no suffix, or `.nii` content named `.img`",
        A23=f"BR113: {{mask}} has no suffix of a mask; {FORMAT}",
        A23b=f"BR113: {{mask}} is a .img file; {FORMAT}",
    ),
    Row(
        id="A24",
        input="one mask stored for two patients: of 40, of 6",
        texts=(
            "BR120: 2 predictions of unet hold a mask that another patient has too "
            "(case-012, case-040)",
            "BR120: 2 of 6 predictions of unet hold a mask of another patient; "
            "expected different ones. Check how they were exported.",
        ),
        then="note; error above 1 in 20; never said of empty masks",
        play=play_one_mask_for_two_patients,
    ),
    Row(
        id="A25",
        input="prediction voxel-identical to a reference: the automated one; the expert's in "
        "1 of 12; in 1 of 6",
        texts=(
            "BR121: 1 of 6 predictions of unet are the automated reference itself (automated)",
            "BR121: 1 of 12 predictions of unet are the expert reference itself (expert)",
            "BR121: 1 of 6 predictions of unet are the expert reference itself; expected none. "
            "Check the export, and for leaked labels.",
        ),
        then="note; error above 1 in 10 of those of the expert; scored as they are",
        play=play_copies_of_a_reference,
    ),
    Row(
        id="A26",
        input="all predictions empty, all the same, all unreadable",
        texts=(
            "BR122: all 6 predictions of unet are empty; expected foreground. "
            "Check label, folder and template.",
            "BR122: all 6 predictions of unet are the same; expected one for each case. "
            "Check label, folder and template.",
            "BR122: 6 of 6 predictions of unet cannot be used, 6 of them BR102: "
            "prediction of unet is empty (0 bytes); expected a NIfTI file. Export it again.",
        ),
        then="error of every check of the model, never a gap of 0 that passes",
        play=play_predictions_all_alike,
    ),
    Row(
        id="A27",
        input="file shortened, or touched, while it is read; replaced between two reads of a run",
        texts=(CHANGED, CHANGED, CHANGED.replace("while it was read", "during the run")),
        then="error of every check that needs it",
        play=play_a_file_that_changes,
    ),
    Row(
        id="A28",
        input="permission denied: for the file, for its folder",
        texts=(f"BR124: {DENIED}",) * 2,
        then="unreadable",
        play=play_a_refused_permission,
    ),
)
