"""Digests of rows of the score table, the same on every machine; millions of rows take seconds."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_AT_ONCE = 2**16  # rows


def digest_cases(table: pd.DataFrame) -> dict[str, str]:
    """Return case -> SHA-256 of its rows without its name, in the order of the table.

    Examples
    --------
    >>> one, two = (
    ...     pd.DataFrame({"case": ["a", "b"], "model": "unet", "dice": dice})
    ...     for dice in ([0.5, 0.7], [0.7, 0.5])
    ... )
    >>> digest_cases(one)["a"] == digest_cases(two)["b"]
    True
    """
    cases, names = pd.factorize(table["case"])
    order = np.argsort(cases, kind="stable")
    edges = np.searchsorted(cases[order], np.arange(len(names) + 1))
    columns = _Columns(table.drop(columns="case"))
    digests: dict[str, str] = {}
    for first, last in _spans(edges):
        words = columns.words(order[edges[first] : edges[last]])
        begins = (edges[first : last + 1] - edges[first]).tolist()
        for name, begin, end in zip(names[first:last], begins, begins[1:], strict=False):
            digest = columns.start.copy()
            digest.update(words[begin:end].data)
            digests[str(name)] = digest.hexdigest()
    return digests


def digest_rows(table: pd.DataFrame) -> str:
    """Return the SHA-256 of all rows, their cases included, in the order of the table."""
    columns = _Columns(table.drop(columns="case"))
    digest = columns.start.copy()
    cases = table["case"].to_numpy()
    for begin in range(0, len(table), _AT_ONCE):
        end = min(begin + _AT_ONCE, len(table))
        digest.update(json.dumps(cases[begin:end].tolist()).encode())
        digest.update(columns.words(np.arange(begin, end)).data)
    return digest.hexdigest()


def _spans(edges: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Yield the first case of each block of rows, and the first one behind it."""
    first, n_cases = 0, len(edges) - 1
    while first < n_cases:
        last = int(np.searchsorted(edges, edges[first] + _AT_ONCE, side="right")) - 1
        last = max(first + 1, last)
        yield first, last
        first = last


class _Columns:
    """The cells of a table as numbers of 64 bits: of a text, the first ones of its SHA-256.

    `start` has taken the names of the columns.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        names = [str(name) for name in table.columns]
        self.start = hashlib.sha256(json.dumps(names).encode())
        self._columns = [_coded(table[name]) for name in table.columns]

    def words(self, rows: NDArray[np.intp]) -> NDArray[np.uint64]:
        """Return the numbers of these rows, shape (rows, columns), least byte first."""
        words = np.empty((len(rows), len(self._columns)), dtype="<u8")
        for place, (cells, known) in enumerate(self._columns):
            if known is not None:
                words[:, place] = known[cells[rows]]
                continue
            numbers = cells[rows] + 0.0  # -0.0 is 0.0
            numbers[np.isnan(numbers)] = np.nan  # of which there are many
            words[:, place] = numbers.view(np.uint64)
        return words


def _coded(column: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[np.uint64] | None]:
    """Return a column of numbers, or of texts as codes with the number of each text."""
    if column.dtype.kind == "f":
        return column.to_numpy(dtype=np.float64), None
    codes, texts = pd.factorize(column)
    hashes = [hashlib.sha256(repr(text).encode()).digest()[:8] for text in texts]
    return codes.astype(np.int32), np.frombuffer(b"".join(hashes), dtype="<u8")
