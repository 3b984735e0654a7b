"""Masks in, a table of scores out."""

from __future__ import annotations
