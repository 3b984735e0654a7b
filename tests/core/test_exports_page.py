"""docs/exports.md shows what is written, and says what columns, kinds and severities there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_biasruler.audit.states import State
from pytest_biasruler.report.badge import GREEN, GREY, ORANGE, RED
from pytest_biasruler.shell.exports import KINDS

from .report.audit_example import GOLDEN, GOLDEN_FORMS

PAGE = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
EXCERPT = re.compile(r"^```(?:json|text|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = [kind for kind in KINDS if kind != "csv-plan"]


@pytest.mark.parametrize("kind", SHOWN)
def test_every_excerpt_is_a_part_of_the_golden_file(kind):
    golden = (GOLDEN / GOLDEN_FORMS[kind]).read_text(encoding="utf-8")
    excerpts = EXCERPT.findall(PARTS[kind])
    assert excerpts, "each kind is shown"
    assert [excerpt for excerpt in excerpts if excerpt not in golden] == []


def test_every_kind_has_a_row_that_says_who_reads_it():
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\(", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(KINDS)


def test_every_colour_of_a_badge_is_told():
    assert [colour for colour in (RED, ORANGE, GREEN, GREY) if colour not in PARTS["badge"]] == []


def test_the_changes_named_are_changes_there_are():
    (row,) = re.findall(r"^\| `change` \|(.*)$", PARTS["csv-findings"], re.MULTILINE)
    named = set(re.findall(r"`([a-z ]+)`", row))
    assert named <= set(State)
