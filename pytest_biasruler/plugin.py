"""The pytest11 entry: options, hooks and fixtures are declared here."""

from __future__ import annotations
