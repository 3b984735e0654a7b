"""All that a proposal is made of, before it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_biasruler.proposal.attributes import Cuts
    from pytest_biasruler.proposal.cast import Entry
    from pytest_biasruler.proposal.scores import Scores
    from pytest_biasruler.proposal.table import CaseTable

MIN_PATIENTS = 20
"""Patients of a subgroup that is judged; the default of ``min_patients``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a benchmark file is to say.

    Attributes
    ----------
    layout : str or None
        A known layout that fills in what it says by itself.
    filled : tuple of str
        Names of references that the layout fills in, so that the file need not.
    entries : tuple of Entry
        References and models.
    scores : Scores or None
        The score table, where there are no masks.
    root : str or None
        How the file names the folder of the data, where it does not lie in it.
    notes : tuple of str
        Sentences about what was seen, guessed, and could not be decided.
    """

    name: str
    layout: str | None
    filled: tuple[str, ...]
    table: CaseTable = field(repr=False)
    entries: tuple[Entry, ...]
    cuts: Cuts
    scores: Scores | None
    root: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Entry, ...]:
        """References and models that are part of the benchmark."""
        return tuple(entry for entry in self.entries if entry.is_asked)
