"""Every fenced block of a page is run, or checked by a judge; one that nobody judges fails."""

from __future__ import annotations

import re

import pytest

from .judges import COMPARED, PAGES, SHOWN_ONLY, is_test_module, judge
from .walking import DOCS, NOT_RUN, ROOT, Block, is_walked, read_blocks, read_until, walk

BLOCKS = {page: read_blocks(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_a_page_is_run_or_true(page):
    problems = [
        f"line {block.line}: {problem}" for block in BLOCKS[page] for problem in judge(block, page)
    ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("", "ls\n"),
        ("text", "FAIL 2 of 3 checks\n"),
        ("text", "BR602 x.toml:1: no such thing; expected another. Do it.\n"),
        ("python", "print(1)\n"),
        ("toml", "[attributes.age]\nbin = [0, 1]\n"),
        ("toml", '[[checks]]\ncheck = "gap"\nby = "age"\nlimt = 1\n'),
        ("json", "{\n"),
        ("yaml", "a: [\n"),
        ("yaml", "run: pytest --biasruler-htm=x\n"),
        ("yaml", "command: [biasruler, reports, x]\n"),
        ("ini", "[pytest]\nbiasruler_htm = x\n"),
        ("xml", "<a>\n"),
        ("sh", "pytest\n"),
        ("console", "pytest\n"),
        ("console", "$ make everything\n"),
        ("console", '$ pip install ".[faster]"\n'),
    ],
)
def test_a_block_that_is_wrong_is_noticed(language, text):
    block = Block(page="x.md", line=1, language=language, text=text)
    assert judge(block, DOCS / "tutorial.md"), text


def test_every_exception_names_a_block_that_is_there():
    blocks = [block for found in BLOCKS.values() for block in found]
    for page, language, start in COMPARED:
        assert any(
            (block.page, block.language) == (page, language) and block.text.startswith(start)
            for block in blocks
        ), f"{page} has no {language} that begins with {start!r}"
    for page, start in SHOWN_ONLY:
        assert any(block.page == page and block.text.startswith(start) for block in blocks), (
            f"{page} has no block that begins with {start!r}"
        )
    programs = {command.split()[0] for block in blocks for command, _ in block.commands}
    assert set(NOT_RUN) <= programs


@pytest.mark.parametrize("test", sorted(set(COMPARED.values())))
def test_the_test_that_compares_a_sample_is_there(test):
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / "tests" / "core" / file).read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_test_function_of_a_page_runs(tmp_path):
    """On the data of the tutorial, where a check may fail, but no test may be in error."""
    walk(read_until(DOCS / "tutorial.md", "# biasruler.toml"), tmp_path)
    blocks = [
        block
        for page, found in BLOCKS.items()
        for block in found
        if is_test_module(block) and not (is_walked(page) and block.file)
    ]
    assert {block.page for block in blocks} >= {"README.md", "reference.md", "exports.md"}
    for number, block in enumerate(blocks):
        (tmp_path / f"test_block_{number}.py").write_text(block.text, encoding="utf-8")
    command = "$ pytest --biasruler=biasruler.toml -rA"
    (step,) = walk([Block(page="", line=0, language="console", text=command)], tmp_path)
    assert step.code in (0, 1), step.output
    broken = re.findall(r"^(?:ERROR|E   (?!.*FAIL)\w*Error).*", step.output, re.MULTILINE)
    assert not broken, step.output


@pytest.mark.slow
def test_the_commands_of_the_readme_run_on_its_benchmark_file(tmp_path):
    walk(read_until(DOCS / "tutorial.md", "$ python make_data.py"), tmp_path)
    (tmp_path / "segmentations").mkdir()
    (tmp_path / "predictions").mkdir()
    for made, named in (
        ("expert", "segmentations/expert"),
        ("automated", "segmentations/automatic"),
        ("unet", "predictions/unet"),
    ):
        (tmp_path / made).rename(tmp_path / named)
    tests = [block for block in BLOCKS[ROOT / "README.md"] if is_test_module(block)]
    (tmp_path / "test_readme.py").write_text("\n".join(block.text for block in tests))
    steps = walk(BLOCKS[ROOT / "README.md"], tmp_path)
    assert "FAIL 2 of 2 checks" in steps[0].output
    assert "FAIL 4 of 4 checks" in steps[1].output, "those of the file, and of test_readme.py"
    assert (tmp_path / "report.html").stat().st_size > 1000
