from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_biasruler.audit import Audit
from pytest_biasruler.audit.ratchet import tighten_audit
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.headline import write_headline
from pytest_biasruler.report.markdown import MOST_BYTES, write_markdown
from pytest_biasruler.report.pieces import MARK
from pytest_biasruler.report.section import Section
from pytest_biasruler.report.spans import cell, code, prose, row

from .audit_example import (
    ERROR,
    HOSTILE,
    gap_age,
    gap_ethnicity,
    make_audit,
    make_estimate,
    make_finding,
    make_hostile_audit,
    with_checks,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "summary.md"
OURS = re.compile(r"</?details>|<summary>[\w ,]+</summary>|<!-- pytest-biasruler -->")
ACTIVE = re.compile(
    r"@\w|#\d|\bGH-\d|\b[0-9a-f]{7,40}\b|https?:|www\.|!\d|\]\(|[<>*_`|~$\\]|(^|\s)/\w|&\w",
    re.IGNORECASE,
)
"""What a forge would act on in plain text."""
NASTY = (
    *("@team", "see @org/team now", "#1", "x#1", "GH-1", "PROJ-12", "deadbeef", "closes #2"),
    *("[a](http://x.org)", "![a](b)", "<b>x</b>", "<!-- -->", "a|b", "a\\|b", "a\\", "``a``"),
    *("`", "a`|`b", "http://x.org", "www.x.org", "a@b.org", "~x~", "*x*", "_x_", "$x$", "# x"),
    *("1. x", "- x", "+ x", "> x", "--- | ---", "&lt;b&gt;", "/close", "!1", ":smile:", "==="),
    *("::error::x", "##[error]x", "a\n::error::x", "\r\n\r\n# x", "[x]: http://x.org", "\u202ex"),
)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def parse(text):
    """Return the kinds of tokens of a text, its HTML, its plain text and its code spans."""
    tokens = list(PARSER.parse(text))
    inner = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in [*tokens, *inner]}
    html = [t.content for t in [*tokens, *inner] if t.type in ("html_block", "html_inline")]
    plain = [child.content for child in inner if child.type == "text"]
    spans = [child.content for child in inner if child.type == "code_inline"]
    return kinds, html, plain, spans


def tables(text):
    """Return the rows of each table, as texts of cells, the way a reader sees them."""
    found, cells = [], None
    for token in PARSER.parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            found[-1].append(cells)
            cells = None
        elif token.type == "inline" and cells is not None:
            cells.append("".join(child.content for child in token.children or ()))
    return found


def test_the_summary_is_the_golden_one():
    assert write_markdown(make_audit()) == GOLDEN.read_text(encoding="utf-8"), (
        "see tests/golden/README.md on how to renew it"
    )


def test_the_headline_is_that_of_the_page():
    for checks in ({}, {"errors": [ERROR]}, {"ran": 3}, {"missing": 2}):
        audit = with_checks(make_audit(), **checks)
        told = write_headline(audit)
        head = write_markdown(audit).splitlines()[0]
        assert re.fullmatch(rf"## [✕◆●○‖] {re.escape(f'{told.word}: {told.rest}')}", head)


def test_what_did_not_pass_comes_first_and_the_rest_can_be_opened():
    text = write_markdown(with_checks(make_audit(), errors=[ERROR]))
    is_open, passed, unjudged = tables(text)
    assert [cells[0] for cells in is_open[1:]] == [
        *["✕ FAIL"] * 2, *["◆ INCONCLUSIVE"] * 4, "✕ ERROR", "‖ FAIL, waived",
    ]  # fmt: skip
    assert {cells[0] for cells in passed[1:]} == {"● PASS"}
    assert [cells[0] for cells in unjudged[1:]] == ["○ INCONCLUSIVE, not judged"]
    assert "<summary>4 checks passed</summary>" in text
    assert "<summary>1 check computed but not judged</summary>" in text


def test_a_screen_is_told_apart_from_what_passed():
    screen = make_finding(outcome="passed", details={"screen": True})
    text = write_markdown(make_audit(findings=(screen,)))
    assert "<summary>1 check only screened, gating nothing</summary>" in text
    assert "checks passed" not in text
    assert tables(text)[0][1][0] == "✕ FAIL, screened" or "FAIL, screened" in text


def test_a_finding_names_number_pair_bounds_limit_and_patients():
    line = tables(write_markdown(make_audit(findings=(gap_age(),))))[0][1]
    assert line == [
        *("✕ FAIL", "gap[dice-age-unet]", "gap 0.112, 0–40 worse than 56–120"),
        *("0.071 to 0.154", "0.050", "41/152"),
    ]


def test_nobody_is_called_worse_off_while_it_is_not_sure():
    told = tables(write_markdown(make_audit(findings=(gap_ethnicity(),))))[0][1]
    assert told[2].startswith("gap 0.040, caucasian vs african american;")
    assert told[-1] == "241/24"


def test_no_number_is_rounded_over_its_limit():
    near = make_finding(estimate=make_estimate(0.0500001, 0.05000001, 0.06, pair=("a", "b")))
    line = tables(write_markdown(make_audit(findings=(near,))))[0][1]
    assert line[2].startswith("gap 0.0500001,")
    assert line[3] == "0.05000001 to 0.060"


def test_an_open_question_says_what_would_answer_it():
    told = tables(write_markdown(make_audit(findings=(gap_ethnicity(),))))[0][1][2]
    assert "smallest gap this data can show 0.112" in told
    assert "Even 10,000 more patients in caucasian would not settle it" in told


def test_a_waiver_is_told_with_its_reason_and_its_last_day():
    text = write_markdown(make_audit())
    assert "waiver until 2027-03-31: relabelling under way" in text


def test_a_check_that_got_worse_says_what_it_was_and_the_summary_counts_it():
    sure = make_estimate(0.01, 0.0, 0.02, pair=("56–120", "0–40"))
    before = make_finding(verdict=Verdict.PASS, outcome="passed", limit=0.3, estimate=sure)
    now = replace(make_finding(), verdict=Verdict.PASS, outcome="passed", limit=0.3)
    earlier = make_audit(findings=(before,))
    text = write_markdown(tighten_audit(make_audit(findings=(now,)), earlier))
    told = tables(text)[0][1]
    assert told[0] == "✕ WORSE, verdict PASS"
    assert told[2] == ("gap 0.112, 56–120 vs 0–40; earlier 0.010, 95 % interval up to 0.050")
    assert "**Since the earlier audit:** 1 worse" in text


def test_lost_cases_and_unasked_attributes_are_told():
    text = write_markdown(make_audit())
    assert (
        "**Not scored:** 6 of 306 cases, 4 of them in `0–40` (no mask 4, mask cannot be used 2)."
        in text
    )
    assert "**Scored as worst:** 1 prediction of `unet` (missing or unreadable)." in text
    assert "2 attributes were not asked about: `menopause`, `bmi_group`." in text


def test_nothing_is_said_of_what_was_not_lost():
    accounting = {"expected": 3, "scored": 3, "excluded": [], "unreadable": [], "checks": {}}
    text = write_markdown(make_audit(accounting=accounting, unasked={}, findings=()))
    assert "**" not in text
    assert text.startswith("## ○ NOTHING JUDGED: ")


def test_after_50_rows_the_rest_is_counted():
    many = [make_finding(id=f"b.toml::gap[{n}]") for n in range(62)]
    text = write_markdown(make_audit(findings=tuple(many)))
    assert len(tables(text)[0]) == 51
    assert "\n\nand 12 more in the report\n\n" in text


def test_the_last_line_marks_the_text_as_ours():
    for audit in (make_audit(), make_hostile_audit()):
        text = write_markdown(audit)
        assert text.endswith(f"\n{MARK}\n")
        assert text.count(MARK) == 1


def test_it_stands_alone_whatever_names_it_holds():
    findings = tuple(
        make_finding(
            id=f"b.toml::gap[{name}]", by=(name,), model=name, unit=name, metric=name,
            statement=f"Dice differs for {name}", waive={"reason": name, "until": name},
            estimate=make_estimate(0.1, 0.06, 0.2, pair=(name, f"{name} {name}")),
            details={"direction": name, "worst": name, "needed": {name: 3}},
            verdict=verdict, reason=reason, outcome=None,
        )
        for name in NASTY
        for verdict, reason in ((Verdict.FAIL, None), (Verdict.INCONCLUSIVE, "underpowered"))
    )  # fmt: skip
    audit = make_audit(
        findings=findings,
        models={name: {} for name in NASTY},
        benchmark={"name": " ".join(NASTY)},
        unasked={"attributes": list(NASTY)},
    )
    sections = [
        Section(title=name, paragraphs=[name], head=[name, "n"], rows=[(name, 1)])
        for name in NASTY
    ]
    assert_stands_alone(write_markdown(audit, sections=sections))


def test_hostile_names_of_the_example_do_nothing():
    text = write_markdown(make_hostile_audit())
    assert_stands_alone(text)
    for rows in tables(text):
        assert {len(cells) for cells in rows} == {6}


def assert_stands_alone(text):
    kinds, html, plain, _ = parse(text)
    assert kinds.isdisjoint({"link_open", "image", "em_open", "list_item_open"})
    assert kinds.isdisjoint({"html_inline", "s_open", "fence", "code_block", "hr"})
    ours = "".join(html)
    assert OURS.sub("", ours).strip() == "", f"raw HTML: {OURS.sub('', ours)!r}"
    acting = [words for words in plain if ACTIVE.search(words)]
    assert acting == []
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert "##[" not in text
    assert not re.search("[\u202e\x1b\r]", text)
    headings = re.findall(r"^#+ ", text, re.MULTILINE)
    assert headings == ["## "]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.one_of(st.text(max_size=30), st.text(alphabet="a1@#|\\`<>[]()*_!:/.-\n &$~", max_size=12))
)
def test_any_name_is_one_code_span_in_a_cell(name):
    text = f"{row(['a', 'b'])}\n|---|---|\n{row([code(name), 'end'])}\n\n{MARK}\n"
    assert [len(cells) for cells in tables(text)[0]] == [2, 2]
    assert tables(text)[0][1][1] == "end"
    _, _, plain, spans = parse(text)
    assert len(spans) == 1
    assert "".join(plain) == "abend"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(max_size=30), st.text(alphabet="ab1@#|\\`<>[]()*_!:/.-\n &$~\"'", max_size=14)
    )
)
def test_any_sentence_is_plain_text_and_code_and_nothing_else(words):
    kinds, _, plain, _ = parse(f"He says {prose(words)}")
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
    assert not ACTIVE.search("".join(plain)[8:]), f"{prose(words)!r}"
    at_start, *_ = parse(prose(words))
    assert at_start <= kinds | {"code_inline"}


def test_a_bar_and_a_backslash_end_no_cell():
    assert cell("`a|b`") == r"`a\|b`"
    assert cell("`a\\|b`") == r"`a\x5c\|b`"


def test_whatever_comes_in_it_is_not_larger_than_allowed():
    names = [f"{'ü|' * 60}{n}" for n in range(300)]
    findings = tuple(make_finding(id=f"b.toml::gap[{name}]", outcome=outcome, statement=name * 9,
                                  estimate=None, limit=None)
                     for name in names for outcome in ("failed", "passed", None))  # fmt: skip
    errors = [{**ERROR, "id": name, "message": name * 30} for name in names]
    audit = make_audit(findings=findings, models={name: {} for name in names})
    sections = [Section(title=name, head=["x"], rows=[(name,)] * 200) for name in names]
    text = write_markdown(with_checks(audit, errors=errors), sections=sections)
    assert 50_000 < len(text.encode()) <= MOST_BYTES
    assert "more in the report" in text
    assert "Cut to keep within the size of this page" in text
    assert text.endswith(f"{MARK}\n")


@pytest.mark.parametrize("most", [3000, 5000, 20_000])
def test_whole_rows_are_cut_to_fit_and_counted(most):
    many = tuple(make_finding(id=f"b.toml::gap[{n}]") for n in range(40))
    text = write_markdown(make_audit(findings=many), most_bytes=most)
    assert len(text.encode()) <= most
    shown = len(tables(text)[0]) - 1
    more = re.search(r"and (\d+) more in the report", text)
    assert shown + (int(more[1]) if more else 0) == 40
    assert {len(cells) for cells in tables(text)[0]} == {6}


def test_sections_of_plugins_come_last():
    section = Section(
        title="Scanners", paragraphs=["3 makers."], head=["maker", "n"], rows=[("GE", 3)]
    )
    text = write_markdown(make_audit(), sections=[section])
    assert text.index("**Scanners**") > text.index("**Limits of this audit:**")
    assert tables(text)[-1] == [["maker", "n"], ["GE", "3"]]


def test_a_public_audit_tells_classes_and_no_counts():
    accounting = {
        **make_audit().accounting,
        "scored": None,
        "excluded": [],
        "unreadable": [],
        "classes": {
            "excluded": {"a": "none", "expert": "up to 5 %"},
            "unreadable": {"unet": "none"},
        },
    }
    hidden = make_finding(
        estimate=None, limit=0.05, details={"public": True},
        statement="gap dice, age: small groups are hidden, so only the verdict is shown",
        groups=tuple(replace(group, n_patients=None) for group in make_finding().groups),
    )  # fmt: skip
    settings_ = {**make_audit().settings, "public": True}
    audit = make_audit(accounting=accounting, settings=settings_, findings=(hidden,))
    text = write_markdown(audit)
    assert "> Public version: small groups, 1 to 10 patients, are hidden and not judged." in text
    assert "**Not scored:** up to 5 % of `expert`." in text
    assert "Scored as worst" not in text
    assert tables(text)[0][1][2:] == [
        "small groups are hidden, so only the verdict is shown", "–", "0.050", "not shown",
    ]  # fmt: skip


def test_an_audit_that_was_read_again_gives_the_same_text():
    audit = make_audit()
    assert write_markdown(Audit.from_json(audit.to_json())) == write_markdown(audit)


def test_every_hostile_name_that_names_a_check_is_a_code_span():
    _, _, _, spans = parse(write_markdown(make_hostile_audit()))
    for name in ("<script>alert(1)</script>", "]]>", "javascript:alert(1)"):
        assert any(name in span for span in spans)
    assert len(HOSTILE) == 14
