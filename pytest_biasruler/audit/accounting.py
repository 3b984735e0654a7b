"""Where every case went: expected = scored + excluded, by reason and by subgroup."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.job import Role, title_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding


_NO_MASK = "BR101"
_NOT_LABELLED = (_NO_MASK, "BR404")
"""No mask, no row: any other code is a label that is there and cannot be used."""


_OF_ONE_SCORE = ("gap", "success", "floor")


def account_for_cases(evidence: Evidence) -> dict[str, Any]:
    """Return the accounting of cases: for the audit, for each reference and for each model.

    The audit's own count is that of its first expert reference, or of its first reference if no
    expert drew one.
    """
    scored = evidence.scored
    references = {
        reference.name: _count(evidence, reference.name)
        for reference in evidence.benchmark.references
    }
    main = main_reference(evidence)
    return {
        **references.get(main, {"expected": len(evidence.cases), "scored": 0}),
        "reference": main,
        **_split(evidence),
        "references": references,
        "excluded": [
            {"reference": name, **row}
            for name in references
            for row in _by_subgroup(evidence, scored.excluded.get(name, {}))
        ],
        "unreadable": [
            {"model": name, **row}
            for name in sorted(scored.unreadable)
            for row in _by_subgroup(
                evidence, {**scored.sheared.get(name, {}), **scored.unreadable[name]}
            )
        ],
    }


def _split(evidence: Evidence) -> dict[str, Any]:
    """Return which part of the cases was audited, where the benchmark names one."""
    split = evidence.benchmark.split
    if split is None:
        return {}
    return {"split": {"name": split.title, "n_outside": len(evidence.metadata.outside)}}


def main_reference(evidence: Evidence) -> str:
    """Return the reference whose cases the headline counts."""
    references = evidence.benchmark.references
    experts = [r.name for r in references if r.kind == ReferenceKind.EXPERT]
    return next(iter([*experts, *(r.name for r in references)]), "")


def _count(evidence: Evidence, reference: str) -> dict[str, int]:
    expected = len(evidence.cases)
    n_excluded = len(evidence.scored.excluded.get(reference, {}))
    return {
        "expected": expected,
        "scored": expected - n_excluded,
        "n_excluded": n_excluded,
    }


def _by_subgroup(evidence: Evidence, codes: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for attribute in [None, *sorted(evidence.subgroups)]:
        of = evidence.subgroups[attribute].of if attribute is not None else None
        counts = Counter(
            (code, str(of[case]) if of is not None else "all") for case, code in codes.items()
        )
        rows += [
            {"attribute": attribute, "subgroup": subgroup, "reason": code, "n": n}
            for (code, subgroup), n in sorted(counts.items())
        ]
    return rows


def problem_lines(evidence: Evidence, *, show_cases: bool) -> list[dict[str, str]]:
    """Return one line for each mask that could not be used, its case under an alias.

    A mask that an expert was not meant to draw is no problem: `labelled_lines` counts the others.
    """
    aliases = evidence.scored.aliases
    planned = {f"{title_of(name, Role.EXPERT)} not found" for name in _planned(evidence.declared)}
    lines = []
    for problem in evidence.scored.problems:
        if problem.code == _NO_MASK and problem.found in planned:
            continue
        case = problem.where
        place = case if show_cases else aliases.get(case, "case")
        told = _filled(problem) if show_cases else problem.at(place)
        lines.append((place, problem.code, str(told)))
    for name, error in sorted(evidence.scored.errors.items()):
        lines.append((name, error.code, str(error.at(name))))
    return [{"case": place, "code": code, "text": text} for place, code, text in sorted(lines)]


def _filled(problem: BiasRulerError) -> BiasRulerError:
    """Return a problem with the name of its case in the template of its mask."""
    found, expected = (
        text.replace("{case}", problem.where) for text in (problem.found, problem.expected)
    )
    return BiasRulerError(problem.code, found, expected, problem.fix, problem.where)


def labelled_lines(findings: Iterable[Finding], cases: Mapping[str, Any]) -> list[str]:
    """Return how much of each reference was labelled that was meant to have a part of the cases.

    Parameters
    ----------
    findings : iterable of Finding
        A `rectified` check among them that says how the part was chosen names such a reference.
    cases : mapping
        ``accounting`` of the audit.
    """
    names = {
        str(finding.reference)
        for finding in findings
        if finding.check == "rectified" and _is_designed(finding.details.get("design") or {})
    }
    lines = []
    for name in sorted(names & cases.get("references", {}).keys()):
        n_open = sum(
            row["n"]
            for row in cases.get("excluded") or ()
            if row["reference"] == name
            and row["attribute"] is None
            and row["reason"] in _NOT_LABELLED
        )
        n = cases["references"][name]["expected"]
        if n_open:
            lines.append(f"{name}: {n - n_open:,} of {n:,} cases labelled")
    return lines


def undefined_scores(findings: Iterable[Finding]) -> dict[str, int]:
    """Return in how many cases a score that checks judge is undefined, the most first.

    By the score's metric, label and model. A case counts as scored if it has any row or both
    masks, whether or not the judged metric has a value there.

    Parameters
    ----------
    findings : iterable of Finding
        Those that tell counts: a public one does not.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> counts = {"undefined": {"old": 3, "young": 1}}
    >>> of_dice = {"check": "gap", "metric": "dice", "label": None, "model": "unet"}
    >>> undefined_scores([SimpleNamespace(**of_dice, details={"counts": counts})])
    {'dice of unet': 4}
    """
    found: dict[str, int] = {}
    for finding in findings:
        undefined = (finding.details.get("counts") or {}).get("undefined") or {}
        n = sum(each or 0 for each in undefined.values())
        # Differences of two scores have more causes; of predictions that count as worst, too.
        if finding.check in _OF_ONE_SCORE and n:
            score = " ".join(filter(None, (finding.metric, finding.label)))
            name = f"{score} of {finding.model}"
            found[name] = max(n, found.get(name, 0))
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _planned(declared: Iterable[DeclaredCheck]) -> set[str]:
    """Return the references of which a check says how the cases to label were chosen."""
    return {
        str(check.reference)
        for check in declared
        if check.check == "rectified" and _is_designed(check.options)
    }


def _is_designed(options: Mapping[str, Any]) -> bool:
    return bool(options.get("labelled") or options.get("probability"))
