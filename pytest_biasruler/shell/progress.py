"""How far scoring is: a live line on a terminal, whole lines on CI, nothing elsewhere."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

QUIET_FOR_S = 2.0
MOST_UPDATES_PER_S = 5
CI_STEP = 0.1
CI_EVERY_S = 60.0


class Progress(Protocol):
    """What scoring calls after each case."""

    def __call__(self, done: int, total: int, from_store: int) -> None:
        """Note that `done` of `total` cases are scored, `from_store` of them earlier."""


def silent(done: int, total: int, from_store: int) -> None:
    """Show nothing."""


def is_ci() -> bool:
    """Return whether a build server runs this, by the rule of pytest itself."""
    return any(os.environ.get(name) for name in ("CI", "BUILD_NUMBER"))


def make_progress(
    config: pytest.Config,
    *,
    is_wanted: bool,
    task: str = "scoring",
    noun: str = "cases",
    is_long: bool = False,
) -> Progress:
    """Return how this process shows progress of a task with so many things.

    A task that `is_long` is never silent but where pytest is to be quiet.
    `is_wanted` is what the controller of xdist told its worker; it does not matter elsewhere.
    """
    show = partial(progress_line, task=task, noun=noun)
    if config.get_verbosity() < 0:
        return silent
    if hasattr(config, "workerinput"):
        stream = sys.__stderr__
        if not is_wanted or stream is None:
            return silent
        write = _uncaptured(config, lambda line: print(line, file=stream, flush=True))
        return WholeLines(write, show=show)
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return silent
    if is_ci() or (is_long and not reporter.isatty):
        return WholeLines(_uncaptured(config, reporter.write_line), show=show)
    return LiveLine(config, reporter, show=show) if reporter.isatty else silent


def is_progress_wanted(config: pytest.Config) -> bool:
    """Return whether workers of this controller shall write progress to its stderr."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    return reporter is not None and (reporter.isatty or is_ci())


def progress_line(
    done: int,
    total: int,
    *,
    from_store: int,
    seconds: float,
    share: float | None = None,
    task: str = "scoring",
    noun: str = "cases",
) -> str:
    """Return one line about `done` of `total` cases after `seconds`.

    `share` is that of the work which is done: the largest cases come first, so that by their
    number more time would seem to be left than there is.

    Examples
    --------
    >>> progress_line(60, 150, from_store=10, seconds=10)
    'biasruler: scoring 60/150 cases, 10 from store, 5.0/s, 0:18 left'
    >>> progress_line(60, 150, from_store=10, seconds=10, share=0.5)
    'biasruler: scoring 60/150 cases, 10 from store, 5.0/s, 0:10 left'
    """
    line = f"biasruler: {task} {done}/{total} {noun}"
    if from_store:
        line += f", {from_store} from store"
    if not (done > from_store and seconds > 0):
        return line
    rate = (done - from_store) / seconds
    left = seconds * (1 - share) / share if share else (total - done) / rate
    minutes, rest = divmod(max(round(left), 0), 60)
    return f"{line}, {rate:.1f}/s, {minutes}:{rest:02d} left"


class WholeLines:
    """A line for every tenth of the cases, and at least one a minute."""

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        show: Callable[..., str] = progress_line,
        clock: Callable[[], float] | None = None,
    ):
        self._write = write
        self._show = show
        self._clock = clock or time.monotonic
        self._start = self._last = self._clock()
        self._next_share = CI_STEP
        self._weight: float | None = None

    def weigh(self, share: float) -> None:
        """Note which share of the work is done."""
        self._weight = share

    def __call__(self, done: int, total: int, from_store: int) -> None:
        """Write a line if one is due."""
        now = self._clock()
        share = done / total if total else 1.0
        if share < self._next_share and now - self._last < CI_EVERY_S:
            return
        self._last = now
        while self._next_share <= share:
            self._next_share += CI_STEP
        known = {"seconds": now - self._start, "share": self._weight}
        self._write(self._show(done, total, from_store=from_store, **known))


class LiveLine:
    """One line that is written over, once scoring takes longer than two seconds."""

    def __init__(
        self,
        config: pytest.Config,
        reporter: pytest.TerminalReporter,
        *,
        show: Callable[..., str] = progress_line,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._reporter = reporter
        self._line = show
        self._show = _uncaptured(config, self._rewrite)
        self._clock = clock or time.monotonic
        self._start = self._clock()
        self._last: float | None = None
        self._weight: float | None = None

    def weigh(self, share: float) -> None:
        """Note which share of the work is done."""
        self._weight = share

    def __call__(self, done: int, total: int, from_store: int) -> None:
        """Write over the line if an update is due; clear it after the last case."""
        now = self._clock()
        if done >= total:
            if self._last is not None:
                self._show("")
            return
        if now - self._start < QUIET_FOR_S:
            return
        if self._last is not None and now - self._last < 1 / MOST_UPDATES_PER_S:
            return
        known = {"seconds": now - self._start, "share": self._weight}
        self._show(self._line(done, total, from_store=from_store, **known))
        self._last = now

    def _rewrite(self, line: str) -> None:
        if self._last is None:
            self._reporter.ensure_newline()  # or the dots before it would be written over
        self._reporter.rewrite(line, erase=True)


def _uncaptured(config: pytest.Config, write: Callable[[str], object]) -> Callable[[str], None]:
    capture = config.pluginmanager.getplugin("capturemanager")

    def write_through(line: str) -> None:
        if capture is None:
            write(line)
            return
        with capture.global_and_fixture_disabled():
            write(line)

    return write_through
