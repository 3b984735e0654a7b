"""Judges of fenced blocks: what is wrong with one, as a list of sentences.

| block | its judge |
|---|---|
| `console` | walked by test_pages.py or test_tutorial.py; programs of `NOT_RUN` are read here |
| a file, on a page that is walked | written, and used by the commands of the page |
| `python` with `>>>` | doctest |
| `python` without | run by test_blocks.py as a test module, on the data of the tutorial |
| `toml` | read as a benchmark file; a part of one with the rest added |
| `json`, `yaml`, `xml`, `ini` | parsed; what is a command in them is read as one |
| `sh`, `groovy` | named in `SHOWN_ONLY` with the reason; its commands are read |
| `text` whose lines begin with codes | each part of a line is a sentence of the source |
| any other sample of output | the test that `COMPARED` names |
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import yaml

import pytest_biasruler
from pytest_biasruler import Benchmark, BiasRulerError
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.cli.parser import make_parser
from pytest_biasruler.shell.options import add_options

from .walking import DOCS, NOT_RUN, ROOT, is_walked

PAGES = sorted(
    [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    + [*DOCS.rglob("*.md"), *(ROOT / "examples").glob("[!.]*/*.md")]
)
_TOLD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, CONFIGURATION = _TOLD["project"], _TOLD["tool"]["pytest"]["ini_options"]
SOURCE = Path(pytest_biasruler.__file__).parent

_CI = "test_ci_page.py::test_the_"
_EXPORTS = "test_exports_page.py::test_every_excerpt_is_a_part_of_the_golden_file"
COMPARED = {
    ("ci.md", "markdown", ""): f"{_CI}summary_shown_is_the_beginning_of_the_golden_one",
    ("ci.md", "text", "::"): f"{_CI}annotation_shown_is_the_one_that_is_printed",
    ("ci.md", "text", "biasruler: "): f"{_CI}last_line_shown_is_the_one_that_is_printed",
    ("exports.md", "text", ""): _EXPORTS,
    ("exports.md", "json", ""): _EXPORTS,
    ("exports.md", "yaml", ""): _EXPORTS,
}
"""Page, language and beginning of a sample of output -> the test that compares it."""

SHOWN_ONLY = {
    ("ci.md", "pipeline {"): "needs Jenkins",
    ("ci.md", "pytest /opt/"): "needs the container of a platform",
    ("cluster.md", "dask scheduler"): "runs for ever, in three terminals; other tests start one",
    ("cluster.md", "#!/bin/bash"): "needs Slurm",
    ("gates.md", "mv new.json"): "a person's decision, in a repository",
    ("gates.md", "rm -f audit.json\nenv -u"): "needs a protected branch",
    ("levels.md", "python benchmarks/levels.py"): "takes many minutes; other tests run a part",
    ("performance.md", "make bench"): "measures for many minutes",
    ("performance.md", ".venv-bench/"): "measures for many minutes",
}
"""Page and beginning of a block of commands that is not run -> why."""

_MESSAGE = re.compile(r"BR\d{3}(?: [^:]+(?::\d+)?)?: (.+); expected (.+?)\. ([A-Z].+)\.$")
_ALIASES = {"--junitxml", "--tb"}  # which `pytest --help` spells otherwise


def judge(block, page):
    """Return what is wrong with a block; walked pages judge their own files and commands."""
    if find_test(block):
        return []
    if block.language == "console":
        return judge_console(block)
    if is_walked(page) and block.file is not None and not block.file.endswith((".yml", ".yaml")):
        return []
    judges = {
        "python": judge_python,
        "toml": judge_toml,
        "json": judge_json,
        "yaml": judge_yaml,
        "xml": judge_xml,
        "ini": judge_ini,
        "text": judge_messages,
    }
    return judges.get(block.language, judge_script)(block)


def find_test(block):
    """Return the test that compares a sample, if one is named."""
    for (page, language, start), test in COMPARED.items():
        if (page, language) == (block.page, block.language) and block.text.startswith(start):
            return test
    return None


# Commands


def judge_console(block):
    problems = [] if block.commands else ["a console block without a $ command"]
    for command, _ in block.commands:
        words = shlex.split(command, comments=True)
        if words[0] in NOT_RUN:
            problems += judge_command(words)
    return problems


def judge_script(block):
    reasons = [
        reason
        for (page, start), reason in SHOWN_ONLY.items()
        if page == block.page and block.text.startswith(start)
    ]
    if not reasons:
        return [f"no test covers it; tests/core/judges.py says what is: {block.first_line}"]
    if block.language == "groovy":
        return [each for line in re.findall("sh '(.+)'", block.text) for each in judge_line(line)]
    done = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    return done.stderr.splitlines() + judge_lines(block.text)


def judge_lines(text):
    lines = text.replace("\\\n", " ").splitlines()
    return [problem for line in lines for problem in judge_line(line)]


def judge_line(line):
    """Return what is wrong with a line of a shell script, whose commands may be many."""
    problems = []
    for command in re.split(r"&&|\|\||;|\||&$", line):
        try:
            words = shlex.split(command, comments=True)
        except ValueError:  # a quote that another part closes
            continue
        problems += judge_command(words)
    return problems


def judge_command(words):
    """Return what a command asks for that is not there."""
    for place, word in enumerate(words):
        rest = words[place + 1 :]
        if word == "pytest" and "pip" not in words[:place]:
            return unknown_options(rest)
        if word == "biasruler":
            return unread(rest)
        if word == "make":
            return [f"no target {target}" for target in rest if target not in make_targets()]
        if word == "pip" and rest[:1] == ["install"]:
            return unknown_extras(rest[1:])
        if word.startswith("benchmarks/"):
            return [] if (ROOT / word).is_file() else [f"no file {word}"]
    return []


def unknown_options(arguments):
    flags = {word.partition("=")[0] for word in arguments if word.startswith("--")}
    return [f"pytest has no option {flag}" for flag in flags - pytest_flags() - _ALIASES]


@cache
def pytest_flags():
    command = [sys.executable, "-m", "pytest", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(re.findall(r"--[\w-]+", done.stdout))


def unread(arguments):
    try:
        make_parser().parse_args(arguments)
    except SystemExit as ended:
        return [f"biasruler does not take {arguments}"] if ended.code else []
    return []


def make_targets():
    return set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def unknown_extras(arguments):
    asked = re.findall(r"\[([\w, -]+)\]", " ".join(arguments))
    extras = {extra.strip() for each in asked for extra in each.split(",")}
    return [f"no extra {extra}" for extra in extras - set(PROJECT["optional-dependencies"])]


# Python


def judge_python(block):
    if ">>>" in block.text:
        return [] if is_doctested(block.page) else ["doctest does not look at this page"]
    if is_test_module(block):
        return []
    return ["neither a doctest, nor a file of a page that is walked, nor a test function"]


def is_doctested(page):
    paths = CONFIGURATION["testpaths"]
    return page in paths or ("docs" in paths and (DOCS / page).is_file())


def is_test_module(block):
    return block.language == "python" and ">>>" not in block.text and "def test_" in block.text


# Files


def judge_toml(block):
    text = block.text if "[benchmark]" in block.text else complete(block.text)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "biasruler.toml"
        file.write_text(text, encoding="utf-8")
        try:
            declare_checks(
                Benchmark.from_file(
                    file, environ=dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), folder)
                )
            )
        except BiasRulerError as error:
            return str(error).splitlines()
    return []


def complete(part):
    """Return a benchmark file that holds a part of one; keys without a table are of a check."""
    if not re.search(r"^\[", part, re.MULTILINE):
        part = f'[[checks]]\ncheck = "gap"\nby = "age"\n{part}'
    given = tomllib.loads(part)
    rest = '[benchmark]\nname = "Rest"\nmetadata = "clinical.csv"\n'
    if "references" not in given:
        rest += "".join(
            f'[references.{kind}]\nkind = "{kind}"\nmasks = "{kind}/{{case}}.nii.gz"\n'
            for kind in ("expert", "automated")
        )
    if "models" not in given:
        rest += '[models.unet]\nmasks = "unet/{case}.nii.gz"\n'
    for name in asked_for(given, "by") - set(given.get("attributes", ())):
        rest += f"[attributes.{name}]\n"
    for name in asked_for(given, "metric") - set(CATALOGUE) - set(given.get("metrics", ())):
        rest += f'[metrics.{name}]\ndirection = "higher"\n'
    return rest + part


def asked_for(given, key):
    return {name for check in given.get("checks", ()) for name in flat(check.get(key, ()))}


def flat(value):
    return {value} if isinstance(value, str) else {name for each in value for name in flat(each)}


def judge_json(block):
    try:
        json.loads(block.text)
    except ValueError as error:
        return [str(error)]
    return []


def judge_xml(block):
    try:
        ET.fromstring(block.text)
    except ET.ParseError as error:
        return [str(error)]
    return []


def judge_yaml(block):
    try:
        documents = list(yaml.safe_load_all(block.text))
    except yaml.YAMLError as error:
        return [str(error)]
    return [problem for text in texts_of(documents) for problem in judge_lines(text)]


def texts_of(node):
    """Return every text of a document; a list that begins with a program is its command."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, list) and node[:1] in (["pytest"], ["biasruler"]):
        return [shlex.join(node)]
    nodes = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [text for each in nodes for text in texts_of(each)]


class Parser:
    """What `add_options` declares for an ini file."""

    def __init__(self):
        self.ini = set()

    def getgroup(self, *_):
        return self

    def addoption(self, *_, **__):
        pass

    def addini(self, name, *_, **__):
        self.ini.add(name)


def judge_ini(block):
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(block.text)
    except configparser.Error as error:
        return [str(error)]
    declared = Parser()
    add_options(declared)
    keys = {key for section in parser.sections() for key in parser[section]}
    ours = {key for key in keys if key.startswith("biasruler")}
    return [f"no ini key {key}" for key in ours - declared.ini]


# Messages


def judge_messages(block):
    lines = block.text.strip().splitlines()
    if not all(re.match(r"BR\d{3}", line) for line in lines):
        return ["no test compares this sample; COMPARED in tests/core/judges.py names them"]
    return [problem for line in lines for problem in judge_message(line)]


def judge_message(line):
    """Return the parts of an error that no sentence of the source could give."""
    found = _MESSAGE.match(line)
    if found is None:
        return [f"not of the form of an error: {line}"]
    unsaid = [part for part in found.groups() if not any(re.fullmatch(t, part) for t in said())]
    return [f"the source never says: {part}" for part in unsaid]


@cache
def said():
    """Return each text of the source as a pattern; what is put into it may be anything."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")]
    texts = {pattern_of(node) for tree in trees for node in ast.walk(tree)}
    return sorted(text for text in texts if len(re.sub(r"\.\+|\W", "", text)) > 4)


def pattern_of(node):
    if isinstance(node, ast.JoinedStr):
        return "".join(
            ".+" if isinstance(each, ast.FormattedValue) else pattern_of(each)
            for each in node.values
        )
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return re.escape(node.value) if is_text else ""
