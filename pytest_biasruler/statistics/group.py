"""One subgroup as the report shows it, judged or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.statistics.moments import moments_of, sum_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.statistics.cells import Cells


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMoments:
    """What is known of one subgroup, judged or not.

    Attributes
    ----------
    name : str
    n_cases, n_patients : int
        With a finite column value.
    mean, sd : float
        Over cases (sd: n - 1); NaN without, sd also with one.
    variance, df : float
        Squared standard error of `mean`, clustered by patient, and its degrees of freedom.
    is_judged : bool
        Whether it takes part in the contrasts.
    """

    name: str
    n_cases: int
    n_patients: int
    mean: float
    sd: float
    variance: float
    df: float
    is_judged: bool


def describe_group(cells: Cells, *, judged: Sequence[str]) -> GroupMoments:
    """Return the counts and moments of one subgroup.

    Parameters
    ----------
    cells : Cells
        Of the subgroup; may be empty.
    judged : sequence of str
        The subgroups that are compared.

    Returns
    -------
    GroupMoments

    Examples
    --------
    >>> from pytest_biasruler.statistics.cells import cut_cells
    >>> group = describe_group(cut_cells([0.5, 0.7], subgroups=["a", "a"])["a"], judged=["a"])
    >>> group.n_cases, group.mean, group.df, group.is_judged
    (2, 0.6, 1.0, True)
    """
    sums = sum_cells(cells)
    moments = moments_of(sums)
    return GroupMoments(
        name=cells.name,
        n_cases=sums.n_cases,
        n_patients=sums.n_patients,
        mean=moments.mean,
        sd=sums.sd,
        variance=moments.variance,
        df=moments.df,
        is_judged=cells.name in judged,
    )
