from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.reasons import tell_reason, unmet_criteria


def _group(name, *, n_cases=40, n_patients=20, status=Status.JUDGED):
    return SimpleNamespace(name=name, n_cases=n_cases, n_patients=n_patients, status=status)


def _finding(reason, *groups, check="gap", **details):
    return SimpleNamespace(reason=reason, check=check, groups=groups, details=details)


TOLD = {
    "of subgroups, those below the least size": (
        _finding(
            "too few subgroups",
            _group("younger", n_patients=84, status=Status.TOO_SMALL),
            _group("older", n_patients=95),
        ),
        "too few subgroups: younger has 84 patients, fewer than min_patients; older has 95 "
        "patients",
    ),
    "of sites, the fewest of all contrasts": (
        _finding("too few sites", min_sites=9, contrasts=[{"n_sites": 8}, {"n_sites": 6}]),
        "too few sites: 6 usable, min_sites 9",
    ),
    "of an echo, what its cases lack": (
        _finding(
            "thin evidence",
            _group("all", n_patients=3),
            check="echo",
            dropped={"all": {"few_errors": 36, "empty_expert": 1}},
        ),
        "thin evidence: 36 cases with no or too few mistakes of the label to be repeated; 1 case "
        "with an empty expert mask; 3 patients left, fewer than min_patients",
    ),
    "of missing values, whose": (
        _finding(
            "missing values",
            _group("younger", n_cases=90),
            _group("older", n_cases=96),
            counts={"excluded": {"younger": 6, "older": 4}, "undefined": {"younger": 4}},
        ),
        "missing values: 10 of 100 cases of younger have no score",
    ),
    "of missing shapes, which": (
        _finding("missing values", missing_features=["sphericity"]),
        "missing values: sphericity",
    ),
    "what is dropped from an echo is not lost": (
        _finding(
            "missing values",
            _group("a", n_cases=50),
            counts={"undefined": {"a": 50}},
            dropped={"a": {"few_errors": 40}},
        ),
        "missing values: 10 of 60 cases of a have no score",
    ),
    "a control in a name is made visible": (
        _finding("too few subgroups", _group("\x1bb", n_patients=1)),
        "too few subgroups: \\x1bb has 1 patient",
    ),
    "a reason that says it all": (_finding("multiplicity"), "multiplicity"),
    "a reason of which no more is known": (_finding("no overlap"), "no overlap"),
}


@pytest.mark.parametrize(("finding", "text"), TOLD.values(), ids=TOLD.keys())
def test_a_reason_is_told_with_what_it_speaks_of(finding, text):
    assert tell_reason(finding) == text


CRITERIA = {
    "a share with its side of the limit": (
        {
            "criterion": "c",
            "text": "difference between subgroups in the share of cases excluded or undefined",
            "number": 0.0502,
            "limit": 0.05,
            "verdict": "FAIL",
        },
        "difference between subgroups in the share of cases excluded or undefined "
        "(0.0502, limit 0.050)",
    ),
    "an estimate that may lie on either side": (
        {
            "criterion": "c",
            "text": "share of cases excluded",
            "number": 0.0,
            "limit": 0.05,
            "verdict": "INCONCLUSIVE",
        },
        "share of cases excluded (0.000, not shown to be within 0.050)",
    ),
    "a number of patients as one": (
        {
            "criterion": "e",
            "text": "patients with an expert label in the judged subgroup that has fewest",
            "number": 19,
            "limit": 20.0,
            "verdict": "INCONCLUSIVE",
        },
        "patients with an expert label in the judged subgroup that has fewest (19, limit 20)",
    ),
    "words alone where there is no number": (
        {"criterion": "a", "text": "judged by nobody", "number": None, "verdict": "FAIL"},
        "judged by nobody",
    ),
}


@pytest.mark.parametrize(("criterion", "told"), CRITERIA.values(), ids=CRITERIA.keys())
def test_an_unmet_criterion_is_told_whole_and_with_its_numbers(criterion, told):
    met = {**criterion, "verdict": "PASS"}
    reported = {**criterion, "verdict": "INFO"}

    assert unmet_criteria(_finding(None, criteria=[met, criterion, reported])) == [told]
