"""Whether a model repeats an automated reference's errors more than shared difficulty explains.

Where the automated reference errs the case is hard, so an independent model errs there too. Voxels
are therefore compared within strata of equal difficulty.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.scoring.overlap import require_one_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_biasruler.scoring.strata import Strata

ECHO_FACTS = ("kappa", "raw", "expected", "n_automated_errors", "n_model_errors", "n_shared")
"""Names of what is kept of one echo, in the order of their columns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Echo:
    """What a model repeats of an automated reference's errors in one case.

    Parameters
    ----------
    kappa : float
        Share of the automated reference's errors repeated beyond chance, at most 1; 0 is what
        difficulty alone gives, below 0 the model errs elsewhere. NaN where undefined.
    raw : float
        Share of the automated reference's errors that the model makes too, chance included.
    expected : float
        Share that chance alone would give.
    n_automated_errors, n_model_errors, n_shared : int or float
        Voxels on which each differs from the expert, and on which both do; NaN where unknown.
    """

    kappa: float = nan
    raw: float = nan
    expected: float = nan
    n_automated_errors: float = nan
    n_model_errors: float = nan
    n_shared: float = nan

    def to_plain(self) -> dict[str, float | None]:
        """Return all by name, None for NaN."""
        values = {name: float(getattr(self, name)) for name in ECHO_FACTS}
        return {name: None if isnan(value) else value for name, value in values.items()}


def measure_echo(
    model: NDArray[np.bool_],
    *,
    automated: NDArray[np.bool_],
    expert: NDArray[np.bool_],
    strata: Strata,
) -> Echo:
    """Return how much a model repeats an automated reference's errors beyond chance.

    An error is a voxel that differs from the expert. In each stratum, of n1 voxels on which the
    automated reference errs the model errs on x1, of the n0 others on x0; p1 = x1 / n1 and
    p0 = x0 / n0 are compared with the Mantel-Haenszel weight w = n1 n0 / (n1 + n0):
    kappa = Σ w (p1 - p0) / Σ w (1 - p0).

    Parameters
    ----------
    model, automated, expert : ndarray of bool, shape (M, N[, P])
        Masks on one voxel grid, or on one crop of it that holds every voxel of all three.
    strata : Strata
        Of the same crop, such as `cut_strata` makes of the expert's mask.

    Returns
    -------
    Echo
        Kappa is NaN if the automated reference makes no error, if the expert's mask is empty (it
        has no boundary), or if no stratum has both errors and others. An empty mask of the model
        is a mask like any other: it errs wherever the expert marked something.

    Raises
    ------
    BiasRulerError
        ``BR220`` if the shapes differ.
    ValueError
        If the strata have another shape.

    References
    ----------
    Mantel, N., Haenszel, W. (1959). JNCI 22(4), 719-748. doi:10.1093/jnci/22.4.719
    Geirhos, R., Meding, K., Wichmann, F. A. (2020). Beyond accuracy: quantifying trial-by-trial
    behaviour of CNNs and humans by measuring error consistency. arXiv:2006.16736

    Examples
    --------
    One stratum of four voxels: both automated errors are repeated, one of the two others too;
    p1 = 1 and p0 = 1/2, so all that could be copied beyond chance is:

    >>> from pytest_biasruler.scoring.strata import Strata
    >>> expert = np.array([1, 0, 0, 0], bool)
    >>> automated = np.array([0, 1, 0, 0], bool)
    >>> model = np.array([0, 1, 1, 0], bool)
    >>> one = Strata(codes=np.zeros(4, np.uint8), n_voxels=np.array([4]))
    >>> echo = measure_echo(model, automated=automated, expert=expert, strata=one)
    >>> echo.kappa, echo.raw, echo.expected, echo.n_shared
    (1.0, 1.0, 0.5, 2)
    """
    require_one_grid(model, automated, expert)
    if strata.codes.shape != expert.shape:
        raise ValueError(
            f"strata must have the masks' shape {expert.shape}; found {strata.codes.shape}"
        )
    is_error, is_model_error = automated != expert, model != expert
    n1 = _count(strata, is_error)
    x1 = _count(strata, is_error & is_model_error)
    x0 = _count(strata, is_model_error) - x1
    n0 = strata.n_voxels - n1
    n_errors, n_shared = int(n1.sum()), int(x1.sum())
    is_used = (n1 > 0) & (n0 > 0) & bool(expert.any())
    # w (p1 - p0) and w (1 - p0), with the numbers multiplied before anything is divided.
    n1, n0, x1, x0 = (each[is_used] for each in (n1, n0, x1, x0))
    beyond = float(((x1 * n0 - x0 * n1) / (n1 + n0)).sum())
    possible = float((n1 * (n0 - x0) / (n1 + n0)).sum())
    return Echo(
        kappa=beyond / possible if possible > 0 else nan,
        raw=n_shared / n_errors if n_errors else nan,
        expected=float((n1 * x0 / n0).sum() / n1.sum()) if len(n1) else nan,
        n_automated_errors=n_errors,
        n_model_errors=int(is_model_error.sum()),
        n_shared=n_shared,
    )


def _count(strata: Strata, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.bincount(strata.codes[chosen], minlength=len(strata.n_voxels))
