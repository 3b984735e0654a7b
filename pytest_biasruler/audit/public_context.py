"""What an audit says beside its findings, as strangers may read it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.public_cells import Cell
from pytest_biasruler.audit.public_finding import round_for
from pytest_biasruler.audit.public_means import hides_shares
from pytest_biasruler.audit.public_names import public_bins, public_merges, public_quantiles
from pytest_biasruler.audit.public_notes import publish_warnings, size_class

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.audit.disclosure import Disclosure
    from pytest_biasruler.audit.public_listed import Listed
    from pytest_biasruler.benchmark.definition import Attribute

    Plain = Mapping[str, Any]

_AS_IT_IS = ("tool", "models", "labels", "metrics", "unasked")
"""Parts that hold nothing about people."""

_SUMMARY = ("mean", "sd", "median", "worst_tenth", "above_threshold")

_QUANTILES = ("median", "worst_tenth")
"""Numbers that may be the score of one patient: of few, not told; else with two digits."""

_MANY = 30


def publish_context(
    context: Plain, disclosure: Disclosure, *, attributes: Sequence[Attribute]
) -> dict[str, Any]:
    """Return a context whose only counts are the sizes that `disclosure` allows."""
    return {
        **{key: context[key] for key in _AS_IT_IS},
        "benchmark": {
            **{key: value for key, value in context["benchmark"].items() if key != "columns"},
            "n_cases": disclosure.n_cases,
            "n_patients": disclosure.n_patients,
        },
        "references": {
            name: {**_stated(known), "n_read": None, "n_excluded": None}
            for name, known in context["references"].items()
        },
        "attributes": {
            each.name: _publish_attribute(context["attributes"][each.name], each, disclosure)
            for each in attributes
        },
        "scores": [
            row
            for _, rows in groupby(context["scores"], key=_block_of)
            for row in _publish_scores([*rows], disclosure)
        ],
        "warnings": publish_warnings(context["warnings"], disclosure),
        "accounting": _publish_accounting(context, disclosure),
    }


def _stated(reference: Plain) -> Plain:
    """Return what the benchmark file says of a reference: words of its maintainers."""
    said = ("kind", "made_by", "made_on", "made_with")
    return {key: reference[key] for key in said if key in reference}


def _publish_attribute(known: Plain, attribute: Attribute, disclosure: Disclosure) -> Plain:
    listed = disclosure.attributes[attribute.name]
    cases = {listed.names[row["name"]]: row["n_cases"] for row in known["subgroups"]}
    has_cases = listed.is_whole and not listed.joined
    return {
        **{key: known[key] for key in ("column", "missing_tokens", "judge_missing", "missing")},
        "bins": public_bins(attribute),
        **public_quantiles(known, attribute, disclosure.subgroups(attribute.name)),
        "merges": dict(public_merges(attribute)),
        "subgroups": [
            {
                "name": name,
                "n_cases": cases[name] if has_cases else None,
                "n_patients": n,
                "share": _share(n, disclosure.n_patients),
                "status": None if listed.cells[name] is Cell.SHOWN else str(listed.cells[name]),
            }
            for name, n in listed.sizes.items()
        ],
    }


def _share(n: int | None, n_all: int | None) -> float | None:
    """Return the share of the patients; of those who are in two subgroups, never above 1."""
    return None if n is None or not n_all else min(round(n / n_all, 3), 1.0)


def _block_of(row: Plain) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in ("metric", "label", "model", "reference"))


def _publish_scores(rows: Sequence[Plain], disclosure: Disclosure) -> Iterator[Plain]:
    """Yield the summaries of one metric, label, model and reference.

    What would tell of few in one subgroup is left out in all: it would follow from the others.
    """
    kept = _kept(rows, disclosure)
    done = set()
    for row in rows:
        attribute, name = row["attribute"], row["subgroup"]
        listed = disclosure.attributes[attribute] if attribute is not None else None
        public = listed.names[name] if listed is not None else name
        if (attribute, public) in done:
            continue
        done.add((attribute, public))
        told = _told(name, listed, disclosure)
        yield {
            **{key: row[key] for key in ("metric", "label", "model", "reference", "attribute")},
            "subgroup": public,
            "n_cases": None,
            "n_patients": disclosure.n_patients if listed is None else listed.sizes[public],
            **{key: _rounded(row, key) if key in told and key in kept else None
               for key in _SUMMARY},
        }  # fmt: skip


def _kept(rows: Sequence[Plain], disclosure: Disclosure) -> Sequence[str]:
    """Return which numbers of a set of scores may be printed at all.

    None, if in some subgroup few were scored or few differ from all others; of a set that lost
    somebody neither deviations nor shares, whose digits would tell how many.
    """
    first = rows[0]
    key = {name: str(first[name]) for name in ("metric", "label", "model", "reference")}
    if not disclosure.tells_scores(**key):
        return ()
    if not disclosure.is_everybody(n_cases=max(row["n_cases"] for row in rows)):
        return [name for name in _SUMMARY if name not in ("sd", "above_threshold")]
    shares = [(row["above_threshold"], row["n_patients"]) for row in rows]
    return _SUMMARY[:-1] if hides_shares(shares) else _SUMMARY


def _rounded(row: Plain, key: str) -> float | None:
    if key not in _QUANTILES:
        return round_for(row[key])
    return round_for(row[key], digits=2) if row["n_patients"] >= _MANY else None


def _told(name: str, listed: Listed | None, disclosure: Disclosure) -> Sequence[str]:
    """Return which numbers of a row may be printed; `listed` is None for all cases together.

    The mean of all is left out where anything is hidden: a hidden mean would follow. A cell that
    is only hidden to protect another keeps its mean, unless the mean of all can be put together
    from an attribute of which everything is shown.
    """
    if listed is None:
        return _SUMMARY if disclosure.is_whole else ()
    if listed.shows(name):
        return _SUMMARY
    is_known = any(each.is_whole for each in disclosure.attributes.values())
    public = listed.names[name]
    if listed.cells[public] is not Cell.NOT_SHOWN or public in listed.joined:
        return ()
    if listed.is_withheld or is_known:
        return ()
    return ("mean",) if disclosure.n_patients is not None else ()


def _publish_accounting(context: Plain, disclosure: Disclosure) -> Plain:
    """Return how many cases were lost, as a class for each reference and each model."""
    known = context["accounting"]
    n_cases = context["benchmark"]["n_cases"]
    unknown = {"expected": disclosure.n_cases, "scored": None, "n_excluded": None}
    unreadable = dict.fromkeys(context["models"], 0)
    for row in known["unreadable"]:
        if row["attribute"] is None and row["model"] in unreadable:
            unreadable[row["model"]] += row["n"]
    return {
        **unknown,
        "reference": known["reference"],
        **({"split": {**known["split"], "n_outside": None}} if "split" in known else {}),
        "references": dict.fromkeys(known["references"], unknown),
        "excluded": [],
        "unreadable": [],
        "problems": [],
        "classes": {
            "excluded": {
                name: size_class(count["n_excluded"], n_cases)
                for name, count in known["references"].items()
            },
            "unreadable": {name: size_class(n, n_cases) for name, n in unreadable.items()},
        },
    }
