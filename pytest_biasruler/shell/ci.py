"""What a run tells the service that started it: a job page, annotations, a last line."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.extensions import gather_sections
from pytest_biasruler.shell.terminal import told_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.closing import Closed, Closing

MOST_PAGE_BYTES = 2**20
"""GitHub drops a job page that is larger, all of it."""

LEAST_BYTES = 4096
"""Below this not even a headline fits."""


def append_summaries(config: pytest.Config, closing: Closing) -> tuple[str, ...]:
    """Append the Markdown summary of each benchmark to GitHub's job page; return what to notice.

    A page that cannot be written is no failure: verdicts stand in the exit code, on the terminal
    and in the outputs.
    """
    place = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not place:
        return ()
    audits = [
        closed.audit
        for closed in closing.audits
        if closed.audit is not None and closed.accounting.declared
    ]
    try:
        n_left_out = sum(not _append(config, Path(place), audit) for audit in audits)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return (f"the job page was not written ({reason}); nothing else depends on it",)
    if not n_left_out:
        return ()
    who = "1 benchmark has" if n_left_out == 1 else f"{n_left_out} benchmarks have"
    return (f"the job page is full: {who} no summary there",)


def _append(config: pytest.Config, page: Path, audit: Audit) -> bool:
    """Return whether there was room; what others wrote there stays."""
    from pytest_biasruler.report.markdown import MOST_BYTES, write_markdown

    if page.exists() and not page.is_file():
        raise OSError("is no file")  # opening a pipe would wait for ever
    with page.open("ab") as file:
        room = min(MOST_BYTES, MOST_PAGE_BYTES - file.tell() - 2)
        if room < LEAST_BYTES:
            return False
        sections = gather_sections(config, audit)
        text = write_markdown(audit, sections=sections, most_bytes=room)
        file.write(f"\n{text}\n".encode() if file.tell() else f"{text}\n".encode())
    return True


def say_to_ci(config: pytest.Config, closing: Closing) -> None:
    """Print annotations where GitHub reads them, and one line for who reads only the last one."""
    from pytest_biasruler.scoring.attempt import attempt

    if os.environ.get("GITHUB_ACTIONS") == "true":
        commands = attempt(partial(annotate, config, closing))
        if not isinstance(commands, BiasRulerError):  # a bug of ours has no say in a command
            _print(commands, sys.stdout)
    if sys.stderr is not None and not sys.stderr.isatty():
        line = attempt(partial(_last_line, closing))
        _print([f"biasruler: {line}" if isinstance(line, BiasRulerError) else line], sys.stderr)


def _print(lines: Iterable[str], stream: TextIO | None) -> None:
    """Print lines to a stream that may be closed, or may not know every letter."""
    for line in lines:
        try:
            print(line, file=stream, flush=True)
        except UnicodeEncodeError:
            print(line.encode("ascii", "backslashreplace").decode(), file=stream, flush=True)
        except (OSError, ValueError):
            return


def annotate(config: pytest.Config, closing: Closing) -> tuple[str, ...]:
    """Return the workflow commands of a run."""
    from pytest_biasruler.report.annotations import file_of, write_annotations

    findings = [finding for closed in closing.audits for finding in _findings(closed)]
    errors = [error for closed in closing.audits for error in closed.accounting.errors]
    files = {file_of(finding.id) for finding in findings}
    files |= {file_of(str(error["id"])) for error in errors}
    places = {file: _find_in_checkout(file, config) for file in files}
    known = {file: place for file, place in places.items() if place}
    return write_annotations(findings, errors, reasons=closing.reasons, places=known)


def _findings(closed: Closed) -> Sequence[Finding]:
    return closed.audit.findings if closed.audit is not None else closed.findings


def _find_in_checkout(file: str, config: pytest.Config) -> str:
    """Return where a file lies in GitHub's checkout; "" if it lies elsewhere."""
    checkout = os.environ.get("GITHUB_WORKSPACE", "")
    if not checkout or not file:
        return ""
    for folder in (config.rootpath, config.invocation_params.dir):
        path, top = (folder / file).resolve(), Path(checkout).resolve()
        if path.is_file() and path.is_relative_to(top):
            return path.relative_to(top).as_posix()
    return ""


def _last_line(closing: Closing) -> str:
    from pytest_biasruler.report.last_line import last_line

    told = [told_of(closed) for closed in closing.audits if closed.accounting.declared]
    return last_line(told, reasons=closing.reasons)
