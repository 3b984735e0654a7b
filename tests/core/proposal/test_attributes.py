from __future__ import annotations

import pandas as pd
import pytest

from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import Limits
from pytest_biasruler.proposal.attributes import find_cuts

N = 120


def cycle(*values):
    return [values[i % len(values)] for i in range(N)]


@pytest.fixture
def cuts():
    def find(*, patient=None, min_patients=20, **columns):
        frame = pd.DataFrame({"case": [f"c{i}" for i in range(N)], **columns})
        benchmark = Benchmark(name="t", metadata=frame, patient=patient)
        metadata = read_metadata(benchmark)
        skip = ("case", patient)
        return find_cuts(metadata, skip=skip, min_patients=min_patients, limits=Limits())

    return find


def asked(found):
    return [cut.attribute.name for cut in found.asked]


def offered(found):
    return [cut.attribute.name for cut in found.offered]


def test_well_known_attributes_are_asked_about_and_others_are_offered(cuts):
    ages = [str(20 + i % 60) for i in range(N)]
    found = cuts(group=cycle("x", "y"), Sex=cycle("F", "M"), age=ages, scanner=cycle("A", "B"))
    assert asked(found) == ["sex", "age", "scanner"]
    assert offered(found) == ["group"]
    assert found.asked[0].attribute.column == "Sex"


def test_without_well_known_ones_two_others_are_asked_about(cuts):
    found = cuts(a=cycle("x", "y"), b=cycle("x", "y", "z"), c=cycle("x", "y"))
    assert (asked(found), offered(found)) == (["a", "b"], ["c"])


def test_of_two_columns_on_one_topic_the_first_is_asked_about(cuts):
    found = cuts(age=[str(20 + i % 60) for i in range(N)], age_group=cycle("old", "young"))
    assert (asked(found), offered(found)) == (["age"], ["age_group"])


def test_numbers_that_are_grades_stay_categories(cuts):
    found = cuts(grade=cycle("1", "2", "3"), bmi=[str(18 + i % 20) for i in range(N)])
    grade, bmi = found.asked
    assert grade.attribute.bins is None
    assert bmi.attribute.bins is not None
    assert min(bmi.counts.values()) >= 20


def test_ages_are_always_binned_so_that_no_single_age_is_a_subgroup(cuts):
    found = cuts(age=cycle("34", "51", "70"))
    assert found.asked[0].attribute.bins == (0, 50, 70, 120)


def test_spellings_of_one_category_are_merged_under_the_most_frequent(cuts):
    found = cuts(sex=["f", *cycle("F", "M", "M ")[1:]])
    assert found.asked[0].attribute.merge == {"F": ("f",)}
    assert found.asked[0].counts == {"F": 40, "M": 80}


def test_the_letter_of_a_sex_is_merged_with_its_word(cuts):
    found = cuts(sex=["Male", *cycle("F", "M", "female")[1:]])
    assert found.asked[0].attribute.merge == {"M": ("Male",), "female": ("F",)}


def test_spellings_in_a_column_that_we_do_not_know_are_not_written_down(cuts):
    assert cuts(nickname_group=["f", *cycle("F", "M")[1:]]).asked == ()


def test_fillers_are_listed_as_missing(cuts):
    found = cuts(race=cycle("a", "b", "NA", ""), age=["-1", *(str(20 + i) for i in range(N - 1))])
    race = found.asked[0]
    assert race.attribute.missing == ("", "NA")
    assert (race.counts, race.n_missing) == ({"a": 30, "b": 30}, 60)
    assert found.refused == ("age",), "nobody is 138 years old"


def test_well_known_attributes_may_have_a_few_more_categories(cuts):
    nine = cycle(*(f"e{i}" for i in range(9)))
    found = cuts(ethnicity=nine, group=nine, min_patients=10)
    assert (asked(found), offered(found)) == (["ethnicity"], [])


def test_a_category_that_is_called_missing_is_no_category(cuts):
    assert cuts(sex=cycle("F", "M", "Missing")).asked[0].attribute.missing == ("", "Missing")


def test_patients_are_counted_not_cases(cuts):
    people = [f"p{i // 4}" for i in range(N)]
    sex = ["F" if i // 4 % 2 else "M" for i in range(N)]
    found = cuts(patient="person", person=people, sex=sex, min_patients=15)
    assert found.asked[0].counts == {"F": 15, "M": 15}
    assert found.asked[0].n_judged == 2


def test_columns_of_one_value_of_many_or_of_scores_are_left_alone(cuts):
    many = [f"v{i % 20}" for i in range(N)]
    found = cuts(sex=cycle("F"), group=many, dice=cycle("0.5", "0.7"))
    assert (found.asked, found.offered, found.refused) == ((), (), ())


def test_what_cannot_be_judged_is_asked_about_only_if_there_is_nothing_else(cuts):
    sex = ["F", "F", *["M"] * (N - 2)]
    assert asked(cuts(sex=sex)) == ["sex"]
    assert asked(cuts(sex=sex, site=cycle("A", "B"))) == ["site"]


def test_names_of_attributes_are_plain_and_unique(cuts):
    found = cuts(**{"Sex!": cycle("F", "M"), "sex?": cycle("F", "M"), "性別 sex": cycle("F", "M")})
    assert asked(found) + offered(found) == ["sex", "sex_2", "sex_3"]


def test_sites_are_found_by_the_name_of_their_column(cuts):
    site = cycle("A", "B")
    assert cuts(source=site, site=site).site == "site"
    assert cuts(sex=site).site is None
    assert cuts(site=[f"s{i}" for i in range(N)]).site is None, "a site of its own for each case"
