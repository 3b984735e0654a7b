"""The gap between two subgroups at every site, as a draw of sites, and with all sites pooled."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.statistics.decomposition import Decomposition, decompose_strata
from pytest_biasruler.statistics.sites import SiteGap, measure_sites, share_errors
from pytest_biasruler.statistics.student import student_quantile
from pytest_biasruler.statistics.transport import SiteSummary, leave_sites_out, pool_sites

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SiteContrast:
    """Mean of the reference group minus mean of another subgroup, site by site.

    Attributes
    ----------
    pair : tuple of str
        The reference group and the other.
    is_signed : bool
        Whether only the other's being worse counts; else its being better does too, and the
        contrast is told the way round in which its mean is not negative.
    gaps : tuple of SiteGap
        Every site, usable or not.
    summary : SiteSummary or None
        Of the usable sites; None without any.
    pooled : float
        The gap with all sites pooled, NaN if one of the two has no case.
    split : Decomposition
        Of that gap over sites: what unequal shares of the sites make of it, and the rest.
    """

    pair: tuple[str, str]
    is_signed: bool
    gaps: tuple[SiteGap, ...]
    summary: SiteSummary | None
    pooled: float
    split: Decomposition

    @property
    def usable(self) -> tuple[SiteGap, ...]:
        """The sites with enough patients of both subgroups."""
        return tuple(gap for gap in self.gaps if gap.is_usable)

    @property
    def sign(self) -> int:
        """-1 where the contrast is told the other way round."""
        is_turned = not self.is_signed and self.summary is not None and self.summary.mean < 0
        return -1 if is_turned else 1

    @property
    def told_pair(self) -> tuple[str, str]:
        """The pair in the order in which it is told."""
        return self.pair if self.sign > 0 else (self.pair[1], self.pair[0])

    @property
    def value(self) -> float:
        """Mean over sites like these, as it is told; -inf without a usable site."""
        return -inf if self.summary is None else self.sign * self.summary.mean

    @property
    def prediction(self) -> tuple[float, float]:
        """Interval of the gap that a new similar site would show, as it is told."""
        return (-inf, inf) if self.summary is None else self._told(self.summary.prediction)

    @property
    def high(self) -> float:
        """Upper end of the prediction, on both sides of 0 where that counts."""
        low, high = self.prediction
        return high if self.is_signed else max(high, -low)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the two-sided interval of the mean over sites, as it is told."""
        return (-inf, inf) if self.summary is None else self._told(self.summary.interval(alpha))

    def low(self, alpha: float) -> float:
        """Return the lower end of that interval, at least 0 where the contrast has no sign."""
        low = self.interval(alpha)[0]
        return low if self.is_signed else max(low, 0.0)

    def pooling(self, limit: float) -> str | None:
        """Return what pooling the sites does to the gap: turns, hides, adds, or nothing much."""
        pooled, within = self.pooled, self.split.unexplained
        if pooled * within < 0:
            return "turns"
        if not abs(pooled - within) > limit:
            return None
        return "hides" if abs(pooled) < abs(within) else "adds"

    def _told(self, bounds: tuple[float, float]) -> tuple[float, float]:
        return bounds if self.sign > 0 else (-bounds[1], -bounds[0])


def contrast_sites(
    cases: pd.DataFrame,
    *,
    pair: tuple[str, str],
    is_signed: bool,
    min_patients: int,
    alpha: float,
) -> SiteContrast:
    """Return the contrast of a pair over all sites.

    `cases` has one row per case, at the one site that its patient counts at, with the columns
    value (larger is better), subgroup, site and patient.
    """
    both = cases[cases["subgroup"].isin(pair)]
    values, sites, patients = (both[key].to_numpy() for key in ("value", "site", "patient"))
    is_first = (both["subgroup"] == pair[0]).to_numpy()
    gaps = measure_sites(
        values,
        subgroups=both["subgroup"].to_numpy(dtype=object),
        sites=sites,
        pair=pair,
        patients=patients,
        min_patients=min_patients,
    )
    usable = [gap for gap in gaps if gap.is_usable]
    return SiteContrast(
        pair=pair,
        is_signed=is_signed,
        gaps=gaps,
        summary=pool_sites(*_numbers(usable), alpha=alpha) if usable else None,
        pooled=float(values[is_first].mean() - values[~is_first].mean()),
        split=decompose_strata(values, strata=sites, is_a=is_first, patients=patients),
    )


def _numbers(gaps: list[SiteGap]) -> tuple[list[float], tuple[float, ...]]:
    return [gap.value for gap in gaps], share_errors(gaps)


def contrast_details(
    contrast: SiteContrast, *, alpha: float, level: float, limit: float
) -> dict[str, Any]:
    """Return the plain form of a contrast, every number as it is told: mean of a minus mean of b.

    `level` is the one-sided level of the bounds that a FAIL rests on.
    """
    summary, sign, split = contrast.summary, contrast.sign, contrast.split
    known: dict[str, Any] = dict.fromkeys(("mean", "ci", "ci95", "tau2", "q", "i2", "prediction"))
    if summary is not None:
        known = {
            "mean": finite(contrast.value),
            "ci": _pair(contrast.interval(2 * (1 - level))),
            "ci95": _pair(contrast.interval(0.05)),
            "tau2": finite(summary.tau2),
            "q": finite(summary.q),
            "i2": finite(summary.i2),
            "prediction": _pair(contrast.prediction),
        }
    return {
        **dict(zip("ab", contrast.told_pair, strict=True)),
        "n_sites": len(contrast.usable),
        **known,
        "pooled": finite(sign * contrast.pooled),
        "shared_sites": finite(sign * split.gap),
        "standardised": finite(sign * split.unexplained),
        "off_support": finite(split.off_support),
        "pooling": contrast.pooling(limit),
        "leave_one_out": _leave_one_out(list(contrast.usable), sign=sign),
        "sites": [_site(gap, alpha=alpha, sign=sign) for gap in contrast.gaps],
    }


def _leave_one_out(usable: list[SiteGap], *, sign: int) -> dict[str, Any] | None:
    """Return the smallest and largest mean without one site, and which site that is."""
    if len(usable) < 2:
        return None
    means = leave_sites_out(*_numbers(usable))
    named = [(sign * mean, gap.site) for mean, gap in zip(means, usable, strict=True)]
    (low, without_low), (high, without_high) = min(named), max(named)
    return {
        "low": finite(low),
        "low_without": without_low,
        "high": finite(high),
        "high_without": without_high,
    }


def _site(gap: SiteGap, *, alpha: float, sign: int) -> dict[str, Any]:
    reach = float(student_quantile(1 - alpha / 2, gap.df)) * gap.se if gap.se > 0 else gap.se
    counts = (gap.n_first, gap.n_second)[::sign]
    return {
        "site": gap.site,
        "n_a": counts[0],
        "n_b": counts[1],
        "gap": finite(sign * gap.value),
        "se": finite(gap.se),
        "low": finite(sign * gap.value - reach),
        "high": finite(sign * gap.value + reach),
        "is_usable": gap.is_usable,
    }


def _pair(bounds: tuple[float, float]) -> list[float | None]:
    return [finite(bound) for bound in bounds]
