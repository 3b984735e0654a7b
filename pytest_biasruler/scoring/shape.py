"""Where a mask lies, and the lesions it falls into."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from pytest_biasruler.masks.box import find_box
from pytest_biasruler.scoring.component import count_touched, find_components
from pytest_biasruler.scoring.overlap import require_one_grid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_biasruler.scoring.component import Components

    Box = tuple[slice, ...]


def bounding_box(*masks: NDArray[np.bool_]) -> Box | None:
    """Return the smallest box that holds every voxel of the masks together.

    Parameters
    ----------
    *masks : ndarray of bool, shape (M, N[, P])
        Masks on one voxel grid, in any memory order.

    Returns
    -------
    tuple of slice, or None
        One slice for each axis, ready to index with; its start is the crop's offset in the grid.
        None if all masks are empty.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.zeros((4, 5), bool)
    >>> mask[2, 1:4] = True
    >>> bounding_box(mask)
    (slice(2, 3, None), slice(1, 4, None))
    """
    boxes = [box for box in map(find_box, masks) if box is not None]
    if not boxes:
        return None
    return tuple(
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LesionCounts:
    """Lesions of a reference and of a model, and how many of each the other one touches.

    Parameters
    ----------
    n_reference, n_model : int
        Connected components of each mask.
    n_found_reference : int
        Components of the reference that share at least one voxel with the model's mask.
    n_true_model : int
        Components of the model that share at least one voxel with the reference's mask.
    """

    n_reference: int
    n_model: int
    n_found_reference: int
    n_true_model: int


def count_lesions(model: NDArray[np.bool_], reference: NDArray[np.bool_]) -> LesionCounts:
    """Count the lesions of two masks, matched by any overlap.

    Parameters
    ----------
    model, reference : ndarray of bool, shape (M, N[, P])
        Masks on one voxel grid.

    Returns
    -------
    LesionCounts
        All 0 if both masks are empty. One component of the model may find several of the
        reference, and the other way round: hence two counts of matches.

    Raises
    ------
    BiasRulerError
        ``BR220`` if the shapes differ.

    Examples
    --------
    The reference has two lesions; the model finds one of them, and sees another that is none:

    >>> import numpy as np
    >>> reference = np.array([[1, 1, 0, 1, 0, 0]], dtype=bool)
    >>> model = np.array([[0, 1, 0, 0, 0, 1]], dtype=bool)
    >>> count_lesions(model, reference)
    LesionCounts(n_reference=2, n_model=2, n_found_reference=1, n_true_model=1)
    """
    require_one_grid(model, reference)
    box = bounding_box(model, reference)
    if box is None:
        return LesionCounts(n_reference=0, n_model=0, n_found_reference=0, n_true_model=0)
    return match_lesions(find_components(model[box]), find_components(reference[box]))


def match_lesions(model: Components, reference: Components) -> LesionCounts:
    """Count the lesions of two masks from their components, as `count_lesions` does."""
    return LesionCounts(
        n_reference=reference.n,
        n_model=model.n,
        n_found_reference=count_touched(reference, by=model),
        n_true_model=count_touched(model, by=reference),
    )


def lesion_recall(lesions: LesionCounts) -> float:
    """Return the share of the reference's lesions that the model touches, in [0, 1].

    NaN if the reference has none. Higher is better.

    Examples
    --------
    >>> lesion_recall(LesionCounts(n_reference=4, n_model=2, n_found_reference=3, n_true_model=2))
    0.75
    """
    if lesions.n_reference == 0:
        return nan
    return lesions.n_found_reference / lesions.n_reference


def lesion_precision(lesions: LesionCounts) -> float:
    """Return the share of the model's lesions that touch the reference, in [0, 1].

    NaN if the model has none. Higher is better.

    Examples
    --------
    >>> lesion_precision(
    ...     LesionCounts(n_reference=4, n_model=2, n_found_reference=3, n_true_model=1)
    ... )
    0.5
    """
    if lesions.n_model == 0:
        return nan
    return lesions.n_true_model / lesions.n_model


def lesion_f1(lesions: LesionCounts) -> float:
    """Return the harmonic mean of lesion recall and lesion precision, in [0, 1].

    0 if no lesion is matched, also where only one of the masks is empty; NaN if both are.
    Higher is better.

    Examples
    --------
    Recall 3/4 and precision 2/2:

    >>> lesion_f1(LesionCounts(n_reference=4, n_model=2, n_found_reference=3, n_true_model=2))
    0.8571428571428571
    """
    if lesions.n_reference == 0 and lesions.n_model == 0:
        return nan
    if lesions.n_found_reference == 0:  # then no lesion of the model touches one either
        return 0.0
    recall, precision = lesion_recall(lesions), lesion_precision(lesions)
    return 2 * recall * precision / (recall + precision)
