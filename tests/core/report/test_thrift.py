from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pytest_biasruler.report.cards import SHORT, make_cards
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.thrift import weigh

from .audit_example import gap_age, make_audit
from .large_audit import make_large_audit


@pytest.mark.parametrize(
    ("n_models", "n_attributes", "n_findings", "most"),
    [(1, 1, 15, 250_000), (2, 2, 26, 250_000), (2, 3, 35, 250_000), (3, 4, 52, 300_000)],
)
def test_a_page_about_a_thousand_cases_stays_small(n_models, n_attributes, n_findings, most):
    asked = {"n_models": n_models, "n_attributes": n_attributes}
    bare = make_large_audit(has_gallery=False, **asked)
    assert bare.accounting["expected"] == 1000
    assert len({finding.check for finding in bare.findings}) == 14
    assert len(bare.findings) == n_findings
    assert len(render_html(bare).encode()) < most
    assert len(render_html(make_large_audit(**asked)).encode()) < 1_000_000


def test_what_did_not_pass_comes_first_and_is_told_in_full():
    told, *cards = make_cards(make_large_audit(has_gallery=False))
    assert told.text == SHORT
    is_short = [not card.blocks or card.blocks[-1].kind != "fold" for card in cards]
    assert is_short == sorted(is_short), "no short card before a full one"
    assert {card.word for card in cards[is_short.index(True) :]} == {"PASS"}


def test_hundreds_of_failed_findings_keep_a_figure_and_their_subgroups():
    audit = make_large_audit(has_gallery=False)
    failed = [finding for finding in audit.findings if finding.outcome == "failed"]
    copies = [
        replace(finding, id=f"{finding.id[:-1]}~{n}]") for n in range(12) for finding in failed
    ]
    _, *cards = make_cards(replace(audit, findings=tuple(copies)))
    short = [card for card in cards if card.blocks[-1].kind != "fold"]
    assert 0 < len(short) < len(cards)
    for card in short:
        kinds = [block.kind for block in card.blocks]
        assert {"table", "figure"} <= set(kinds), "who is concerned is always told"


def test_an_ordinary_audit_has_no_short_card():
    assert SHORT not in render_html(make_audit())


def test_the_weight_of_a_card_is_about_the_characters_that_it_takes():
    audit = replace(make_audit(), findings=(gap_age(),))
    page = render_html(audit)
    (text,) = re.findall(r"<article.*?</article>", page, re.DOTALL)
    (card,) = make_cards(audit)
    assert weigh(card.blocks) == pytest.approx(len(text), rel=0.2)
