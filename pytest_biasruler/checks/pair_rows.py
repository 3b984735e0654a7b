"""The rows of each pair of a model and a reference, cut from the score table when asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.label_keys import AGGREGATES
from pytest_biasruler.scoring.joined import join_labels
from pytest_biasruler.scoring.table import positions_of_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from pytest_biasruler.benchmark.metrics import Direction

    Key = tuple[str, str, str]

_MOST_HELD = 2**22
"""Rows that are held cut out, some 100 bytes each; most benchmarks have fewer in all."""


class PairRows(Mapping["Key", "pd.DataFrame"]):
    """Model, reference and label -> their rows of the score table, indexed by case.

    What was asked for last is held, so that a table of millions of rows is not held twice. The
    labels ``"mean"`` and ``"worst"`` are those of all `labels`, joined when asked for; they are
    listed only if a check of the benchmark asks for them.

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

    def __init__(
        self,
        table: pd.DataFrame,
        *,
        labels: Sequence[str] = (),
        directions: Mapping[str, Direction] | None = None,
        asked: Collection[str | None] = (),
    ) -> None:
        self._table = table
        self._labels = tuple(labels) if len(labels) > 1 else ()
        self._directions = directions or {}
        self._positions = positions_of_pairs(table)
        pairs = dict.fromkeys(key[:2] for key in self._positions)
        joined = [(*pair, how) for pair in pairs for how in AGGREGATES if how in asked]
        self._joined = [key for key in joined if self._can_join(key)]
        self._held: OrderedDict[Key, pd.DataFrame] = OrderedDict()

    def __getitem__(self, pair: Key) -> pd.DataFrame:
        if pair not in self._held:
            self._held[pair] = self._cut(pair)
        self._held.move_to_end(pair)
        while len(self._held) > 1 and sum(map(len, self._held.values())) > _MOST_HELD:
            self._held.popitem(last=False)
        return self._held[pair]

    def __iter__(self) -> Iterator[Key]:
        yield from self._positions
        yield from self._joined

    def __len__(self) -> int:
        return len(self._positions) + len(self._joined)

    def _can_join(self, pair: Key) -> bool:
        """Return whether the pair has rows of every label, or a part would pass for the whole."""
        model, reference, how = pair
        keys = [(model, reference, label) for label in self._labels]
        return how in AGGREGATES and bool(keys) and all(key in self._positions for key in keys)

    def _cut(self, pair: Key) -> pd.DataFrame:
        if self._can_join(pair):
            return join_rows(self, pair, labels=self._labels, directions=self._directions)
        return self._table.take(self._positions[pair]).set_index("case")


def join_rows(
    rows: Mapping[Key, pd.DataFrame],
    pair: Key,
    *,
    labels: Sequence[str],
    directions: Mapping[str, Direction],
) -> pd.DataFrame:
    """Return the rows of model, reference and ``"mean"`` or ``"worst"``, joined from `rows`."""
    model, reference, how = pair
    frames = [rows[model, reference, label] for label in labels]
    return join_labels(frames, how=how, directions=directions)
