"""A hostile name stays a name in every output."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from functools import partial
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from pytest_biasruler.errors import printable
from pytest_biasruler.report.last_line import LONGEST_LINE
from pytest_biasruler.shell.exports import KINDS
from pytest_biasruler.shell.marks import is_ours

from .canaries import write_csv

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '"onmouseover="x',
    "quote": "' onload='x",
    "end of script": "</script><img src=x onerror=alert(1)>",
    "end of style": "</style><svg onload=alert(1)>",
    "end of CDATA": "]]><x>",
    "comment": "<!-- x",
    "end of comment": "--><b>",
    "address": "javascript:alert(1)",
    "template": "{{7*7}}",
    "raw": "{%raw%}{#",
    "entity": "&lt;b&gt;&#x3c;",
    "colour": "\x1b[31mred",
    "link": "\x1b]8;;http://x.test\x1b\\go",
    "eight bits": "\x9b31m",
    "command": "::error::x",
    "wide command": "- ::set-output name=a::x",
    "group": "##[error]x",
    "task": "##vso[task.setvariable]x",
    "team": "##teamcity[x]",
    "pipe": "a|b`c`*d*_e_",
    "newline": "a\n::error::x",
    "tab": "\ta\tb",
    "carriage return": "a\r::error::x",
    "line separator": "a\u2028::error::\u2029",
    "right to left": "\u202egnp.exe\u2066",
    "zero width": "a\u200bb\ufeff",
    "percent": "%0A%0D::error::",
    "formula": "=cmd|'/C calc'!A0",
    "wide formula": "\uff1d1+1",
    "plus": "+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "surrogate": "a\ud800b",
    "private": "\ue000\U000e0041",
    "long": "x" * 1_000,
    "longest": "x" * 10_000,
}

FIELDS = {
    "hooks": ("section",),
    "free": ("name", "reason", "unit", "check"),
    "names": ("expert", "automated", "model", "other", "attribute", "metric", "label"),
    "cells": ("old", "young", "place"),
    "columns": ("case column", "person column", "site column", "age column"),
}
"""Fields of free text by who may refuse them."""

FILE = """\
[benchmark]
name = {name}
metadata = "meta.csv"
case = {case column}
patient = {person column}
site = {site column}
[references.{expert}]
kind = "expert"
[references.{automated}]
kind = "automated"
[models.{model}]
trained_on = {expert}
[models.{other}]
trained_on = {automated}
[models.ghost]
[labels]
{label} = 1
[attributes.{attribute}]
column = {age column}
[scores]
table = "scores.csv"
[metrics.{metric}]
direction = "higher"
range = [0, 1]
unit = {unit}
[defaults]
min_patients = 3
metric = {metric}
[[checks]]
check = "gap"
by = {attribute}
model = {model}
limit = 0.05
name = {check}
[[checks]]
check = "gap"
by = {attribute}
model = {model}
limit = 0.5
[[checks]]
check = "gap"
by = {attribute}
model = "ghost"
limit = 0.5
[[checks]]
check = "ruler"
by = {attribute}
model = {model}
limit = 0.02
waive = {{ reason = {reason}, until = 2999-12-31 }}
[[checks]]
check = "amplification"
by = {attribute}
limit = 0.02
[[checks]]
check = "ranking"
models = [{model}, {other}]
limit = 0.02
[[checks]]
check = "transport"
by = {attribute}
model = {model}
min_sites = 3
min_patients_site = 2
limit = 0.05
[[checks]]
check = "rectified"
by = {attribute}
model = {other}
labelled = "random"
limit = 0.21
[[checks]]
check = "provenance"
by = {attribute}
model = {model}
"""
TEST = """
import json
from pathlib import Path

NAMES = json.loads(Path("names.json").read_text("utf-8"))

def test_hostile(biasruler):
    keys = {key: NAMES[key] for key in ("model",)}
    biasruler.assert_gap(NAMES["metric"], by=NAMES["attribute"], limit=0.05, **keys)
"""
SECTION = """
import json
from pathlib import Path
from pytest_biasruler import Section

def pytest_biasruler_report_sections(audit):
    name = json.loads(Path("names.json").read_text("utf-8"))["section"]
    return [Section(title=name, paragraphs=[name], head=(name,), rows=[(name,)])]

def pytest_biasruler_json(audit):
    name = json.loads(Path("names.json").read_text("utf-8"))["section"]
    return {name: name}
"""
PLAIN = {field: f"plain {field}" for fields in FIELDS.values() for field in fields}
REFUSED = 4
ACCEPTED = {
    HOSTILE["eight bits"]: ["hooks", "free"],
    HOSTILE["tab"]: ["hooks", "free", "cells"],
    HOSTILE["surrogate"]: ["hooks"],
    HOSTILE["long"]: ["hooks", "free"],
    HOSTILE["longest"]: ["hooks"],
}
"""Hostile text that some fields refuse -> those that do not."""


def quoted(text):
    """Return `text` as a basic string of TOML, in which every other character is escaped."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else escape(c) for c in text) + '"'


def escape(char):
    return f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"


def write_hostile(folder, names):
    """Write the benchmark with these names: 48 cases, of which experts labelled two in three."""
    quotes = {key: quoted(name) for key, name in names.items()}
    (folder / "biasruler.toml").write_text(FILE.format_map(quotes), "utf-8")
    (folder / "names.json").write_text(json.dumps(names), "utf-8")
    (folder / "test_hostile.py").write_text(TEST, "utf-8")
    (folder / "conftest.py").write_text(SECTION, "utf-8")
    columns = ("case column", "person column", "age column", "site column")
    rows, scores = [], []
    for i in range(48):
        group = "old" if i % 2 == 0 else "young"
        place = f"{names['place']}{i // 2 % 4}"
        rows.append([f"c{i:02d}", f"p{i:02d}", names[group], place])
        noise = (i * 7 % 11 - 5) / 100
        value = 0.6 + 0.2 * (group == "old") + noise
        judges = ["automated"] if i % 3 == 0 else ["expert", "automated"]
        pairs = [(names[m], names[r]) for m in ("model", "other") for r in judges]
        pairs += [(names["automated"], names["expert"])] if len(judges) > 1 else []
        scores += [[f"c{i:02d}", *pair, names["label"], f"{value:.3f}"] for pair in pairs]
    write_csv(folder / "meta.csv", [names[column] for column in columns], rows)
    write_csv(
        folder / "scores.csv", ["case", "model", "reference", "label", names["metric"]], scores
    )


class Page(HTMLParser):
    """What a page is made of, apart from what it says."""

    def __init__(self, text):
        super().__init__()
        self.shapes, self.values, self.texts, self.strange, self.inside = set(), [], [], [], []
        self.code = {"script": [], "style": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.shapes.add((tag, tuple(name for name, _ in attrs)))
        self.values += attrs
        self.inside.append(tag)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            continue

    def handle_data(self, data):
        into = self.code.get(self.inside[-1] if self.inside else "", self.texts)
        into.append(data)

    def handle_comment(self, data):
        self.strange.append(data)

    unknown_decl = handle_pi = handle_comment


def judge_page(text, *, plain, names):
    page, sober = Page(text), Page(plain)
    assert page.shapes <= sober.shapes, "an element or attribute that the template did not write"
    assert page.code == sober.code, "a script or style that is not ours"
    assert page.strange == []
    linked = [value for name, value in page.values if name in ("id", "href", "class", "for")]
    assert [value for value in linked if not re.fullmatch(r"#?[a-z0-9 -]*", value)] == []
    assert [name for name, _ in page.values if name.startswith("on") or name == "style"] == []
    assert_visible(text)
    said = " ".join(page.texts)
    for field in ("model", "attribute", "old", "reason"):
        assert cut(names[field]) in said, f"{field} is not told"
    assert max(map(len, said.split())) < 1000, "names are cut"


def judge_json(text, *, plain, names):
    audit = json.loads(text)
    assert audit.keys() == json.loads(plain).keys()
    assert audit["benchmark"]["name"] == names["name"], "verbatim"
    assert {names["model"], names["other"]} <= audit["models"].keys()
    assert audit["extensions"] == {names["section"]: names["section"]}


def commands_of(result):
    return "".join(f"{line}\n" for line in result.stdout.lines if line.startswith("::"))


def judge_annotations(text, *, plain, **_):
    """As many commands as with plain names, and each of them ours to its end."""
    commands = text.splitlines()
    assert len(commands) == len(plain.splitlines()) > 1
    place = r"file=[^:,]+\.(toml|py),line=\d+,"
    assert [line for line in commands if not re.fullmatch(COMMAND.format(place), line)] == []
    assert_visible(text)


COMMAND = "::(error|warning) ({})?title=[^:,]+::.+"


def judge_markdown(text, *, plain, names):
    """No HTML but what folds, as many rows and cells as with plain names, every name as code."""
    judge_export(text, plain=plain)
    tokens, sober = MARKDOWN.parse(text), MARKDOWN.parse(plain)
    assert [token.type for token in tokens] == [token.type for token in sober]
    inner = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inner} <= {
        *("text", "code_inline", "strong_open", "strong_close", "softbreak")
    }
    html = [token.content for token in tokens if token.type == "html_block"]
    assert html == [token.content for token in sober if token.type == "html_block"]
    spans = [child.content for child in inner if child.type == "code_inline"]
    for field in ("name", "model"):
        shown = cut(re.sub(r"[\r\n]+", " ", names[field])).replace("`", "'")
        assert any(shown in span for span in spans), f"{field} is not told as code"


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


def judge_terminal(text, **_):
    titles = [line for line in text.splitlines() if line.startswith("biasruler: ")]
    assert max(map(len, titles), default=0) <= LONGEST_LINE, "names are cut"
    assert_visible(text)
    commands = [line for line in text.splitlines() if line.strip().startswith("::")]
    assert commands + re.findall(r"##\w*\[", text) == []


def judge_junit(text, *, plain, **_):
    suite = ET.fromstring(text)
    assert {each.tag for each in suite.iter()} <= {
        each.tag for each in ET.fromstring(plain).iter()
    }
    assert len(suite.findall(".//testcase")) == len(ET.fromstring(plain).findall(".//testcase"))


def judge_csv(text, *, plain, **_):
    rows, sober = list(csv.reader(io.StringIO(text))), list(csv.reader(io.StringIO(plain)))
    assert len(rows) == len(sober) > 1
    assert {len(row) for row in rows} == {6}
    assert [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\uff1d")] == []
    for _, rank, _, _, probability, seed in rows[1:]:
        assert re.fullmatch(r"\d*", rank + seed)
        assert probability == "" or 0 <= float(probability) <= 1
    assert_visible(text)


def judge_export(text, *, plain, **_):
    """As many lines as with plain names, none of them a command, and whole: known for ours."""
    assert len(text.split("\n")) == len(plain.split("\n")) > 1
    assert_visible(text)
    assert [line for line in text.split("\n") if line.strip().startswith("::")] == []
    assert re.findall(r"##\w*\[", text) == []


def judge_cache(text, *, plain, **_):
    nodes, sober = json.loads(text), json.loads(plain)
    assert len(nodes) == len(sober)
    assert_visible("\n".join(nodes))


def assert_visible(text):
    """Nothing that a terminal obeys, that turns text around or that cannot be seen."""
    unseen = {
        char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    }
    assert unseen <= {"\n"}


def cut(name):
    return printable(name.strip())[:39]


def without_commands(result):
    lines = [line for line in result.stdout.lines if not line.startswith("::")]
    return "\n".join(lines) + result.stderr.str()


EXPORTS = [kind for kind in KINDS if kind != "csv-plan"]


def read_export(folder, _, *, kind):
    path = folder / "out" / f"{kind}.txt"
    assert is_ours(path), "the next run would not dare to remove it"
    return path.read_text("utf-8")


OUTPUTS = (
    ("report", lambda folder, _: (folder / "out/report.html").read_text("utf-8"), judge_page),
    ("audit", lambda folder, _: (folder / "out/audit.json").read_text("utf-8"), judge_json),
    ("plan", lambda folder, _: (folder / "out/plan.csv").read_text("utf-8"), judge_csv),
    *((kind, partial(read_export, kind=kind), judge_export) for kind in EXPORTS),
    ("JUnit", lambda folder, _: (folder / "junit.xml").read_text("utf-8"), judge_junit),
    (
        "ids",
        lambda folder, _: (folder / ".pytest_cache/v/cache/nodeids").read_text("utf-8"),
        judge_cache,
    ),
    ("summary", lambda folder, _: (folder / "out/summary.md").read_text("utf-8"), judge_markdown),
    ("job page", lambda folder, _: (folder / "out/page.md").read_text("utf-8"), judge_markdown),
    ("annotations", lambda _, result: commands_of(result), judge_annotations),
    ("terminal", lambda _, result: without_commands(result), judge_terminal),
)
"""Every output: its name, how to get it, how to judge it. A new one needs one line here."""

ARGUMENTS = (
    *("biasruler.toml", "test_hostile.py", "--biasruler=biasruler.toml", "-rA", "-vv", "-s"),
    *("--biasruler-json=out/audit.json", "--biasruler-html=out/report.html"),
    *("--biasruler-export=csv-plan=out/plan.csv", "--junitxml=junit.xml", "--cache-clear"),
    *(f"--biasruler-export={kind}=out/{kind}.txt" for kind in EXPORTS),
    "--biasruler-markdown=out/summary.md",
)


def gather(folder, result):
    return {name: get(folder, result) for name, get, _ in OUTPUTS}


@pytest.fixture
def on_github(run, pytester, monkeypatch):  # noqa: ARG001  (it clears the environment before)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "out" / "page.md"))


@pytest.fixture(scope="module")
def sober():
    """Keep the outputs of a benchmark without hostile names for all tests."""
    return {}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.usefixtures("on_github")
def test_a_hostile_name_stays_a_name_in_every_output(pytester, run, sober, hostile):
    if not sober:
        write_hostile(pytester.path, PLAIN)
        sober |= gather(pytester.path, run(*ARGUMENTS))
    everything = tuple(field for fields in FIELDS.values() for field in fields)
    if is_accepted(pytester, run, sober, names=spoil(hostile, everything)):
        return
    taken = [
        group
        for group, fields in FIELDS.items()
        if is_accepted(pytester, run, sober, names=spoil(hostile, fields))
    ]
    assert taken == ACCEPTED[hostile]


def spoil(hostile, fields):
    return PLAIN | {field: f"{hostile}{i}" for i, field in enumerate(fields)}


def is_accepted(pytester, run, sober, *, names):
    """Return whether the benchmark was run, once all outputs, or the refusal, are judged."""
    write_hostile(pytester.path, names)
    (pytester.path / "out" / "page.md").unlink(missing_ok=True)
    result = run(*ARGUMENTS)
    said = result.stdout.str() + result.stderr.str()
    if result.ret == REFUSED:
        judge_terminal(said)
        assert "BR" in result.stderr.str()
        return False
    assert result.ret == 1
    outputs = gather(pytester.path, result)
    for name, _, judge in OUTPUTS:
        judge(outputs[name], plain=sober[name], names=names)
    return True


PATHS = {
    "newline": "x\n::error::y",
    "escape": "x\x1b[31my",
    "link": "x\x1b]8;;http:a\x1b\\y",
    "carriage return": "x\r::error::y",
    "right to left": "x\u202ey",
    "command": "- ::error title=a",
}


def assert_clean(text):
    assert_visible(text)
    starts = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert starts == []
    assert "\\\\x" not in text, "escaped twice"
    assert "\\\\u" not in text, "escaped twice"


@pytest.mark.parametrize("name", PATHS.values(), ids=PATHS)
def test_paths_of_outputs_and_folders_are_printable_in_every_line(write_benchmark, run, name):
    write_benchmark("fail", "error")
    options = (f"--biasruler-json={name}.json", f"--biasruler-html={name}.html")
    result = run("biasruler.toml", *options, "-ra")

    said = result.stdout.str()
    assert result.ret == 1
    assert f"report {printable(name)}.html" in said
    assert f"json {printable(name)}.json" in said
    assert_clean(said + result.stderr.str())


@pytest.mark.parametrize("name", PATHS.values(), ids=PATHS)
def test_a_benchmark_that_is_not_there_is_named_printably(run, name):
    result = run(f"--biasruler={name}.toml")

    assert result.ret == REFUSED
    assert printable(name) in result.stderr.str()
    assert_clean(result.stdout.str() + result.stderr.str())


@pytest.mark.parametrize("place", ["{}.toml", "{}/biasruler.toml"])
@pytest.mark.parametrize("name", list(PATHS.values())[:5], ids=list(PATHS)[:5])
def test_a_benchmark_file_with_a_control_in_its_name_is_refused(
    pytester, write_benchmark, run, name, place
):
    name = name.replace("::", ":")  # two colons would end the path on the command line
    path = pytester.path / place.format(name)
    path.parent.mkdir(exist_ok=True)
    write_benchmark("pass", file=place.format(name))
    for chosen in ((str(path),), (f"--biasruler={path}",)):
        result = run(*chosen, "--junitxml=junit.xml")
        assert result.ret == REFUSED, result.stdout.str()
        assert "file name holds a control character" in result.stderr.str()
        assert result.stderr.str().startswith("ERROR: ")
        assert_clean(result.stdout.str() + result.stderr.str())


def test_a_control_in_a_file_that_is_met_on_the_way_stays_out_of_terminal_and_xml(
    pytester, write_benchmark, run
):
    write_benchmark("pass", file="x\x1b[31m\u202e.biasruler.toml")
    result = run("-v", "--junitxml=junit.xml")

    assert result.ret == 2
    assert "file name holds a control character" in result.stdout.str()
    assert_clean(result.stdout.str())
    ET.fromstring((pytester.path / "junit.xml").read_text("utf-8"))
