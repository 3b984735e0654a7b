"""Whether an earlier audit is of the same data: the same cases, references and subgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.identity import hash_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.audit.record import Audit
    from pytest_biasruler.checks.evidence import Evidence

_SHORT = 8


def hash_columns(evidence: Evidence) -> dict[str, str]:
    """Return the SHA-256 of each column that an attribute or the sites come from, by its name.

    One for each, so that an attribute may be added without making the data others. Not for public
    audits: whoever knew all cells but one could try what that one holds.
    """
    benchmark, frame = evidence.benchmark, evidence.metadata.frame
    named = {attribute.source for attribute in benchmark.attributes} | {benchmark.site}
    return {
        name: hash_plain([*zip(frame.index, frame[name], strict=True)])
        for name in sorted(filter(None, named))
    }


def refuse_other_data(
    earlier: Audit, *, data_hash: str, n_cases: int, columns: Mapping[str, str] | None = None
) -> None:
    """Refuse an earlier audit of other cases, patients, sites, subgroups, references or metrics.

    Parameters
    ----------
    columns : mapping, optional
        Hash of each column of the metadata that cuts cases (see `hash_columns`); those that only
        one audit knows are not compared.

    Raises
    ------
    BiasRulerError
        ``BR603``. It tells no number of cases, which may be hidden in public.
    """
    known, n_known = str(earlier.benchmark.get("hash")), earlier.benchmark.get("n_cases")
    others = _find_others(columns or {}, earlier.benchmark.get("columns") or {})
    is_same = known == data_hash and n_known in (None, n_cases)  # None: hidden, but in the hash
    if is_same and not others:
        return
    found = (
        f"earlier audit is of other data: hash {known[:_SHORT]}..., this run "
        f"{data_hash[:_SHORT]}..."
    )
    if is_same:
        found = f"earlier audit is of other data: cells of column {', '.join(others)} differ"
    elif known == data_hash:
        found = "earlier audit counts other cases, though its hash is that of this run"
    fix = "Compare with an audit of this benchmark, or write a new one with --biasruler-json"
    raise BiasRulerError("BR603", found, "the same cases, references and metrics", fix)


def _find_others(columns: Mapping[str, str], known: Mapping[str, str]) -> list[str]:
    """Return the columns that both know and that hold other values."""
    shared = sorted(columns.keys() & known.keys())
    return [name for name in shared if columns[name] != known[name]]
