"""Time the judging of 60 checks of 1,500 cases in six subgroups, after scoring.

Run it with ``python benchmarks/judging.py``. Scores are made up; nothing is read or measured.
"""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pandas as pd

from pytest_biasruler.audit.judging import judge_declared
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference

N_CASES, N_GROUPS, N_SITES, N_ROUNDS = 1500, 6, 8, 3
METRICS = ("dice", "iou", "nsd")


def make_up() -> Benchmark:
    """Return a benchmark with 60 checks on a made-up score table."""
    rng = np.random.default_rng(0)
    cases = [f"case{number:04d}" for number in range(N_CASES)]
    rows = []
    for model, reference in (
        *(("by_expert", kind) for kind in ("expert", "automated")),
        *(("by_machine", kind) for kind in ("expert", "automated")),
        ("automated", "expert"),
    ):
        columns = {metric: rng.beta(8, 2, N_CASES) for metric in METRICS}
        sizes = {"signed_volume_error": rng.normal(0, 0.1, N_CASES).clip(-1, 1)}
        keys = {"case": cases, "model": model, "reference": reference}
        rows.append(pd.DataFrame({**keys, **columns, **sizes}))
    by = {"by": ["a", "b"], "min_patients": 20}
    return Benchmark(
        name="made up",
        metadata=pd.DataFrame(
            {
                "case": cases,
                **{name: rng.integers(0, N_GROUPS, N_CASES).astype(str) for name in "ab"},
                "site": rng.integers(0, N_SITES, N_CASES).astype(str),
                "size": rng.normal(size=N_CASES).round(3).astype(str),
            }
        ),
        site="site",
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="automated", kind="automated"),
        ],
        models=[
            Model(name="by_expert", trained_on="expert"),
            Model(name="by_machine", trained_on="automated"),
        ],
        attributes=[Attribute(name="a"), Attribute(name="b")],
        scores=pd.concat(rows),
        checks=[
            Check("gap", metric=list(METRICS), **by),
            Check("ruler", metric=list(METRICS), **by),
            Check("labels", **by),
            Check("success", metric="dice", **by),
            Check("floor", metric=["dice", "nsd"], limit=0.5, **by),
            Check("amplification", metric=list(METRICS), **by),
            Check("difficulty", difficulty=["size"], **by),
            Check("ranking", **by),
            Check("transport", **by),
            Check("noise", **by),
            Check("rectified", labelled="random", **by),
            Check("provenance", **by),
        ],
    )


def main() -> None:
    """Print how long it takes, the median of some rounds, and where the time goes."""
    evidence = prepare(make_up())
    times = []
    for _ in range(N_ROUNDS):
        start = time.process_time()
        judgements = judge_declared(evidence)
        times.append(time.process_time() - start)
    asked = Counter(judgement.declared.check for judgement in judgements)
    errors = [str(judgement.error) for judgement in judgements if judgement.error is not None]
    print(f"{len(judgements)} checks: {sorted(times)[len(times) // 2]:.2f} s; {dict(asked)}")
    print("\n".join(errors) or "no errors")


if __name__ == "__main__":
    main()
