"""The tools that are measured, as data: what each needs, and which of its scores must be ours."""

from __future__ import annotations

from dataclasses import dataclass

OURS, OURS_PLAIN = "biasruler", "biasruler-zlib"
FLOOR, FLOOR_PLAIN = "floor", "floor-zlib"
PAIRS = (("unet", "expert"), ("unet", "automated"), ("automated", "expert"))
TOLERANCE_MM = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """One tool.

    Attributes
    ----------
    module : str
        In this package; its `score` takes set -> path of a mask and returns pair -> metric ->
        score.
    packages : tuple of str
        Distributions whose versions are told; the first one is the tool.
    same : tuple of str
        Metrics that are defined as ours: they must agree. Others are only told.
    hidden : tuple of str
        Modules that cannot be imported in its process.
    """

    name: str
    title: str
    module: str
    packages: tuple[str, ...]
    same: tuple[str, ...] = ("dice",)
    hidden: tuple[str, ...] = ()


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            name=OURS,
            title="pytest-biasruler, zlib-ng",
            module="ours",
            packages=("pytest-biasruler", "zlib-ng"),
        ),
        Peer(
            name=OURS_PLAIN,
            title="pytest-biasruler, zlib",
            module="ours",
            packages=("pytest-biasruler",),
            hidden=("zlib_ng",),
        ),
        Peer(
            name=FLOOR,
            title="read and inflate only, zlib-ng",
            module="floor",
            packages=("zlib-ng",),
            same=(),
        ),
        Peer(
            name=FLOOR_PLAIN,
            title="read and inflate only, zlib",
            module="floor",
            packages=(),
            same=(),
            hidden=("zlib_ng",),
        ),
        Peer(
            name="deepmind",
            title="nibabel + DeepMind surface-distance",
            module="deepmind",
            packages=("surface-distance", "nibabel"),
            same=("dice", "nsd", "hd95_mm", "hd_mm", "assd_mm"),
        ),
        Peer(
            name="monai",
            title="MONAI metrics, CPU",
            module="monai_metrics",
            packages=("monai", "torch", "nibabel"),
        ),
        Peer(
            name="medpy",
            title="nibabel + MedPy",
            module="medpy_binary",
            packages=("MedPy", "nibabel"),
        ),
        Peer(
            name="simpleitk",
            title="SimpleITK filters",
            module="simpleitk_filters",
            packages=("SimpleITK",),
        ),
        Peer(
            name="panoptica",
            title="nibabel + panoptica evaluator",
            module="panoptica_evaluator",
            packages=("panoptica", "nibabel"),
        ),
    )
}
