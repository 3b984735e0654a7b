"""The one place where an exception that nobody foresaw becomes a value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

T = TypeVar("T")


def attempt(work: Callable[[], T]) -> T | BiasRulerError:
    """Return what `work` returns, or the error that stopped it.

    A `BiasRulerError` is returned as it is. Any other exception becomes BR899 with its type and
    the place where it was raised, but without its text, which may hold a path or a name.

    Examples
    --------
    >>> attempt(lambda: 1)
    1
    >>> attempt(lambda: int("no number")).code
    'BR899'
    """
    try:
        return work()
    except BiasRulerError as error:
        return error
    except Exception as error:  # noqa: BLE001  (one bad case must not end the run for all others)
        return BiasRulerError(
            "BR899",
            f"internal error {type(error).__name__} at {_place(error.__traceback__)}",
            "none",
            "Report it with this line",
        )


def insist(work: Callable[[], T]) -> T:
    """Return what `work` returns; raise BR899 in place of an exception that nobody foresaw.

    No frame of `work` is part of the error: with ``--showlocals`` it would print score tables.

    Raises
    ------
    BiasRulerError
        The one that `work` raised, or ``BR899``.

    Examples
    --------
    >>> insist(lambda: 1)
    1
    """
    found = attempt(work)
    if isinstance(found, BiasRulerError):
        raise found.with_traceback(None)
    return found


def _place(traceback: TracebackType | None) -> str:
    place = "an unknown place"
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = f"{Path(code.co_filename).name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
