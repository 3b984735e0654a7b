"""Keep the scores of each model as a table of its own."""

from __future__ import annotations

from pathlib import Path


def test_keep_the_scores_of_each_model(biasruler, biasruler_scores):
    Path("scores").mkdir(exist_ok=True)
    for model in biasruler.benchmark.models:
        rows = biasruler_scores[biasruler_scores["model"] == model.name]
        rows[["case", "reference", "dice"]].to_csv(f"scores/{model.name}.csv", index=False)
