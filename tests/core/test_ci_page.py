"""docs/ci.md shows what a run tells CI: each example is what the example audit gives."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_biasruler.audit import finding_to_plain
from pytest_biasruler.audit.counts import count_checks
from pytest_biasruler.report.annotations import MOST_OF_A_KIND, write_annotations
from pytest_biasruler.report.entries import SIGNS
from pytest_biasruler.report.last_line import LONGEST_LINE, last_line
from pytest_biasruler.report.markdown import MOST_BYTES, MOST_ROWS
from pytest_biasruler.report.told import Told
from pytest_biasruler.shell.ci import LEAST_BYTES, MOST_PAGE_BYTES
from pytest_biasruler.shell.payload import junit_properties

from .report.audit_example import GOLDEN, gap_age, make_audit

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(PAGE)


def shown(language, start=""):
    """Return the one block of a language that begins so."""
    [block] = [text for kind, text in BLOCKS if kind == language and text.startswith(start)]
    return block


def test_the_summary_shown_is_the_beginning_of_the_golden_one():
    golden = (GOLDEN / "summary.md").read_text(encoding="utf-8")
    assert golden.startswith(shown("markdown"))
    assert shown("markdown").startswith(f"## {SIGNS['fail']} FAIL: ")


def test_the_annotation_shown_is_the_one_that_is_printed():
    finding = replace(gap_age(), line=16)
    lines = write_annotations([finding], (), places={"biasruler.toml": "biasruler.toml"})
    assert shown("text", "::") == f"{lines[0]}\n"


def test_the_last_line_shown_is_the_one_that_is_printed():
    audit = make_audit()
    told = Told(
        name="x", findings=audit.findings, counts=count_checks(audit), cases=audit.accounting
    )
    assert shown("text", "biasruler: ") == f"{last_line([told])}\n"


def test_the_properties_shown_are_those_that_are_written():
    payload = {"kind": "finding", "hash": "a1" * 32, "finding": finding_to_plain(gap_age())}
    pairs = re.findall(r'<property name="(.+?)" value="(.+?)"/>', shown("xml"))
    assert pairs == junit_properties([payload])


def test_the_sizes_named_are_those_that_hold():
    assert f"at most {MOST_BYTES:,} bytes" in PAGE
    assert f"\n- {MOST_ROWS} rows of a kind" in PAGE
    assert f"at most {LONGEST_LINE} characters" in PAGE
    assert MOST_PAGE_BYTES == 2**20
    assert "1 MiB" in PAGE
    assert LEAST_BYTES == 4096
    assert "not even 4 kB" in PAGE
    assert MOST_OF_A_KIND == 9
    assert "after nine, the tenth" in PAGE


def test_every_yaml_block_can_be_read():
    yaml = pytest.importorskip("yaml", reason="reads the examples")
    texts = [text for language, text in BLOCKS if language == "yaml"]
    assert len(texts) == 3
    assert all(isinstance(yaml.safe_load(text), dict | list) for text in texts)


def test_every_heading_that_the_table_links_to_is_there():
    links = set(re.findall(r"\]\(#([\w-]+)\)", PAGE))
    heads = {
        head.lower().replace(" ", "-") for head in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    }
    assert links
    assert links <= heads
