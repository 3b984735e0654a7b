"""What training on automated labels did to a gap, as one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.numbers import format_number

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.statistics.amplification import Amplification
    from pytest_biasruler.statistics.contrast import Contrast
    from pytest_biasruler.statistics.ratio import Ratio

MIN_RUNS = 3
"""Runs per arm below which a finding is about its checkpoints, not about training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A gap with its bounds in the order in which it is told."""

    value: float
    low: float
    high: float

    def details(self) -> dict[str, float | None]:
        """Return the plain form that a finding carries."""
        return {"value": finite(self.value), "low": finite(self.low), "high": finite(self.high)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A gap before and after, told in the order in which it is not negative before.

    Attributes
    ----------
    pair : tuple of str
    expert, automated : Gap
        Of the expert-trained and of the automated-trained arm; the former is at least 0.
    ratio : Ratio
    """

    pair: tuple[str, str]
    expert: Gap
    automated: Gap
    ratio: Ratio

    @property
    def direction(self) -> str:
        """widens, narrows, reverses or none."""
        if self.automated.value < 0:
            return "reverses"
        if self.automated.value == self.expert.value:
            return "none"
        return "widens" if self.automated.value > self.expert.value else "narrows"

    @property
    def is_reversal_sure(self) -> bool:
        """Whether both gaps surely have their signs, and these differ."""
        return self.expert.low > 0 and self.automated.high < 0


def find_change(result: Amplification) -> Change:
    """Return what became of the gap of the value's pair.

    Raises
    ------
    ValueError
        If nothing was compared.
    """
    top = next((pair for pair in result.pairs if pair.pair == result.pair), None)
    if top is None:
        raise ValueError("nothing was compared")
    is_turned = top.gap_expert.estimate < 0
    return Change(
        pair=(top.pair[1], top.pair[0]) if is_turned else top.pair,
        expert=_told(top.gap_expert, is_turned=is_turned),
        automated=_told(top.gap, is_turned=is_turned),
        ratio=result.ratio,
    )


def _told(gap: Contrast, *, is_turned: bool) -> Gap:
    if is_turned:
        return Gap(value=0.0 - gap.estimate, low=0.0 - gap.high, high=0.0 - gap.low)
    return Gap(value=gap.estimate, low=gap.low, high=gap.high)


def claim_of(declared: DeclaredCheck) -> str:
    """Return what a finding is about: its checkpoints, or training itself."""
    arms = (declared.options[f"{arm}_trained"] for arm in ("automated", "expert"))
    return "training" if all(len(arm) >= MIN_RUNS for arm in arms) else "checkpoints"


def state_growth(
    declared: DeclaredCheck,
    change: Change | None,
    *,
    n_judged: int,
    unit: str = "",
    is_crowded: bool = False,
) -> str:
    """Return what training on automated labels did to the gap.

    Parameters
    ----------
    change : Change or None
        None if nothing could be compared.
    n_judged : int
        Subgroups that are compared; the pair is named if there are more than two.
    unit : str
        Of the metric.
    is_crowded : bool
        Whether so many cases have no score that the sentence must say so.
    """
    attribute = " and ".join(declared.by)
    if change is None:
        return (
            "The automated-trained and the expert-trained model cannot be compared between "
            f"subgroups of {attribute}"
        )
    between = f" between {change.pair[0]} and {change.pair[1]}" if n_judged > 2 else ""
    is_turned = change.direction == "reverses"  # told with the names of the pair
    gap = f"the {attribute} gap{'' if is_turned else between}"
    what = _did(change, gap, f" {unit}" if unit else "")
    where = " on the cases scored for every model" if is_crowded else ""
    return f"{_opening(declared)}raining on automated labels {what}{where}"


def _opening(declared: DeclaredCheck) -> str:
    if claim_of(declared) == "training":
        return "T"
    n_models = sum(len(declared.options[f"{arm}_trained"]) for arm in ("automated", "expert"))
    return f"For these {'two' if n_models == 2 else n_models} checkpoints, t"


def _did(change: Change, gap: str, unit: str) -> str:
    before, after = format_number(change.expert.value), format_number(change.automated.value)
    if change.direction == "reverses":  # what is judged is the new gap, so it comes last
        is_sure = change.is_reversal_sure
        verb, around = ("turned", " around,") if is_sure else ("moved", "")
        first, last = change.pair
        opposite = format_number(-change.automated.value)
        return (
            f"{verb} {gap}{around} from {before}{unit} in favour of {first} to {opposite}{unit} "
            f"in favour of {last}"
        )
    if before == after:
        return f"left {gap} at {before}{unit}"
    verb = {"widens": "widened", "narrows": "narrowed"}[change.direction]
    by = format_number(abs(change.automated.value - change.expert.value))
    return f"{verb} {gap} by {by}{unit}, from {before} to {after}{_percent(change.ratio)}"


def _percent(ratio: Ratio) -> str:
    """Return the relative change, if the ratio has bounds to stand on."""
    if ratio.status != "bounded" or finite(ratio.value) is None:
        return ""
    return f" ({100 * (ratio.value - 1):+.0f} %)".replace("-", "−")


def ratio_details(ratio: Ratio) -> dict[str, Any]:
    """Return a ratio as a finding carries it: no number where it is undefined."""
    is_bounded = ratio.status == "bounded"
    return {
        "status": ratio.status,
        "value": finite(ratio.value) if is_bounded else None,
        "low": finite(ratio.low) if is_bounded else None,
        "high": finite(ratio.high) if is_bounded else None,
    }
