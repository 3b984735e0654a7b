"""One headless Chromium per file of tests, and pages opened in it with all that they said."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REAL_SOCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
ADDRESS = "http://report.test/"
SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"


@pytest.fixture(scope="module")
def browser(closed_network: Any) -> Iterator[Browser]:  # noqa: ARG001  (opened after it was closed)
    """Start Chromium; only its own event loop, a pair of sockets, gets past the closed network."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        complaint = f"none of {', '.join(NAMES)} is installed"
        if os.environ.get("BIASRULER_BROWSER") == "required":
            pytest.fail(f"{complaint}, and BIASRULER_BROWSER=required")
        pytest.skip(complaint)
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "socket", REAL_SOCKET)
            playwright = stack.enter_context(sync_playwright())
        yield stack.enter_context(playwright.chromium.launch(executable_path=path, args=arguments))


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """An open page, and what it said and asked for since it was opened."""

    page: Page
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def go(self, address: str) -> Page:
        self.page.goto(address)
        return self.page


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Open a page: `visit(html, hash="", served=False, **context)`; hand out the visit."""
    with ExitStack() as stack:

        def open_page(html: str, *, at: str = "", served_with: str = "", **settings: Any) -> Visit:
            settings = {"viewport": {"width": 1200, "height": 900}, **settings}
            page = stack.enter_context(browser.new_context(**settings)).new_page()
            opened = Visit(page=page)
            page.on("console", lambda message: opened.console.append(message.text))
            page.on("pageerror", lambda error: opened.errors.append(str(error)))
            page.on("request", lambda request: opened.requests.append(request.url))
            if served_with:
                head = {"content-type": "text/html", "content-security-policy": served_with}
                page.route("**/*", lambda route: route.fulfill(body=html, headers=head))
                opened.go(f"{ADDRESS}{at}")
            else:
                path = tmp_path / "report.html"
                path.write_text(html, encoding="utf-8")
                opened.go(f"{path.as_uri()}{at}")
            return opened

        yield open_page


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the script of axe-core."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
