"""Everything that stops an audit before it begins, found in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.named import find_unknown_names
from pytest_biasruler.benchmark.places import bind_places
from pytest_biasruler.benchmark.refusals import in_order, problems_of
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.scoring.given import read_scores
from pytest_biasruler.scoring.sources import check_masks_exist, list_sets
from pytest_biasruler.scoring.submission import check_submission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.errors import BiasRulerError


def find_problems(benchmark: Benchmark, *, metrics: Sequence[Metric] = ()) -> list[BiasRulerError]:
    """Return what stops an audit of `benchmark`, in the order of files and lines.

    That is all problems of its tables, names in its checks that the tables lack, sets of which no
    mask exists, and what an untrusted benchmark may not hold; nothing is scored. Without metadata
    that can be read nobody knows the cases, so that masks are not looked for.

    Parameters
    ----------
    metrics : sequence of Metric
        Metrics of plugins, beside the built-in ones.
    """
    read: list[Metadata] = []
    cut: dict[str, Subgroups] = {}
    problems = problems_of(lambda: read.append(read_metadata(benchmark)))
    metadata = read[0] if read else None
    if metadata is not None:
        problems += problems_of(lambda: cut.update(cut_all(benchmark, metadata)))
        if not problems:
            declared = declare_checks(benchmark, metrics=metrics)
            problems += find_unknown_names(benchmark, declared, metadata=metadata, subgroups=cut)
        problems += _missing_masks(benchmark, metadata)
    known = {metric.name: metric for metric in (*CATALOGUE.values(), *metrics)}
    known |= benchmark.metrics
    problems += check_submission(benchmark, list_sets(benchmark), metrics=known.values())
    problems += problems_of(lambda: read_scores(benchmark, metadata=metadata, metrics=known))
    return in_order(problems)


def _missing_masks(benchmark: Benchmark, metadata: Metadata) -> list[BiasRulerError]:
    bound: list[Benchmark] = []
    problems = problems_of(lambda: bound.append(bind_places(benchmark, metadata)))
    return problems or check_masks_exist(bound[0], metadata)
