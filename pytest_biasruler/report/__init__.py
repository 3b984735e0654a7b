"""Audit in, what people read out."""

from __future__ import annotations
