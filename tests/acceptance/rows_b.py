"""Block B: header and geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.rows_geometry import GEOMETRY
from tests.acceptance.rows_headers import HEADERS

if TYPE_CHECKING:
    from tests.acceptance.row import Row

ROWS_B: tuple[Row, ...] = (*HEADERS, *GEOMETRY)
