"""Pages are walked: their files are written, their commands run, their output compared.

A fenced block whose first line is ``# name.py`` (or another suffix of `SUFFIXES`) is that file;
``# add to the end of name.py`` adds to it. CSV and JSON know no comments: theirs are written
without that line. A file that is there already must hold the block. In a ``console`` block each
``$ command`` is run, a backslash at its end goes on in the next line, and each line shown below it
must be printed, ``...`` standing for anything.
A page that goes on where another one stops says so:
``<!-- after: tutorial.md, until "# biasruler.toml" -->``.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SUFFIXES = ("py", "toml", "csv", "tsv", "json", "sh", "ini", "yml", "yaml", "txt", "patch")

_WAIVED_UNTIL = "2027-03-31"
_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_WHERE = re.compile(
    rf"# (?P<add>add to the end of )?(?P<path>[\w./-]*\w\.(?:{'|'.join(SUFFIXES)}))$"
)
_AFTER = re.compile(r'^<!-- after: (?P<page>[\w.-]+), until "(?P<until>[^"]+)" -->$', re.MULTILINE)
_PROGRAMS = {
    "python": [sys.executable],
    "pytest": [sys.executable, "-m", "pytest"],
    "biasruler": [
        *(sys.executable, "-c"),
        "from pytest_biasruler.cli import main; raise SystemExit(main())",
    ],
    "sh": ["bash"],
    "git": ["git"],
}
NOT_RUN = {
    "make": "CI runs `make test`; a test compares the target with the Makefile",
    "pip": "the package is installed already; a test compares the extras with pyproject.toml",
    "docker": "needs a daemon and an image; a test reads its options",
}
"""Programs of console blocks that no walk runs, and why that is no loss."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def file(self) -> str | None:
        """The path of the file that the block is, if it is one."""
        where = _WHERE.match(self.first_line)
        return where["path"] if where else None

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """Each command of a console block with the lines shown below it."""
        if self.language != "console":
            return []
        whole = self.text.replace("\\\n", " ")
        parts = re.split(r"^\$ ", whole, flags=re.MULTILINE)[1:]
        return [(part.splitlines()[0], part.splitlines()[1:]) for part in parts]

    @property
    def is_run(self) -> bool:
        return any(shlex.split(command)[0] not in NOT_RUN for command, _ in self.commands)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A command that was run."""

    command: str
    shown: list[str]
    output: str
    code: int


def read_blocks(path: Path) -> list[Block]:
    """Return every fenced block of a page in order."""
    text = path.read_text(encoding="utf-8").replace(_WAIVED_UNTIL, in_a_year())
    page = path.relative_to(ROOT).as_posix().removeprefix("docs/")
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start()) + 1,
            language=found[2].strip(),
            text=re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
        )
        for found in _FENCE.finditer(text)
    ]


def is_walked(path: Path) -> bool:
    """Return whether a page has a command that can be run."""
    return any(block.is_run for block in read_blocks(path))


def walk_page(path: Path, folder: Path) -> list[Step]:
    """Walk through a page in an empty folder, after the part of another that it goes on from."""
    before = _AFTER.search(path.read_text(encoding="utf-8"))
    if before is not None:
        walk(read_until(DOCS / before["page"], before["until"]), folder)
    return walk(read_blocks(path), folder)


def read_until(path: Path, until: str) -> list[Block]:
    """Return the blocks of a page up to and including the first that begins so."""
    blocks = read_blocks(path)
    ends = [n for n, block in enumerate(blocks, start=1) if block.text.startswith(until)]
    assert ends, f"{path.name} has no block that begins with {until}"
    return blocks[: ends[0]]


def walk(blocks: list[Block], folder: Path) -> list[Step]:
    """Write the files and run the commands in a folder."""
    steps, here = [], folder
    for block in blocks:
        if block.file is not None:
            _write(block, here)
        for command, shown in block.commands:
            program, *rest = shlex.split(command)
            if program == "cd":
                here = here / rest[0]
            elif program not in NOT_RUN:
                assert program in _PROGRAMS, f"{block.page}:{block.line} runs {program}"
                steps.append(_run(command, shown, here))
    return steps


def _write(block: Block, folder: Path) -> None:
    where = _WHERE.match(block.first_line)
    assert where is not None
    path = folder / where["path"]
    text = block.text if path.suffix not in (".csv", ".tsv", ".json") else _below(block.text)
    if path.exists() and not where["add"]:
        assert _below(block.text).strip() in path.read_text(encoding="utf-8"), (
            f"{block.page}:{block.line} shows {where['path']}, which reads otherwise"
        )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _below(text: str) -> str:
    return text.partition("\n")[2]


def in_a_year() -> str:
    """Return the day on which the waivers of a page end in its test: they are not over yet."""
    return (dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=365)).isoformat()


def _run(command: str, shown: list[str], folder: Path) -> Step:
    program, *arguments = shlex.split(command)
    hidden = ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    environ |= {
        "COLUMNS": "120",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}",
        "PYTEST_ADDOPTS": "--biasruler-workers=1 -p no:randomly",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [*_PROGRAMS[program], *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    output = done.stdout + done.stderr
    return Step(command=command, shown=shown, output=output, code=done.returncode)


def assert_printed(steps: list[Step]) -> None:
    """Assert that each command printed what is shown, and broke off only where that is shown."""
    for step in steps:
        missing = missing_lines(step.shown, step.output)
        assert not missing, f"`{step.command}` did not print {missing}, but:\n{step.output}"
        is_told = any(line.strip() for line in step.shown)
        assert step.code in (0, 1) or is_told, f"`{step.command}` ended with:\n{step.output}"
        is_broken = "Traceback (most recent" in step.output or (
            step.code == 1 and step.command.startswith("python ") and not is_told
        )
        assert not is_broken, f"`{step.command}` broke off:\n{step.output}"


def missing_lines(shown: list[str], output: str) -> list[str]:
    """Return the shown lines that do not stand in the output, in their order."""
    rest, missing = iter(output.splitlines()), []
    for line in filter(str.strip, shown):
        # A run of blanks is one " +": one for each blank would be tried in every combination.
        escaped = re.escape(" ".join(line.split())).replace(r"\.\.\.", ".*")
        pattern = re.compile(escaped.replace(r"\ ", " +"))
        if not any(pattern.fullmatch(found.strip()) for found in rest):
            missing.append(line)
            rest = iter(output.splitlines())
    return missing
