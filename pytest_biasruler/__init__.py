"""Fixtures, assertions and a benchmark file that catch biased rulers in segmentation audits."""

from __future__ import annotations
