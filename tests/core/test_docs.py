"""The pages say what the source does: codes, options, keys, fixtures, hooks and names."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import pytest_biasruler
from pytest_biasruler import Benchmark, BiasRulerError, hookspecs, plugin
from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import BothEmpty, ReferenceKind
from pytest_biasruler.benchmark.document import SECTIONS
from pytest_biasruler.benchmark.keys import key_rules
from pytest_biasruler.benchmark.layouts import LAYOUTS
from pytest_biasruler.benchmark.metrics import CATALOGUE, Direction
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.benchmark.vocabulary import Vocabulary
from pytest_biasruler.errors import CODES, BiasRulerProblems, Consequence, Limits
from pytest_biasruler.scoring.job import Status
from pytest_biasruler.scoring.table import FACTS, KEYS, STATUS
from pytest_biasruler.shell.auditor import Auditor
from pytest_biasruler.shell.options import add_options

from .walking import is_walked

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md"), *(ROOT / "examples").glob("[!.]*/*.md")])
ERRORS = (DOCS / "errors.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference.md").read_text(encoding="utf-8")

_CODE = re.compile(r"\bBR[0-9]{3}\b")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


class Parser:
    """What `add_options` declares, without pytest's own parser, which keeps it to itself."""

    def __init__(self) -> None:
        self.flags: list[str] = []
        self.ini: dict[str, Any] = {}

    def getgroup(self, *_: str) -> Parser:
        return self

    def addoption(self, flag: str, **_: Any) -> None:
        self.flags.append(flag)

    def addini(self, name: str, *_: Any, default: Any, **__: Any) -> None:
        self.ini[name] = default


@pytest.fixture(scope="module")
def declared() -> Parser:
    parser = Parser()
    add_options(parser)  # type: ignore[arg-type]  # has the three methods that are used
    return parser


def ticked(text: str) -> set[str]:
    """Return every word and phrase in backticks, code blocks aside."""
    spans = re.findall(r"`([^`\n]+)`", _FENCED.sub("", text))
    return {*spans, *(word for span in spans for word in re.findall(r"[\w.\-/]+", span))}


def sections(text: str) -> dict[str, str]:
    """Return heading -> text below it, up to the next heading of whatever level."""
    text = re.sub(r"<!--.*?-->", "", _FENCED.sub("", text), flags=re.DOTALL)
    marks = list(_HEADING.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return {mark[2]: text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)}


def table_keys(text: str) -> dict[str, list[str]]:
    """Return first cell -> all cells of each row; a first cell may hold several names."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {
        key: cells for cells in rows for key in re.findall(r"`([^`\s]+)[^`]*`", cells[0]) if key
    }


def used_codes() -> set[str]:
    source = Path(inspect.getfile(pytest_biasruler)).parent
    return {
        code
        for path in source.rglob("*.py")
        for code in _CODE.findall(path.read_text(encoding="utf-8"))
    }


# docs/errors.md


def test_every_registered_code_has_one_heading() -> None:
    headed = re.findall(r"^##+ (BR[0-9]{3}) \S", ERRORS, re.MULTILINE)
    assert sorted(headed) == sorted(CODES), "docs/errors.md and errors.CODES differ"


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_anchor_that_messages_name_stands_before_the_heading(code: str) -> None:
    error = BiasRulerError(code, "a", "b", "C")
    page, _, anchor = error.anchor.partition("#")
    assert (ROOT / page) == DOCS / "errors.md"
    assert re.search(rf'^<a id="{anchor}"></a>\n\n##+ {code} ', ERRORS, re.MULTILINE), (
        f'write <a id="{anchor}"></a> and an empty line before the heading of {code}'
    )


def test_every_code_in_the_source_is_registered() -> None:
    assert used_codes() <= set(CODES)


def test_codes_that_nothing_raises_are_reserved_and_no_others() -> None:
    in_use, _, reserved = ERRORS.partition("\n## Reserved\n")
    assert set(re.findall(r"^## (BR\d{3})", in_use, re.MULTILINE)) == used_codes()
    assert set(re.findall(r"^### (BR\d{3})", reserved, re.MULTILINE)) == set(CODES) - used_codes()


@pytest.mark.parametrize("code", sorted(used_codes()))
def test_the_paragraph_of_a_code_begins_with_its_consequence(code: str) -> None:
    text = next(text for head, text in sections(ERRORS).items() if head.startswith(code))
    bold = re.match(r"\s*\*\*(.+?)\*\*", text, re.DOTALL)
    assert bold, f"{code} does not begin with its consequence in bold"
    assert str(CODES[code]) in bold[1].lower(), f"{code} has the consequence {CODES[code]}"
    assert len(text.split()) > 12, f"{code} is hardly explained"


def test_every_consequence_is_explained() -> None:
    assert set(Consequence) <= {cells[0] for cells in _rows(ERRORS)}


def _rows(text: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


# docs/reference.md: what pytest is told


def test_every_option_and_ini_key_is_listed(declared: Parser) -> None:
    assert declared.flags, "no option was declared"
    assert {*declared.flags, *declared.ini} <= ticked(REFERENCE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_an_unknown_option(page: Path, declared: Parser) -> None:
    known = {*declared.flags, "--biasruler-"}
    named = set(re.findall(r"--biasruler[\w-]*", page.read_text(encoding="utf-8")))
    assert named <= known


def test_no_unknown_ini_key_is_named(declared: Parser) -> None:
    fixtures = {name for name in vars(plugin) if name.startswith("biasruler")}
    named = {word for word in ticked(REFERENCE + ERRORS) if re.fullmatch(r"biasruler_\w+", word)}
    assert named <= {*declared.ini, *fixtures}


def test_limits_stand_with_their_defaults() -> None:
    rows = table_keys(sections(REFERENCE)["Options and ini keys"])
    for limit in fields(Limits):
        default = rows[f"biasruler_{limit.name}"][1]
        assert default == str(limit.default).lower(), limit.name


def test_every_fixture_is_listed() -> None:
    fixtures = {name for name in vars(plugin) if name.startswith("biasruler")}
    assert set(table_keys(sections(REFERENCE)["Fixtures"])) == fixtures


def test_every_hook_is_listed() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("pytest_biasruler_")}
    assert set(table_keys(sections(REFERENCE)["Hooks"])) == hooks


def test_every_method_of_the_auditor_is_listed_with_its_own_arguments() -> None:
    rows = table_keys(sections(REFERENCE)["Assertions"])
    methods = {name for name in dir(Auditor) if name.startswith("assert_")}
    assert set(rows) == methods
    for name in methods:
        own = set(inspect.signature(getattr(Auditor, name)).parameters)
        own -= {"self", "metric", "by", "keys"}
        assert rows[name][1] == f"`{name.replace('assert_', 'check_')}`"
        assert own <= ticked(rows[name][2]), name


def test_every_public_name_is_listed() -> None:
    names = set(table_keys(sections(REFERENCE)["Python names"]))
    assert names == set(pytest_biasruler.__all__)


# docs/reference.md: the benchmark file


def accepted_keys(tmp_path: Path, header: str) -> set[str]:
    """Return the keys of a table, as the refusal of an unknown one lists them."""
    file = tmp_path / "biasruler.toml"
    general = "" if header == "[benchmark]" else '[benchmark]\nname = "x"\nmetadata = "x.csv"\n'
    file.write_text(f'{general}{header}\n"?" = 1\n', encoding="utf-8")
    with pytest.raises(BiasRulerProblems) as refused:
        Benchmark.from_file(file)
    for problem in refused.value.problems:
        if problem.found.startswith('unknown key "?"'):
            return set(problem.expected.removeprefix("one of ").split(", "))
    raise AssertionError(f"{header} does not refuse an unknown key")


@pytest.mark.parametrize(
    "header",
    ["[benchmark]", "[references.NAME]", "[models.NAME]", "[attributes.NAME]", "[scores]"],
)
def test_every_key_of_a_table_is_listed_and_no_other(tmp_path: Path, header: str) -> None:
    assert set(table_keys(sections(REFERENCE)[f"`{header}`"])) == accepted_keys(tmp_path, header)


def test_every_key_of_defaults_is_listed_and_no_other(tmp_path: Path) -> None:
    listed = set(table_keys(sections(REFERENCE)["`[defaults]`"]))
    assert listed == accepted_keys(tmp_path, "[defaults]")


def test_every_key_of_a_metric_is_listed_and_no_other(tmp_path: Path) -> None:
    headers = ("[metrics.nsd]", "[metrics.hd95_mm]", "[metrics.NAME]")
    accepted = set().union(*(accepted_keys(tmp_path, header) for header in headers))
    assert set(table_keys(sections(REFERENCE)["`[metrics.NAME]`"])) == accepted


def test_every_table_of_the_file_has_its_section() -> None:
    named = {
        re.match(r"`\[+(\w+)", heading)[1] for heading in sections(REFERENCE) if "`[" in heading
    }
    assert named == set(SECTIONS)


def _any_names() -> Vocabulary:
    kinds = {"expert": ReferenceKind.EXPERT, "automated": ReferenceKind.AUTOMATED}
    return Vocabulary(
        references=kinds,
        models={"unet": None},
        has_site=False,
        labels=(),
        attributes=("age",),
        metrics=CATALOGUE,
        defaults=Benchmark(name="x", metadata="x.csv").defaults,
    )


def test_the_keys_that_checks_share_are_listed() -> None:
    by_check = {
        name: set(key_rules(question, _any_names())) - set(question.keys)
        for name, question in QUESTIONS.items()
    }
    shared = {"check", *set().union(*by_check.values())}
    assert set(table_keys(sections(REFERENCE)["`[[checks]]`"])) == shared


@pytest.mark.parametrize("check", sorted(QUESTIONS))
def test_the_own_keys_of_a_check_are_listed_with_their_defaults(check: str) -> None:
    question, text = QUESTIONS[check], sections(REFERENCE)[f"`{check}`"]
    assert text.strip().startswith(question.asks.rstrip("?")), "the question is not that asked"
    rows = table_keys(text)
    assert set(rows) == set(question.keys)
    for key, default in question.keys.items():
        if isinstance(default, tuple):
            assert str(list(default)).replace("'", '"') in rows[key][2]
        elif default is not None:
            shown = f"{default:.2f}" if key == "max_missing" else str(default)
            shown = shown.lower() if isinstance(default, bool) else shown
            assert shown in rows[key][2], f"{key} of {check} is {default} by default"
    if question.limit is not None:
        assert f"{question.limit}" in text, f"the limit of {check} is not given"


def test_closed_sets_of_values_are_listed() -> None:
    values = {*Policy, *BothEmpty, *ReferenceKind, *Direction, *LAYOUTS}
    values |= {status.value for status in Status}
    assert {str(value) for value in values} <= ticked(REFERENCE) | {
        word.strip('"') for word in ticked(REFERENCE)
    }


def test_every_metric_is_listed_with_unit_and_what_empty_masks_score() -> None:
    rows = table_keys(sections(REFERENCE)["Metrics"])
    assert set(rows) == set(CATALOGUE)
    for name, metric in CATALOGUE.items():
        _, unit, _, _, both, one = (cell.strip() for cell in rows[name])
        assert (unit, both) == (metric.unit, f"{metric.both_empty:g}"), name
        said = {None: "the formula"}.get(metric.one_empty, str(metric.one_empty))
        assert one.startswith(said.removesuffix(".0")), name


def test_every_column_of_the_score_table_is_listed() -> None:
    text = sections(REFERENCE)["Score tables"]
    assert {*KEYS, *FACTS} <= set(table_keys(text))
    assert STATUS in ticked(text)


# All pages


def benchmark_files() -> list[Any]:
    found = defaultdict(list)
    for page in PAGES:
        for block in _TOML.findall(page.read_text(encoding="utf-8")):
            # These look into the dataset's folder: walking through their page runs them.
            is_of_a_folder = re.search(r'layout = "(?:nnunet|bids)"', block) and is_walked(page)
            if "[benchmark]" in block and not is_of_a_folder:
                found[page].append(block)
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page, blocks in found.items()
        for number, block in enumerate(blocks, start=1)
    ]


@pytest.mark.parametrize("block", benchmark_files())
def test_a_benchmark_file_on_a_page_is_accepted(block: str, tmp_path: Path) -> None:
    file = tmp_path / "biasruler.toml"
    file.write_text(block, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), str(tmp_path))
    try:
        benchmark = Benchmark.from_file(file, environ=variables)
        declared = declare_checks(benchmark)
    except BiasRulerError as error:
        pytest.fail(f"{error}")
    assert bool(declared) == ("[[checks]]" in block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        there = page if not path else page.parent / path
        if not there.exists() or (anchor and anchor not in _anchors(there)):
            broken.append(target)
    assert not broken, f"{page.name} links to nothing: {broken}"


def _anchors(page: Path) -> set[str]:
    """Return the anchors that a forge makes of headings: lower case, no signs, dashes."""
    text = page.read_text(encoding="utf-8")
    headings = (heading for _, heading in _HEADING.findall(text))
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return {*made, *re.findall(r'<a id="([\w-]+)"></a>', text)}
