"""Try the wheel with other Pythons and other versions of what it needs.

    python .ci/matrix.py [--only NAME ...] [--python 3.12=PATH ...] [--tests MARKS]

builds sdist and wheel, and for each row of `ROWS` makes an empty environment, installs the wheel,
never this checkout, and runs the suite from a folder that holds tests, examples and docs, but no
source. Needs uv on the path. What came out goes into docs/compatibility.md, each row in place of
its earlier one; a row that fails, or whose interpreter is not there, is left as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "compatibility.md"
BESIDE_THE_PACKAGE = ("tests", "benchmarks", "examples", "docs", ".ci")
FILES = (
    *("README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "LICENSE", "Makefile"),
    *("pyproject.toml", "mkdocs.yml"),
)
SHOWN = ("pytest", "numpy", "scipy", "pandas", "nibabel", "jinja2", "pluggy")
QUICK = "not slow and not browser"
ROWS_OF_PAGE = re.compile(r"(?<=<!-- made by python .ci/matrix.py -->\n)(\|.*\n)*", re.MULTILINE)


CORE, PLUGIN = ("tests/core",), ("tests/plugin",)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One environment: an interpreter, and what is held fast beside it."""

    name: str
    python: str
    constraints: tuple[str, ...] = ()
    lowest: bool = False
    tests: tuple[str, ...] = (*CORE, *PLUGIN)


ROWS = (
    Row(name="newest, 3.11", python="3.11"),
    Row(name="lowest direct", python="3.11", lowest=True),
    Row(name="pytest 8.4", python="3.11", constraints=("pytest==8.4.*",), tests=PLUGIN),
    Row(
        name="numpy 1.26",
        python="3.12",
        constraints=("numpy==1.26.*", "pandas==2.*", "pyarrow<21"),  # a newer one needs numpy 2
        tests=CORE,
    ),
    Row(name="pandas 2", python="3.13", constraints=("pandas==2.*",), tests=CORE),
    Row(name="newest, 3.12", python="3.12"),
    Row(name="newest, 3.13", python="3.13"),
    Row(name="newest, 3.14", python="3.14"),
)


def call(*command: object, folder: Path | None = None) -> str:
    """Return what a command prints; it is told if the command fails."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def build(folder: Path) -> Path:
    """Return the wheel, made from the sdist, as a user of the sdist would get it."""
    call("uv", "build", "--out-dir", folder, ROOT)
    [wheel] = folder.glob("*.whl")
    return wheel


def install(row: Row, *, wheel: Path, python: str, folder: Path) -> Path:
    """Return the interpreter of an environment with the wheel, its extras and the test group."""
    call("uv", "venv", "--quiet", "--python", python, folder / "venv")
    inner = folder / "venv" / "bin" / "python"
    held = folder / "held.txt"
    held.write_text("\n".join(row.constraints), encoding="utf-8")
    resolution = ["--resolution", "lowest-direct"] if row.lowest else []
    pip = ("uv", "pip", "install", "--quiet", "--python", inner)
    # From the project's file, or what it asks for would not count as direct.
    call(*pip, "--constraint", held, *resolution, "-r", ROOT / "pyproject.toml", "--all-extras")
    call(*pip, "--no-deps", wheel)
    # What runs the tests may be new; what is tested stays as it was chosen.
    frozen = call("uv", "pip", "freeze", "--python", inner)
    kept = [line for line in frozen.splitlines() if "==" in line]
    held.write_text("\n".join(kept), encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    call(*pip, "--constraint", held, *project["dependency-groups"]["test"])
    call("uv", "pip", "check", "--python", inner)
    return inner


def lay_out(folder: Path) -> Path:
    """Return a folder with everything but the source."""
    place = folder / "beside"
    for name in BESIDE_THE_PACKAGE:
        skip = shutil.ignore_patterns("__pycache__", "generated", "out")
        shutil.copytree(ROOT / name, place / name, ignore=skip)
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, place / name)
    return place


def try_row(row: Row, *, wheel: Path, python: str, chosen: str) -> dict[str, Any]:
    """Return the versions of one environment and what the suite said in it."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as temporary:
        folder = Path(temporary)
        inner = install(row, wheel=wheel, python=python, folder=folder)
        listed = json.loads(call("uv", "pip", "list", "--format", "json", "--python", inner))
        versions = {each["name"].lower(): each["version"] for each in listed}
        version = call(inner, "-c", "import platform; print(platform.python_version())").strip()
        place = lay_out(folder)
        done = subprocess.run(
            [
                *(inner, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-q", "-m", chosen),
                *("-p", "no:cacheprovider", *row.tests),
            ],
            cwd=place,
            env={**os.environ, "PATH": f"{inner.parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        home = call(inner, "-c", "import pytest_biasruler as p; print(p.__file__)", folder=folder)
        assert str(folder) in home, f"{home} was tested, not the wheel"
    counts = re.findall(r"(\d+) (passed|failed|errors?|skipped)", done.stdout.splitlines()[-1])
    if done.returncode:
        print(done.stdout[-20_000:], done.stderr[-2_000:], file=sys.stderr)
    return {
        "name": row.name,
        "python": version,
        **{name: versions[name] for name in SHOWN},
        "outcome": ", ".join(f"{n} {word}" for n, word in counts),
        "tests": ", ".join(each.removeprefix("tests/") for each in row.tests),
        "code": done.returncode,
    }


def write(result: dict[str, Any]) -> None:
    """Put one row into the table of the page, in the order of `ROWS`."""
    heads = ("environment", "Python", *SHOWN, "tests of", "outcome")
    page = PAGE.read_text(encoding="utf-8")
    lines = ROWS_OF_PAGE.search(page)[0].splitlines()[2:]
    told = {line.split("|")[1].strip(): line for line in lines}
    cells = (
        result["name"],
        result["python"],
        *map(result.get, SHOWN),
        result["tests"],
        result["outcome"],
    )
    told[result["name"]] = f"| {' | '.join(cells)} |"
    head = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    table = [*head, *(told[row.name] for row in ROWS if row.name in told)]
    PAGE.write_text(ROWS_OF_PAGE.sub("\n".join(table) + "\n", page), encoding="utf-8")


def interpreters(given: list[str]) -> dict[str, str]:
    """Return version -> interpreter: those that are given, else those on the path."""
    found = {}
    for version in {row.python for row in ROWS}:
        path = shutil.which(f"python{version}")
        if path and subprocess.run([path, "-V"], capture_output=True, check=False).returncode == 0:
            found[version] = path
    return found | dict(each.split("=", 1) for each in given)


def main() -> None:
    """Try the rows that are asked for, in order."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", help="names of rows")
    parser.add_argument("--python", nargs="*", default=[], metavar="VERSION=PATH")
    parser.add_argument("--tests", default=QUICK, help=f"which tests, as -m (default: {QUICK})")
    asked = parser.parse_args()
    # A job in the background ignores Ctrl-C, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    known, tried = interpreters(asked.python), []
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        wheel = build(Path(folder))
        for row in ROWS:
            if asked.only and row.name not in asked.only:
                continue
            if row.python not in known:
                print(f"{row.name}: no interpreter, left as it is", flush=True)
                continue
            result = try_row(row, wheel=wheel, python=known[row.python], chosen=asked.tests)
            print(json.dumps(result), flush=True)
            tried.append(result)
            if not result["code"]:
                write(result)
    raise SystemExit(any(row["code"] for row in tried))


if __name__ == "__main__":
    main()
