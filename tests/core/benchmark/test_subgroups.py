from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.definition import Attribute, Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.subgroups import (
    cross_subgroups,
    cut_all,
    cut_subgroups,
    subgroup_frame,
)
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, Limits

AGES = (18, 40, 60, 90)


@pytest.fixture
def clinical(tmp_path):
    """A table of one column with a row per cell: the first case stands on line 2."""

    def clinical(cells, *, column="sex"):
        frame = pd.DataFrame({"case": [f"c{n:04d}" for n in range(len(cells))], column: cells})
        frame.to_csv(tmp_path / "clinical.csv", index=False)
        return read_metadata(Benchmark(name="b", metadata="clinical.csv", root=tmp_path))

    return clinical


@pytest.fixture
def cut(clinical):
    def cut(cells, *, name="sex", limits=None, **keys):
        attribute = Attribute(name=name, **keys)
        metadata = clinical(cells, column=attribute.source)
        return cut_subgroups(metadata, attribute, limits=limits or Limits())

    return cut


def said(refused):
    return str(refused.value).splitlines()


def sizes(subgroups):
    return {name: int((subgroups.of == name).sum()) for name in subgroups.order}


def test_categories_are_sorted_by_name_and_missing_comes_last(cut):
    subgroups = cut(["M", "", "F", "M"])
    assert sizes(subgroups) == {"F": 1, "M": 2, "missing": 1}
    assert subgroups.order == ("F", "M", "missing")
    assert (subgroups.missing, subgroups.declared) == ("missing", ())


def test_without_a_missing_cell_there_is_no_missing_subgroup(cut):
    subgroups = cut(["M", "F"])
    assert (subgroups.order, subgroups.missing) == (("F", "M"), None)


def test_d78_only_the_listed_tokens_are_missing(cut):
    subgroups = cut(["NA", "None", "nan", "007", "<b>", "", "unknown"], missing=("", "unknown"))
    assert subgroups.order == ("007", "<b>", "NA", "None", "nan", "missing")
    assert sizes(subgroups)["missing"] == 2


def test_an_empty_cell_is_a_category_where_it_is_not_listed(cut):
    subgroups = cut(["", "unknown", "F"], missing=("unknown",))
    assert subgroups.order == ("", "F", "missing")


def test_d78_a_category_called_missing_is_refused(cut):
    with pytest.raises(BiasRulerProblems) as refused:
        cut(["missing", "F"], name="ethnicity")
    assert said(refused) == [
        'BR413 clinical.csv: ethnicity has a category "missing"; expected another name.'
        ' Rename it by merge, or write missing = ["", "missing"] in [attributes.ethnicity].'
    ]


def test_a_category_called_missing_may_be_listed_as_such(cut):
    assert sizes(cut(["missing", "", "F"], missing=("", "missing"))) == {"F": 1, "missing": 2}


def test_merged_spellings_are_one_subgroup_and_counted(cut):
    kept = "hawaiian/pacific islander"
    cells = ["hawaian", "hawaiian", kept, "asian"]
    subgroups = cut(cells, name="ethnicity", merge={kept: ("hawaian", "hawaiian")})
    assert sizes(subgroups) == {"asian": 1, kept: 3}
    assert (subgroups.n_merged, subgroups.notes) == (2, ())


def test_merge_comes_before_missing(cut):
    assert sizes(cut(["unk", "F"], merge={"unknown": ("unk",)}, missing=("unknown",))) == {
        "F": 1,
        "missing": 1,
    }


def test_d79_merge_finds_the_other_unicode_form(cut):
    subgroups = cut(["Z\u00fcrich", "Zu\u0308rich", "ZRH"], merge={"ZRH": ("Zu\u0308rich",)})
    assert sizes(subgroups) == {"ZRH": 3}


def test_d79_a_trailing_space_is_no_other_category(cut):
    assert sizes(cut(["F", "F ", "\tF"])) == {"F": 3}


def test_d79_several_spellings_of_one_category_are_refused_with_their_counts(cut):
    with pytest.raises(BiasRulerProblems) as refused:
        cut(["f"] * 3 + ["F"] * 91)
    assert said(refused) == [
        'BR405 clinical.csv: sex has 2 spellings of "f": "F" (91), "f" (3); expected one.'
        ' Join them: write merge = { F = ["f"] } in [attributes.sex].'
    ]


@pytest.mark.parametrize(
    "other",
    ["african  american", "african\u00a0american", "African American", "african\u200b american"],
)
def test_d79_spaces_case_and_invisible_characters_make_no_category(cut, other):
    with pytest.raises(BiasRulerProblems, match=r"BR405 .* 2 spellings") as refused:
        cut(["african american", other])
    assert "\u200b" not in str(refused.value)


def test_spellings_that_merge_has_joined_are_accepted(cut):
    assert sizes(cut(["f", "F"], merge={"F": ("f",)})) == {"F": 2}


def test_another_spelling_of_a_missing_token_is_refused(cut):
    with pytest.raises(BiasRulerProblems) as refused:
        cut(["Unknown", "F"], missing=("", "unknown"))
    assert said(refused) == [
        'BR405 clinical.csv: sex has the category "Unknown" beside the missing "unknown";'
        ' expected one spelling. Rename it by merge, or write missing = ["", "unknown", "Unknown"]'
        " in [attributes.sex]."
    ]


def test_t6_near_spellings_are_noted_once(cut):
    subgroups = cut(["hawaian", "hawaiian", "hawaiian", "white"], name="ethnicity")
    (note,) = subgroups.notes
    assert (note.code, note.set, note.n) == ("BR405", "ethnicity", 1)
    assert '"hawaian" (1) and "hawaiian" (2)' in note.text


@pytest.mark.parametrize(
    "pair",
    [
        *(("male", "female"), ("scanner1", "scanner2"), ("1234567", "1234568")),
        *(("grade", "grace"), ("left", "right"), ("positive", "negative")),
    ],
)
def test_short_words_and_numbers_are_no_typing_errors(cut, pair):
    assert cut(pair).notes == ()


def test_two_wrong_letters_are_a_typing_error_and_three_are_not(cut):
    assert cut(["siemens", "siemmems"]).notes[0].n == 1
    assert cut(["siemens", "zimmenz"]).notes == ()


def test_a_typing_error_in_one_of_several_words_is_noted(cut):
    (note,) = cut(["African American", "African Amercan", "Asian American"]).notes
    assert note.n == 1


def test_t14_a_list_in_a_cell_stays_one_category(cut):
    assert cut(["N/A,Siemens", "Siemens", ""]).order == ("N/A,Siemens", "Siemens", "missing")


def test_d85_too_many_categories_are_refused_with_their_number(cut):
    with pytest.raises(BiasRulerProblems) as refused:
        cut([f"x{n}" for n in range(51)], name="ethnicity")
    (line,) = said(refused)
    assert line.startswith("BR410 clinical.csv: ethnicity has 51 categories; expected at most 50.")
    assert len(cut([f"x{n}" for n in range(50)]).order) == 50


def test_d86_hostile_names_are_subgroups_like_any_other(cut):
    names = ["<script>", '"onmouseover=', "]]>", "\x1b[31mred", "::error::", "\u202egnp", "a|b"]
    assert set(cut(names).order) == set(names)


def test_d81_bins_are_closed_on_the_left_and_the_last_one_on_both_sides(cut):
    subgroups = cut(["18", "39", "40", "59", "60", "90"], name="age", bins=AGES)
    assert subgroups.of.tolist() == ["18–39"] * 2 + ["40–59"] * 2 + ["60–90"] * 2
    assert subgroups.order == subgroups.declared == ("18–39", "40–59", "60–90")


def test_bins_of_the_contract_have_their_names(cut):
    subgroups = cut(["0", "40", "41", "120"], name="age", bins=(0, 41, 56, 120))
    assert subgroups.order == ("0–40", "41–55", "56–120")
    assert sizes(subgroups) == {"0–40": 2, "41–55": 1, "56–120": 1}


@pytest.mark.parametrize(
    ("cells", "bins", "names"),
    [
        (["1", "2"], (0, 1.6, 3), ("[0, 1.6)", "[1.6, 3]")),  # an edge is not whole
        (["40.5", "41"], (0, 41, 56), ("[0, 41)", "[41, 56]")),  # a value is not whole
        (["34.0", "41"], (0, 41, 56), ("0–40", "41–56")),
        (["1", "2"], (1, 2, 3, 3.5), ("[1, 2)", "[2, 3)", "[3, 3.5]")),
        (["1", "2"], (1, 2, 3), ("1", "2–3")),
    ],
)
def test_names_of_bins_never_leave_out_a_value(cut, cells, bins, names):
    assert cut(cells, name="age", bins=bins).order == names


def test_names_of_bins_can_be_chosen(cut):
    subgroups = cut(["1", "50"], name="age", bins=(0, 41, 120), names=("young", "old"))
    assert subgroups.of.tolist() == ["young", "old"]


def test_an_empty_bin_is_declared_and_listed(cut):
    subgroups = cut(["18", ""], name="age", bins=AGES)
    assert sizes(subgroups) == {"18–39": 1, "40–59": 0, "60–90": 0, "missing": 1}
    assert subgroups.declared == ("18–39", "40–59", "60–90")


def test_d80_a_missing_token_in_a_numeric_column_is_missing(cut):
    subgroups = cut(["18", "", "-1"], name="age", bins=AGES, missing=("", "-1"))
    assert sizes(subgroups)["missing"] == 2


def test_d80_ninety_and_above_is_read_and_counted(cut):
    subgroups = cut(["90+", "18"], name="age", bins=AGES)
    assert subgroups.of.tolist() == ["60–90", "18–39"]
    (note,) = subgroups.notes
    assert (note.code, note.set, note.n) == ("BR406", "age", 1)


def test_d80_an_open_value_below_the_last_bin_has_no_bin(cut):
    with pytest.raises(BiasRulerProblems, match=r'BR406 clinical\.csv:2: age looks like "99\+"'):
        cut(["40+"], name="age", bins=AGES)


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        *(("34y", "99a"), ("34,5", "99,9"), ("nan", "aaa"), ("inf", "aaa"), ("1_0", "9_9")),
        *(("٣٤", "99"), ("0x1F", "9a9a"), ("1971-02-03", "9999-99-99"), ("3 4", "9 9")),
    ],
)
def test_d80_what_is_no_number_is_refused_by_its_form(cut, cell, form):
    with pytest.raises(BiasRulerProblems) as refused:
        cut(["18"] * 12 + [cell], name="age", bins=AGES)
    assert said(refused) == [
        f'BR406 clinical.csv:14: age looks like "{form}" (9 for a digit, a for a letter); '
        "expected a number."
        " Correct the cell or list it in missing."
    ]


def test_bins_of_a_column_of_texts_are_one_mistake(cut):
    with pytest.raises(BiasRulerProblems) as refused:
        cut(["never", "former", ""] * 6, name="smoking", bins=AGES)
    assert said(refused) == [
        "BR406 clinical.csv: smoking has bins, and none of its 12 values is a number; expected "
        "numbers. Remove bins, or name another column."
    ]


@pytest.mark.parametrize("cell", ["18", "18.0", "+18", "1.8e1", "18."])
def test_numbers_may_be_written_in_several_ways(cut, cell):
    assert cut([cell], name="age", bins=AGES).of.tolist() == ["18–39"]


def test_d81_values_in_no_bin_are_refused_with_their_lines(cut):
    cells = ["50"] * 200
    cells[12], cells[88], cells[199] = "17", "-1", "1971"
    with pytest.raises(BiasRulerProblems) as refused:
        cut(cells, name="age", bins=AGES)
    assert said(refused) == [
        "BR407 clinical.csv: 3 values of age lie in no bin (lines 14, 90, 201);"
        " expected 18 to 90. Widen bins or list them in missing."
    ]


@pytest.mark.parametrize("cell", ["200", "1e999", "-1e999", "17.999"])
def test_d81_one_value_in_no_bin_is_refused(cut, cell):
    with pytest.raises(BiasRulerProblems, match=r"1 value of age lies in no bin \(line 2\)"):
        cut([cell], name="age", bins=AGES)


def test_of_many_bad_cells_ten_are_told(cut):
    with pytest.raises(BiasRulerProblems) as refused:
        cut(["34y"] * 500, name="age", bins=AGES)
    assert len(refused.value.problems) == 11
    assert "490 more problems like that" in said(refused)[-1]


def test_the_bad_cells_that_are_told_are_the_first_of_the_file():
    cases = [f"c{n:02d}" for n in range(20)]
    frame = pd.DataFrame({"case": cases[::-1], "age": "34y"})
    age = Attribute(name="age", bins=AGES)
    benchmark = Benchmark(name="b", metadata=frame, attributes=(age,))
    with pytest.raises(BiasRulerProblems) as refused:
        cut_all(benchmark, read_metadata(benchmark))
    places = [problem.where for problem in refused.value.problems]
    assert places == [*(f"metadata:{row}" for row in range(1, 11)), "metadata"]


def test_t5_a_number_that_stands_in_half_of_the_rows_is_noted(cut):
    cells = ["15"] * 52 + [str(20 + n % 40) for n in range(48)]
    (note,) = cut(cells, name="age", bins=(0, 41, 120)).notes
    assert (note.code, note.set, note.n) == ("BR412", "age", 52)
    assert note.text.startswith("15 stands in 52 % of the rows of age; expected")


def test_t5_a_smallest_number_far_below_the_rest_is_noted(cut):
    cells = ["0"] * 10 + ["20", "30", "40"] * 9
    (note,) = cut(cells, name="age", bins=(0, 41, 120)).notes
    assert (note.code, note.n) == ("BR412", 10)
    assert note.text.startswith("0 stands in 10 rows of age, more than 5 below all others")


@pytest.mark.parametrize(
    "cells",
    [
        ["0"] * 9 + ["20", "30", "40"] * 9,  # too few
        ["15"] * 10 + ["20", "30", "40"] * 9,  # 5 is not more than 5
        ["15"] * 52 + [str(15 + n % 19) for n in range(48)],  # 19 different numbers
        ["15"] * 12 + [str(16 + n) for n in range(48)],  # 20 % is not more than 20 %
        ["15"] * 30,
    ],
)
def test_t5_an_ordinary_column_has_no_filler(cut, cells):
    assert cut(cells, name="age", bins=(0, 41, 120)).notes == ()


def test_t5_a_filler_that_is_listed_as_missing_is_not_noted(cut):
    cells = ["0"] * 10 + ["20", "30", "40"] * 9
    assert cut(cells, name="age", bins=(0, 41, 120), missing=("", "0")).notes == ()


@pytest.mark.parametrize(("bins", "order"), [(None, ()), (AGES, ("18–39", "40–59", "60–90"))])
def test_an_attribute_without_any_value_has_only_missing_cases(cut, bins, order):
    subgroups = cut(["", "", ""], name="age", bins=bins)
    assert set(subgroups.of) == {"missing"}
    assert subgroups.order == (*order, "missing")
    assert subgroups.declared == order


def test_t7_a_category_of_one_case_is_a_subgroup(cut):
    assert sizes(cut(["F", "F", "other"])) == {"F": 2, "other": 1}


def test_the_column_may_have_another_name(cut):
    assert cut(["34"], name="age", column="years", bins=AGES).of.name == "age"
    with pytest.raises(BiasRulerProblems, match="years looks like"):
        cut(["34y"], name="age", column="years", bins=AGES)


def test_subgroups_show_no_case(cut):
    assert "c0000" not in repr(cut(["F"]))


def test_a_crossing_names_both_sides_and_lists_what_holds_a_case():
    frame = pd.DataFrame(
        {"case": list("abcd"), "age": [20, 50, 50, 20], "sex": ["M", "F", "F", None]}
    )
    age, sex = Attribute(name="age", bins=AGES), Attribute(name="sex")
    benchmark = Benchmark(name="b", metadata=frame, attributes=(age, sex))
    crossed = cross_subgroups(list(cut_all(benchmark, read_metadata(benchmark)).values()))
    assert crossed.name == "age × sex"
    assert crossed.of.to_dict() == {
        "a": "18–39 × M",
        "b": "40–59 × F",
        "c": "40–59 × F",
        "d": "missing",
    }
    assert crossed.order == ("18–39 × M", "40–59 × F", "missing")
    assert crossed.declared == (
        *("18–39 × F", "18–39 × M", "40–59 × F", "40–59 × M", "60–90 × F", "60–90 × M"),
    )


def test_a_crossing_with_an_attribute_without_values_is_missing_throughout(cut):
    crossed = cross_subgroups([cut(["F", "M"]), cut(["", ""], name="age", bins=AGES)])
    assert (crossed.order, crossed.missing) == (("missing",), "missing")


def test_a_crossing_of_one_is_that_one(cut):
    subgroups = cut(["F", "M"])
    assert cross_subgroups([subgroups]) is subgroups


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, False)])
def test_missing_cells_of_a_crossing_are_judged_only_if_all_are(cut, first, second):
    parts = [cut(["F", ""], judge_missing=first), cut(["x", ""], judge_missing=second)]
    assert cross_subgroups(parts).judge_missing is (first and second)


def test_a_crossing_whose_cells_share_a_name_is_refused(cut):
    parts = [cut(["a", "a × b"], name="one"), cut(["c", "b × c"], name="two")]
    with pytest.raises(BiasRulerError, match="BR405 one and two: two cells"):
        cross_subgroups(parts)


def test_a_crossing_of_too_many_cells_is_refused(cut):
    part = cut([f"x{n}" for n in range(50)])
    with pytest.raises(BiasRulerError, match=r"BR410 .* crossing has 125000 cells"):
        cross_subgroups([part, part, part])


def test_all_problems_of_all_attributes_are_told_sorted_by_line(tmp_path):
    (tmp_path / "clinical.csv").write_text(
        "case,age,size,sex,site\na,41,1x,F,missing\nb,4y,2,f,x\n", encoding="utf-8"
    )
    benchmark = Benchmark(
        name="b",
        metadata="clinical.csv",
        root=tmp_path,
        attributes=(
            Attribute(name="age", bins=AGES),
            Attribute(name="size", bins=(0, 1, 2)),
            Attribute(name="sex"),
            Attribute(name="site"),
        ),
    )
    with pytest.raises(BiasRulerProblems) as refused:
        cut_all(benchmark, read_metadata(benchmark))
    places = [(problem.code, problem.where) for problem in refused.value.problems]
    assert places == [
        ("BR406", "clinical.csv:2"),
        ("BR406", "clinical.csv:3"),
        ("BR405", "clinical.csv"),
        ("BR413", "clinical.csv"),
    ]


def test_the_frame_for_users_has_a_row_per_case():
    frame = pd.DataFrame(
        {"case": ["b", "a"], "pid": ["p", "q"], "hospital": ["X", ""], "sex": ["F", ""]}
    )
    benchmark = Benchmark(
        name="b",
        metadata=frame,
        patient="pid",
        site="hospital",
        attributes=(Attribute(name="sex"),),
    )
    found = subgroup_frame(benchmark, read_metadata(benchmark))
    assert found.index.tolist() == ["a", "b"]
    assert found.to_dict("list") == {
        "patient": ["q", "p"],
        "site": ["", "X"],
        "sex": ["missing", "F"],
    }


def test_in_the_frame_for_users_an_attribute_called_site_takes_its_place():
    frame = pd.DataFrame({"case": ["a"], "hospital": [""]})
    site = Attribute(name="site", column="hospital")
    benchmark = Benchmark(name="b", metadata=frame, site="hospital", attributes=(site,))
    found = subgroup_frame(benchmark, read_metadata(benchmark))
    assert found.to_dict("list") == {"patient": ["a"], "site": ["missing"]}


ages = st.one_of(st.integers(0, 120).map(str), st.just(""), st.floats(0, 120).map(str))
sexes = st.sampled_from(["F", "M", "", "NA", "007", "<b>", "x"])
tables = st.lists(st.tuples(ages, sexes), min_size=1, max_size=30)


def cut_table(rows):
    frame = pd.DataFrame(rows, columns=["age", "sex"])
    frame.insert(0, "case", [f"c{n}" for n in range(len(rows))])
    return frame


def cut_frame(frame):
    age = Attribute(name="age", bins=(0, 41, 56, 120))
    benchmark = Benchmark(name="b", metadata=frame, attributes=(age, Attribute(name="sex")))
    cut = cut_all(benchmark, read_metadata(benchmark))
    return [*cut.values(), cross_subgroups(list(cut.values()))]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(rows=tables)
def test_every_case_is_in_exactly_one_subgroup_and_counts_add_up(rows):
    for subgroups in cut_frame(cut_table(rows)):
        assert subgroups.of.index.is_unique
        assert set(subgroups.of) <= set(subgroups.order)
        assert len(set(subgroups.order)) == len(subgroups.order)
        assert sum(sizes(subgroups).values()) == len(rows)
        assert (subgroups.missing in subgroups.order) == ("missing" in set(subgroups.of))


@settings(deadline=None, derandomize=True, max_examples=30)
@given(rows=tables, data=st.data())
def test_the_order_of_rows_does_not_matter(rows, data):
    frame = cut_table(rows)
    order = data.draw(st.permutations(range(len(rows))))
    for one, other in zip(cut_frame(frame), cut_frame(frame.iloc[order]), strict=True):
        assert (one.order, one.declared, one.notes) == (other.order, other.declared, other.notes)
        pd.testing.assert_series_equal(one.of, other.of)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    edges=st.lists(st.integers(-50, 150), min_size=2, max_size=6, unique=True).map(sorted),
    value=st.integers(-60, 160),
)
def test_a_whole_number_lies_between_the_ends_that_its_bin_names(edges, value):
    frame = pd.DataFrame({"case": ["a"], "age": [value]})
    age = Attribute(name="age", bins=tuple(edges))
    benchmark = Benchmark(name="b", metadata=frame, attributes=(age,))
    metadata = read_metadata(benchmark)
    if not edges[0] <= value <= edges[-1]:
        with pytest.raises(BiasRulerProblems, match="BR407"):
            cut_all(benchmark, metadata)
        return
    low, _, high = cut_all(benchmark, metadata)["age"].of["a"].partition("–")
    assert int(low) <= value <= int(high or low)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(cell=st.text("zqx0123456789.,-/ ", min_size=1, max_size=12))
def test_no_refusal_of_numbers_quotes_a_cell(cell):
    frame = pd.DataFrame({"case": ["canary"], "age": [f"zqx{cell}"]})
    age = Attribute(name="age", bins=AGES)
    benchmark = Benchmark(name="b", metadata=frame, attributes=(age,))
    with pytest.raises(BiasRulerProblems, match="BR406") as refused:
        cut_all(benchmark, read_metadata(benchmark))
    for text in (str(refused.value), repr(refused.value)):
        assert "zqx" not in text
        assert "canary" not in text


@pytest.mark.skipif("BIASRULER_DATA" not in os.environ, reason="BIASRULER_DATA is not set")
def test_published_metadata_is_cut_as_the_method_page_counts_it():
    root = Path(os.environ.get("BIASRULER_DATA", "")) / "chexmask_phys"
    benchmark = Benchmark(
        name="b",
        metadata="metadata.csv",
        case="case_id",
        root=root,
        attributes=(Attribute(name="sex"),),
    )
    sex = cut_all(benchmark, read_metadata(benchmark))["sex"]
    assert sizes(sex) == {"F": 71, "M": 85, "missing": 149}


@pytest.mark.skipif("BIASRULER_DATA" not in os.environ, reason="BIASRULER_DATA is not set")
def test_published_findings_in_two_spellings_are_refused():
    root = Path(os.environ.get("BIASRULER_DATA", "")) / "chexmask_phys"
    benchmark = Benchmark(
        name="b",
        metadata="metadata.csv",
        case="case_id",
        root=root,
        attributes=(Attribute(name="finding"),),
    )
    with pytest.raises(BiasRulerProblems) as refused:
        cut_all(benchmark, read_metadata(benchmark))
    assert '2 spellings of "pneumothorax": "Pneumothorax" (19), "pneumothorax" (4)' in str(
        refused.value
    )
