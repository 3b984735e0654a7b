"""The readers of the package, each as a function of a path; importing this is the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit import Audit
from pytest_biasruler.benchmark.definition import Attribute, Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.errors import Limits
from pytest_biasruler.masks.reader import read_mask
from pytest_biasruler.scoring.nnunet import read_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def _read_metadata(path: Path) -> object:
    benchmark = Benchmark(
        name="bomb", metadata=path.name, root=path.parent, attributes=[Attribute(name="sex")]
    )
    return cut_all(benchmark, read_metadata(benchmark))


def _read_summary(path: Path) -> object:
    return read_summary(
        path, model="unet", reference="expert", labels={}, shown=path.name, limits=Limits()
    )


READERS: Mapping[str, Callable[[Path], object]] = {
    "mask": read_mask,
    "metadata": _read_metadata,
    "summary": _read_summary,
    "manifest": Benchmark.from_file,
    "audit": lambda path: Audit.from_json(path.read_text()),
}
"""Name -> what reads a file of that kind."""
