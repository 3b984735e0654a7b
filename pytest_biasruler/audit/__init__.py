"""Run the checks of a benchmark; an audit is all findings and the accounting of cases."""

from __future__ import annotations

from pytest_biasruler.audit.disclosure import Disclosure, disclose
from pytest_biasruler.audit.judging import Judgement, judge_declared, judge_one
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.audit.public_context import publish_context
from pytest_biasruler.audit.public_finding import publish_finding
from pytest_biasruler.audit.public_notes import publish_error
from pytest_biasruler.audit.public_rules import (
    edges_of,
    refuse_min_patients,
    refuse_small_subgroups,
)
from pytest_biasruler.audit.record import (
    SCHEMA,
    Audit,
    finding_from_plain,
    finding_to_plain,
    load_schema,
)
from pytest_biasruler.audit.running import assemble, run_audit
from pytest_biasruler.audit.selftest import run_selftest
from pytest_biasruler.audit.summary import context
from pytest_biasruler.checks.evidence import Evidence

__all__ = [
    "SCHEMA",
    "Audit",
    "Disclosure",
    "Evidence",
    "Judgement",
    "assemble",
    "context",
    "disclose",
    "edges_of",
    "finding_from_plain",
    "finding_to_plain",
    "judge_declared",
    "judge_one",
    "load_schema",
    "prepare",
    "publish_context",
    "publish_error",
    "publish_finding",
    "refuse_min_patients",
    "refuse_small_subgroups",
    "run_audit",
    "run_selftest",
]
