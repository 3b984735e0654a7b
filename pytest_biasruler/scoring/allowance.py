"""How large a score table of strangers may be: as large as the benchmark can need, and no more."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import too_many_bytes, too_many_rows
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.errors import Limits
    from pytest_biasruler.scoring.ledger import Part

_LARGER = 50  # a score table has a row for each case, model, reference and label
_SLACK, _SPARE_ROWS = 4, 1000  # rows of other models, labels and cases, which are left out
_ROW_BYTES, _SPARE_BYTES = 2**10, 2**20


@dataclass(kw_only=True, slots=True)
class Allowance:
    """What all score tables of a benchmark may take together.

    Attributes
    ----------
    needed : str
        What the limits are ample for, where no ini key raises them; see `too_many_rows`.
    n_bytes, n_rows : int
        What they took so far.
    """

    limits: Limits
    needed: str = ""
    n_bytes: int = 0
    n_rows: int = 0

    def weigh(self, path: Path, *, shown: str) -> None:
        """Take the bytes of a file; one that is not there is told by whoever reads it.

        Raises
        ------
        BiasRulerProblems
            ``BR410``.
        """
        try:
            self.n_bytes += path.stat().st_size
        except OSError:
            return
        if self.n_bytes > self.limits.max_table_bytes:
            error = too_many_bytes(self.n_bytes, self.limits, needed=self.needed)
            raise_if_any([error.at(shown)])

    def count(
        self, parts: Generator[Part, None, None], *, shown: str
    ) -> Generator[Part, None, None]:
        """Yield these parts while their rows are not too many.

        Raises
        ------
        BiasRulerProblems
            ``BR410``.
        """
        for part in parts:
            self.n_rows += len(part.lines)
            if self.n_rows > self.limits.max_rows:
                parts.close()
                raise_if_any([too_many_rows(self.limits, needed=self.needed).at(shown)])
            yield part


def table_limits(benchmark: Benchmark, *, n_cases: int) -> tuple[Limits, str]:
    """Return the limits of the ready score table, and what they are ample for.

    Parameters
    ----------
    n_cases : int
        Cases of the metadata; of a benchmark that is not untrusted they do not matter.

    Returns
    -------
    Limits
        50 times those of the metadata. Of an untrusted benchmark, if that is less, four times the
        rows of one for each case, label, reference and model (or other reference), and 1,000
        more; 1 KiB for each of these rows, and 1 MiB more.
    str
        ``""`` where only the limits of the ini file bind.
    """
    limits = replace(
        benchmark.limits,
        max_rows=_LARGER * benchmark.limits.max_rows,
        max_table_bytes=_LARGER * benchmark.limits.max_table_bytes,
    )
    if not benchmark.untrusted:
        return limits, ""
    counts = {
        "case": n_cases,
        "model": len(benchmark.models),
        "reference": len(benchmark.references),
        "label": max(1, len(benchmark.labels)),
    }
    n_scored = counts["model"] + counts["reference"]
    n_rows = n_cases * n_scored * counts["reference"] * counts["label"]
    n_rows = _SLACK * n_rows + _SPARE_ROWS
    limits = replace(
        limits,
        max_rows=min(n_rows, limits.max_rows),
        max_table_bytes=min(_ROW_BYTES * n_rows + _SPARE_BYTES, limits.max_table_bytes),
    )
    named = [f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items()]
    return limits, f"{', '.join(named[:-1])} and {named[-1]}"


def refuse_links(path: Path, *, root: Path | None, shown: str) -> None:
    """Refuse a table that is a link or lies behind one, as strangers might have put it there.

    Parameters
    ----------
    root : Path or None
        Links above it are the organiser's own; None: only the file itself is looked at.

    Raises
    ------
    BiasRulerError
        ``BR402``.
    """
    below = [path]
    if root is not None:
        parts = path.relative_to(root).parts
        below = [root.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
    # What cannot be looked at is no link here, and is refused where the table is opened.
    links = list(filter(os.path.islink, below))
    if links:
        what = "is a symbolic link" if path in links else "lies behind a symbolic link"
        raise BiasRulerError(
            "BR402",
            f"the score table {what}, and the benchmark is untrusted",
            "a regular file",
            "Copy it",
            shown,
        )
