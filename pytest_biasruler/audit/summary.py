"""What an audit says before any question: who, by which rulers, and who is missing."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.accounting import account_for_cases, problem_lines
from pytest_biasruler.audit.crossings import describe_crossings
from pytest_biasruler.audit.numeric import check_numerics
from pytest_biasruler.audit.record import plain
from pytest_biasruler.audit.remarks import note_empty, remark_text
from pytest_biasruler.audit.same_data import hash_columns
from pytest_biasruler.audit.tables import find_threshold, summarise_scores
from pytest_biasruler.audit.withheld import note_wrong_pairing
from pytest_biasruler.checks.provenance import count_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.definition import Attribute, Reference
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.checks.evidence import Evidence

CONVENTIONS = {
    "nsd": "surfel convention, area-weighted share of both surfaces within the tolerance",
    "hd95_mm": "surfel convention, larger of the two area-weighted 95th percentiles",
    "hd_mm": "surfel convention, largest distance between the two surfaces",
    "assd_mm": "surfel convention, area-weighted mean over both surfaces together",
    "lesion_recall": "26-connected components (8-connected in 2-D), found by any overlap",
    "lesion_precision": "26-connected components (8-connected in 2-D), true by any overlap",
    "lesion_f1": "26-connected components (8-connected in 2-D), matched by any overlap",
    "signed_volume_error": "(volume - reference volume) / volume of the union",
    "relative_volume_error": "|volume - reference volume| / reference volume",
}
"""What has to be said of a metric beside its name."""


def context(evidence: Evidence, *, show_cases: bool = False) -> dict[str, Any]:
    """Return every key of ``audit.json`` but findings, settings and what pytest counts.

    Case names are replaced by aliases unless `show_cases` is true.
    """
    benchmark, scored = evidence.benchmark, evidence.scored
    notes = [*evidence.metadata.notes, *scored.notes]
    notes += [*note_empty(evidence), *note_wrong_pairing(evidence)]
    notes += [
        note for name in sorted(evidence.subgroups) for note in evidence.subgroups[name].notes
    ]
    result: dict[str, Any] = plain(
        {
            "benchmark": {
                "name": benchmark.name,
                "n_cases": len(evidence.cases),
                "n_patients": int(evidence.metadata.patients.nunique()),
                "min_patients": benchmark.defaults.min_patients,
                "hash": scored.digest,
                "columns": hash_columns(evidence),
                **({} if benchmark.ignore is None else {"ignore": benchmark.ignore}),
            },
            "tool": _tool(),
            "models": {
                model.name: {
                    "trained_on": model.trained_on,
                    "digest": scored.model_digests.get(model.name),
                }
                for model in benchmark.models
            },
            "references": _references(evidence),
            "attributes": _attributes(evidence),
            "labels": {name: list(values) for name, values in benchmark.labels.items()},
            "metrics": {
                name: {
                    **_metric(evidence.metric(name)),
                    "threshold": find_threshold(evidence, name),
                }
                for name in _metrics_of(evidence)
            },
            "scores": summarise_scores(evidence, metrics=_metrics_of(evidence)),
            "crossings": describe_crossings(evidence),
            "warnings": [
                {
                    "code": note.code,
                    "set": note.set,
                    "n": note.n,
                    "text": remark_text(note, aliases=scored.aliases, show_cases=show_cases),
                }
                for note in notes
            ],
            "accounting": {
                **account_for_cases(evidence),
                "problems": problem_lines(evidence, show_cases=show_cases),
            },
            "unasked": _unasked(evidence),
        }
    )
    return result


def _tool() -> dict[str, str]:
    return {
        "version": version("pytest-biasruler"),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "numeric_check": check_numerics(),
    }


def _references(evidence: Evidence) -> dict[str, Any]:
    excluded = evidence.scored.excluded
    n_cases = len(evidence.cases)
    return {
        reference.name: {
            "kind": str(reference.kind),
            "n_read": n_cases - len(excluded.get(reference.name, {})),
            "n_excluded": len(excluded.get(reference.name, {})),
            **_made(reference),
        }
        for reference in evidence.benchmark.references
    }


def _made(reference: Reference) -> dict[str, str]:
    """Return what the benchmark says of the making of a reference; what it leaves out is not."""
    stated = {key: getattr(reference, key) for key in ("made_by", "made_on", "made_with")}
    return {key: str(value) for key, value in stated.items() if value is not None}


def _attributes(evidence: Evidence) -> dict[str, Any]:
    patients, n_cases = evidence.metadata.patients, len(evidence.cases)
    described = {}
    for attribute in evidence.benchmark.attributes:
        subgroups = evidence.subgroups[attribute.name]
        of, sources = subgroups.of, count_sources(evidence, subgroups)
        described[attribute.name] = {
            "column": attribute.source,
            "bins": list(attribute.bins) if attribute.bins else None,
            **_quantiles(attribute, subgroups),
            "merges": {kept: list(taken) for kept, taken in attribute.merge.items()},
            "missing_tokens": list(attribute.missing),
            "judge_missing": attribute.judge_missing,
            "missing": subgroups.missing,
            "subgroups": [
                {
                    "name": name,
                    "n_cases": int((of == name).sum()),
                    "n_patients": int(patients[of == name].nunique()),
                    "share": float((of == name).sum() / n_cases) if n_cases else 0.0,
                    "sources": sources[name],
                }
                for name in subgroups.order
            ],
        }
    return described


def _quantiles(attribute: Attribute, subgroups: Subgroups) -> dict[str, Any]:
    """Return where quantile bins meet; the outermost edges are numbers of single patients."""
    if attribute.quantiles is None:
        return {}
    edges = list(subgroups.edges[1:-1])
    return {"quantiles": {"asked": attribute.quantiles, "edges": edges}}


def _metrics_of(evidence: Evidence) -> list[str]:
    """Return the metrics that some check asks about; without checks, all that were scored."""
    asked = {check.metric for check in evidence.declared}
    known = [name for name in evidence.scored.table.columns if evidence.knows(name)]
    return sorted(asked & set(known)) if asked else sorted(known)


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "title": metric.title,
        "unit": metric.unit,
        "direction": str(metric.direction),
        "range": list(metric.range),
        "convention": CONVENTIONS.get(metric.name, ""),
        "both_empty": metric.both_empty,
        "one_empty": metric.one_empty,
        "parameters": dict(metric.parameters),
    }


def _unasked(evidence: Evidence) -> dict[str, Any]:
    """Return what the metadata would allow to ask and no check does.

    Columns that the benchmark file does not name are counted, never named.
    """
    benchmark = evidence.benchmark
    used = {name for check in evidence.declared for name in _columns_of(check)}
    asked = {name for check in evidence.declared for name in check.by}
    named = {attribute.source for attribute in benchmark.attributes} | used
    named |= {name for name in (benchmark.case, benchmark.patient, benchmark.site) if name}
    if benchmark.split is not None and benchmark.split.table is None:
        named.add(str(benchmark.split.column))
    others = [name for name in evidence.metadata.frame.columns if name not in named]
    return {
        "attributes": [
            a.name
            for a in benchmark.attributes
            if a.name not in asked | used and a.source not in used
        ],
        "n_other_columns": len(others),
    }


def _columns_of(check: DeclaredCheck) -> Iterator[str]:
    """Yield what a check names of the metadata beside its subgroups."""
    yield from check.options.get("difficulty") or ()
    if check.options.get("probability"):
        yield check.options["probability"]
