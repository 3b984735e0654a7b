"""Findings as workflow commands of GitHub Actions, which shows them beside the lines they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.report.headline import order_findings
from pytest_biasruler.report.messages import first_line
from pytest_biasruler.report.numbers import LONGEST_SENTENCE, shown
from pytest_biasruler.report.told import own_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_biasruler.checks.finding import Finding

MOST_OF_A_KIND = 9
"""Of ten that a step may show; the tenth says how many more there are."""

_NAMES = {"error": "error", "warning": "inconclusive check"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """What is said of one check; `kind` is error or warning, `file` and `line` may be unknown."""

    kind: str
    text: str
    title: str = "biasruler"
    file: str | None = None
    line: int | None = None

    def write(self) -> str:
        """Return the command, which is one line whatever the texts hold."""
        place = {"file": self.file, "line": self.line if self.file else None, "title": self.title}
        told = ",".join(
            f"{key}={_escape_property(str(value))}"
            for key, value in place.items()
            if value is not None
        )
        return f"::{self.kind} {told}::{_escape(self.text)}"


def write_annotations(
    findings: Iterable[Finding],
    errors: Iterable[Mapping[str, Any]],
    *,
    reasons: Sequence[str] = (),
    places: Mapping[str, str],
) -> tuple[str, ...]:
    """Return a command for each failed check, each error and each inconclusive check.

    Parameters
    ----------
    findings, errors
        Those of all benchmarks of the run; errors as in ``accounting.checks`` of an audit.
    reasons : sequence of str, optional
        Why else the run is red.
    places : mapping
        Path within the repository of each file that ids begin with, as far as it is known.
    """
    ordered = order_findings(findings)
    told = [_of_finding(f, "error", places=places) for f in ordered if f.outcome == "failed"]
    told += [_of_error(error, places=places) for error in errors]
    told += [Annotation(kind="error", text=_tidy(reason)) for reason in reasons]
    undecided = [
        _of_finding(f, "warning", places=places) for f in ordered if f.outcome == "inconclusive"
    ]
    return tuple(each.write() for each in (*_first(told), *_first(undecided)))


def _first(told: Sequence[Annotation]) -> Iterator[Annotation]:
    yield from told[:MOST_OF_A_KIND]
    n_more = len(told) - MOST_OF_A_KIND
    if n_more > 0:
        kind = told[0].kind
        noun = _NAMES[kind] if n_more == 1 else f"{_NAMES[kind]}s"
        yield Annotation(kind=kind, text=f"and {n_more:,} more {noun}: see the log or the report")


def _of_finding(finding: Finding, kind: str, *, places: Mapping[str, str]) -> Annotation:
    return Annotation(
        kind=kind,
        text=_tidy(first_line(finding)),
        title=_tidy(own_id(finding.id)),
        file=places.get(file_of(finding.id)),
        line=finding.line,
    )


def _of_error(error: Mapping[str, Any], *, places: Mapping[str, str]) -> Annotation:
    return Annotation(
        kind="error",
        text=_tidy(str(error.get("message", ""))),
        title=_tidy(own_id(str(error["id"]))),
        file=places.get(file_of(str(error["id"]))),
        line=error.get("line"),
    )


def file_of(identifier: str) -> str:
    """Return the file that the id of a check begins with.

    Examples
    --------
    >>> file_of("ct/biasruler.toml::gap[dice-age-unet]")
    'ct/biasruler.toml'
    """
    return identifier.partition("::")[0]


def _tidy(text: str) -> str:
    return shown(text, longest=LONGEST_SENTENCE)


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
