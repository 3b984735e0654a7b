"""What MkDocs asks while it builds the site: files outside docs/ that pages link to join it.

On a forge a link such as ``../examples/lidc/README.md`` leads out of docs/. MkDocs knows only what
lies within, so such a file becomes a page of the site (or a file, if it is no Markdown) under its
path in the repository, and links are rewritten to where things lie in the site.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent

_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add what is linked to and lies outside docs/, and what that links to in turn."""
    from mkdocs.structure.files import File

    seen, waiting = set(), sorted(DOCS.glob("*.md"))
    while waiting:
        source = waiting.pop()
        for there in sorted(_linked_from(source) - seen):
            seen.add(there)
            if not there.is_file():
                continue  # MkDocs says so itself
            waiting += [there] if there.suffix == ".md" else []
            if not there.is_relative_to(DOCS):
                name = place_in_site(there)
                files.append(File.generated(config, name, abs_src_path=str(there)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Let the links of a page lead to where things lie in the site."""
    source = Path(page.file.abs_src_path)
    return _outside_code(markdown, lambda text: _LINK.sub(lambda m: _moved(m[1], source), text))


def place_in_site(path: Path) -> str:
    """Return the path of a file within the site."""
    return path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT).as_posix()


def _linked_from(page: Path) -> set[Path]:
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return {_target(link, page) for link in _LINK.findall(text)}


def _target(link: str, page: Path) -> Path:
    path = Path(os.path.normpath(page.parent / link))
    return path / "README.md" if path.is_dir() else path


def _moved(link: str, page: Path) -> str:
    start = Path(place_in_site(page)).parent
    return Path(os.path.relpath(place_in_site(_target(link, page)), start)).as_posix()


def _outside_code(markdown: str, change: Any) -> str:
    parts = _FENCED.split(markdown)
    return "".join(part if n % 2 else change(part) for n, part in enumerate(parts))
