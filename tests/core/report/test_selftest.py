"""The section that tells what the gate would have caught, and the table of other settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.report.catches import draw_catches, without_prefix
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.marks import MOST_SERIES, Point, Text
from pytest_biasruler.report.selftest import make_selftest
from pytest_biasruler.report.sensitivity import describe_sensitivity
from pytest_biasruler.report.view import make_page

from .audit_example import HOSTILE, make_audit, ruler_age


def make_share(share, *, flagged=False):
    return {
        "count": round(100 * share), "n": 100, "share": share, "low": 0.0, "high": 0.1,
        "flagged": flagged,
    }  # fmt: skip


def make_point(size, caught):
    return {
        "size": size, "realised": size, "n": 100, "fail": caught, "caught": caught, "pass": 0.0,
        "as_is": "FAIL", "as_is_caught": True,
    }  # fmt: skip


def make_check(name="gap[dice-age-unet]", **keys):
    check = {
        "id": f"biasruler.toml::{name}", "check": "gap", "metric": "dice", "by": ["age"],
        "limit": 0.05, "target": "0–40", "n_patients": 41, "unit": 0.05, "why_not": "",
        "false_alarm": make_share(0.02), "false_safe": make_share(0.09, flagged=True),
        "smallest_caught": {**make_point(3.0, 0.84), "operator": "score shift"},
        "largest": {**make_point(3.0, 0.84), "operator": "score shift"},
        "operators": [
            {"name": "score shift", "acts_on": "all scores", "unit": "limits",
             "points": [make_point(1.0, 0.05), make_point(3.0, 0.84)]},
        ],
        "statement": "This gate catches a planted Dice gap of 0.150 in 0–40 (41 patients)",
    }  # fmt: skip
    return {**check, **keys}


def make_result(*checks, **keys):
    result = {
        "n_worlds": 100, "n_checks": len(checks), "statement": "1 of 1 planted biases are caught",
        "build_level": make_share(0.03), "mutation_score": {"caught": 1, "of": 1},
        "checks": list(checks),
    }  # fmt: skip
    return {**result, **keys}


def page_of(*checks, **keys):
    return render_html(replace(make_audit(), selftest=make_result(*checks, **keys)))


def test_without_a_self_test_there_is_no_section():
    assert make_selftest(make_audit()) == ()
    assert "selftest" not in [part.id for part in make_page(make_audit()).parts]


def test_the_section_stands_before_the_last_part_and_bears_no_number():
    audit = replace(make_audit(), selftest=make_result(make_check()))
    parts = [part.number + part.title for part in make_page(audit).parts]
    assert parts[-3:] == [
        "9. Limits of this audit",
        "Would this gate have caught it?",
        "10. Warnings, methods, data",
    ]


def test_the_page_tells_rates_sizes_and_whom():
    page = page_of(make_check())
    for text in (
        "1 of 1 planted biases are caught.",
        "0–40 (41 patients)",
        "9.0 % *",
        "In 100 worlds the subgroups were dealt out anew",
        "Biases planted for gap[dice-age-unet]",
        "3 limits",
    ):
        assert text in page, text


def test_a_gate_that_fails_too_often_without_a_bias_is_warned_of():
    text = "The gate fails more often without any bias than its alpha promises."
    assert text in page_of(make_check(), build_level=make_share(0.2, flagged=True))
    assert text not in page_of(make_check())


def test_a_check_that_is_not_exercised_is_listed_with_the_reason():
    idle = make_check(
        "morphology[age]", check="morphology", operators=[], target=None, false_safe=None,
        smallest_caught=None, largest=None, why_not="nothing is planted for this check",
    )  # fmt: skip
    page = page_of(make_check(), idle)
    assert "morphology[age]: nothing is planted for this check." in page


def test_a_check_without_worlds_is_not_exercised_and_tells_what_the_data_say():
    points = [
        {
            **make_point(size, 0.0),
            "n": 0,
            "fail": None,
            "caught": None,
            "pass": None,
            "as_is": told,
        }
        for size, told in ((0.25, "PASS"), (1.0, "FAIL"))
    ]
    operator = {"name": "copy masks", "acts_on": "errors", "unit": "share", "points": points}
    echo = make_check(
        "echo[unet]", check="echo", by=[], target=None, operators=[operator], statement="",
        false_alarm=None, false_safe=None, smallest_caught=None, largest=None,
        why_not="it compares no subgroups",
    )  # fmt: skip
    page = page_of(make_check(), echo)
    told = (
        "echo[unet]: it compares no subgroups. Planted into the data as they are (copy masks): "
        "25.0 % PASS, 100 % FAIL."
    )
    assert told in page
    _, overview = page.split("What each check catches", 1)
    assert "echo[unet]" not in overview.split("</table>", 1)[0], "a row of dashes tells nothing"


def test_none_caught_says_how_far_was_tried():
    assert "none up to 3.00" in page_of(make_check(smallest_caught=None))


def test_the_curve_marks_each_size_with_its_share():
    (figure,) = draw_catches([make_check()])
    points = [mark for mark in figure.marks if isinstance(mark, Point)]
    assert len(points) == 2 + 1, "the last one in the legend"
    assert points[0].x < points[1].x
    assert points[0].y > points[1].y, "the larger bias is caught more often"
    texts = {mark.text for mark in figure.marks if isinstance(mark, Text)}
    assert {"limit", "80 %", "age"} <= texts


def test_no_more_curves_are_drawn_than_can_be_told_apart():
    checks = [make_check(f"gap[{n}]", by=[f"a{n}"]) for n in range(MOST_SERIES + 2)]
    (figure,) = draw_catches(checks)
    assert f"The first {MOST_SERIES} of {MOST_SERIES + 2} checks." in figure.words.caption


def test_curves_of_one_attribute_are_told_apart_by_their_ids():
    checks = [make_check(f"gap[dice-age-{model}]") for model in ("unet", "vnet")]
    (figure,) = draw_catches(checks)
    texts = {mark.text for mark in figure.marks if isinstance(mark, Text)}
    assert {"unet", "vnet"} <= texts


def test_names_that_begin_alike_are_told_by_their_ends():
    names = ["dice-ethnicity-by_expert", "dice-ethnicity-by_auto", "dice-ethnicity-by_auto-liver"]
    assert without_prefix(names) == ["by_expert", "by_auto", "by_auto-liver"]
    assert without_prefix(["dice-age", "dice-age-unet"]) == ["age", "age-unet"], "none is empty"
    assert without_prefix(["dice-age"]) == ["dice-age"]


def test_the_limit_does_not_stand_on_the_title_of_the_axis():
    point = [make_point(size, 1.0) for size in (1.0, 9.0)]
    operator = {**make_check()["operators"][0], "points": point}
    (figure,) = draw_catches([make_check(operators=[operator])])
    places = {mark.text: mark for mark in figure.marks if isinstance(mark, Text)}
    assert places["limit"].y > places["share caught"].y + 15


def test_a_check_without_worlds_has_no_curve():
    point = {**make_point(1.0, 0.0), "n": 0, "caught": None, "fail": None, "pass": None}
    operator = {"name": "copy masks", "acts_on": "errors", "unit": "share", "points": [point]}
    assert list(draw_catches([make_check(check="echo", operators=[operator])])) == []


def test_what_comes_from_a_file_is_escaped():
    hostile = HOSTILE[0]
    page = page_of(make_check(target=hostile, by=[hostile], statement=hostile, why_not=hostile))
    assert "<script>alert" not in page


@pytest.fixture
def told():
    def make(*settings, verdict="FAIL"):
        finding = ruler_age()
        known = {"verdict": verdict, "settings": list(settings), "share_other": None}
        return tuple(
            describe_sensitivity(
                replace(finding, details={**finding.details, "sensitivity": known})
            )
        )

    return make


def make_setting(verdict, **keys):
    setting = {
        "what": "limit", "setting": "half the limit", "limit": 0.025, "value": 0.04,
        "low": 0.03, "high": 0.06, "verdict": verdict, "why_not": "",
    }  # fmt: skip
    return {**setting, **keys}


def test_other_verdicts_are_counted_and_marked(told):
    text, fold = told(make_setting("FAIL"), make_setting("PASS"), make_setting("INCONCLUSIVE"))
    assert "2 of 3 other settings give another verdict" in text.text
    (table,) = fold.blocks
    assert [row.cells[-1].text for row in table.rows] == ["FAIL", "PASS *", "INCONCLUSIVE *"]


def test_one_other_verdict_gives(told):
    text, _ = told(make_setting("FAIL"), make_setting("PASS"))
    assert "1 of 2 other settings gives another verdict" in text.text


def test_a_setting_that_was_not_computed_says_why_and_does_not_count(told):
    numbers = dict.fromkeys(("value", "low", "high"))
    text, fold = told(make_setting(None, why_not="no score of iou", **numbers))
    assert "0 of 0 other settings" in text.text
    (table,) = fold.blocks
    assert table.rows[0].cells[-1].text == "not computed: no score of iou"


def test_a_finding_without_settings_tells_nothing(told):
    assert told() == ()
    assert list(describe_sensitivity(ruler_age())) == []
