"""The one place where an exception that nobody foresaw becomes a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_biasruler.errors import BiasRulerError, internal_error, stops_run

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def attempt(work: Callable[[], T]) -> T | BiasRulerError:
    """Return what `work` returns, or the error that stopped it.

    A `BiasRulerError` is returned as it is. Any other exception becomes BR899 with its type and
    the place where it was raised, but without its text, which may hold a path or a name.

    Who stops the process, the run or the test is not stopped, but brings no frame of `work` with
    him: ``--full-trace`` would print its arguments, score tables among them.

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
    except BaseException as error:  # noqa: BLE001  (one bad case must not end it for all others)
        if isinstance(error, Exception) and not stops_run(error):
            return internal_error(error)
        del work  # an argument of this frame, which is printed
        raise error.with_traceback(None) from None


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
    try:
        found = attempt(work)
    finally:
        del work
    if isinstance(found, BiasRulerError):
        raise found.with_traceback(None)
    return found
