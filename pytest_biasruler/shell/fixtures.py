"""What the fixtures hand out."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError, BiasRulerWarning, printable
from pytest_biasruler.shell.auditor import Auditor
from pytest_biasruler.shell.extensions import plugin_readers
from pytest_biasruler.shell.items import load_benchmark
from pytest_biasruler.shell.nodes import NAMED, is_named
from pytest_biasruler.shell.prepared import preparations_of
from pytest_biasruler.shell.settings import settings_of

if TYPE_CHECKING:
    import pandas as pd
    import pytest

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.masks.mask import Mask


def named_benchmark(config: pytest.Config) -> Benchmark:
    """Return the benchmark of ``--biasruler`` or its ini twin.

    Raises
    ------
    BiasRulerError
        ``BR602`` if none is named.
    """
    path = settings_of(config).file
    if path is None:
        raise BiasRulerError(
            "BR602",
            "no benchmark is named",
            "--biasruler FILE, biasruler_file in the ini, or a fixture biasruler_benchmark",
            "Name one, or override the fixture in conftest with scope='session'",
        )
    return load_benchmark(config, path)


def score_table(config: pytest.Config, benchmark: Benchmark) -> pd.DataFrame:
    """Return the score table of a benchmark, which is scored if need be."""
    return preparations_of(config).of(benchmark).evidence.scored.table


def make_auditor(item: pytest.Item, benchmark: Benchmark, scores: pd.DataFrame) -> Auditor:
    """Return the auditor of one test; a score table that a conftest gives is audited instead."""
    prepared = preparations_of(item.config).of(benchmark, scores=scores)
    prepared.claim(item)
    if is_named(item):
        item.warn(BiasRulerWarning(NAMED))
    return Auditor(item, prepared)


def subgroups_of(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row per case: its patient, and its subgroup by each attribute."""
    from pytest_biasruler.benchmark.metadata import read_metadata
    from pytest_biasruler.benchmark.subgroups import subgroup_frame
    from pytest_biasruler.scoring.attempt import insist

    return insist(lambda: subgroup_frame(benchmark, read_metadata(benchmark)))


class MaskShelf:
    """Masks by set and case, read when they are asked for."""

    def __init__(self, benchmark: Benchmark, config: pytest.Config) -> None:
        self._benchmark = settings_of(config).guarded(benchmark)
        self._config = config

    def __repr__(self) -> str:
        """Return the benchmark's name alone; pytest prints this in tracebacks."""
        return f"<masks of {printable(self._benchmark.name)}>"

    def __getitem__(self, key: tuple[str, str]) -> Mask:
        """Return the mask of ``(set, case)``: a reference or model, and the case's name.

        Raises
        ------
        BiasRulerError
            ``BR602`` if no such set has masks; whatever is wrong with the mask, without its case.
        """
        from pytest_biasruler.scoring.attempt import insist

        __tracebackhide__ = True
        return insist(partial(self._read, *key))

    @cached_property
    def _bound(self) -> Benchmark:
        """The benchmark with the columns of its templates filled in; else no metadata is read."""
        from pytest_biasruler.benchmark.metadata import read_metadata
        from pytest_biasruler.benchmark.places import bind_places, names_columns

        benchmark = self._benchmark
        if not names_columns(benchmark):
            return benchmark
        return bind_places(benchmark, read_metadata(benchmark))

    def _read(self, name: str, case: str) -> Mask:
        from pytest_biasruler.scoring.job import Role
        from pytest_biasruler.scoring.sources import list_sets, make_job
        from pytest_biasruler.scoring.stack import read_stack

        benchmark = self._bound
        sets = {each.name: each for each in list_sets(benchmark)}
        if name not in sets:
            found, expected = f'no set "{name}" has masks', f"one of {', '.join(sets)}"
            raise BiasRulerError("BR602", found, expected, "Correct the name")
        if benchmark.untrusted and sets[name].role == Role.MODEL:
            found, fix = f"predictions of {name} are untrusted", "Use biasruler_scores"
            raise BiasRulerError("BR602", found, "none to be read in this process", fix)
        readers = plugin_readers(self._config)
        job = make_job(benchmark, case, sets=[sets[name]], readers=readers)
        mask = read_stack(job)[0][name]
        if isinstance(mask, BiasRulerError):
            raise mask
        return mask.whole()
