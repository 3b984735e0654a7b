"""Training again: what the choice of the seed adds to the error of a gap between subgroups."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.contrast import Contrasts, Differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunError:
    """How far the mean of a gap over runs may be from the gap of another such set of runs.

    Attributes
    ----------
    variance : ndarray of float
        Squared error of the mean over runs; 0 for a single run, which shows nothing of it.
    df : float
        Number of runs minus 1; infinite for a single run.
    """

    variance: NDArray[np.float64]
    df: float

    def scaled(self, factor: float) -> RunError:
        """Return the error of `factor` times the mean."""
        return RunError(variance=factor**2 * self.variance, df=self.df)


def estimate_run_error(gaps: ArrayLike) -> RunError:
    """Estimate the squared error of a mean over runs from the runs themselves.

    Parameters
    ----------
    gaps : array_like of float, shape (S,) or (S, K)
        One gap per run, or K of them.

    Returns
    -------
    RunError
        Its variance has shape () or (K,).

    Raises
    ------
    ValueError
        If there is no run.

    Examples
    --------
    >>> error = estimate_run_error([0.06, 0.07, 0.08])
    >>> round(float(error.variance), 9), error.df
    (3.3333e-05, 2.0)
    """
    runs = np.asarray(gaps, dtype=np.float64)
    if runs.ndim == 0 or not len(runs):
        raise ValueError(f"gaps must hold at least one run, not shape {runs.shape}")
    if len(runs) == 1:
        return RunError(variance=np.zeros(runs.shape[1:]), df=inf)
    return RunError(variance=np.var(runs, axis=0, ddof=1) / len(runs), df=float(len(runs) - 1))


def widen_error(
    se: ArrayLike, df: ArrayLike, *, runs: Sequence[RunError]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add the errors of runs to the error of a gap, with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    se, df : array_like of float
        Standard error over patients and its degrees of freedom.
    runs : sequence of RunError
        One per arm whose runs the gap is a mean of; independent of one another.

    Returns
    -------
    tuple of ndarray of float
        Wider `se` and its `df`. Without any run error both stay as they are; an infinite or
        undefined error stays one.

    References
    ----------
    Satterthwaite, F. E. (1946). Biometrics Bulletin 2(6), 110-114. doi:10.2307/3002019

    Examples
    --------
    Three runs in each arm, with gaps that vary by 0.01:

    >>> arms = [estimate_run_error([0.06, 0.07, 0.08]), estimate_run_error([0.03, 0.05, 0.04])]
    >>> se, df = widen_error(0.01, 50.0, runs=arms)
    >>> round(float(se), 6), round(float(df), 3)
    (0.01291, 21.186)
    """
    own = np.square(np.asarray(se, dtype=np.float64))
    parts = [(own, np.asarray(df, dtype=np.float64))]
    parts += [(run.variance, np.asarray(run.df)) for run in runs]
    total: NDArray[np.float64] = own + sum(run.variance for run in runs)
    # By shares: squares of tiny errors would underflow.
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = 1 / sum((part / total) ** 2 / of for part, of in parts)
    is_wider = np.broadcast_to(total > own, total.shape)
    return (
        np.where(is_wider, np.sqrt(total), np.asarray(se, dtype=np.float64)),
        np.where(is_wider, freedom, np.asarray(df, dtype=np.float64)),
    )


def widen_contrasts(contrasts: Contrasts, *, runs: Sequence[RunError]) -> Contrasts:
    """Add the errors of runs to K contrasts, in every variant of the guard.

    Parameters
    ----------
    contrasts : Contrasts
        Of K pairs.
    runs : sequence of RunError
        One per arm, each with a variance of shape (K,).

    Returns
    -------
    Contrasts

    Examples
    --------
    >>> three, nine = np.full((3, 1), 3.0), np.full((3, 1), 9.0)
    >>> one = Differences(estimate=np.zeros((3, 1)), se=three, df=nine)
    >>> error = RunError(variance=np.array([16.0]), df=2.0)
    >>> wider = widen_contrasts(Contrasts(for_low=one, for_high=one), runs=[error])
    >>> wider.for_high.se.tolist()
    [[5.0], [5.0], [5.0]]
    """
    return Contrasts(
        for_low=_widen(contrasts.for_low, runs), for_high=_widen(contrasts.for_high, runs)
    )


def _widen(differences: Differences, runs: Sequence[RunError]) -> Differences:
    se, df = widen_error(differences.se, differences.df, runs=runs)
    return Differences(estimate=differences.estimate, se=se, df=df)
