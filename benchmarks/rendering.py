"""How long a page takes: ``python -m benchmarks.rendering``, from the root folder.

The audit has 1,000 cases and 52 findings, among them every check. Its page is timed in one process
after a first one, and told as a multiple of what reading the same audit's JSON takes, so that the
number means the same on a slow machine.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING

from pytest_biasruler.report.html import render_html
from tests.core.report.large_audit import make_large_audit

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 7


def main() -> None:
    """Print the size of the page, its best time, and the ratio to reading the JSON."""
    for has_gallery in (False, True):
        audit = make_large_audit(has_gallery=has_gallery)
        text = audit.to_json()
        size = len(render_html(audit).encode())
        page = _best_seconds(lambda audit=audit: render_html(audit))
        read = _best_seconds(lambda text=text: json.loads(text))
        print(
            f"gallery {has_gallery}: {size:,} bytes, {1000 * page:.0f} ms, "
            f"{page / read:.0f} times json.loads of {len(text):,} characters"
        )


def _best_seconds(run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = perf_counter()
        run()
        seconds.append(perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
