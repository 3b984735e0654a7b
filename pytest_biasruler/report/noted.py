"""Which notes the terminal counts: those that may mean a slip, not those of every sound audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.report.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TOLD_ELSEWHERE = ("BR127", "BR216", "BR411", "BR501", "BR502", "BR601", "BR604", "BR703")
"""Said by headline, open questions, masks not used, a warning of pytest or public mode itself."""

_WITHOUT_LOSS = (
    *("BR106", "BR203", "BR206", "BR208", "BR209", "BR210", "BR213", "BR222", "BR230", "BR231"),
    *("BR304", "BR308"),
)
"""Read exactly all the same, or left out as the benchmark file asks: no reason to look."""


def noted_codes(notes: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the codes of notes that a reader of the terminal should hear of, each note once.

    Examples
    --------
    >>> noted_codes([{"code": "BR404"}, {"code": "BR222"}, {"code": "BR404"}])
    ('BR404', 'BR404')
    """
    quiet = (*_TOLD_ELSEWHERE, *_WITHOUT_LOSS)
    return tuple(str(note["code"]) for note in notes if note["code"] not in quiet)


def noted_lines(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return a line that counts the notes, without a colour; none if there are none.

    Examples
    --------
    >>> noted_lines(["BR404", "BR415", "BR404"])
    [('3 notes in the report: BR404, BR415', '')]
    """
    codes = tuple(codes)
    if not codes:
        return []
    listed = ", ".join(sorted(set(codes)))
    return [(f"{counted(len(codes), 'note')} in the report: {listed}", "")]
