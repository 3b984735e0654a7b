"""What a benchmark says of one ready score table, and what is refused of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.metrics import CATALOGUE, Direction
from pytest_biasruler.benchmark.rules import listed, nearest
from pytest_biasruler.benchmark.rules import shown as quoted
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.table import FACTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_biasruler.benchmark.definition import ScoreSource
    from pytest_biasruler.scoring.ledger import Vocabulary

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_MOST_SHOWN = 3
_ALIKE = {
    "dice": ("dsc", "dicescore", "dicecoefficient", "meandice", "globalbindsc", "f1", "f1score"),
    "iou": ("jaccard", "jaccardindex", "jc", "meaniou", "globalbiniou"),
    "precision": ("ppv", "positivepredictivevalue"),
    "recall": ("sensitivity", "tpr", "truepositiverate"),
    "nsd": ("surfacedice", "normalizedsurfacedice", "normalisedsurfacedice", "globalbinnsd"),
    "hd95_mm": ("hd95", "hausdorff95", "hausdorffdistance95", "95hd", "globalbinhd95"),
    "hd_mm": ("hd", "hausdorff", "hausdorffdistance", "globalbinhd"),
    "assd_mm": ("assd", "asd", "surfacedistance", "averagesurfacedistance", "globalbinassd"),
    "volume_error_ml": ("volumeerror", "absolutevolumeerror", "absvolumedifference"),
}
_OURS = {theirs: ours for ours, names in _ALIKE.items() for theirs in names}


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """What is known of a table before it is opened.

    Attributes
    ----------
    shown : str
        How messages name the table.
    place : str
        Where the benchmark names it: file and line, or ``[scores]``.
    """

    source: ScoreSource
    vocabulary: Vocabulary
    shown: str
    place: str

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names that a column of numbers may have."""
        return (*self.vocabulary.metrics, *FACTS)

    def refused(
        self, found: str, *, expected: str, fix: str, of_table: bool = False
    ) -> BiasRulerError:
        """Return BR602, at the place of the table in the benchmark, or in the table itself."""
        where = self.shown if of_table else self.place
        return BiasRulerError("BR602", found, expected, fix, where)

    def unknown_metric(self, name: str, *, theirs: str | None = None) -> BiasRulerError:
        """Return the refusal of a name that is no metric, with what may be written instead.

        Parameters
        ----------
        theirs : str, optional
            The column that `columns` names so; None: `metric` does.
        """
        found, expected = f"metric {quoted(name)} is not known", f"one of {listed(self.metrics)}"
        others = {} if theirs is None else {**self.source.columns}
        fix = _advice(name, self.metrics, theirs, columns=others)
        return self.refused(found, expected=expected, fix=fix)

    def unknown_names(
        self, known: Collection[str], *, of_labels: Collection[str] = ()
    ) -> Iterator[BiasRulerError]:
        """Yield what is wrong with the names of ours in `columns`, of which `known` are right.

        Parameters
        ----------
        of_labels : collection of str
            Names of theirs that can only be those of labels.
        """
        if self.source.metric is not None and self.source.metric not in self.metrics:
            yield self.unknown_metric(self.source.metric)
        labels = self.vocabulary.labels
        for theirs, ours in self.source.columns.items():
            if theirs in of_labels and ours not in labels:
                found = f"{theirs} is named {quoted(ours)} in columns, which is no label"
                expected = listed(labels) or "a label in [labels]"
                yield self.refused(found, expected=expected, fix="Declare it in [labels]")
            elif theirs not in of_labels and ours not in known:
                yield self.unknown_metric(ours, theirs=theirs)

    def absent(self, theirs: str) -> BiasRulerError:
        """Return the refusal of a name in `columns` that the table has nowhere."""
        found = f"columns names {quoted(theirs)}, which {self.shown} does not have"
        return self.refused(found, expected="a name of theirs", fix="Correct or remove it")

    def same_slot(self, first: str, second: str, *, ours: str) -> BiasRulerError:
        """Return the refusal of two columns that mean one thing."""
        found = f"columns {quoted(first)} and {quoted(second)} both are {ours}"
        fix = "Name one of them otherwise in columns, or remove it"
        return BiasRulerError("BR403", found, "one column of each", fix, self.shown)


def alike(name: str) -> str | None:
    """Return the metric of ours that a name of others most likely means, None if none is.

    Examples
    --------
    >>> alike("HD95"), alike("Hausdorff Distance 95"), alike("hd95_mm"), alike("time")
    ('hd95_mm', 'hd95_mm', None, None)
    """
    return _OURS.get(re.sub(r"[\W_]", "", name.lower()))


def spelt(key: str) -> str:
    """Return a key as TOML spells it.

    Examples
    --------
    >>> spelt("hd95"), spelt("HD 95")
    ('hd95', '"HD 95"')
    """
    if _BARE.fullmatch(key):
        return key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def suggestion(names: Sequence[str], *, columns: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what to write for columns that look like metrics of ours, ``""`` if none does.

    Parameters
    ----------
    columns : mapping
        What is written already.

    Examples
    --------
    >>> suggestion(["HD 95", "time"])
    'Write columns = { "HD 95" = "hd95_mm" } if the scores are in mm'
    >>> suggestion(["dsc"])
    'Write columns = { dsc = "dice" } if the scores are from 0 to 1'
    """
    found = [(name, ours) for name in names if (ours := alike(name))][:_MOST_SHOWN]
    if not found:
        return ""
    pairs = _pairs({**columns, **dict(found)})
    units = dict.fromkeys(CATALOGUE[ours].unit for _, ours in found)
    told = " and ".join(f"in {unit}" if unit else "from 0 to 1" for unit in units)
    return f"Write columns = {{ {pairs} }} if the scores are {told}"


def _pairs(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{spelt(theirs)} = {quoted(ours)}" for theirs, ours in columns.items())


def _advice(
    name: str, known: Collection[str], theirs: str | None, *, columns: Mapping[str, str]
) -> str:
    """Return the TOML that says what a metric means that we do not know."""
    ours = alike(name) or nearest(name, known)
    directions = ", ".join(f'"{each}"' for each in Direction)
    declare = f"[metrics.{spelt(name)}] with direction = one of {directions}"
    if ours is None:
        return f"Add {declare}"
    written = f'metric = "{ours}"'
    if theirs is not None:
        written = f"columns = {{ {_pairs({**columns, theirs: ours})} }}"
    unit = CATALOGUE[ours].unit if ours in CATALOGUE else ""
    condition = f"it is in {unit}" if unit else "that is meant"
    return f"Write {written} if {condition}, else add {declare}"
