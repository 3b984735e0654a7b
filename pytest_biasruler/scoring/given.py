"""The ready score table that a benchmark brings, wherever it stands: CSV, DataFrame or nnU-Net."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ReferenceKind, ScoreSource
from pytest_biasruler.benchmark.frames import frame_to_parts
from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.paths import is_inside
from pytest_biasruler.benchmark.refusals import problems_of, raise_if_any
from pytest_biasruler.benchmark.textfile import read_text_parts
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems
from pytest_biasruler.scoring.allowance import refuse_links, table_limits
from pytest_biasruler.scoring.nnunet import read_summary
from pytest_biasruler.scoring.parquet import SUFFIX, read_parquet_parts
from pytest_biasruler.scoring.published import Published, Vocabulary, publish
from pytest_biasruler.scoring.table import FACTS, KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.errors import Limits
    from pytest_biasruler.scoring.ledger import Part


def read_scores(
    benchmark: Benchmark, *, metadata: Metadata | None, metrics: Mapping[str, Metric]
) -> Published | None:
    """Return the ready score table of `benchmark`, checked; None if it has none.

    Without metadata every case counts as known; what an untrusted benchmark can need is then not
    known, and its table not read.

    Raises
    ------
    BiasRulerProblems
        What `publish`, `read_text_table` and `read_summary` refuse; ``BR401`` if the file lies
        outside the data root, ``BR402`` if that of an untrusted benchmark is a link, ``BR602`` if
        a summary of nnU-Net could be that of several models or references.
    """
    if benchmark.scores is None or (benchmark.untrusted and metadata is None):
        return None
    limits, needed = table_limits(benchmark, n_cases=len(metadata.cases) if metadata else 0)
    vocabulary = Vocabulary(
        cases=None if metadata is None else metadata.cases,
        models=tuple(each.name for each in benchmark.models),
        references=tuple(each.name for each in benchmark.references),
        labels=tuple(benchmark.labels),
        metrics=metrics,
    )
    source, rule = benchmark.scores, benchmark.defaults.both_empty
    if not isinstance(source, ScoreSource):
        frame = frame_to_parts(source, shown="scores", limits=limits, needed=needed)
        return publish(frame, vocabulary=vocabulary, shown="scores", rule=rule)
    shown = Path(source.table).name
    wanted = {*KEYS, *metrics, *FACTS}
    read = partial(_read_file, source, benchmark=benchmark, shown=shown, wanted=wanted)
    with closing(read(limits=limits, needed=needed)) as parts:
        return publish(parts, vocabulary=vocabulary, shown=shown, rule=rule)


def note_gaps(given: Published | None) -> tuple[Note, ...]:
    """Return what was left out of a ready score table, and what it leaves undefined."""
    if given is None:
        return ()
    notes = []
    if given.n_strangers:
        text = f"{given.n_strangers} rows of the score table match no case"
        notes.append(Note(code="BR404", set="scores", n=given.n_strangers, text=text))
    if given.n_others:
        text = (
            f"{given.n_others} rows of the score table name a model, reference or label that the "
            "benchmark does not"
        )
        notes.append(Note(code="BR404", set="names in scores", n=given.n_others, text=text))
    for model, n in sorted(given.n_undefined.items()):
        text = f"{n} scores of {model} in the score table are undefined"
        notes.append(Note(code="BR423", set=model, n=n, text=text))
    return tuple(notes)


def _read_file(
    source: ScoreSource,
    *,
    benchmark: Benchmark,
    shown: str,
    wanted: Collection[str],
    limits: Limits,
    needed: str,
) -> Generator[Part, None, None]:
    root = benchmark.root
    path = Path(source.table) if root is None else root / source.table
    if root is not None and not is_inside(path, root=root):
        found, fix = "the score table leaves the data root", "Set root in [benchmark]"
        raise_if_any([BiasRulerError("BR401", found, "a path inside it", fix, "[scores]")])
    if benchmark.untrusted:
        raise_if_any(problems_of(lambda: refuse_links(path, root=root, shown=shown)))
    if source.format != "nnunet":
        rules: dict[str, Any] = {"shown": shown, "limits": limits, "needed": needed}
        if path.suffix.lower() == SUFFIX and not benchmark.untrusted:
            yield from read_parquet_parts(path, wanted=wanted, **rules)
        else:
            yield from read_text_parts(path, **rules)
        return
    model, reference = _only_pair(benchmark)
    read = partial(read_summary, path, model=model, reference=reference, needed=needed)
    try:
        summary = read(labels=benchmark.labels, shown=shown, limits=limits)
    except BiasRulerProblems:
        raise
    except BiasRulerError as error:
        raise BiasRulerProblems([error]) from None
    yield summary


def _only_pair(benchmark: Benchmark) -> tuple[str, str]:
    """Return the one model and the one reference that a summary of nnU-Net can be about."""
    experts = [each for each in benchmark.references if each.kind == ReferenceKind.EXPERT]
    references = experts or benchmark.references
    for what, named in (("model", benchmark.models), ("reference", references)):
        if len(named) != 1:
            found = f"{len(named)} {what}s for one summary of nnU-Net"
            error = BiasRulerError("BR602", found, "one", "Use a tidy table", "[scores]")
            raise BiasRulerProblems([error])
    return benchmark.models[0].name, references[0].name
