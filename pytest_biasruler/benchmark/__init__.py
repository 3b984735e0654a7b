"""Who is audited, by which rulers, with which questions."""

from __future__ import annotations
