"""Failures shown by their text alone, in every style of traceback."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.errors import BiasRulerError, explained_in
from pytest_biasruler.shell.outputs import show_path
from pytest_biasruler.shell.payload import add_error
from pytest_biasruler.shell.settings import settings_of

if TYPE_CHECKING:
    from types import TracebackType


def note_error(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Let an error of ours ride on the report about to be made; return whether it is one."""
    if not isinstance(excinfo.value, BiasRulerError):
        return False
    add_error(item, excinfo.value)
    return True


def publish(
    excinfo: pytest.ExceptionInfo[BaseException], *, item: pytest.Item
) -> pytest.ExceptionInfo[BaseException]:
    """Return what a public run may show of an exception: of an error of ours no numbers."""
    error = excinfo.value
    if not (isinstance(error, BiasRulerError) and settings_of(item.config).public):
        return excinfo
    from pytest_biasruler.audit import publish_error

    public = publish_error(error)
    return pytest.ExceptionInfo.from_exc_info((type(public), public, excinfo.tb))


def show_by_value(excinfo: pytest.ExceptionInfo[BaseException], *, item: pytest.Item) -> Any:
    """Return the representation of an exception without traceback, placed at the item.

    That of an error of ours ends with where its code is explained. A plain string would leave the
    short summary without a reason and cut ``--tb=line``.
    """
    # chain=False: an inner OSError would print a path.
    shown: Any = excinfo.getrepr(style="value", chain=False)
    path, line, _ = item.reportinfo()
    crash = replace(
        shown.reprcrash,
        path=show_path(item.config.rootpath / path, root=item.config.rootpath),
        lineno=(line or 0) + 1,
        message=str(excinfo.value).split("\n", maxsplit=1)[0],
    )
    shown.reprcrash = crash
    traceback, _, note = shown.chain[-1]
    if isinstance(excinfo.value, BiasRulerError):
        see = explained_in(str(excinfo.value).splitlines())
        traceback.reprentries[-1].lines.append(f"  see {see}")
    shown.chain = [(traceback, crash, note)]  # xdist rebuilds reprcrash from the chain
    return shown


def leads_to_us(traceback: TracebackType | None) -> bool:
    """Return whether work of ours was going on; a wrapper of hooks meets every exception."""
    while traceback is not None:
        name = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if name.startswith("pytest_biasruler.") and not name.endswith(".phases"):
            return True
        traceback = traceback.tb_next
    return False


def without_frames(stop: BaseException) -> Any:
    """Return a traceback that holds nothing but this function; pytest asks for one frame."""
    try:
        raise stop.with_traceback(None) from None
    except type(stop) as bare:
        return pytest.ExceptionInfo.from_exception(bare).traceback


def skip_place(item: pytest.Item, reason: str) -> tuple[str, int, str]:
    """Return what a skipped report shows: the item's place, not one inside pytest."""
    path, line, _ = item.reportinfo()
    shown = show_path(item.config.rootpath / path, root=item.config.rootpath)
    return shown, (line or 0) + 1, reason
