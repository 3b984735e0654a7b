"""How much a slope rests on single patients: their shares, and the degrees of freedom left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.moments import sum_products
from pytest_biasruler.statistics.robust_slope import sum_by

if TYPE_CHECKING:
    from numpy.typing import NDArray


def largest_share(positions: NDArray[np.float64], owners: NDArray[np.intp]) -> float:
    """Return the largest share of the spread of the positions that one patient has.

    Parameters
    ----------
    positions : ndarray of float, shape (n,)
        Not all the same.
    owners : ndarray of int, shape (n,)
        Number of each case's patient, from 0.

    Examples
    --------
    >>> largest_share(np.array([-1.0, 0.0, 1.0]), np.array([0, 1, 2]))
    0.5
    """
    centred = positions - positions.mean()
    own = sum_by(owners, centred**2)
    return float(own.max() / own.sum())


def freedom_of(positions: NDArray[np.float64], owners: NDArray[np.intp]) -> float:
    """Return the degrees of freedom of the squared CR1 error of a slope.

    Satterthwaite's, under errors of one size that are either independent or the same for all
    cases of a patient; the smaller of the two.

    Parameters
    ----------
    positions, owners
        As for `largest_share`.

    References
    ----------
    Bell, R. M., McCaffrey, D. F. (2002). Survey Methodology 28(2), 169-181.
    Pustejovsky, J. E., Tipton, E. (2018). Journal of Business & Economic Statistics 36(4),
    672-683. doi:10.1080/07350015.2016.1247004

    Examples
    --------
    With one case each, at two places with half of the patients each, Welch's: 2 * (C / 2 - 1).

    >>> round(freedom_of(np.repeat([0.0, 1.0], 10), np.arange(20)), 9)
    18.0
    """
    centred = positions - positions.mean()
    n, spread = centred.size, sum_products(centred, centred)
    # Rows of the design are (1, x), so that the inverse of its products is diagonal.
    inverse = np.array([1 / n, 1 / spread])
    sizes = np.bincount(owners).astype(np.float64)
    sums = sum_by(owners, centred)
    squares = sum_by(owners, centred**2)
    design = np.column_stack((sizes, sums))
    pulled = np.column_stack((sums, squares)) / spread
    projected = pulled * inverse
    alone = _ratio(squares / spread**2, -projected, pulled)
    total = sums / spread
    weighted = design * inverse * total[:, None]
    inner = (inverse[:, None] * _products(design, design)) * inverse
    left = np.hstack((-weighted, -projected, pulled @ inner))
    right = np.hstack((pulled, design * total[:, None], pulled))
    return min(alone, _ratio(total**2, left, right))


def _ratio(
    diagonal: NDArray[np.float64], left: NDArray[np.float64], right: NDArray[np.float64]
) -> float:
    """Return tr(S)^2 / tr(S^2) of S = diag(diagonal) + left @ right.T, without forming it."""
    cross = np.sum(left * right, axis=1)
    inner = _products(right, left)
    trace = float(diagonal.sum() + cross.sum())
    squared = sum_products(diagonal, diagonal) + 2 * sum_products(diagonal, cross)
    squared += float(np.trace(inner @ inner))
    return trace**2 / squared if squared > 0 else float("nan")


def _products(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of products of all columns of two tables."""
    return np.array([[sum_products(a, b) for b in second.T] for a in first.T])
