"""What somebody's code calls an array, as one of numpy: also a tensor, wherever it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_tensor(given: object) -> bool:
    """Return whether `given` is a tensor of torch or MONAI, neither of which is imported here."""
    return callable(getattr(given, "detach", None)) and callable(getattr(given, "cpu", None))


def to_array(given: Any) -> NDArray[np.generic]:
    """Return the values of an array, of lists, or of a tensor on any device.

    Raises
    ------
    BiasRulerError
        ``BR202`` if numpy has no such numbers (bfloat16, sparse tensors), ``BR206`` if it is a
        single number, or rows are of different lengths.

    Examples
    --------
    >>> to_array([[0, 1], [1, 1]]).shape
    (2, 2)
    """
    try:
        values = np.asarray(given.detach().cpu() if is_tensor(given) else given)
    except ValueError:
        found, fix = "rows of mask have different lengths", "Give an array"
        raise BiasRulerError("BR206", found, "two or three axes", fix) from None
    except (TypeError, RuntimeError, NotImplementedError):  # what torch has and numpy has not
        found, fix = "voxels of mask are no numbers of numpy", "Give it as uint8"
        raise BiasRulerError("BR202", found, "integers or floats", fix) from None
    if values.ndim == 0 and values.dtype.kind in "biuf":
        found, fix = "mask is a single number", "Give an array of labels"
        raise BiasRulerError("BR206", found, "two or three axes", fix)
    return values
