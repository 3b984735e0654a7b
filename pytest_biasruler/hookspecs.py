"""Hooks that a conftest or another plugin may implement; each shows an implementation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.report.section import Section

hookspec = pluggy.HookspecMarker("pytest")


@hookspec
def pytest_biasruler_metrics() -> Sequence[Metric]:
    """Add metrics that are computed from masks.

    Name, unit, direction and what empty masks score are data; a name that exists is refused. The
    function gets two `Mask` objects on one grid. To run in parallel it must be importable by name
    in a fresh interpreter: put it into a module, not into conftest.

    Examples
    --------
    ``lab_masks.py``, a module that can be imported::

        import numpy as np

        def centroid_mm(model, reference):
            means = [np.argwhere(mask.voxels).mean(axis=0) for mask in (model, reference)]
            return float(np.linalg.norm((means[0] - means[1]) * model.spacing_mm))

    ``conftest.py``::

        from lab_masks import centroid_mm
        from pytest_biasruler import Metric

        def pytest_biasruler_metrics():
            return [
                Metric(
                    name="centroid_mm",
                    unit="mm",
                    direction="lower",
                    range=(0, None),
                    both_empty=0.0,
                    one_empty="image diagonal",
                    score=centroid_mm,
                )
            ]
    """


@hookspec
def pytest_biasruler_mask_readers() -> Mapping[str, Callable[[Path], Mask]]:
    """Add a function per file suffix that reads a mask.

    Built-in suffixes cannot be replaced, but for ``.png`` and ``.dcm``. Rules on paths, sizes and
    links are applied before the function is called, rules on grids and labels after. To run in
    parallel it must be importable by name, as a metric must.

    Examples
    --------
    ``lab_masks.py``, a module that can be imported::

        import numpy as np
        from pytest_biasruler import Mask

        def read_npz(path):
            with np.load(path, allow_pickle=False) as stored:
                return Mask(voxels=stored["mask"], affine=stored["affine"])

    ``conftest.py``::

        from lab_masks import read_npz

        def pytest_biasruler_mask_readers():
            return {".npz": read_npz}
    """


@hookspec
def pytest_biasruler_report_sections(audit: Audit) -> Sequence[Section]:
    """Add sections to the report, after its ninth.

    Words and tables, never HTML: the report's own template escapes them.

    Examples
    --------
    ``conftest.py``::

        from pytest_biasruler import Section

        def pytest_biasruler_report_sections(audit):
            return [
                Section(
                    title="Scanners",
                    paragraphs=["Two makers."],
                    head=("maker", "cases"),
                    rows=[("GE", 120)],
                )
            ]
    """


@hookspec
def pytest_biasruler_json(audit: Audit) -> Mapping[str, object]:
    """Add to ``extensions`` of audit.json.

    Plain types only; a key that two plugins give is a problem that names both.

    Examples
    --------
    ``conftest.py``::

        def pytest_biasruler_json(audit):
            return {"lab": {"protocol": "v7"}}
    """
