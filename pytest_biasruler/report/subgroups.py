"""Section 3: how cases were cut into subgroups, who is in them, and which were judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.bins import number_text
from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.blocks import Heading, Paragraph
from pytest_biasruler.report.cells import (
    count_cell,
    make_table,
    name_cell,
    patients_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.numbers import counted, format_number, joined, shown, typeset
from pytest_biasruler.report.wording import metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block

NO_CHECK = "no check asks"
EMPTY = "declared, but empty"


def make_subgroups(audit: Audit) -> tuple[Block, ...]:
    """Return section 3: how cases were cut, and how many are in each subgroup."""
    if not audit.attributes:
        return (Paragraph(text="None: no attribute is declared."),)
    blocks: list[Block] = []
    for name, attribute in sorted(audit.attributes.items()):
        blocks += [Heading(text=shown(name)), *_attribute_blocks(audit, str(name), attribute)]
    return tuple(blocks)


def _attribute_blocks(audit: Audit, name: str, attribute: Mapping[str, Any]) -> Iterator[Block]:
    yield Paragraph(text=" ".join(_definition(attribute)), tone="note")
    groups = attribute.get("subgroups") or ()
    standings = standings_of(audit, name)
    rows = [
        (
            name_cell(group.get("name")),
            count_cell(group.get("n_cases")),
            patients_cell(group.get("n_patients"), group.get("status")),
            percent_cell(group.get("share")),
            words(_standing(group, standings)),
        )
        for group in groups
    ]
    is_public = any("status" in group for group in groups)
    of = "share of patients" if is_public else "share of cases"
    head = ("subgroup", "cases", "patients", of, "judged?")
    yield make_table(f"Subgroups of {shown(name)}", head, rows)
    if not is_public:
        yield from _small(audit, name, standings)
        yield from _missing(audit, name, attribute)


def standings_of(audit: Audit, attribute: str) -> dict[str, set[str]]:
    """Return by subgroup of an attribute how the checks that ask about it alone took it."""
    standings: dict[str, set[str]] = {}
    for finding in audit.findings:
        if finding.by == (attribute,):
            for group in finding.groups:
                standings.setdefault(group.name, set()).add(str(group.status))
    return standings


def _standing(group: Mapping[str, Any], standings: Mapping[str, set[str]]) -> str:
    if group.get("status"):
        return str(group["status"])
    if group.get("n_patients") == 0:
        return EMPTY
    known = standings.get(str(group.get("name")), set())
    if not known:
        return NO_CHECK
    told = {
        Status.JUDGED: "judged",
        Status.TOO_SMALL: "too small to judge",
        Status.MISSING: "not judged: no value",
        Status.EMPTY: "no case with a score",
        Status.NOT_SHOWN: "not told in public",
        Status.SUPPRESSED: "not told in public",
    }
    names = [told[Status(status)] for status in sorted(known)]
    return names[0] if len(names) == 1 else f"it depends on the check: {', '.join(names)}"


def _small(audit: Audit, name: str, standings: Mapping[str, set[str]]) -> Iterator[Block]:
    small = [group for group, known in standings.items() if Status.TOO_SMALL in known]
    if small:
        least = audit.benchmark.get("min_patients")
        below = f" (fewer than {least} patients, unless a check says otherwise)" if least else ""
        text = f"Too small to judge by {shown(name)} in some check{below}: {joined(small)}."
        yield Paragraph(text=text)


def _missing(audit: Audit, name: str, attribute: Mapping[str, Any]) -> Iterator[Block]:
    """Yield who has no value, and how the models do on them."""
    missing = attribute.get("missing")
    sizes = {group["name"]: group for group in attribute.get("subgroups") or ()}
    group = sizes.get(missing) if missing is not None else None
    if group is None or not group.get("n_patients"):
        return
    is_judged = attribute.get("judge_missing")
    who = counted(group["n_patients"], "patient has", "patients have")
    fate = "They are judged like the others" if is_judged else "They are not judged"
    means = [
        f"{metric_title(score['metric'])} {typeset(format_number(score['mean']))} "
        f"({shown(score['model'])} by {shown(score['reference'])})"
        for score in audit.scores
        if score.get("attribute") == name
        and score.get("subgroup") == missing
        and score.get("mean") is not None
        and score.get("model") in audit.models
    ]
    told = f"; their means: {', '.join(means[:8])}" if means else "; no score of them is known"
    more = f" and {len(means) - 8} more in section 6" if len(means) > 8 else ""
    yield Paragraph(text=f"{who} no {shown(name)}. {fate}{told}{more}.")


def _definition(attribute: Mapping[str, Any]) -> Iterator[str]:
    yield f"Column {shown(attribute.get('column') or 'not stated')} of the metadata."
    bins, merges = attribute.get("bins"), attribute.get("merges") or {}
    if bins:
        edges = joined([number_text(edge) for edge in bins])
        missing = attribute.get("missing")
        n_bins = sum(g.get("name") != missing for g in attribute.get("subgroups") or ())
        # In public the ages above 89 are joined, and their edges are not told.
        last = "and above: a value on an edge counts upwards"
        if n_bins < len(bins):
            last = "as edges: a value on one counts upwards, on the last one downwards"
        yield f"Cut at {edges} {last}."
    if attribute.get("quantiles"):
        yield _cut_at_quantiles(attribute["quantiles"])
    for target, sources in sorted(merges.items()):
        many = sources if isinstance(sources, list | tuple) else [sources]
        yield f"{joined(many)} counted as {shown(target)}."
    tokens = attribute.get("missing_tokens")
    if tokens is not None:
        told = [shown(token) if str(token).strip() else "an empty cell" for token in tokens]
        yield f"Read as missing: {', '.join(told) or 'nothing'}."
    if attribute.get("judge_missing"):
        yield "Cases without a value are judged like a subgroup."


def _cut_at_quantiles(quantiles: Mapping[str, Any]) -> str:
    edges = joined([number_text(edge) for edge in quantiles.get("edges") or ()])
    if not edges:
        return f"Cut into {quantiles.get('asked')} by quantiles, whose edges are not told."
    return (
        f"Cut at {edges}, quantiles of one value for each patient for bins of equal size "
        f"({quantiles.get('asked')} asked for): a value on an edge counts upwards."
    )
