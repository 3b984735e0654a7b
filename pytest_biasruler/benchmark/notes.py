"""Accepted, but worth saying: the form in which notes travel to the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One remark for one code and set.

    Attributes
    ----------
    code : str
        A key of `pytest_biasruler.errors.CODES`.
    set : str
        Whom it is about: an attribute, a model, a reference, or ``"metadata"``.
    n : int
        How many cells, cases or masks it stands for.
    text : str
        A sentence without case, patient or path.
    cases : tuple of str
        Names of the cases it is about, where somebody has to find them; shown under their aliases.
    """

    code: str
    set: str
    n: int
    text: str
    cases: tuple[str, ...] = ()
