"""Keys of score tables: what goes with which format, and what is refused with which line."""

from __future__ import annotations

import pytest

from pytest_biasruler import Benchmark
from pytest_biasruler.errors import BiasRulerProblems

HEAD = """\
[benchmark]
name = "toy"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
[models.unet]
[labels]
tumor = 1
"""


@pytest.fixture(name="lay")
def fixture_lay(tmp_path):
    def lay(text, head=HEAD):
        path = tmp_path / "toy.toml"
        path.write_text(head + text)
        return Benchmark.from_file(path)

    return lay


def told(lay, text, **options):
    with pytest.raises(BiasRulerProblems) as caught:
        lay(text, **options)
    return [str(problem) for problem in caught.value.problems]


def test_several_tables_are_kept_in_their_order(lay):
    text = (
        '[[scores]]\ntable = "a/summary.json"\nformat = "nnunet"\nmodel = "unet"\n'
        '[[scores]]\ntable = "w.csv"\nformat = "wide"\npattern = "{label}:{metric}"\n'
        'columns = { id = "case", hd95 = "hd95_mm" }\n'
    )
    first, second = lay(text).scores
    assert (first.table, first.format, first.model) == ("a/summary.json", "nnunet", "unet")
    assert (second.pattern, second.metric) == ("{label}:{metric}", None)
    assert second.columns == {"id": "case", "hd95": "hd95_mm"}


def test_one_table_is_the_same_as_a_list_of_one(lay):
    one = lay('[scores]\ntable = "a.csv"\n').scores
    assert one == lay('[[scores]]\ntable = "a.csv"\n').scores


def test_a_reference_that_is_scored_may_be_the_model(lay):
    (source,) = lay('[scores]\ntable = "a.csv"\nmodel = "expert"\n').scores
    assert source.model == "expert"


REFUSED = [
    ('format = "wide"', "pattern is missing", "Add pattern"),
    ('pattern = "{metric}"', 'pattern with format = "tidy"', 'Write format = "wide"'),
    ('format = "wide"\npattern = "{model}"', "metric is missing", 'Add metric = "dice"'),
    ('format = "monai"', "metric is missing", 'Add metric = "dice"'),
    ('format = "nnunet"\nmetric = "dice"', 'metric with format = "nnunet"', "Remove metric"),
    ('format = "panoptica"\nmetric = "dice"', 'metric with format = "panoptica"', "columns"),
    ('format = "nnunetv2"', 'unknown format "nnunetv2"', "Write nnunet"),
    ('model = "unte"', 'unknown model "unte"', "Write unet"),
    ('reference = "unet"', 'unknown reference "unet"', "expert"),
    ('label = "tumour"', 'unknown label "tumour"', "Write tumor"),
    ('format = "wide"\npattern = "dice"', "pattern has no part in braces", "{model}"),
    ('format = "wide"\npattern = "{case}_{metric}"', 'unknown part "case"', "metric"),
    ('format = "wide"\npattern = "{metric}{metric}"', 'lists "metric" twice', "Remove one"),
    ('format = "wide"\npattern = "{metric}}"', "pattern holds other braces", "{metric}"),
    (
        'format = "wide"\npattern = "{model}_{metric}"\nmodel = "unet"',
        "model stands in pattern and is a key",
        "Remove model",
    ),
    ('columns = "dice"', 'columns is "dice"', "THEIRS"),
    ("columns = { a = 1 }", "a in columns is 1", "a text"),
    ('columns = { "" = "dice" }', "a name in columns is empty", "column"),
    ('columns = { class0 = "background" }', "named background", "background is never scored"),
    ('patern = "x"', 'unknown key "patern"', "pattern"),
]


@pytest.mark.parametrize(("keys", "found", "expected"), REFUSED)
def test_each_wrong_key_of_a_score_table_is_refused_once(lay, keys, found, expected):
    (line,) = told(lay, f'[scores]\ntable = "a.csv"\n{keys}\n')
    assert line.startswith("BR602 toy.toml:")
    assert found in line, line
    assert expected in line, line


def test_a_mistake_in_the_second_table_is_told_with_its_line(lay):
    lines = told(lay, '[[scores]]\ntable = "a.csv"\n[[scores]]\ntable = "b.csv"\nmodel = "x"\n')
    assert [line.partition(": ")[0] for line in lines] == ["BR602 toy.toml:13"]


def test_a_table_outside_the_root_is_refused(lay):
    (line,) = told(lay, '[[scores]]\ntable = "../a.csv"\n')
    assert line.startswith("BR401 toy.toml:10: table leaves the data root")


def test_a_label_without_labels_is_refused(lay):
    head = HEAD.partition("[labels]")[0]
    (line,) = told(lay, '[scores]\ntable = "a.csv"\nlabel = "tumor"\n', head=head)
    assert 'label is "tumor"; expected none, without [labels]' in line


def test_an_empty_list_of_tables_is_refused(lay):
    (line,) = told(lay, "", head=f"scores = []\n{HEAD}")
    assert "scores is an empty list; expected at least one table" in line
