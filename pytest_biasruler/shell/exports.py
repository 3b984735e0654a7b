"""What is written beside report and audit, asked for as KIND=PATH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterable

CSV_PLAN = "csv-plan"
"""The cases to label next, for those who label them."""

KINDS = (
    *("badge", "gitlab-metrics", "gitlab-codequality", "huggingface"),
    *("csv-scores", "csv-findings", CSV_PLAN),
)
"""What ``--biasruler-export`` writes."""

FORMS_OF_THEIR_OWN = ("json", "html", "markdown")
"""What has an option of its own; written first."""


def read_exports(
    entries: Iterable[str], *, place: str
) -> tuple[dict[str, str], list[BiasRulerError]]:
    """Return the path of each kind that `place` (an option or ini key) names, and what is wrong.

    Examples
    --------
    >>> read_exports(["csv-plan=plan.csv"], place="--biasruler-export")
    ({'csv-plan': 'plan.csv'}, [])
    >>> print(read_exports(["svg=x.svg"], place="--biasruler-export")[1][0].found)
    --biasruler-export is svg=x.svg
    """
    paths: dict[str, str] = {}
    problems = []
    for entry in entries:
        kind, _, path = (part.strip() for part in entry.partition("="))
        if kind not in KINDS or not path:
            expected = f"KIND=PATH, KIND one of {', '.join(KINDS)}"
            problems.append(BiasRulerError("BR602", f"{place} is {entry}", expected, "Correct it"))
        elif kind in paths:
            found = f"{place} names {kind} twice"
            problems.append(BiasRulerError("BR602", found, "one path", "Remove one"))
        else:
            paths[kind] = path
    return paths, problems
