"""Which parts of a mask's path are cells of the table, in the row of its case."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Cells = Mapping[str, Mapping[str, str]]

_MOST_TRIED = 60  # templates by which columns are chosen
_BORDERS = ("", "/", "_", ".", "-")
_NEARLY_ALL = 0.9  # a column that stands in fewer paths does so by chance


def with_columns(found: Sequence[tuple[str, str]], cells: Cells) -> list[tuple[str, str]]:
    """Return templates and their cases, with ``{column}`` where the cell of the case stands.

    Only columns whose cells stand in nearly all paths are taken, in their order.

    Parameters
    ----------
    found : sequence of (str, str)
        Template with ``{case}``, and the case.
    cells : mapping
        Column -> case -> cell.

    Examples
    --------
    >>> found = [("p1/v1/{case}.nii", "a"), ("p1/v2/{case}.nii", "b")]
    >>> with_columns(found, {"visit": {"a": "v1", "b": "v2"}, "sex": {"a": "F", "b": "M"}})
    [('p1/{visit}/{case}.nii', 'a'), ('p1/{visit}/{case}.nii', 'b')]
    """
    tried = found[:: max(1, len(found) // _MOST_TRIED)]
    named = {
        column: of
        for column, of in cells.items()
        if sum(_stands_in(template, of[case]) for template, case in tried)
        >= _NEARLY_ALL * len(tried)
    }
    placed = []
    for template, case in found:
        with_names = template
        for column, of in named.items():
            with_names = _replaced(with_names, of[case], by=f"{{{column}}}")
        placed.append((with_names, case))
    return placed


def _stands_in(template: str, cell: str) -> bool:
    return next(_starts(template, cell), None) is not None


def _replaced(template: str, cell: str, *, by: str) -> str:
    pieces, end = [], 0
    for start in _starts(template, cell):
        pieces += [template[end:start], by]
        end = start + len(cell)
    return "".join([*pieces, template[end:]])


def _starts(template: str, cell: str) -> Iterator[int]:
    """Yield where a cell stands as a whole part of a path or name."""
    start = template.find(cell)
    while start >= 0:
        end = start + len(cell)
        is_whole = template[start - 1 : start] in _BORDERS and template[end : end + 1] in _BORDERS
        if is_whole:
            yield start
        start = template.find(cell, end if is_whole else start + 1)
