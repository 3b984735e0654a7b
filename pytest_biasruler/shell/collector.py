"""The controller's part of a run: gather findings, let outputs be written, print the section."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.shell.guard import Guard
from pytest_biasruler.shell.options import is_configured, is_listing
from pytest_biasruler.shell.stash import ASKS, CENSUS, PROPERTY, is_payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_biasruler.report.told import Line
    from pytest_biasruler.shell.closing import Closing
    from pytest_biasruler.shell.guard import Census
    from pytest_biasruler.shell.journal import Journal
    from pytest_biasruler.shell.ledger import Ledger


class Collector:
    """Registered where tests are reported: on the controller of xdist, or in the only process.

    It exists in every run of every project, so its methods import what an audit needs.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._guard = Guard()
        self._ledger: Ledger | None = None
        self._closing: Closing | None = None
        self._section: list[Line] = []
        self._shared_store = ""
        self._is_asked = False
        self._journal: Journal | None = None
        self._has_journal = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Refuse bad configuration before xdist starts its workers."""
        if is_configured(self._config):
            from pytest_biasruler.shell.preflight import refuse_bad_start

            refuse_bad_start(self._config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where scores are shared and whether to show progress."""
        from pytest_biasruler.shell.progress import is_progress_wanted
        from pytest_biasruler.shell.store_folder import name_shared_folder

        self._shared_store = self._shared_store or name_shared_folder(self._config)
        wanted = is_progress_wanted(self._config)
        node.workerinput[PROPERTY] = {"store": self._shared_store, "progress": wanted}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which tests were selected, where this process runs them."""
        self._guard.expect(item.nodeid for item in session.items)
        if session.items and self._config.stash[CENSUS].declared:
            self._begin_journal()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note which tests a worker of xdist selected."""
        self._guard.expect(ids)
        if self._has_checks:
            self._begin_journal()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker counted; one that crashed has counted nothing."""
        text = getattr(node, "workeroutput", {}).get(PROPERTY)
        if text:
            self._config.stash[CENSUS].take_in(json.loads(text))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take our payload off a report before anybody else prints it."""
        self._guard.see(report)
        self._is_asked = self._is_asked or hasattr(report, ASKS)
        is_ours = any(map(is_payload, report.user_properties))
        if not is_ours and self._ledger is None:
            return
        from pytest_biasruler.shell.ledger import Ledger
        from pytest_biasruler.shell.payload import junit_properties, take_payload

        self._ledger = self._ledger or Ledger()
        self._begin_journal()
        payload = take_payload(report)
        self._ledger.enter(report, payload)
        if self._journal is not None:
            self._journal.note(report, payload)
        if self._config.getini("biasruler_junit_properties"):
            report.user_properties.extend(junit_properties(payload))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the outputs; the only place that touches the exit status, and only to 1."""
        census = self._config.stash[CENSUS]
        if is_listing(self._config) or not self._is_concerned(census):
            return
        from pytest_biasruler.errors import BiasRulerError
        from pytest_biasruler.scoring.attempt import attempt
        from pytest_biasruler.shell.ci import append_summaries
        from pytest_biasruler.shell.closing import Closing, close_audits
        from pytest_biasruler.shell.ledger import Ledger

        is_finished = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        keys: dict[str, Any] = {"census": census, "guard": self._guard, "is_finished": is_finished}
        # A traceback would hide the verdict, and its frames hold names.
        closed = attempt(partial(close_audits, self._config, self._ledger or Ledger(), **keys))
        failed = Closing(audits=(), reasons=(str(closed),))
        self._closing = closed if isinstance(closed, Closing) else failed
        if self._journal is not None:
            self._tell_of_earlier_runs(self._journal)
        summed_up = attempt(partial(append_summaries, self._config, self._closing))
        self._notice([str(summed_up)] if isinstance(summed_up, BiasRulerError) else summed_up)
        is_told = self._prepare_section(self._closing)
        if (self._closing.reasons or not is_told) and session.exitstatus in (0, 5):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _notice(self, texts: Iterable[str]) -> None:
        if self._closing is not None:
            notices = (*self._closing.notices, *texts)
            self._closing = replace(self._closing, notices=notices)

    def _prepare_section(self, closing: Closing) -> bool:
        """Make the section while the exit status can still change; return whether that worked."""
        from pytest_biasruler.scoring.attempt import attempt
        from pytest_biasruler.shell.terminal import section_lines

        has_terminal = self._config.pluginmanager.has_plugin("terminalreporter")
        if not (closing.is_worth_printing and has_terminal):
            return True
        lines = attempt(partial(section_lines, self._config, closing))
        self._section = lines if isinstance(lines, list) else [(str(lines), "red")]
        return isinstance(lines, list)

    def _is_concerned(self, census: Census) -> bool:
        is_ours = census.declared or self._is_asked or self._ledger or self._has_checks
        return bool(is_ours) or is_configured(self._config)

    @property
    def _has_checks(self) -> bool:
        # Workers that died have told nothing but the ids they collected.
        return any(nodeid.partition("::")[0].endswith(".toml") for nodeid in self._guard.selected)

    def _begin_journal(self) -> None:
        if self._has_journal or is_listing(self._config):
            return
        from pytest_biasruler.shell.journal import begin_journal

        self._has_journal = True
        self._journal = begin_journal(self._config)

    def _tell_of_earlier_runs(self, journal: Journal) -> None:
        from pytest_biasruler.shell.journal import tell_cut_off

        if self._closing is not None:
            text = tell_cut_off(journal.cut_off, root=self._config.rootpath)
            self._notice([text] if text else [])
        journal.end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep arguments of our frames, and of those that led there, from ``--full-trace``."""
        from pytest_biasruler.shell.representation import leads_to_us, without_frames

        if leads_to_us(excinfo.tb):
            excinfo.traceback = without_frames(excinfo.value)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the section."""
        if not self._section:
            return
        terminalreporter.write_sep("=", "biasruler")
        for text, colour in self._section:
            terminalreporter.write_line(text, **({colour: True} if colour else {}))

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Let go of the journal and of the folder of shared scores, and say the last word."""
        if self._journal is not None:
            self._journal.close()
        if self._shared_store:
            from pytest_biasruler.shell.store_folder import remove_shared_folder

            remove_shared_folder(self._shared_store)
        if self._closing is not None and self._closing.is_worth_printing:
            from pytest_biasruler.shell.ci import say_to_ci

            say_to_ci(self._config, self._closing)
