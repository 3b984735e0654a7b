"""One module for each question."""

from __future__ import annotations
