"""How long does judging take once cases are scored: bounds by formula, or by resampling?"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.speed.figures import Figure, list_ratios
from pytest_biasruler.audit.judging import judge_declared
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.speed.asked import Asked
    from pytest_biasruler.checks.evidence import Evidence

    Gaps = dict[tuple[str, str, str], float]  # (model, metric, attribute) -> gap

N_CASES, N_ROUNDS = 1506, 3
METRICS = ("dice", "iou", "nsd")
MODELS = ("a", "b", "c", "d")
ATTRIBUTES = {"age": 4, "sex": 2, "site": 8, "density": 4, "scanner": 3}  # how many subgroups
N_BOOT = 100  # few: 1,000 and more are usual, and take ten times as long
N_RESAMPLES = 1000
TITLES = {
    "ours": "pytest-biasruler: 60 findings with bounds and verdicts",
    "fairlearn": f"fairlearn MetricFrame: 60 gaps, n_boot={N_BOOT}",
    "scipy": f"scipy.stats.bootstrap: 60 gaps, {N_RESAMPLES:,} resamples",
}


def measure(asked: Asked) -> dict[str, Any]:
    """Judge 60 gaps by each way in turn, and compare the gaps."""
    warnings.simplefilter("ignore")
    benchmark = make_up()
    evidence = prepare(benchmark)
    ways: dict[str, Callable[[], Gaps]] = {
        "ours": lambda: _judge(evidence),
        "fairlearn": lambda: _bootstrap(benchmark, _gap_of_fairlearn),
        "scipy": lambda: _bootstrap(benchmark, _gap_of_scipy),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    missing: dict[str, str] = {}
    expected = _judge(evidence)
    for _ in range(N_ROUNDS):
        for name, way in ways.items():
            if sum(seconds[name]) > asked.budget_s / 2:
                continue
            start = time.perf_counter()
            try:
                gaps = way()
            except ImportError as error:
                missing[name] = str(error)
                continue
            seconds[name].append(time.perf_counter() - start)
            _compare(name, gaps, expected)
    return {"figures": _list_figures(seconds), "missing": missing}


def make_up() -> Benchmark:
    """Return a benchmark with 60 gap checks on a made-up score table."""
    rng = np.random.default_rng(0)
    cases = [f"case{number:04d}" for number in range(N_CASES)]
    frames = [
        pd.DataFrame(
            {
                "case": cases,
                "model": model,
                "reference": "expert",
                **{metric: rng.beta(8, 2, N_CASES) for metric in METRICS},
            }
        )
        for model in MODELS
    ]
    groups = {name: rng.integers(0, n, N_CASES).astype(str) for name, n in ATTRIBUTES.items()}
    return Benchmark(
        name="made up",
        metadata=pd.DataFrame({"case": cases, **groups}),
        references=[Reference(name="expert", kind="expert")],
        models=[Model(name=name) for name in MODELS],
        attributes=[Attribute(name=name) for name in ATTRIBUTES],
        scores=pd.concat(frames),
        checks=[
            Check(
                "gap",
                metric=list(METRICS),
                by=list(ATTRIBUTES),
                model=list(MODELS),
                min_patients=20,
                limit=0.05,
            )
        ],
    )


def _list_figures(seconds: dict[str, list[float]]) -> list[dict[str, Any]]:
    figures = [
        Figure(name=name, title=TITLES[name], unit="s", values=tuple(values))
        for name, values in seconds.items()
        if values
    ]
    figures += [
        Figure(
            name=f"{name}/ours",
            title=f"{TITLES[name]} ÷ ours",
            unit="x",
            values=list_ratios(values, seconds["ours"][: len(values)]),
        )
        for name, values in seconds.items()
        if values and name != "ours"
    ]
    return [figure.to_plain() for figure in figures]


def _compare(name: str, gaps: Gaps, expected: Gaps) -> None:
    if gaps.keys() != expected.keys():
        raise ValueError(f"{name} judged {len(gaps)} gaps, not {len(expected)}")
    wrong = [key for key, gap in gaps.items() if not abs(gap - expected[key]) <= 1e-9]
    if wrong:
        raise ValueError(f"{name} finds other gaps than ours: {wrong[0]}")


def _judge(evidence: Evidence) -> Gaps:
    """Return the gap of every finding of 60 declared checks."""
    findings = [judgement.unwrap() for judgement in judge_declared(evidence)]
    return {
        (finding.model, finding.metric, finding.by[0]): finding.estimate.value
        for finding in findings
    }


def _bootstrap(benchmark: Benchmark, gap_of: Callable[[np.ndarray, np.ndarray], float]) -> Gaps:
    gaps: Gaps = {}
    for model, rows in benchmark.scores.groupby("model"):
        for metric in METRICS:
            scores = rows[metric].to_numpy()
            for name in ATTRIBUTES:
                groups = benchmark.metadata[name].to_numpy()
                gaps[str(model), metric, name] = gap_of(scores, groups)
    return gaps


def _gap_of_fairlearn(scores: np.ndarray, groups: np.ndarray) -> float:
    from fairlearn.metrics import MetricFrame

    frame = MetricFrame(
        metrics=lambda y_true, y_pred: y_pred.mean(),  # noqa: ARG005  (fairlearn names them so)
        y_true=scores,
        y_pred=scores,
        sensitive_features=groups,
        n_boot=N_BOOT,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    frame.difference_ci()
    return float(frame.difference())


def _gap_of_scipy(scores: np.ndarray, groups: np.ndarray) -> float:
    from scipy.stats import bootstrap

    samples = [scores[groups == name] for name in np.unique(groups)]
    bootstrap(
        samples,
        _spread,
        n_resamples=N_RESAMPLES,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(_spread(*samples))


def _spread(*groups: np.ndarray, axis: int = -1) -> np.ndarray:
    means = np.stack([group.mean(axis=axis) for group in groups])
    return np.ptp(means, axis=0)
