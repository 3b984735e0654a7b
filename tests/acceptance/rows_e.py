"""Block E: statistics, privacy and the ways in which a run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.rows_endings import ENDINGS
from tests.acceptance.rows_verdicts import ANSWERS, VERDICTS

if TYPE_CHECKING:
    from tests.acceptance.row import Row

ROWS_E: tuple[Row, ...] = (*VERDICTS, *ENDINGS, *ANSWERS)
