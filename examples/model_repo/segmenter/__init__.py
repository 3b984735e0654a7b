"""Segments breast lesions in contrast-enhanced MRI."""

from __future__ import annotations

from segmenter.pipeline import segment

__all__ = ["segment"]
