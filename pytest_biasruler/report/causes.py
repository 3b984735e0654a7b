"""What the codes of lost masks and scores mean, in a few words."""

from __future__ import annotations

from pytest_biasruler.report.numbers import shown

_CAUSES = {
    "BR101": "no mask",
    "BR102": "empty file",
    "BR104": "file cut short",
    "BR105": "file damaged",
    "BR110": "mask too large",
    "BR111": "file holds more than it says",
    "BR112": "file holds less than it says",
    "BR113": "file format not accepted",
    "BR121": "prediction is the reference itself",
    "BR123": "file changed during the run",
    "BR124": "file cannot be read",
    "BR201": "no valid header",
    "BR215": "sheared grid: no distance in mm",
    "BR216": "no voxel size: no distance in mm",
    "BR220": "mask of another shape",
    "BR221": "mask lies elsewhere",
    "BR301": "not a mask of labels",
    "BR302": "mask holds undefined numbers",
    "BR303": "unexpected labels in the mask",
    "BR402": "link to another place",
    "BR404": "no row in the score table",
    "BR423": "score undefined",
    "BR801": "scoring broke off",
    "BR802": "scoring took too long",
    "BR803": "scoring needed too much memory",
}


def told_cause(code: object) -> str:
    """Return a code with what it means; those that are rare are told by their code alone.

    Examples
    --------
    >>> told_cause("BR101"), told_cause("BR207")
    ('no mask (BR101)', 'mask cannot be used (BR207)')
    """
    return f"{_CAUSES.get(str(code), 'mask cannot be used')} ({shown(code)})"
