"""What is promised: each promise has its tests, and what the package never does is looked for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pytest_biasruler

PACKAGE = Path(pytest_biasruler.__file__).parent
ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
MODULES = sorted(PACKAGE.rglob("*.py"))
TEMPLATES = sorted(PACKAGE.rglob("*.j2"))

NEVER_IMPORTED = {
    *("pickle", "marshal", "shelve", "joblib", "dill", "yaml", "socket", "urllib.request"),
    *("http", "requests", "xml"),
}
NEVER_CALLED = {"eval", "exec", "compile", "__import__"}
NEVER_USED = {
    *("os.system", "os.popen", "tempfile.mktemp", "nibabel.load", "nib.load"),
    *("pd.read_pickle", "pandas.read_pickle", "pd.read_html", "pd.read_xml"),
    *("pd.read_excel", "pd.read_parquet"),
}
READS_PARQUET = {"benchmark/columnar.py", "scoring/parquet.py"}
"""Where pyarrow is used: it reads columns, never what pandas or Python stored beside them."""

CONFINES = {"scoring/confinement.py"}
"""Where another process may be started: each case of a stranger's submission in its own."""

WRITERS = {
    *("shell/outputs.py", "shell/journal.py", "shell/lock.py", "shell/ci.py", "scoring/store.py"),
    *("cli/beginning.py", "cli/console.py"),
}
"""Where a file may be opened for writing: outputs, journal, lock, the job page of CI, the store
of scores, a first benchmark file, and nowhere (instead of a closed pipe)."""


def promised() -> dict[str, list[str]]:
    """Return promise -> the tests that SECURITY.md names for it."""
    rows = re.findall(r"^\| (P\d+) \| (.+?) \|", SECURITY, re.MULTILINE)
    return {name: re.findall(r"`(tests/[^`]+)`", cell) for name, cell in rows}


def imports_of(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` of an expression that is one, else nothing."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def breaches(source: str) -> list[str]:
    """Return what a module does that none may do."""
    tree = ast.parse(source)
    found = [
        f"imports {name}"
        for name in sorted(imports_of(tree))
        if any(name == bad or name.startswith(f"{bad}.") for bad in NEVER_IMPORTED)
    ]
    for node in ast.walk(tree):
        found += attribute_breaches(node) + call_breaches(node)
    return found


def attribute_breaches(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Attribute):
        return []
    is_bad = dotted(node) in NEVER_USED or node.attr == "get_fdata"
    return [f"uses {dotted(node)}"] if is_bad else []


def call_breaches(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Call):
        return []
    found = []
    if isinstance(node.func, ast.Name) and node.func.id in NEVER_CALLED:
        found.append(f"calls {node.func.id}")
    return found + [
        f"sets {keyword.arg}"
        for keyword in node.keywords
        if keyword.arg in ("allow_pickle", "shell")
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
    ]


def starts_processes(source: str) -> bool:
    """Return whether a module could start a program."""
    names = imports_of(ast.parse(source))
    return any(name.partition(".")[0] in ("subprocess", "pty", "ctypes") for name in names)


def careless_environments(source: str) -> list[str]:
    """Return environments of jinja2 that do not escape by themselves."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        ast.unparse(call)
        for call in calls
        if dotted(call.func).rpartition(".")[2] == "Environment"
        and not any(
            keyword.arg == "autoescape"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
            for keyword in call.keywords
        )
    ]


def writes(source: str) -> bool:
    """Return whether a module opens a file for writing."""
    return any(map(opens_to_write, ast.walk(ast.parse(source))))


def opens_to_write(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    modes = [each.value for each in given if isinstance(each, ast.Constant)]
    is_write = any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes)
    return name in ("write_text", "write_bytes") or (name in ("open", "fdopen") and is_write)


def test_every_promise_of_the_readme_names_its_tests():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Ten promises")[2].partition("\n## ")[0]
    numbers = re.findall(r"^(\d+)\. ", section, re.MULTILINE)
    assert [f"P{number}" for number in numbers] == list(promised())
    assert len(numbers) == 10
    assert [name for name, tests in promised().items() if not tests] == []


@pytest.mark.parametrize("test", re.findall(r"`(tests/[^`]+)`", SECURITY))
def test_a_test_that_holds_a_promise_is_there(test):
    file, _, name = test.partition("::")
    assert (ROOT / file).is_file(), f"{file} is gone"
    assert not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import pickle", ["imports pickle"]),
        ("from urllib import request", ["imports urllib.request"]),
        ("eval('1')", ["calls eval"]),
        ("import nibabel\nnibabel.load('x')", ["uses nibabel.load"]),
        ("image.get_fdata()", ["uses image.get_fdata"]),
        ("np.load(p, allow_pickle=True)", ["sets allow_pickle"]),
        ("np.load(p, allow_pickle=False)", []),
        ("import re\nre.compile('x')", []),
    ],
)
def test_a_breach_is_seen(source, told):
    assert breaches(source) == told


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_executed_fetched_or_guessed(path):
    assert breaches(path.read_text(encoding="utf-8")) == []


def test_files_are_written_in_few_places_only():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if writes(path.read_text(encoding="utf-8"))
    }
    assert found <= WRITERS, "another module opens a file for writing"
    assert "shell/outputs.py" in found, "the walk must see those that do"


def test_a_program_is_started_in_one_place_only():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if starts_processes(path.read_text(encoding="utf-8"))
    }
    assert found <= CONFINES, "another module starts a program"


def test_parquet_is_read_in_one_place_only_and_never_as_objects():
    found = {
        path.relative_to(PACKAGE).as_posix(): source
        for path in MODULES
        if "pyarrow" in (source := path.read_text(encoding="utf-8"))
    }
    assert set(found) <= READS_PARQUET, "another module uses pyarrow"
    opening = {name for name, source in found.items() if "ParquetFile(" in source}
    assert opening == {"benchmark/columnar.py"}, "Parquet is opened in another place"
    assert not any("to_pandas" in source for source in found.values())


def test_zip_and_xml_of_spreadsheets_are_read_in_one_place_only():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if "import zipfile" in (source := path.read_text(encoding="utf-8"))
        or 'import_module("defusedxml' in source
    }
    assert found == {"benchmark/workbook.py"}


def test_every_template_environment_escapes_by_itself():
    sources = [path.read_text(encoding="utf-8") for path in MODULES]
    assert careless_environments("jinja2.Environment()"), "the walk must see a careless one"
    assert any("Environment(" in source for source in sources)
    assert [call for source in sources for call in careless_environments(source)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_trusts_a_text(path):
    assert "|safe" not in path.read_text(encoding="utf-8").replace(" ", "")
