"""Imported once for the whole suite: a second import of numpy in one process is refused."""

from __future__ import annotations

import numpy as np  # noqa: F401  (in-process pytester runs would load it a second time)
import pandas as pd  # noqa: F401  (the same)

pytest_plugins = ["pytester"]
