"""Voxels: the one safe reader, labels, and whether two masks lie on one grid."""

from __future__ import annotations
