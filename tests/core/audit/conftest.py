"""A benchmark of scores alone, in which the young score lower and the labels hide it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference


@pytest.fixture
def make_benchmark():
    def make(*checks, ages=None, drop=(), models=("unet",)):
        ages = ages or ["old"] * 40 + ["young"] * 30
        cases = [f"case{number:03d}" for number in range(len(ages))]
        n_old = ages.count("old")
        expert = np.r_[
            0.80 + 0.15 * (np.arange(1, n_old + 1) - 0.5) / n_old,
            0.65 + 0.25 * (np.arange(1, len(ages) - n_old + 1) - 0.5) / (len(ages) - n_old),
        ]
        automated = np.minimum(expert + np.where(np.array(ages) == "old", 0.01, 0.09), 1)
        rows = [("automated", "expert", expert)]
        rows += [(m, "expert", expert) for m in models]
        rows += [(m, "automated", automated) for m in models]
        table = pd.concat(
            pd.DataFrame({"case": cases, "model": model, "reference": reference, "dice": dice})
            for model, reference, dice in rows
        )
        return Benchmark(
            name="staircase",
            metadata=pd.DataFrame({"case": cases, "age": ages}),
            case="case",
            references=[
                Reference(name="expert", kind="expert"),
                Reference(name="automated", kind="automated"),
            ],
            models=[Model(name=name) for name in models],
            attributes=[Attribute(name="age")],
            scores=table[~table["case"].isin(drop)],
            checks=[Check(check, **{"by": "age", **keys}) for check, keys in checks],
        )

    return make
