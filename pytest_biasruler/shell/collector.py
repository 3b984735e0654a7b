"""The controller's end of a run: gather findings, write outputs, print the section."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.errors import printable
from pytest_biasruler.shell.closing import Closing, close_audits, outputs_line
from pytest_biasruler.shell.guard import Guard
from pytest_biasruler.shell.ledger import Ledger
from pytest_biasruler.shell.payload import PROPERTY, junit_properties, take_payload
from pytest_biasruler.shell.preflight import named_files, refuse_bad_start
from pytest_biasruler.shell.prepared import shared_store
from pytest_biasruler.shell.progress import is_progress_wanted
from pytest_biasruler.shell.stash import CENSUS, SETTINGS
from pytest_biasruler.shell.terminal import (
    accounting_line,
    chance_lines,
    finding_lines,
    headline,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CRASHED = "???"


class Collector:
    """Registered where tests are reported: on the controller of xdist, or in the only process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._settings = config.stash[SETTINGS]
        self._census = config.stash[CENSUS]
        self._guard = Guard()
        self._ledger = Ledger()
        self._store = shared_store(config, self._settings)
        self._closing: Closing | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Refuse bad configuration before xdist starts its workers."""
        refuse_bad_start(self._config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where scores are shared and whether to show progress."""
        node.workerinput[PROPERTY] = {
            "store": self._store,
            "progress": is_progress_wanted(self._config),
        }

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which tests were selected, where this process runs them."""
        self._guard.expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note which tests a worker of xdist selected."""
        self._guard.expect(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker counted; one that crashed has counted nothing."""
        text = getattr(node, "workeroutput", {}).get(PROPERTY)
        if text:
            self._census.take_in(json.loads(text))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take our payload off a report before anybody else prints it."""
        self._guard.see(report)
        if report.when == CRASHED:
            self._ledger.enter_crash(report.nodeid)
            return
        payload = take_payload(report)
        self._ledger.enter(report, payload)
        if self._settings.junit_properties:
            for plain in payload:
                if plain["kind"] == "finding":
                    report.user_properties.extend(junit_properties(plain))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the outputs; the only place that touches the exit status, and only to 1."""
        if self._config.getoption("collectonly") or not self._is_concerned():
            return
        self._closing = close_audits(
            self._ledger, self._census, self._guard, settings=self._settings, config=self._config
        )
        if self._closing.reasons and session.exitstatus in (0, 5):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the section."""
        if self._closing is None or not self._is_worth_printing(self._closing):
            return
        terminalreporter.section("biasruler")
        for text, colour in self._section(self._closing):
            markup = {colour: True} if colour else {}
            terminalreporter.write_line(text, **markup)

    def pytest_unconfigure(self) -> None:
        """Remove the folder in which workers shared scores."""
        if self._store:
            shutil.rmtree(self._store, ignore_errors=True)

    def _is_concerned(self) -> bool:
        is_ours = bool(self._census.declared) or not self._ledger.is_empty
        return is_ours or bool(named_files(self._config)) or self._settings.min_checks is not None

    def _is_worth_printing(self, closing: Closing) -> bool:
        is_declared = any(closed.accounting.declared for closed in closing.audits)
        return is_declared or bool(closing.reasons)

    def _section(self, closing: Closing) -> list[tuple[str, str]]:
        is_quiet = self._config.get_verbosity() < 0
        lists_skips = any(char in str(self._config.getoption("reportchars")) for char in "saA")
        lines: list[tuple[str, str]] = []
        for closed in closing.audits:
            text, colour = headline(closed.findings, closed.accounting)
            name = closed.bundle.name if closed.bundle is not None else ""
            lines.append((f"{text:<62}  {name}".rstrip(), colour))
            lines += finding_lines(
                closed.findings, closed.accounting, is_quiet=is_quiet, lists_skips=lists_skips
            )
            if not is_quiet and closed.bundle is not None:
                lines.append(accounting_line(closed.bundle, closed.accounting))
                lines += chance_lines(closed.findings)
            lines.append((outputs_line(closed, settings=self._settings), ""))
        return lines + [(printable(text), "red") for text in closing.reasons]
