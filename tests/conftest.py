"""Imported once for the whole suite: a second import of numpy in one process is refused."""

from __future__ import annotations

import os
import socket
from typing import Any

import numpy as np  # noqa: F401  (in-process pytester runs would load it a second time)
import pandas as pd  # noqa: F401  (the same)
import pytest

pytest_plugins = ["pytester"]

REAL_SOCKET = socket.socket


class ClosedSocket(socket.socket):
    """A socket that cannot be made; a class, since modules of others derive theirs from it."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise PermissionError("the network is closed in these tests")


@pytest.fixture(autouse=True, scope="session")
def closed_network() -> Any:
    """Let nothing in the whole suite reach the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", ClosedSocket)
        yield


@pytest.fixture(scope="module")
def own_network(closed_network: Any) -> Any:  # noqa: ARG001  (opened after it was closed)
    """Let the tests of one module reach the processes that they start on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", REAL_SOCKET)
        yield


@pytest.fixture(autouse=True, scope="session")
def own_environment() -> Any:
    """Hide from the processes of tests that this run is measured, and has workers."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("COVERAGE_PROCESS_", "PYTEST_XDIST_")):
                patch.delenv(name)
        yield
