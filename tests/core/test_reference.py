"""docs/reference.md is what docs/make_reference.py writes, and --biasruler-help says the same."""

from __future__ import annotations

import importlib.util
import re

import pytest

from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.errors import CODES
from pytest_biasruler.shell.manual import manual
from pytest_biasruler.shell.reference import read_words

from .walking import DOCS

PAGE = DOCS / "reference.md"


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_its_maker_writes(maker):
    page = PAGE.read_text(encoding="utf-8")
    assert maker.make_page(page) == page, "run python docs/make_reference.py"


def test_everything_that_can_be_made_is_on_the_page():
    made = set(re.findall(r"<!-- made: (.+?) -->", PAGE.read_text(encoding="utf-8")))
    words = read_words()
    tables = {f"keys {header}" for header in words.tables}
    checks = {f"check {check}" for check in QUESTIONS}
    code = {"options", "ini", "layouts", "metrics", "exports", "commands"}
    names = {"fixtures", "assertions", "hooks", "names", "errors"}
    assert made == tables | checks | code | names


def test_words_of_what_is_gone_are_refused(maker):
    with pytest.raises(SystemExit, match=r"do not name the same hooks: \['b', 'c'\]"):
        maker._same(["a", "b"], ["a", "c"], what="hooks")


def test_every_code_is_listed_with_a_link_to_what_explains_it():
    listed = re.findall(
        r"^\| \[(BR\d{3})\]\(errors\.md#(br\d{3})\)", PAGE.read_text("utf-8"), re.M
    )
    assert [code for code, _ in listed] == sorted(CODES)
    assert all(anchor == code.lower() for code, anchor in listed)


def test_the_help_says_of_every_key_what_the_reference_says():
    text = " ".join(manual().split())
    words = read_words()
    for keys in (*words.tables.values(), *words.checks.values()):
        for key in keys:
            assert key.name in text
            plain = " ".join(key.meaning.replace("`", "").split())
            assert re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", plain) in text, key.name


def test_the_help_fits_a_terminal_and_holds_no_markdown():
    text = manual()
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "](" not in text
    assert "`" not in text
