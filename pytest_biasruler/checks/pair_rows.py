"""The rows of each pair of a model and a reference, cut from the score table when asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pytest_biasruler.scoring.table import positions_of_pairs

if TYPE_CHECKING:
    import pandas as pd

_MOST_HELD = 2**22
"""Rows that are held cut out, some 100 bytes each; most benchmarks have fewer in all."""


class PairRows(Mapping[tuple[str, str, str], "pd.DataFrame"]):
    """Model, reference and label -> their rows of the score table, indexed by case.

    What was asked for last is held, so that a table of millions of rows is not held twice.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"case": ["a", "b"], "label": "", "model": "unet", "reference": "expert", "dice": 0.5}
    ... )
    >>> rows = PairRows(table)
    >>> list(rows), rows["unet", "expert", ""].index.tolist()
    ([('unet', 'expert', '')], ['a', 'b'])
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self._positions = positions_of_pairs(table)
        self._held: OrderedDict[tuple[str, str, str], pd.DataFrame] = OrderedDict()

    def __getitem__(self, pair: tuple[str, str, str]) -> pd.DataFrame:
        if pair not in self._held:
            rows = self._table.take(self._positions[pair])
            self._held[pair] = rows.set_index("case")
        self._held.move_to_end(pair)
        while len(self._held) > 1 and sum(map(len, self._held.values())) > _MOST_HELD:
            self._held.popitem(last=False)
        return self._held[pair]

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)
