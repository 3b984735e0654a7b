"""Which questions a benchmark may ask: each check's own keys, defaults and needs, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMON_KEYS = (
    *("check", "metric", "by", "label", "model", "reference", "automated", "limit", "baseline"),
    *("alpha", "min_patients", "policy", "support", "screen", "sensitivity", "waive", "name"),
)
"""Keys that every check takes."""

SHAPE_FEATURES = (
    *("log_volume_ml", "sphericity", "elongation", "surface_to_volume", "n_components"),
)
"""What is measured of the form of an expert mask."""

ALONG: Mapping[str, object] = {"continuous": False, "step": None}
"""Own keys of checks that may follow a number in place of subgroups, per `step` units of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a check needs to be asked.

    Attributes
    ----------
    keys : mapping
        The check's own keys with their defaults; None: no default.
    metrics : tuple of str
        Used where the check names no metric; empty: the metric of ``[defaults]``.
    limit : float or None
        Default limit for metrics on the 0-1 scale; None: it must be given, or there is none.
    needs_by, needs_model, needs_both, needs_expert, needs_site : bool
        Whether it must have subgroups, a model, both kinds of reference, an expert reference, a
        site column.
    takes_limit, takes_metric, takes_baseline, takes_support : bool
        Whether a limit, a metric, a reference group, a support belong to it.
    is_ranked : bool
        Whether it asks which score is better, so that a signed error cannot be asked about.
    support : str
        Where the guard's phantom patients stand: pooled, symmetric, bounds, or none of them.
    model_keys : tuple of str
        Own keys whose value names models.
    lists : tuple of str
        Own keys whose value is a list by nature, never expanded.
    in_family : bool
        Whether its p-values count in the Holm family of the benchmark.
    """

    check: str
    asks: str
    keys: Mapping[str, object] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    limit: float | None = None
    needs_by: bool = True
    needs_model: bool = True
    needs_both: bool = False
    needs_expert: bool = False
    needs_site: bool = False
    takes_limit: bool = True
    takes_metric: bool = True
    takes_baseline: bool = True
    takes_support: bool = True
    is_ranked: bool = False
    support: str = "pooled"
    model_keys: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    in_family: bool = True


QUESTIONS: Mapping[str, Question] = {
    question.check: question
    for question in (
        Question(
            check="gap",
            asks="Do subgroups score differently?",
            keys=ALONG,
            limit=0.05,
            lists=("continuous",),
        ),
        Question(
            check="ruler",
            asks="Does the automated reference bend the gap?",
            keys={"gap_limit": None, **ALONG},
            limit=0.02,
            needs_both=True,
            support="symmetric",
            lists=("continuous",),
        ),
        Question(
            check="labels",
            asks="Are the automated labels themselves worse for a subgroup?",
            keys={"second_expert": None},
            metrics=("dice", "signed_volume_error"),
            limit=0.05,
            needs_model=False,
            needs_both=True,
        ),
        Question(
            check="success",
            asks="Do subgroups reach a good enough score equally often?",
            keys={"threshold": 0.8, "statistic": "ratio", "sweep": None},
            limit=None,  # 0.8 for a ratio, 0.10 for a difference
            is_ranked=True,
            support="bounds",
            lists=("sweep",),
        ),
        Question(
            check="floor",
            asks="Is the worst-off subgroup good enough in absolute terms?",
            limit=None,
            takes_baseline=False,
            is_ranked=True,
            support="bounds",
        ),
        Question(
            check="amplification",
            asks="Did training on automated labels widen the gap?",
            keys={"automated_trained": None, "expert_trained": None},
            limit=0.02,
            needs_model=False,
            needs_both=True,
            is_ranked=True,
            support="symmetric",
            lists=("automated_trained", "expert_trained"),
            model_keys=("automated_trained", "expert_trained"),
        ),
        Question(
            check="echo",
            asks="Does the model repeat the automated label's mistakes?",
            keys={"control": None},
            limit=None,  # 0.30 without control and subgroups, else 0.10
            needs_by=False,
            needs_both=True,
            takes_metric=False,
            takes_support=False,
            support="symmetric",
            model_keys=("control",),
        ),
        Question(
            check="difficulty",
            asks="Does the gap survive once case difficulty is held equal?",
            keys={"difficulty": ("log_volume_ml",), "max_off_support": 0.20},
            limit=0.05,
            takes_support=False,
            is_ranked=True,
            lists=("difficulty",),
        ),
        Question(
            check="morphology",
            asks="Is the anatomy itself different, not only harder?",
            keys={"features": SHAPE_FEATURES},
            limit=0.147,
            needs_model=False,
            needs_expert=True,
            takes_metric=False,
            takes_support=False,
            support="none",
            lists=("features",),
        ),
        Question(
            check="ranking",
            asks="Does the order of the models, or the winner, depend on the reference?",
            keys={"models": None},
            limit=0.01,
            needs_by=False,
            needs_model=False,
            needs_both=True,
            takes_baseline=False,
            takes_support=False,
            support="none",
            is_ranked=True,
            lists=("models",),
            model_keys=("models",),
        ),
        Question(
            check="transport",
            asks="Does the gap hold at other sites, and does pooling the sites hide it?",
            keys={"min_sites": 5, "min_patients_site": 10},
            limit=0.05,
            needs_site=True,
            takes_support=False,
            support="none",
        ),
        Question(
            check="noise",
            asks="How much label error would undo the verdict?",
            keys={"levels": None, "gap_limit": None},
            needs_both=True,
            takes_limit=False,  # it is the tipping point of the gap's verdict
            is_ranked=True,
            support="symmetric",
        ),
        Question(
            check="rectified",
            asks="What is the gap by the experts when they labelled only a random subset?",
            keys={"labelled": None, "probability": None},
            limit=0.05,
            needs_both=True,
            support="symmetric",
        ),
        Question(
            check="provenance",
            asks="Is the evidence good enough to judge at all?",
            keys={
                "max_identical": 0.5,
                "max_exclusion_gap": 0.05,
                "max_missing": 0.10,
                "min_expert_share": 0.0,
            },
            needs_by=True,
            takes_limit=False,
            takes_metric=False,
            takes_baseline=False,
            takes_support=False,
            in_family=False,
        ),
    )
}
"""Every question that can be asked, by the name of its check."""
