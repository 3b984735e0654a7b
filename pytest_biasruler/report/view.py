"""An audit as a page of ready-made strings: the ten sections in their order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.accounting import make_accounting
from pytest_biasruler.report.blocks import Page, Paragraph, Part
from pytest_biasruler.report.cards import make_cards
from pytest_biasruler.report.flips import flip_matrix
from pytest_biasruler.report.headline import write_headline
from pytest_biasruler.report.leads import lead_of
from pytest_biasruler.report.limits import make_limits
from pytest_biasruler.report.makers import make_ruler
from pytest_biasruler.report.methods import make_methods
from pytest_biasruler.report.numbers import counted, joined, shown
from pytest_biasruler.report.plan import make_plan
from pytest_biasruler.report.public import told_cases
from pytest_biasruler.report.scores import make_scores
from pytest_biasruler.report.screen import make_screen
from pytest_biasruler.report.selftest import TITLE, make_selftest
from pytest_biasruler.report.since import change_banners, make_changes, make_permissions
from pytest_biasruler.report.subgroups import make_subgroups
from pytest_biasruler.report.subjects import make_subject
from pytest_biasruler.report.wording import attribute_title, metric_title, statement_of
from pytest_biasruler.report.worst import make_worst_cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block
    from pytest_biasruler.report.section import Section

SHORT_DIGEST = 8


def make_page(audit: Audit, *, sections: Sequence[Section] = ()) -> Page:
    """Return everything that the report says, in order; `sections` come after the ninth part."""
    headline = write_headline(audit)
    digest = hashlib.sha256(audit.to_json().encode()).hexdigest()
    own = _own_parts(audit, digest)
    tested = make_selftest(audit)
    test = (Part(id="selftest", title=TITLE, number="", blocks=tested),) if tested else ()
    added = tuple(
        Part(id=f"added{n}", title=shown(section.title), number="", blocks=section.blocks())
        for n, section in enumerate(sections, 1)
    )
    return Page(
        word=headline.word,
        sign=headline.sign,
        headline=headline.rest,
        facts=_facts(audit, digest),
        banners=make_banners(audit),
        parts=(*own[:-1], *test, *added, own[-1]),
        digest=digest,
    )


def _own_parts(audit: Audit, digest: str) -> tuple[Part, ...]:
    parts: tuple[tuple[str, tuple[Block, ...]], ...] = (
        ("Verdict", make_screen(audit)),
        ("What was audited", (*make_subject(audit), *make_changes(audit))),
        ("Subgroups", make_subgroups(audit)),
        ("The ruler", make_ruler(audit)),
        ("Accounting", make_accounting(audit)),
        ("Scores by subgroup", make_scores(audit)),
        ("Findings", (*flip_matrix(audit.findings), *make_cards(audit))),
        ("Worst cases", make_worst_cases(audit)),
        ("Limits of this audit", _limits(audit)),
        ("Warnings, methods, data", make_methods(audit, digest)),
    )
    return tuple(
        Part(
            id=f"s{number}",
            title=title,
            number=f"{number}. ",
            blocks=(*_lead(audit, title), *blocks),
        )
        for number, (title, blocks) in enumerate(parts, 1)
    )


def _limits(audit: Audit) -> tuple[Block, ...]:
    return (*make_limits(audit), *make_permissions(audit), *make_plan(audit))


def _lead(audit: Audit, title: str) -> tuple[Block, ...]:
    text = lead_of(audit, title)
    return (Paragraph(text=text, tone="lead"),) if text else ()


def _facts(audit: Audit, digest: str) -> tuple[str, ...]:
    accounting, settings = audit.accounting, audit.settings
    scored, n_patients = accounting.get("scored", 0), audit.benchmark.get("n_patients") or 0
    facts = (
        shown(audit.benchmark.get("name")),
        joined(sorted(audit.models)),
        told_cases(scored, accounting.get("expected", 0)),
        counted(n_patients, "patient") if n_patients or not settings.get("public") else "none",
        f"policy {shown(settings.get('policy'))}",
        shown(settings.get("run_date") or "no date"),
        f"audit {digest[:SHORT_DIGEST]}",
    )
    return tuple(fact for fact in facts if fact != "none")


_FLIPS = {
    "masked harm": "a PASS by the automated reference and a FAIL by the experts",
    "false alarm": "a PASS by the experts and a FAIL by the automated reference",
}


def make_banners(audit: Audit) -> tuple[str, ...]:
    """Return what must be read before anything else."""
    banners = []
    if audit.settings.get("show_cases"):
        banners.append("This page contains case names: handle it like the data.")
    if audit.settings.get("public"):
        banners.append(
            "Public version: small groups, 1 to 10 patients, are hidden and not judged."
        )
    if audit.settings.get("policy") == "point":
        text = "Judged by point estimates alone: the rate of false alarms is not controlled."
        banners.append(text)
    for name in ("masked harm", "false alarm"):
        found = [f for f in audit.findings if f.details.get("flip") == name]
        banners += [_flip_banner(name, finding) for finding in found]
    if any(f.details.get("flip") == "false alarm" for f in audit.findings):
        banners += [_harm_banner(finding) for finding in audit.findings if _is_harm(finding)]
    return (*banners, *change_banners(audit))


def _flip_banner(name: str, finding: Finding) -> str:
    what = f"the {metric_title(finding.metric)} gap by {attribute_title(finding)}"
    return (
        f"{name.capitalize()}: {what} of model {shown(finding.model)} is {_FLIPS[name]}. "
        f"{statement_of(finding)}."
    )


def _is_harm(finding: Finding) -> bool:
    """Return whether experts confirm a gap, so that no false alarm may drown it."""
    is_by_experts = finding.details.get("proven_by") == "expert"
    return finding.check == "gap" and finding.verdict == Verdict.FAIL and is_by_experts


def _harm_banner(finding: Finding) -> str:
    model = f"model {shown(finding.model)}"
    return f"Not a false alarm: by the experts, {model} fails. {statement_of(finding)}."
