"""An audit with every check, verdict and outcome of this step, as plain dicts worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_biasruler.audit import Audit
from pytest_biasruler.checks.finding import Estimate, Finding, Group, Status, Verdict
from pytest_biasruler.report.forms import render_form

AGES = ("0–40", "41–55", "56–120")
METHOD = (
    "guarded cluster-robust Welch, max-T level 0.9790 for the lower bound, 0.9500 for the upper"
)
HOSTILE = (
    "<script>alert(1)</script>",
    '"onmouseover="alert(1)',
    "</script><b>",
    "]]>",
    "javascript:alert(1)",
    "\x1b[31mred",
    "::error::boo",
    "a|b`c",
    "two\nlines",
    "left\u202eright",
    "n" * 10_000,
    "007",
    "NA",
    "",
)


def make_estimate(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    pair: tuple[str, str] | None = None,
) -> Estimate:
    ci95 = (None, None) if value is None else (value - 0.04, value + 0.04)
    return Estimate(
        value=value, low=low, high=high, ci95=ci95, pair=pair, method=METHOD, alpha=0.05
    )


def make_group(
    name: str, n: int, mean: float | None, sd: float | None, status: Status = Status.JUDGED
) -> Group:
    return Group(name=name, n_cases=n, n_patients=n, mean=mean, sd=sd, status=status)


def make_finding(check: str = "gap", **changes: Any) -> Finding:
    """Return a finding in which nothing is remarkable but what `changes` says."""
    fields: dict[str, Any] = {
        "id": f"biasruler.toml::{check}[dice-age-unet]",
        "check": check,
        "metric": "dice",
        "unit": "",
        "label": None,
        "by": ("age",),
        "model": "unet",
        "reference": "expert",
        "automated": None,
        "baseline": None,
        "support": "pooled",
        "policy": "confident-fail",
        "waive": None,
        "limit": 0.05,
        "statement": "Dice differs by 0.112 between subgroups of age",
        "estimate": make_estimate(0.112, 0.0712, 0.1543, pair=("56–120", "0–40")),
        "verdict": Verdict.FAIL,
        "reason": None,
        "p_fail": 0.0004,
        "p_fail_holm": 0.002,
        "min_detectable": 0.041,
        "groups": age_groups(),
        "details": {},
        "outcome": "failed",
    }
    return Finding(**{**fields, **changes})


def age_groups() -> tuple[Group, ...]:
    means = ((41, 0.7003, 0.181), (107, 0.7421, 0.122), (152, 0.8123, 0.098))
    return tuple(make_group(n, c, m, s) for n, (c, m, s) in zip(AGES, means, strict=True))


def quantiles(centre: float, width: float) -> list[float]:
    return [round(min(1.0, max(0.0, centre + width * (i - 20) / 20)), 4) for i in range(41)]


def square(x: int, y: int, side: int) -> str:
    return f"M{x} {y}h{side}v{side}h-{side}z"


def gallery(subgroup: str) -> list[dict[str, Any]]:
    worst = [
        {
            "case": f"case-{n:03d}",
            "subgroup": subgroup,
            "score": 0.11 + 0.03 * n,
            "number": -0.02 * n,
            "volume_ml": 1.24 * n,
            "outlines": {
                "expert": square(6, 5, 20) + square(30, 8, 4),
                "automated": square(8, 8, 14),
                "model": square(10, 9, 12),
            },
            "width": 40.0,
            "height": 32.0,
            "kind": "worst" if n < 4 else "median",
        }
        for n in range(1, 6)
    ]
    return [*worst, {"case": "case-099", "subgroup": subgroup, "score": None, "outlines": {}}]


def pair(a: str, b: str, estimate: float, half: float, p: float) -> dict[str, Any]:
    return {
        "a": a,
        "b": b,
        "estimate": estimate,
        "low": estimate - half,
        "high": estimate + half,
        "p": p,
    }


def age_pairs() -> list[dict[str, Any]]:
    found = [
        pair(AGES[2], AGES[0], 0.112, 0.0411, 0.0004),
        pair(AGES[2], AGES[1], 0.0702, 0.0281, 0.091),
        pair(AGES[1], AGES[0], 0.0418, 0.0402, 0.62),
    ]
    return found + [pair(p["b"], p["a"], -p["estimate"], 0.04, 1.0) for p in found]


def gap_age() -> Finding:
    return make_finding(
        statement=(
            "Dice differs by 0.112 between subgroups of age "
            "(best 56–120: 0.812, worst 0–40: 0.700)"
        ),
        details={
            "kind": "spread",
            "pairs": age_pairs(),
            "level": 0.979,
            "counts": {"excluded": {AGES[0]: 4, AGES[1]: 1, AGES[2]: 1}, "undefined": {}},
            "too_small": [],
            "needed": None,
            "distribution": {
                AGES[0]: quantiles(0.70, 0.29),
                AGES[1]: quantiles(0.74, 0.22),
                AGES[2]: quantiles(0.81, 0.15),
            },
            "complement": {AGES[0]: -0.083, AGES[1]: -0.047, AGES[2]: 0.081},
            "published": {
                "worst": 0.7003,
                "max_min": 0.112,
                "sd_ddof0": 0.0462,
                "sd_ddof1": 0.0566,
                "ser": 1.597,
                "es_sum": 0.68,
                "es_sd": 0.732,
            },
            "heterogeneity_sd": 0.051,
            "tipping": 0.0212,
            "agreed_absent": {AGES[0]: 2, AGES[1]: 0, AGES[2]: 1},
            "gap_without_absent": 0.121,
            "proven_by": "expert",
            "gallery": gallery(AGES[0]),
        },
    )


def ruler_age() -> Finding:
    means = {"expert": (0.7003, 0.7421, 0.8123), "automated": (0.7641, 0.7692, 0.7951)}
    groups = tuple(
        make_group(g.name, g.n_cases, automated - expert, 0.05)
        for g, expert, automated in zip(
            age_groups(), means["expert"], means["automated"], strict=True
        )
    )
    return make_finding(
        "ruler",
        automated="automated",
        support="symmetric",
        limit=0.03,
        estimate=make_estimate(0.081, 0.0491, 0.1151, pair=(AGES[0], AGES[2])),
        statement=(
            "The automated reference hides 0.081 of the age gap (experts 0.112, automated 0.031)"
        ),
        p_fail=0.0002,
        p_fail_holm=0.0012,
        groups=groups,
        details={
            "pairs": [pair(AGES[0], AGES[2], 0.081, 0.033, 0.0002)],
            "level": 0.979,
            "direction": "masks",
            "direction_confirmed": True,
            "direction_pair": [AGES[2], AGES[0]],
            "distortion_signed": {"value": -0.081, "low": -0.108, "high": -0.054},
            "strength": ["beyond limit"],
            "gap_limit": 0.05,
            "gap_expert": {
                "value": 0.112,
                "low": 0.0712,
                "high": 0.1543,
                "pair": [AGES[2], AGES[0]],
                "verdict": "FAIL",
                "reason": None,
                "means": dict(zip(AGES, means["expert"], strict=True)),
            },
            "gap_automated": {
                "value": 0.031,
                "low": 0.004,
                "high": 0.0604,
                "pair": [AGES[2], AGES[0]],
                "verdict": "INCONCLUSIVE",
                "reason": "borderline",
                "means": dict(zip(AGES, means["automated"], strict=True)),
            },
            "flip": "blurred harm",
            "ratio": {"status": "bounded", "value": 0.277, "low": 0.04, "high": 0.61},
            "hidden_share": 0.723,
            "offset": dict(zip(AGES, (0.052, 0.015, -0.029), strict=True)),
            "sd_ratio": {"value": 0.61, "low": 0.52, "high": 0.69},
            "variance_collapse": True,
            "false_confidence": False,
            "agreement": {
                "all": {
                    "model_expert": 0.7713,
                    "model_automated": 0.7821,
                    "automated_expert": 0.7402,
                },
                **{
                    name: {
                        "model_expert": expert,
                        "model_automated": automated,
                        "automated_expert": expert - 0.02,
                    }
                    for name, expert, automated in zip(AGES, *means.values(), strict=True)
                },
            },
            "near_twins": True,
            "leakage": {"found": True, "trained_on": True, "identical_share": 0.021},
            "worst_flip": {
                "point": True,
                "confirmed": False,
                "probability": 0.31,
                "worst_expert": AGES[0],
                "worst_automated": AGES[1],
            },
            "human_floor": {"second_expert": "second", "value": 0.011, "low": 0.0, "high": 0.024},
        },
    )


def ruler_sex() -> Finding:
    return make_finding(
        "ruler",
        id="biasruler.toml::ruler[dice-sex-unet]",
        by=("sex",),
        automated="automated",
        limit=0.02,
        estimate=make_estimate(0.006, 0.0, 0.0121, pair=("F", "M")),
        statement="The two references show the same sex gap to within 0.012",
        verdict=Verdict.PASS,
        outcome="passed",
        p_fail=0.97,
        p_fail_holm=1.0,
        groups=(make_group("F", 148, 0.011, 0.05), make_group("M", 152, 0.005, 0.04)),
        details={
            "direction": "inflates",
            "direction_confirmed": False,
            "distortion_signed": {"value": 0.006, "low": -0.001, "high": 0.013},
            "strength": ["ruled out"],
            "gap_limit": 0.05,
            "gap_expert": {
                "value": 0.012,
                "low": 0.0,
                "high": 0.03,
                "pair": ["M", "F"],
                "verdict": "PASS",
                "reason": None,
                "means": {"F": 0.765, "M": 0.777},
            },
            "gap_automated": {
                "value": 0.018,
                "low": 0.0,
                "high": 0.034,
                "pair": ["M", "F"],
                "verdict": "PASS",
                "reason": None,
                "means": {"F": 0.776, "M": 0.782},
            },
            "flip": "agreed pass",
            "ratio": {"status": "undefined", "value": None, "low": None, "high": None},
            "near_twins": False,
            "variance_collapse": False,
            "leakage": {"found": False, "trained_on": False, "identical_share": 0.0},
        },
    )


def gap_ethnicity() -> Finding:
    return make_finding(
        id="biasruler.toml::gap[dice-ethnicity-unet]",
        by=("ethnicity",),
        estimate=make_estimate(0.04, -0.0101, 0.0903, pair=("caucasian", "african american")),
        statement=(
            "Dice differs by 0.040 between subgroups of ethnicity (best caucasian: 0.781, "
            "worst african american: 0.741)"
        ),
        verdict=Verdict.INCONCLUSIVE,
        reason="underpowered",
        outcome="inconclusive",
        p_fail=0.71,
        p_fail_holm=1.0,
        min_detectable=0.062,
        groups=(
            make_group("african american", 24, 0.741, 0.16),
            make_group("caucasian", 241, 0.781, 0.13),
            make_group("hawaiian/pacific islander", 3, 0.69, 0.2, Status.TOO_SMALL),
            make_group("native american", 0, None, None, Status.EMPTY),
            make_group("missing", 32, 0.752, 0.15, Status.MISSING),
        ),
        details={
            "pairs": [pair("caucasian", "african american", 0.04, 0.0501, 0.71)],
            "level": 0.95,
            "counts": {"excluded": {"african american": 1}, "undefined": {"caucasian": 2}},
            "too_small": ["hawaiian/pacific islander"],
            "shrunk": {"hawaiian/pacific islander": {"mean": 0.761, "sd": 0.031}},
            "needed": {"african american": 180, "caucasian": 12_000},
            "distribution": {
                "african american": quantiles(0.741, 0.25),
                "caucasian": quantiles(0.781, 0.2),
            },
            "tipping": 0.0,
            "proven_by": "expert",
        },
    )


def others() -> tuple[Finding, ...]:
    return (
        make_finding(
            id="biasruler.toml::gap[nsd-age-unet]",
            metric="nsd",
            statement="NSD differs by 0.091 between subgroups of age",
            estimate=make_estimate(0.091, 0.051, 0.132, pair=("56–120", "0–40")),
            waive={"reason": "relabelling under way", "until": "2027-03-31"},
            outcome="waived",
        ),
        make_finding(
            id="biasruler.toml::gap[hd95_mm-sex-unet]",
            metric="hd95_mm",
            unit="mm",
            by=("sex",),
            limit=4.0,
            statement="HD95 differs by 0.621 mm between subgroups of sex",
            estimate=make_estimate(0.621, 0.0, 2.113, pair=("M", "F")),
            verdict=Verdict.PASS,
            outcome="passed",
            p_fail=1.0,
            p_fail_holm=1.0,
            groups=(make_group("F", 148, 9.81, 11.2), make_group("M", 152, 9.19, 10.1)),
        ),
        make_finding(
            id="biasruler.toml::gap[dice-age+sex-unet]",
            by=("age", "sex"),
            statement="Dice differs by 0.204 between subgroups of age and sex",
            estimate=make_estimate(0.204, None, None, pair=("g12", "g01")),
            verdict=Verdict.INCONCLUSIVE,
            reason="borderline",
            outcome=None,
            groups=tuple(make_group(f"g{n:02d}", 25, 0.6 + n / 60, 0.1) for n in range(1, 13)),
            details={
                "pairs": [
                    pair(f"g{a:02d}", f"g{b:02d}", (a - b) / 60, 0.05, 0.5)
                    for a in range(1, 13)
                    for b in range(1, 13)
                    if a != b
                ]
            },
        ),
        make_finding(
            "labels",
            automated="automated",
            model=None,
            statement=(
                "The automated labels agree less with experts for age 0–40 than for 56–120, by "
                "0.053 Dice (0.808 against 0.861), case ambiguity included"
            ),
            estimate=make_estimate(0.053, 0.021, 0.084, pair=("56–120", "0–40")),
            verdict=Verdict.INCONCLUSIVE,
            reason="multiplicity",
            outcome="inconclusive",
            details={
                "ler": dict(zip(AGES, (0.29, 0.25, 0.21), strict=True)),
                "direction": dict(zip(AGES, (-0.061, -0.012, 0.004), strict=True)),
                "relative_risk": {
                    "of": "56–120",
                    "0–40": {"status": "bounded", "value": 1.38, "low": 1.1, "high": 1.7},
                    "41–55": {"status": "undefined", "value": None, "low": None, "high": None},
                },
                "pooled": {name: {"ler": 0.2, "direction": 0.01} for name in AGES},
                "empty_share": dict(zip(AGES, (0.024, 0.0, 0.0), strict=True)),
                "ambiguity_included": True,
                "anchoring": {"value": 0.012, "ci95": [0.003, 0.021]},
            },
        ),
        make_finding(
            "labels",
            id="biasruler.toml::labels[signed_volume_error-sex]",
            metric="signed_volume_error",
            by=("sex",),
            model=None,
            automated="automated",
            statement=(
                "The automated labels are drawn 1.0 % too small for F and 2.0 % too large for M "
                "(sex)"
            ),
            estimate=make_estimate(0.03, 0.0, 0.0499999, pair=("M", "F")),
            verdict=Verdict.PASS,
            outcome="passed",
            groups=(make_group("F", 148, -0.01, 0.1), make_group("M", 152, 0.02, 0.1)),
        ),
        make_finding(
            "success",
            limit=0.8,
            support="bounds",
            statement=(
                "54.0 % of age 0–40 against 62.0 % of age 56–120 reach Dice > 0.8 (ratio 0.871)"
            ),
            estimate=make_estimate(0.871, 0.6512, 1.0, pair=("56–120", "0–40")),
            verdict=Verdict.INCONCLUSIVE,
            reason="underpowered",
            outcome="inconclusive",
            details={
                "statistic": "ratio",
                "threshold": 0.8,
                "definition": "a case succeeds if its Dice is above 0.8",
                "rates": dict(zip(AGES, (0.54, 0.58, 0.62), strict=True)),
                "dpd": 0.08,
                "dir": {"value": 0.871, "low": 0.6512, "high": 1.0},
                "katz": [0.6034, 1.2573],
                "sweep": [
                    {
                        "threshold": round(0.5 + 0.05 * i, 2),
                        "rates": dict(
                            zip(
                                AGES,
                                (0.95 - 0.09 * i, 0.96 - 0.08 * i, 0.98 - 0.075 * i),
                                strict=True,
                            )
                        ),
                        "dir": (0.95 - 0.09 * i) / (0.98 - 0.075 * i),
                        "low": (0.95 - 0.09 * i) / (0.98 - 0.075 * i) - 0.2,
                        "high": 1.0,
                        "dpd": 0.03 + 0.015 * i,
                        "worst": "0–40",
                        "verdict": "INCONCLUSIVE" if i > 3 else "PASS",
                    }
                    for i in range(10)
                ],
                "fragile": True,
                "saturated": False,
                "needed": {"0–40": 220},
            },
        ),
        make_finding(
            "floor",
            limit=0.6,
            support="bounds",
            statement="The worst-off subgroup of age (0–40) has Dice 0.700",
            estimate=make_estimate(0.7003, 0.641, 0.7512),
            verdict=Verdict.PASS,
            outcome="passed",
            p_fail=1.0,
            details={
                "bounds": {
                    g.name: {"mean": g.mean, "low": g.mean - 0.06, "high": g.mean + 0.05}
                    for g in age_groups()
                },
                "worst": "0–40",
            },
        ),
        make_finding(
            "provenance",
            id="biasruler.toml::provenance[ethnicity-unet]",
            metric=None,
            by=("ethnicity",),
            limit=None,
            estimate=None,
            statement=(
                "1 of 4 subgroups of ethnicity are too small to judge; 32 of 306 cases have no "
                "ethnicity"
            ),
            verdict=Verdict.INCONCLUSIVE,
            reason="thin evidence",
            outcome="inconclusive",
            p_fail=None,
            p_fail_holm=None,
            min_detectable=None,
            groups=(
                make_group("african american", 25, 0.04, 0.2),
                make_group("caucasian", 246, 0.02, 0.14),
                make_group("missing", 32, 0.0, 0.0, Status.MISSING),
            ),
            details={
                "criteria": [
                    {
                        "criterion": "d",
                        "text": "subgroups with fewer than 20 patients",
                        "number": 1.0,
                        "limit": 0.0,
                        "verdict": "INCONCLUSIVE",
                    },
                    {
                        "criterion": "f",
                        "text": "share of cases without ethnicity",
                        "number": 0.1046,
                        "limit": 0.1,
                        "verdict": "INCONCLUSIVE",
                    },
                ],
                "exclusions": [
                    {"reason": "BR101", "subgroup": "caucasian", "reference": "expert", "n": 4}
                ],
                "sources": {
                    "african american": {"expert": 24, "automated_only": 1, "none": 0},
                    "caucasian": {"expert": 200, "automated_only": 41, "none": 5},
                    "missing": {"expert": 32, "automated_only": 0, "none": 0},
                },
            },
        ),
    )


def score_rows() -> tuple[dict[str, Any], ...]:
    rows = []
    for reference, shift in (("automated", 0.02), ("expert", 0.0)):
        for group in age_groups():
            mean = (group.mean or 0.0) + shift
            rows.append(
                {
                    "metric": "dice",
                    "label": "",
                    "model": "unet",
                    "reference": reference,
                    "attribute": "age",
                    "subgroup": group.name,
                    "n_cases": group.n_cases,
                    "n_patients": group.n_patients,
                    "mean": mean,
                    "sd": group.sd,
                    "median": mean + 0.02,
                    "worst_tenth": mean - 0.3,
                    "above_threshold": 0.58,
                }
            )
    return tuple(rows)


def make_audit(**changes: Any) -> Audit:
    """Return the example audit, with some of its fields changed."""
    fields: dict[str, Any] = {
        "benchmark": {
            "name": "Breast DCE-MRI",
            "n_cases": 306,
            "n_patients": 306,
            "hash": "a1" * 32,
        },
        "tool": {
            "version": "0.1.0",
            "python": "3.11.9",
            "numpy": "2.1.0",
            "scipy": "1.14.0",
            "numeric_check": "12 of 12 agree",
        },
        "settings": {
            "policy": "confident-fail",
            "both_empty": "score",
            "show_cases": False,
            "run_date": "2026-11-23",
        },
        "models": {"unet": {"trained_on": "automated", "digest": "b2" * 32}},
        "references": {
            "automated": {
                "kind": "automated",
                "n_read": 306,
                "n_excluded": 0,
            },
            "expert": {"kind": "expert", "n_read": 300, "n_excluded": 6},
        },
        "attributes": {
            "age": {
                "column": "age",
                "bins": [0, 41, 56, 120],
                "merges": {},
                "missing_tokens": [""],
                "judge_missing": False,
                "missing": "missing",
                "subgroups": [
                    {"name": AGES[0], "n_cases": 45, "n_patients": 45, "share": 45 / 306},
                    {"name": AGES[1], "n_cases": 108, "n_patients": 108, "share": 108 / 306},
                    {"name": AGES[2], "n_cases": 153, "n_patients": 153, "share": 0.5},
                ],
            },
            "ethnicity": {
                "column": "ethnicity",
                "bins": None,
                "merges": {"hawaiian/pacific islander": ["hawaian", "hawaiian"]},
                "missing_tokens": ["", "unknown"],
                "judge_missing": False,
                "missing": "missing",
                "subgroups": [
                    {
                        "name": "african american",
                        "n_cases": 25,
                        "n_patients": 25,
                        "share": 25 / 306,
                    },
                    {"name": "caucasian", "n_cases": 246, "n_patients": 246, "share": 246 / 306},
                    {
                        "name": "hawaiian/pacific islander",
                        "n_cases": 3,
                        "n_patients": 3,
                        "share": 3 / 306,
                    },
                    {"name": "native american", "n_cases": 0, "n_patients": 0, "share": 0.0},
                    {"name": "missing", "n_cases": 32, "n_patients": 32, "share": 32 / 306},
                ],
            },
        },
        "labels": {"tumor": [1]},
        "metrics": {
            "dice": {
                "title": "Dice",
                "unit": "",
                "direction": "higher",
                "range": [0.0, 1.0],
                "convention": "",
                "both_empty": 1.0,
                "one_empty": 0.0,
                "parameters": {},
            },
            "nsd": {
                "title": "NSD",
                "unit": "",
                "direction": "higher",
                "range": [0.0, 1.0],
                "convention": "surfel",
                "both_empty": 1.0,
                "one_empty": 0.0,
                "parameters": {"tolerance_mm": 2.0},
            },
            "hd95_mm": {
                "title": "HD95",
                "unit": "mm",
                "direction": "lower",
                "range": [0.0, None],
                "convention": "surfel",
                "both_empty": 0.0,
                "one_empty": "image diagonal",
                "parameters": {},
            },
        },
        "scores": score_rows(),
        "warnings": (
            {
                "code": "BR304",
                "set": "expert",
                "n": 3,
                "text": "3 cases are agreed absent: both masks are empty",
            },
        ),
        "accounting": {
            "expected": 306,
            "scored": 300,
            "excluded": [
                {
                    "reason": "BR101",
                    "attribute": None,
                    "subgroup": "all",
                    "n": 4,
                    "reference": "expert",
                },
                {
                    "reason": "BR220",
                    "attribute": None,
                    "subgroup": "all",
                    "n": 2,
                    "reference": "expert",
                },
                {
                    "reason": "BR101",
                    "attribute": "age",
                    "subgroup": AGES[0],
                    "n": 4,
                    "reference": "expert",
                },
                {
                    "reason": "BR220",
                    "attribute": "age",
                    "subgroup": AGES[2],
                    "n": 2,
                    "reference": "expert",
                },
            ],
            "unreadable": [
                {"model": "unet", "reason": "BR101", "attribute": None, "subgroup": "all", "n": 1}
            ],
            "n_excluded": 6,
            "reference": "expert",
            "references": {
                "automated": {"expected": 306, "scored": 306, "n_excluded": 0},
                "expert": {"expected": 306, "scored": 300, "n_excluded": 6},
            },
            "problems": [
                {
                    "case": "case-112",
                    "code": "BR101",
                    "text": "BR101 case-112: expert is no NIfTI file; expected one. Export it.",
                }
            ],
            "checks": {
                "declared": 12,
                "deselected": 0,
                "ran": 12,
                "missing": 0,
                "errors": [],
            },
        },
        "unasked": {"attributes": ["menopause", "bmi_group"], "n_other_columns": 14},
        "findings": (ruler_age(), gap_age(), gap_ethnicity(), ruler_sex(), *others()),
    }
    return Audit(**{**fields, **changes})


ERROR = {
    "id": "biasruler.toml::ruler[hd95_mm-age-unet]",
    "code": "BR503",
    "message": "BR503: no readable mask of second; expected one or more. Check its pattern.",
}


def with_checks(audit: Audit, **checks: Any) -> Audit:
    """Return the audit with other counts of checks."""
    accounting = {**audit.accounting, "checks": {**audit.accounting["checks"], **checks}}
    return replace(audit, accounting=accounting)


def make_hostile_audit() -> Audit:
    """Return an audit in which every name that comes from a file is hostile."""
    audit, findings = make_audit(), []
    for index, name in enumerate(HOSTILE):
        groups = tuple(
            make_group(f"{name}{other}", 30, 0.7 + 0.01 * i, 0.1)
            for i, other in enumerate(("", "'", "&amp;"))
        )
        findings.append(
            make_finding(
                id=f"biasruler.toml::gap[{name}-{index}]",
                by=(name,),
                model=name,
                label=name,
                reference=name,
                metric=name,
                unit=name,
                statement=f"Dice differs between subgroups of {name}",
                estimate=make_estimate(0.1, 0.06, 0.2, pair=(groups[0].name, groups[1].name)),
                waive={"reason": name, "until": "2027-03-31"},
                groups=groups,
                details={
                    "distribution": {group.name: quantiles(0.7, 0.1) for group in groups},
                    "gallery": [
                        {
                            "case": name,
                            "subgroup": name,
                            "score": 0.1,
                            "outlines": {"expert": name, "model": square(1, 1, 3)},
                            "width": 5,
                            "height": 5,
                        }
                    ],
                },
            )
        )
    return replace(
        audit,
        benchmark={**audit.benchmark, "name": HOSTILE[0]},
        models={name: {"trained_on": name, "digest": name} for name in HOSTILE},
        references={name: {"kind": name, "digest": name} for name in HOSTILE},
        attributes={
            name: {"column": name, "subgroups": [{"name": name, "n_cases": 3}]} for name in HOSTILE
        },
        labels={name: [name] for name in HOSTILE},
        metrics={name: {"convention": name, "parameters": {name: name}} for name in HOSTILE},
        scores=tuple(
            {"metric": name, "model": name, "subgroup": name, "mean": 0.5} for name in HOSTILE
        ),
        warnings=tuple({"code": name, "set": name, "n": 1, "text": name} for name in HOSTILE),
        unasked={"attributes": list(HOSTILE), "n_other_columns": 0},
        findings=tuple(findings),
        accounting={
            **audit.accounting,
            "excluded": [
                {"reason": n, "reference": "expert", "attribute": n, "subgroup": n, "n": 1}
                for n in HOSTILE
            ],
            "checks": {
                **audit.accounting["checks"],
                "errors": [{"id": name, "code": name, "message": name} for name in HOSTILE],
            },
        },
    )


GOLDEN = Path(__file__).parents[2] / "golden"
GOLDEN_FORMS = {
    "html": "page.html",
    "markdown": "summary.md",
    "badge": "badge.json",
    "gitlab-metrics": "metrics.txt",
    "gitlab-codequality": "codequality.json",
    "huggingface": "model-index.yaml",
    "csv-scores": "scores.csv",
    "csv-findings": "findings.csv",
}
"""Files of tests/golden, by the form in which they show the example."""


def write_golden() -> None:
    """Write the golden files anew; see tests/golden/README.md."""
    for kind, name in GOLDEN_FORMS.items():
        text = render_form(kind, make_audit(), prefix="study/")
        (GOLDEN / name).write_text(text, encoding="utf-8", newline="\n")
