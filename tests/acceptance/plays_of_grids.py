"""Rows about a file and its partners: one grid, another one, the same one stored otherwise."""

from __future__ import annotations

from itertools import permutations, product
from math import hypot, isclose
from typing import TYPE_CHECKING

import nibabel
import numpy as np

from pytest_biasruler import render_html
from tests.acceptance.bench import SETS, Bench, differ
from tests.acceptance.plays import accept, left_out, refuse
from tests.core.masks.broken_files import FILES, O, gz, mask, nii, put, shear

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.acceptance.row import Played, Stage

VOXELS = np.zeros((16, 16, 16), "u1")
VOXELS[2:6, 4:9, 5:9] = 1
STRAIGHT = nibabel.affines.from_matvec(np.diag([0.7, 0.7, 2]), [-120.123456, -88.1, 33])
TURN = nibabel.affines.from_matvec(nibabel.eulerangles.euler2mat(0.4, -0.3, 0.2))
OBLIQUE = TURN @ STRAIGHT
DIAGONAL_MM = 16 * (0.7**2 + 0.7**2 + 2**2) ** 0.5


def _shape(title: str, n_slices: int) -> str:
    return (
        f"BR220: {title} has shape 16 x 16 x {n_slices}; expected 16 x 16 x 16, "
        "as the reference has. Resample it beforehand."
    )


def _moved(affine: NDArray[np.float64], x: float) -> NDArray[np.float64]:
    return nibabel.affines.from_matvec(np.eye(3), [x, 0, 0]) @ affine


OTHER_SHAPE = (
    _shape("prediction of unet", 8),
    _shape("prediction of unet", 1),
    _shape("reference automated", 8),
)
_OFF = (
    "BR221: {} lies 0.35 mm off (0.5 voxel); expected at most 0.07 mm. "
    "Copy the reference's affine if the voxels agree."
)
HALF_A_VOXEL = (
    _OFF.format("prediction of unet"),
    _OFF.format("prediction of unet"),
    _OFF.format("reference automated"),
)
# Flipped back, the first voxel lies at 120.123456 - 15 * 0.7 in place of -120.123456.
MIRRORED = (
    "BR221: prediction of unet lies 230 mm off (328 voxel); expected at most 0.07 mm. "
    "Copy the reference's affine if the voxels agree.",
)
# By name: in which set, grid of the case, and the voxels and affine that depart from it.
DEPARTURES = {
    "half": ("unet", STRAIGHT, VOXELS[:, :, :8], STRAIGHT),
    "slice": ("unet", STRAIGHT, VOXELS[:, :, :1], STRAIGHT),
    "half of automated": ("automated", STRAIGHT, VOXELS[:, :, :8], STRAIGHT),
    "off": ("unet", STRAIGHT, VOXELS, _moved(STRAIGHT, 0.35)),
    "off oblique": ("unet", OBLIQUE, VOXELS, _moved(OBLIQUE, 0.35)),
    "off of automated": ("automated", STRAIGHT, VOXELS, _moved(STRAIGHT, 0.35)),
    "mirrored": ("unet", STRAIGHT, VOXELS, np.diag([-1.0, 1, 1, 1]) @ STRAIGHT),
}


def play_other_grids(*names: str) -> Callable[[Stage], list[Played]]:
    """Return the play of masks that do not lie on the grid of their case."""

    def play(stage: Stage) -> list[Played]:
        played = []
        for name in names:
            changed, grid, voxels, affine = DEPARTURES[name]
            bench = Bench(folder=stage.folder / name)
            bench.surround(changed, VOXELS, grid)
            bench.draw(bench.spoiled, changed, voxels, affine)
            told = bench.audit()
            code = "BR220" if voxels.shape != VOXELS.shape else "BR221"
            left_out(told, bench.spoiled, changed, code=code, diagonal_mm=DIAGONAL_MM)
            played.append(told.played([bench.spoiled]))
        return played

    return play


def play_a_slice(stage: Stage) -> list[Played]:
    flat = mask()[:, :, 3]
    among_slices = Bench(folder=stage.folder / "slices")
    among_slices.surround("unet", flat)
    among_slices.draw(among_slices.spoiled, "unet", flat)
    against_volume = Bench(folder=stage.folder / "volume")
    against_volume.spoil("unet", gz(nii(flat)))
    return [accept(among_slices, "unet"), refuse(against_volume, "unet", code="BR220")]


def play_no_orientation(stage: Stage) -> list[Played]:
    none_has = Bench(folder=stage.folder / "none")
    none_has.surround("unet", mask())
    for name in SETS:
        content = nii(none_has.drawn[none_has.spoiled, name] if name != "unet" else mask())
        drawn = none_has.drawn[none_has.spoiled, name]
        none_has.spoil(name, gz(put(content, 252, "2h", 0, 0)))
        none_has.drawn[none_has.spoiled, name] = drawn
    prediction = Bench(folder=stage.folder / "prediction")
    prediction.spoil("unet", gz(O))
    expert = Bench(folder=stage.folder / "expert")
    expert.spoil("expert", gz(O))
    told = expert.audit()
    assert told.left_out("unreadable") == {("unet", "BR213"): 1}
    assert told.left_out("excluded") == {("automated", "BR213"): 1}
    assert told.score(expert.spoiled) == 0
    return [
        accept(none_has, "unet"),
        refuse(prediction, "unet", code="BR213"),
        told.played([expert.spoiled]),
    ]


def play_a_sheared_grid(stage: Stage) -> list[Played]:
    of_all = Bench(folder=stage.folder / "all")
    of_all.surround("unet", mask(), shear())
    of_all.draw(of_all.spoiled, "unet", mask(), shear())
    told = of_all.audit()
    assert told.score(of_all.spoiled, metric="hd95_mm") is None, "a distance was measured"
    assert told.score("c0", metric="hd95_mm") is not None
    assert told.is_right(of_all.spoiled), "overlap needs no right angles"
    assert told.left_out("unreadable") == {}, "a reference's grid is no fault of a prediction"
    return [told.played([]), _play_a_sheared_prediction(stage)]


def _play_a_sheared_prediction(stage: Stage) -> Played:
    """Shear a prediction's header by too little to move it: no distance may vanish for that."""
    bench = Bench(folder=stage.folder / "prediction")
    slightly = np.eye(4)
    slightly[0, 1] = 1.2e-3
    bench.draw(bench.spoiled, "unet", bench.drawn[bench.spoiled, "unet"], slightly)
    told = bench.audit()
    diagonal_mm = hypot(*mask().shape)
    distance = told.score(bench.spoiled, metric="hd95_mm")
    assert distance == diagonal_mm, "a header hid a distance"
    assert told.is_right(bench.spoiled), "overlap needs no right angles"
    assert told.left_out("unreadable") == {("unet", "BR215"): 1}
    assert told.left_out("excluded") == {}
    return told.played([])


def play_other_storage(stage: Stage) -> list[Played]:
    flipped = (0, 1, 2), (True, False, False)
    backwards = (2, 1, 0), (False, False, True)
    orders = [flipped, backwards]
    played = []
    for at, (axes, flips) in enumerate(orders):
        bench = Bench(folder=stage.folder / str(at))
        bench.surround("unet", VOXELS, OBLIQUE)
        bench.draw(bench.spoiled, "unet", VOXELS, OBLIQUE)
        distance = bench.audit().score(bench.spoiled, metric="hd95_mm")
        voxels, affine = _store_otherwise(VOXELS, OBLIQUE, axes=axes, flips=flips)
        bench.draw(bench.spoiled, "unet", voxels, affine)
        bench.drawn[bench.spoiled, "unet"] = VOXELS
        told = bench.audit()
        again = told.score(bench.spoiled, metric="hd95_mm")
        assert distance is not None
        assert again is not None
        assert isclose(again, distance, abs_tol=1e-9), "a distance depends on the storage"
        assert told.notes("BR222") == {"unet": 1}
        played.append(accept(bench, "unet"))
    return [*played, _play_all_orders(stage)]


def _play_all_orders(stage: Stage) -> Played:
    """Store the one anatomy in all 48 orders; a voxel of its own tells each case apart."""
    orders = list(product(permutations(range(3)), product([False, True], repeat=3)))
    bench = Bench(folder=stage.folder / "all", n_cases=len(orders))
    for at, (case, (axes, flips)) in enumerate(zip(bench.cases, orders, strict=True)):
        voxels = VOXELS.copy()
        voxels[15, at // 16, at % 16] = 1
        bench.draw(case, "expert", voxels, OBLIQUE)
        bench.draw(case, "automated", differ(voxels, 1), OBLIQUE)
        predicted = differ(voxels, 2)
        stored, affine = _store_otherwise(predicted, OBLIQUE, axes=axes, flips=flips)
        bench.draw(case, "unet", stored, affine)
        bench.drawn[case, "unet"] = predicted
    return bench.audit().played([])


def _store_otherwise(
    voxels: NDArray[np.uint8],
    affine: NDArray[np.float64],
    *,
    axes: tuple[int, ...],
    flips: tuple[bool, ...],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the same anatomy as another program would store it, by nibabel's own rules."""
    turn = np.array([[axis, -1 if flip else 1] for axis, flip in zip(axes, flips, strict=True)])
    moved = nibabel.orientations.apply_orientation(voxels, turn)
    return moved, affine @ nibabel.orientations.inv_ornt_aff(turn, voxels.shape)


def play_float_noise(stage: Stage) -> list[Played]:
    played = []
    for name, grid in (("straight", STRAIGHT), ("oblique", OBLIQUE)):
        bench = Bench(folder=stage.folder / name)
        bench.surround("unet", VOXELS, grid)
        noise = np.zeros((4, 4))
        noise[:3] = 1e-5 * np.sin(np.arange(12)).reshape(3, 4)
        bench.draw(bench.spoiled, "unet", VOXELS, grid + noise)
        played.append(accept(bench, "unet"))
    return played


def play_header_text(stage: Stage) -> list[Played]:
    played = []
    for file, n_files in (("B67a", 1), ("B67b", 1), ("B67a", 6)):
        bench = Bench(folder=stage.folder / f"{file}{n_files}")
        if n_files == 1:
            bench.surround("unet", mask())
            bench.spoil("unet", FILES[file][1], file="a.nii")
            bench.drawn[bench.spoiled, "unet"] = mask()
        else:
            for case in bench.cases:
                drawn = bench.drawn[case, "unet"]
                bench.give(case, "unet", gz(nii(drawn, descrip=b"DOE^JANE")))
                bench.drawn[case, "unet"] = drawn
        told = bench.audit()
        assert told.notes("BR231") == {"unet": n_files}
        for output in (told.audit.to_json(), render_html(told.audit)):
            for word in ("DOE", "Doe", "MRN123456", "jane"):
                assert word not in output, f"{word} was copied from a header"
        played.append(accept(bench, "unet"))
    return played
