"""Evidence made of scores alone, so that a check can be tried without a mask."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.checks.evidence import Evidence
from pytest_biasruler.scoring.scored import Scored


def build_evidence(
    scores,
    subgroups,
    *,
    checks=(),
    metric="dice",
    patients=None,
    status=None,
    references=("expert", "automated"),
    trained_on=None,
    sites=None,
    models=("unet",),
    columns=None,
    missing=("",),
    attributes=(),
    **scored,
):
    """Return evidence of one attribute, ``age``; `scores` maps (model, reference) to columns.

    `columns` are further columns of the metadata, by name; `status` and `trained_on` may map
    (model, reference) or model to their own.
    """
    cases = [f"case{number:04d}" for number in range(len(subgroups))]
    kinds = {"expert": "expert", "automated": "automated", "second": "expert"}
    table = {"case": cases, "patient": patients or cases, "age": list(subgroups)}
    table |= {name: list(cells) for name, cells in (columns or {}).items()}
    benchmark = Benchmark(
        name="worked example",
        metadata=pd.DataFrame(table | ({} if sites is None else {"site": list(sites)})),
        case="case",
        patient="patient",
        site=None if sites is None else "site",
        references=[Reference(name=name, kind=kinds[name]) for name in references],
        models=[
            Model(name=name, trained_on=_own(trained_on, name, otherwise=None)) for name in models
        ],
        attributes=[Attribute(name="age", missing=tuple(missing)), *attributes],
        scores=pd.DataFrame(),
        checks=[Check(check, **keys) for check, keys in checks],
    )
    metadata = read_metadata(benchmark)
    parts = []
    for (model, reference), column in scores.items():
        values = np.asarray(column, dtype=float)
        parts.append(
            pd.DataFrame(
                {
                    "case": cases,
                    "label": "",
                    "model": model,
                    "reference": reference,
                    metric: values,
                    "status": _own(status, (model, reference), otherwise="scored"),
                    "n_model": np.nan,
                    "n_reference": np.nan,
                    "n_both": np.nan,
                    "diagonal_mm": np.nan,
                }
            )
        )
    return Evidence(
        benchmark=benchmark,
        metadata=metadata,
        scored=Scored(table=pd.concat(parts, ignore_index=True), cases=tuple(cases), **scored),
        subgroups=cut_all(benchmark, metadata),
    )


def _own(given, key, *, otherwise):
    own = given.get(key) if isinstance(given, dict) else given
    return own or otherwise


@pytest.fixture
def make_evidence():
    return build_evidence


@pytest.fixture
def staircase():
    """Return expert scores, automated scores and ages of the worked example of the method page."""
    old = 0.80 + 0.15 * (np.arange(1, 41) - 0.5) / 40
    young = 0.65 + 0.25 * (np.arange(1, 31) - 0.5) / 30
    ages = ["old"] * 40 + ["young"] * 30
    expert = np.concatenate([old, young])
    automated = expert + np.array([0.01] * 40 + [0.09] * 30)
    return expert, automated, ages
