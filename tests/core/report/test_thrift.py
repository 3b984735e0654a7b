from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pytest_biasruler.report.cards import SHORT, make_cards
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.thrift import weigh

from .audit_example import gap_age, make_audit
from .large_audit import make_large_audit


def test_a_large_audit_stays_below_250_kilobytes_and_with_its_gallery_below_a_megabyte():
    bare = make_large_audit(has_gallery=False)
    assert bare.accounting["expected"] == 1000
    assert len({finding.check for finding in bare.findings}) == 14
    assert len(bare.findings) == 52
    assert len(render_html(bare).encode()) < 250_000
    assert len(render_html(make_large_audit()).encode()) < 1_000_000


def test_what_did_not_pass_comes_first_and_is_told_in_full():
    told, *cards = make_cards(make_large_audit(has_gallery=False))
    assert told.text == SHORT
    is_short = [not card.blocks or card.blocks[-1].kind != "fold" for card in cards]
    assert is_short == sorted(is_short), "no short card before a full one"
    assert [card.word for card in cards[: is_short.index(True)]].count("FAIL") >= 3
    for card in cards[is_short.index(True) :]:
        kinds = [block.kind for block in card.blocks]
        assert ("table" in kinds) == (card.word != "PASS"), "who is concerned is always told"
        assert ("figure" in kinds) == (card.word != "PASS")


def test_an_ordinary_audit_has_no_short_card():
    assert SHORT not in render_html(make_audit())


def test_the_weight_of_a_card_is_about_the_characters_that_it_takes():
    audit = replace(make_audit(), findings=(gap_age(),))
    page = render_html(audit)
    (text,) = re.findall(r"<article.*?</article>", page, re.DOTALL)
    (card,) = make_cards(audit)
    assert weigh(card.blocks) == pytest.approx(len(text), rel=0.2)
