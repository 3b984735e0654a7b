"""Mask files, sound and broken, each made from one small mask: no binary fixture is kept."""

from __future__ import annotations

import gzip
import struct
import zlib

import nibabel
import numpy as np

nan, inf = float("nan"), float("inf")


def mask(size=8):
    """A cube of 3 in a cube of 8, or that scaled up."""
    voxels = np.zeros((8, 8, 8), "u1")
    voxels[2:5, 2:5, 2:5] = 1
    return np.kron(voxels, np.ones((size // 8,) * 3, "u1"))


def nii(voxels=None, affine=None, image=nibabel.Nifti1Image, **header):
    voxels = mask() if voxels is None else voxels
    kind = {"dtype": voxels.dtype} if voxels.dtype in ("i8", "u8") else {}
    made = image(voxels, np.eye(4) if affine is None else affine, **kind)
    for field, value in header.items():
        made.header[field] = value
    return made.to_bytes()


def put(data, offset, form, *values):
    """Overwrite fields of a header."""
    data = bytearray(data)
    struct.pack_into("<" + form, data, offset, *values)
    return bytes(data)


def dims(data, *lengths):
    return put(data, 40, "8h", len(lengths), *lengths, *[1] * (7 - len(lengths)))


def xor(data, at, bits):
    data = bytearray(data)
    data[at] ^= bits
    return bytes(data)


def gz(data, level=9):
    return gzip.compress(data, level, mtime=0)


def bomb(header, mib):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(header)]
    pieces += [packer.compress(bytes(1 << 20)) for _ in range(mib)]
    return b"".join([*pieces, packer.flush()])


def stored(values, dtype):
    """Float labels that nibabel scales into integers."""
    voxels = np.zeros((8, 8, 8))
    for plane, value in enumerate(values):
        voxels[plane] = value
    made = nibabel.Nifti1Image(voxels, np.eye(4))
    made.set_data_dtype(dtype)
    return made.to_bytes()


def extension(size, code, text):
    head = put(put(N[:352], 108, "f", 384.0), 348, "b", 1)
    return head + struct.pack("<2i", size, code) + text.ljust(24, b"\0") + N[352:]


def forms(sform, qform):
    made = nibabel.Nifti1Image(mask(), None)
    made.set_sform(sform, 1)
    made.set_qform(qform, 1)
    return made.to_bytes()


def big_endian():
    voxels = mask().astype("i2")
    header = nibabel.Nifti1Image(voxels, np.eye(4)).header
    return nibabel.Nifti1Image(voxels, np.eye(4), header.as_byteswapped(">")).to_bytes()


def rgb():
    return np.zeros((8, 8, 8), [("R", "u1"), ("G", "u1"), ("B", "u1")])


def holes():
    voxels = mask().astype("f4")
    voxels[2:5, 2:5, 2:5] = nan
    return voxels


def shear():
    affine = np.eye(4)
    affine[0, 1] = 0.5
    return affine


N = nii()  # 864 bytes: header 348, flag 4, voxels 512; sform code 2, qform code 0
R = nii((np.random.default_rng(0).random((32, 32, 32)) < 0.5).astype("u1"))
Q = put(N, 252, "2h", 1, 0)  # affine from the qform
O = put(N, 252, "2h", 0, 0)  # no orientation # noqa: E741
N2 = nii(image=nibabel.Nifti2Image)
Z = gz(R)
FOUR = mask()[..., None]
PROBABILITY = np.linspace(0, 1, 512, dtype="f4").reshape(8, 8, 8)

FILES_AND_COMPRESSION = {
    "A2a": ("a.nii", b"", "BR102"),
    "A2b": ("a.nii.gz", b"", "BR102"),
    "A4": ("a.nii.gz", Z[: len(Z) // 2], "BR104"),
    "A5": ("a.nii.gz", Z[:-8], "BR104"),
    "A6a": ("a.nii.gz", xor(Z, -8, 255), "BR105"),
    "A6b": ("a.nii.gz", xor(Z, -4, 255), "BR105"),
    "A7": ("a.nii.gz", xor(gz(R, 0), 16000, 1), "BR105"),
    "A8": ("a.nii.gz", Z + b"GARBAGE" * 10, "BR106"),
    "A9a": ("a.nii.gz", gz(R[:1000]) + gz(R[1000:]), ""),
    "A9b": ("a.nii.gz", gz(R[:100]) + gz(R[100:]), ""),
    "A10": ("a.nii.gz", N, "BR107"),
    "A11": ("a.nii", gz(N), "BR107"),
    "A12a": (
        "a.nii.gz",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "BR108",
    ),
    "A12b": ("a.nii.gz", b"<!DOCTYPE html><html>please log in</html>", "BR108"),
    "A12c": ("a.nii.gz", b'<?xml version="1.0"?><Error>AccessDenied</Error>', "BR108"),
    "A13": ("a.nii.gz", bomb(dims(N[:352], 1000, 1000, 1000), 16), "BR110"),
    "A14": ("a.nii.gz", bomb(dims(N[:352], 4, 4, 4), 16), "BR111"),
    "A15a": ("a.nii.gz", gz(dims(R, 512, 512, 1000)), "BR112"),
    "A15b": ("a.nii.gz", gz(dims(R, 64, 64, 64)), "BR112"),
    "A16": ("a.nii", dims(N, 32767, 32767, 32767), "BR110"),
    "A17": ("a.nii", dims(N, *[32767] * 7), "BR110"),
    "A18a": ("a.hdr", N[:348], "BR113"),
    "A18b": ("a.mgz", b"x", "BR113"),
    "A18c": ("a.nii.bz2", b"x", "BR113"),
    "A18d": ("a.nii", put(N, 344, "4s", b"ni1\0"), "BR113"),
    "A20": ("a.npy", b"\x93NUMPY", "BR114"),
    "A22a": ("A.NII.GZ", Z, ""),
    "A22b": ("-\u00fc \u60a3\n.nii", N, ""),
    "A23": ("a", N, "BR113"),
    "F100": ("a.nii.gz", Z + bytes(512), ""),
    "F101": ("a.nii", N2, ""),
}
HEADERS = {
    "B29a": ("a.nii", put(N, 344, "4s", b"zzz\0"), "BR201"),
    "B29b": ("a.nii", put(N, 0, "i", 123), "BR201"),
    "B29c": ("a.nii", N[:200], "BR201"),
    "B30a": ("a.nii", put(N, 70, "h", 9999), "BR202"),
    "B30b": ("a.nii", put(N, 70, "2h", 1, 1), "BR202"),
    "B30c": ("a.nii", nii(rgb()), "BR202"),
    "B30d": ("a.nii", nii(mask().astype("c8")), "BR202"),
    "B31": ("a.nii", put(N, 72, "h", 16), ""),
    "B32": ("a.nii", put(N, 70, "2h", 16, 32), "BR112"),
    "B33": ("a.nii", put(N, 108, "f", 0), "BR204"),
    "B34a": ("a.nii", put(N, 108, "f", 100), "BR204"),
    "B34b": ("a.nii", put(N, 108, "f", nan), "BR204"),
    "B34c": ("a.nii", put(N, 108, "f", 1e9), "BR204"),
    "B34d": ("a.nii", put(N, 108, "f", 353), "BR204"),
    "B35a": ("a.nii", put(N, 40, "h", 9), "BR205"),
    "B35b": ("a.nii", put(N, 40, "h", 0), "BR205"),
    "B36": ("a.nii", dims(N, 0, 8, 8), "BR205"),
    "B37": ("a.nii", dims(N, -8, 8, 8), "BR205"),
    "B38a": ("a.nii", dims(N, 4, 8, 8), "BR111"),
    "B38b": ("a.nii.gz", gz(dims(R, 16, 32, 32)), "BR111"),
    "B39": ("a.nii", nii(mask()[:, :, 3]), ""),
    "B40a": ("a.nii", nii(FOUR), ""),
    "B40b": ("a.nii", dims(N, 8, 8, 8, 1, 1, 1, 1), ""),
    "B41a": ("a.nii", nii(np.repeat(FOUR, 3, 3)), "BR206"),
    "B41b": ("a.nii", nii(np.repeat(FOUR[..., None], 3, 4)), "BR206"),
    "B42": ("a.nii", big_endian(), ""),
    "B43a": ("a.nii", nii(mask().astype("i8")), ""),
    "B43b": ("a.nii", nii(mask().astype("u8")), ""),
    "B44a": ("a.nii", put(N, 112, "f", nan), ""),
    "B44b": ("a.nii", put(N, 112, "f", 0), ""),
    "B44c": ("a.nii", put(N, 112, "f", inf), "BR207"),
    "B45": ("a.nii", put(N, 112, "2f", 1, nan), "BR207"),
    "B46": ("a.nii", put(N, 112, "2f", -1, 1), "BR208"),
    "B47a": ("a.nii", put(N, 112, "2f", 0.5, 0), "BR208"),
    "B47b": ("a.nii", put(N, 112, "2f", 1, 1), "BR208"),
    "B48": ("a.nii", stored([0, 1], "u1"), ""),
    "B49a": ("a.nii", stored([0, 1, 2, 4], "u1"), ""),
    "B49b": ("a.nii", stored([0, 3], "i2"), ""),
}
GEOMETRY = {
    "B50a": ("a.nii", put(N, 80, "f", -1), ""),
    "B50b": ("a.nii", put(Q, 80, "f", -1), "BR209"),
    "B50c": ("a.nii", put(Q, 80, "3f", 0, 0, 0), "BR209"),
    "B51a": ("a.nii", put(N, 80, "f", nan), ""),
    "B51b": ("a.nii", put(Q, 80, "f", nan), "BR209"),
    "B51c": ("a.nii", put(O, 80, "f", inf), "BR209"),
    "B52": ("a.nii", put(N, 80, "f", 1e30), ""),
    "B53a": ("a.nii", put(N, 123, "B", 3), "BR211"),
    "B53b": ("a.nii", put(N, 123, "B", 1), "BR211"),
    "B54": ("a.nii", put(N, 280, "f", nan), "BR212"),
    "B55a": ("a.nii", put(N, 280, "f", inf), "BR212"),
    "B55b": ("a.nii", put(N, 280, "12f", *[0] * 12), "BR212"),
    "B56": ("a.nii", put(Q, 256, "3f", 2, 2, 2), "BR212"),
    "B57": ("a.nii", O, ""),
    "B58a": ("a.nii", forms(np.eye(4), np.diag([2, 1, 1, 1])), ""),
    "B58b": ("a.nii", forms(np.diag([-1, 1, 1, 1]), np.eye(4)), "BR214"),
    "B59": ("a.nii", nii(affine=shear()), ""),
    "B65a": ("a.nii", extension(0, 6, b"x"), ""),
    "B65b": ("a.nii", extension(-16, 6, b"x"), ""),
    "B66a": ("a.nii", extension(2**31 - 16, 6, b"x"), ""),
    "B66b": ("a.nii", extension(17, 6, b"x"), ""),
    "B67a": (
        "a.nii",
        nii(descrip=b"DOE^JANE", db_name=b"MRN123456", aux_file=b"jane_doe.xls"),
        "",
    ),
    "B67b": ("a.nii", extension(32, 6, b"patient: Jane Doe"), ""),
    "F99": ("a.nii", put(N, 254, "h", 130), "BR212"),
}
VOXELS = {
    "C68": ("a.nii", nii(PROBABILITY), "BR301"),
    "C69": ("a.nii", nii(holes()), "BR302"),
    "C70a": ("a.nii", nii(mask() * 255), ""),
    "C70b": ("a.nii", nii(-1 * mask().astype("i2")), "BR303"),
    "C72": ("a.nii", nii(np.ones((8, 8, 8), "u1")), ""),
}
FILES = {**FILES_AND_COMPRESSION, **HEADERS, **GEOMETRY, **VOXELS}
"""Name, content and code by row of the acceptance table; without a code it is accepted."""
