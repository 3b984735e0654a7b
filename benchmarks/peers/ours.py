"""Ours: one case with every built-in metric, as a run scores it."""

from __future__ import annotations

from pathlib import Path

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.pairs import is_measured

ROLES = {"expert": Role.EXPERT, "automated": Role.AUTOMATED, "unet": Role.MODEL}


def make_job(paths: dict[str, str]) -> Job:
    """Return the case whose masks lie at `paths`."""
    return Job(
        case="case",
        entries=tuple(
            Entry(set=name, role=role, source=Path(paths[name])) for name, role in ROLES.items()
        ),
        metrics=tuple(filter(is_measured, CATALOGUE.values())),
        root=Path(paths["expert"]).parents[1],
    )


def score(paths: dict[str, str]) -> dict[str, dict[str, float | None]]:
    """Score three pairs by every metric of the catalogue."""
    scores = score_case(make_job(paths))
    if scores["error"] or any(facts["error"] for facts in scores["masks"].values()):
        raise ValueError(f"the case could not be scored: {scores['error']}")
    return {f"{row['model']}~{row['reference']}": row["scores"] for row in scores["rows"]}
