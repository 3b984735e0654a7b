"""What is refused, with which consequence, and how it is said."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


class Consequence(StrEnum):
    """What a code does to the audit."""

    STOP = "stop"
    ERROR = "error"
    UNREADABLE = "unreadable"
    DISTANCES = "distances"
    INCONCLUSIVE = "inconclusive"
    NOTE = "note"


_COLONS = re.compile(r"(?<![^\s-])::")
_SIGNS = re.compile(r"##(?=[\w.-]*\[)")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")

_REGISTER = {
    Consequence.STOP: (
        *(126, 401, 403, 405, 406, 407, 408, 409, 410, 413, 420, 421, 422, 602, 701, 702),
    ),
    Consequence.ERROR: (122, 123, 503, 603, 801, 802, 803, 899),
    Consequence.UNREADABLE: (
        *(101, 102, 103, 104, 105, 106, 107, 108, 110, 111, 112, 113, 114, 124),
        *(201, 202, 204, 205, 206, 207, 208, 209, 211, 212, 213, 214, 220, 221),
        *(301, 302, 303, 402),
    ),
    Consequence.DISTANCES: (215, 216),
    Consequence.INCONCLUSIVE: (127, 501, 502),
    Consequence.NOTE: (
        *(120, 121, 125, 203, 210, 222, 230, 231, 304, 305, 306, 307, 308),
        *(404, 411, 412, 414, 415, 423, 601, 604, 703),
    ),
}

CODES: dict[str, Consequence] = {
    f"BR{number}": consequence
    for consequence, numbers in _REGISTER.items()
    for number in sorted(numbers)
}
"""Every code with its usual consequence; docs/errors.md says when it is milder or stricter."""

EXPLAINED_IN = "docs/errors.md"
"""The page of the project that explains each code, under an anchor such as ``#br602``."""


def explained_in(texts: Iterable[str]) -> str:
    """Return where the codes that `texts` name are explained; nothing if they name none.

    Examples
    --------
    >>> explained_in(["BR602 x.toml:3: no name", "BR105", "BR602"])
    'docs/errors.md#br602, #br105'
    """
    codes = [code for text in texts for code in re.findall(r"\bBR\d{3}\b", text) if code in CODES]
    anchors = [f"#{code.lower()}" for code in dict.fromkeys(codes)]
    return f"{EXPLAINED_IN}{', '.join(anchors)}" if anchors else ""


def printable(text: str) -> str:
    r"""Return `text` with controls, invisible characters and build commands written as escapes.

    A build server takes a line for a command that begins, after spaces, with two colons, or that
    holds two number signs, a word and a bracket. Who prints the text may break its lines at any
    space or hyphen.

    Examples
    --------
    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    >>> printable("left\u202eright")
    'left\\u202eright'
    >>> printable("by ::error::a"), printable("a##[error]"), printable("##vso[task]")
    ('by \\x3a:error::a', 'a#\\x23[error]', '#\\x23vso[task]')
    """
    text = "".join(
        ch.encode("unicode_escape").decode("ascii") if unicodedata.category(ch) in _UNSEEN else ch
        for ch in text
    )
    return _COLONS.sub(r"\\x3a:", _SIGNS.sub(r"#\\x23", text))


def holds_controls(text: str) -> bool:
    r"""Return whether `text` holds a character that controls how it is shown, or is not seen.

    Examples
    --------
    >>> holds_controls("a b.toml"), holds_controls("a\x1b.toml"), holds_controls("a\u202eb.toml")
    (False, True, True)
    """
    return any(unicodedata.category(ch) in _UNSEEN for ch in text)


class BiasRulerError(Exception):
    """Bad input or bad configuration, told in one line: what, where, what to do.

    Parameters
    ----------
    code : str
        A key of `CODES`.
    found, expected, fix : str
        What is there, what should be there, and what to do about it (an imperative, no full stop).
    where : str, optional
        ``file:line``, the name of a case, the id of a check, or ``""`` while nobody knows it.
    """

    def __init__(self, code: str, found: str, expected: str, fix: str, where: str = "") -> None:
        # Every argument goes on to Exception, or the error would not survive a process pool.
        super().__init__(code, found, expected, fix, where)
        self.code = code
        self.found = found
        self.expected = expected
        self.fix = fix
        self.where = where

    def __str__(self) -> str:
        """Return the one line."""
        place = f" {self.where}" if self.where else ""
        line = f"{self.code}{place}: {self.found}; expected {self.expected}. {self.fix}."
        return printable(line)

    def __eq__(self, other: object) -> bool:
        """Return whether the other error says the same."""
        return type(other) is type(self) and self.args == other.args

    def __hash__(self) -> int:
        """Return a hash of what is said."""
        return hash(self.args)

    @property
    def anchor(self) -> str:
        """Where the code is explained, in the project."""
        return explained_in([self.code])

    def at(self, where: str) -> BiasRulerError:
        """Return the same error with its place, which only the caller knows."""
        return BiasRulerError(self.code, self.found, self.expected, self.fix, where)


class BiasRulerProblems(BiasRulerError):  # noqa: N818  (several errors, raised as one)
    """All problems of one benchmark at once; its first problem gives code and text."""

    def __init__(self, problems: Iterable[BiasRulerError]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.code, first.found, first.expected, first.fix, first.where)
        self.args = (self.problems,)

    def __str__(self) -> str:
        """Return one line for each problem."""
        return "\n".join(str(problem) for problem in self.problems)


class BiasRulerWarning(UserWarning):
    """Something a careful reader should know, though the run goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How large input may be before it is refused, and how far grids may lie apart.

    `case_timeout_s` and `case_memory_mb` bind the process of one case where predictions are not
    trusted.
    """

    max_voxels: int = 2**28
    max_extension_bytes: int = 2**20
    max_labels: int = 256
    grid_tolerance: float = 0.1
    allow_symlinks: bool = False
    max_rows: int = 1_000_000
    max_cell_chars: int = 256
    max_categories: int = 50
    max_table_bytes: int = 2**28
    case_timeout_s: int = 120
    case_memory_mb: int = 2048


def internal_error(error: BaseException) -> BiasRulerError:
    """Return BR899: the type of an exception that nobody foresaw and where it was raised.

    Its text is left out, for it may hold a path or a name.
    """
    place, traceback = "an unknown place", error.__traceback__
    while traceback is not None:
        place = f"{Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    found = f"internal error {type(error).__name__} at {place}"
    return BiasRulerError("BR899", found, "none", "Report it with this line")


def stops_run(error: BaseException) -> bool:
    """Return whether somebody ends the whole run: by Ctrl-C, or by ``pytest.exit``."""
    # Nothing below the shell imports pytest, whose Exit is an ordinary Exception.
    is_exit = type(error).__module__ == "_pytest.outcomes"
    return is_exit or isinstance(error, KeyboardInterrupt | GeneratorExit)


def call_other(work: Callable[[], T]) -> T:
    """Return what a function of others returns; one that ends process or test is in error.

    ``SystemExit``, and what skips or fails a test of pytest, would pass by whoever waits for an
    `Exception`: a metric could take all other cases, and the verdict, with it.

    Raises
    ------
    BiasRulerError
        ``BR899`` in place of those. Any other exception is raised as it is.

    Examples
    --------
    >>> import sys
    >>> try:
    ...     call_other(sys.exit)
    ... except BiasRulerError as error:
    ...     print(error.found.partition(" at ")[0])
    internal error SystemExit
    """
    try:
        return work()
    except BaseException as error:
        if isinstance(error, Exception) or stops_run(error):
            raise
        raise internal_error(error) from None
