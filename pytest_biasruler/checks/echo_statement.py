"""What an `echo` finding says: how much is repeated, and what a control repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.numbers import format_number

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.copying import Echoes


def state_mean(declared: DeclaredCheck, echoes: Echoes, verdict: Verdict) -> str:
    """Return what the model repeats over all cases, as one sentence."""
    cases = echoes.column.per_case.index
    if cases.empty:
        return "No case shows what the model repeats of the automated label's mistakes"
    share = _percent(echoes.model.per_case.loc[cases].mean())
    if echoes.control is None:
        share = _percent(echoes.model.per_case.mean(), limit=declared.limit)
        told = f"The model repeats {share} of the automated label's mistakes beyond chance"
        if verdict != Verdict.PASS:
            return told
        return f"{told}; without a control model, shared difficulty alone can reach 0.10 to 0.20"
    control = _percent(echoes.control.per_case.loc[cases].mean())
    chance = "beyond chance" if echoes.by_masks else "chance included"
    more = _points(echoes.column.per_case.mean(), limit=declared.limit)
    return (
        f"The model repeats {more} of the automated label's mistakes than its expert-trained "
        f"control ({share} against {control}, {chance})"
    )


def state_spread(declared: DeclaredCheck, comparison: Comparison, echoes: Echoes) -> str:
    """Return in which subgroups the model repeats most and least, as one sentence."""
    attribute = " and ".join(declared.by)
    if comparison.spread is None or comparison.spread.pair is None:
        return (
            "What the model repeats of the automated label's mistakes cannot be compared between "
            f"subgroups of {attribute}"
        )
    most, least = comparison.pair
    beyond = "chance" if echoes.control is None else "its expert-trained control"
    more = _points(comparison.spread.value, limit=comparison.limit)
    shares = " against ".join(_percent(comparison.mean(name)) for name in (most, least))
    return (
        f"Beyond {beyond} the model repeats {more} of the automated label's mistakes for "
        f"{attribute} {most} than for {least} ({shares})"
    )


def _points(share: float, *, limit: float | None) -> str:
    """Return a difference of shares in percentage points, and whether it is more or fewer."""
    at = None if limit is None else round(100 * limit, 10)
    size = format_number(abs(100 * share), limit=at if share > 0 else None, decimals=0)
    return f"{size} percentage points {'fewer' if share < 0 else 'more'}"


def _percent(share: float, *, limit: float | None = None) -> str:
    at = None if limit is None else round(100 * limit, 10)
    return f"{format_number(100 * share, limit=at, decimals=0).replace('-', '−')} %"
