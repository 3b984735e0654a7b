"""The traps that published data hold: each is met with the right word, and scored right."""

from __future__ import annotations

import pytest

from tests.acceptance.row import Stage
from tests.acceptance.traps import TRAPS


def test_no_trap_is_left_out():
    assert [trap.id for trap in TRAPS] == [f"T{number}" for number in range(1, 15)]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.id)
def test_trap(trap, tmp_path, pytester, run):
    trap.check(Stage(folder=tmp_path, pytester=pytester, run=run))
