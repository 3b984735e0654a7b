from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
import SimpleITK
from PIL import Image

from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring.run import score_benchmark
from pytest_biasruler.scoring.store import Store

CASES = ("a", "b", "c")


def labels(case, *, is_model=False):
    voxels = np.zeros((6, 7, 5), "u1")
    voxels[1:4, 2:5, 1:4] = 1
    return np.roll(voxels, CASES.index(case) if is_model else 0, axis=0)


def write(folder, suffix, *, is_model):
    folder.mkdir()
    for case in CASES:
        voxels = labels(case, is_model=is_model)
        if suffix == "png":
            Image.fromarray(voxels[:, :, 2]).save(folder / f"{case}.png")
            continue
        image = SimpleITK.GetImageFromArray(voxels.T)
        image.SetSpacing((0.5, 0.7, 2.0))
        SimpleITK.WriteImage(image, str(folder / f"{case}.{suffix}"))


def score(root, *, expert, unet, untrusted=False, **options):
    for name, suffix in (("expert", expert), ("unet", unet)):
        if not (root / name).exists():
            write(root / name, suffix, is_model=name == "unet")
    pd.DataFrame({"case": CASES}).to_csv(root / "clinical.csv", index=False)
    benchmark = Benchmark(
        name="formats",
        metadata="clinical.csv",
        root=root,
        references=[Reference(name="expert", kind="expert", masks=f"expert/{{case}}.{expert}")],
        models=[Model(name="unet", masks=f"unet/{{case}}.{unet}")],
        untrusted=untrusted,
    )
    return score_benchmark(benchmark, metadata=read_metadata(benchmark), **options)


def scores_of(scored, metric):
    table = scored.table
    return table.sort_values("case")[metric].tolist()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return score(tmp_path_factory.mktemp("plain"), expert="nii.gz", unet="nii.gz")


@pytest.mark.parametrize(
    ("expert", "unet"), [("nrrd", "nii.gz"), ("nii.gz", "mha"), ("nhdr", "mhd"), ("mha", "nrrd")]
)
def test_scores_do_not_depend_on_the_format(tmp_path, plain, expert, unet):
    scored = score(tmp_path, expert=expert, unet=unet)
    for metric in ("dice", "hd95_mm", "assd_mm", "nsd"):
        assert scores_of(scored, metric) == pytest.approx(scores_of(plain, metric), rel=1e-6)


def test_slices_without_a_voxel_size_have_overlaps_but_no_distances_and_no_volumes(tmp_path):
    scored = score(tmp_path, expert="png", unet="png")
    assert scores_of(scored, "dice") == pytest.approx([1, 2 / 3, 1 / 3])
    for name in ("hd95_mm", "volume_error_ml", "model_ml", "reference_ml"):
        assert np.isnan(scores_of(scored, name)).all(), name
    assert (scored.table["n_reference"] > 0).all(), "what is counted is no less known"
    told = {(note.code, note.set): note.text for note in scored.notes}
    assert "nothing is measured in mm or ml" in told["BR216", "unet"]


def test_a_missing_slice_is_the_worst_in_shares_and_unknown_in_ml(tmp_path):
    score(tmp_path, expert="png", unet="png")
    (tmp_path / "unet" / f"{CASES[0]}.png").unlink()
    scored = score(tmp_path, expert="png", unet="png")
    assert scores_of(scored, "dice")[0] == 0
    assert np.isnan(scores_of(scored, "volume_error_ml")).all()


def read_half_mm(path):
    return Mask(voxels=np.asarray(Image.open(path)), spacing_mm=(0.5, 0.5))


def test_a_reader_of_somebody_takes_the_place_of_an_extra(tmp_path):
    scored = score(tmp_path, expert="png", unet="png", readers={".png": read_half_mm})
    assert np.isfinite(scores_of(scored, "hd95_mm")).all()


def test_the_store_sees_other_voxels_beside_the_same_header(tmp_path):
    store = Store(tmp_path / "store")
    before = score(tmp_path, expert="nhdr", unet="mhd", store=store)
    for path in (tmp_path / "unet").glob("*.raw"):
        path.write_bytes(bytes(path.stat().st_size))
    after = score(tmp_path, expert="nhdr", unet="mhd", store=store)
    assert scores_of(before, "dice") != scores_of(after, "dice")
    assert scores_of(after, "dice") == [0, 0, 0]


def test_a_prediction_that_nothing_could_decode_is_read_once_its_extra_is_there(
    tmp_path, monkeypatch
):
    store = Store(tmp_path / "store")
    score(tmp_path, expert="png", unet="png")  # writes them
    with monkeypatch.context() as hidden:
        hidden.setitem(sys.modules, "PIL", None)
        hidden.setitem(sys.modules, "PIL.Image", None)
        before = score(tmp_path, expert="png", unet="png", store=store)
    after = score(tmp_path, expert="png", unet="png", store=store)
    assert before.table.empty
    assert scores_of(after, "dice") == pytest.approx([1, 2 / 3, 1 / 3])


@pytest.mark.parametrize("suffix", ["nrrd", "nhdr", "mha", "mhd", "png"])
def test_a_stranger_is_read_in_nifti_alone(tmp_path, suffix):
    scored = score(tmp_path, expert="nii.gz", unet=suffix, untrusted=True)
    codes = set(scored.unreadable["unet"].values())
    assert codes == {"BR113"}
