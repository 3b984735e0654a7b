"""What to do next: one line for each kind of thing that stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.headline import count_outcomes, order_findings
from pytest_biasruler.report.numbers import counted, joined, short_id, shown
from pytest_biasruler.report.wording import attribute_title, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

MOST_STEPS = 8
_MOST_NAMED = 3


def list_steps(audit: Audit) -> tuple[str, ...]:
    """Return what to do next, most urgent first; each line follows from findings of one kind."""
    steps, last = [*_to_run(audit), *_to_mend(audit)], [*_to_unpool(audit), *_to_decide(audit)]
    if not (steps or last):
        return tuple(_to_keep(audit))
    # What is open stays open, however much has failed.
    return (*steps[: MOST_STEPS - len(last)], *last)


def _to_run(audit: Audit) -> Iterator[str]:
    tally = count_outcomes(audit)
    errors = (audit.accounting.get("checks") or {}).get("errors") or ()
    if errors:
        names = _named([short_id(each["id"]) for each in errors])
        yield f"Mend what kept {names} from running (section 7 says what): it is no pass."
    if tally.missing:
        yield "Run the audit again: it broke off, so what is missing may hide a FAIL."
    elif tally.is_partial:
        n = counted(tally.declared - tally.ran - tally.errors, "check")
        yield f"Run the {n} that were left out before you rely on this audit."
    if tally.reasons and not tally.is_partial:
        yield "Mend why the run is not accepted (the headline says why): it is no pass."


def _to_mend(audit: Audit) -> Iterator[str]:
    failed = [f for f in order_findings(audit.findings) if outcome_of(f) == "failed"]
    by_kind: dict[Callable[[Sequence[Finding]], str], list[Finding]] = {}
    for finding in failed:
        by_kind.setdefault(_STEPS.get(finding.check, _other), []).append(finding)
    # What experts say about people comes first, then what bends the ruler.
    for tell in sorted(by_kind, key=_ORDER.index):
        yield tell(by_kind[tell])


def _to_unpool(audit: Audit) -> Iterator[str]:
    """Yield where all sites together turn a gap around: another check may PASS by that alone."""
    turned = [f for f in audit.findings if f.check == "transport" and _is_turned(f)]
    if turned:
        by = _named([attribute_title(finding) for finding in turned])
        cards = _named([short_id(finding.id) for finding in turned])
        yield (
            f"Do not judge a gap by {by} with all sites pooled, even where such a check passes: "
            f"pooling turns it around. See, site by site, {cards}."
        )


def _is_turned(finding: Finding) -> bool:
    contrasts = finding.details.get("contrasts") or ()
    return any(contrast.get("pooling") == "turns" for contrast in contrasts)


def _to_decide(audit: Audit) -> Iterator[str]:
    undecided = [f for f in audit.findings if outcome_of(f) == "inconclusive"]
    if not undecided:
        return
    n = counted(len(undecided), "open check").removeprefix("1 ")
    if len(undecided) == 1:
        n = f"{n} {short_id(undecided[0].id)}"
    if any((f.details.get("plan") or {}).get("subgroups") for f in undecided):
        yield f"Decide the {n}: section 9 says how many labels or patients it takes, and of whom."
    else:
        card = "its card" if len(undecided) == 1 else "each card"
        yield f"Decide the {n}: {card} says why it is open; more patients may be needed."


def _to_keep(audit: Audit) -> Iterator[str]:
    tally = count_outcomes(audit)
    if tally.passed:
        yield (
            "Nothing has to be mended. Keep the audit.json: --biasruler-compare holds the next "
            "version against it."
        )
    if tally.waived:
        yield "A waiver ends on its day: mend what it excuses before then."
    if tally.unjudged or not tally.total:
        yield "Nothing was decided: declare checks with limits before you rely on this audit."


def _named(names: Sequence[str]) -> str:
    each = list(dict.fromkeys(names))
    if len(each) <= _MOST_NAMED + 1:  # "and 1 more" would take as much room as the name
        return joined(each)
    return f"{joined(each[:_MOST_NAMED])} and {len(each) - _MOST_NAMED} more"


def _whom(findings: Sequence[Finding]) -> str:
    """Return the subgroups that come off worse, as far as the findings name them."""
    names = []
    for finding in findings:
        pair = finding.estimate.pair if finding.estimate else None
        worst = pair[1] if pair else finding.details.get("worst")
        if worst and finding.by and finding.metric != "signed_volume_error":
            names.append(f"{attribute_title(finding)} {shown(worst, longest=40)}")
    return _named(names) if names else "the subgroups concerned"


def _models(findings: Sequence[Finding]) -> str:
    names = [shown(finding.model, longest=40) for finding in findings if finding.model]
    return _named(names) if names else "the model"


def _served_worse(findings: Sequence[Finding]) -> str:
    has_cases = any(finding.details.get("gallery") for finding in findings)
    where = ": section 8 shows the worst cases" if has_cases else ""
    return (
        f"Find out why {_models(findings)} does worse on {_whom(findings)}{where}. Until then "
        "claim no equal performance for them."
    )


def _bent_ruler(findings: Sequence[Finding]) -> str:
    by = _named([attribute_title(finding) for finding in findings if finding.by])
    return f"Judge gaps by {by} with expert labels: the automated reference bends them."


def _bad_labels(findings: Sequence[Finding]) -> str:
    return (
        f"Have experts correct the automated labels of {_whom(findings)} before anything is "
        "trained on them or measured by them."
    )


def _copied(_findings: Sequence[Finding]) -> str:
    return (
        "Train on expert labels, or correct the automated ones first: models take their mistakes "
        "over."
    )


def _wrong_winner(_findings: Sequence[Finding]) -> str:
    return "Rank models by the expert reference: the automated one puts another model first."


def _other_shape(findings: Sequence[Finding]) -> str:
    by = _named([attribute_title(finding) for finding in findings if finding.by])
    return (
        f"Lesions differ by {by}: a difficulty check says whether such a gap remains between "
        "equally hard cases."
    )


def _thin_evidence(findings: Sequence[Finding]) -> str:
    return f"Mend the evidence first: the card of {short_id(findings[0].id)} says what is wrong."


def _other(findings: Sequence[Finding]) -> str:
    names = _named([short_id(finding.id) for finding in findings])
    return f"Read the cards of {names}: they are beyond their limits."


_STEPS: Mapping[str, Callable[[Sequence[Finding]], str]] = {
    "provenance": _thin_evidence,
    **dict.fromkeys(
        ("gap", "floor", "success", "difficulty", "transport", "rectified"), _served_worse
    ),
    "ruler": _bent_ruler,
    "noise": _bent_ruler,
    "labels": _bad_labels,
    "amplification": _copied,
    "echo": _copied,
    "ranking": _wrong_winner,
    "morphology": _other_shape,
}
_ORDER = (
    *(_thin_evidence, _served_worse, _bent_ruler, _bad_labels),
    *(_copied, _wrong_winner, _other_shape, _other),
)
