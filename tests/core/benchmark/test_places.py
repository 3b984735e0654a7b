from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference, ReferenceKind
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.places import Places, bind_places, names_columns
from pytest_biasruler.errors import BiasRulerProblems
from pytest_biasruler.masks.path import resolve_filled

ROWS = {
    "scan": ["a", "b", "c"],
    "participant": ["p1", "p1", "p2"],
    "session": ["s1", "s2", "s1"],
}


def build(template, rows=None, **options):
    return Benchmark(
        name="b",
        metadata=pd.DataFrame(ROWS | (rows or {})),
        case="scan",
        references=[Reference(name="expert", kind=ReferenceKind.EXPERT, masks=template)],
        models=[Model(name="unet", masks="unet/{case}.nii")],
        **options,
    )


def bind(benchmark):
    return bind_places(benchmark, read_metadata(benchmark))


def told(benchmark):
    with pytest.raises(BiasRulerProblems) as caught:
        bind(benchmark)
    return [str(problem) for problem in caught.value.problems]


def test_columns_and_the_case_are_filled_in_row_by_row():
    bound = bind(build("{participant}/{session}/{participant}_{case}.nii"))

    masks = bound.references[0].masks
    assert dict(masks) == {"a": "p1/s1/p1_a.nii", "b": "p1/s2/p1_b.nii", "c": "p2/s1/p2_c.nii"}
    assert masks.template == "{participant}/{session}/{participant}_{case}.nii"
    assert bound.models[0].masks == "unet/{case}.nii", "a plain template was touched"


def test_the_case_need_not_stand_in_the_template_where_columns_tell_cases_apart():
    masks = bind(build("{participant}_{session}.nii")).references[0].masks

    assert [*masks.values()] == ["p1_s1.nii", "p1_s2.nii", "p2_s1.nii"]


def test_a_benchmark_without_columns_in_its_templates_stays_the_same_object():
    benchmark = build("expert/{case}.nii")

    assert bind(benchmark) is benchmark
    assert not names_columns(benchmark)


def test_what_is_filled_in_is_not_filled_in_again():
    benchmark = build("{participant}/{session}/{case}.nii")
    once = bind(benchmark)

    assert names_columns(benchmark)
    assert not names_columns(once)
    assert bind(once) is once


def test_a_cell_that_looks_like_a_placeholder_is_plain_text():
    rows = {"participant": ["{case}", "{session}", "{"]}

    masks = bind(build("{participant}/{case}.nii", rows)).references[0].masks

    assert [*masks.values()] == ["{case}/a.nii", "{session}/b.nii", "{/c.nii"]


def test_case_means_the_name_of_the_case_even_beside_a_column_of_that_name():
    rows = {"case": ["x", "y", "z"]}

    masks = bind(build("{participant}/{case}.nii", rows)).references[0].masks

    assert [*masks.values()] == ["p1/a.nii", "p1/b.nii", "p2/c.nii"]


def test_a_column_that_is_not_there_is_refused_with_the_nearest_one():
    assert told(build("{particpant}/{case}.nii")) == [
        'BR602 benchmark "b" [references.expert]: masks names the column "particpant", which is'
        " not in metadata; expected {case} or one of its columns."
        " Perhaps {participant} is meant."
    ]
    assert "Perhaps {case} is meant" in told(build("{Case}.nii"))[0]


def test_in_a_file_the_refusal_names_the_line_of_the_template(tmp_path):
    (tmp_path / "people.csv").write_text("case,age\nc1,40\n")
    (tmp_path / "biasruler.toml").write_text(
        '[benchmark]\nname = "b"\nmetadata = "people.csv"\n\n'
        '[references.expert]\nkind = "expert"\nmasks = "{agee}/{case}.nii"\n'
    )
    problems = told(Benchmark.from_file(tmp_path / "biasruler.toml", environ={}))

    assert problems[0].startswith('BR602 biasruler.toml:7: masks names the column "agee"')


def test_an_empty_cell_is_told_at_its_line(tmp_path):
    (tmp_path / "people.csv").write_text("case,visit\nc2,v1\nc1,\n")
    benchmark = Benchmark(
        name="b",
        metadata="people.csv",
        root=tmp_path,
        models=[Model(name="unet", masks="{visit}/{case}.nii")],
    )

    assert told(benchmark) == [
        "BR408 people.csv:3: visit is empty, and masks names it; expected part of a path."
        " Fill the cell or remove the row."
    ]


@pytest.mark.parametrize("cell", ["../up", "..", ".", "a/b", "a\\b", "C:x", "http://x", "a..b"])
def test_a_cell_that_is_no_file_name_is_refused_and_not_shown(cell):
    (problem,) = told(build("{participant}/{case}.nii", {"participant": ["p1", cell, "p2"]}))

    assert problem.startswith("BR401 metadata:2: participant leaves the data root")
    assert f" {cell} " not in problem


def test_two_cases_with_one_path_are_refused_with_both_lines():
    assert told(build("{session}.nii")) == [
        "BR403 metadata:3: {session}.nii names one file for this case and that of line 1;"
        " expected a file for each case. Add {case} or another column to masks."
    ]


def test_two_cases_whose_cells_run_together_to_one_path_are_refused():
    rows = {"participant": ["p", "p1", "q"], "session": ["11", "1", "1"]}

    (problem,) = told(build("{participant}{session}.nii", rows))

    assert problem.startswith("BR403 metadata:2:")


def test_all_that_is_wrong_is_told_at_once():
    rows = {"participant": ["", "p1", "../x"]}

    codes = [problem.split()[0] for problem in told(build("{participant}/{sesion}.nii", rows))]

    assert sorted(codes) == ["BR401", "BR408", "BR602"]


CELLS = st.text(st.sampled_from("ab./\\:{}~ "), min_size=1, max_size=4).map(str.strip)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_no_cell_leads_out_of_the_root_or_to_the_mask_of_another_case(tmp_path_factory, cells):
    root = tmp_path_factory.getbasetemp()
    rows = pd.DataFrame(cells, columns=["one", "two"], dtype=object)
    rows["case"] = [f"c{number}" for number in range(len(rows))]
    template = "set/{one}{two}/{two}.nii"
    benchmark = Benchmark(name="b", metadata=rows, models=[Model(name="m", masks=template)])
    try:
        masks = bind(benchmark).models[0].masks
    except BiasRulerProblems:
        return
    assert isinstance(masks, Places)
    paths = sorted(resolve_filled(path, root=root) for path in masks.values())
    assert all(path.is_relative_to(root.resolve() / "set") for path in paths)
    assert all(one != other for one, other in pairwise(paths))
