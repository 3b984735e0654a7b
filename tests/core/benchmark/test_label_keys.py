"""``[labels]``: the value that is ignored, and names that mean something else."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.errors import BiasRulerError

GENERAL = '[benchmark]\nname = "x"\nmetadata = "x.csv"\n[labels]\n'


def read(tmp_path, labels):
    file = tmp_path / "biasruler.toml"
    file.write_text(GENERAL + labels, encoding="utf-8")
    return Benchmark.from_file(file)


def test_the_ignored_value_is_no_label(tmp_path) -> None:
    benchmark = read(tmp_path, "tumor = 1\nwhole = [1, 2]\nignore = 7\n")
    assert benchmark.labels == {"tumor": (1,), "whole": (1, 2)}
    assert benchmark.ignore == 7


def test_without_ignore_nothing_is_ignored(tmp_path) -> None:
    assert read(tmp_path, "tumor = 1\n").ignore is None


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("tumor = 1\nignore = [7, 8]\n", "ignore is a list; expected a whole number"),
        ("tumor = 1\nignore = 0\n", "ignore is 0; expected a whole number from 1"),
        ("ignore = 7\n", "ignore stands alone in [labels]; expected a label beside it"),
        ("tumor = 1\nwhole = [1, 7]\nignore = 7\n", 'ignore is 7, which "whole" holds too'),
        ("tumor = 1\nbackground = 0\n", "background is a label; expected labels alone. Remove it"),
        ("tumor = 1\nBackground = 2\n", "Background is a label"),
        ("tumor = 1\nIgnore = 7\n", "Ignore is a label; expected ignore, in small letters"),
        ("tumor = 1\nmean = 2\n", "mean is a label, and what a check may ask of all labels"),
        ("tumor = 1\nworst = 2\n", "worst is a label, and what a check may ask of all labels"),
    ],
)
def test_what_is_no_label_is_refused(tmp_path, labels, said) -> None:
    with pytest.raises(BiasRulerError) as refused:
        read(tmp_path, labels)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1, "one mistake is told once"


def test_code_may_name_the_value_among_the_labels_or_beside_them() -> None:
    frame = pd.DataFrame({"case": ["a"]})
    among = Benchmark(name="x", metadata=frame, labels={"tumor": 1, "ignore": 7})
    beside = Benchmark(name="x", metadata=frame, labels={"tumor": 1}, ignore=7)
    assert (among.labels, among.ignore) == (beside.labels, beside.ignore) == ({"tumor": (1,)}, 7)
    assert replace(beside, name="y").ignore == 7


def test_code_may_not_give_two_values() -> None:
    frame = pd.DataFrame({"case": ["a"]})
    with pytest.raises(BiasRulerError, match="ignore is given twice"):
        Benchmark(name="x", metadata=frame, labels={"tumor": 1, "ignore": 7}, ignore=8)
