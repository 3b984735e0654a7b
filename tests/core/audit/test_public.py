"""A public audit: verdicts of all the data, and nothing that tells the size of a small group."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from dataclasses import replace

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit import load_schema, run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Defaults, Model, Reference
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.report.forms import render_form
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.markdown import write_markdown
from pytest_biasruler.shell.exports import KINDS

LEFT = 4
COUNTS_OF_PEOPLE = ("n_cases", "n_patients", "expected")
OTHER_INTEGERS = (
    r"accounting\.checks\.\w+",
    r"benchmark\.min_patients",
    r"attributes\.\w+\.bins\.\d+",
    r"unasked\.n_other_columns",
)
CHECKS = (
    Check("gap", by="age"),
    Check("ruler", by="age"),
    Check("success", by="age"),
    Check("floor", by="age", limit=0.7),
    Check("provenance", by="age"),
    Check("gap", by="sex"),
    Check("gap", by=[["age", "sex"]]),
)


def make(ages, *, sexes=None, lost=(), missing=(), checks=CHECKS, scores=None):
    """Return a benchmark of scores; cases of `lost` have no reference, of `missing` no model."""
    n = len(ages)
    cases = [f"case{number:03d}" for number in range(n)]
    sexes = sexes or ["FM"[number % 2] for number in range(n)]
    expert = 0.9 - 0.01 * (np.arange(n) % 7) if scores is None else np.asarray(scores)
    tables = {
        ("automated", "expert"): expert,
        ("unet", "expert"): expert - 0.02,
        ("unet", "automated"): expert + 0.01,
    }
    table = pd.concat(
        pd.DataFrame({"case": cases, "model": m, "reference": r, "dice": values})
        for (m, r), values in tables.items()
    )
    table = table[~table["case"].isin([cases[place] for place in lost])]
    unread = table["case"].isin([cases[place] for place in missing]) & (table["model"] == "unet")
    return Benchmark(
        name="made up",
        metadata=pd.DataFrame({"case": cases, "age": ages, "sex": sexes}),
        case="case",
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="automated", kind="automated"),
        ],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age", missing=("",)), Attribute(name="sex")],
        scores=table[~unread],
        checks=list(checks),
    )


def integers(value, path=""):
    """Yield every whole number in plain data with its path; yes and no are none."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from integers(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from integers(item, f"{path}.{place}")
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path, value


def solve(attribute, n_all):
    """Return between which values each suppressed subgroup lies, from all that is printed."""
    groups = attribute["subgroups"]
    shown = [group["n_patients"] for group in groups if group["n_patients"] is not None]
    hidden = [group for group in groups if group["n_patients"] is None]
    rest = n_all - sum(shown)
    ends = [(1, 10) if group["status"] == "suppressed" else (11, rest) for group in hidden]
    lows, highs = sum(low for low, _ in ends), sum(high for _, high in ends)
    return {
        group["name"]: (max(low, rest - highs + high), min(high, rest - lows + low))
        for group, (low, high) in zip(hidden, ends, strict=True)
        if group["status"] == "suppressed"
    }


def printed_sizes(plain):
    """Return attribute and subgroup -> every size that is printed of it, wherever that is."""
    sizes = {}
    for name, attribute in plain["attributes"].items():
        for group in attribute["subgroups"]:
            sizes.setdefault((name, group["name"]), set()).add(group["n_patients"])
    for row in plain["scores"]:
        if row["attribute"] is not None:
            sizes[row["attribute"], row["subgroup"]].add(row["n_patients"])
    for finding in plain["findings"]:
        if len(finding["by"]) == 1:
            for group in finding["groups"]:
                sizes[finding["by"][0], group["name"]].add(group["n_patients"])
    return sizes


SIZES = st.lists(st.integers(0, 45), min_size=2, max_size=4)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(sizes=SIZES, n_women=st.integers(0, 60), n_lost=st.integers(0, 12), seed=st.integers(0, 9))
def test_no_small_group_follows_from_anything_printed(sizes, n_women, n_lost, seed):
    ages = [name for name, n in zip("abcd", sizes, strict=False) for _ in range(n)]
    assume(len(ages) > 12)
    n_women = min(n_women, len(ages))
    sexes = ["F"] * n_women + ["M"] * (len(ages) - n_women)
    np.random.default_rng(seed).shuffle(sexes)
    lost = range(0, min(2 * n_lost, len(ages)), 2)
    benchmark = make(ages, sexes=sexes, lost=lost, missing=range(1, n_lost, 3))

    audit = run_audit(benchmark, public=True)

    plain = json.loads(audit.to_json())
    jsonschema.validate(plain, load_schema())
    n_all = plain["benchmark"]["n_patients"]
    for path, n in integers(plain):
        if path.rpartition(".")[2] in COUNTS_OF_PEOPLE:
            assert n == 0 or n > 10, f"{path} is {n}"
        else:
            assert any(re.fullmatch(rule, path) for rule in OTHER_INTEGERS), f"{path} is {n}"
    for name, attribute in plain["attributes"].items():
        groups = attribute["subgroups"]
        if n_all is None:
            assert not any(group["n_patients"] for group in groups), "counts beside no total"
            continue
        for subgroup, (low, high) in solve(attribute, n_all).items():
            assert high - low + 1 >= LEFT, f"{subgroup} of {name} lies in {low} to {high}"
    for key, sizes_of in printed_sizes(plain).items():
        assert len(sizes_of) == 1, f"{key} is printed as {sizes_of}"
    for classes in plain["accounting"]["classes"].values():
        most = {"none": LEFT, "some": len(ages), "up to 5 %": len(ages) // 20}
        assert all(most.get(each, LEFT) >= LEFT for each in classes.values()), classes
    assert_pages_hide_the_small(audit)


def assert_pages_hide_the_small(audit):
    for page in (render_html(audit), write_markdown(audit)):
        told = page.replace("1 to 10", "")
        assert not re.search(r"\b([1-9]|10) patients?\b(?! (in|are|or))", told)
    sizes = re.findall(r"\| ([\d/]+|not shown|–) \|$", write_markdown(audit), re.MULTILINE)
    assert sizes, "no row ends with its patients"
    assert [n for text in sizes for n in re.findall(r"\d+", text) if 0 < int(n) <= 10] == []


@pytest.fixture(scope="module")
def both():
    """Return one audit in public and as it is: 7 teens, 3 cases without a reference."""
    ages = ["old"] * 60 + ["mid"] * 45 + ["young"] * 30 + ["teen"] * 7
    scores = [0.9] * 60 + [0.85] * 45 + [0.7] * 30 + [0.5] * 7
    scores = np.array(scores) + 0.01 * np.sin(np.arange(142))
    benchmark = make(ages, scores=scores, lost=(3, 64, 138), missing=(5,))
    today = dt.date(2026, 1, 1)
    return run_audit(benchmark, public=True, today=today), run_audit(benchmark, today=today)


def test_verdicts_and_outcomes_are_those_of_all_data(both):
    public, whole = both
    assert [(f.id, f.verdict, f.outcome) for f in public.findings] == [
        (f.id, f.verdict, f.outcome) for f in whole.findings
    ]
    assert {f.verdict for f in public.findings} >= {"FAIL", "PASS"}


def test_a_pair_with_a_hidden_subgroup_shows_its_verdict_alone(both):
    gap = next(f for f in both[0].findings if f.check == "gap" and f.by == ("age",))
    assert both[1].findings[0].estimate.pair == ("old", "young")
    assert gap.estimate is None
    assert gap.p_fail is None
    assert "small groups are hidden" in gap.statement


def test_no_mean_of_all_stands_beside_a_hidden_subgroup(both):
    rows = [row for row in both[0].scores if row["attribute"] is None]
    assert rows
    assert {row["mean"] for row in rows} | {row["sd"] for row in rows} == {None}
    hidden = [row for row in both[0].scores if row["subgroup"] in ("teen", "young")]
    assert {row["mean"] for row in hidden} == {None}, "sex would give the mean of all"


def test_nothing_is_left_of_losses_but_their_class(both):
    accounting = both[0].accounting
    assert accounting["classes"]["excluded"]["expert"] == "up to 5 %"
    assert accounting["excluded"] == accounting["problems"] == accounting["unreadable"] == []
    assert accounting["scored"] is None
    assert {note["n"] for note in both[0].warnings} == {None}
    assert both[1].accounting["n_excluded"] == 3


def test_a_crossing_with_a_small_cell_shows_no_count(both):
    crossed = next(f for f in both[0].findings if f.by == ("age", "sex"))
    assert {group.n_patients for group in crossed.groups} == {None}
    assert {str(group.status) for group in crossed.groups} == {"not shown"}


def test_a_page_names_what_is_hidden_and_invents_nothing(both):
    page = render_html(both[0])
    assert "Public version: small groups" in page
    assert "Small groups are hidden in age: teen (10 or fewer), young (not shown)." in page
    assert ">10 or fewer<" in page
    assert not re.search(r"\b(nan|NaN)\b", page)


def test_moving_people_between_hidden_groups_changes_no_byte():
    pages = []
    for n_young, n_teens in ((30, 4), (28, 6)):
        ages = ["old"] * 60 + ["mid"] * 45 + ["young"] * n_young + ["teen"] * n_teens
        sexes = ["FM"[number % 2] for number in range(139)]
        benchmark = make(ages, sexes=sexes, scores=[0.9] * 139, checks=CHECKS[:2])
        text = run_audit(benchmark, public=True).to_json()
        pages.append(re.sub(r'"[0-9a-f]{64}"', '"hash"', text))
    assert pages[0] == pages[1]


def test_counts_that_cannot_be_hidden_are_withheld_with_their_total():
    ages = ["a"] * 10 + ["b"] * 10
    audit = run_audit(make(ages, checks=CHECKS[:1]), public=True)
    assert audit.benchmark["n_patients"] is None
    assert audit.accounting["expected"] is None
    notes = {note["set"]: note["text"] for note in audit.warnings if note["code"] == "BR703"}
    assert notes["age"] == (
        "counts of age are withheld: 2 subgroups have 1 to 10 patients; expected none for "
        "publication. Merge them in [attributes.age]."
    )
    groups = [g for a in audit.attributes.values() for g in a["subgroups"]]
    assert {group["n_patients"] for group in groups} == {None}
    assert "The number of cases is withheld." in render_html(audit)


def test_ages_above_89_are_joined_and_no_single_one_is_told():
    edges = (0, 41, 56, 90, 95, 104)
    ages = [str(age) for age in (*[30] * 30, *[50] * 30, *[70] * 30, *[92] * 12, *[99] * 13)]
    benchmark = replace(
        make(ages, checks=CHECKS[:1]),
        attributes=[Attribute(name="years", column="age", bins=edges), Attribute(name="sex")],
        checks=[Check("gap", by="years")],
    )
    audit = run_audit(benchmark, public=True)
    names = [group["name"] for group in audit.attributes["years"]["subgroups"]]
    assert names == ["0–40", "41–55", "56–89", "90+"]
    assert [g["n_patients"] for g in audit.attributes["years"]["subgroups"]] == [30, 30, 30, 25]
    assert [group.name for group in audit.findings[0].groups] == names
    assert "BR411" in {note["code"] for note in audit.warnings}
    assert audit.attributes["years"]["bins"] == [0, 41, 56, 90]
    text = audit.to_json() + render_html(audit)
    assert not re.search(r"9[0-5]–|–9[0-9]|–10[0-9]|, 10[34]\b|, 95[,)]", text)


def test_a_small_minimum_is_refused_with_all_places_at_once():
    benchmark = replace(
        make(["a"] * 30 + ["b"] * 30, checks=[Check("gap", by="age", min_patients=7)]),
        defaults=Defaults(metric="dice", min_patients=5),
    )
    with pytest.raises(BiasRulerError, match="BR602") as refused:
        run_audit(benchmark, public=True)
    assert "is 5" in str(refused.value)


def test_case_names_and_public_exclude_each_other():
    with pytest.raises(BiasRulerError, match="no case names in public"):
        run_audit(make(["a"] * 30), public=True, show_cases=True)


def told_of(audit, **wanted):
    """Return the rows of scores that have these values."""
    return [row for row in audit.scores if all(row[key] == wanted[key] for key in wanted)]


NUMBERS = ("mean", "sd", "median", "worst_tenth", "above_threshold")


def test_a_subgroup_of_which_one_patient_was_scored_shows_no_number_nor_that_it_is_few():
    ages = ["a"] * 80 + ["b"] * 40 + ["c"] * 40
    checks = [Check("gap", by="age", limit=0.1), Check("floor", by="age", limit=0.5),
              Check("ruler", by="age")]  # fmt: skip
    benchmark = replace(
        make(ages, lost=range(81, 120), checks=checks), attributes=[Attribute(name="age")]
    )
    audit = run_audit(benchmark, public=True)
    for row in told_of(audit, reference="expert"):
        assert {row[key] for key in NUMBERS} == {None}, f"{row['subgroup']} tells a number"
    for finding in audit.findings:
        assert finding.estimate is None
        assert {group.mean for group in finding.groups} == {None}
        assert len({group.status for group in finding.groups}) == 1, "one stands out"


@pytest.mark.parametrize("is_later", [False, True])
def test_two_attributes_of_one_column_give_no_few_away(is_later):
    ages = ["White"] * 60 + ["Black"] * 30 + ["Asian"] * 4
    attributes = [
        Attribute(name="race", column="age"),
        Attribute(name="black", column="age", merge={"not black": ("White", "Asian")}),
    ]
    attributes = attributes[::-1] if is_later else attributes
    first, second = (each.name for each in attributes)
    checks = [Check("gap", by=first), Check("gap", by=second)]
    benchmark = replace(make(ages, checks=checks), attributes=attributes)
    audit = run_audit(benchmark, public=True)
    shown = {
        name: [group["n_patients"] for group in known["subgroups"]]
        for name, known in audit.attributes.items()
    }
    assert set(shown[second]) == {None}
    assert any(n is not None for n in shown[first])
    assert {row[key] for row in told_of(audit, attribute=second) for key in NUMBERS} == {None}
    assert audit.findings[1].estimate is None
    assert any(note["code"] == "BR703" and note["set"] == second for note in audit.warnings)


def test_of_a_set_that_lost_somebody_neither_shares_nor_deviations_are_told():
    ages = ["a"] * 100 + ["b"] * 100
    checks = [
        Check("gap", by="age"),
        Check("success", by="age", limit=0.9),
        Check("ruler", by="age"),
    ]
    benchmark = make(
        ages, lost=(103, 117, 151), checks=checks, scores=0.8 + 0.05 * np.sin(np.arange(200))
    )
    audit = run_audit(replace(benchmark, attributes=[Attribute(name="age")]), public=True)
    rows = told_of(audit, reference="expert")
    assert {row["sd"] for row in rows} | {row["above_threshold"] for row in rows} == {None}
    assert None not in {row["mean"] for row in rows}, "means of many stay"
    gap, success, ruler = audit.findings
    assert {group.sd for group in gap.groups} == {None}
    assert None not in {group.mean for group in gap.groups}
    assert gap.p_fail is None
    assert {group.mean for group in (*success.groups, *ruler.groups)} == {None}


@pytest.mark.parametrize(("n_missed", "is_told"), [(0, True), (3, False), (15, True)])
def test_a_mean_of_yes_and_no_is_a_share(n_missed, is_told):
    scores = np.ones(120)
    scores[:n_missed] = 0.0
    scores[60 : 60 + n_missed] = 0.0
    benchmark = make(["a"] * 60 + ["b"] * 60, checks=[Check("gap", by="age")], scores=scores)
    table = benchmark.scores.copy()
    table.loc[table["model"] == "unet", "dice"] = np.tile(scores, 2)
    benchmark = replace(benchmark, scores=table, attributes=[Attribute(name="age")])
    audit = run_audit(benchmark, public=True)
    means = {row["mean"] for row in told_of(audit, model="unet", attribute="age")}
    assert (None not in means) is is_told
    assert (None not in {group.mean for group in audit.findings[0].groups}) is is_told


def test_patients_in_two_subgroups_are_not_told_by_sizes_that_add_up_to_more():
    benchmark = make(["a"] * 50 + ["b"] * 30, checks=[Check("gap", by="age")])
    people = [f"p{n}" for n in range(50)] + [f"p{n}" for n in range(48, 78)]
    benchmark = replace(
        benchmark,
        metadata=benchmark.metadata.assign(person=people),
        patient="person",
        attributes=[Attribute(name="age")],
    )
    audit = run_audit(benchmark, public=True)
    assert {group["n_patients"] for group in audit.attributes["age"]["subgroups"]} == {None}
    assert {group.n_patients for group in audit.findings[0].groups} == {None}


def test_the_score_of_a_single_patient_is_no_median():
    audit = run_audit(make(["a"] * 60 + ["b"] * 25, checks=CHECKS[:1]), public=True)
    rows = {row["subgroup"]: row for row in told_of(audit, attribute="age", model="unet")}
    assert rows["b"]["median"] is rows["b"]["worst_tenth"] is None
    assert rows["b"]["mean"] is not None
    assert rows["a"]["median"] == round(rows["a"]["median"], 2)


def test_a_status_does_not_tell_that_one_of_21_was_lost():
    benchmark = make(["a"] * 60 + ["b"] * 21, lost=(70,), checks=[Check("gap", by="age")])
    audit = run_audit(replace(benchmark, attributes=[Attribute(name="age")]), public=True)
    assert {str(group.status) for group in audit.findings[0].groups} == {"not shown"}


@settings(
    deadline=None,
    derandomize=True,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sizes=st.lists(st.integers(11, 40), min_size=2, max_size=4),
    seed=st.integers(0, 99),
    share=st.sampled_from([0.05, 0.4, 0.8]),
)
def test_every_mean_that_is_printed_is_one_of_11_scored_patients(sizes, seed, share):
    ages = [name for name, n in zip("abcd", sizes, strict=False) for _ in range(n)]
    chance = np.random.default_rng(seed).random(len(ages))
    lost = np.flatnonzero(chance < share * np.array([name == "b" for name in ages]))
    benchmark = make(ages, lost=lost, checks=CHECKS[:5])
    public, whole = run_audit(benchmark, public=True), run_audit(benchmark)
    scored = {
        tuple(row[key] for key in ("model", "reference", "attribute", "subgroup")): row
        for row in whole.scores
    }
    for row in public.scores:
        known = scored[tuple(row[key] for key in ("model", "reference", "attribute", "subgroup"))]
        if row["mean"] is not None:
            assert known["n_patients"] > 10, f"a mean of {known['n_patients']}"
        if row["sd"] is not None:
            assert known["n_patients"] == row["n_patients"], "a deviation beside a loss"
    for told, finding in zip(public.findings, whole.findings, strict=True):
        few = [group.name for group in finding.groups if 0 < group.n_patients < 11]
        if few:
            assert told.estimate is None, f"an estimate beside few scored of {few}"
            assert {group.mean for group in told.groups} == {None}


def test_no_estimate_and_no_p_value_has_more_than_three_digits():
    scores = 0.8 + 0.05 * np.sin(np.arange(90))
    (gap,) = run_audit(
        make(["old", "young", "mid"] * 30, scores=scores, checks=CHECKS[:1]), public=True
    ).findings
    numbers = [gap.p_fail, gap.p_fail_holm, *gap.estimate.ci95, gap.estimate.high]
    assert None not in numbers
    assert [number for number in numbers if float(f"{number:.3g}") != number] == []


EXPORTS = [kind for kind in KINDS if kind not in ("csv-plan", "badge")]


def numbers_in(value):
    """Return every number that stands anywhere in plain types."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return set().union(*map(numbers_in, parts))
    return {float(value)} if type(value) in (int, float) else set()


def exported(kind, text):
    """Return the numbers of an export, those that count checks or lines aside."""
    if kind.startswith("csv"):
        cells = {cell for row in csv.DictReader(io.StringIO(text)) for cell in row.values()}
    elif kind == "gitlab-metrics":
        lines = [line for line in text.splitlines() if not line.startswith(("#", "biasruler_c"))]
        cells = {line.rpartition(" ")[2] for line in lines}
    elif kind == "huggingface":
        lines = [line.strip(" -") for line in text.splitlines() if line.startswith("    - ")]
        return numbers_in([json.loads(line) for line in lines])
    else:
        said = " ".join(entry["description"] for entry in json.loads(text))
        cells = set(re.findall(r"(?<=/)\d+(?= patients)|\d+(?=/\d+ patients)", said))
    return {float(cell) for cell in cells if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)}


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_prints_no_number_that_the_public_audit_does_not_hold(both, kind):
    public, whole = both
    known = numbers_in(json.loads(public.to_json()))
    assert exported(kind, render_form(kind, public)) <= known
    assert not exported(kind, render_form(kind, whole)) <= known, "or the test would see nothing"
