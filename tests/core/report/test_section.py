from __future__ import annotations

import re

from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.section import Section
from pytest_biasruler.report.view import make_page

from .audit_example import HOSTILE, make_audit


def test_added_sections_stand_after_the_ninth_part_and_bear_no_number():
    added = [Section(title="Scanners", paragraphs=["Two makers."]), Section(title="Sites")]
    parts = make_page(make_audit(), sections=added).parts
    assert [part.number + part.title for part in parts[8:]] == [
        "9. Limits of this audit",
        "Scanners",
        "Sites",
        "10. Warnings, methods, data",
    ]


def test_an_added_section_holds_words_and_a_table():
    section = Section(
        title="Scanners", paragraphs=["Two."], head=("maker", "cases"), rows=[("GE", 120)]
    )
    page = render_html(make_audit(), sections=[section])
    assert "<p>Two.</p>" in page
    row = '<th scope="row">GE</th><td class="t">120</td>'
    assert re.search(f"<caption><span>Scanners</span></caption>.*{row}", page, re.DOTALL)


def test_what_another_plugin_adds_is_escaped():
    section = Section(
        title=HOSTILE[0], paragraphs=HOSTILE, head=HOSTILE[:2], rows=[HOSTILE[:2], HOSTILE[2:4]]
    )
    page = render_html(make_audit(), sections=[section])
    for raw in ("<script>alert", "</script><b>", "\x1b", "\u202e"):
        assert raw not in page
