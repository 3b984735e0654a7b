"""A finding meets the test that asked for it: id, policy, outcome, and the way to the report."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.checks.outcome import Outcome, outcome_of, outcome_without_waiver
from pytest_biasruler.errors import printable
from pytest_biasruler.shell.earlier import earlier_of
from pytest_biasruler.shell.markers import read_markers
from pytest_biasruler.shell.nodes import line_of, shown_node
from pytest_biasruler.shell.outputs import show_path
from pytest_biasruler.shell.payload import Found, add_finding
from pytest_biasruler.shell.settings import settings_of
from pytest_biasruler.shell.stash import FINDINGS, PENDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.prepared import Prepared


def record_finding(
    item: pytest.Item,
    prepared: Prepared,
    finding: Finding,
    *,
    index: int | None = None,
    is_judged: bool = True,
    asked: Mapping[str, object] | None = None,
) -> Finding:
    """Note what a check found for the report, and return it as it will stand there.

    `asked` holds `policy` and `waive` of the call, which stand above those of a marker.
    """
    from pytest_biasruler.audit import publish_finding
    from pytest_biasruler.audit.gallery import illustrate
    from pytest_biasruler.audit.planning import plan_labels

    settings, marked = settings_of(item.config), read_markers(item)
    policy = (asked or {}).get("policy") or marked.policy
    finding = replace(
        finding,
        policy=str(settings.policy_of(marker=_text(policy), declared=finding.policy)),
        waive=finding.waive if (asked or {}).get("waive") else marked.waive or finding.waive,
        statement=printable(finding.statement),  # a sentence for people, with names of their files
        line=line_of(item),
    )
    if is_judged:
        finding = replace(finding, outcome=str(outcome_of(finding, today=settings.today)))
    earlier = earlier_of(item.config, prepared.evidence.benchmark.name)
    finding = finding if earlier is None else earlier.hold(finding)
    if prepared.disclosure is not None:
        finding = publish_finding(finding, prepared.disclosure)
    else:
        finding = illustrate(prepared.evidence, finding, show_cases=settings.show_cases)
        finding = plan_labels(prepared.evidence, finding, show_cases=settings.show_cases)
    prepared.tell_context(item)
    found = Found(finding=finding, audit=prepared.digest, index=index)
    add_finding(item, found, data_hash=prepared.data_hash)
    item.stash.setdefault(FINDINGS, []).append(finding)
    return finding


def demand(item: pytest.Item, *findings: Finding) -> None:
    """Raise for findings that failed; let inconclusive and waived ones wait for the test's end.

    Raises
    ------
    AssertionError
        Whose first line is the first failed finding in full.
    """
    from pytest_biasruler.scoring.attempt import insist

    __tracebackhide__ = True
    failures = insist(partial(_messages_of, item, findings))
    if failures:
        raise AssertionError("\n\n".join(failures))


def _messages_of(item: pytest.Item, findings: Sequence[Finding]) -> list[str]:
    """Note findings that only keep the test from passing; return what the failed ones say."""
    from pytest_biasruler.report.messages import full_message, skip_reason

    settings = settings_of(item.config)
    for finding in findings:
        if finding.outcome in (Outcome.INCONCLUSIVE, Outcome.WAIVED):
            # In public the estimate may be hidden, by which the policy `point` would judge.
            is_known = not finding.is_public or finding.policy != Policy.POINT
            would_pass = is_known and outcome_without_waiver(finding) is Outcome.PASSED
            reason = skip_reason(finding, would_pass=would_pass)
            item.stash.setdefault(PENDING, []).append((str(finding.outcome), reason))
    failed = [finding for finding in findings if finding.outcome == Outcome.FAILED]
    return [
        full_message(finding, report=_card(item, finding), today=settings.today)
        for finding in failed
    ]


def python_id(item: pytest.Item, finding: Finding) -> str:
    """Return the id of a finding of a Python test: node id and the check's own."""
    node = shown_node(item)
    taken = {known.id for known in item.stash.get(FINDINGS, [])}
    plain = f"{node}::{finding.id}"
    copies = (f"{plain[:-1]}~{n}]" for n in range(2, len(taken) + 3))
    return plain if plain not in taken else next(copy for copy in copies if copy not in taken)


def _card(item: pytest.Item, finding: Finding) -> str | None:
    from pytest_biasruler.report.numbers import anchor

    settings = settings_of(item.config)
    page = settings.outputs.get("html")
    if page is None:
        return None
    return f"{show_path(page, root=settings.root)}#{anchor(finding.id)}"


def _text(policy: object) -> str | None:
    return None if policy is None else str(policy)
