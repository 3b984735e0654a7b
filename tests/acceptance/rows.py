"""All rows, in the order of their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.rows_a import ROWS_A

if TYPE_CHECKING:
    from tests.acceptance.row import Row

ROWS: tuple[Row, ...] = (*ROWS_A,)
