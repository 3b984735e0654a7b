"""What one run of the benchmarks is asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """How much is measured.

    Attributes
    ----------
    folder : Path
        Where generated cases lie, made if they are not there.
    n_cases, n_rounds : int
        Cases that tools are compared on, and how often each is scored.
    budget_s : float
        Once a tool has used up so much time, it is left out of what follows.
    n_many : int
        Cases of the runs that are repeated, or shared among workers.
    is_full : bool
        Whether score tables go up to 15 million rows.
    """

    folder: Path
    n_cases: int = 12
    n_rounds: int = 5
    budget_s: float = 60.0
    n_many: int = 400
    is_full: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**asdict(self), "folder": str(self.folder)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Asked:
        """Return what `to_plain` took apart."""
        return cls(**{**plain, "folder": Path(plain["folder"])})
