"""Names of subgroups as strangers may read them: no age above 89, no single age."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.public_cells import SMALLEST
from pytest_biasruler.benchmark.bins import number_text
from pytest_biasruler.benchmark.quantiles import coarse_edges, quantile_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.benchmark.definition import Attribute
    from pytest_biasruler.benchmark.subgroups import Subgroups

TOP_AGE = 90
TOP = f"{TOP_AGE}+"

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_AGE = re.compile(r"(?<![a-z])age(s|d|group|years)?(?![a-z])")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_YEARS_PER_GROUP = 10


def is_age(attribute: Attribute) -> bool:
    """Return whether the name or the column of an attribute contains the word age.

    Examples
    --------
    >>> from pytest_biasruler.benchmark.definition import Attribute
    >>> [is_age(Attribute(name=name)) for name in ("age", "patientAge", "AGE_AT_SCAN", "stage")]
    [True, True, True, False]
    """
    names = (attribute.name, attribute.source)
    return any(_AGE.search(_HUMP.sub("_", name).lower()) for name in names)


def public_names(attribute: Attribute, subgroups: Subgroups) -> dict[str, str]:
    """Return how each subgroup of an attribute is called; several may get one name."""
    kept = {name: name for name in subgroups.order}
    if hides_edges(attribute, subgroups):
        n_bins = len(subgroups.declared)
        parts = {name: f"part {n} of {n_bins}" for n, name in enumerate(subgroups.declared, 1)}
        return {**kept, **parts}
    edges, names = subgroups.edges, subgroups.declared
    coarse = edges if attribute.quantiles is None else coarse_edges(edges) or edges
    if coarse != edges and not attribute.names:
        names = quantile_names(coarse, whole=False)
    if is_age(attribute) and not attribute.is_numeric:
        return {name: name if name == subgroups.missing else blur_age(name) for name in kept}
    if is_age(attribute):
        bins = zip(names, pairwise(coarse), strict=True)
        names = tuple(_name_of_bin(name, low=low, high=high) for name, (low, high) in bins)
    return {**kept, **dict(zip(subgroups.declared, names, strict=True))}


def hides_edges(attribute: Attribute, subgroups: Subgroups) -> bool:
    """Return whether nothing is told of edges of quantiles, not even in names.

    They would tell of single patients where few are in a bin, and where edges are one unless they
    are told with many digits.
    """
    if attribute.quantiles is None:
        return False
    return subgroups.fewest < SMALLEST or coarse_edges(subgroups.edges) is None


def _name_of_bin(name: str, *, low: float, high: float) -> str:
    if low >= TOP_AGE:
        return TOP
    if high > TOP_AGE:
        return f"{number_text(low)}+"
    return blur_age(name)


def blur_age(name: str) -> str:
    """Return a category of ages without an age above 89, and without a single one.

    Examples
    --------
    >>> [blur_age(name) for name in ("40-59", "90-94", "85-104", "34", "93 years", "old")]
    ['40-59', '90+', '85+', '30–39', '90+', 'old']
    """
    numbers = [float(text) for text in _NUMBER.findall(name)]
    if not numbers or max(numbers) < TOP_AGE:
        is_single = len(numbers) == 1 and not _NUMBER.sub("", name).strip()
        return _decade(numbers[0]) if is_single else name
    if min(numbers) >= TOP_AGE:
        return TOP
    return f"{number_text(min(numbers))}+"


def _decade(age: float) -> str:
    first = int(age // _YEARS_PER_GROUP) * _YEARS_PER_GROUP
    return f"{first}–{first + _YEARS_PER_GROUP - 1}"


def public_bins(attribute: Attribute) -> list[float] | None:
    """Return the edges of bins; of ages none above 90."""
    bins: Sequence[float] | None = attribute.bins
    if bins is None:
        return None
    return [edge for edge in bins if edge <= TOP_AGE or not is_age(attribute)]


def public_quantiles(
    known: Mapping[str, Any], attribute: Attribute, subgroups: Subgroups
) -> Mapping[str, Any]:
    """Return where quantile bins meet; nothing where that tells of few, or of ages above 90.

    The first and the last edge are single patients' numbers, and are nowhere told.
    """
    if known.get("quantiles") is None:
        return {}
    coarse = () if hides_edges(attribute, subgroups) else coarse_edges(subgroups.edges) or ()
    edges = [edge for edge in coarse[1:-1] if edge <= TOP_AGE or not is_age(attribute)]
    return {"quantiles": {**known["quantiles"], "edges": edges}}


def public_merges(attribute: Attribute) -> Mapping[str, list[str]]:
    """Return which spellings were merged; of ages, which may be single ones, nothing."""
    if is_age(attribute):
        return {}
    return {kept: list(taken) for kept, taken in attribute.merge.items()}
