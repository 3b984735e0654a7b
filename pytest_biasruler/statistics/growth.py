"""How much a gap that is really there has grown from one arm of training to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.contrast import Contrast, tabulate_contrasts
from pytest_biasruler.statistics.support import difference_support, pooled_support

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.statistics.arms import Cohort
    from pytest_biasruler.statistics.seeds import RunError

SEPARATION = 2.0
"""An expert-trained gap further from 0 than this many of its standard errors has a sign."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PairGrowth:
    """How much a gap that is really there has grown, for one ordered pair (a, b).

    Attributes
    ----------
    growth : Contrast
        Of automated-trained minus expert-trained scores: the gap's change.
    gap, gap_expert : Contrast
        The gap of the automated-trained, of the expert-trained arm.
    """

    growth: Contrast
    gap: Contrast
    gap_expert: Contrast

    @property
    def pair(self) -> tuple[str, str]:
        """The subgroups a and b."""
        return self.growth.a, self.growth.b

    @property
    def binding(self) -> Contrast:
        """Growth or gap, whichever is smaller."""
        return self.growth if self.growth.estimate <= self.gap.estimate else self.gap

    @property
    def n_arms(self) -> int:
        """How many arms of training `binding` takes in, the automated-trained one first."""
        return 2 if self.binding is self.growth else 1

    @property
    def theta(self) -> float:
        """The growth, and at most the gap itself: closing a gap is not amplification."""
        return self.binding.estimate

    @property
    def is_separated(self) -> bool:
        """Whether the expert-trained gap has a sign, and so says which of the two is smaller."""
        return abs(self.gap_expert.estimate) > SEPARATION * self.gap_expert.se

    @property
    def low(self) -> float:
        """Lower bound of `theta`."""
        return min(self.growth.low, self.gap.low)

    @property
    def high(self) -> float:
        """Upper bound of `theta`."""
        return self.binding.high if self.is_separated else self.growth.high

    @property
    def p(self) -> float:
        """Evidence that both growth and gap are above the limit."""
        return max(self.growth.p, self.gap.p)


def grow_pairs(
    cohort: Cohort,
    means: Sequence[NDArray[np.float64]],
    *,
    runs: Sequence[RunError],
    supports: tuple[tuple[float, float], tuple[float, float]] | None,
    limit: float,
    levels: tuple[float, float],
) -> tuple[PairGrowth, ...]:
    """Contrast the growth of the gap, the gap and the expert-trained gap for every pair.

    Parameters
    ----------
    cohort : Cohort
        Of k subgroups and K pairs.
    means : sequence of ndarray of float, each of shape (n,)
        Scores of the automated-trained and of the expert-trained arm, averaged over runs; NaN
        where a case is left out.
    runs : sequence of RunError
        Of the gaps of the two arms.
    supports : tuple of (float, float) or None
        Ends of what a difference, and of what a score can be; None: the range of
        the scores of both arms either way, and the extremes of each arm's scores.
    limit : float
        By how much no gap should grow.
    levels : tuple of float
        One-sided levels of the lower and of the upper bounds.

    Returns
    -------
    tuple of PairGrowth, length K

    Examples
    --------
    >>> from pytest_biasruler.statistics.arms import Cohort
    >>> cohort = Cohort(
    ...     subgroups=np.array(["a", "a", "b", "b"]), patients=None, names=("a", "b"),
    ...     pairs=((0, 1),),
    ... )
    >>> arms = [np.array([0.9, 0.9, 0.6, 0.6]), np.array([0.8, 0.8, 0.7, 0.7])]
    >>> no_error = [cohort.run_error(arm[None]) for arm in arms]
    >>> (pair,) = grow_pairs(
    ...     cohort, arms, runs=no_error, supports=None, limit=0.02, levels=(0.95, 0.95)
    ... )
    >>> round(pair.gap_expert.estimate, 3), round(pair.gap.estimate, 3), round(pair.theta, 3)
    (0.1, 0.3, 0.2)
    """
    is_judged = np.isin(cohort.subgroups, cohort.names)
    growth, seen = means[0] - means[1], [mean[is_judged] for mean in means]
    columns = (
        (growth, supports[0] if supports else difference_support(*seen), runs),
        *(
            (mean, supports[1] if supports else pooled_support(own), [run])
            for mean, own, run in zip(means, seen, runs, strict=True)
        ),
    )
    records = [
        tabulate_contrasts(
            cohort.contrast(column, support=support, runs=own),
            pairs=cohort.named_pairs,
            levels=levels,
            limit=limit,
        )
        for column, support, own in columns
    ]
    return tuple(
        PairGrowth(growth=growth, gap=gap, gap_expert=gap_expert)
        for growth, gap, gap_expert in zip(*records, strict=True)
    )
