"""Verdict and reason in one line, for platforms that show the last line of stderr alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.outcome import Outcome
from pytest_biasruler.errors import printable
from pytest_biasruler.report.headline import NOT_ACCEPTED, order_findings
from pytest_biasruler.report.messages import brief_answer
from pytest_biasruler.report.numbers import LONGEST_NAME
from pytest_biasruler.report.told import headline, own_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.report.told import Told

LONGEST_LINE = 300
_SEVERITY = ("red", "yellow", "green")


def last_line(audits: Sequence[Told], *, reasons: Sequence[str] = ()) -> str:
    """Return verdict and reason in one line of ASCII; of several benchmarks, those of the worst.

    Parameters
    ----------
    audits : sequence of Told
        The benchmarks of which a check was declared.
    reasons : sequence of str, optional
        Why else the exit code is not 0; the first of them is told.
    """
    known = sorted(
        [(*headline(told), told) for told in audits], key=lambda each: _SEVERITY.index(each[1])
    )
    parts, ending = [*reasons[:1]], ""
    if known:
        verdict, colour, worst = known[0]
        verdict = ": ".join(filter(None, (verdict.replace("; ", ", "), _first_of(worst))))
        # No line about a red run begins as one about a green run does.
        is_told = not reasons or colour == "red" or worst.counts.is_partial
        parts = (
            [verdict, *parts]
            if is_told
            else [
                f"{NOT_ACCEPTED}: {reasons[0].rstrip('.')}",
                verdict,
            ]
        )
        more = f" (worst of {len(known)}: {worst.name})"
        ending = as_ascii(more)[:LONGEST_NAME] if len(known) > 1 else ""
    text, most = as_ascii(f"biasruler: {'; '.join(parts)}"), LONGEST_LINE - len(ending)
    return f"{text if len(text) <= most else f'{text[: most - 3]}...'}{ending}"


def as_ascii(text: str) -> str:
    r"""Return a text with every other letter written as an escape.

    Examples
    --------
    >>> as_ascii("0\u201340")
    '0\\u201340'
    """
    return printable(text).encode("ascii", "backslashreplace").decode()


def _first_of(told: Told) -> str:
    """Return the finding or error that decides: what failed, could not run, or stays open."""
    ordered = order_findings(told.findings)
    answers = {
        outcome: [f"{own_id(f.id)} {brief_answer(f)}" for f in ordered if f.outcome == outcome][:1]
        for outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE)
    }
    errors = [f"{own_id(error['id'])} {error['message']}" for error in told.counts.errors]
    first = [*answers[Outcome.FAILED], *errors, *answers[Outcome.INCONCLUSIVE]]
    return first[0] if first else ""
