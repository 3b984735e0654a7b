"""What ``make bench`` measures, one module for each question, each run in its own process."""

from __future__ import annotations
