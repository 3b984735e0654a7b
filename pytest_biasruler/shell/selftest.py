"""The gate put to the test at the end of a run, where the run is reported; no outcome changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError, printable
from pytest_biasruler.shell.items import load_benchmark
from pytest_biasruler.shell.outputs import name_file
from pytest_biasruler.shell.preflight import named_files
from pytest_biasruler.shell.prepared import preparations_of
from pytest_biasruler.shell.progress import make_progress
from pytest_biasruler.shell.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_biasruler.shell.ledger import Bundle
    from pytest_biasruler.shell.prepared import Prepared


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """What the self-test of one benchmark found, and the line that tells it."""

    result: Mapping[str, Any] = field(default_factory=dict)
    line: str = ""


def run_gate_test(config: pytest.Config, bundle: Bundle) -> Tested:
    """Return what the checks of a benchmark catch, if that was asked for.

    A worker of xdist does not test: the controller does, on scores that the workers have stored.
    """
    from pytest_biasruler.scoring.attempt import attempt

    n_worlds = settings_of(config).selftest
    if n_worlds is None:
        return Tested()
    if settings_of(config).public:
        return Tested(line="self-test: not run in public, its results tell sizes of subgroups")
    found = attempt(partial(_test, config, bundle, n_worlds=n_worlds))
    if isinstance(found, BiasRulerError):
        return Tested(line=f"self-test could not run: {printable(str(found))}")
    return found


def _test(config: pytest.Config, bundle: Bundle, *, n_worlds: int) -> Tested:
    from pytest_biasruler.audit import run_selftest

    prepared = _find_prepared(config, bundle)
    if prepared is None:
        return Tested(line="self-test: not run, the benchmark is known on workers alone")
    result = run_selftest(
        prepared.evidence,
        n_worlds=n_worlds,
        workers=settings_of(config).workers,
        on_masks=_progress(config, task="self-test altered the masks of"),
        on_worlds=_progress(config, task="self-test tried its biases in", noun="worlds"),
    )
    if not result:
        return Tested(line="self-test: nothing to test, no declared check can fail the run")
    return Tested(result=result, line=f"self-test: {printable(result['statement'])}")


_progress = partial(make_progress, is_wanted=True, is_long=True)


def _find_prepared(config: pytest.Config, bundle: Bundle) -> Prepared | None:
    preparations = preparations_of(config)
    known = preparations.find(bundle.context)
    if known is not None or not bundle.file:
        return known
    for path in named_files(config):
        if name_file(path, config) == bundle.file:
            return preparations.of(load_benchmark(config, path))
    return None
