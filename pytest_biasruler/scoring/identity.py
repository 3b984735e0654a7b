"""What scores are known by: keys of the store, aliases of cases, digests of a benchmark."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, replace
from functools import partial
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop
from pytest_biasruler.masks.decoders import decoder_of
from pytest_biasruler.masks.reader import digest_mask
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.fingerprint import digest_cases, digest_rows
from pytest_biasruler.scoring.job import Entry, Job, error_to_plain
from pytest_biasruler.scoring.version import code_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.scoring.job import CaseScores


def hash_plain(plain: object) -> str:
    """Return the SHA-256 of plain data, the same in every process.

    Examples
    --------
    >>> hash_plain({"b": 1, "a": [2]}) == hash_plain({"a": [2], "b": 1})
    True
    """
    text = json.dumps(plain, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def name_job(job: Job) -> Job:
    """Return the job with the digests of its masks and the key of its whole case in the store.

    The key holds no name of a case and no path: the digests of the masks' files, the sets they
    belong to, labels, metrics, measures, limits and the version of the code.
    """
    named = digest_job(job)
    content = [describe_entry(entry) for entry in named.entries]
    key = hash_plain([state_settings(job), content, list(job.measures)])
    return replace(named, key=key)


def digest_job(job: Job) -> Job:
    """Return the job with the digests of the files of its masks.

    A file that cannot be hashed is not opened again, or scores of it could be stored under the
    key of a missing one.
    """
    return replace(job, entries=tuple(_with_digest(entry, job=job) for entry in job.entries))


def state_settings(job: Job, *, has_metrics: bool = True) -> str:
    """Return the SHA-256 of all that decides scores beside the masks, or facts of masks alone."""
    settings: list[object] = [
        code_version(),
        list(job.labels.items()),
        job.ignore,
        _limits_of(job),
        sorted((suffix, _source_of(read)) for suffix, read in job.readers.items()),
    ]
    if has_metrics:
        settings += [[describe_metric(each) for each in job.metrics], job.both_empty.value]
    return hash_plain(settings)


def describe_entry(entry: Entry) -> str:
    """Return set, role and content of a mask as one line of text."""
    return json.dumps([entry.set, entry.role.value, *_content(entry)])


def _limits_of(job: Job) -> dict[str, Any]:
    """Return the limits that decide what is read; how long that may take decides no score."""
    kept = asdict(job.limits)
    return {name: value for name, value in kept.items() if not name.startswith("case_")}


def _with_digest(entry: Entry, *, job: Job) -> Entry:
    if not isinstance(entry.source, Path):
        return entry
    digest = attempt(partial(_digest, entry, entry.source, job=job))
    if isinstance(digest, BiasRulerError):
        return replace(entry, source=digest)
    return replace(entry, digest=digest)


def _digest(entry: Entry, path: Path, *, job: Job) -> str:
    # As the reader finds it, so that a missing file is told in the same words.
    return digest_mask(path, name=entry.title, root=job.root, limits=job.limits, place=entry.place)


def _content(entry: Entry) -> list[str]:
    if isinstance(entry.source, BiasRulerError):
        return error_to_plain(entry.source)
    if isinstance(entry.source, Crop):
        mask = entry.source
        affine = "" if mask.affine is None else repr(mask.affine.tolist())
        grid = [affine, repr(mask.spacing_mm), repr(mask.is_sheared)]
        return [mask.sha256, mask.voxel_sha256, *grid, *mask.notes]
    # The suffix decides which reader reads it, and whether it may be compressed. A file that
    # could not be decoded is another one once there is something to decode it.
    decoder = decoder_of(entry.source) or ()
    return [entry.digest, "".join(entry.source.suffixes[-2:]), *decoder]


def describe_metric(metric: Metric) -> list[object]:
    """Return all that makes two metrics of one name different, as plain data."""
    source = "" if metric.score is None else _source_of(metric.score)
    return [
        metric.name,
        metric.unit,
        metric.direction.value,
        [repr(bound) for bound in metric.range],
        repr(metric.both_empty),
        repr(metric.one_empty),
        {key: repr(value) for key, value in sorted(metric.parameters.items())},
        repr(metric.cap),
        source,
    ]


def _source_of(function: Callable[..., object]) -> str:
    """Return module, name and hash of the module's file, so that an edited metric is new."""
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    content = Path(file).read_bytes() if file and Path(file).is_file() else b""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{function.__module__}:{name}:{hashlib.sha256(content).hexdigest()}"


def is_importable(function: Callable[..., object]) -> bool:
    """Return whether a fresh interpreter would find `function` by its module and name.

    Examples
    --------
    >>> is_importable(hash_plain), is_importable(lambda: None)
    (True, False)
    """
    module, name = function.__module__, getattr(function, "__qualname__", "<locals>")
    if "<" in name or module == "__main__":
        return False
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is function and _finds_module(module)


def _finds_module(name: str) -> bool:
    """Ask the path, not `sys.modules`: a conftest may be loaded from where no one else looks."""
    folders: list[str] | None = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:end]), folders)
        if spec is None:
            return False
        folders = list(spec.submodule_search_locations or [])
    loaded = getattr(sys.modules[name], "__file__", None)
    return spec is not None and spec.origin == loaded


def name_aliases(
    cases: Iterable[str], *, done: Mapping[str, CaseScores], table: pd.DataFrame, expert: str
) -> dict[str, str]:
    """Return an alias for each case, by rank of a hash of its own data.

    Ranked are the SHA-256 of the case's mask of `expert` as stored, else of its rows of the score
    table, else of nothing; ties go by name. The same on every machine and not to be derived from
    a list of names.
    """
    nothing = hashlib.sha256(b"").hexdigest()
    ranks = {case: _stored_digest(done, case, expert) for case in cases}
    if not all(ranks.values()):
        rows = digest_cases(table)
        ranks = {case: stored or rows.get(case, nothing) for case, stored in ranks.items()}
    ordered = sorted(ranks, key=lambda case: (ranks[case], case))
    return {case: f"case-{place:03d}" for place, case in enumerate(ordered, start=1)}


def _stored_digest(done: Mapping[str, CaseScores], case: str, expert: str) -> str:
    facts = done[case]["masks"].get(expert) if case in done else None
    return "" if facts is None else facts["sha256"]


def digest_sets(
    names: Iterable[str], *, done: Mapping[str, CaseScores], table: pd.DataFrame
) -> dict[str, str]:
    """Return for each set the SHA-256 over its masks by case, and over its rows given as scores.

    A mask that cannot be used stands with its code; without masks the rows alone count.
    """
    digests = {}
    for name in names:
        masks = [
            [case, facts["sha256"] or (facts["error"] or [""])[0]]
            for case, scores in sorted(done.items())
            if (facts := scores["masks"].get(name)) is not None
        ]
        rows = [] if masks else [digest_rows(table[table["model"] == name])]
        digests[name] = hash_plain([masks, rows])
    return digests


def digest_benchmark(
    benchmark: Benchmark,
    *,
    patients: Mapping[str, str],
    references: Mapping[str, str],
    metrics: Iterable[Metric],
) -> str:
    """Return the SHA-256 of what an earlier audit must share to be compared with this one.

    Cases, patients, references, labels and metrics count; predictions, checks and limits do not.
    A benchmark that ignores nothing has the digest that it always had.
    """
    kinds = {each.name: each.kind.value for each in benchmark.references}
    ignored = [] if benchmark.ignore is None else [["ignore", benchmark.ignore]]
    return hash_plain(
        [
            sorted(patients.items()),
            sorted((name, kinds[name], digest) for name, digest in references.items()),
            sorted((name, list(values)) for name, values in benchmark.labels.items()),
            sorted(describe_metric(metric)[:-1] for metric in metrics),
            benchmark.defaults.both_empty.value,
            *ignored,
        ]
    )
