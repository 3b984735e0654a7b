"""An audit as a summary in Markdown, for the page of a CI job or for a pull request.

It stands alone: no link, no image, and no HTML but ``<details>`` and a last line that marks the
text as ours.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Paragraph, Table
from pytest_biasruler.report.entries import HEAD, SIGNS, make_row, outcome_of_entry
from pytest_biasruler.report.headline import order_findings, write_headline
from pytest_biasruler.report.numbers import counted
from pytest_biasruler.report.pieces import Piece, join_pieces
from pytest_biasruler.report.public import told_cases
from pytest_biasruler.report.remarks import make_remarks
from pytest_biasruler.report.spans import code, codes, prose
from pytest_biasruler.report.view import SHORT_DIGEST, make_banners
from pytest_biasruler.report.wording import RANKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.entries import Entry
    from pytest_biasruler.report.section import Section

MOST_BYTES = 200_000
MOST_ROWS = 50
MOST_BANNERS = 5


def write_markdown(
    audit: Audit, *, sections: Sequence[Section] = (), most_bytes: int = MOST_BYTES
) -> str:
    """Return the summary of an audit.

    Parameters
    ----------
    audit : Audit
        Nothing else is read.
    sections : sequence of Section, optional
        What other plugins add; it comes last.
    most_bytes : int, optional
        Size in UTF-8. Rows, and then whole parts, are left out to keep to it.

    Returns
    -------
    str
        The same audit gives the same text. Names from files stand in code spans, where they
        mention nobody, link to nothing and end no cell.
    """
    pieces = [
        Piece(before=_headline(audit)),
        Piece(before=_facts(audit)),
        *(Piece(before=text) for text in _banners(audit)),
        *_findings(audit),
        *(Piece(before=text) for text in make_remarks(audit)),
        *(piece for section in sections for piece in _section(section)),
    ]
    return join_pieces(pieces, most_bytes=most_bytes)


def _headline(audit: Audit) -> str:
    headline = write_headline(audit)
    return f"## {SIGNS[headline.sign]} {headline.word}: {prose(headline.rest)}"


def _facts(audit: Audit) -> str:
    cases = audit.accounting
    digest = hashlib.sha256(audit.to_json().encode()).hexdigest()
    facts = (
        code(audit.benchmark.get("name")),
        codes(sorted(audit.models)),
        told_cases(cases.get("scored", 0), cases.get("expected", 0)),
        f"policy {code(audit.settings.get('policy'))}",
        f"audit {code(digest[:SHORT_DIGEST])}",
    )
    return " · ".join(fact for fact in facts if fact not in ("", "none"))


def _banners(audit: Audit) -> Iterator[str]:
    banners = make_banners(audit)
    for text in banners[:MOST_BANNERS]:
        yield f"> {prose(text)}"
    n_more = len(banners) - MOST_BANNERS
    if n_more > 0:
        yield f"> and {counted(n_more, 'warning')} more in the report"


def _findings(audit: Audit) -> Iterator[Piece]:
    """Yield what did not pass as a table, and the rest as tables to be opened."""
    ordered: list[Entry] = [*order_findings(audit.findings)]
    ordered += (audit.accounting.get("checks") or {}).get("errors") or ()
    ordered.sort(key=lambda told: RANKS.index(outcome_of_entry(told)))
    still_open = [told for told in ordered if outcome_of_entry(told) not in _FOLDED]
    if still_open:
        yield _list(still_open)
    for outcome, title in _FOLDED.items():
        chosen = [told for told in ordered if outcome_of_entry(told) == outcome]
        if chosen:
            summary = f"<details><summary>{counted(len(chosen), 'check')} {title}</summary>"
            yield replace(_list(chosen), before=summary, behind="</details>")


def _list(chosen: Sequence[Entry]) -> Piece:
    rows = tuple(make_row(entry) for entry in chosen[:MOST_ROWS])
    return Piece(head=HEAD, rows=rows, n_all=len(chosen))


_FOLDED = {
    "passed": "passed",
    "screened": "only screened, gating nothing",
    "not judged": "computed but not judged",
}
"""What is told below the table, by outcome."""


def _section(section: Section) -> Iterator[Piece]:
    yield Piece(before=f"**{prose(section.title)}**")
    for block in section.blocks():
        if isinstance(block, Table):
            rows = tuple(
                tuple(prose(cell.text) for cell in line.cells) for line in block.rows[:MOST_ROWS]
            )
            head = tuple(map(prose, block.head))
            yield Piece(head=head, rows=rows, n_all=len(section.rows))
        elif isinstance(block, Paragraph):
            yield Piece(before=prose(block.text))
