"""What the values of a mask amount to, counted piece by piece, and whether they are labels."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.errors import Limits
    from pytest_biasruler.masks.scaling import Scaling

    Labels = NDArray[np.unsignedinteger]

_LEAST_REFUSED = 2**31
_MOST_UNNAMED = 16
_MOST_SHOWN = 8
_MOST_COUNTED = 1000
_USUAL = 4  # different values of one piece of a mask of floats


class Tally:
    """What was seen of a mask's values. All of them are counted before any is judged.

    Parameters
    ----------
    scaling : Scaling
        Of the header.
    limits : Limits
        How many different labels are allowed.
    """

    def __init__(self, *, scaling: Scaling, limits: Limits) -> None:
        self._scaling = scaling
        self._most = limits.max_labels
        self._low: float = inf
        self._high: float = -inf
        self._error = 0.0
        self._n_lost = 0
        self._labels: set[int] = set()
        self._stored: set[float] = set()

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest type that holds every label."""
        return np.min_scalar_type(int(self._high))

    def add(self, stored: NDArray[np.generic]) -> Labels | None:
        """Count a piece, of any shape but not empty; return its labels, in a type that holds them.

        None if some of its values cannot be labels. Then `judge` will refuse the mask.
        """
        if stored.dtype.kind in "bui" and self._scaling.is_none:
            whole: NDArray[np.generic] | None = stored
        else:
            whole = self._round(stored)
        if whole is None:
            return None
        # Nothing without a sign lies below a 0 that was seen: nearly every piece is spared a pass.
        is_lowest = self._low == 0 and whole.dtype.kind in "bu"
        low, high = 0 if is_lowest else whole.min().item(), whole.max().item()
        self._low, self._high = min(self._low, low), max(self._high, high)
        if low < 0 or high >= _LEAST_REFUSED:
            return None
        labels = whole.astype(np.min_scalar_type(int(high)), copy=False)
        if len(self._labels) <= self._most:
            self._labels.update(_find_labels(labels, high=int(high)))
        return labels

    def judge(self, *, name: str, labels: Mapping[str, Sequence[int]] | None) -> tuple[str, ...]:
        """Return notes about the values, or refuse what the first rule refuses.

        Raises
        ------
        BiasRulerError
            As `labels.check_labels`.
        """
        self._refuse_fractions(name)
        if self._low < 0 or self._high >= _LEAST_REFUSED:
            found = f"labels of {name} lie from {self._low:.10g} to {self._high:.10g}"
            raise BiasRulerError("BR303", found, "0 to 2147483647", "Save a label mask")
        if len(self._labels) > self._most:
            found = f"{name} has more than {self._most} different labels"
            fix = "Save a label mask, or raise biasruler_max_labels"
            raise BiasRulerError("BR303", found, f"at most {self._most}", fix)
        rounded = () if self._scaling.is_none else ("BR208",)
        if labels is not None:
            self._refuse_undeclared(name, labels=labels)
            return rounded
        if len(self._labels) > _MOST_UNNAMED:
            found = f"{name} has {len(self._labels)} different non-zero values"
            fix = "Save a label mask, or name its labels in [labels]"
            raise BiasRulerError("BR301", found, f"at most {_MOST_UNNAMED} without [labels]", fix)
        return (*rounded, "BR306") if len(self._labels) > 1 else rounded

    def _round(self, stored: NDArray[np.generic]) -> NDArray[np.float64] | None:
        """Return the nearest whole numbers, or None if the values lie too far from them."""
        values = self._scaling.apply(stored)
        n_finite = int(np.count_nonzero(np.isfinite(values)))
        self._n_lost += values.size - n_finite
        if n_finite < values.size:
            return None
        self._note_stored(stored)
        whole = np.rint(values)
        self._error = max(self._error, float(np.abs(values - whole).max()))
        return whole if self._error <= self._scaling.largest_error else None

    def _note_stored(self, stored: NDArray[np.generic]) -> None:
        """Collect the different values that are stored, up to one more than are ever told."""
        rest = stored.ravel(order="K")
        for _ in range(_USUAL):  # sorting all of them would take several times as long
            if not rest.size or len(self._stored) > _MOST_COUNTED:
                return
            self._stored.add(rest[0].item())
            rest = rest[rest != rest[0]]
        self._stored.update(np.unique(rest)[: _MOST_COUNTED + 1].tolist())

    def _refuse_fractions(self, name: str) -> None:
        if self._n_lost:
            found = f"{self._n_lost} voxels of {name} are NaN or infinite"
            raise BiasRulerError("BR302", found, "none", "Export it again")
        if not self._error <= self._scaling.largest_error:
            n_stored = len(self._stored)
            number = str(n_stored) if n_stored <= _MOST_COUNTED else f"more than {_MOST_COUNTED}"
            found = f"{name} has {number} different values that are not whole"
            fix = "Save a label mask, for example probability > 0.5"
            raise BiasRulerError("BR301", found, "labels", fix)

    def _refuse_undeclared(self, name: str, *, labels: Mapping[str, Sequence[int]]) -> None:
        declared = {value for values in labels.values() for value in values}
        undeclared = self._labels - declared
        if undeclared:
            present = self._labels if self._low > 0 else self._labels | {0}
            found = f"labels of {name} are {_list_values(present)}"
            fix = f"Save it with the labels of [labels], or name {_list_values(undeclared)} there"
            raise BiasRulerError("BR303", found, _list_values(declared | {0}), fix)


def _find_labels(labels: Labels, *, high: int) -> list[int]:
    """Return the non-zero labels of a piece whose largest is `high`."""
    if high <= 1:  # nearly every mask, and the maximum has already told
        return [1] * high
    labelled = labels[labels != 0]
    # Counting takes half the time of sorting, as long as the counters are few.
    values = np.flatnonzero(np.bincount(labelled)) if high < 2**16 else np.unique(labelled)
    found: list[int] = values.tolist()
    return found


def _list_values(values: set[int]) -> str:
    shown = [str(value) for value in sorted(values)]
    if len(shown) > _MOST_SHOWN:
        shown[_MOST_SHOWN:] = [f"and {len(shown) - _MOST_SHOWN} more"]
    return ", ".join(shown)
