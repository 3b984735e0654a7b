"""The words that section 10 tells: those of this audit, and few."""

from __future__ import annotations

from dataclasses import replace

from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.words import TITLE, make_words

from .audit_example import make_audit, make_finding, ruler_age
from .large_audit import make_large_audit


def words_of(*findings):
    blocks = make_words(replace(make_audit(), findings=findings))
    return [text.partition(":")[0] for text in blocks[1].texts] if blocks else []


def test_only_words_that_the_audit_uses_are_told():
    fact = make_finding("provenance", id="p", estimate=None, support="none", p_fail_holm=None)
    assert words_of() == words_of(fact) == []
    told = words_of(ruler_age())
    assert {"Decision bounds", "Distortion", "Flattered, beside the average"} <= set(told)
    assert not {"Regret", "Tipping point", "Cliff's delta"} & set(told)


def test_labels_without_a_second_expert_tell_what_ambiguity_is():
    alone = make_finding("labels", id="l", details={"ambiguity_included": True})
    assert "Case ambiguity included" in words_of(alone)
    assert "Case ambiguity included" not in words_of(make_finding("labels", id="l", details={}))


def test_an_audit_with_every_check_tells_at_most_twelve_words_each_once():
    told = words_of(*make_large_audit(has_gallery=False).findings)
    assert 8 <= len(told) == len(set(told)) <= 12


def test_the_page_tells_its_words_in_section_10():
    page = render_html(make_audit())
    assert page.index('id="s10"') < page.index(f"{TITLE}</h3>") < page.index("Decision bounds: ")
