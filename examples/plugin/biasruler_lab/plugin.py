"""The hooks. pytest imports this module at the start of every run, so it imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler import Audit, Mask, Metric, Section


def pytest_biasruler_metrics() -> Sequence[Metric]:
    """Add Boundary IoU: a share, 1 is best, and a miss scores 0."""
    from biasruler_lab.boundary import boundary_iou
    from pytest_biasruler import Metric

    return [
        Metric(
            name="boundary_iou",
            direction="higher",
            range=(0, 1),
            both_empty=1.0,
            one_empty=0.0,
            score=boundary_iou,
        )
    ]


def pytest_biasruler_mask_readers() -> Mapping[str, Callable[[Path], Mask]]:
    """Read run-length encoded masks, as annotation servers export them."""
    from biasruler_lab.rle import read_rle

    return {".rle": read_rle}


def pytest_biasruler_report_sections(audit: Audit) -> Sequence[Section]:
    """Show where overlap and boundary disagree about a gap, where both were asked for."""
    from biasruler_lab.agreement import compare_metrics, describe_rows
    from pytest_biasruler import Section

    pairs = compare_metrics(audit.findings)
    if not pairs:
        return []
    head, rows = describe_rows(pairs)
    paragraphs = [
        "The gaps of one model, once by the overlap of volumes and once by the agreement of "
        "boundaries. Dice forgives a rough boundary the more, the larger the object: a subgroup "
        "of small or ragged lesions may lose by one and not by the other."
    ]
    return [Section(title="Overlap and boundary", paragraphs=paragraphs, head=head, rows=rows)]


def pytest_biasruler_json(audit: Audit) -> Mapping[str, object]:
    """Keep with the audit what it needs to be read later: our version, and the band's width."""
    from biasruler_lab import __version__
    from biasruler_lab.agreement import compare_metrics
    from biasruler_lab.boundary import WIDTH_MM

    n_split = sum(pair.is_split for pair in compare_metrics(audit.findings))
    facts = {"version": __version__, "boundary_width_mm": WIDTH_MM, "n_split_verdicts": n_split}
    return {"biasruler_lab": facts}
