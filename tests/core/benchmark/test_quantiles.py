"""Bins at quantiles: edges from one value per patient, never told where they are one patient's."""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.quantiles import quantile_edges, quantile_names
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.errors import BiasRulerProblems

law = settings(deadline=None, derandomize=True, max_examples=100)
numbers = st.one_of(
    st.integers(-200, 200).map(float),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3)),
)


def cut(cells, *, patients=None, **keys):
    """Return the subgroups of one attribute called age."""
    table = pd.DataFrame({"case": [f"c{n:04d}" for n in range(len(cells))], "age": cells})
    table["patient"] = patients or table["case"]
    age = Attribute(name="age", **keys)
    benchmark = Benchmark(name="b", metadata=table, patient="patient", attributes=[age])
    return cut_all(benchmark, read_metadata(benchmark))["age"]


def sizes(subgroups):
    return {name: int((subgroups.of == name).sum()) for name in subgroups.order}


def test_quartiles_of_eight_ages_hold_two_each():
    # Type 7 of 20, 30, ..., 90: 37.5, 55 and 72.5, upwards to whole numbers.
    subgroups = cut([str(age) for age in range(20, 91, 10)], quantiles=4)
    assert sizes(subgroups) == {"under 38": 2, "38–54": 2, "55–72": 2, "73+": 2}
    assert subgroups.edges == (20, 38, 55, 73, 90)
    assert subgroups.declared == subgroups.order
    (note,) = subgroups.notes
    assert (note.code, note.n) == ("BR414", 4)
    assert "4 quantile bins at 38, 55, 73" in note.text
    assert "20" not in note.text, "the smallest value is one patient's"


def test_an_edge_counts_upwards():
    assert cut(["1", "2", "3"], quantiles=2).of.tolist() == ["under 2", "2+", "2+"]


def test_a_patient_with_many_scans_weighs_as_one():
    cells = ["20"] * 50 + ["30", "40", "50"]
    patients = ["p"] * 50 + ["q", "r", "s"]
    many, one = cut(cells, patients=patients, quantiles=2), cut(cells[49:], quantiles=2)
    assert many.edges == one.edges == (20, 35, 50)


def test_a_patients_value_is_the_mean_of_the_scans_and_every_scan_has_a_bin():
    subgroups = cut(["10", "50", "30", "40"], patients=["p", "p", "q", "r"], quantiles=2)
    # Patients: 30, 30 and 40; the median is 30, and nobody's mean lies below it.
    assert subgroups.edges == (10, 50)
    assert sizes(subgroups) == {"all": 4}


def test_ties_that_leave_a_bin_empty_join_it_and_the_note_says_so():
    subgroups = cut(["0"] * 6 + ["5", "9"], quantiles=4)
    assert subgroups.order == ("under 2", "2+")
    assert "2 quantile bins at 2" in subgroups.notes[-1].text
    assert "4 were asked for, and ties join the others" in subgroups.notes[-1].text


def test_one_giant_value_leaves_the_small_ones_apart():
    volumes = [0.1 * 1.1**n for n in range(59)] + [4800.0]
    subgroups = cut([f"{volume:.4f}" for volume in volumes], quantiles=4)
    assert list(sizes(subgroups).values()) == [15, 15, 15, 15]
    assert "ties" not in subgroups.notes[-1].text


@given(
    values=st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=40, unique=True),
    n_bins=st.integers(2, 20),
    power=st.integers(-3, 3),
)
@law
def test_rounding_an_edge_moves_nobody(values, n_bins, power):
    ordered = sorted(value * 10.0**power for value in values)
    inner = quantile_edges(ordered, n_bins=n_bins, cases=ordered)[1:-1]
    exact = np.quantile(np.arange(len(ordered)), np.arange(1, n_bins) / n_bins)
    below = {int(np.ceil(place - 1e-9)) for place in exact}
    assert {bisect_left(ordered, edge) for edge in inner} <= below


@pytest.mark.parametrize("cells", [["7"] * 9, ["7"]])
def test_one_value_is_one_bin(cells):
    subgroups = cut(cells, quantiles=3)
    assert sizes(subgroups) == {"all": len(cells)}
    assert "nearly all its values are the same" in subgroups.notes[-1].text


def test_without_a_number_there_is_no_bin():
    subgroups = cut(["", ""], quantiles=3)
    assert (subgroups.order, subgroups.edges, subgroups.notes) == (("missing",), (), ())


def test_what_is_no_number_is_refused_as_with_bins():
    with pytest.raises(BiasRulerProblems, match=r"BR406 metadata:3: age looks like \"99a\""):
        cut(["30", "40", "50y"], quantiles=2)
    with pytest.raises(BiasRulerProblems, match=r"BR407 .* 1 value of age lies in no bin"):
        cut(["30", "40", "1e999"], quantiles=2)


def test_fillers_are_missing_in_every_spelling_and_move_no_edge():
    cells = ["15", "15.0", "0", "20", "30", "40", "50"]
    subgroups = cut(cells, quantiles=2, missing=("0", "15"))
    assert sizes(subgroups) == {"under 35": 2, "35+": 2, "missing": 3}
    assert dict(subgroups.numbers) == {"c0003": 20, "c0004": 30, "c0005": 40, "c0006": 50}


def test_a_filler_of_bins_may_lie_in_no_bin():
    subgroups = cut(["0.0", "20", "40"], bins=(18, 30, 90), missing=("", "0"))
    assert sizes(subgroups) == {"18–29": 1, "30–90": 1, "missing": 1}


def test_a_filler_of_texts_is_itself_alone():
    table = pd.DataFrame({"case": ["a", "b"], "age": ["15", "15.0"]})
    age = Attribute(name="age", missing=("15",))
    benchmark = Benchmark(name="b", metadata=table, attributes=[age])
    assert cut_all(benchmark, read_metadata(benchmark))["age"].of.tolist() == ["missing", "15.0"]


def test_the_line_of_a_filler_can_be_pasted():
    cells = ["15"] * 52 + [str(20 + n % 40) for n in range(48)]
    (note,) = cut(cells, bins=(0, 41, 120), missing=("", "NA")).notes
    line = note.text.partition(", write ")[2].removesuffix(" in [attributes.age]")
    missing = tomllib.loads(line)["missing"]
    assert missing == ["", "NA", "15"]
    pasted = cut(cells, bins=(0, 41, 120), missing=tuple(missing))
    assert (sizes(pasted)["missing"], pasted.notes) == (52, ())


def test_the_line_of_near_spellings_can_be_pasted():
    cells = ["hawaian"] * 2 + ["hawaiian"] * 3 + ["hawaiiann", "asian", "asiann "]
    merge = {"white": ("caucasian",)}
    (note,) = (n for n in cut(cells, merge=merge).notes if "near" in n.text)
    line = note.text.partition(", write ")[2].removesuffix(" in [attributes.age]")
    merged = tomllib.loads(line)["merge"]
    assert merged == {"white": ["caucasian"], "hawaiian": ["hawaian", "hawaiiann"]}
    pasted = cut(cells, merge={kept: tuple(taken) for kept, taken in merged.items()})
    assert sizes(pasted) == {"asian": 1, "asiann": 1, "hawaiian": 6}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"quantiles": 4, "bins": (0, 1, 2)}, "quantiles stand beside bins; expected one of them"),
        ({"quantiles": 1}, "quantiles is 1; expected a whole number from 2 to 20"),
        ({"quantiles": 21}, "quantiles is 21"),
        ({"quantiles": 2, "names": ("a", "b")}, "names stand without bins"),
    ],
)
def test_quantiles_that_cannot_be_are_refused(keys, message):
    with pytest.raises(BiasRulerProblems, match=message):
        Benchmark(name="b", metadata="c.csv", attributes=[Attribute(name="age", **keys)])


def test_three_attributes_may_be_crossed_and_four_may_not():
    def declare(by):
        benchmark = Benchmark(
            name="b",
            metadata="c.csv",
            references=[Reference(name="expert", kind="expert")],
            models=[Model(name="unet")],
            attributes=[Attribute(name=name) for name in "abcd"],
            scores=pd.DataFrame({"case": ["x"], "dice": [1.0]}),
            checks=[Check("gap", by=[by])],
        )
        return declare_checks(benchmark)

    assert declare(["a", "b", "c"])[0].by == ("a", "b", "c")
    with pytest.raises(BiasRulerProblems, match="by crosses 4 attributes; expected at most 3"):
        declare(["a", "b", "c", "d"])


@given(st.lists(numbers, min_size=1, max_size=60), st.integers(2, 20))
@law
def test_every_value_has_one_bin_and_none_is_empty(values, n_bins):
    subgroups = cut([repr(value) for value in values], quantiles=n_bins)
    assert 1 <= len(subgroups.order) <= n_bins
    assert min(sizes(subgroups).values()) >= 1, "an empty bin would be declared"
    assert subgroups.edges[0] <= min(values) <= max(values) <= subgroups.edges[-1]
    assert len(set(subgroups.order)) == len(subgroups.order)


@given(st.lists(st.integers(0, 1000), min_size=40, max_size=80, unique=True))
@law
def test_without_ties_bins_differ_by_few_patients(values):
    ages = sorted(map(float, values))
    edges = quantile_edges(ages, n_bins=4, cases=ages)
    counts = [sum(low <= v < high for v in ages) for low, high in pairwise(edges)]
    counts[-1] += 1  # the last bin is closed
    assert max(counts) - min(counts) <= 2


def test_no_name_tells_the_smallest_or_the_largest_value():
    names = quantile_names([19, 41, 60, 87], whole=True)
    assert not any("19" in name or "87" in name for name in names)
