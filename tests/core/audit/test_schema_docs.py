"""The page on audit.json names every key that the schema, or a finding, has."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_biasruler.audit import load_schema, run_audit
from pytest_biasruler.audit.states import State
from pytest_biasruler.benchmark.definition import Model

PAGE = Path(__file__).parents[3] / "docs" / "audit-json.md"
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| (`[^|]+`) \|", re.MULTILINE)
COMPARING = ("gap", "ruler", "labels", "amplification", "echo", "difficulty", "rectified")


def sections():
    """Return heading -> what stands below it, up to the next heading."""
    _, *parts = HEADING.split(PAGE.read_text(encoding="utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def keys(text):
    """Return the keys in the first column of the tables."""
    return {name for cell in ROW.findall(text) for name in re.findall(r"`(\w+)`", cell)}


@pytest.fixture(scope="module")
def page():
    return sections()


def test_the_page_lists_the_keys_at_the_top_of_the_schema(page):
    assert keys(page["Top level"]) == set(load_schema()["properties"])


def test_the_page_lists_the_keys_of_a_finding(page):
    assert keys(page["findings"]) == set(load_schema()["$defs"]["finding"]["properties"])


@pytest.mark.parametrize("part", ["benchmark", "accounting"])
def test_the_page_lists_the_keys_of_a_part(page, part):
    assert keys(page[part]) == set(load_schema()["properties"][part]["properties"])


@pytest.mark.parametrize("part", ["attributes", "metrics"])
def test_the_page_lists_what_is_known_by_name(page, part):
    items = load_schema()["properties"][part]["additionalProperties"]
    assert keys(page[part]) == set(items["properties"])


def test_the_page_lists_the_keys_of_a_score_summary(page):
    assert keys(page["scores"]) == set(
        load_schema()["properties"]["scores"]["items"]["properties"]
    )


@pytest.mark.parametrize("part", ["estimate", "group"])
def test_the_page_names_what_estimates_and_groups_hold(page, part):
    schema = load_schema()["$defs"]
    estimate = schema["finding"]["properties"]["estimate"]["anyOf"][1]
    held = set((estimate if part == "estimate" else schema["group"])["properties"])
    assert held <= set(re.findall(r"`(\w+)`", page["findings"]))


@pytest.mark.parametrize(
    ("check", "given"),
    [
        ("gap", {}),
        ("ruler", {}),
        ("labels", {"metric": "dice"}),
        ("success", {}),
        ("success", {"statistic": "difference"}),
        ("floor", {"limit": 0.7}),
        ("provenance", {}),
    ],
)
def test_the_details_of_a_finding_are_those_of_the_page(page, make_benchmark, check, given):
    ages = ["old"] * 40 + ["young"] * 30 + ["teen"] * 5
    (finding,) = run_audit(make_benchmark((check, given), ages=ages)).findings
    documented = keys(page[f"details of {check}"]) | {"screen", "proven_by"}
    if check in COMPARING or given.get("statistic") == "difference":
        documented |= keys(page["details"])
    extra = {"gallery"} if finding.verdict == "FAIL" else set()
    assert set(finding.details) - extra == documented


@pytest.mark.parametrize(
    ("check", "keys_given", "common"),
    [
        ("amplification", {}, True),
        ("echo", {"control": "hand", "model": "machine"}, True),
        ("difficulty", {"difficulty": ["size"], "model": "hand"}, True),
        ("transport", {"model": "hand", "min_patients_site": 2}, False),
        ("noise", {"model": "hand"}, True),
        ("noise", {"levels": {"hand": 0, "third": 0.1, "machine": 0.2}}, True),
        ("rectified", {"model": "hand", "labelled": "random"}, True),
        ("ranking", {}, False),
    ],
)
def test_the_details_of_a_finding_about_training_or_sites_are_those_of_the_page(
    page, make_benchmark, check, keys_given, common
):
    ages = ["old"] * 40 + ["young"] * 40
    benchmark = make_benchmark((check, keys_given), ages=ages, models=("hand", "machine", "third"))
    trained = (("hand", "expert"), ("machine", "automated"), ("third", None))
    benchmark = replace(
        benchmark,
        metadata=benchmark.metadata.assign(
            site=[f"s{number % 5}" for number in range(80)],
            size=[str(number % 7) for number in range(80)],
        ),
        site="site",
        scores=benchmark.scores.assign(n_model=1000, n_reference=1000),
        models=[Model(name=name, trained_on=reference) for name, reference in trained],
    )

    (finding,) = run_audit(benchmark).findings

    assert finding.estimate is not None
    documented = keys(page[f"details of {check}"]) | {"screen", "proven_by", "plan", "gallery"}
    documented |= keys(page["details"]) if common else set()
    assert set(finding.details) <= documented


def test_the_page_lists_what_changed_since_an_earlier_audit(page):
    schema = load_schema()
    details = schema["$defs"]["finding"]["properties"]["details"]["properties"]["compare"]
    accounting = schema["properties"]["accounting"]["properties"]["compare"]
    states = set(re.findall(r"^\| `([a-z ]+)` \|", page["compare"], re.MULTILINE))
    assert keys(page["compare"]) == (
        set(details["properties"])
        | set(accounting["properties"])
        | {s for s in State if " " not in s}
    )
    assert set(details["properties"]["state"]["enum"]) == set(State)
    assert set(State) <= states
