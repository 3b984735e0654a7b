"""What happens around collection, setup, call and report of tests that audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.shell.stash import (
    ASKS,
    CENSUS,
    FINDINGS,
    MARKER,
    PENDING,
    PROPERTY,
    WRONG_MARKERS,
    is_payload,
)

if TYPE_CHECKING:
    from collections.abc import Generator

_WORST_FIRST = ("inconclusive", "waived")


class Phases:
    """Registered wherever tests run: on each worker of xdist, or in the only process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._counted: list[tuple[str, pytest.Item]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark and count our tests before any filter sees them."""
        audits = [item for item in items if is_audit(item)]
        self._counted = [(item.nodeid, item) for item in audits]
        for item in audits:
            if item.get_closest_marker(MARKER) is None:
                item.add_marker(MARKER)
            if asks_in_python(item):
                marked = [mark.kwargs.get("policy") for mark in item.iter_markers(MARKER)]
                policy = next((str(each) for each in marked if each is not None), None)
                self._config.stash[CENSUS].declare(item.nodeid, policy=policy)
        if any(item.get_closest_marker(MARKER) for item in items):
            from pytest_biasruler.shell.markers import refuse_wrong_markers

            refuse_wrong_markers(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what the filters left, by the ids that the reports will have."""
        for nodeid, item in self._counted:
            if item.nodeid != nodeid:
                self._config.stash[CENSUS].rename(nodeid, to=item.nodeid)
        self._config.stash[CENSUS].selected.update(item.nodeid for item in session.items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Forget what an earlier attempt at this test found."""
        if is_audit(item):
            item.stash[FINDINGS] = []
            item.stash[PENDING] = []
            kept = [entry for entry in item.user_properties if not is_payload(entry)]
            item.user_properties[:] = kept
        if WRONG_MARKERS in item.stash:
            from pytest_biasruler.errors import BiasRulerProblems

            problems = item.stash[WRONG_MARKERS]
            raise BiasRulerProblems(problems)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Skip a test whose body has returned but whose findings do not let it pass."""
        result = yield
        pending = item.stash.get(PENDING, [])
        if pending:
            pytest.skip(_worst(pending)[1])
        if asks_in_python(item) and not item.stash[FINDINGS]:
            from pytest_biasruler.errors import BiasRulerWarning

            item.warn(BiasRulerWarning(f"{item.name} asked for biasruler and ran no check"))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show errors of ours by value, and say which of our outcomes a skip is."""
        if PENDING not in item.stash:
            return (yield)
        if call.excinfo is None:
            report = yield
            vars(report)[ASKS] = True  # crosses xdist before a later report can kill the worker
            return report
        from pytest_biasruler.shell.representation import (
            note_error,
            publish,
            show_by_value,
            skip_place,
        )

        call.excinfo = publish(call.excinfo, item=item)
        is_ours = note_error(item, call.excinfo)  # before the report copies its properties
        report = yield
        if is_ours and report.failed:
            report.longrepr = show_by_value(call.excinfo, item=item)
        pending = item.stash[PENDING]
        if report.skipped and str(call.excinfo.value) in [reason for _, reason in pending]:
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
            from pytest_biasruler.shell.payload import to_text

            output[PROPERTY] = to_text(self._config.stash[CENSUS].to_plain())


def is_audit(item: pytest.Item) -> bool:
    """Return whether a test asks something of ours."""
    return hasattr(item, "declared_check") or is_python_test(item)


def is_python_test(item: pytest.Item) -> bool:
    """Return whether a test uses one of our fixtures."""
    names = getattr(item, "fixturenames", ())
    return any(name.startswith("biasruler_") for name in names) or asks_in_python(item)


def asks_in_python(item: pytest.Item) -> bool:
    """Return whether a test can ask questions, which is what counts as declared.

    Another project may have a fixture of our name; one that builds on ours asks by it.
    """
    info = getattr(item, "_fixtureinfo", None)
    for definition in reversed(info.name2fixturedefs.get("biasruler", ()) if info else ()):
        if definition.func.__module__.partition(".")[0] == "pytest_biasruler":
            return True
        if "biasruler" not in definition.argnames:
            return False
    return False


def _worst(pending: list[tuple[str, str]]) -> tuple[str, str]:
    return min(pending, key=lambda pair: _WORST_FIRST.index(pair[0]))
