"""Tables given as DataFrames, turned to text before their cells are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import Broom, TextTable, too_many_rows

if TYPE_CHECKING:
    from collections.abc import Generator

    import pandas as pd

    from pytest_biasruler.errors import Limits

_AT_ONCE = 2**13  # rows


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
    (part,) = frame_to_parts(frame, shown=shown, limits=limits, needed=needed, most=len(frame))
    return part


def frame_to_parts(
    frame: pd.DataFrame, *, shown: str, limits: Limits, needed: str = "", most: int = _AT_ONCE
) -> Generator[TextTable, None, None]:
    """Yield what `frame_to_text` returns in parts of at most `most` rows, at least one part.

    Raises
    ------
    BiasRulerProblems
        As `frame_to_text`: what its last part is followed by.
    """
    if len(frame) > limits.max_rows:
        raise_if_any([too_many_rows(limits, needed=needed).at(shown)])
    header = [str(name) for name in frame.columns]
    broom = Broom(raw_header=header, delimiter=None, shown=shown, limits=limits)
    for begin in range(0, max(1, len(frame)), max(1, most)):
        piece = frame.iloc[begin : begin + most]
        columns = [_texts(piece.iloc[:, position]) for position in range(piece.shape[1])]
        lines = list(range(begin + 1, begin + len(piece) + 1))
        rows = broom.tidy(list(zip(*columns, strict=True)), lines=lines)
        if not broom.problems():
            yield TextTable(
                header=broom.header,
                rows=rows,
                lines=lines,
                n_trimmed=broom.n_trimmed,
                n_normalised=broom.n_normalised,
            )
    raise_if_any(broom.problems())


def _texts(column: pd.Series) -> list[str]:
    # Iterating float32 as it is keeps its own digits: "0.1", not "0.10000000149011612".
    cells = column.to_numpy() if column.dtype.kind == "f" else column.astype(object)
    gaps = column.isna()
    return ["" if gap else str(cell) for cell, gap in zip(cells, gaps, strict=True)]
