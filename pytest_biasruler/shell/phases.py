"""What happens around collection, setup, call and report of tests that audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.checks.outcome import Outcome
from pytest_biasruler.errors import BiasRulerError, BiasRulerWarning
from pytest_biasruler.shell.items import CheckItem
from pytest_biasruler.shell.markers import is_audit, mark_audits
from pytest_biasruler.shell.payload import PROPERTY, add_error, clear_payload, to_text
from pytest_biasruler.shell.representation import show_by_value, skip_place
from pytest_biasruler.shell.settings import usage_error
from pytest_biasruler.shell.stash import CENSUS, FINDINGS, PENDING

if TYPE_CHECKING:
    from collections.abc import Generator

_WORST_FIRST = (Outcome.INCONCLUSIVE, Outcome.WAIVED)


class Phases:
    """Registered wherever tests run: on each worker of xdist, or in the only process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark and count our tests before any filter sees them."""
        problems = mark_audits(items)
        if problems:
            raise usage_error(problems, "the markers of this run")
        for item in items:
            if is_audit(item) and not isinstance(item, CheckItem):
                self._config.stash[CENSUS].declare(item.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what the filters left."""
        self._config.stash[CENSUS].selected.update(item.nodeid for item in session.items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Forget what an earlier attempt at this test found."""
        if is_audit(item):
            item.stash[FINDINGS] = []
            item.stash[PENDING] = []
            clear_payload(item)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Skip a test whose body has returned but whose findings do not let it pass."""
        result = yield
        pending = item.stash.get(PENDING, [])
        if pending:
            pytest.skip(_worst(pending)[1])
        asks = "biasruler" in getattr(item, "fixturenames", ())
        if asks and not item.stash[FINDINGS]:
            item.warn(BiasRulerWarning(f"{item.name} asked for biasruler and ran no check"))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show errors of ours by value, and say which of our outcomes a skip is."""
        error = call.excinfo.value if call.excinfo is not None else None
        is_error = isinstance(error, BiasRulerError) and PENDING in item.stash
        if is_error and isinstance(error, BiasRulerError):
            add_error(item, error)
        report = yield
        if is_error and call.excinfo is not None and report.failed:
            report.longrepr = show_by_value(call.excinfo, item=item)
        pending = item.stash.get(PENDING, [])
        if call.when == "call" and report.skipped and any(str(error) == r for _, r in pending):
            outcome, reason = _worst(pending)
            vars(report)["biasruler_outcome"] = outcome  # crosses xdist as it is
            report.longrepr = skip_place(item, reason)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        """Give INCONCLUSIVE its own letter, word and colour."""
        if report.when == "call" and getattr(report, "biasruler_outcome", "") == "inconclusive":
            return "inconclusive", "i", ("INCONCLUSIVE", {"yellow": True})
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Tell the controller of xdist what this worker counted."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[PROPERTY] = to_text(self._config.stash[CENSUS].to_plain())


def _worst(pending: list[tuple[str, str]]) -> tuple[str, str]:
    return min(pending, key=lambda pair: _WORST_FIRST.index(Outcome(pair[0])))
