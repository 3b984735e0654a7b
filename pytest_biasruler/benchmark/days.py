"""When something was made, as exactly as anybody knows it."""

from __future__ import annotations

import datetime as dt
import re

from pytest_biasruler.benchmark.rules import refusal, shown

_PARTS = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


def day(key: str, value: object) -> str:
    """Return a date, a month or a year in the form of ISO 8601.

    Examples
    --------
    >>> day("made_on", dt.date(2023, 5, 2)), day("made_on", "2023-05"), day("made_on", "2023")
    ('2023-05-02', '2023-05', '2023')
    >>> day("made_on", "May 2023")
    Traceback (most recent call last):
    pytest_biasruler.errors.BiasRulerError: BR602: made_on is "May 2023"; expected a date such as \
2023-05-02, or the text "2023-05" or "2023". Correct it.
    """
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    parts = _PARTS.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, str) and parts and _exists(*parts.groups(default="01")):
        return value
    expected = 'a date such as 2023-05-02, or the text "2023-05" or "2023"'
    raise refusal(f"{key} is {shown(value)}", expected)


def _exists(year: str, month: str, of_month: str) -> bool:
    try:
        dt.date(int(year), int(month), int(of_month))
    except ValueError:
        return False
    return True
