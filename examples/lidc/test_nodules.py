"""The same questions in Python: run ``pytest test_nodules.py --biasruler=biasruler.toml``.

The first three tests pass. The last two fail, as they should: an ellipsoid is a bent ruler.
"""

from __future__ import annotations


def test_the_fourth_reader_sees_spiculated_nodules_as_well_as_smooth_ones(biasruler):
    biasruler.assert_gap("dice", by="spiculation", limit=0.05)


def test_masks_subgroups_and_scores_tell_of_the_same_cases(
    biasruler_masks, biasruler_subgroups, biasruler_scores
):
    case = biasruler_subgroups.index[0]
    expert, reader = biasruler_masks["expert", case], biasruler_masks["reader4", case]
    both = ((expert.voxels > 0) & (reader.voxels > 0)).sum()
    dice = 2 * both / ((expert.voxels > 0).sum() + (reader.voxels > 0).sum())
    row = biasruler_scores.query("case == @case and model == 'reader4' and reference == 'expert'")
    assert row["dice"].item() == dice
    assert expert.spacing_mm[2] >= expert.spacing_mm[0]


def test_no_subgroup_of_size_falls_below_the_floor(biasruler):
    biasruler.assert_floor("dice", by="size", limit=0.70)


def test_the_automated_reference_measures_every_shape_alike(biasruler):
    biasruler.assert_ruler("dice", by="spiculation", limit=0.02)


def test_the_automated_reference_shows_no_gap_either(biasruler):
    biasruler.assert_gap("dice", by="spiculation", limit=0.05, reference="automated")
