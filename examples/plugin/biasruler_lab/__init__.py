"""What our laboratory adds to pytest-biasruler."""

from __future__ import annotations

__version__ = "1.0.0"
