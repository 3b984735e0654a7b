"""What is known once every case has been scored: the score table and the accounting beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.metrics import DISTANCES

if TYPE_CHECKING:
    import pandas as pd

    from pytest_biasruler.benchmark.notes import Note
    from pytest_biasruler.errors import BiasRulerError

Codes = Mapping[str, Mapping[str, str]]
"""Name of a set of masks -> case -> code of the problem."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scored:
    """Scores of all cases, and what became of the cases that have none.

    Attributes
    ----------
    table : DataFrame
        The score table; its columns are documented in `pytest_biasruler.scoring.table`.
    cases : tuple of str
        Every case of the metadata, sorted; each is, for a reference, scored or excluded.
    excluded : mapping
        Reference -> case -> code: no usable mask (or row) of that reference.
    unreadable : mapping
        Model -> case -> code: a prediction that was missing or unreadable, and scored worst.
    sheared : mapping
        Model -> case -> ``BR215``: a prediction on a sheared grid, scored worst in mm alone.
    problems : tuple of BiasRulerError
        One for each case and set that has one; `where` is the case's real name.
    notes : tuple of Note
        What was accepted but should be known, one for each code and set.
    errors : mapping
        Set -> why no check that needs the set can be answered.
    errors_in_mm : mapping
        Model -> why no check of its distances in mm can be answered.
    copied : mapping
        (model, expert reference) -> why the one cannot be judged by the other: too many of its
        predictions are that reference.
    identical : mapping
        (model or other reference, reference) -> cases whose two masks are the same, voxel by
        voxel and not empty.
    wrong_pairing : frozenset
        (model, reference, label) whose masks mostly do not touch (BR127).
    aliases : mapping
        Case -> ``case-001`` and so on, by rank of a hash of the case's own data.
    digest : str
        SHA-256 over cases, patients, reference masks (or reference rows), labels and metrics; the
        predictions do not count.
    model_digests : mapping
        Model -> SHA-256 over its predictions (or rows).
    shapes : DataFrame or None
        One row for each ``case``, ``label`` and expert ``reference`` with masks; columns
        ``volume_ml``, ``log_volume_ml`` (natural logarithm), ``sphericity``, ``elongation``,
        ``surface_to_volume`` (1/mm), ``n_components``: NaN where the mask is empty. None if
        shapes were not measured.
    echoes : DataFrame or None
        One row for each ``case``, ``label``, ``model``, ``automated`` and expert ``reference``
        with masks; columns ``kappa``, ``raw``, ``expected``, ``n_automated_errors``,
        ``n_model_errors``, ``n_shared``. A missing prediction has a row with the automated
        reference's errors alone. None if echoes were not measured.
    """

    table: pd.DataFrame = field(repr=False)
    cases: tuple[str, ...] = field(repr=False)
    excluded: Codes = field(default_factory=dict, repr=False)
    unreadable: Codes = field(default_factory=dict, repr=False)
    sheared: Codes = field(default_factory=dict, repr=False)
    problems: tuple[BiasRulerError, ...] = field(default=(), repr=False)
    notes: tuple[Note, ...] = ()
    errors: Mapping[str, BiasRulerError] = field(default_factory=dict, repr=False)
    errors_in_mm: Mapping[str, BiasRulerError] = field(default_factory=dict, repr=False)
    copied: Mapping[tuple[str, str], BiasRulerError] = field(default_factory=dict, repr=False)
    identical: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict, repr=False)
    wrong_pairing: frozenset[tuple[str, str, str]] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict, repr=False)
    digest: str = ""
    model_digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    shapes: pd.DataFrame | None = field(default=None, repr=False)
    echoes: pd.DataFrame | None = field(default=None, repr=False)

    def list_sheared(self, model: str, metric: str) -> tuple[str, ...]:
        """Return the cases in which `metric` is the worst for a sheared grid alone."""
        return tuple(self.sheared.get(model, ())) if metric in DISTANCES else ()
