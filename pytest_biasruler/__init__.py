"""Fixtures, assertions and a benchmark file that catch biased rulers in segmentation audits."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_biasruler.audit import Audit, run_audit
    from pytest_biasruler.benchmark.check import Check
    from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.checks.finding import Finding, Verdict
    from pytest_biasruler.errors import BiasRulerError, BiasRulerWarning
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.report.html import render_html
    from pytest_biasruler.report.section import Section

__all__ = [
    "Attribute",
    "Audit",
    "Benchmark",
    "BiasRulerError",
    "BiasRulerWarning",
    "Check",
    "Finding",
    "Mask",
    "Metric",
    "Model",
    "Reference",
    "Section",
    "Verdict",
    "render_html",
    "run_audit",
]

_HOMES = {
    "audit": ("Audit", "run_audit"),
    "benchmark.check": ("Check",),
    "benchmark.definition": ("Attribute", "Benchmark", "Model", "Reference"),
    "benchmark.metrics": ("Metric",),
    "checks.finding": ("Finding", "Verdict"),
    "errors": ("BiasRulerError", "BiasRulerWarning"),
    "masks.mask": ("Mask",),
    "report.html": ("render_html",),
    "report.section": ("Section",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    # Importing the plugin runs this module first, in every test run of every project.
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
