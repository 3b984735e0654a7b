"""Known folder layouts: what their authors name files and columns, for what a file leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.bids import know_bids
from pytest_biasruler.benchmark.mama_mia import know_mama_mia
from pytest_biasruler.benchmark.nnunet import know_nnunet

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_biasruler.benchmark.problems import Problems

LAYOUTS = ("mama-mia", "nnunet", "bids")
"""Values of the key ``layout``."""


def fill_layout(document: Mapping[str, Any], *, root: Path, problems: Problems) -> dict[str, Any]:
    """Return the document with what its ``layout`` knows and the file does not declare.

    ``mama-mia``, ``nnunet`` and ``bids`` are those of `know_mama_mia`, `know_nnunet` and
    `know_bids`. What the file says is left as it is; models are never guessed.

    Parameters
    ----------
    document : mapping
        Tables by name, as in a benchmark file.
    root : Path
        The data root: the dataset's folder.
    problems : Problems
        Takes what is wrong with the layout.
    """
    general = document.get("benchmark")
    layout = general.get("layout") if isinstance(general, Mapping) else None
    known: dict[str, Any] = {}
    if layout == "mama-mia":
        known = know_mama_mia(document, root=root, problems=problems)
    elif layout == "nnunet":
        with problems.at("benchmark", "layout"):
            known = know_nnunet(document, root=root)
    elif layout == "bids":
        known = know_bids(document, root=root, problems=problems)
    return {**document, **known}
