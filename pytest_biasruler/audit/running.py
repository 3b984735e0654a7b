"""An audit from beginning to end, for notebooks and for the end of a test run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.disclosure import disclose
from pytest_biasruler.audit.gallery import illustrate
from pytest_biasruler.audit.judging import judge_declared
from pytest_biasruler.audit.planning import plan_labels
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.audit.public_context import publish_context
from pytest_biasruler.audit.public_finding import publish_finding
from pytest_biasruler.audit.public_notes import publish_error, publish_note
from pytest_biasruler.audit.public_rules import refuse_public
from pytest_biasruler.audit.record import Audit
from pytest_biasruler.audit.summary import context
from pytest_biasruler.audit.withheld import note_withheld
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.checks.outcome import outcome_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from pytest_biasruler.audit.judging import Judgement
    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.scoring.store import Store


def run_audit(
    benchmark: Benchmark,
    *,
    policy: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    store: Store | None = None,
    progress: Callable[[int, int, int], None] | None = None,
    metrics: Sequence[Metric] = (),
    show_cases: bool = False,
    public: bool = False,
    today: dt.date | None = None,
) -> Audit:
    """Return the audit of a benchmark: every declared check answered and judged.

    Parameters
    ----------
    policy : str, optional
        ``"point"``, ``"confident-fail"`` or ``"prove-safe"``; stands above the benchmark's own.
    workers : int
        Processes that score cases.
    scheduler : str, optional
        Address of a Dask cluster that scores them instead, such as ``tcp://10.0.0.1:8786``.
    store : Store, optional
        Where scores are kept between runs; None keeps nothing.
    show_cases : bool
        Print real case names in place of aliases.
    public : bool
        Hide subgroups of 1 to 10 patients and whatever would give them away. Verdicts are those
        of the full data.
    today : date, optional
        The UTC date on which waivers are judged; without one, no waiver holds.

    Raises
    ------
    BiasRulerError
        On every problem that stops an audit before anything is scored, all at once.
    """
    if public:
        raise_if_any(refuse_public(benchmark, show_cases=show_cases))
    where: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    evidence = prepare(benchmark, store=store, progress=progress, metrics=metrics, **where)
    judgements = judge_declared(evidence, policy=policy)
    judged = [
        replace(judgement.finding, outcome=str(outcome_of(judgement.finding, today=today)))
        for judgement in judgements
        if judgement.finding is not None
    ]
    if public:
        disclosure = disclose(evidence)
        about = publish_context(
            context(evidence), disclosure, attributes=evidence.benchmark.attributes
        )
        findings = [publish_finding(finding, disclosure) for finding in judged]
    else:
        about = context(evidence, show_cases=show_cases)
        drawn = [illustrate(evidence, finding, show_cases=show_cases) for finding in judged]
        findings = [plan_labels(evidence, finding, show_cases=show_cases) for finding in drawn]
    return assemble(
        about,
        findings,
        settings={
            "policy": policy or str(benchmark.defaults.policy or "confident-fail"),
            "both_empty": str(benchmark.defaults.both_empty),
            "show_cases": show_cases,
            "public": public,
            "limits_changed": {},
            "run_date": today.isoformat() if today else None,
        },
        checks=_count(judgements, public=public),
    )


def _count(judgements: Sequence[Judgement], *, public: bool) -> dict[str, Any]:
    """Return the accounting of checks where every declared one was asked."""
    errors = [
        {
            "id": each.declared.id,
            "code": each.error.code,
            "message": str(publish_error(each.error) if public else each.error),
        }
        for each in judgements
        if each.error is not None
    ]
    return {
        "declared": len(judgements),
        "deselected": 0,
        "ran": len(judgements) - len(errors),
        "missing": 0,
        "errors": errors,
    }


def assemble(
    about: Mapping[str, Any],
    findings: Sequence[Finding],
    *,
    settings: Mapping[str, Any],
    checks: Mapping[str, Any],
    warnings: Sequence[Mapping[str, Any]] = (),
) -> Audit:
    """Return the audit made of a context, its findings and what was counted while they ran."""
    withheld = note_withheld(findings)
    return Audit(
        **{
            **about,
            "scores": tuple(about["scores"]),
            "crossings": tuple(about.get("crossings", ())),
            "warnings": (
                *about["warnings"],
                *(map(publish_note, withheld) if settings.get("public") else withheld),
                *warnings,
            ),
            "accounting": {**about["accounting"], "checks": dict(checks)},
        },
        settings=dict(settings),
        findings=tuple(findings),
    )
