"""What an audit says, in the form in which rows ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isclose
from typing import TYPE_CHECKING

import numpy as np

from tests.acceptance.row import Played

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from pytest_biasruler import Audit

PAIRS = (("unet", "expert"), ("unet", "automated"), ("automated", "expert"))
PLACES = {"unet": "unreadable", "expert": "excluded", "automated": "excluded"}


def dice(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Return twice the common voxels over the sum of both."""
    both = np.count_nonzero((one > 0) & (other > 0))
    return 2 * both / (np.count_nonzero(one) + np.count_nonzero(other))


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An audit, its cases, and what was drawn in each mask that is sound."""

    audit: Audit
    cases: tuple[str, ...]
    drawn: Mapping[tuple[str, str], NDArray[np.generic]] = field(repr=False)

    @property
    def said(self) -> tuple[str, ...]:
        """Every line with a code, without its place."""
        accounting = self.audit.accounting
        lines = [
            line["text"].replace(f"{line['code']} {line['case']}: ", f"{line['code']}: ", 1)
            for line in accounting["problems"]
        ]
        lines += [f"{note['code']}: {note['text']}" for note in self.audit.warnings]
        lines += [
            f"{error['code']}: {error['message'].partition(': ')[2]}"
            for error in accounting["checks"]["errors"]
        ]
        return tuple(dict.fromkeys(lines))

    def score(
        self,
        case: str,
        *,
        model: str = "unet",
        reference: str = "expert",
        metric: str = "dice",
        label: str = "",
    ) -> float | None:
        """Return the score of one case, of the first label if none is named; None: it has none."""
        about = (metric, model, reference, "who", case)
        keys = ("metric", "model", "reference", "attribute", "subgroup")
        rows = [row for row in self.audit.scores if tuple(row[key] for key in keys) == about]
        scores = [row["mean"] for row in rows if label in ("", row["label"])]
        return scores[0] if scores else None

    def is_right(self, case: str, *, model: str = "unet", reference: str = "expert") -> bool:
        """Return whether the Dice of a case is that of what was drawn."""
        one, other = self.drawn[case, model], self.drawn[case, reference]
        found = self.score(case, model=model, reference=reference)
        return found is not None and isclose(found, dice(one, other), abs_tol=1e-12)

    def left_out(self, place: str) -> dict[tuple[str, str], int]:
        """Return how many masks of which set are listed for which reason."""
        key = {"unreadable": "model", "excluded": "reference"}[place]
        return {
            (row[key], row["reason"]): row["n"]
            for row in self.audit.accounting[place]
            if row["attribute"] is None
        }

    def notes(self, code: str) -> dict[str, int]:
        """Return how many masks of which set a note counts; a set has one note of a code."""
        found = [(note["set"], note["n"]) for note in self.audit.warnings if note["code"] == code]
        assert len(found) == len(dict(found)), f"{code} is noted more than once for a set"
        return dict(found)

    def check_sums(self) -> None:
        """Assert that expected = scored + excluded, for all cases and for every subgroup."""
        accounting = self.audit.accounting
        for name, counts in accounting["references"].items():
            assert counts["expected"] == len(self.cases) == counts["scored"] + counts["n_excluded"]
            for attribute in (None, "sex", "who"):
                n_listed = sum(
                    row["n"]
                    for row in accounting["excluded"]
                    if (row["reference"], row["attribute"]) == (name, attribute)
                )
                assert n_listed == counts["n_excluded"], f"{name} by {attribute} does not add up"

    def played(self, beside: Collection[str]) -> Played:
        """Return what was said, and which cases `beside` the spoiled ones are not scored right."""
        self.check_sums()
        others = [case for case in self.cases if case not in beside]
        lost = {
            case
            for case in others
            for model, reference in PAIRS
            if not self.is_right(case, model=model, reference=reference)
        }
        n_scored = sum(self.score(case) is not None for case in self.cases)
        return Played(said=self.said, lost=frozenset(lost), scored=n_scored)
