"""What a column of the metadata seems to hold, told by its name and by the form of its cells."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.categories import fold
from pytest_biasruler.benchmark.numbers import read_number
from pytest_biasruler.proposal.words import word_set, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Topic(IntEnum):
    """What a column is about, those first that are asked about first."""

    PERSON = 0
    PLACE = 1
    DISEASE = 2
    UNKNOWN = 3


_TOPICS = {
    Topic.PERSON: (
        "age sex gender race ethnicity ethnic ancestry skin fitzpatrick menopause menopausal bmi"
        " weight height pregnant pregnancy smoking smoker language deprivation"
    ),
    Topic.PLACE: (
        "site center centre hospital institution dataset cohort country region source manufacturer"
        " vendor scanner machine device field strength tesla protocol contrast kernel thickness"
        " view position projection"
    ),
    Topic.DISEASE: (
        "density birads grade stage subtype malignancy malignant laterality side finding"
        " diagnosis diameter size type tumor tumour lesion"
    ),
}
_TOPIC_OF = {word: topic for topic, words in _TOPICS.items() for word in word_set(words)}
_SITES = ("site", "center", "centre", "hospital", "institution", "dataset", "cohort", "source")

# What tells who somebody is, or is written by hand. Such columns are named, their cells never.
_IDENTIFYING = word_set(
    "name names surname firstname lastname forename initials birth birthday birthdate dob born"
    " mrn address street city town zip zipcode postal postcode phone telephone mobile tel fax"
    " email mail ssn nhs insurance passport license licence accession uid uuid guid id ids date"
    " dates time datetime day comment comments note notes remark remarks text report reports"
    " description history memo narrative physician doctor operator technician referring nurse"
    " url link path file filename photo contact relative account login user hash serial"
)
_OF_THINGS = word_set("manufacturer scanner institution site center centre hospital")
_THING_NAMES = frozenset(["name", "names", "id", "ids"])
_RESULTS = word_set(
    "dice iou jaccard hd hausdorff nsd assd asd score scores auc accuracy sensitivity"
    " specificity precision recall loss prediction predicted pred error probability"
)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b.*|\d{8}")
_LONGEST_CATEGORY = 40

_FILLERS = frozenset(
    (
        *("", "na", "n/a", "#n/a", "nan", "null", "unknown", "unk", "not reported", "missing"),
        *("not available", "not recorded", "unspecified", "undefined", "?", "-", "--", "."),
    )
)
_FILLERS_OF_NUMBERS = frozenset(["none", "nd", "-1", "-9", "-99", "-999", "999", "9999"])


def topic_of(column: str) -> Topic:
    """Return what the name of a column says that it is about.

    Examples
    --------
    >>> [topic_of(name).name for name in ("Age (years)", "ManufacturerModel", "stage", "thin")]
    ['PERSON', 'PLACE', 'DISEASE', 'UNKNOWN']
    """
    return min((_TOPIC_OF[word] for word in topic_words(column)), default=Topic.UNKNOWN)


def topic_words(column: str) -> frozenset[str]:
    """Return the words in the name of a column that say what it is about."""
    return words_of(column) & _TOPIC_OF.keys()


def is_age(column: str) -> bool:
    """Return whether the name of a column says that it holds ages."""
    return "age" in words_of(column)


def site_rank(column: str) -> int | None:
    """Return how well a name says that a column holds sites, 0 the best; None: not at all."""
    words = words_of(column)
    return next((n for n, word in enumerate(_SITES) if word in words), None)


def is_identifying(column: str, cells: Iterable[str]) -> bool:
    """Return whether a column may tell who somebody is, or holds text written by hand.

    Parameters
    ----------
    column : str
        Its name; that of a place or a machine may hold names and numbers.
    cells : iterable of str
        Its values, each once.

    Examples
    --------
    >>> is_identifying("Patient Name", []), is_identifying("site_id", ["A"])
    (True, False)
    >>> is_identifying("seen", ["1961-03-02"]), is_identifying("sex", ["F", "M"])
    (True, False)
    """
    words = words_of(column)
    told = words & _IDENTIFYING
    if words & _OF_THINGS:
        told -= _THING_NAMES
    if told:
        return True
    return any(_DATE.fullmatch(cell) or len(cell) > _LONGEST_CATEGORY for cell in cells)


def is_result(column: str) -> bool:
    """Return whether the name of a column says that it holds scores, by which nobody is cut."""
    return bool(words_of(column) & _RESULTS)


def find_fillers(cells: Collection[str], *, of_numbers: bool) -> tuple[str, ...]:
    """Return the cells that seem to mean "not recorded", sorted.

    Parameters
    ----------
    cells : collection of str
        Values of the column, each once.
    of_numbers : bool
        Whether the others are numbers, among which more words and some numbers are fillers.

    Examples
    --------
    >>> find_fillers({"F", "M", "", "Unknown", "NA"}, of_numbers=False)
    ('', 'NA', 'Unknown')
    >>> [find_fillers(cells, of_numbers=True) for cells in ({"34", "999"}, {"1", "999", "2000"})]
    [('999',), ()]
    """
    known = _FILLERS | _FILLERS_OF_NUMBERS if of_numbers else _FILLERS
    likely = {cell for cell in cells if fold(cell) in known}
    others = [
        number.value for cell in cells if (number := read_number(cell)) if cell not in likely
    ]
    if others:  # 999 among thousands is one of them
        low, high = min(others), max(others)
        likely = {cell for cell in likely if not _is_between(cell, low, high)}
    return tuple(sorted(likely))


def _is_between(cell: str, low: float, high: float) -> bool:
    number = read_number(cell)
    return number is not None and low <= number.value <= high


def are_numbers(cells: Collection[str]) -> bool:
    """Return whether all cells that are recorded are numbers, and there are some."""
    fillers = find_fillers(cells, of_numbers=True)
    recorded = [cell for cell in cells if cell not in fillers]
    return bool(recorded) and all(read_number(cell) for cell in recorded)
