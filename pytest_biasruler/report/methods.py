"""Section 10: what was noted on the way, how it was done, and how to do it again."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from pytest_biasruler.errors import printable
from pytest_biasruler.report.accounting import tell_codes
from pytest_biasruler.report.blocks import Cell, Heading, Items, Paragraph
from pytest_biasruler.report.cells import make_table, words
from pytest_biasruler.report.numbers import (
    counted,
    format_limit,
    joined,
    shown,
    typeset,
)
from pytest_biasruler.report.sources import DISTANCES, list_sources
from pytest_biasruler.report.wording import metric_title
from pytest_biasruler.report.words import make_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block

MOST_FILES = 5


def make_methods(audit: Audit, digest: str) -> tuple[Block, ...]:
    """Return section 10: warnings, the methods in words, and the hash of the audit."""
    tool = audit.tool
    tested = "done, see the part after this" if audit.selftest else f"not done; {_SELFTEST}"
    return (
        Heading(text="Warnings"),
        *_warnings(audit),
        *make_words(audit),
        Heading(text="Were the tools themselves tested?"),
        Paragraph(
            text="Worked examples recomputed in this environment before scoring: "
            f"{shown(tool.get('numeric_check') or 'not done')}. Self-test of the gate, which "
            f"plants biases and counts how many are caught: {tested}."
        ),
        Heading(text="Methods, to be copied into a paper"),
        *(Paragraph(text=text) for text in methods_text(audit)),
        Heading(text="Sources of the methods"),
        Items(texts=list_sources(audit.findings)),
        Heading(text="Data and how to run it again"),
        Paragraph(text=f"SHA-256 of the audit.json this page was made from: {digest}"),
        Paragraph(
            text="Hash of the cases, references and metrics of the benchmark: "
            f"{shown(audit.benchmark.get('hash'))}"
        ),
        Paragraph(
            text=f"The command, for pytest-biasruler {shown(tool.get('version'))} in the folder "
            "that pytest prints as rootdir, is:"
        ),
        Paragraph(text=write_command(audit), tone="code"),
        Paragraph(
            text="The same cases, masks and limits give the same numbers on any machine and with "
            "any number of workers."
        ),
    )


def _policy_option(audit: Audit) -> list[str]:
    """Return the policy as an option, unless checks have their own, which it would override."""
    policy = audit.settings.get("policy")
    policies = {finding.policy for finding in audit.findings}
    return [f"--biasruler-policy={shown(policy)}"] if policies == {policy} else []


_SELFTEST = "--biasruler-selftest does it"


def write_command(audit: Audit) -> str:
    """Return how to run the audit again, with what changed its result and without its paths."""
    ids = [finding.id for finding in audit.findings]
    ids += [error["id"] for error in (audit.accounting.get("checks") or {}).get("errors") or ()]
    known = dict.fromkeys(each.partition("::")[0] for each in ids if "::" in each)
    files = [printable(name) for name in known] or ["biasruler.toml"]
    quoted = [shlex.quote(name) for name in files[:MOST_FILES]]
    settings = audit.settings
    options = [
        *_policy_option(audit),
        *(["--biasruler-public"] if settings.get("public") else []),
        *(["--biasruler-show-cases"] if settings.get("show_cases") else []),
        *(["--biasruler-selftest"] if audit.selftest else []),
        *("--biasruler-json=audit.json", "--biasruler-html=audit.html"),
    ]
    return " ".join(["pytest", *quoted, *options])


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
    return (
        make_table("Accepted, but worth knowing", ("code", "where", "n", "what"), rows),
        *tell_codes(audit.warnings),
    )


def methods_text(audit: Audit) -> tuple[str, ...]:
    """Return the methods as paragraphs, every convention named and the numbers filled in."""
    asked = sorted({str(f.metric) for f in audit.findings if f.metric})
    return (
        _told_data(audit, asked),
        _told_bounds(audit),
        _told_family(audit),
        *_metric_conventions(audit, asked),
        "Random steps use a seeded 64-bit permuted congruential generator whose stream is fixed, "
        "so results do not depend on machine, workers or order.",
    )


def _told_data(audit: Audit, asked: list[str]) -> str:
    n_cases, n_patients = (audit.benchmark.get(key) for key in ("n_cases", "n_patients"))
    size = "number of cases withheld"
    if n_cases is not None and n_patients is not None:
        size = f"{counted(n_cases, 'case')} of {counted(n_patients, 'patient')}"
    titles = joined([metric_title(name) for name in asked])
    return (
        f"We audited {shown(audit.benchmark.get('name'))} ({size}) with pytest-biasruler "
        f"{shown(audit.tool.get('version'))}.{_told_questions(audit)} Each case has one score per "
        f"model, reference and metric ({titles}); a check compares the mean of one number per "
        "case between subgroups. For the distortion of a gap by an automated reference that "
        "number is the score under the automated reference minus the score under the expert one, "
        "so both are compared on the same cases."
    )


def _told_questions(audit: Audit) -> str:
    """Return how many checks of which kind there were, with their limits."""
    if not audit.findings:
        return ""
    kinds = Counter(finding.check for finding in audit.findings)
    told = []
    for check, n in kinds.items():
        of_kind = (f for f in audit.findings if f.check == check and f.limit is not None)
        # The limit of `noise` without levels is computed, and has all its digits.
        limits = sorted({format_limit(f.limit) for f in of_kind if f.details.get("form") is None})
        at = f" (limit {' or '.join(limits)})" if limits else ""
        told.append(f"{n} {check}{at}")
    n_all = counted(len(audit.findings), "check")
    return f" It made {n_all}: {', '.join(told)}."


def _told_bounds(audit: Audit) -> str:
    alphas = sorted({f.estimate.alpha for f in audit.findings if f.estimate is not None})
    alpha = " and ".join(typeset(f"{value:g}") for value in alphas) or "0.05"
    return (
        "Differences of subgroup means have guarded, cluster-robust Welch bounds with "
        "Satterthwaite degrees of freedom; patients are the clusters. The lower and the upper "
        f"bound each err in at most {alpha} of benchmarks: alpha is one-sided per bound, so the "
        "pair is not a 95 % interval; a plain two-sided 95 % interval is printed beside it. The "
        "guard: each bound "
        "must also hold after half a phantom patient with the worst supported value is added to "
        "either subgroup, because a small subgroup may simply not have drawn its rare misses. "
        "Lower bounds are corrected for the number of pairs by the max-T method. FAIL means that "
        "the lower bound is above the limit, PASS that the upper bound is below it, INCONCLUSIVE "
        "anything else; all comparisons are strict and made before rounding."
    )


def _told_family(audit: Audit) -> str:
    n_family = sum(finding.p_fail_holm is not None for finding in audit.findings)
    over = f"the {n_family} checks with a p-value" if n_family > 1 else "the declared checks"
    return (
        f"Over {over}, a FAIL also needs a Holm-adjusted p of at most "
        "alpha; a PASS needs no correction, since a release passes only if every check does. "
        f"{_told_small(audit)} cases without metadata form a visible subgroup. Test outcomes "
        f"follow the policy {shown(audit.settings.get('policy') or 'confident-fail')}."
    )


def _told_small(audit: Audit) -> str:
    least = audit.benchmark.get("min_patients")
    small = (
        f"Subgroups of fewer than {least} patients (unless a check says otherwise) are"
        if least
        else "Subgroups below the declared minimum of patients are"
    )
    if not audit.settings.get("public"):
        return f"{small} shown, never judged;"
    return f"{small} never judged, and of those of 1 to 10 patients nothing is shown;"


def _metric_conventions(audit: Audit, asked: list[str]) -> tuple[str, ...]:
    texts = []
    if any(name in DISTANCES for name in asked):
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
