"""NRRD: its axes, in the space that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.texthead import bad_field, parse_floats
from pytest_biasruler.masks.world import LPS, orient_axes, size_alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.masks.orientation import Orientation

    Fields = Mapping[str, str]

_SPACES = {
    **dict.fromkeys(["right-anterior-superior", "ras"], (1.0, 1.0, 1.0)),
    **dict.fromkeys(["left-anterior-superior", "las"], (-1.0, 1.0, 1.0)),
    # Of a scanner's own axes the format says no more; ITK and 3D Slicer read them so.
    **dict.fromkeys(["left-posterior-superior", "lps", "scanner-xyz"], LPS),
}
_VECTOR = re.compile(r"\(([^()]*)\)|(none)", re.I)
_QUOTED = re.compile(r'"([^"]*)"')


def read_vectors(
    fields: Fields, *, n: int, name: str
) -> tuple[tuple[float, ...] | None, ...] | None:
    """Return the step along each axis, None for one that is not in space."""
    text = fields.get("space directions")
    if text is None:
        return None
    found = _VECTOR.findall(text)
    if len(found) != n or _VECTOR.sub("", text).strip():
        raise bad_field("space directions", name)
    vectors = tuple(None if none else _read_vector(inner) for inner, none in found)
    if any(vector == () for vector in vectors):
        raise bad_field("space directions", name)
    return vectors


def _read_vector(inner: str) -> tuple[float, ...]:
    """Return the numbers of a vector, none where there is one that is none."""
    return parse_floats(inner.replace(",", " ")) or ()


def orient_fields(fields: Fields, kept: Sequence[int], *, n_axes: int, name: str) -> Orientation:
    """Return where the axes `kept` of `n_axes` lie, or what is known of their voxel size alone.

    Raises
    ------
    BiasRulerError
        ``BR201``, ``BR209``, ``BR211`` or ``BR212``.
    """
    quoted = f"{_of(fields, 'space units')} {_of(fields, 'units')}"
    units = set(_QUOTED.findall(quoted))
    if units - {"mm", ""}:
        known = units & {"m", "cm", "um", "nm"}
        unit = min(known) if known else "others"
        raise BiasRulerError("BR211", f"units of {name} are {unit}", "mm", "Convert the header")
    vectors = read_vectors(fields, n=n_axes, name=name)
    space = _of(fields, "space").lower()
    if vectors is None:
        if space in _SPACES and "space origin" in fields:
            raise bad_field("space directions", name)
        return size_alone(_read_spacings(fields, kept, n_axes=n_axes, name=name), name=name)
    steps = [vector for axis in kept if (vector := vectors[axis]) is not None]
    n_space = 3 if space in _SPACES else 2
    is_plane = not space and len(steps) == 2 and _of(fields, "space dimension") == "2"
    if space not in _SPACES and not is_plane:
        found = f"space of {name} is none of the patient's"
        expected = "left-posterior-superior, right-anterior-superior or left-anterior-superior"
        raise BiasRulerError("BR212", found, expected, "Save it with one of them")
    stored = _VECTOR.fullmatch(_of(fields, "space origin", f"({','.join('0' * n_space)})"))
    origin = _read_vector(stored[1] or "") if stored else ()
    if len(origin) != n_space or any(len(step) != n_space for step in steps):
        raise bad_field("space origin", name, what="or space directions have other numbers")
    return orient_axes(steps, origin, signs=_SPACES.get(space, LPS), name=name)


def _of(fields: Fields, field: str, default: str = "") -> str:
    return fields.get(field, default).strip()


def _read_spacings(
    fields: Fields, kept: Sequence[int], *, n_axes: int, name: str
) -> tuple[float, ...] | None:
    if "spacings" not in fields:
        return None
    spacings = parse_floats(fields["spacings"])
    if spacings is None or len(spacings) != n_axes:
        raise bad_field("spacings", name)
    return tuple(spacings[axis] for axis in kept)
