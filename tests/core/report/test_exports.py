from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit import Audit
from pytest_biasruler.checks.finding import Status, Verdict
from pytest_biasruler.report.exports import (
    FINDING_COLUMNS,
    SCORE_COLUMNS,
    safe_cell,
    tabulate_findings,
    tabulate_scores,
)
from pytest_biasruler.report.forms import render_form
from pytest_biasruler.shell.exports import FORMS_OF_THEIR_OWN

from .audit_example import (
    ERROR,
    GOLDEN,
    GOLDEN_FORMS,
    HOSTILE,
    gap_age,
    make_audit,
    make_estimate,
    make_finding,
    make_group,
    make_hostile_audit,
    score_rows,
    with_checks,
)

MACHINES = [kind for kind in GOLDEN_FORMS if kind not in FORMS_OF_THEIR_OWN]
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001


def read_table(text, *, delimiter=","):
    assert "\r" not in text, "lines end in a line feed alone"
    head, *rows = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    assert all(len(row) == len(head) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def with_findings(*findings):
    return replace(make_audit(), findings=findings)


@pytest.mark.parametrize("kind", MACHINES)
def test_each_export_of_the_example_is_the_golden_one(kind):
    text = render_form(kind, make_audit(), prefix="study/")
    path = GOLDEN / GOLDEN_FORMS[kind]
    assert text.encode() == path.read_bytes(), "see tests/golden/README.md on how to renew it"


@pytest.mark.parametrize("kind", [*MACHINES, "csv-plan"])
def test_an_export_is_text_of_printable_lines(kind):
    for audit in (make_audit(), make_hostile_audit(), with_findings()):
        text = render_form(kind, audit)
        assert text.endswith("\n")
        assert "\ufeff" not in text
        assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("kind", [*MACHINES, "csv-plan"])
def test_an_audit_read_again_has_the_same_exports(kind):
    audit = make_audit()
    assert render_form(kind, Audit.from_json(audit.to_json())) == render_form(kind, audit)


def test_a_finding_is_a_row_with_every_number_unrounded():
    estimate = make_estimate(0.1 + 0.2, -0.012345678901234567, 1e-17, pair=("56–120", "0–40"))
    (row,) = read_table(tabulate_findings(with_findings(replace(gap_age(), estimate=estimate))))

    assert tuple(row) == FINDING_COLUMNS
    assert (row["outcome"], row["verdict"], row["check"]) == ("failed", "FAIL", "gap")
    assert [float(row[name]) for name in ("value", "low", "high")] == [
        0.1 + 0.2,
        -0.012345678901234567,
        1e-17,
    ]
    assert (row["first_subgroup"], row["first_patients"]) == ("56–120", "152")
    assert (row["second_subgroup"], row["second_patients"]) == ("0–40", "41")
    assert row["statement"].startswith("Dice differs by 0.112")


def test_what_is_undefined_or_hidden_is_an_empty_cell():
    groups = (
        make_group("F", 20, None, None, Status.NOT_SHOWN),
        replace(make_group("M", 20, None, None, Status.NOT_SHOWN), n_patients=None),
    )
    hidden = make_finding(
        estimate=make_estimate(None, None, None, pair=("F", "M")), groups=groups, p_fail=None
    )
    (row,) = read_table(tabulate_findings(with_findings(hidden)))
    empty = ("value", "low", "high", "ci95_low", "ci95_high", "second_patients", "p_fail")
    assert [row[name] for name in empty] == [""] * len(empty)
    assert row["first_patients"] == "20"


def test_waivers_and_policies_stand_beside_their_finding():
    waived = make_finding(
        outcome="waived",
        policy="prove-safe",
        waive={"reason": "=relabelling", "until": "2999-12-31"},
        verdict=Verdict.INCONCLUSIVE,
        reason="underpowered",
    )
    (row,) = read_table(tabulate_findings(with_findings(waived)))
    assert row["outcome"] == "waived"
    assert (row["waived_until"], row["waiver_reason"]) == ("2999-12-31", "'=relabelling")
    assert (row["policy"], row["reason"]) == ("prove-safe", "underpowered")


def test_a_check_that_could_not_run_has_a_row_too():
    *_, row = read_table(tabulate_findings(with_checks(make_audit(), errors=[ERROR])))
    assert (row["outcome"], row["verdict"], row["reason"]) == ("error", "", "BR503")
    assert row["statement"] == ERROR["message"]


def test_scores_are_the_summaries_of_the_audit():
    rows = read_table(tabulate_scores(make_audit()))
    assert tuple(rows[0]) == SCORE_COLUMNS
    assert set(SCORE_COLUMNS) == set(score_rows()[0]), "every key of the audit"
    told = [(row["reference"], row["subgroup"], float(row["mean"])) for row in rows]
    assert told == [(r["reference"], r["subgroup"], r["mean"]) for r in score_rows()]


def test_scores_that_a_public_audit_hides_are_empty():
    hidden = {**score_rows()[0], "mean": None, "n_cases": None, "sd": None, "attribute": None}
    (row,) = read_table(tabulate_scores(replace(make_audit(), scores=(hidden,))))
    assert [row[name] for name in ("mean", "n_cases", "sd", "attribute")] == [""] * 4


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("number", [-0.25, -3, -1e-17, -1e300, 0.0, 7])
def test_a_number_is_written_as_a_number(number):
    assert float(safe_cell(number)) == number
    assert type(number)(safe_cell(number)) == number


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_cell(number):
    assert safe_cell(number) == ""


@pytest.mark.parametrize("sign", STARTS_A_FORMULA)
def test_a_word_that_looks_like_a_formula_or_a_number_is_guarded(sign):
    for word in (f"{sign}1", f"{sign}SUM(A1)", sign, f"a; {sign}1", f'a;"{sign}1'):
        assert not any(
            part.strip(' "').startswith(STARTS_A_FORMULA) for part in safe_cell(word).split(";")
        ), word


HARD_NAMES = st.text(alphabet="=+-@;,\"'\t\r\n a1\u202e＝", max_size=8) | st.sampled_from(HOSTILE)  # noqa: RUF001


@given(names=st.tuples(*[HARD_NAMES] * 5), value=st.floats(-10, 10))
@example(names=("", "", "", "", " ="), value=0.0)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_no_spreadsheet_finds_a_formula_in_any_cell(names, value):
    """Neither where commas separate cells nor where semicolons do."""
    first, second, model, by, statement = names
    finding = make_finding(
        model=model,
        by=(by,),
        statement=statement,
        unit=first,
        waive={"reason": second, "until": "2999-12-31"},
        estimate=make_estimate(value, value, value, pair=(first, second)),
        limit=value,
    )
    scores = ({**score_rows()[0], "subgroup": first, "model": model, "mean": value},)
    audit = replace(make_audit(), findings=(finding,), scores=scores)

    for text in (tabulate_findings(audit), tabulate_scores(audit)):
        (row,) = read_table(text)
        assert float(row.get("value", row.get("mean"))) == value
        n_lines = text.count("\n")
        assert n_lines == 2, "a name ends no row"
        for delimiter in (",", ";"):
            cells = [c for row in csv.reader(io.StringIO(text), delimiter=delimiter) for c in row]
            formulas = [c for c in cells if c.strip().startswith(STARTS_A_FORMULA)]
            assert all(map(is_number, formulas)), formulas


def test_a_change_since_the_earlier_audit_is_named():
    finding = make_finding(details={"compare": {"state": "worse", "verdict": "PASS"}})
    first, second = read_table(tabulate_findings(with_findings(finding, make_finding())))
    assert (first["change"], second["change"]) == ("worse", "")
