"""Block D: benchmark file, paths and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.rows_hostile import HOSTILE
from tests.acceptance.rows_metadata import METADATA
from tests.acceptance.rows_paths import PATHS

if TYPE_CHECKING:
    from tests.acceptance.row import Row

ROWS_D: tuple[Row, ...] = (*PATHS, *METADATA, *HOSTILE)
