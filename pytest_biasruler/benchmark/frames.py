"""Tables given as DataFrames, turned to text before their cells are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import TextTable, check_table, too_many_rows

if TYPE_CHECKING:
    import pandas as pd

    from pytest_biasruler.errors import Limits


def frame_to_text(
    frame: pd.DataFrame, *, shown: str, limits: Limits, needed: str = ""
) -> TextTable:
    """Return the cells of `frame` as text.

    Whole numbers of an integer column print as such (7, never 7.0), floats with their shortest
    exact digits (34.0), and None, NaN, NaT and NA are empty. Rows are numbered from 1. What
    `needed` says, see `too_many_rows`.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns of one name; ``BR410`` control character or limit exceeded.
    """
    if len(frame) > limits.max_rows:
        raise_if_any([too_many_rows(limits, needed=needed).at(shown)])
    columns = [_texts(frame.iloc[:, position]) for position in range(frame.shape[1])]
    table = TextTable(
        header=tuple(str(name) for name in frame.columns),
        rows=list(zip(*columns, strict=True)),
        lines=list(range(1, len(frame) + 1)),
    )
    return check_table(table, delimiter=None, shown=shown, limits=limits)


def _texts(column: pd.Series) -> list[str]:
    # Iterating float32 as it is keeps its own digits: "0.1", not "0.10000000149011612".
    cells = column.to_numpy() if column.dtype.kind == "f" else column.astype(object)
    gaps = column.isna()
    return ["" if gap else str(cell) for cell, gap in zip(cells, gaps, strict=True)]
