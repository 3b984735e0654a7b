"""Write the tables of docs/reference.md from the code and from shell/reference.toml.

    python docs/make_reference.py

Each stands between ``<!-- made: NAME -->`` and ``<!-- end -->``; what stands around is written by
hand. A test fails while the page is not what this would write.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest_biasruler
from pytest_biasruler import hookspecs, plugin
from pytest_biasruler.benchmark.layouts import LAYOUTS
from pytest_biasruler.benchmark.metrics import CATALOGUE, Direction, Metric
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.cli.parser import make_parser
from pytest_biasruler.errors import CODES
from pytest_biasruler.shell.auditor import Auditor
from pytest_biasruler.shell.exports import KINDS
from pytest_biasruler.shell.options import INI_KEYS, OPTIONS
from pytest_biasruler.shell.reference import read_words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_biasruler.shell.option import Option
    from pytest_biasruler.shell.reference import Key

DOCS = Path(__file__).parent
PAGE = DOCS / "reference.md"

_MADE = re.compile(r"(<!-- made: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_HEADING = re.compile(r"^##+ (?P<code>BR\d{3}) (?P<title>.+)$", re.MULTILINE)
_EXPORT = re.compile(r"^\| \[`(?P<kind>[\w-]+)`\]\((?P<link>[^)]+)\) \| (?P<what>.+?) \|", re.M)


def make_page(page: str) -> str:
    """Return the page with its tables made anew."""
    return _MADE.sub(lambda found: f"{found[1]}\n{_make(found[2])}\n{found[4]}", page)


def _make(name: str) -> str:
    kind, _, which = name.partition(" ")
    makers = {"keys": _keys, "check": _check}
    if which:
        return makers[kind](which)
    return _WHOLE[kind]()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def _same(told: Iterable[str], known: Iterable[str], *, what: str) -> None:
    """Refuse words for what is not there, and what is there without words."""
    odd = sorted(set(told) ^ set(known))
    if odd:
        raise SystemExit(f"reference.toml and the code do not name the same {what}: {odd}")


def _keys(header: str) -> str:
    return _key_table(read_words().tables[header])


def _key_table(keys: Iterable[Key]) -> str:
    rows = [(f"`{key.name}`", key.type, key.default, key.meaning) for key in keys]
    return _table(("key", "type", "default", "meaning"), rows)


def _check(name: str) -> str:
    words, question = read_words(), QUESTIONS[name]
    _same((key.name for key in words.checks[name]), question.keys, what=f"keys of {name}")
    text = textwrap.fill(f"{question.asks} {words.about[name]}", 104, break_on_hyphens=False)
    text += "\n"
    return f"{text}\n{_key_table(words.checks[name])}" if question.keys else text


def _options() -> str:
    rows = [(f"`{_typed(option)}`", *_told(option)) for option in OPTIONS]
    rows.append(("`--biasruler-help`", "–", "", "print what a benchmark file may say, and end"))
    return _table(("option", "ini key", "default", "meaning"), rows)


def _typed(option: Option) -> str:
    metavar = option.keys.get("metavar") or ("POLICY" if "choices" in option.keys else "")
    shown = f"[{metavar}]" if option.keys.get("nargs") == "?" else metavar
    return f"{option.flag} {shown}".strip()


def _told(option: Option) -> tuple[str, str, str]:
    ini = f"`{option.ini}`" + (" (a line each)" if option.type == "linelist" else "")
    more = f" ([more]({option.page}))" if option.page else ""
    return ini, _spelt(option.default), f"{option.help}{more}"


def _spelt(default: object) -> str:
    if default is None or default == []:
        return "none"
    return str(default).lower() if isinstance(default, bool | int | float) else f"`{default}`"


def _ini() -> str:
    rows = [(f"`{key.name}`", _spelt(key.default), key.help) for key in INI_KEYS]
    return _table(("ini key", "default", "meaning"), rows)


def _layouts() -> str:
    told = read_words().layouts
    _same(told, LAYOUTS, what="layouts")
    return _table(("layout", "fills in"), [(f"`{name}`", told[name]) for name in LAYOUTS])


def _metrics() -> str:
    remarks = read_words().metrics
    head = ("metric", "unit", "better", "range", "both empty", "one empty")
    told = [(_about_metric(metric, remarks), name) for name, metric in CATALOGUE.items()]
    rows = [
        (", ".join(f"`{name}`" for _, name in group), *about)
        for about, group in groupby(told, key=lambda each: each[0])
    ]
    return _table(head, rows)


def _about_metric(metric: Metric, remarks: Mapping[str, str]) -> tuple[str, ...]:
    better = "best at 0" if metric.direction == Direction.SIGNED else str(metric.direction)
    low, high = metric.range
    span = f"{low:g} up" if high is None else f"{low:g} to {high:g}"
    one = "the formula" if metric.one_empty is None else f"{metric.one_empty}".removesuffix(".0")
    one = "; ".join(filter(None, [one, remarks.get(metric.name, "")]))
    return metric.unit, better, span, f"{metric.both_empty:g}", one


def _exports() -> str:
    page = (DOCS / "exports.md").read_text(encoding="utf-8")
    told = {found["kind"]: found for found in _EXPORT.finditer(page)}
    _same(told, KINDS, what="kinds of export (in docs/exports.md)")
    rows = [
        (f"[`{kind}`]({_from_here(told[kind]['link'])})", told[kind]["what"]) for kind in KINDS
    ]
    return _table(("kind", "what it is"), rows)


def _from_here(link: str) -> str:
    """Return a link of docs/exports.md as one of the reference."""
    return f"exports.md{link}" if link.startswith("#") else link.removeprefix(PAGE.name)


def _commands() -> str:
    action: Any = next(a for a in make_parser()._actions if a.dest == "command")  # noqa: SLF001
    summaries = {choice.dest: choice.help for choice in action._choices_actions}  # noqa: SLF001
    rows = []
    for name, parser in action.choices.items():
        taken = [_taken(each) for each in parser._actions if each.dest != "help"]  # noqa: SLF001
        rows.append((f"`biasruler {name}`", ", ".join(taken), summaries[name]))
    return _table(("command", "takes", "what it does"), rows)


def _taken(action: argparse.Action) -> str:
    value = str(action.metavar or "POLICY")
    return f"`{' '.join([*action.option_strings, value])}`"


def _fixtures() -> str:
    found = {name: obj for name, obj in vars(plugin).items() if name.startswith("biasruler")}
    told = read_words().fixtures
    _same(told, found, what="fixtures")
    return _table(
        ("fixture", "scope", "what it is"),
        [(f"`{name}`", _scope(found[name]), told[name]) for name in told],
    )


def _scope(fixture: Any) -> str:
    return str(fixture._fixture_function_marker.scope)  # noqa: SLF001  (pytest tells it nowhere else)


def _assertions() -> str:
    return _table(
        ("asserts", "returns the finding", "own arguments"),
        [(f"`assert_{check}`", f"`check_{check}`", _arguments(check)) for check in QUESTIONS],
    )


def _arguments(check: str) -> str:
    parameters = inspect.signature(getattr(Auditor, f"assert_{check}")).parameters
    own = [name for name in parameters if name not in ("self", "metric", "by", "keys")]
    required = [name for name in own if parameters[name].default is inspect.Parameter.empty]
    told = ", ".join(f"`{name}`" + ", required" * (name in required) for name in own)
    return told if "metric" in parameters else f"{told}; no metric"


def _hooks() -> str:
    known = [name for name in vars(hookspecs) if name.startswith("pytest_biasruler_")]
    told = read_words().hooks
    _same(told, known, what="hooks")
    return _table(("hook", "returns"), [(f"`{name}`", told[name]) for name in known])


def _names() -> str:
    told = read_words().names
    _same(told, pytest_biasruler.__all__, what="public names")
    return _table(("name", "what it is"), [(f"`{name}`", what) for name, what in told.items()])


def _errors() -> str:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    titles = {found["code"]: found["title"] for found in _HEADING.finditer(page)}
    _same(titles, CODES, what="codes (in docs/errors.md)")
    reserved = page.partition("\n## Reserved\n")[2]
    rows = [
        (f"[{code}](errors.md#{code.lower()})", titles[code], _consequence(code, reserved))
        for code in sorted(CODES)
    ]
    return _table(("code", "what", "usual consequence"), rows)


def _consequence(code: str, reserved: str) -> str:
    return "reserved" if f"### {code} " in reserved else str(CODES[code])


_WHOLE = {
    "options": _options,
    "ini": _ini,
    "layouts": _layouts,
    "metrics": _metrics,
    "exports": _exports,
    "commands": _commands,
    "fixtures": _fixtures,
    "assertions": _assertions,
    "hooks": _hooks,
    "names": _names,
    "errors": _errors,
}


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
