"""All rows, in the order of their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.rows_a import ROWS_A
from tests.acceptance.rows_b import ROWS_B
from tests.acceptance.rows_c import ROWS_C
from tests.acceptance.rows_d import ROWS_D
from tests.acceptance.rows_e import ROWS_E
from tests.acceptance.rows_f import ROWS_F

if TYPE_CHECKING:
    from tests.acceptance.row import Row

ROWS: tuple[Row, ...] = (*ROWS_A, *ROWS_B, *ROWS_C, *ROWS_D, *ROWS_E, *ROWS_F)
