"""Sections 2 to 6, 9 and 10: what each must say, in words where there is nothing to show."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Fold, Items, Paragraph, Table
from pytest_biasruler.report.crossings import make_crossings
from pytest_biasruler.report.leads import lead_of
from pytest_biasruler.report.methods import methods_text, write_command
from pytest_biasruler.report.scores import MOST_OPEN, MOST_ROWS, make_scores
from pytest_biasruler.report.sources import list_sources
from pytest_biasruler.report.view import make_page

from .audit_example import (
    gap_age,
    make_audit,
    make_estimate,
    make_finding,
    make_group,
    ruler_age,
    with_checks,
)


def flat(blocks):
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from flat(block.blocks)


def words(block):
    if isinstance(block, Table):
        cells = (cell for row in block.rows for cell in row.cells)
        return [block.caption, *block.head, *(cell.text for cell in cells), block.note]
    return list(getattr(block, "texts", ())) or [getattr(block, "text", "")]


def text_of(audit, number):
    blocks = flat(make_page(audit).parts[number - 1].blocks)
    return " | ".join(text for block in blocks for text in words(block))


def table_of(audit, number, caption):
    blocks = flat(make_page(audit).parts[number - 1].blocks)
    table = next(b for b in blocks if isinstance(b, Table) and b.caption == caption)
    return [[cell.text for cell in row.cells] for row in table.rows]


SOURCES = {"expert": 30, "automated_only": 10, "none": 0}


def with_sources(audit, **by_group):
    groups = [
        {**group, "sources": by_group.get(group["name"], SOURCES)}
        for group in audit.attributes["age"]["subgroups"]
    ]
    return replace(audit, attributes={"age": {**audit.attributes["age"], "subgroups": groups}})


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 9, 10])
def test_each_section_begins_with_one_sentence_for_those_who_read_no_more(number):
    first = make_page(make_audit()).parts[number - 1].blocks[0]
    assert isinstance(first, Paragraph)
    assert first.tone == "lead"
    assert first.text.endswith(".")


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (
            "What was audited",
            "the model unet, measured against 1 expert reference",
        ),
        ("Subgroups", "hawaiian/pacific islander of ethnicity cannot be judged: too few patients"),
        ("The ruler", "fewest of ethnicity caucasian, 81 %."),
        (
            "Accounting",
            "not scored by expert; dice of unet is undefined in 2 cases; 1 prediction could not",
        ),
        ("Scores by subgroup", "runs from 0.700 (age 0–40) to 0.812 (age 56–120)."),
        ("Limits of this audit", "4 checks could not be decided, 2 attributes were not asked"),
    ],
)
def test_the_sentence_holds_what_a_clinician_would_ask(title, told):
    audit = make_audit()
    audit = replace(audit, accounting={**audit.accounting, "reference": "expert"})
    assert told in lead_of(audit, title)


def test_what_is_not_declared_is_said_in_words_and_never_left_blank():
    audit = make_audit()
    audit = replace(
        audit,
        models={"unet": {"trained_on": None, "digest": None}},
        settings={**audit.settings, "run_date": None},
    )
    told = text_of(audit, 2)
    assert "commit: not stated, no CI system named one" in told
    assert "unet | not stated | none: no masks, only scores" in told
    assert "date of the run: not stated" in told


def test_section_2_tells_commit_policy_and_guard():
    audit = make_audit()
    audit = replace(audit, settings={**audit.settings, "commit": "3f9c2a1b"})
    told = text_of(audit, 2)
    assert "commit: 3f9c2a1b" in told
    assert "confident-fail: a check fails only if it is surely beyond its limit" in told
    assert re.search(r"support: .*the range of all scores in \d+ checks", told)


def test_the_missing_subgroup_has_its_mean_where_one_is_known():
    audit = make_audit()
    score = {**audit.scores[0], "attribute": "ethnicity", "subgroup": "missing", "mean": 0.7521}
    audit = replace(audit, scores=(*audit.scores, score))
    told = text_of(audit, 3)
    assert "They are not judged; their means: Dice 0.752 (unet by automated)." in told
    judged = {**audit.attributes["ethnicity"], "judge_missing": True}
    audit = replace(audit, attributes={"ethnicity": judged})
    assert "They are judged like the others" in text_of(audit, 3)


def test_a_subgroup_says_whether_it_was_judged():
    rows = {row[0]: row[-1] for row in table_of(make_audit(), 3, "Subgroups of ethnicity")}
    assert rows["hawaiian/pacific islander"] == "too small to judge"
    assert rows["native american"] == "declared, but empty"
    unasked = replace(make_audit(), findings=())
    assert table_of(unasked, 3, "Subgroups of age")[0][-1] == "no check asks"


def test_standings_that_differ_between_checks_are_both_told():
    large, small = make_group("0–40", 41, 0.7, 0.1), make_group("0–40", 41, 0.7, 0.1, "too small")
    found = (make_finding(id="a", groups=(large,)), make_finding(id="b", groups=(small,)))
    rows = table_of(replace(make_audit(), findings=found), 3, "Subgroups of age")
    assert rows[0][-1] == "it depends on the check: judged, too small to judge"


def test_who_made_a_reference_when_and_with_what_is_told():
    audit = make_audit()
    made = {"made_by": "3 radiologists", "made_on": "2023-05", "made_with": "ITK-SNAP 4"}
    audit = replace(audit, references={"expert": {**audit.references["expert"], **made}})
    assert table_of(audit, 4, "Who made each reference") == [
        ["expert", "expert", "300", "6", "3 radiologists", "2023-05", "ITK-SNAP 4"]
    ]


def test_labels_by_subgroup_need_no_provenance_check():
    audit = with_sources(replace(make_audit(), findings=(gap_age(),)))
    rows = table_of(audit, 4, "Labels by subgroup, share of cases")
    assert rows[0] == ["0–40", "age", "40", "75.0 %", "25.0 %", "0 %"]
    whole = {"expert": 5, "automated_only": 0, "none": 0}
    audit = with_sources(audit, **{row[0]: whole for row in rows})
    assert "Every case of every subgroup of age has an expert label." in text_of(audit, 4)
    assert "Labels by subgroup, share" not in text_of(audit, 4)


def test_where_nobody_counted_labels_that_is_said():
    audit = replace(make_audit(), findings=(gap_age(),))
    assert "Which labels each subgroup has: not known to this audit." in text_of(audit, 4)


@pytest.mark.parametrize(
    ("teacher", "told"),
    [
        ("automated", "unet: yes, it was trained on automated."),
        ("expert", "unet: not by training, which was on expert."),
        (None, "unet: not stated. What it was trained on is not declared"),
    ],
)
def test_whether_model_and_automated_labels_are_related_is_told(teacher, told):
    audit = replace(make_audit(), models={"unet": {"trained_on": teacher, "digest": None}})
    assert told in text_of(audit, 4)


def test_measured_closeness_stands_beside_the_declared_one():
    ruler = ruler_age()
    details = {**ruler.details, "near_twins": True, "leakage": {"identical_share": 0.021}}
    audit = replace(make_audit(), findings=(replace(ruler, details=details),))
    told = text_of(audit, 4)
    assert "2.1 % of its masks are identical to them." in told
    assert "It agrees with them more than either agrees with the experts." in told


def test_without_an_automated_reference_nothing_can_be_related_to_one():
    audit = make_audit()
    audit = replace(audit, references={"expert": audit.references["expert"]})
    assert "No reference is automated" in text_of(audit, 4)


def test_subgroups_that_lost_nobody_stand_beside_those_that_did():
    rows = table_of(make_audit(), 5, "Excluded of each subgroup")
    assert ["0–40", "age", "expert", "4", "8.9 %"] in rows
    assert ["native american", "ethnicity", "expert", "0", "–"] in rows, "0 of 0 is no share"


def test_checks_that_did_not_run_are_named_and_no_pass():
    error = {"id": "b.toml::gap[x]", "code": "BR503", "message": "no mask"}
    audit = with_checks(make_audit(), missing=1, errors=[error])
    blocks = list(flat(make_page(audit).parts[4].blocks))
    assert "could not run (errors) | 1" in text_of(audit, 5)
    assert "A check that never reported" in text_of(audit, 5)
    assert [link.text for b in blocks for link in getattr(b, "links", ())] == ["gap[x]"]


def test_references_stand_side_by_side_and_only_the_first_tables_are_open():
    score = make_audit().scores[0]
    models = [f"m{n}" for n in range(MOST_OPEN + 2)]
    scores = [
        {**score, "model": model, "reference": by}
        for model in models
        for by in ("expert", "automated")
    ]
    audit = replace(make_audit(), models={name: {} for name in models}, scores=tuple(scores))
    blocks = make_scores(audit)
    tables = [block for block in blocks if isinstance(block, Table)]
    folds = [block for block in blocks if isinstance(block, Fold)]
    assert (len(tables), len(folds)) == (MOST_OPEN, 2)
    assert len([block for block in blocks if block.kind == "figure"]) == MOST_OPEN
    assert tables[0].head[3:6] == ("mean: expert", "mean: automated", "sd: expert")


def test_two_counts_are_told_where_references_cover_different_cases():
    first, second = make_audit().scores[0], make_audit().scores[3]
    audit = replace(make_audit(), scores=(first, {**second, "n_cases": 30, "n_patients": 30}))
    table = next(block for block in make_scores(audit) if isinstance(block, Table))
    assert [cell.text for cell in table.rows[0].cells[1:3]] == ["41/30", "41/30"]


def test_numbers_that_no_row_has_take_no_column():
    scores = tuple(
        {**s, "worst_tenth": None, "above_threshold": None} for s in make_audit().scores
    )
    table = next(b for b in make_scores(replace(make_audit(), scores=scores)) if b.kind == "table")
    assert not [head for head in table.head if "tenth" in head or "above" in head]


def test_the_section_of_scores_stays_light_whatever_is_scored():
    score = make_audit().scores[0]
    scores = [
        {**score, "metric": f"m{n}", "subgroup": f"g{k}"} for n in range(20) for k in range(20)
    ]
    blocks = list(flat(make_scores(replace(make_audit(), scores=tuple(scores)))))
    n_rows = sum(len(block.rows) for block in blocks if isinstance(block, Table))
    assert n_rows == MOST_ROWS
    (note,) = [b.text for b in blocks if "Left out" in getattr(b, "text", "")]
    assert note.startswith("Left out to keep this page light: ")
    assert "and 9 more" in note


def test_a_figure_of_means_says_between_what_they_lie():
    figure = next(block for block in make_scores(make_audit()) if block.kind == "figure")
    assert figure.words.title == (
        "By expert, mean Dice of unet lies between 0.700 (age 0–40) and 0.812 (age 56–120)."
    )


CROSSING = {
    "by": ["age", "sex"],
    "metric": "dice",
    "n_cells": 4,
    "n_too_small": 1,
    "means": [
        {
            "label": "",
            "model": "unet",
            "reference": "expert",
            "subgroup": f"0–40 × {sex}",
            "n_cases": 30,
            "n_patients": 25,
            "mean": mean,
        }
        for sex, mean in (("F", 0.61), ("M", 0.72))
    ],
}


def test_the_worst_cell_of_two_attributes_is_told_as_a_description():
    audit = make_audit()
    accounting = {**audit.accounting, "reference": "expert"}
    audit = replace(audit, crossings=(CROSSING,), accounting=accounting)
    _, sentence, fold = make_crossings(audit)
    assert sentence.text == (
        "age × sex: unet does worst in 0–40 × F (Dice 0.610, 25 patients); 1 of 4 cells too small."
    )
    assert [len(block.rows) for block in fold.blocks] == [2]
    public = replace(audit, settings={**audit.settings, "public": True})
    (told,) = make_crossings(public)
    assert told.text == "Not told in public: such cells are small."


def test_the_nearest_value_that_would_fail_lies_on_the_failing_side():
    floor = make_finding("floor", id="f", limit=0.7, details={"better_above": True})
    ratio = make_finding(
        "success", id="s", limit=0.8, min_detectable=0.16, details={"better_above": True}
    )
    audit = replace(make_audit(), findings=(gap_age(), floor, ratio))
    rows = table_of(audit, 9, "What each check could show")
    assert [row[1] for row in rows] == ["0.091", "0.659", "0.640"]


def test_an_open_check_points_to_its_plan_and_a_decided_one_needs_nothing():
    open_one = make_finding(
        id="o", verdict=Verdict.INCONCLUSIVE, reason="borderline", details={"plan": {"queue": []}}
    )
    audit = replace(make_audit(), findings=(open_one, gap_age()))
    needed = [row[-1] for row in table_of(audit, 9, "What each check could show")]
    assert needed == ["see What to label next", "it has one"]


def test_level_family_and_alpha_are_told_with_their_numbers():
    told = text_of(make_audit(), 9)
    assert "Each bound is wrong in at most 5 % of benchmarks" in told
    assert re.search(r"\d+ checks in one family", told)
    alone = replace(make_audit(), findings=(gap_age(),))
    assert "No adjustment between checks" in text_of(alone, 9)


def test_the_digest_of_the_page_is_that_of_the_file(tmp_path):
    audit = make_audit()
    (tmp_path / "audit.json").write_text(audit.to_json(), encoding="utf-8")
    digest = hashlib.sha256((tmp_path / "audit.json").read_bytes()).hexdigest()
    assert f"was made from: {digest}" in text_of(audit, 10)


def test_the_command_can_be_typed_as_it_stands():
    command = write_command(replace(make_audit(), findings=(gap_age(),)))
    assert command == (
        "pytest biasruler.toml --biasruler-policy=confident-fail --biasruler-json=audit.json "
        "--biasruler-html=audit.html"
    )
    odd = replace(gap_age(), id="my study/$(x) b.toml::gap[a]", policy="point")
    words_of = shlex.split(write_command(replace(make_audit(), findings=(odd, gap_age()))))
    assert words_of[:3] == ["pytest", "my study/$(x) b.toml", "biasruler.toml"]
    assert not [word for word in words_of if "policy" in word], "it would override the file's own"


def test_the_methods_hold_the_numbers_of_this_audit():
    audit = make_audit()
    audit = replace(audit, benchmark={**audit.benchmark, "min_patients": 25})
    told = " ".join(methods_text(audit))
    assert "306 cases of 306 patients" in told
    assert "2 ruler (limit 0.020 or 0.030)" in told
    assert "fewer than 25 patients" in told
    assert "follow the policy confident-fail" in told


def test_only_sources_of_methods_that_were_used_are_listed():
    few = list_sources([make_finding(p_fail_holm=None)])
    assert not [source for source in few if "Holm" in source or "Fieller" in source]
    many = list_sources([ruler_age(), gap_age(), make_finding("echo", metric="hd95_mm")])
    for name in ("Holm", "Fieller", "Mantel", "Nikolov"):
        assert any(source.startswith(name) for source in many), name
    assert all("doi:" in source or "arXiv:" in source or "Holm" in source for source in many)


def test_warnings_are_told_or_that_there_are_none():
    audit = replace(make_audit(), warnings=())
    assert "| None. |" in text_of(audit, 10)
    assert lead_of(audit, "Warnings, methods, data").startswith("Nothing was noted")


def test_an_estimate_is_needed_for_power():
    fact = make_finding("provenance", estimate=None)
    told = text_of(replace(make_audit(), findings=(fact,)), 9)
    assert "No check had an estimate, so none could show anything." in told


def test_the_guard_of_a_check_that_is_a_fact_is_not_listed():
    fact = make_finding("provenance", estimate=None, support="none")
    found = (fact, make_finding(estimate=make_estimate(0.1, 0.0, 0.2), support="bounds"))
    told = text_of(replace(make_audit(), findings=found), 2)
    assert "the range of the metric in 1 check | " in told
    assert isinstance(make_page(make_audit()).parts[8].blocks[1], Items)


def test_in_public_a_column_of_cases_without_a_count_is_left_out():
    audit = make_audit()
    scores = tuple({**score, "n_cases": None} for score in audit.scores)
    table = next(b for b in make_scores(replace(audit, scores=scores)) if isinstance(b, Table))
    assert table.head[:3] == ("subgroup", "patients", "mean: expert")
    assert [cell.text for cell in table.rows[0].cells[:3]] == ["age 0–40", "41", "0.700"]


def test_an_edge_that_is_not_told_is_not_called_the_last_one():
    audit = make_audit()
    assert "Cut at 0, 41, 56, 120 as edges" in text_of(audit, 3)
    joined = {**audit.attributes["age"], "bins": [0, 41, 56]}
    audit = replace(audit, attributes={"age": joined})
    assert "Cut at 0, 41, 56 and above: a value on an edge counts upwards." in text_of(audit, 3)
