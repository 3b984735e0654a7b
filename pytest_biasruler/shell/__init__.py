"""Everything that knows pytest."""

from __future__ import annotations
