"""What somebody has in a folder, written down as a first benchmark file."""

from __future__ import annotations
