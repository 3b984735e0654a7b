"""The questions of a benchmark: as they were written, and fully resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping


class Policy(StrEnum):
    """How verdicts become test outcomes."""

    POINT = "point"
    CONFIDENT_FAIL = "confident-fail"
    PROVE_SAFE = "prove-safe"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """A verdict accepted up to and including a date, with its reason."""

    reason: str
    until: dt.date


@dataclass(frozen=True, slots=True, init=False)
class Check:
    """One entry of ``[[checks]]``; any key may hold a list, which makes one check of each value.

    Parameters
    ----------
    check : str
        A question of `pytest_biasruler.benchmark.questions`, such as ``"gap"``.
    **keys
        The keys of the benchmark file: ``metric``, ``by``, ``limit`` and so on, unchanged.
        `by` is an attribute, or a list in which an inner list is a crossing.
    """

    check: str
    keys: Mapping[str, Any]
    line: int | None

    def __init__(self, check: str, *, line: int | None = None, **keys: Any) -> None:
        object.__setattr__(self, "check", check)
        object.__setattr__(self, "keys", dict(keys))
        object.__setattr__(self, "line", line)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredCheck:
    """One question, fully resolved: what one test item asks.

    Attributes
    ----------
    id : str
        Readable and unique in its benchmark, such as ``"ruler[dice-age-unet]"``.
    by : tuple of str
        Attributes, crossed if several; empty where the question has no subgroups.
    reference, automated : str or None
        Names of references; `reference` is the expert one unless there is none.
    options : mapping
        The check's own keys, validated.
    limit : float or None
        In the metric's unit; None only where the question takes none.
    """

    id: str
    index: int
    check: str
    metric: str
    by: tuple[str, ...]
    label: str | None
    model: str | None
    reference: str | None
    automated: str | None
    limit: float | None
    baseline: str | None
    alpha: float
    min_patients: int
    support: str
    policy: Policy | None
    waive: Waiver | None
    screen: bool = False
    sensitivity: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = None
