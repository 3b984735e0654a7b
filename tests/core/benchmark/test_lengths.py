"""Files that are small, valid and made to be costly: what is done with them is counted."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from pytest_biasruler.benchmark import declared as declared_module
from pytest_biasruler.benchmark import problems as problems_module
from pytest_biasruler.benchmark import rules as rules_module
from pytest_biasruler.benchmark import texttable as texttable_module
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model
from pytest_biasruler.benchmark.lines import read_lines
from pytest_biasruler.benchmark.manifest import read_manifest
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.refusals import MOST_TOLD
from pytest_biasruler.benchmark.textfile import read_text_table
from pytest_biasruler.errors import BiasRulerProblems, Limits

HEAD = """\
[benchmark]
name = "t"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"
[attributes.sex]
"""
CHECK = '[[checks]]\ncheck = "gap"\nmetric = "volume_bias"\nlimit = 0.1\n'
ACCENTS = "a" + "\u0315\u0300" * 5000


@pytest.fixture
def read(tmp_path):
    def read(toml):
        (tmp_path / "biasruler.toml").write_text(toml, encoding="utf-8")
        return read_manifest(tmp_path / "biasruler.toml", environ={})

    return read


def told(work, *args):
    with pytest.raises(BiasRulerProblems) as caught:
        work(*args)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def composed(monkeypatch):
    """Return the lengths of all texts that are put into NFC while the test runs."""
    lengths = []

    def normalize(form, text):
        lengths.append(len(text))
        return unicodedata.normalize(form, text)

    monkeypatch.setattr(texttable_module, "unicodedata", SimpleNamespace(normalize=normalize))
    return lengths


@pytest.mark.parametrize("content", [f"case,sex\na,{ACCENTS}\n", f"case,{ACCENTS}\na,F\n"])
def test_a_cell_above_the_limit_is_refused_and_never_composed(tmp_path, composed, content):
    path = tmp_path / "clinical.csv"
    path.write_text(f"{content}b,Zu\u0308rich\n", encoding="utf-8")
    (problem,) = told(lambda: read_text_table(path, shown="clinical.csv", limits=Limits()))
    assert "cell of 10001 characters; expected at most 256" in problem
    assert composed, "no cell was composed, so that nothing was measured"
    assert max(composed) <= 256


@pytest.mark.parametrize(
    "addition",
    [
        f'merge = {{ F = ["{ACCENTS}"] }}\n',
        f'merge = {{ "{ACCENTS}" = ["F"] }}\n',
        f'missing = ["{ACCENTS}"]\n',
        f'column = "{ACCENTS}"\n',
        f'["attributes"."{ACCENTS}"]\n',
        f'[models."{ACCENTS}"]\nmasks = "a/{{case}}.nii"\n',
    ],
)
def test_a_text_or_name_longer_than_anybody_writes_is_refused(read, addition):
    (problem,) = told(read, HEAD + addition)
    assert problem.startswith("BR410 biasruler.toml:")
    assert " has 10001 characters; expected at most " in problem


def test_a_name_that_is_too_long_is_refused_in_code_too():
    model = Model(name="m" * 300, masks="m/{case}.nii")
    (problem,) = told(lambda: Benchmark(name="t", metadata=pd.DataFrame(), models=(model,)))
    assert "a name in models has 300 characters; expected at most 256" in problem


@pytest.mark.parametrize("pattern", ["a/" * 65, "a" * 1025])
def test_a_path_that_is_too_long_or_too_deep_is_refused_in_file_and_code(read, pattern):
    expected = "expected a path of at most 1024 characters and 64 folders"
    masks = pattern + "{case}.nii"
    (problem,) = told(read, f'{HEAD}[models.m]\nmasks = "{masks}"\n')
    assert problem.startswith("BR401 biasruler.toml:9: masks has ")
    assert expected in problem
    (problem,) = told(read, HEAD.replace("clinical.csv", pattern + "t.csv"))
    assert problem.startswith("BR401 biasruler.toml:3: metadata has ")
    model = Model(name="m", masks=masks)
    (problem,) = told(lambda: Benchmark(name="t", metadata=pd.DataFrame(), models=(model,)))
    assert problem.startswith('BR401 benchmark "t" [models.m]: masks has ')
    assert expected in problem


def test_the_deepest_path_that_is_accepted_can_be_searched(tmp_path, read):
    masks = "a/" * 64 + "{case}.nii"
    benchmark = read(f'{HEAD}[models.m]\nmasks = "{masks}"\n')
    assert list(tmp_path.glob(benchmark.models[0].masks.replace("{case}", "*"))) == []


def test_the_file_is_read_once_for_the_lines_of_all_problems(tmp_path, read, monkeypatch):
    benchmark = read(HEAD + "".join(f"[attributes.a{n}]\n" for n in range(50)))
    (tmp_path / "clinical.csv").write_text("case,sex\na,F\n")
    n_reads = []

    def count(toml):
        n_reads.append(1)
        return read_lines(toml)

    monkeypatch.setattr(problems_module, "read_lines", count)
    lines = told(read_metadata, benchmark)
    assert len(lines) == 50
    assert lines[49].startswith('BR602 biasruler.toml:57: column "a49" of a49 is not in')
    assert len(n_reads) == 1


class Unsearched(dict):
    """A mapping in which one looks up, and through which one does not go."""

    def items(self):
        pytest.fail("all lines were looked through for one problem")

    __iter__ = items


def test_a_line_is_looked_up_and_never_searched():
    lines = read_lines("[labels.a.b]\n[labels.c.d]\nx = 1\n")
    lines = replace(lines, first=Unsearched(lines.first))
    assert lines.of(("labels", "c")) == 2
    assert lines.of(("labels",)) == 1
    assert lines.of(("models", "x")) is None


@pytest.fixture
def compared(monkeypatch):
    """Return the unknown names for which a near one is looked for."""
    names = []
    nearest = rules_module.nearest

    def count(name, known):
        names.append(name)
        return nearest(name, known)

    monkeypatch.setattr(rules_module, "nearest", count)
    return names


@pytest.mark.parametrize(
    "toml",
    [
        HEAD + "".join(f'{CHECK}by = "s{n}"\n' for n in range(1000)),
        HEAD + CHECK + "by = [" + ",".join(f'"s{n}"' for n in range(1000)) + "]\n",
        HEAD + "".join(f'[[checks]]\ncheck = "c{n}"\n' for n in range(1000)),
        HEAD + "".join(f"k{n} = 1\n" for n in range(1000)),
        HEAD + CHECK + 'by = "sex"\n' + "".join(f"k{n} = 1\n" for n in range(1000)),
        HEAD + "".join(f"[s{n}]\n" for n in range(1000)),
        HEAD + "".join(f"[attributes.a{n}]\nk = 1\n" for n in range(1000)),
    ],
    ids=["checks", "values", "questions", "keys", "keys of a check", "tables", "attributes"],
)
def test_a_thousand_mistakes_are_told_up_to_two_hundred(read, compared, toml):
    lines = told(read, toml)
    assert 190 < len(lines) <= MOST_TOLD + 1
    assert len(compared) < 3 * MOST_TOLD, "looked for what is never told"


def test_it_is_said_that_there_are_more_problems(read):
    toml = HEAD + "".join(f"[attributes.a{n}]\nk = 1\n" for n in range(201))
    *first, last = told(read, toml)
    assert len(first) == 200
    assert last == (
        "BR602 biasruler.toml: at least 1 more problem; expected none. Correct those told first."
    )
    assert len(told(read, toml.replace("k = 1\n", "", 1))) == 200, "all two hundred, and no more"


def test_a_thousand_lacking_columns_are_told_up_to_two_hundred():
    attributes = tuple(Attribute(name=f"a{n}") for n in range(1000))
    frame = pd.DataFrame({"case": ["a"]})
    benchmark = Benchmark(name="t", metadata=frame, attributes=attributes)
    *first, last = told(read_metadata, benchmark)
    assert len(first) == 200
    assert "at least 800 more problems; expected none" in last


@pytest.mark.parametrize("key", ["missing", "names", "bins"])
def test_a_list_longer_than_the_checks_of_a_benchmark_is_refused(read, key):
    entries = ",".join(f'"{n}"' if key != "bins" else str(n) for n in range(10_001))
    problem = told(read, f"{HEAD}{key} = [{entries}]\n")[0]
    assert f"{key} lists 10001 values; expected at most 10000" in problem


def test_values_that_make_too_many_checks_are_refused_by_their_number(read):
    limits = [number / 20_000 for number in range(1, 10_002)]
    benchmark = read(HEAD + "[models.m]\nmasks = 'm/{case}.nii'\n")
    allowed = replace(benchmark, checks=(Check("gap", by="sex", metric="dice", limit=limits),))
    (problem,) = told(declare_checks, allowed)
    assert "limit lists 10001 values; expected at most 10000" in problem


def test_each_ruler_looks_up_its_gap_and_goes_through_none(read, monkeypatch):
    looked = []
    comparison = declared_module._comparison

    def count(item):
        looked.append(item.id)
        return comparison(item)

    monkeypatch.setattr(declared_module, "_comparison", count)
    toml = HEAD + '[models.m]\nmasks = "m/{case}.nii"\n[references.auto]\nkind = "automated"\n'
    limits = ", ".join(f"{number / 1000}" for number in range(1, 101))
    checks = ('check = "gap"', 'check = "ruler"')
    toml += 'masks = "auto/{case}.nii"\n' + "".join(
        f'[[checks]]\n{check}\nmetric = "dice"\nby = "sex"\nlimit = [{limits}]\n'
        for check in checks
    )
    declared = declare_checks(read(toml))
    assert {item.options["gap_limit"] for item in declared if item.check == "ruler"} == {0.001}
    assert 200 <= len(looked) <= 2 * 3 * 200, "read and declared: a few looks for each item"
