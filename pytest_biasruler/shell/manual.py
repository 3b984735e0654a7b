"""What ``--biasruler-help`` prints: all that a benchmark file may say."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.shell.reference import read_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.shell.reference import Key

_WIDTH = 100
_EXAMPLE = """\
A benchmark file is TOML. All paths are relative to root and stay inside it.

  [benchmark]
  name = "Breast MRI"
  metadata = "clinical.csv"
  case = "patient_id"
  [references.expert]
  kind = "expert"
  masks = "expert/{case}.nii.gz"
  [models.unet]
  masks = "unet/{case}.nii.gz"
  [attributes.age]
  bins = [0, 41, 56, 120]
  [[checks]]
  check = "gap"
  by = "age"
  limit = 0.05

Each key below: what it holds (what holds without it), and what it is for.
"""


def manual() -> str:
    """Return the reference of the benchmark file as text.

    Examples
    --------
    >>> "[references.NAME]" in manual()
    True
    """
    return "\n".join([_EXAMPLE, *_tables(), *_questions(), *_layouts(), *_metrics()])


def _tables() -> Iterator[str]:
    for header, keys in read_words().tables.items():
        yield header
        yield from _keys(keys, indent="  ")
        yield ""


def _keys(keys: Iterable[Key], *, indent: str) -> Iterator[str]:
    for key in keys:
        yield from _entry(f"{key.name}: {key.type} ({key.default}).", key.meaning, indent=indent)


def _entry(start: str, text: str, *, indent: str) -> list[str]:
    """Return an entry as lines, all but the first indented further."""
    whole = plain(f"{start} {text}" if text else start)
    return textwrap.wrap(
        whole,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def plain(markdown: str) -> str:
    """Return a line of Markdown without marks and links.

    Examples
    --------
    >>> plain("a [score table](#score-tables) of `unet`")
    'a score table of unet'
    """
    return re.sub(r"\[([^]\[]+)\]\([^)]+\)", r"\1", markdown).replace("`", "")


def _questions() -> Iterator[str]:
    words = read_words()
    yield 'The questions, as in check = "gap", and their own keys'
    for name, question in QUESTIONS.items():
        yield from _entry(f"{name}: {question.asks}", words.about[name], indent="  ")
        yield from _keys(words.checks[name], indent="      ")
    yield ""


def _layouts() -> Iterator[str]:
    yield "Layouts, and what they fill in"
    for name, text in read_words().layouts.items():
        yield from _entry(f"{name}:", text, indent="  ")
    yield ""


def _metrics() -> Iterator[str]:
    yield "Metrics, and which scores are better"
    yield from _entry(", ".join(map(_metric, CATALOGUE.values())), "", indent="  ")


def _metric(metric: Metric) -> str:
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{metric.name} ({metric.direction}{unit})"


def print_manual() -> int:
    """Print the reference; return the exit code of the run that it ends."""
    print(manual())
    return 0
