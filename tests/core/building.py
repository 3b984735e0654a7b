"""Build the pages as a site."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from .walking import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def build_site(folder: Path) -> None:
    """Write the site into a folder; warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
