from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from pytest_biasruler.audit import Audit, load_schema
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.report.contours import MOST_OF_PAGE
from pytest_biasruler.report.html import _environment, render_html
from pytest_biasruler.report.marks import COLOURS, LINE_COLOURS, SIGNS
from pytest_biasruler.report.numbers import format_number, typeset
from pytest_biasruler.report.view import make_page

from .audit_example import (
    ERROR,
    HOSTILE,
    make_audit,
    make_finding,
    make_hostile_audit,
    with_checks,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "page.html"
VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Everything a test asks of a page, collected in one pass."""

    def __init__(self, text):
        super().__init__()
        self.open, self.errors, self.tags, self.texts = [], [], [], []
        self.goes_on = False  # the text goes on behind a tag that shows nothing
        self.feed(text)
        self.close()
        self.errors += [f"{tag} is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.goes_on = tag == "wbr" or ("class", "whole") in attrs
        if len(dict(attrs)) != len(attrs):
            self.errors.append(f"{tag} has an attribute twice")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> closes something else")
        self.goes_on = tag == "span"

    def handle_data(self, data):
        if {"style", "script"} & set(self.open):
            return
        if self.goes_on and self.texts:
            self.texts[-1] += data
        else:
            self.texts.append(data)

    @property
    def dump(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def values(self, name):
        return [attrs[name] for _, attrs in self.tags if name in attrs]


@pytest.fixture(scope="module")
def text():
    return render_html(with_checks(make_audit(), errors=[ERROR], declared=13))


@pytest.fixture(scope="module")
def hostile():
    return render_html(make_hostile_audit())


@pytest.fixture(params=["text", "hostile"])
def page(request):
    return Page(request.getfixturevalue(request.param))


def test_the_page_is_well_formed(page):
    assert page.errors == []


def test_ids_are_unique_and_every_jump_has_a_target(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    jumps = page.values("href")
    assert len(jumps) > 30
    assert {jump.removeprefix("#") for jump in jumps} <= set(ids)


def test_headings_never_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def test_the_page_has_one_style_one_script_and_nothing_that_loads_or_listens(page):
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("style"), tags.count("script")) == (1, 1)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "foreignobject"} & set(
        tags
    )
    names = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in names if name == "style" or name.startswith("on")}
    assert not {"src", "srcset", "xlink:href", "action", "background"} & names


def test_figures_are_drawn_by_presentation_attributes_alone(text):
    for figure in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        drawn = re.sub(r'<use href="#glyph-[a-z-]+"/>', "", figure)  # of the same page: no link
        assert not re.search(r"class=|style=|<script|<a |href|<style|url\(", drawn)


@pytest.mark.parametrize("name", ["text", "hostile"])
def test_no_address_and_no_path_of_a_machine_is_in_the_page(name, request):
    page = request.getfixturevalue(name)
    assert not re.search(r"https?:|file:", page)
    for folder in (Path.home(), Path.cwd(), Path(tempfile.gettempdir())):
        assert f"{folder}/" not in page


def test_the_policy_of_the_page_allows_exactly_its_own_style_and_script(text):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_charset_comes_before_everything_that_could_be_misread(text):
    assert text.index("<meta charset") < text.index("<meta http-equiv") < text.index("<title>")


def test_the_script_is_small_and_knows_no_dangerous_word(text):
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(script.encode()) < 10_000
    for word in ("innerHTML", "outerHTML", "eval", "Function(", "localStorage", "sessionStorage"):
        assert word not in script
    assert not re.search(r"document\.write|insertAdjacent|cookie|fetch|XMLHttp|import", script)


def test_intervals_options_and_names_of_checks_break_only_where_a_reader_would():
    kept, parted, command = (
        _environment().filters[name] for name in ("kept", "parted", "command")
    )
    whole = '<span class="whole">[0.04, −0.1]</span>'
    assert kept("open: [0.04, −0.1], limit 0.03") == f"open: {whole}, limit 0.03"
    assert kept("[0.0407123456789, 0.1]") == "[0.0407123456789, 0.1]", "wider than a phone"
    assert parted("gap[hd95_mm-age]") == "gap[<wbr>hd95_<wbr>mm-age]"
    assert parted('<b a="_x">') == "&lt;b a=&#34;_<wbr>x&#34;&gt;"
    assert command("pytest --a-b=<c> d") == 'pytest <span class="whole">--a-b=&lt;c&gt;</span> d'


def test_figures_and_the_table_after_them_stand_in_one_row(text):
    before = re.findall(r"(\S[^<>]*<[^<>]*>)\s*<figure>", text)
    assert before
    assert {tag[tag.index("<") :] for tag in before} <= {'<div class="beside">', "</figure>"}
    followed = re.findall(r"</figure>\s*(<[^>]*>)", text)
    assert set(followed) == {"<figure>", "</div>", '<div class="scroll" tabindex="0">'}


def test_without_style_and_script_every_verdict_and_number_can_be_read(text):
    audit, dump = with_checks(make_audit(), errors=[ERROR], declared=13), Page(text).dump
    for finding in audit.findings:
        assert finding.statement.rstrip(".") in dump
        assert str(finding.verdict) in dump
        for group in finding.groups:
            assert group.name in dump
            if group.mean is not None:
                assert typeset(format_number(group.mean)) in dump
    for cell in cells_of(make_page(audit)):
        assert re.sub(r"\s+", " ", cell) in dump, cell


def cells_of(node):
    """Yield the text of every table cell anywhere below a page."""
    if hasattr(node, "rows"):
        for row in node.rows:
            yield from (cell.text for cell in row.cells)
        yield from (*node.head, node.caption)
    for child in (*getattr(node, "parts", ()), *getattr(node, "blocks", ())):
        yield from cells_of(child)


def test_nothing_inert_is_in_the_page_before_the_script_has_run(page):
    assert not {"button", "input", "select"} & {tag for tag, _ in page.tags}


def test_every_table_has_a_caption_and_headers_with_a_scope(page):
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") > 20
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    assert all(attrs.get("border") == "1" for tag, attrs in page.tags if tag == "table")


def test_every_drawing_has_a_title_or_is_hidden_from_readers(page):
    drawings = [attrs for tag, attrs in page.tags if tag == "svg"]
    named = [d for d in drawings if d.get("role") == "img"]
    titles = sum(tag == "title" for tag, _ in page.tags) - 1
    assert len(named) == titles > 10


def test_the_title_of_the_page_begins_with_its_verdict(text):
    assert "<title>ERROR: 1 of 13 checks could not run." in text
    assert "<title>FAIL: 2 of 12 checks. " in render_html(make_audit())


@pytest.mark.parametrize(
    "raw", ["<script>alert", "</script><b>", '"onmouseover="', "\x1b", "\u202e"]
)
def test_a_hostile_name_is_told_and_does_nothing(raw, hostile):
    assert raw not in hostile


def test_hostile_names_are_all_readable_and_none_is_an_attribute_but_as_text(hostile):
    page = Page(hostile)
    for name in HOSTILE[:5]:
        assert name in " ".join(page.texts)
    assert "left\\u202eright" in hostile
    assert "\\x1b[31mred" in hostile
    assert "n" * 79 + "…" in hostile
    assert "n" * 601 not in hostile, "a name is cut wherever it stands"
    for key in ("id", "href", "data-by", "data-metric", "data-model", "data-label"):
        values = [value.removeprefix("#") for value in page.values(key)]
        assert values
        assert all(re.fullmatch(r"[a-z0-9-]+", value) for value in values), key


def test_the_same_audit_gives_the_same_bytes():
    assert render_html(make_audit()) == render_html(make_audit())


def test_an_audit_read_back_from_its_json_gives_the_same_page():
    # The hostile one holds what no audit can: its texts stand where codes and numbers belong.
    assert render_html(Audit.from_json(make_audit().to_json())) == render_html(make_audit())
    with pytest.raises(BiasRulerError, match="BR603"):
        Audit.from_json(make_hostile_audit().to_json())


def test_the_example_is_an_audit_as_the_schema_has_it():
    jsonschema.Draft202012Validator(load_schema()).validate(json.loads(make_audit().to_json()))


def test_the_order_of_sets_in_another_process_changes_nothing(text):
    code = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('audit_example', sys.argv[1])\n"
        "example = importlib.util.module_from_spec(spec)\n"
        "sys.modules['audit_example'] = example\n"
        "spec.loader.exec_module(example)\n"
        "from pytest_biasruler.report.html import render_html\n"
        "audit = example.with_checks(example.make_audit(), errors=[example.ERROR], declared=13)\n"
        "sys.stdout.buffer.write(render_html(audit).encode())\n"
    )
    path = Path(__file__).with_name("audit_example.py")
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode() == text


def test_a_page_without_gallery_stays_below_250_kilobytes_and_with_one_below_a_megabyte():
    audit = make_audit()
    case = audit.findings[1].details["gallery"][0]
    path = "M1 1" + "h1v1" * 120 + "z"
    big = {**case, "outlines": dict.fromkeys(("expert", "automated", "model"), path)}
    full = [replace(f, details={**f.details, "gallery": [big] * 15}) for f in audit.findings]
    bare = [replace(f, details={**f.details, "gallery": []}) for f in audit.findings]
    assert len(render_html(replace(audit, findings=tuple(bare))).encode()) < 250_000
    assert len(render_html(replace(audit, findings=tuple(full))).encode()) < 1_000_000


def test_a_page_whose_worst_cases_are_noise_stays_below_a_megabyte():
    audit = make_audit()
    case = audit.findings[1].details["gallery"][0]
    path = "M1 1h1v1h-1z" * 341  # as long as a path gets
    noise = {
        **case,
        "outlines": dict.fromkeys(("expert", "automated", "model"), path),
        "coarse": ["expert", "automated", "model"],
    }
    full = [
        replace(
            f, details={**f.details, "gallery": [{**noise, "case": f"c{n}"} for n in range(15)]}
        )
        for f in audit.findings
    ]
    page = render_html(replace(audit, findings=tuple(full)))
    assert len(page.encode()) < 1_000_000
    assert page.count(path) == 3 * (MOST_OF_PAGE // (3 * len(path)))
    assert "outlines left out: the page would be too large" in page


def test_the_page_is_the_golden_one():
    assert render_html(make_audit()) == GOLDEN.read_text(encoding="utf-8"), (
        "the page has changed: look at it, then renew it as tests/golden/README.md says"
    )


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def themes(text):
    blocks = re.findall(r":root[^{]*\{([^}]*--paper[^}]*)\}", text)
    return [
        {name: widen(value) for name, value in re.findall(r"--([a-z]+): (#[0-9a-f]+)", block)}
        for block in blocks
    ]


def widen(colour):
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def test_black_on_white_has_the_contrast_that_the_standard_gives():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_every_pair_of_colours_can_be_told_apart(text):
    found = themes(text)
    assert len(found) == 5, "light, dark by the system, light and dark by choice, print"
    for theme in found:
        screen = "line" in theme
        assert contrast(theme["ink"], theme["paper"]) > 15
        for name in ("quiet", "link"):
            assert contrast(theme[name], theme["paper"]) >= 4.5, name
        for name in ("ink", "link"):
            assert contrast(theme[name], theme["alarm"]) >= 4.5, name
        if screen:
            assert contrast(theme["line"], theme["paper"]) >= 3
            marks = {colour for colour in LINE_COLOURS if colour.startswith("#")}
            assert len(marks) == 4
            assert all(contrast(mark, theme["paper"]) >= 3 for mark in marks)


def test_marks_too_pale_for_white_have_an_outline_of_ink(text):
    pale = [colour for colour in COLOURS if contrast(colour, "#ffffff") < 3]
    assert pale
    for colour in (*pale, *(c for _, c in SIGNS.values() if c.startswith("#"))):
        tags = [*re.finditer(rf'<[^>]*fill="{colour}"[^>]*>', text)]
        assert tags or colour == COLOURS[-1], "only sky, the sixth, is in no figure here"
        for tag in tags:
            before = text[: tag.start()]
            group = before[before.rindex("<g ") :] if "<g " in before else ""
            inherited = "" if "</g>" in group else group[: group.find(">")]
            assert 'stroke="currentColor"' in tag[0] + inherited


def test_nothing_on_the_page_moves_by_itself(text):
    assert not re.search(r"transition|animation|@keyframes|scroll-behavior|smooth", text)
    assert not re.search(r"<animate|<set |<marquee|<blink", text)


def test_a_range_is_kept_on_one_line_in_cells_and_sentences():
    statement = "Dice of 0–40 is below that of 41–55 <b>"
    page = render_html(replace(make_audit(), findings=(make_finding(statement=statement),)))
    kept = '<span class="whole">0–40</span>'
    assert f'<span class="whole">56–120</span> vs {kept}' in page
    assert '<th scope="row">0–40</th>' in page, "a name of nine letters has room"
    (card,) = re.findall(r"<h3>(?:(?!</h3>).)*Dice of.*?</h3>", page)
    assert f"Dice of {kept} is below" in card
    assert "&lt;b&gt;" in card, "names are escaped before ranges are kept"
