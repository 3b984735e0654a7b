"""What is kept of a ready score table: names as numbers, scores, and the line of each row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.numbers import masked
from pytest_biasruler.benchmark.refusals import Listing
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.claims import read_numbers
from pytest_biasruler.scoring.table import FACTS, KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.benchmark.metrics import Metric

    Cells = Sequence[str] | NDArray[np.float64]


_UNKNOWN = -1  # of a name that the benchmark does not have
_OUTSIDE = -2  # of a case that a split leaves out: its rows are no mistake


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The names that a score table may use.

    `labels` is empty where the benchmark has no ``[labels]``; `cases` is None where nobody knows
    which cases there are, and `outside` holds those that a split leaves out.
    """

    cases: Collection[str] | None = field(repr=False)
    models: Collection[str]
    references: Collection[str]
    labels: Collection[str] = ()
    outside: Collection[str] = field(default=(), repr=False)
    metrics: Mapping[str, Metric] = field(default_factory=lambda: CATALOGUE)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Coded:
    """A column of text that holds few different ones: cell i is ``names[codes[i]]``."""

    names: Sequence[str]
    codes: NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.codes)


class Part(Protocol):
    """Some rows of a ready score table, tidied; all parts of a table have the same header."""

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns."""

    @property
    def lines(self) -> Sequence[int]:
        """Where each row stands: its line in a file, or its number from 1."""

    def column(self, name: str) -> Cells | Coded:
        """Return the cells of a column of the header: texts, or numbers, NaN if undefined."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Kept:
    """The rows of a ready score table that are about the benchmark, in the order of the table.

    Attributes
    ----------
    names : mapping
        Key (``case``, ``label``, ``model``, ``reference``) -> its names, sorted; ``reference``
        has those of ``model``.
    codes : mapping
        Key -> ndarray of int, shape (n,): where the name of each row stands in `names`.
    scores : mapping
        Metric or fact -> ndarray of float64, shape (n,); NaN where it is undefined.
    lines : ndarray of int64, shape (n,)
    """

    names: Mapping[str, Sequence[str]]
    codes: Mapping[str, NDArray[np.integer]]
    scores: Mapping[str, NDArray[np.float64]]
    lines: NDArray[np.int64]


class Ledger:
    """Takes a ready score table part by part: 24 bytes a row, and 8 for each score.

    Attributes
    ----------
    n_strangers, n_respelt, n_others : int
        Rows left out so far, as `pytest_biasruler.scoring.published.Published` counts them.
    """

    def __init__(self, *, vocabulary: Vocabulary, header: Sequence[str], shown: str) -> None:
        sets = sorted({*vocabulary.models, *vocabulary.references})
        self._vocabulary, self._shown = vocabulary, shown
        self._cases = _numbered(sorted(vocabulary.cases or ()))
        self._outside = dict.fromkeys(vocabulary.outside, _OUTSIDE)
        self._labels = _numbered(sorted(vocabulary.labels or [""]))
        self._sets = _numbered(sets)
        self._references = {name: self._sets[name] for name in vocabulary.references}
        self._has_labels = bool(vocabulary.labels) and "label" in header
        scores = [name for name in (*vocabulary.metrics, *FACTS) if name in header]
        self._bad = {name: Listing() for name in scores}
        self._arrays: dict[str, list[NDArray[np.generic]]] = {
            name: [] for name in (*KEYS, *scores, "line")
        }
        self.n_strangers = self.n_respelt = self.n_others = 0

    def add(self, part: Part) -> None:
        """Take the rows of `part` that are about the benchmark, and count the others."""
        codes = self._codes(part)
        is_ours = (codes["model"] >= 0) & (codes["reference"] >= 0) & (codes["label"] >= 0)
        is_ours &= codes["model"] != codes["reference"]
        is_kept = is_ours & (codes["case"] >= 0)
        self.n_others += len(is_ours) - int(is_ours.sum())
        self._count_strangers(part, np.flatnonzero(is_ours & (codes["case"] == _UNKNOWN)))
        places = None if is_kept.all() else np.flatnonzero(is_kept)
        lines = np.asarray(part.lines, dtype=np.int64)
        arrays: dict[str, NDArray[np.integer]] = {**codes, "line": lines}
        for name, array in arrays.items():
            self._arrays[name].append(array if places is None else array[places])
        for name in self._bad:
            cells = part.column(name)
            self._arrays[name].append(self._numbers(name, cells, lines=lines, places=places))

    def _count_strangers(self, part: Part, places: NDArray[np.intp]) -> None:
        self.n_strangers += len(places)
        if not len(places):
            return
        cells = part.column("case")
        names = cells.names if isinstance(cells, Coded) else cells
        at = cells.codes[places] if isinstance(cells, Coded) else places
        ours = set(map(_plainly, self._cases))
        self.n_respelt += sum(_plainly(str(names[place])) in ours for place in at.tolist())

    def problems(self) -> list[BiasRulerError]:
        """Return BR406 for cells of kept rows that are no numbers."""
        return [each for listing in self._bad.values() for each in listing.told(shown=self._shown)]

    def close(self) -> Kept:
        """Return what was kept; the ledger is empty then."""
        arrays = {name: _joined(self._arrays.pop(name)) for name in list(self._arrays)}
        names, ranks = list(self._cases), None
        if self._vocabulary.cases is None:  # they were numbered as they came
            order = sorted(range(len(names)), key=names.__getitem__)
            ranks = np.argsort(np.array(order, dtype=np.intp))
            names = [names[place] for place in order]
        codes: dict[str, NDArray[np.integer]] = {
            name: arrays[name].astype(np.int32, copy=False) for name in KEYS
        }
        if ranks is not None:
            codes["case"] = ranks[codes["case"]]
        sets = list(self._sets)
        return Kept(
            names={"case": names, "label": list(self._labels), "model": sets, "reference": sets},
            codes=codes,
            scores={name: arrays[name].astype(np.float64, copy=False) for name in self._bad},
            lines=arrays["line"].astype(np.int64, copy=False),
        )

    def _codes(self, part: Part) -> dict[str, NDArray[np.int32]]:
        """Return the number of each row's case, label, model and reference; -1 if it has none."""
        cases = part.column("case")
        if self._vocabulary.cases is None:
            for name in cases.names if isinstance(cases, Coded) else cases:
                self._cases.setdefault(name, len(self._cases))
        codes = {
            "case": _codes_of(cases, {**self._cases, **self._outside}),
            "model": _codes_of(part.column("model"), self._sets),
            "reference": _codes_of(part.column("reference"), self._references),
            "label": np.zeros(len(part.lines), dtype=np.int32),
        }
        if self._has_labels:
            codes["label"] = _codes_of(part.column("label"), self._labels)
        return codes

    def _numbers(
        self,
        name: str,
        cells: Cells | Coded,
        *,
        lines: NDArray[np.int64],
        places: NDArray[np.intp] | None,
    ) -> NDArray[np.float64]:
        if isinstance(cells, np.ndarray):
            return cells if places is None else cells[places]
        if isinstance(cells, Coded):
            cells = [cells.names[code] for code in cells.codes.tolist()]
        kept: Sequence[str] = cells if places is None else [cells[at] for at in places.tolist()]
        numbers, bad = read_numbers(kept)

        def problem_at(place: int) -> BiasRulerError:
            line = lines[place if places is None else places[place]]
            found, fix = f"{name} {masked(kept[place])}", "Correct the cell or leave it empty"
            return BiasRulerError("BR406", found, "a number", fix, f"{self._shown}:{line}")

        self._bad[name].add_at(bad, problem_at)
        return numbers


def _numbered(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _codes_of(cells: Cells | Coded, numbers: Mapping[str, int]) -> NDArray[np.int32]:
    if isinstance(cells, Coded):
        codes: NDArray[np.int32] = _codes_of(cells.names, numbers)[cells.codes]
        return codes
    found = map(numbers.get, cells, repeat(_UNKNOWN))
    return np.fromiter(found, dtype=np.int32, count=len(cells))


def _plainly(name: str) -> str:
    """Return a name without capitals and leading zeros, which programs drop.

    Examples
    --------
    >>> _plainly("Case_007"), _plainly("100"), _plainly("00")
    ('case_7', '100', '0')
    """
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", name.casefold())


def _joined(arrays: list[NDArray[np.generic]]) -> NDArray[np.generic]:
    """Return the arrays as one, and let go of them."""
    joined = np.concatenate(arrays) if arrays else np.empty(0)
    arrays.clear()
    return joined
