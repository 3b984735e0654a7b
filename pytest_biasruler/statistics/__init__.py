"""Plain functions on arrays that know nothing of fairness."""

from __future__ import annotations
