"""Score tables as other tools write them, by the structure of their own writers."""

from __future__ import annotations

import json

import pandas as pd

from pytest_biasruler import Benchmark
from pytest_biasruler.benchmark.definition import Model, Reference, ReferenceKind, ScoreSource
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import BiasRulerProblems
from pytest_biasruler.scoring.given import read_scores

MODELS, REFERENCES = ("unet", "swin"), ("expert", "automated")
KINDS = {"expert": ReferenceKind.EXPERT, "automated": ReferenceKind.AUTOMATED}


def bench(folder, *sources, cases="abc", models=MODELS, references=("expert",), **options):
    return Benchmark(
        name="tiny",
        metadata=pd.DataFrame({"case": list(cases)}),
        root=folder,
        references=[Reference(name=name, kind=KINDS[name]) for name in references],
        models=[Model(name=name) for name in models],
        scores=[ScoreSource(**source) for source in sources],
        **options,
    )


def read(folder, *sources, **options):
    benchmark = bench(folder, *sources, **options)
    metrics = {**CATALOGUE, **benchmark.metrics}
    return read_scores(benchmark, metadata=read_metadata(benchmark), metrics=metrics)


def told(folder, *sources, **options):
    """Return what is refused, line by line."""
    try:
        read(folder, *sources, **options)
    except BiasRulerProblems as refused:
        return [str(problem) for problem in refused.problems]
    return []


def scores(published, *metrics):
    """Return (case, model, reference, label) -> scores, of every row."""
    rows = published.table[["case", "model", "reference", "label", *metrics]]
    return {tuple(row[:4]): row[4:] for row in rows.itertuples(index=False, name=None)}


def summary(cases, *, folder="/out/fold_0/validation"):
    """Return what nnU-Net's ``save_summary_json`` writes.

    `cases` maps case -> key of a label or region -> (TP, FP, FN), voxels of 16 x 16 x 16.
    """

    def measures(tp, fp, fn):
        n = 2 * tp + fp + fn
        return {
            "Dice": 2 * tp / n if n else float("nan"),
            "IoU": tp / (tp + fp + fn) if n else float("nan"),
            "FP": fp,
            "TP": tp,
            "FN": fn,
            "TN": 4096 - tp - fp - fn,
            "n_pred": fp + tp,
            "n_ref": fn + tp,
        }

    listed = [
        {
            "metrics": {key: measures(*counts) for key, counts in by_label.items()},
            "prediction_file": f"{folder}/{case}.nii.gz",
            "reference_file": f"/raw/Dataset004/labelsTr/{case}.nii.gz",
        }
        for case, by_label in cases.items()
    ]
    keys = list(next(iter(cases.values()))) if cases else []
    means = {key: {"Dice": 0.5, "IoU": 0.4, "TP": 1.0} for key in keys}
    document = {
        "foreground_mean": {"Dice": 0.5, "IoU": 0.4, "TP": 1.0},
        "mean": means,
        "metric_per_case": listed,
    }
    return json.dumps(document, sort_keys=True, indent=4)


def monai_raw(rows, *, n_classes, sign=",", n_means=1):
    """Return what MONAI's ``write_metrics_reports`` writes; `rows` maps image -> scores."""
    header = ["filename", *(f"class{n}" for n in range(n_classes)), *["mean"] * n_means]
    lines = [sign.join(header)]
    for image, told_scores in rows.items():
        mean = sum(told_scores) / len(told_scores)
        lines.append(sign.join([str(image), *(f"{score:.4f}" for score in (*told_scores, mean))]))
    return "\n".join(lines) + "\n"


def panoptica_tsv(rows, *, groups, metrics):
    """Return what panoptica's aggregator writes; `rows` maps subject -> cells, group by group."""
    header = ["subject_name", *(f"{group}-{metric}" for group in groups for metric in metrics)]
    body = [[subject, *map(str, cells)] for subject, cells in rows.items()]
    return "\n".join("\t".join(row) for row in [header, *body]) + "\n"
