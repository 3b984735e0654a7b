"""Sections 9 and 10: what this audit cannot show, how it was done, and how to check it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Cell, Heading, Items, Link, Paragraph
from pytest_biasruler.report.cells import make_table, number_cell, p_cell, words
from pytest_biasruler.report.numbers import (
    anchor,
    counted,
    joined,
    short_id,
    shown,
    typeset,
)
from pytest_biasruler.report.public import tell_hidden
from pytest_biasruler.report.sentences import needed_of
from pytest_biasruler.report.wording import metric_title, told_limit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

_DISTANCES = ("hd95_mm", "hd_mm", "assd_mm", "nsd")


def make_limits(audit: Audit) -> tuple[Block, ...]:
    """Return section 9: what each check could have shown, and what nobody asked."""
    unasked = joined(audit.unasked.get("attributes") or ())
    n_others = audit.unasked.get("n_other_columns") or 0
    waived = [f for f in audit.findings if f.waive]
    automated = [f for f in audit.findings if f.details.get("proven_by") == "automated"]
    texts = [
        f"Attributes in the metadata that no check names: {unasked}; further columns that the "
        f"benchmark file does not name: {n_others}.",
        f"Waivers: {joined([_waiver(f) for f in waived])}.",
        "Checks that rest on an automated reference only: "
        f"{joined([short_id(f.id) for f in automated])}.",
        _multiplicity(audit),
        "A subgroup may hide another: crossings that no check names were not looked at.",
        *tell_hidden(audit),
    ]
    return (_power_table(audit), Items(texts=tuple(texts)))


def _waiver(finding: Finding) -> str:
    waive = finding.waive or {}
    return f"{short_id(finding.id)} until {shown(waive.get('until'))}"


def _power_table(audit: Audit) -> Block:
    rows = []
    for finding in audit.findings:
        if finding.estimate is None:
            continue
        needed = needed_of(finding).strip()
        rows.append(
            (
                Cell(text="", links=(Link(href=anchor(finding.id), text=short_id(finding.id)),)),
                Cell(text=told_limit(finding), is_number=True),
                number_cell(finding.min_detectable),
                number_cell(finding.details.get("level"), decimals=4),
                p_cell(finding.p_fail_holm),
                words(needed or ("–" if finding.verdict != Verdict.INCONCLUSIVE else "not known")),
            )
        )
    if not rows:
        return Paragraph(text="No check had an estimate.")
    return make_table(
        "What each check could show",
        (
            *("check", "limit", "smallest excess over the limit it would find"),
            *("level of the lower bounds", "p, Holm", "patients needed"),
        ),
        rows,
        note="Found: in 80 of 100 such benchmarks the check would FAIL.",
    )


def _multiplicity(audit: Audit) -> str:
    family = [f for f in audit.findings if f.p_fail_holm is not None]
    if len(family) > 1:
        return (
            f"{counted(len(family), 'check')} in one family: a FAIL also needs a Holm-adjusted p "
            "of at most alpha."
        )
    return "No adjustment between checks: each stands for itself."


def make_methods(audit: Audit, digest: str) -> tuple[Block, ...]:
    """Return section 10: warnings, the methods in words, and the hash of the audit."""
    tool = audit.tool
    return (
        Heading(text="Warnings"),
        *_warnings(audit),
        Heading(text="Numeric check"),
        Paragraph(
            text="Worked examples recomputed in this environment before scoring: "
            f"{shown(tool.get('numeric_check') or 'not done')}."
        ),
        Heading(text="Methods, to be copied into a paper"),
        *(Paragraph(text=text) for text in methods_text(audit)),
        Heading(text="References"),
        Items(texts=_REFERENCES),
        Heading(text="Data and how to run it again"),
        Paragraph(text=f"SHA-256 of the audit.json this page was made from: {digest}"),
        Paragraph(text=f"Content hash of the benchmark: {shown(audit.benchmark.get('hash'))}"),
        Paragraph(
            text=f"Run pytest with pytest-biasruler {shown(tool.get('version'))} on the benchmark "
            "file, with --biasruler-json and --biasruler-html. The same cases, masks and limits "
            "give the same numbers on any machine and with any number of workers."
        ),
    )


def _warnings(audit: Audit) -> tuple[Block, ...]:
    if not audit.warnings:
        return (Paragraph(text="None."),)
    rows = [
        (
            words(shown(warning.get("code", ""))),
            words(shown(warning.get("set") or "–")),
            Cell(text=f"{warning.get('n') or 0:,}", is_number=True),
            words(shown(warning.get("text", ""), longest=400)),
        )
        for warning in audit.warnings
    ]
    return (make_table("Accepted, but worth knowing", ("code", "where", "n", "what"), rows),)


def methods_text(audit: Audit) -> tuple[str, ...]:
    """Return the methods as paragraphs, every convention named and the numbers filled in."""
    alphas = sorted({f.estimate.alpha for f in audit.findings if f.estimate is not None})
    alpha = " and ".join(typeset(f"{value:g}") for value in alphas) or "0.05"
    n_cases, n_patients = (audit.benchmark.get(key) for key in ("n_cases", "n_patients"))
    size = "number of cases withheld"
    if n_cases is not None and n_patients is not None:
        size = f"{counted(n_cases, 'case')} of {counted(n_patients, 'patient')}"
    asked = sorted({str(f.metric) for f in audit.findings if f.metric})
    titles = joined([metric_title(name) for name in asked])
    return (
        f"We audited {shown(audit.benchmark.get('name'))} "
        f"({size}) with pytest-biasruler "
        f"{shown(audit.tool.get('version'))}. Each case has one score per model, reference and "
        f"metric ({titles}); a check compares the mean of one number per case between subgroups. "
        "For the distortion of a gap by an automated reference that number is the score under the "
        "automated reference minus the score under the expert one, so both are compared on the "
        "same cases.",
        "Differences of subgroup means have guarded, cluster-robust Welch bounds with "
        "Satterthwaite degrees of freedom; patients are the clusters. The lower and the upper "
        f"bound each err in at most {alpha} of benchmarks: alpha is one-sided per bound, so the "
        "pair is not a 95 % interval; a plain two-sided 95 % interval is printed beside it. The "
        "guard: each bound "
        "must also hold after half a phantom patient with the worst supported value is added to "
        "either subgroup, because a small subgroup may simply not have drawn its rare misses. "
        "Lower bounds are corrected for the number of pairs by the max-T method. FAIL means that "
        "the lower bound is above the limit, PASS that the upper bound is below it, INCONCLUSIVE "
        "anything else; all comparisons are strict and made before rounding.",
        "Over the checks that the benchmark declares, a FAIL also needs a Holm-adjusted p of at "
        "most alpha; a PASS needs no correction, since a release passes only if every check does. "
        f"{_told_small(audit)} cases without metadata form a visible subgroup.",
        *_metric_conventions(audit, asked),
        "Random steps use a seeded 64-bit permuted congruential generator whose stream is fixed, "
        "so results do not depend on machine, workers or order.",
    )


def _told_small(audit: Audit) -> str:
    small = "Subgroups below the declared minimum of patients are"
    if not audit.settings.get("public"):
        return f"{small} shown, never judged;"
    return f"{small} never judged, and of those of 1 to 10 patients nothing is shown;"


def _metric_conventions(audit: Audit, asked: list[str]) -> tuple[str, ...]:
    texts = []
    if any(name in _DISTANCES for name in asked):
        texts.append(
            "Surface metrics follow the surfel convention: surface elements weighted by their "
            "area, as in the reference implementation of the normalised surface Dice. ASSD is the "
            "area-weighted mean over both surfaces together; distances are in mm."
        )
    policies = [_empty_policy(name, audit.metrics.get(name) or {}) for name in asked]
    texts.append(
        "Empty masks follow one policy, so that a missed lesion counts as the worst case. "
        "Both masks empty (agreed absent) and exactly one empty score, in this order: "
        f"{'; '.join(policies) or 'no metric was asked'}."
    )
    return tuple(texts)


def _empty_policy(name: str, metric: Mapping[str, Any]) -> str:
    both, one = metric.get("both_empty"), metric.get("one_empty")
    said = "what the formula gives" if one is None else shown(one)
    return f"{metric_title(name)} {'undefined' if both is None else shown(both)}, {said}"


_REFERENCES = (
    "Welch, B. L. (1947). Biometrika 34(1/2), 28–35. doi:10.2307/2332510",
    "Berger, R. L. & Hsu, J. C. (1996). Statistical Science 11(4), 283–319. "
    "doi:10.1214/ss/1032280304",
    "Holm, S. (1979). Scandinavian Journal of Statistics 6(2), 65–70.",
    "Fieller, E. C. (1954). Journal of the Royal Statistical Society B 16(2), 175–185. "
    "doi:10.1111/j.2517-6161.1954.tb00159.x",
    "Nikolov, S. et al. (2021). Journal of Medical Internet Research 23(7), e26151. "
    "doi:10.2196/26151 (surface elements)",
)
