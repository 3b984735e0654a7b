"""The pages under test, each rendered once: every check, verdict, outcome, and hostile names."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from pytest_biasruler.audit import Audit, run_audit
from pytest_biasruler.report.html import render_html
from tests.core.audit.test_public import make
from tests.core.report.audit_example import ERROR, make_audit, make_hostile_audit, with_checks
from tests.core.report.test_anatomy import morphology
from tests.core.report.test_arms import amplified
from tests.core.report.test_difficulty import difficulty
from tests.core.report.test_echo import by_age
from tests.core.report.test_leaderboard import within_age
from tests.core.report.test_noise import dose, tipping
from tests.core.report.test_rectified import rectified
from tests.core.report.test_sites import transport


@cache
def full_audit() -> Audit:
    """Return an audit with each of the checks, verdicts and outcomes, and two hostile findings."""
    makers = (amplified, by_age, difficulty, morphology, within_age, transport, dose, tipping)
    others = [
        replace(make(), id=f"biasruler.toml::{make().check}[browser-{n}]")
        for n, make in enumerate((*makers, rectified))
    ]
    audit, hostile = make_audit(), make_hostile_audit().findings
    findings = (*audit.findings, *others, hostile[0], hostile[2])
    n = len(findings)
    return with_checks(
        replace(audit, findings=findings), errors=[ERROR], declared=n + 1, ran=n, missing=0
    )


@cache
def full_page() -> str:
    return render_html(full_audit())


@cache
def hostile_page() -> str:
    return render_html(make_hostile_audit())


@cache
def public_page() -> str:
    ages = ["young"] * 6 + ["middle"] * 40 + ["old"] * 50
    return render_html(run_audit(make(ages), public=True))
