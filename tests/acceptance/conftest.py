"""The tiny benchmarks and the runs of the plugin's tests, for rows that need a whole run."""

from __future__ import annotations

from tests.plugin.conftest import bytecode, run, write_benchmark, write_masks

__all__ = ["bytecode", "run", "write_benchmark", "write_masks"]
