"""Whom the model serves. Limits are the decision of the team, in review like any other code."""

from __future__ import annotations


def test_lesions_in_dense_breasts_are_segmented_as_well(biasruler):
    biasruler.assert_gap("dice", by="density", limit=0.05)


def test_they_are_not_drawn_smaller(biasruler):
    biasruler.assert_gap("signed_volume_error", by="density", limit=0.15)


def test_every_density_is_segmented_well_enough(biasruler):
    biasruler.assert_floor("dice", by="density", limit=0.80)


def test_age_makes_no_difference(biasruler):
    biasruler.assert_gap("dice", by="age", limit=0.05)
