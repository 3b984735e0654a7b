"""Which cases a failing finding shows, and that they are drawn and never named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.report.subgroup_table import pair_in_order

AGES = ["old"] * 20 + ["young"] * 20
CASES = [f"secret{number:02d}" for number in range(40)]


def square(size, case):
    """Return a mask of one slice with a square of this size and a voxel that tells cases apart."""
    voxels = np.zeros((24, 24, 2), np.uint8)
    voxels[2 : 2 + size, 2:14, 0] = 1
    voxels[23, case % 24, case // 24] = 1
    return voxels


def masks(sizes):
    return {
        case: square(size, number)
        for number, (case, size) in enumerate(zip(CASES, sizes, strict=True))
    }


@pytest.fixture(scope="module")
def findings():
    """The model misses most of the last young ones; the automated label is best for the young."""
    expert = [12] * 40
    model = [11] * 20 + [12 - number // 2 for number in range(20)]
    automated = [7] * 20 + [12] * 20
    second = [10] * 40
    benchmark = Benchmark(
        name="squares",
        metadata=pd.DataFrame({"case": CASES, "age": AGES}),
        case="case",
        references=[
            Reference(name="expert", kind="expert", masks=masks(expert)),
            Reference(name="second", kind="expert", masks=masks(second)),
            Reference(name="automated", kind="automated", masks=masks(automated)),
        ],
        models=[Model(name="unet", masks=masks(model))],
        attributes=[Attribute(name="age")],
        checks=[
            Check("gap", by="age", limit=0.01, reference="expert", name="gap"),
            Check("ruler", by="age", limit=0.01, reference="expert", name="ruler"),
            Check(
                "labels",
                by="age",
                limit=0.01,
                metric="dice",
                reference="expert",
                second_expert="second",
                name="labels",
            ),
            Check("floor", by="age", limit=0.9, reference="expert", name="floor"),
        ],
    )
    audit = run_audit(benchmark)
    assert not any(case in audit.to_json() for case in CASES)
    return {finding.check: finding for finding in audit.findings}


@pytest.mark.parametrize("check", ["gap", "floor"])
def test_the_worst_cases_of_the_worst_subgroup_come_first(findings, check):
    finding = findings[check]
    assert finding.verdict == "FAIL"
    gallery = finding.details["gallery"]
    assert [picture["kind"] for picture in gallery] == ["worst"] * 12 + ["median"] * 3
    assert {picture["subgroup"] for picture in gallery} == {"young"}
    numbers = [picture["number"] for picture in gallery[:12]]
    assert numbers == sorted(numbers)
    assert gallery[0]["score"] == numbers[0]


def test_a_ruler_shows_where_the_references_differ_most(findings):
    gallery = findings["ruler"].details["gallery"]
    assert {picture["subgroup"] for picture in gallery} == {"old"}
    assert set(gallery[0]["outlines"]) == {"expert", "automated", "model"}
    assert gallery[0]["outlines"]["expert"] != gallery[0]["outlines"]["automated"]


def test_labels_beside_a_second_expert_show_the_subgroup_they_fail(findings):
    finding = findings["labels"]
    assert finding.estimate.pair == pair_in_order(finding) == ("old", "young")
    gallery = finding.details["gallery"]
    assert {picture["subgroup"] for picture in gallery} == {"old"}
    numbers = [picture["number"] for picture in gallery[:12]]
    assert numbers == sorted(numbers)  # automated minus human agreement, worst first


def test_every_outline_is_a_closed_path(findings):
    for finding in findings.values():
        for picture in finding.details["gallery"]:
            assert picture["width"] > 0
            assert all(
                path == "" or (path.startswith("M") and path.endswith("z"))
                for path in picture["outlines"].values()
            )


def test_of_repeated_mistakes_the_subgroup_that_repeats_most_is_shown():
    """The label paints a block next to the lesion of every case; only young models copy it."""
    block = [
        (slice(4, 20), slice(15, 20)) if number % 2 else (slice(14, 22), slice(15, 20))
        for number in range(40)
    ]
    expert = {case: square(12, number) for number, case in enumerate(CASES)}
    automated = {case: mask.copy() for case, mask in expert.items()}
    model = {case: mask.copy() for case, mask in expert.items()}
    for number, case in enumerate(CASES):
        automated[case][(*block[number], 0)] = 1
        if AGES[number] == "young":
            model[case][(*block[number], 0)] = 1
        else:
            model[case][20:22, 2:10, 0] = 1
    benchmark = Benchmark(
        name="blocks",
        metadata=pd.DataFrame({"case": CASES, "age": AGES}),
        case="case",
        references=[
            Reference(name="expert", kind="expert", masks=expert),
            Reference(name="automated", kind="automated", masks=automated),
        ],
        models=[Model(name="unet", masks=model)],
        attributes=[Attribute(name="age")],
        checks=[Check("echo", by="age", limit=0.1, name="echo")],
    )
    audit = run_audit(benchmark)
    assert audit.accounting["checks"]["errors"] == []
    (finding,) = audit.findings
    assert (finding.verdict, finding.estimate.pair) == ("FAIL", ("young", "old"))
    assert {picture["subgroup"] for picture in finding.details["gallery"]} == {"young"}
    assert pair_in_order(finding) == ("young", "old"), "the worse subgroup is told first"


def test_a_lost_prediction_is_not_opened_again_to_be_drawn(monkeypatch):
    drawn = {}

    def draw(benchmark, case, *, sets, label, readers):
        del benchmark, label, readers
        drawn[case] = sets

    monkeypatch.setattr("pytest_biasruler.audit.gallery.draw_case", draw)
    predicted = masks([11] * 40)
    del predicted[CASES[30]]  # scored worst, hence among the worst cases
    benchmark = Benchmark(
        name="squares",
        metadata=pd.DataFrame({"case": CASES, "age": AGES}),
        case="case",
        references=[Reference(name="expert", kind="expert", masks=masks([12] * 40))],
        models=[Model(name="unet", masks=predicted)],
        attributes=[Attribute(name="age")],
        checks=[Check("floor", by="age", limit=0.99)],
    )
    (finding,) = run_audit(benchmark).findings
    assert finding.verdict == "FAIL"
    assert drawn[CASES[30]] == ["expert"]
    assert {tuple(sets) for sets in drawn.values()} == {("expert",), ("expert", "unet")}


def two_models(check, **keys):
    """Return the finding of a check of two models, of which the labels' copy is the worse one."""
    expert, automated = masks([12] * 40), masks([6] * 40)
    benchmark = Benchmark(
        name="squares",
        metadata=pd.DataFrame({"case": CASES, "age": AGES, "density": ["a", "b"] * 20}),
        case="case",
        references=[
            Reference(name="expert", kind="expert", masks=expert),
            Reference(name="automated", kind="automated", masks=automated),
        ],
        models=[
            Model(name="by_expert", masks=masks([11] * 40)),
            Model(name="by_machine", masks=masks([6 + n % 2 for n in range(40)])),
        ],
        attributes=[Attribute(name="age")],
        checks=[
            Check(check, **keys),
            Check("difficulty", by="age", difficulty=["density"], model="by_expert"),
        ],
    )
    audit = run_audit(benchmark)
    assert audit.accounting["checks"]["errors"] == []
    return audit.findings[0]


def test_a_wrong_choice_is_shown_by_the_masks_of_the_model_that_was_put_first():
    finding = two_models("ranking", limit=0.01)
    assert finding.verdict == "FAIL"
    gallery = finding.details["gallery"]
    assert len(gallery) == 15
    assert {picture["model"] for picture in gallery} == {"by_machine"}
    assert {picture["subgroup"] for picture in gallery} == {"all"}
    numbers = [picture["number"] for picture in gallery[:12]]
    assert numbers == sorted(numbers), "what the choice costs, the dearest case first"
    assert numbers[0] < 0


def test_repeated_mistakes_of_all_cases_are_shown():
    finding = two_models("echo", model="by_machine", limit=0.1)
    assert finding.verdict == "FAIL"
    gallery = finding.details["gallery"]
    assert {picture["subgroup"] for picture in gallery} == {"all"}
    numbers = [picture["number"] for picture in gallery[:12]]
    assert numbers == sorted(numbers, reverse=True)


def test_what_difficulty_holds_equal_stands_beside_a_case():
    finding = two_models("ranking", limit=0.01)
    assert {picture["difficulty"]["density"] for picture in finding.details["gallery"]} == {
        "a",
        "b",
    }


def test_masks_without_an_orientation_have_no_sides(findings):
    for finding in findings.values():
        assert {tuple(picture["sides"]) for picture in finding.details["gallery"]} == {()}
