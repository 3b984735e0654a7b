"""Install the tools that are measured; one that cannot be had here is named and left out.

``python benchmarks/peers/install.py`` installs the dependency group ``bench`` of pyproject.toml
into the environment of its interpreter: all at once, or one by one if that fails.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def main() -> None:
    """Install what can be installed; never fail."""
    wanted = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["dependency-groups"]["bench"]
    if install(*wanted):
        return
    for requirement in wanted:
        if not install(requirement):
            print(f"{requirement} cannot be installed here and will not be measured")


def install(*requirements: str) -> bool:
    """Return whether pip installed all of them."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", *requirements]
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    main()
