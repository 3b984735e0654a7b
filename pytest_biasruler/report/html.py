"""A page as one self-contained HTML file: one style, one script, nothing loaded."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pytest_biasruler.errors import printable
from pytest_biasruler.report.marks import FONT_SIZE, SIGNS
from pytest_biasruler.report.shapes import outline
from pytest_biasruler.report.view import make_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.section import Section


SHORTEST = 9
"""Characters of a row's name that always has room: no range in it needs to be kept together."""

_KEPT = re.compile(r"\d[\d.,]*–\d[\d.,]*|\[[\d.\N{MINUS SIGN}]{1,8}, [\d.\N{MINUS SIGN}]{1,8}\]")
_OPTION = re.compile(r"--\S{1,36}(?!\S)")
_PART = re.compile(r"[\[_](?=[a-z])")
"""Where the name of a check may go on in the next line: after a bracket or an underscore."""

_WHOLE = r'<span class="whole">\g<0></span>'
_FACT = re.compile(r"\b(?:\d{4}-\d\d-\d\d|confident-fail|prove-safe)\b")


def render_html(audit: Audit, *, sections: Sequence[Section] = ()) -> str:
    """Return the report of an audit as one HTML page.

    Parameters
    ----------
    audit : Audit
        Nothing else is read: an old ``audit.json`` can be rendered again.
    sections : sequence of Section, optional
        What other plugins add, shown after the ninth part.

    Returns
    -------
    str
        The same audit gives the same text. The page needs neither its style nor its script to be
        read, loads nothing, and forbids by its own content policy that anything be loaded.
    """
    style, script = _asset("style.css"), _asset("script.js")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=make_page(audit, sections=sections),
            style=Markup(style),  # noqa: S704  (our own file, read by the loader)
            script=Markup(script),  # noqa: S704  (the same)
            style_hash=_content_hash(style),
            script_hash=_content_hash(script),
        )
    )


@cache
def _asset(name: str) -> str:
    folder = resources.files("pytest_biasruler.report") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def _content_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pytest_biasruler.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["coordinate"] = _coordinate
    environment.filters["short"] = _short
    environment.filters["kept"] = _kept
    environment.filters["parted"] = _parted
    environment.filters["command"] = _command
    environment.filters["fact"] = _fact
    environment.globals.update(
        outline=outline, signs=SIGNS, font_size=FONT_SIZE, shortest=SHORTEST
    )
    return environment


def _visible(value: object) -> object:
    """Return what a template prints with its control characters as escapes."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return value


def _kept(text: str) -> Markup:
    """Return a text of the page in which no line breaks inside 0–40 or [0.1, 0.2]."""
    safe = str(escape(printable(text)))
    return Markup(_KEPT.sub(_WHOLE, safe))  # noqa: S704  (escaped)


def _parted(text: str) -> Markup:
    """Return a text in which long names of checks break where a reader would break them."""
    return Markup(_PART.sub(r"\g<0><wbr>", str(_kept(text))))  # noqa: S704  (escaped)


def _command(text: str) -> Markup:
    """Return a command in which no line breaks inside an option."""
    safe = str(escape(printable(text)))
    return Markup(_OPTION.sub(_WHOLE, safe))  # noqa: S704  (escaped)


def _fact(text: str) -> Markup:
    """Return a fact below the headline, in which neither the date nor the policy breaks."""
    safe = str(_kept(text))  # of Markup, `sub` would escape what it puts in
    return Markup(_FACT.sub(_WHOLE, safe))  # noqa: S704  (escaped)


def _short(value: float) -> str:
    return f"{value:.3g}"


def _coordinate(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
