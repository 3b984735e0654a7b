"""``[scores]``: ready score tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import ScoreSource
from pytest_biasruler.benchmark.rules import (
    Rule,
    one_of,
)
from pytest_biasruler.benchmark.tables import read_table

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.problems import Problems


def read_score_source(raw: object, *, path_rule: Rule, problems: Problems) -> ScoreSource:
    """Return ``[scores]``."""
    kept = read_table(
        raw,
        {"table": path_rule, "format": one_of(["tidy", "nnunet"])},
        path=("scores",),
        problems=problems,
        title="[scores]",
        required=["table"],
    )
    return ScoreSource(**{"table": "", **kept})
