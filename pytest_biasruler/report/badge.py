"""The verdict of an audit as a badge, as an endpoint of shields.io gives it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.headline import NOT_ACCEPTED, count_outcomes, write_headline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.headline import Headline, Tally

LABEL = "bias audit"
"""The left half of every badge; a badge is known to be ours by it."""

RED, ORANGE, GREEN, GREY = "D55E00", "E69F00", "009E73", "767676"

_COLOURS = {"error": RED, "fail": RED, "inconclusive": ORANGE, "pass": GREEN}


def write_badge(audit: Audit) -> str:
    """Return the badge of an audit as JSON: verdict and counts, no name of anything.

    References
    ----------
    .. [1] Shields, "Endpoint Badge", https://shields.io/badges/endpoint-badge
    """
    content = {
        "schemaVersion": 1,
        "label": LABEL,
        "message": sum_up(audit),
        "color": _colour(write_headline(audit)),
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def sum_up(audit: Audit) -> str:
    """Return headline and counts of an audit in a few words: ``FAIL 2 of 6``."""
    headline, tally = write_headline(audit), count_outcomes(audit)
    ran = f"{headline.word} {tally.ran} of {tally.declared} ran"
    if headline.word == "INCOMPLETE":
        parts = [ran, *_among_others(tally)]
    elif headline.word == "ERROR":
        parts = [f"ERROR {tally.errors} of {tally.total}", *_among_others(tally)]
    elif headline.word == "PARTIAL":
        parts = [ran, *_result(headline.sign, tally)]
    else:
        parts = [*_result(headline.sign, tally)]
    return ", ".join([*parts, *_screens(tally)])


def _result(sign: str, tally: Tally) -> Iterable[str]:
    if sign == "error":
        yield f"{NOT_ACCEPTED}, {tally.passed} of {tally.total} passed"
        return
    word, n = {
        "fail": ("FAIL", tally.failed),
        "inconclusive": ("INCONCLUSIVE", tally.inconclusive),
        "pass": ("PASS", tally.passed),
    }.get(sign, ("NOTHING JUDGED", 0))
    yield f"{word} {n} of {tally.total}" if n else word
    if sign not in ("fail", "inconclusive") and tally.waived:
        yield f"{tally.waived} waived"


def _among_others(tally: Tally) -> Iterable[str]:
    for word, n in (("FAIL", tally.failed), ("INCONCLUSIVE", tally.inconclusive)):
        if n:
            yield f"{word} {n}"


def _screens(tally: Tally) -> Iterable[str]:
    n_failed = tally.screens.count(str(Verdict.FAIL))
    if n_failed:
        yield f"only screened: FAIL {n_failed}"


def _colour(headline: Headline) -> str:
    """Return the colour: of a part of the checks never green, and red only if the run is."""
    if headline.word == "PARTIAL" and headline.sign not in ("error", "fail"):
        return GREY
    return _COLOURS.get(headline.sign, GREY)
