"""Whether a folder is laid out as one that benchmark files know by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.layouts import LAYOUTS, fill_layout
from pytest_biasruler.benchmark.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.proposal.cast import Entry


def find_layout(root: Path, entries: Sequence[Entry]) -> tuple[str | None, tuple[str, ...]]:
    """Return the known layout that says the same as was found, and the references it fills in.

    Parameters
    ----------
    root : Path
        The data root.
    entries : sequence of Entry
        References and models, also those that are left as choices: beside a reference that the
        file declares, a layout fills in none.

    Returns
    -------
    layout : str or None
        Also one that knows the labels alone, or what a missing value looks like, because the
        references must stand in the file.
    filled : tuple of str
        Names of references; all or none.
    """
    found = {
        each.name: {"kind": each.kind.value, "masks": each.template}
        for each in entries
        if each.kind is not None
    }
    for layout in LAYOUTS:
        if _filled(layout, root).get("references") == found:
            return layout, tuple(found)
    for layout in LAYOUTS:
        if "labels" in _filled(layout, root, references=found):
            return layout, ()
    return _named_by_table(root, entries), ()


def _named_by_table(root: Path, entries: Sequence[Entry]) -> str | None:
    """Return the layout of a dataset that describes itself and keeps masks in derivatives."""
    masks = [each.template or "" for each in entries if each.is_asked]
    inside = all(each.startswith("derivatives/") for each in masks)
    is_bids = inside and (root / "dataset_description.json").is_file()
    return "bids" if masks and is_bids else None


def _filled(layout: str, root: Path, **declared: object) -> Mapping[str, Any]:
    """Return what a file with this layout says; nothing where the layout does not fit."""
    problems = Problems(lambda _: (0, ""))
    document = {"benchmark": {"layout": layout}, **declared}
    filled = fill_layout(document, root=root, problems=problems)
    return {} if problems.n_noted else filled
