"""The same questions in Python: run ``pytest test_women.py --biasruler=biasruler.toml``.

The first four tests pass. The last five fail, as they should: that is what was planted.
"""

from __future__ import annotations


def test_the_model_of_the_experts_is_fair_by_the_experts(biasruler):
    biasruler.assert_gap("dice", by="age", model="by_expert", limit=0.05)


def test_and_stays_fair_when_lesion_volume_is_held_equal(biasruler):
    biasruler.assert_difficulty("dice", by="age", model="by_expert", difficulty=["log_volume_ml"])


def test_where_experts_labelled_everybody_the_rectified_gap_is_theirs(biasruler):
    gap = biasruler.check_gap("dice", by="age", model="by_expert")
    rectified = biasruler.check_rectified("dice", by="age", model="by_expert", labelled="random")
    assert rectified.estimate.value == gap.estimate.value
    biasruler.assert_rectified("dice", by="age", model="by_expert", labelled="random")


def test_pooling_the_sites_hides_a_gap(biasruler):
    transport = biasruler.check_transport("dice", by="ethnicity", baseline="B", model="by_expert")
    assert "pooling the sites turns it around" in transport.statement
    biasruler.assert_transport("dice", by="age", model="by_expert", limit=0.2)


def test_lesions_have_the_same_shape_at_every_age(biasruler):
    biasruler.assert_morphology(by="age", features=["log_volume_ml", "sphericity"])


def test_training_on_automated_labels_widens_no_gap(biasruler):
    biasruler.assert_amplification("dice", by="age")


def test_the_model_does_not_repeat_the_mistakes_of_its_labels(biasruler):
    biasruler.assert_echo(control="by_expert")


def test_the_automated_reference_puts_the_better_model_first(biasruler):
    biasruler.assert_ranking("dice", limit=0.02)


def test_the_automated_labels_are_good_enough_for_their_verdict(biasruler):
    biasruler.assert_noise("dice", by="age", model="by_expert")
