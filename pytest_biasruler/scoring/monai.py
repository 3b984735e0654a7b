"""MONAI's ``METRIC_raw.csv``: one row for each image, one column for each class."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.rules import listed
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.pattern import aliased, twice
from pytest_biasruler.scoring.unfold import Reading
from pytest_biasruler.scoring.wide import slot_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.benchmark.texttable import TextTable
    from pytest_biasruler.scoring.naming import Naming

_CASE, _MEAN, _BACKGROUND = "filename", "mean", "background"
_SIGNS = ",\t;|"
_HEAD = 64  # bytes, longer than a mark of byte order and the name of the first column


def case_of_file(file: str) -> str:
    r"""Return the name of a file without folders and suffix.

    Examples
    --------
    >>> case_of_file("/out/fold_0/lung_007.nii.gz"), case_of_file("C:\\out\\a.b.nrrd")
    ('lung_007', 'a.b')
    """
    name = PurePosixPath(file.replace("\\", "/")).name
    return PurePosixPath(name.removesuffix(".gz")).stem


def delimiter_of(path: Path) -> str:
    """Return the sign behind the name of the first column: commas, in old versions tabs."""
    try:
        if not path.is_file():  # a pipe would block the run
            return ","
        with path.open("rb") as stream:
            head = stream.read(_HEAD).decode("utf-8-sig", errors="replace")
    except OSError:  # told by the reader of tables
        return ","
    sign = head.lstrip()[len(_CASE) : len(_CASE) + 1]
    return sign if sign and sign in _SIGNS else ","


def mend_header(header: Sequence[str]) -> list[str]:
    """Return a header with one mean.

    MONAI adds the word to one list of names again for each metric, so that the second file has
    ``mean`` twice above one column, the third three times.

    Examples
    --------
    >>> mend_header(["filename", "class0", "mean", "mean"])
    ['filename', 'class0', 'mean']
    """
    names = list(header)
    while names[-2:] == [_MEAN, _MEAN]:
        names.pop()
    return names


def read_monai(header: Sequence[str], naming: Naming, *, same: Mapping[str, str]) -> Reading:
    """Return which class is which label.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two classes for one label, ``BR602`` no table of single images, or a class of
        which nobody has said what it is.
    """
    raise_if_any(_foreign(header, naming))
    classes = [name for name in header[1:] if name != _MEAN]
    columns = naming.source.columns
    raise_if_any(
        [
            *naming.unknown_names((), of_labels=columns),
            *(naming.absent(each) for each in columns if each not in classes),
        ]
    )
    labels = _labels(classes, naming, same=same)
    slots = {name: slot_of({**same, "label": label}) for name, label in labels.items()}
    raise_if_any(naming.same_slot(*pair, ours="one label") for pair in twice(slots))
    return Reading(case=_CASE, slots=slots, n_left=0)


def refuse_running_numbers(table: TextTable, naming: Naming, *, begin: int) -> None:
    """Refuse rows that are numbered from 0, as MONAI does if nobody gave it the files' names.

    Parameters
    ----------
    begin : int
        How many rows stood before.

    Raises
    ------
    BiasRulerProblems
        ``BR422``: the order of rows tells nothing of cases.
    """
    files = table.column(_CASE)
    if files and files == [str(number) for number in range(begin, begin + len(files))]:
        found = f"{naming.shown} numbers its rows in place of naming files"
        fix = "Give MetricsSaver a batch_transform that returns the meta data of the images"
        raise_if_any([BiasRulerError("BR422", found, "the file of each row", fix, naming.shown)])


def _foreign(header: Sequence[str], naming: Naming) -> Iterator[BiasRulerError]:
    if header[0] == _CASE and len(header) > 1:
        return
    found, fix = f"{naming.shown} is no table of MONAI", "Correct format"
    if header[0] == "class":
        found = f"{naming.shown} is a summary of all images"
        fix = "Name the file beside it that ends in _raw.csv"
    elif len(header) == 2:
        found = f"{naming.shown} is MONAI's metrics.csv, which holds means over all images"
        fix = "Write metric_details with MetricsSaver, and name the file that ends in _raw.csv"
    yield naming.refused(found, expected="filename, then classes", fix=fix, of_table=True)


def _labels(classes: Sequence[str], naming: Naming, *, same: Mapping[str, str]) -> dict[str, str]:
    """Return class -> label; ``""`` where the benchmark has none."""
    known = tuple(naming.vocabulary.labels)
    named = aliased(known, naming.source.columns)
    if len(classes) == 1 and classes[0] not in named and (len(known) < 2 or "label" in same):
        return {classes[0]: same.get("label", known[0] if known else "")}
    raise_if_any(_unnamed(classes, named, naming=naming, same=same))
    return {name: named[name] for name in classes if name in named}


def _unnamed(
    classes: Sequence[str],
    named: Mapping[str, str],
    *,
    naming: Naming,
    same: Mapping[str, str],
) -> Iterator[BiasRulerError]:
    """Yield the classes of which nobody says what they are; the first may be the background."""
    open_ones = [name for name in classes if name not in named and name != _BACKGROUND]
    has_names = any(name in named for name in classes)
    if "label" in same:
        found = f"{naming.shown} has {len(classes)} classes"
        fix = f'Write columns = {{ CLASS = "{same["label"]}" }} instead of label'
        yield naming.refused(found, expected="one class", fix=fix)
    elif open_ones and not (has_names and open_ones == [classes[0]]):
        known = tuple(naming.vocabulary.labels)
        found = f"nobody says which label {listed(open_ones)} of {naming.shown} is"
        label = known[0] if known else "label"
        fix = f'Write columns = {{ {open_ones[-1]} = "{label}" }}; only the first may be unnamed'
        if not known:
            fix += ", and name it in [labels]"
        yield naming.refused(found, expected=listed(known) or "one class", fix=fix)
