"""The section that ends a run on the terminal: at most a dozen lines, failures first."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from pytest_biasruler.errors import explained_in, printable
from pytest_biasruler.shell.exports import CSV_PLAN
from pytest_biasruler.shell.outputs import show_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

    from pytest_biasruler.report.told import Line, Told
    from pytest_biasruler.shell.closing import Closed, Closing
    from pytest_biasruler.shell.ledger import Bundle


def section_lines(config: pytest.Config, closing: Closing) -> list[Line]:
    """Return the whole section."""
    lines: list[Line] = []
    for closed in closing.audits:
        bundle = closed.bundle
        told = _tell(config, closed)
        told += [(printable(text), "yellow") for text in (bundle.notices if bundle else ())]
        told += [(closed.tested, "")] if closed.tested else []
        see = _codes(told)
        lines += [*told, ("   ".join([_outputs_line(closed, root=config.rootpath), *see]), "")]
    lines += [(printable(text), "yellow") for text in closing.notices]
    lines += [(see, "") for see in _codes((text, "") for text in closing.notices)]
    if closing.reasons:  # nothing of a red run is green
        lines = [(text, "yellow" if colour == "green" else colour) for text, colour in lines]
    return lines + [(printable(reason), "red") for reason in closing.reasons]


def _codes(lines: Iterable[Line]) -> list[str]:
    """Return where the codes that stand in lines are explained, if one does."""
    see = explained_in(text for text, _ in lines)
    return [f"codes {see}"] if see else []


def _tell(config: pytest.Config, closed: Closed) -> list[Line]:
    """Return the lines of one benchmark: fewer if quiet, all if pytest lists skips too."""
    from pytest_biasruler.report.told import MOST_LINES, tell_audit

    bundle, told = closed.bundle, told_of(closed)
    changes = _changes(closed)
    is_whole = any(char in str(config.getoption("reportchars")) for char in "saA")
    most = None if is_whole else MOST_LINES - max(0, len(changes) - 1)
    more = "see them with -ra, or in the report" if closed.outputs else "see them with -ra"
    if config.get_verbosity() < 0:
        urgent = [(text, colour) for text, colour in changes if colour]
        return _tell_quietly(told, bundle, most=most, more=more) + urgent
    return tell_audit(told, most=most, more=more) + changes


def _changes(closed: Closed) -> list[Line]:
    """Return what changed since the earlier audit, if there is one."""
    from pytest_biasruler.report.changes import change_lines

    lines = change_lines(closed.audit) if closed.audit is not None else []
    return [(printable(text), colour) for text, colour in lines]


def told_of(closed: Closed) -> Told:
    """Return what is told of one benchmark."""
    from pytest_biasruler.report.noted import noted_codes
    from pytest_biasruler.report.told import Told

    bundle = closed.bundle
    return Told(
        name=closed.subject.name,
        findings=closed.findings,
        counts=closed.accounting.counts,
        cases=bundle.context["accounting"] if bundle is not None else None,
        noted=noted_codes(bundle.context["warnings"]) if bundle is not None else (),
    )


def _tell_quietly(told: Told, bundle: Bundle | None, *, most: int | None, more: str) -> list[Line]:
    from pytest_biasruler.report.told import (
        counted_lines,
        cut_lines,
        failed_lines,
        finding_lines,
        title_line,
    )

    lines = finding_lines(told, is_whole=True) if most is None else failed_lines(told)
    lines = lines if most is None else cut_lines(lines, most=most, more=more)
    counted = counted_lines(told)[:1] if bundle is not None and _has_losses(bundle, told) else []
    return [title_line(told), *lines, *counted]


def _has_losses(bundle: Bundle, told: Told) -> bool:
    """Return whether cases were excluded, scored worst or have no score: told even in quiet."""
    from pytest_biasruler.audit.accounting import undefined_scores

    cases = bundle.context["accounting"]
    shares = [share for part in cases.get("classes", {}).values() for share in part.values()]
    is_lossy = cases["excluded"] or cases["unreadable"] or set(shares) - {"none"}
    return bool(is_lossy or undefined_scores(told.findings))


_NAMES = {"html": "report", CSV_PLAN: "plan"}


def _outputs_line(closed: Closed, *, root: Path) -> str:
    if closed.bundle is None:
        return "nothing could be judged, so there is no report"
    named = sorted(closed.outputs.items(), key=lambda item: item[0] != "html")
    parts = [_output_part(kind, path, root=root) for kind, path in named]
    return "   ".join([*parts, f"policy {closed.bundle.settings['policy']}"])


def _output_part(kind: str, path: Path, *, root: Path) -> str:
    text = f"{_NAMES.get(kind, kind)} {show_path(path, root=root)}"
    if kind != CSV_PLAN:
        return text
    # A plan also lists cases that are labelled already, without a rank: they are not asked for.
    with path.open(encoding="utf-8", newline="") as file:
        n = len({row["case"] for row in csv.DictReader(file) if row.get("rank")})
    return f"{text} ({n} {'case' if n == 1 else 'cases'} to label)"
