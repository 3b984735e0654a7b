"""The catalogue of metrics as data: name, unit, direction, range and the one empty-mask policy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Direction(StrEnum):
    """Which way a score is better; a signed error is best at zero and compared as it is."""

    HIGHER = "higher"
    LOWER = "lower"
    SIGNED = "signed"


IMAGE_DIAGONAL = "image diagonal"
"""What a distance scores if exactly one mask is empty: the diagonal of the grid in mm."""

_TITLES = {
    "dice": "Dice",
    "iou": "IoU",
    "nsd": "NSD",
    "hd95_mm": "HD95",
    "hd_mm": "Hausdorff distance",
    "assd_mm": "ASSD",
    "volume_error_ml": "volume error",
    "relative_volume_error": "relative volume error",
    "signed_volume_error": "signed volume error",
    "lesion_recall": "lesion recall",
    "lesion_precision": "lesion precision",
    "lesion_f1": "lesion F1",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """What a score means, and what empty masks score.

    Attributes
    ----------
    unit : str
        ``""`` for a share, else such as ``"mm"`` or ``"ml"``.
    range : (float or None, float or None)
        Smallest and largest possible score; None where there is no bound.
    both_empty : float
        Score of a case in which both masks are empty (the case is *agreed absent*).
    one_empty : float, "image diagonal" or None
        Score if exactly one mask is empty; None: the formula itself answers.
    parameters : mapping
        Such as ``{"tolerance_mm": 2.0}``; a value may be a mapping from label to number.
    cap : float or None
        What an infinite distance of a ready score table counts as.
    score : callable or None
        For a metric of a plugin: two `Mask` objects on one grid -> float.

    Raises
    ------
    BiasRulerError
        BR602 for an unknown direction, or if one empty mask scores better than two.
    """

    name: str
    unit: str = ""
    direction: Direction = Direction.HIGHER
    range: tuple[float | None, float | None] = (0.0, 1.0)
    both_empty: float = 1.0
    one_empty: float | str | None = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cap: float | None = None
    score: Callable[..., float] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.direction not in list(Direction):
            found = f'direction of metric {self.name} is "{self.direction}"'
            raise BiasRulerError("BR602", found, f"one of {', '.join(Direction)}", "Correct it")
        low, high = (None if end is None or math.isinf(end) else float(end) for end in self.range)
        object.__setattr__(self, "direction", Direction(self.direction))
        object.__setattr__(self, "range", (low, high))
        self._refuse_reward()

    def _refuse_reward(self) -> None:
        # 1 for agreement and 0 for a miss, the defaults, would make a missed lesion the best
        # distance there is.
        if self.direction == Direction.SIGNED or not isinstance(self.one_empty, float | int):
            return
        if self.sign * (self.one_empty - self.both_empty) > 0:
            found = f"metric {self.name} scores {self.one_empty:g} if one mask is empty"
            expected = f"no better than {self.both_empty:g}, the score if both are"
            raise BiasRulerError("BR602", found, expected, "Set both_empty and one_empty")

    @property
    def sign(self) -> float:
        """+1 where higher is better (or signed), -1 where lower is better."""
        return -1.0 if self.direction == Direction.LOWER else 1.0

    @property
    def title(self) -> str:
        """The name as people write it."""
        return _TITLES.get(self.name, self.name)

    @property
    def is_share(self) -> bool:
        """Whether scores lie between 0 and 1, so that default limits apply."""
        return self.range == (0.0, 1.0)


def _distance(name: str) -> Metric:
    return Metric(
        name=name,
        unit="mm",
        direction=Direction.LOWER,
        range=(0.0, None),
        both_empty=0.0,
        one_empty=IMAGE_DIAGONAL,
    )


def _volume_error(name: str, unit: str) -> Metric:
    return Metric(
        name=name,
        unit=unit,
        direction=Direction.LOWER,
        range=(0.0, None),
        both_empty=0.0,
        one_empty=None,
    )


CATALOGUE: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="dice"),
        Metric(name="iou"),
        Metric(name="precision"),
        Metric(name="recall"),
        Metric(name="nsd", parameters={"tolerance_mm": 2.0}),
        _distance("hd95_mm"),
        _distance("hd_mm"),
        _distance("assd_mm"),
        _volume_error("volume_error_ml", "ml"),
        _volume_error("relative_volume_error", ""),
        Metric(
            name="signed_volume_error",
            direction=Direction.SIGNED,
            range=(-1.0, 1.0),
            both_empty=0.0,
            one_empty=None,
        ),
        Metric(name="lesion_recall"),
        Metric(name="lesion_precision"),
        Metric(name="lesion_f1"),
    )
}
"""Every built-in metric by name."""

DISTANCES = ("hd95_mm", "hd_mm", "assd_mm", "nsd")
"""Metrics measured in mm between surfaces: a sheared grid has none."""
