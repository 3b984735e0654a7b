"""Attributes by which cases may be cut, each tried on the table before it is proposed."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import Attribute
from pytest_biasruler.benchmark.numbers import read_number
from pytest_biasruler.benchmark.subgroups import cut_subgroups
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.proposal.bins import propose_bins
from pytest_biasruler.proposal.columns import (
    Topic,
    are_numbers,
    find_fillers,
    is_age,
    is_identifying,
    is_result,
    site_rank,
    topic_of,
    topic_words,
)
from pytest_biasruler.proposal.words import category_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.errors import Limits

MOST_CATEGORIES = 8
"""Categories of an attribute that is proposed."""

MOST_KNOWN_CATEGORIES = 12
"""The same for a well-known one: published tables tell nine ethnicities, most of them rare."""

_MOST_SPELLINGS = 50
_MOST_GRADES = 5  # numbers of more values than these are cut into bins
_MOST_ASKED = 6
_MOST_ASKED_BLINDLY = 2
_MOST_OFFERED = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """An attribute that the table allows.

    Attributes
    ----------
    counts : mapping
        Subgroup to its number of patients, in order, without that of missing values.
    n_missing : int
        Patients whose value is not recorded.
    n_judged : int
        Subgroups with enough patients.
    """

    attribute: Attribute
    topic: Topic
    counts: Mapping[str, int] = field(repr=False)
    n_missing: int
    n_judged: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cuts:
    """Attributes that are asked about, those that are offered, and what else was seen.

    Attributes
    ----------
    identifying, refused : tuple of str
        Names of columns that are kept out, and of well-known ones that cannot be used as they are.
    site : str or None
        The column that names sites.
    """

    asked: tuple[Cut, ...] = ()
    offered: tuple[Cut, ...] = ()
    identifying: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    site: str | None = None


def find_cuts(
    metadata: Metadata, *, skip: Collection[str | None], min_patients: int, limits: Limits
) -> Cuts:
    """Return by which attributes the cases of `metadata` may be cut.

    Parameters
    ----------
    metadata : Metadata
        With its patients.
    skip : collection of str
        Columns that name cases and patients.
    min_patients : int
        Patients in a subgroup that is judged.
    """
    columns = [
        name
        for name in map(str, metadata.frame.columns)
        if name.strip() and name not in skip and not is_result(name)
    ]
    cells = {name: set(metadata.frame[name]) for name in columns}
    identifying = [name for name in columns if is_identifying(name, cells[name])]
    cuts: list[Cut] = []
    refused: list[str] = []
    for name in columns:
        n_unknown = sum(not _is_known(cut) for cut in cuts)
        is_known = topic_of(name) != Topic.UNKNOWN
        if name in identifying or (not is_known and n_unknown >= _MOST_OFFERED):
            continue
        taken = {cut.attribute.name for cut in cuts}
        attribute = _attribute(name, cells[name], metadata, min_patients=min_patients, taken=taken)
        cut = attribute and _try_cut(attribute, metadata, min_patients=min_patients, limits=limits)
        if cut:
            cuts.append(cut)
        elif topic_of(name) == Topic.PERSON and len(cells[name]) > 1:
            refused.append(name)
    asked = _choose(cuts)
    offered = [cut for cut in cuts if cut not in asked and (cut.n_judged > 1 or _is_known(cut))]
    return Cuts(
        asked=asked,
        offered=tuple(offered[:_MOST_OFFERED]),
        identifying=tuple(identifying),
        refused=tuple(refused),
        site=_find_site(metadata, skip={*skip, *identifying}),
    )


def _attribute(
    column: str,
    cells: Collection[str],
    metadata: Metadata,
    *,
    min_patients: int,
    taken: Collection[str],
) -> Attribute | None:
    """Return how a column may be cut, None if it holds neither a few categories nor numbers."""
    has_numbers = are_numbers(cells)
    missing = find_fillers(cells, of_numbers=has_numbers)
    name = _name_of(column, taken=taken)
    n_known = len({category_key(cell) for cell in cells if cell not in missing})
    if has_numbers and (n_known > _MOST_GRADES or is_age(column)):
        values = _numbers(column, metadata, missing=missing)
        bins = propose_bins(values, min_patients=min_patients, is_age=is_age(column))
        if bins is None:
            return None
        return Attribute(name=name, column=column, bins=bins, missing=_listed(missing))
    is_known = topic_of(column) != Topic.UNKNOWN
    most = MOST_KNOWN_CATEGORIES if is_known else MOST_CATEGORIES
    if not 2 <= n_known <= most or len(cells) > _MOST_SPELLINGS:
        return None
    merge: Mapping[str, tuple[str, ...]] = {}
    if is_known:  # cells of a column unknown to us are not written down
        merge = dict(_spellings(column, metadata, missing=missing))
    return Attribute(name=name, column=column, merge=merge, missing=_listed(missing))


def _listed(missing: tuple[str, ...]) -> tuple[str, ...]:
    return ("", *(token for token in missing if token))


def _name_of(column: str, *, taken: Collection[str]) -> str:
    """Return a plain name for an attribute, no other's."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)
    plain = re.sub(r"[^a-z0-9]+", "_", apart.casefold()).strip("_")[:40] or "column"
    names = (plain if n == 1 else f"{plain}_{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _numbers(
    column: str, metadata: Metadata, *, missing: Collection[str]
) -> Mapping[str, list[float]]:
    values: dict[str, list[float]] = defaultdict(list)
    cells = metadata.frame[column]
    for patient, cell in zip(metadata.patients, cells, strict=True):
        number = None if cell in missing else read_number(cell)
        if number is not None and math.isfinite(number.value):
            values[patient].append(number.value)
    return values


def _spellings(
    column: str, metadata: Metadata, *, missing: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the most frequent spelling of each category that has several, and the others."""
    counts = Counter(cell for cell in metadata.frame[column] if cell not in missing)
    of: dict[str, list[str]] = defaultdict(list)
    for cell in sorted(counts, key=lambda cell: (-counts[cell], cell)):
        of[category_key(cell)].append(cell)
    for kept, *others in of.values():
        if others:
            yield kept, tuple(others)


def _try_cut(
    attribute: Attribute, metadata: Metadata, *, min_patients: int, limits: Limits
) -> Cut | None:
    """Return what the run itself would make of an attribute, None if it would refuse it."""
    try:
        subgroups = cut_subgroups(metadata, attribute, limits=limits)
    except BiasRulerError:
        return None
    n_patients = metadata.patients.groupby(subgroups.of).nunique()
    order = [name for name in subgroups.order if name != subgroups.missing]
    counts = {name: int(n_patients.get(name, 0)) for name in order}
    return Cut(
        attribute=attribute,
        topic=topic_of(attribute.source),
        counts=counts,
        n_missing=int(n_patients.get(subgroups.missing, 0)) if subgroups.missing else 0,
        n_judged=sum(n >= min_patients for n in counts.values()),
    )


def _is_known(cut: Cut) -> bool:
    return cut.topic != Topic.UNKNOWN


def _choose(cuts: list[Cut]) -> tuple[Cut, ...]:
    """Return what is asked about: well-known attributes that can be judged, else what there is."""
    judged = [cut for cut in cuts if _is_known(cut) and cut.n_judged > 1]
    if not judged:
        blind = sorted(cuts, key=lambda cut: (cut.n_judged < 2, cut.topic))
        return tuple(blind[:_MOST_ASKED_BLINDLY])
    chosen: list[Cut] = []
    told: set[str] = set()
    for cut in sorted(judged, key=lambda cut: cut.topic):
        words = topic_words(cut.attribute.source)
        if not words & told:  # of age and age_group one is enough
            chosen.append(cut)
        told |= words
    chosen = chosen[:_MOST_ASKED]
    return tuple(cut for cut in cuts if cut in chosen)


def _find_site(metadata: Metadata, *, skip: Collection[str | None]) -> str | None:
    ranked = [
        (rank, column)
        for column in map(str, metadata.frame.columns)
        if column.strip()
        and column not in skip
        and (rank := site_rank(column)) is not None
        and 2 <= metadata.frame[column].nunique() <= len(metadata.frame) // 2
    ]
    return min(ranked)[1] if ranked else None
