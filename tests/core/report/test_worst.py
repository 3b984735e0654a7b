from __future__ import annotations

from dataclasses import replace

from pytest_biasruler.report.worst import EMPTY, LEGEND, make_worst_cases

from .audit_example import AGES, gallery, gap_age, make_audit, ruler_age


def failing(finding, *, model="unet", subgroup=AGES[0], cases=slice(None)):
    shown = [{**case, "model": model} for case in gallery(subgroup)[cases]]
    return replace(finding, outcome="failed", details={**finding.details, "gallery": shown})


def worst(*findings):
    return make_worst_cases(replace(make_audit(), findings=findings))


def galleries(blocks):
    return [block for block in blocks if block.kind == "gallery"]


def test_findings_about_the_same_masks_share_one_gallery():
    other = replace(gap_age(), id="biasruler.toml::success[dice-age-unet]", check="success")
    blocks = worst(failing(gap_age()), failing(other, cases=slice(0, 2)))
    (shared,) = galleries(blocks)
    assert len(shared.tiles) == len(gallery(AGES[0])), "no case is drawn twice"
    assert shared.tiles[0].lines[-2:] == (
        "gap: among the worst (−0.020)",
        "success: among the worst (−0.020)",
    )
    headings = [block.text for block in blocks if block.kind == "heading"]
    assert headings == ["Age 0–40, masks of unet: 2 findings"]
    links = [link.text for b in blocks if b.kind == "paragraph" for link in b.links]
    assert links == ["gap[dice-age-unet]", "success[dice-age-unet]"]


def test_findings_about_other_models_or_subgroups_have_galleries_of_their_own():
    one = failing(gap_age())
    other_model = failing(replace(gap_age(), id="b::gap[2]"), model="vnet")
    other_group = failing(replace(gap_age(), id="b::gap[3]"), subgroup=AGES[1])
    assert len(galleries(worst(one, other_model, other_group))) == 3


def test_of_an_older_audit_that_names_no_model_every_finding_has_its_own_gallery():
    old = replace(gap_age(), details={**gap_age().details, "gallery": gallery(AGES[0])})
    blocks = worst(old, replace(old, id="b::gap[2]"))
    assert len(galleries(blocks)) == 2


def test_the_legend_stands_before_the_galleries_and_says_that_no_image_is_shown():
    first, *_ = worst(failing(gap_age()))
    assert first.text == LEGEND
    assert "never the image" in LEGEND


def test_without_failing_findings_with_masks_it_says_so():
    (block,) = worst(replace(ruler_age(), outcome="passed"))
    assert block.text == EMPTY
