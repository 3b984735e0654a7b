"""Findings held against those of an earlier audit of the same data: it may only get better.

Nothing that fails by itself ever passes for the sake of an earlier audit.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.asked_less import list_changes, name_other_question
from pytest_biasruler.audit.counts import count_checks, node_of
from pytest_biasruler.audit.same_data import refuse_other_data
from pytest_biasruler.audit.states import (
    State,
    fails,
    find_bound,
    find_obstacle,
    find_state,
)
from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.checks.outcome import Outcome, is_screen
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_biasruler.audit.record import Audit
    from pytest_biasruler.checks.finding import Finding


_MOST_NAMED = 5


def tighten(finding: Finding, earlier: Audit) -> Finding:
    """Return a finding with ``details.compare``, and as failed if it got worse.

    Worse is a value beyond the end of the earlier plain 95 % interval on the side that fails the
    check, waived or not, and a PASS that has become INCONCLUSIVE. A screen fails nothing, and
    what was computed without being judged stays so.

    Parameters
    ----------
    finding : Finding
        With its outcome by policy and waiver, and nothing hidden yet.
    earlier : Audit
        Of the same data (see `refuse_other_data`).
    """
    known, obstacle = _find_earlier(finding, earlier)
    compare: dict[str, Any] = {"state": str(State.NEW), "verdict": None}
    if known is not None:
        compare = _compare(finding, known, run_date=earlier.settings.get("run_date"))
    elif obstacle:
        compare = {"state": str(State.NOT_COMPARED), "verdict": None, "obstacle": obstacle}
    compare["public"] = earlier.settings.get("public") is True
    compared = replace(finding, details={**finding.details, "compare": compare})
    return with_outcome(compared, finding.outcome)


def with_outcome(finding: Finding, outcome: str | None) -> Finding:
    """Return a compared finding with what becomes of it: `outcome`, or failed if it got worse.

    Parameters
    ----------
    outcome : str or None
        By policy and waiver alone; None if it is not judged.
    """
    compare = finding.details.get("compare")
    if not compare:
        return replace(finding, outcome=outcome)
    state, held = compare["state"], outcome
    if outcome is not None and not is_screen(finding):
        is_held = state == State.WORSE or (
            state == State.NO_LONGER_SHOWN and outcome != Outcome.WAIVED
        )
        held = str(Outcome.FAILED) if is_held else outcome
    compare = {**compare, "decides": held != outcome}
    return replace(finding, outcome=held, details={**finding.details, "compare": compare})


def is_held_back(finding: Finding) -> bool:
    """Return whether a finding fails for the earlier audit alone."""
    return bool((finding.details.get("compare") or {}).get("decides"))


def tighten_audit(audit: Audit, earlier: Audit, *, path: str = "") -> Audit:
    """Return an audit held against an earlier one of the same data.

    Raises
    ------
    BiasRulerError
        ``BR603`` if the data are others.
    """
    # Where this audit hides the number, the hash alone has to tell.
    n_cases = audit.benchmark["n_cases"] or earlier.benchmark["n_cases"] or 0
    refuse_other_data(
        earlier,
        data_hash=str(audit.benchmark["hash"]),
        n_cases=n_cases,
        columns=audit.benchmark.get("columns"),
    )
    tightened = tuple(tighten(finding, earlier) for finding in audit.findings)
    return note_comparison(replace(audit, findings=tightened), earlier, path=path)


def note_comparison(audit: Audit, earlier: Audit, *, path: str = "") -> Audit:
    """Return an audit of compared findings with ``accounting.compare``: what changed in all.

    Parameters
    ----------
    path : str, optional
        Of the earlier audit, as people may see it.
    """
    gone = _list_gone(audit, earlier)
    counts = Counter(each.details["compare"]["state"] for each in _compared(audit))
    is_public = earlier.settings.get("public") is True
    digest = hashlib.sha256(earlier.to_json().encode()).hexdigest()
    compare = {
        "state": "compared",
        "path": path,
        "run_date": earlier.settings.get("run_date"),
        # Of what holds more than may be told, not even a hash.
        "digest": digest if is_public or not audit.settings.get("public") else None,
        "counts": {str(state): counts[state] for state in State if counts[state]},
        "gone": gone,
        "loosened": [
            {"id": each.id, **{key: change[key] for key in ("what", "earlier", "now")}}
            for each in _compared(audit)
            for change in each.details["compare"].get("changes") or ()
            if change["loosened"]
        ],
    }
    return replace(audit, accounting={**audit.accounting, "compare": compare})


def note_missing(audit: Audit, *, path: str) -> Audit:
    """Return an audit that says that there was no earlier one at `path`."""
    compare = {"state": "missing", "path": path}
    return replace(audit, accounting={**audit.accounting, "compare": compare})


def refuse_gone(
    audit: Audit, policies: Collection[str | None], *, place: str
) -> list[BiasRulerError]:
    """Return that checks of the earlier audit are gone, if a policy asks for proof."""
    gone = [own_id(each["id"]) for each in audit.accounting.get("compare", {}).get("gone", ())]
    if not gone or Policy.PROVE_SAFE not in policies:
        return []
    named = ", ".join(gone[:_MOST_NAMED])
    more = f" and {len(gone) - _MOST_NAMED} more" if len(gone) > _MOST_NAMED else ""
    found = f"gone since the earlier audit: {named}{more}"
    fix = "Declare them again, or keep an audit of now in place of the earlier one"
    return [BiasRulerError("BR603", found, "every check of it under prove-safe", fix, place)]


def own_id(identifier: str) -> str:
    """Return an id without its file, by which checks of two audits are the same.

    Examples
    --------
    >>> own_id("biasruler.toml::gap[dice-age]"), own_id("gap[dice-age]")
    ('gap[dice-age]', 'gap[dice-age]')
    >>> own_id("tests/test_bias.py::test_age::gap[dice-age]")
    'test_age::gap[dice-age]'
    """
    return identifier.partition("::")[2] or identifier


def _compared(audit: Audit) -> list[Finding]:
    return [finding for finding in audit.findings if finding.details.get("compare")]


def _find_earlier(finding: Finding, earlier: Audit) -> tuple[Finding | None, str]:
    """Return the earlier finding of the same id, or why nobody can tell which one it is.

    The whole id comes first: tests of two files may have one name.
    """
    same = [each for each in earlier.findings if own_id(each.id) == own_id(finding.id)]
    exact = [each for each in same if each.id == finding.id]
    if len(exact) == 1 or len(same) == 1:
        return (exact or same)[0], ""
    return None, f"{len(same)} earlier checks have its id" if same else ""


def _compare(finding: Finding, known: Finding, *, run_date: str | None) -> dict[str, Any]:
    changes = list_changes(finding, known)
    other = name_other_question(finding, known)
    obstacle = (
        f"it is another question: {other} differs" if other else find_obstacle(finding, known)
    )
    state = find_state(finding, known, changes=changes, is_comparable=not obstacle)
    since = (known.details.get("compare") or {}).get("since") or run_date
    return {
        "state": str(state),
        "verdict": str(known.verdict),
        "value": known.estimate.value if known.estimate else None,
        "bound": find_bound(finding, known.estimate),
        "limit": known.limit,
        "since": since if fails(finding) and fails(known) else None,
        "changes": changes,
        "obstacle": obstacle,
    }


def _list_gone(audit: Audit, earlier: Audit) -> list[dict[str, str]]:
    """Return the judged checks that only the earlier audit has; none if this is only a part.

    A test that is in error, or ended at a failure, may not have come to all of its questions.
    """
    counts = count_checks(audit)
    if counts.is_partial or counts.missing:
        return []
    ended = {own_id(error["id"]) for error in counts.errors}
    ended |= {own_id(node_of(f.id)) for f in audit.findings if f.outcome == Outcome.FAILED}
    present = {own_id(finding.id) for finding in audit.findings}
    return [
        {"id": each.id, "verdict": str(each.verdict)}
        for each in earlier.findings
        if each.outcome is not None
        and own_id(each.id) not in present
        and not {own_id(each.id), own_id(node_of(each.id))} & ended
    ]
