"""Other tools that score masks, each called as its own users call it, on files given by path.

They are measured and never imported by the package: none is among its dependencies.
"""

from __future__ import annotations
