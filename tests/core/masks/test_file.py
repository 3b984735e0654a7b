from __future__ import annotations

import hashlib
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks.file import digest_file
from pytest_biasruler.masks.reader import read_mask

from .broken_files import FILES, N, Z

FOLLOW = Limits(allow_symlinks=True)


def refusals(path, **options):
    """Return what reading and hashing say, which must agree on what stands in the way."""
    said = []
    for read in (read_mask, digest_file):
        with pytest.raises(BiasRulerError) as caught:
            read(path, name="prediction of unet", **options)
        said.append(str(caught.value))
    assert said[0] == said[1], "reading and hashing disagree"
    return said[0]


@pytest.fixture
def _time_limit():
    def stop(*_):
        pytest.fail("opening blocked")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(5)
    yield
    signal.alarm(0)


def test_a_missing_file_is_told_by_its_template(tmp_path):
    with pytest.raises(BiasRulerError) as caught:
        read_mask(
            tmp_path / "jane.nii.gz",
            name="prediction of unet",
            place="predictions/unet/{case}.nii.gz (biasruler.toml:14)",
        )
    assert str(caught.value) == (
        "BR101: prediction of unet not found; expected predictions/unet/{case}.nii.gz "
        "(biasruler.toml:14). Add the file or correct the template."
    )
    refusals(tmp_path / "jane.nii.gz")
    (tmp_path / "file").touch()
    assert refusals(tmp_path / "file" / "a.nii").startswith("BR101")


@pytest.mark.usefixtures("_time_limit")
@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "socket"])
def test_what_is_no_regular_file_is_never_opened(tmp_path, kind):
    path = tmp_path / "a.nii"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = "/dev/null"
    else:
        os.mknod(path, 0o140600)
    assert refusals(path) == (
        f"BR103: prediction of unet is a {kind}; expected a regular file. Correct the template."
    )


@pytest.mark.usefixtures("_time_limit")
def test_a_pipe_put_there_after_the_look_is_refused_without_waiting(tmp_path, monkeypatch):
    path, pipe = tmp_path / "a.nii", tmp_path / "pipe"
    path.write_bytes(N)
    os.mkfifo(pipe)
    really_open = os.open
    monkeypatch.setattr(os, "open", lambda _, *rest: really_open(pipe, *rest))
    assert refusals(path).startswith("BR103: prediction of unet is a pipe;")


def test_a_link_put_there_after_the_look_is_refused(tmp_path, monkeypatch):
    path, link = tmp_path / "a.nii", tmp_path / "link.nii"
    path.write_bytes(N)
    link.symlink_to(path)
    really_open = os.open
    monkeypatch.setattr(os, "open", lambda _, *rest: really_open(link, *rest))
    assert refusals(path).startswith("BR402")


def test_another_file_put_there_after_the_look_is_refused(tmp_path, monkeypatch):
    path, other = tmp_path / "a.nii", tmp_path / "b.nii"
    path.write_bytes(N)
    other.write_bytes(N)
    really_open = os.open
    monkeypatch.setattr(os, "open", lambda _, *rest: really_open(other, *rest))
    assert refusals(path).startswith("BR123")


@pytest.mark.parametrize("target", ["outside/a.nii", "data/reference.nii", "data/nothing.nii"])
def test_a_link_is_not_followed_unless_allowed(tmp_path, target):
    root = tmp_path / "data"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    for place in ("outside/a.nii", "data/reference.nii"):
        (tmp_path / place).write_bytes(N)
    link = root / "a.nii"
    link.symlink_to(tmp_path / target)
    fix = "Copy it, or set biasruler_allow_symlinks for links inside the data root."
    refused = f"BR402: prediction of unet is a symbolic link; expected a regular file. {fix}"
    assert refusals(link, root=root) == refused
    if target == "data/reference.nii":
        assert read_mask(link, root=root, limits=FOLLOW).shape == (8, 8, 8)
        assert digest_file(link, root=root, limits=FOLLOW) == hashlib.sha256(N).hexdigest()
    elif target == "data/nothing.nii":
        assert refusals(link, root=root, limits=FOLLOW).startswith("BR101")
    else:
        assert refusals(link, root=root, limits=FOLLOW) == refused
        assert read_mask(link, limits=FOLLOW).shape == (8, 8, 8), "code may name any file"


def test_links_in_a_circle_are_refused(tmp_path):
    one, two = tmp_path / "one.nii", tmp_path / "two.nii"
    one.symlink_to(two)
    two.symlink_to(one)
    assert refusals(one, root=tmp_path, limits=FOLLOW).startswith("BR402")


def test_a_link_is_judged_by_its_own_name(tmp_path):
    (tmp_path / "object").write_bytes(Z)
    link = tmp_path / "a.nii.gz"
    link.symlink_to("object")
    assert read_mask(link, root=tmp_path, limits=FOLLOW).shape == (32, 32, 32)


@pytest.mark.parametrize("path", ["a\0.nii", "a\ud800.nii"])
def test_what_is_no_path_is_refused(path):
    assert refusals(path).startswith("BR401")


def test_a_name_too_long_for_the_system_is_refused_without_the_name(tmp_path):
    said = refusals(tmp_path / f"{'jane' * 99}.nii")
    assert said.startswith("BR124")
    assert "jane" not in said, said


def test_a_long_name_with_spaces_is_read(tmp_path):
    path = tmp_path / f"{'a b' * 81}.nii.gz"
    path.write_bytes(Z)
    assert read_mask(path).shape == (32, 32, 32)


@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_mode_0_is_refused(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(N)
    path.chmod(0)
    assert refusals(path).startswith("BR124: permission denied for prediction of unet;")


def test_a_refused_permission_says_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / "a.nii"
    path.write_bytes(N)

    def refuse(place, *_):
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(os, "open", refuse)
    assert refusals(path) == (
        "BR124: permission denied for prediction of unet; expected read access. "
        "Correct the mode of the file."
    )


def test_a_failing_disk_is_told_without_the_path(tmp_path, monkeypatch):
    path = tmp_path / "jane.nii"
    path.write_bytes(N)

    def fail(*_):
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(os, "read", fail)
    said = refusals(path)
    assert said.startswith("BR124: prediction of unet cannot be read (Input/output error);")
    assert "jane" not in said, said


def cut_short(path):
    path.write_bytes(path.read_bytes()[:400])


def overwrite(path):
    os.utime(path, ns=(0, 0))


def lengthen(path):
    with path.open("ab") as file:
        file.write(b"more")


@pytest.mark.parametrize("change", [cut_short, overwrite, lengthen])
@pytest.mark.parametrize(("name", "content"), [("a.nii", N), ("a.nii.gz", Z)])
def test_a_file_that_changes_while_it_is_read_is_told_as_that(
    tmp_path, monkeypatch, change, name, content
):
    path = tmp_path / name
    really_read, pieces = os.read, []

    def read(descriptor, size):
        pieces.append(size)
        if len(pieces) == 2:
            change(path)
        return really_read(descriptor, min(size, 360))

    monkeypatch.setattr(os, "read", read)
    for reader in (read_mask, digest_file):
        path.write_bytes(content)
        pieces.clear()
        with pytest.raises(BiasRulerError) as caught:
            reader(path, name="prediction of unet")
        assert str(caught.value) == (
            "BR123: prediction of unet changed while it was read; expected stable files. "
            "Run again when copying has ended."
        )


def test_short_reads_change_nothing(tmp_path, monkeypatch):
    really_read = os.read
    for row in ("A9a", "A9b", "F100", "F101", "B67b"):
        name, content, _ = FILES[row]
        (tmp_path / name).write_bytes(content)
        whole = read_mask(tmp_path / name)
        with monkeypatch.context() as patch:
            patch.setattr(os, "read", lambda descriptor, _: really_read(descriptor, 13))
            pieces = read_mask(tmp_path / name)
        assert (pieces.sha256, pieces.voxel_sha256) == (whole.sha256, whole.voxel_sha256)


def test_no_descriptor_stays_open(tmp_path):
    before = len(list(Path("/dev/fd").iterdir()))
    for row, (name, content, _) in FILES.items():
        folder = tmp_path / row
        folder.mkdir()
        (folder / name).write_bytes(content)
        with suppress(BiasRulerError):
            read_mask(folder / name)
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.usefixtures("_time_limit")
def test_a_file_larger_than_any_mask_is_refused_before_it_is_hashed_or_read(tmp_path):
    for name in ("a.nii", "a.nii.gz"):
        path = tmp_path / name
        path.write_bytes(Z if name.endswith(".gz") else N)
        os.truncate(path, 2**40)  # sparse: nothing of it is on the disk
        assert refusals(path) == (
            "BR111: prediction of unet has 1099511627776 bytes; expected at most the 2148532224 "
            "bytes of 268435456 voxels. Export it again."
        )


def test_the_largest_file_that_limits_allow_is_hashed(tmp_path):
    limits = Limits(max_voxels=2**10, max_extension_bytes=2**10)
    most = 8 * 2**10 + 2**10 + 2**20
    (tmp_path / "a.nii").write_bytes(bytes(most))
    assert (
        digest_file(tmp_path / "a.nii", limits=limits) == hashlib.sha256(bytes(most)).hexdigest()
    )
    (tmp_path / "a.nii").write_bytes(bytes(most + 1))
    assert refusals(tmp_path / "a.nii", limits=limits).startswith("BR111")
