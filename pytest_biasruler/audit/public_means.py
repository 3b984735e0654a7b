"""Whether a finding may tell means, shares and statuses: never of a few scored patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit.public_cells import SMALLEST, Cell, is_small
from pytest_biasruler.checks.finding import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.audit.disclosure import Disclosure
    from pytest_biasruler.audit.public_listed import Listed
    from pytest_biasruler.checks.finding import Finding

_OF_TWO_REFERENCES = ("ruler", "labels", "rectified")


def _losses(finding: Finding, listed: Listed) -> dict[str, int]:
    """Return how many patients of each subgroup of the metadata the finding is without."""
    own = {group.name: group for group in finding.groups}
    return {
        name: listed.lost(
            name,
            n_patients=own[name].n_patients if name in own else 0,
            n_cases=own[name].n_cases if name in own else 0,
        )
        for name in listed.names
    }


def is_complete(finding: Finding, listed: Listed) -> bool:
    """Return whether everybody of every subgroup of the metadata is in the finding.

    Of a finding without subgroups nobody can say.
    """
    losses = _losses(finding, listed)
    return bool(losses) and not listed.joined and not any(losses.values())


def may_tell_means(finding: Finding, disclosure: Disclosure, *, is_complete: bool) -> bool:
    """Return whether means of a finding are means of many, in each of its subgroups.

    The size of a subgroup in the metadata does not tell how many of it were scored. If they are
    1 to 10 anywhere, no mean is told, so that nobody sees where. Of two references, the mean of
    a difference and both means would give away those that only one of the two has.
    """
    if not disclosure.tells_means(finding):
        return False
    listed = disclosure.of(finding.by)
    for group in finding.groups:
        is_hidden = listed.cells.get(listed.names.get(group.name, "")) is Cell.SUPPRESSED
        if is_small(group.n_patients) and not is_hidden:
            return False
    if finding.check == "success":
        return is_complete and not hides_shares(_shares(finding))
    if finding.check in _OF_TWO_REFERENCES:
        return not any(map(is_small, _losses(finding, listed).values()))
    return True


def tells_no_size(finding: Finding, listed: Listed, *, edge: int) -> bool:
    """Return whether statuses leave open how many patients are lost, where some are.

    A subgroup of 21 that is judged from 20 on has lost none or one; one of 40 that is too small
    has lost most.
    """
    sizes = [listed.sizes.get(listed.names.get(group.name, "")) for group in finding.groups]
    return all(
        n is None or n >= edge + SMALLEST - 1
        for n, group in zip(sizes, finding.groups, strict=True)
        if group.status != Status.MISSING and n != 0
    ) and all(
        n is None or n == 0 or group.status in (Status.JUDGED, Status.MISSING)
        for n, group in zip(sizes, finding.groups, strict=True)
    )


def hides_shares(shares: Sequence[tuple[float | None, int | None]]) -> bool:
    """Return whether some share of so many patients, or the rest, stands for 1 to 10 of them.

    Examples
    --------
    >>> hides_shares([(0.5, 40), (1.0, 30)]), hides_shares([(0.5, 40), (0.9, 40)])
    (False, True)
    """
    return any(
        is_small(round(share * n, 6)) or is_small(round((1 - share) * n, 6))
        for share, n in shares
        if share is not None and n is not None
    )


def _shares(finding: Finding) -> list[tuple[float | None, int | None]]:
    return [(group.mean, group.n_patients) for group in finding.groups]
