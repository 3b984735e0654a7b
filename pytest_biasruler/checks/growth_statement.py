"""What training on automated labels did to a gap, as one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.numbers import format_number, format_signed

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.definition import DeclaredCheck
    from pytest_biasruler.statistics.amplification import Amplification
    from pytest_biasruler.statistics.contrast import Contrast
    from pytest_biasruler.statistics.growth import PairGrowth
    from pytest_biasruler.statistics.ratio import Ratio

MIN_RUNS = 3
"""Runs per arm below which a finding is about its checkpoints, not about training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A gap before and after, told in the order in which it is not negative before.

    Attributes
    ----------
    pair : tuple of str
    expert, automated : float
        The gap of the expert-trained and of the automated-trained arm; `expert` is at least 0.
    is_reversal_sure : bool
        Whether both gaps surely have their sign, of which one is the other's opposite.
    ratio : Ratio
    """

    pair: tuple[str, str]
    expert: float
    automated: float
    is_reversal_sure: bool
    ratio: Ratio

    @property
    def direction(self) -> str:
        """widens, narrows, reverses or none."""
        if self.automated < 0:
            return "reverses"
        if self.automated == self.expert:
            return "none"
        return "widens" if self.automated > self.expert else "narrows"


def find_change(result: Amplification) -> Change:
    """Return what became of the gap of the value's pair.

    Raises
    ------
    ValueError
        If nothing was compared.
    """
    top: PairGrowth | None = next((p for p in result.pairs if p.pair == result.pair), None)
    if top is None:
        raise ValueError("nothing was compared")
    before, after = top.gap_expert, top.gap
    sign = -1.0 if before.estimate < 0 else 1.0
    return Change(
        pair=top.pair if sign > 0 else (top.pair[1], top.pair[0]),
        expert=abs(before.estimate),
        automated=sign * after.estimate + 0.0,
        is_reversal_sure=_sign_of(before) * _sign_of(after) < 0,
        ratio=result.ratio,
    )


def _sign_of(gap: Contrast) -> int:
    """Return the sign that a gap surely has, or 0."""
    return int(gap.low > 0) - int(gap.high < 0)


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
    what = _did(change, f"the {attribute} gap{between}", f" {unit}" if unit else "")
    where = " on the cases scored for every model" if is_crowded else ""
    return f"{_opening(declared)}raining on automated labels {what}{where}"


def _opening(declared: DeclaredCheck) -> str:
    if claim_of(declared) == "training":
        return "T"
    n_models = sum(len(declared.options[f"{arm}_trained"]) for arm in ("automated", "expert"))
    return f"For these {'two' if n_models == 2 else n_models} checkpoints, t"


def _did(change: Change, gap: str, unit: str) -> str:
    before, after = format_number(change.expert), format_number(change.automated)
    if change.direction == "reverses":
        pair = f"{change.pair[0]} − {change.pair[1]}"
        first, last = format_signed(change.expert), format_signed(change.automated)
        if change.is_reversal_sure:
            return (
                f"turned {gap} around ({pair}: expert-trained {first}, automated-trained "
                f"{last}{unit})"
            )
        return f"moved {gap} ({pair}: from {first} to {last}{unit})"
    if before == after:
        return f"left {gap} at {before}{unit}"
    verb = {"widens": "widened", "narrows": "narrowed"}[change.direction]
    return f"{verb} {gap} from {before} to {after}{unit}{_percent(change.ratio)}"


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
