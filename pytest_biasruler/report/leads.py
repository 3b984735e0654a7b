"""The one sentence at the top of each section: what somebody learns who reads nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit.accounting import undefined_scores
from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.headline import count_outcomes, order_findings
from pytest_biasruler.report.leading import choose_leading
from pytest_biasruler.report.makers import sources_of
from pytest_biasruler.report.numbers import counted, format_number, joined, shown, typeset
from pytest_biasruler.report.sentences import sentence_of
from pytest_biasruler.report.subgroups import standings_of
from pytest_biasruler.report.wording import metric_title, outcome_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit

MOST_NAMED = 4


def lead_of(audit: Audit, title: str) -> str:
    """Return the sentence of the section with this title; nothing for those that need none."""
    tell = _LEADS.get(title)
    return tell(audit) if tell is not None else ""


def _verdict(audit: Audit) -> str:
    """Return the finding that decides as a sentence; of passes the one nearest to its limit."""
    leading = choose_leading(audit) or order_findings(audit.findings)
    if not leading:
        return "No check gave an answer, so this audit says nothing about any subgroup."
    told = sentence_of(leading[0], audit.metrics)
    asides = {
        "passed": "Nearest to its limit: ",
        "waived": "Waived, so it gates nothing: ",
        "screened": "Only screened, so it gates nothing: ",
        "not judged": "Computed, not judged: ",
    }
    return f"{asides.get(outcome_of(leading[0]), '')}{told}"


def _subject(audit: Audit) -> str:
    models = _named([shown(name) for name in sorted(audit.models)], "model")
    kinds = [str(reference.get("kind")) for reference in audit.references.values()]
    n_expert, n_machine = kinds.count("expert"), kinds.count("automated")
    rulers = [
        counted(n, f"{kind} reference")
        for n, kind in ((n_expert, "expert"), (n_machine, "automated"))
        if n
    ]
    by = " and ".join(rulers) or "no reference at all"
    return f"This audit is about {models}, measured against {by}."


def _named(names: list[str], noun: str) -> str:
    if not names:
        return f"no {noun}"
    if len(names) > MOST_NAMED:
        return counted(len(names), noun)
    return f"the {noun if len(names) == 1 else noun + 's'} {' and '.join(names)}"


def _subgroups(audit: Audit) -> str:
    if not audit.attributes:
        return "Nobody was told apart: there are no subgroups to compare."
    cuts = [
        f"{shown(name)} ({len(_filled(attribute))})"
        for name, attribute in sorted(audit.attributes.items())
    ]
    text = f"Cases were cut into subgroups by {', '.join(cuts)}"
    if audit.settings.get("public"):
        return f"{text}; those of 1 to 10 patients are hidden and were not judged."
    small = sorted(
        {
            f"{shown(group)} of {shown(name)}"
            for name in audit.attributes
            for group, known in standings_of(audit, str(name)).items()
            if Status.TOO_SMALL in known
        }
    )
    if not small:
        return f"{text}; none of those that checks compare is too small to judge."
    return (
        f"{text}; {joined(small[:MOST_NAMED])}{_more(small)} cannot be judged: too few patients."
    )


def _filled(attribute: Mapping[str, Any]) -> list[Any]:
    groups = attribute.get("subgroups") or ()
    return [
        g for g in groups if g.get("n_patients") != 0 and g["name"] != attribute.get("missing")
    ]


def _more(names: list[str]) -> str:
    return f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""


def _ruler(audit: Audit) -> str:
    if not audit.references:
        return "There is no reference: nothing was measured."
    experts = [name for name, r in audit.references.items() if r.get("kind") == "expert"]
    if not experts:
        return "No expert drew a label here, so every number rests on automated labels alone."
    known = sources_of(audit)
    if not known:
        return "Experts drew labels; which subgroups they cover is not told here."
    of_all = [counts for sources in known.values() for counts in sources.values()]
    if not any(counts["automated_only"] or counts["none"] for counts in of_all):
        return "Experts labelled every case, so each subgroup is measured by their labels."
    attribute, group, share = min(
        (
            (name, group, counts["expert"] / sum(counts.values()))
            for name, sources in known.items()
            for group, counts in sources.items()
            if sum(counts.values())
        ),
        key=lambda found: (found[2], found[0], found[1]),
    )
    return (
        f"Experts labelled a part of the cases; fewest of {shown(attribute)} {shown(group)}, "
        f"{100 * share:.0f} %."
    )


def _accounting(audit: Audit) -> str:
    accounting = audit.accounting
    if "classes" in accounting:
        return "How much was lost is told as a class only, so that nobody can be counted out."
    n_lost = (accounting.get("expected") or 0) - (accounting.get("scored") or 0)
    worst = sum(
        row.get("n") or 0
        for row in accounting.get("unreadable") or ()
        if row.get("attribute") is None
    )
    lost = "Every case was scored" if not n_lost else _lost_cases(audit, n_lost)
    for score, n in [*undefined_scores(audit.findings).items()][:1]:
        lost += f"; {shown(score)} is undefined in {counted(n, 'case')}"
    if worst:
        lost += f"; {counted(worst, 'prediction')} could not be used and counted as worst"
    tally = count_outcomes(audit)
    left = tally.declared - tally.ran
    ran = (
        "every declared check ran"
        if not left
        else f"{left} of {tally.declared} checks did not run"
    )
    return f"{lost}, and {ran}."


def _lost_cases(audit: Audit, n_lost: int) -> str:
    reference = audit.accounting.get("reference")
    by = f" by {shown(reference)}" if reference else ""
    return f"{counted(n_lost, 'case was', 'cases were')} not scored{by}"


def _scores(audit: Audit) -> str:
    """Return between what the subgroups of the worst served model lie."""
    main = audit.accounting.get("reference")
    metric = next((f.metric for f in audit.findings if f.metric), None)
    spans = []
    for model in audit.models:
        rows = [
            (score["mean"], f"{shown(score['attribute'])} {shown(score['subgroup'])}")
            for score in audit.scores
            if (score.get("metric"), score.get("model"), score.get("reference"))
            == (metric, model, main)
            and score.get("attribute") is not None
            and score.get("mean") is not None
        ]
        if len(rows) > 1:
            spans.append((max(rows)[0] - min(rows)[0], str(model), min(rows), max(rows)))
    if not spans:
        return "Mean scores by subgroup, as far as they can be told; nothing here is a verdict."
    _, model, low, high = max(spans)
    numbers = [typeset(format_number(end[0])) for end in (low, high)]
    return (
        f"By {shown(main)}, the mean {metric_title(metric)} of {shown(model)} runs from "
        f"{numbers[0]} ({low[1]}) to {numbers[1]} ({high[1]})."
    )


def _limits(audit: Audit) -> str:
    tally = count_outcomes(audit)
    parts = [f"{counted(tally.inconclusive, 'check')} could not be decided"]
    attributes = audit.unasked.get("attributes") or ()
    noun = "attribute was" if len(attributes) == 1 else "attributes were"
    parts += [f"{len(attributes)} {noun} not asked about"] if attributes else []
    parts += (
        [counted(tally.waived, "check was waived", "checks were waived")] if tally.waived else []
    )
    return f"What this audit does not show: {', '.join(parts)}, and small gaps may go unseen."


def _methods(audit: Audit) -> str:
    n = len(audit.warnings)
    told = f"{counted(n, 'thing is', 'things are')} worth knowing" if n else "Nothing was noted"
    return f"{told} about the data; below is how the numbers were made and how to make them again."


_LEADS = {
    "Verdict": _verdict,
    "What was audited": _subject,
    "Subgroups": _subgroups,
    "The ruler": _ruler,
    "Accounting": _accounting,
    "Scores by subgroup": _scores,
    "Limits of this audit": _limits,
    "Warnings, methods, data": _methods,
}
