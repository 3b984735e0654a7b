"""Least squares on one group, with the error of what it predicts for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALLEST = 1e-10
"""Below this share of the largest, a singular value is a column that others already hold."""

_EPSILON = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fit:
    """A line through the cases of one group, and what each patient does to it.

    Attributes
    ----------
    slopes : ndarray of float, shape (F,)
        Coefficients, those of smallest norm where columns are redundant.
    r_squared : float
        Share of the variance of the group that the line explains, in [0, 1]; NaN if there is
        none.
    rank : int
        Columns that are not redundant.
    residuals : ndarray of float, shape (n,)
        What a case got minus what is predicted for it.
    patients : ndarray of int, shape (C,)
        Ascending.
    matrix, inverse : ndarray of float, shapes (n, F) and (F, F)
        The rows, and the pseudo-inverse of their products.
    owners : ndarray of int, shape (n,)
        Place of each case's patient in `patients`.
    """

    slopes: NDArray[np.float64]
    r_squared: float
    rank: int
    residuals: NDArray[np.float64]
    patients: NDArray[np.intp]
    matrix: NDArray[np.float64]
    inverse: NDArray[np.float64]
    owners: NDArray[np.intp]

    @property
    def df(self) -> float:
        """Degrees of freedom: patients less columns; not positive if there are too few."""
        return float(len(self.patients) - self.rank)

    def pulls(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each patient's pull on the prediction at `row`; their squares sum to its error.

        Parameters
        ----------
        row : ndarray of float, shape (F,)

        Returns
        -------
        ndarray of float, shape (C,)
            What the prediction loses if the patient is left out; infinite for a patient on whom
            alone it hinges.

        References
        ----------
        MacKinnon, J. G., White, H. (1985). Journal of Econometrics 29(3), 305-325 (HC3).
        doi:10.1016/0304-4076(85)90158-7
        Bell, R. M., McCaffrey, D. F. (2002). Survey Methodology 28(2), 169-181 (clusters).
        """
        weights = self.matrix @ (self.inverse @ row)
        sizes = np.bincount(self.owners, minlength=len(self.patients))
        order = np.argsort(self.owners, kind="stable")
        starts = np.cumsum(sizes) - sizes
        pulls = np.empty(len(self.patients))
        for size in np.unique(sizes):
            chosen = np.flatnonzero(sizes == size)
            rows = order[starts[chosen][:, None] + np.arange(size)]
            pulls[chosen] = self._leave_out(rows, weights)
        return pulls

    def _leave_out(
        self, rows: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the pulls of patients who all have `rows.shape[1]` cases."""
        own = self.matrix[rows]
        leverage = own @ self.inverse @ np.swapaxes(own, 1, 2)
        free, axes = np.linalg.eigh(np.eye(rows.shape[1]) - leverage)
        errors = np.einsum("cij,ci->cj", axes, self.residuals[rows])
        reach = np.einsum("cij,ci->cj", axes, weights[rows])
        # Full leverage leaves no residual to learn from; harmless where it has no weight.
        is_full = free < _EPSILON
        hinges = is_full & (np.abs(reach) > _EPSILON)
        parts = np.where(is_full, 0.0, reach * errors / np.where(is_full, 1.0, free))
        pulls: NDArray[np.float64] = np.where(hinges.any(axis=1), np.inf, parts.sum(axis=1))
        return pulls


def fit_line(
    values: NDArray[np.float64], *, matrix: NDArray[np.float64], patients: NDArray[np.intp]
) -> Fit:
    """Fit `values` by least squares.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        One finite number per case, at least one case.
    matrix : ndarray of float, shape (n, F)
        Finite; redundant columns are welcome.
    patients : ndarray of int, shape (n,)
        The patient of each case.

    Returns
    -------
    Fit

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> fit = fit_line(1 + 2 * x, matrix=np.column_stack((np.ones(4), x)), patients=np.arange(4))
    >>> fit.slopes.round(9).tolist(), round(fit.r_squared, 9), fit.df
    ([1.0, 2.0], 1.0, 2.0)
    """
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    kept = singular > _SMALLEST * singular.max(initial=0.0)
    left, singular, right = left[:, kept], singular[kept], right[kept]
    slopes = right.T @ ((left.T @ values) / singular)
    residuals = values - matrix @ slopes
    names, owners = np.unique(patients, return_inverse=True)
    spread = values - values.mean()
    total = float(spread @ spread) if np.ptp(values) > 0 else 0.0
    return Fit(
        slopes=slopes,
        r_squared=max(0.0, 1 - float(residuals @ residuals) / total) if total else float("nan"),
        rank=int(kept.sum()),
        residuals=residuals,
        patients=names,
        matrix=matrix,
        inverse=(right.T / singular**2) @ right,
        owners=owners,
    )
