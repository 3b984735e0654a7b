"""Voxels: the only reader, the grids, the labels."""

from __future__ import annotations
