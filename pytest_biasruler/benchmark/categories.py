"""Categories as people write them: which spellings are one, which look alike."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.toml import key, listed, tabled
from pytest_biasruler.errors import BiasRulerError, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_biasruler.benchmark.definition import Attribute
    from pytest_biasruler.errors import Limits

MISSING = "missing"
"""Name of the subgroup of cases whose cell is empty or otherwise not recorded."""

_MOST_EDITS = 2
_LONG_WORD = 6
_MOST_SHOWN = 3
_WORD = re.compile(r"[^\W\d_]+|\d+")


def fold(category: str) -> str:
    r"""Return what `category` has in common with its other spellings.

    Case, runs of spaces of any kind and characters without width do not count.

    Examples
    --------
    >>> fold("African\u00a0 American\u200b") == fold("african american")
    True
    """
    visible = "".join(ch for ch in category if unicodedata.category(ch) != "Cf")
    return " ".join(unicodedata.normalize("NFC", visible.casefold()).split())


def category_problems(
    counts: Mapping[str, int], *, attribute: Attribute, shown: str, limits: Limits
) -> Iterator[BiasRulerError]:
    """Yield why categories cannot be subgroups.

    Parameters
    ----------
    counts : mapping
        Category, after `attribute.merge`, to its number of cases; missing ones left out.
    shown : str
        How messages name the table.

    Yields
    ------
    BiasRulerError
        ``BR410`` too many categories; ``BR413`` one is called "missing"; ``BR405`` one has
        several spellings, or is another spelling of what `attribute.missing` lists.
    """
    if len(counts) > limits.max_categories:
        yield BiasRulerError(
            "BR410",
            f"{attribute.source} has {len(counts)} categories",
            f"at most {limits.max_categories}",
            "Check that it is the right column, give bins or raise biasruler_max_categories",
            shown,
        )
        return
    spellings = defaultdict(list)
    for category in sorted(counts, key=lambda name: (-counts[name], name)):
        spellings[fold(category)].append(category)
    tokens = {fold(token): token for token in attribute.missing}
    for folded, categories in sorted(spellings.items()):
        if folded == MISSING:
            yield _called_missing(categories[0], attribute=attribute, shown=shown)
        elif folded in tokens:
            yield _beside_token(categories[0], tokens[folded], attribute=attribute, shown=shown)
        elif len(categories) > 1:
            found = ", ".join(f'"{name}" ({counts[name]})' for name in categories)
            yield BiasRulerError(
                "BR405",
                f'{attribute.source} has {len(categories)} spellings of "{folded}": {found}',
                "one",
                f"Join them: write {merge_line([categories], attribute=attribute)} in "
                f"{_table_of(attribute)}",
                shown,
            )


def _called_missing(category: str, *, attribute: Attribute, shown: str) -> BiasRulerError:
    return BiasRulerError(
        "BR413",
        f'{attribute.source} has a category "{category}"',
        "another name",
        f"Rename it by merge, or write {missing_line(category, attribute=attribute)} in "
        f"{_table_of(attribute)}",
        shown,
    )


def _beside_token(
    category: str, token: str, *, attribute: Attribute, shown: str
) -> BiasRulerError:
    return BiasRulerError(
        "BR405",
        f'{attribute.source} has the category "{category}" beside the missing "{token}"',
        "one spelling",
        f"Rename it by merge, or write {missing_line(category, attribute=attribute)} in "
        f"{_table_of(attribute)}",
        shown,
    )


def _table_of(attribute: Attribute) -> str:
    return f"[attributes.{key(attribute.name)}]"


def missing_line(cell: str, *, attribute: Attribute) -> str:
    """Return the line of a benchmark file by which `cell` too means "not recorded".

    Examples
    --------
    >>> from pytest_biasruler.benchmark.definition import Attribute
    >>> missing_line("NA", attribute=Attribute(name="sex"))
    'missing = ["", "NA"]'
    """
    return f"missing = {listed([*attribute.missing, cell])}"


def merge_line(spellings: Iterable[Sequence[str]], *, attribute: Attribute) -> str:
    """Return the line of a benchmark file that joins spellings, each time to the first of them.

    What the attribute already merges stays in it.

    Examples
    --------
    >>> from pytest_biasruler.benchmark.definition import Attribute
    >>> merge_line([["F", "f"]], attribute=Attribute(name="sex", merge={"M": ("male",)}))
    'merge = { M = ["male"], F = ["f"] }'
    """
    merge = {kept: list(others) for kept, others in attribute.merge.items()}
    for kept, *others in spellings:
        # A spelling that others were merged into hands them on: a chain would not be followed.
        taken = [one for other in others for one in (other, *merge.pop(other, []))]
        merge[kept] = [*merge.get(kept, []), *taken]
    return f"merge = {tabled(merge)}"


def near_spellings(counts: Mapping[str, int], *, attribute: Attribute) -> tuple[Note, ...]:
    """Return a note if some categories differ by a typing error only: by at most two letters.

    Only words of six letters or more may differ, so that neither "male" and "female" nor
    "scanner 1" and "scanner 2" are taken for one.
    """
    pairs = [pair for pair in combinations(sorted(counts), 2) if _are_near(*pair)]
    if not pairs:
        return ()
    told = "; ".join(
        f'"{a}" ({counts[a]}) and "{b}" ({counts[b]})' for a, b in pairs[:_MOST_SHOWN]
    )
    n_more = len(pairs) - _MOST_SHOWN
    more = f"; and {n_more} more" if n_more > 0 else ""
    line = merge_line(_clusters(pairs, counts), attribute=attribute)
    text = (
        f"{attribute.name} has near spellings: {told}{more}; if they mean one, write {line} in "
        f"{_table_of(attribute)}"
    )
    return (Note(code="BR405", set=attribute.name, n=len(pairs), text=printable(text)),)


def _clusters(pairs: Iterable[tuple[str, str]], counts: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield the categories that hang together by pairs, the most frequent one first."""
    clusters: list[set[str]] = []
    for pair in pairs:
        touched = [cluster for cluster in clusters if not cluster.isdisjoint(pair)]
        clusters = [cluster for cluster in clusters if cluster not in touched]
        clusters.append(set(pair).union(*touched))
    for cluster in sorted(map(sorted, clusters)):
        yield sorted(cluster, key=lambda name: (-counts[name], name))


def _are_near(first: str, second: str) -> bool:
    words = [_WORD.findall(fold(name)) for name in (first, second)]
    if len(words[0]) != len(words[1]):
        return False
    different = [pair for pair in zip(*words, strict=True) if pair[0] != pair[1]]
    if not different or not all(_is_long(word) for pair in different for word in pair):
        return False
    return sum(edit_distance(*pair) for pair in different) <= _MOST_EDITS


def _is_long(word: str) -> bool:
    return word.isalpha() and len(word) >= _LONG_WORD


def edit_distance(first: str, second: str) -> int:
    """Return how many letters must be put in, left out or replaced (Levenshtein).

    Examples
    --------
    >>> edit_distance("hawaian", "hawaiian"), edit_distance("male", "female")
    (1, 2)
    """
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
