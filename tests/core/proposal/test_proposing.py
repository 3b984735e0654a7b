from __future__ import annotations

import json
import re
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.places import bind_places
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.errors import BiasRulerError, holds_controls
from pytest_biasruler.proposal.proposing import propose
from tests.core.proposal.folders import (
    HEADER,
    case_names,
    touch,
    write_people,
    write_table,
)

EXPERT, AUTO, UNET = (f"{name}/{{case}}.nii.gz" for name in ("expert", "automatic", "pred/unet"))


def accepted(folder, text=None):
    """Return the proposal as the reader of benchmark files and tables takes it."""
    path = folder / "biasruler.toml"
    path.write_text(propose(folder).text if text is None else text, encoding="utf-8")
    benchmark = Benchmark.from_file(path, environ={})
    path.unlink()
    cut_all(benchmark, read_metadata(benchmark))
    assert declare_checks(benchmark), "a file that asks nothing is refused when it is run"
    return benchmark


def templates(benchmark):
    sets = (*benchmark.references, *benchmark.models)
    return {each.name: each.masks for each in sets}


def kinds(benchmark):
    return {each.name: each.kind.value for each in benchmark.references}


def asked(benchmark):
    return {check.check for check in benchmark.checks}


@pytest.fixture
def women(tmp_path):
    write_people(tmp_path / "clinical.csv")
    touch(tmp_path, EXPERT, AUTO, UNET)
    return tmp_path


def test_folders_named_by_who_drew_the_masks_are_told_apart(women):
    benchmark = accepted(women)

    assert templates(benchmark) == {"expert": EXPERT, "automated": AUTO, "unet": UNET}
    assert kinds(benchmark) == {"expert": "expert", "automated": "automated"}
    assert asked(benchmark) == {"gap", "ruler", "labels", "provenance"}
    assert [each.name for each in benchmark.attributes] == ["age", "sex"]
    assert (benchmark.metadata, benchmark.case) == ("clinical.csv", "case")


def test_each_guess_is_said_above_what_was_guessed(women):
    lines = propose(women).text.splitlines()

    at = lines.index("[references.expert]")
    above = " ".join(lines[at - 2 : at])
    assert "Guessed from the name; change kind if a machine drew these masks." in above
    assert "60 of 60" in above


def test_all_choices_of_a_proposal_are_valid_lines(women):
    touch(women, "pred/by_expert/{case}.nii.gz", "pred/by_auto/{case}.nii.gz")
    touch(women, "reader2/{case}.nii.gz", cases=case_names(50))
    text = propose(women).text
    chosen = re.sub(r"(?m)^#(?=\S)", "", text)
    # A second expert reference asks of each check which one it means, as its comment says.
    before, _, after = chosen.partition("[references.reader2]")
    without = (
        before
        + after.partition("[references.automated]")[1]
        + after.partition("[references.automated]")[2]
    )

    benchmark = accepted(women, without)

    assert {"echo", "amplification", "ranking", "noise", "success", "floor"} <= asked(benchmark)
    assert {"difficulty", "morphology"} <= asked(benchmark)
    trained = {model.name: model.trained_on for model in benchmark.models}
    assert trained == {"by_auto": "automated", "by_expert": "expert", "unet": None}


def test_the_same_folder_gives_the_same_text_whatever_was_written_first(tmp_path):
    texts = []
    for number, order in enumerate(([EXPERT, AUTO, UNET], [UNET, AUTO, EXPERT])):
        folder = tmp_path / str(number) / "women"
        touch(folder, *order, cases=case_names()[:: 1 - 2 * number])
        write_people(folder / "clinical.csv")
        texts.append(propose(folder))
    assert texts[0] == texts[1] == propose(tmp_path / "0" / "women")


def test_a_folder_in_the_layout_of_mama_mia_needs_no_references(tmp_path):
    touch(tmp_path, *(f"segmentations/{name}/{{case}}.nii.gz" for name in ("expert", "automatic")))
    touch(tmp_path, "predictions/a/{case}.nii.gz")
    rows = [(name, 40 + i) for i, name in enumerate(case_names())]
    write_table(tmp_path / "clinical_and_imaging_info.csv", ["patient_id", "age"], rows)

    text = propose(tmp_path).text
    benchmark = accepted(tmp_path, text)

    assert 'layout = "mama-mia"' in text
    assert "\n[references." not in text
    assert kinds(benchmark) == {"expert": "expert", "automated": "automated"}
    assert benchmark.patient == "patient_id"


def nnunet(root, *folders, labels=None):
    described = {"labels": labels or {"background": 0, "a": 1, "b": 2}, "file_ending": ".nii.gz"}
    (root / "dataset.json").write_text(json.dumps(described))
    for folder in folders:
        ending = "_0000" if folder.startswith("images") else ""
        touch(root, f"{folder}/{{case}}{ending}.nii.gz")
    write_people(root / "metadata.csv")


def test_a_dataset_of_nnunet_takes_its_labels_from_its_description(tmp_path):
    nnunet(tmp_path, "imagesTr", "labelsTr", "predictions")

    benchmark = accepted(tmp_path)

    assert 'layout = "nnunet"' in propose(tmp_path).text
    assert templates(benchmark) == {
        "expert": "labelsTr/{case}.nii.gz",
        "predictions": "predictions/{case}.nii.gz",
    }
    assert benchmark.labels == {"a": (1,), "b": (2,)}


def test_of_training_and_test_labels_those_are_taken_that_were_predicted(tmp_path):
    nnunet(tmp_path)
    touch(tmp_path, "labelsTr/{case}.nii.gz", cases=case_names()[:40])
    touch(tmp_path, "labelsTs/{case}.nii.gz", "pred/m/{case}.nii.gz", cases=case_names()[40:])

    benchmark = accepted(tmp_path)

    assert templates(benchmark)["expert"] == "labelsTs/{case}.nii.gz"
    assert benchmark.labels == {"a": (1,), "b": (2,)}


def test_a_description_that_cannot_be_used_is_left_out(tmp_path):
    nnunet(tmp_path, "labelsTr", "predictions", labels={"background": 0})

    assert "layout" not in propose(tmp_path).text
    assert accepted(tmp_path).labels == {}


@pytest.mark.parametrize("auto", ["labelsAuto", "labelsTs_automated", "labelsTs_nnunet_auto"])
def test_an_ordinary_folder_of_nnunet_gets_references_model_labels_and_what_to_ignore(
    tmp_path, auto
):
    labels = {"background": 0, "whole": [1, 2], "core": 2, "ignore": 3}
    nnunet(tmp_path, "imagesTs", "labelsTs", auto, "predictions", labels=labels)
    for name in ("dataset", "plans", "predict_from_raw_data_args", "summary"):
        (tmp_path / "predictions" / f"{name}.json").write_text("{}")

    benchmark = accepted(tmp_path)

    assert kinds(benchmark) == {"expert": "expert", "automated": "automated"}
    assert templates(benchmark) == {
        "expert": "labelsTs/{case}.nii.gz",
        "automated": f"{auto}/{{case}}.nii.gz",
        "predictions": "predictions/{case}.nii.gz",
    }
    assert benchmark.labels == {"whole": (1, 2), "core": (2,)}
    assert benchmark.ignore == 3
    assert asked(benchmark) == {"gap", "ruler", "labels", "provenance"}


def test_the_validation_folder_of_a_training_is_a_model(tmp_path):
    nnunet(tmp_path, "labelsTr")
    folder = "nnUNet_results/Dataset001_X/nnUNetTrainer__nnUNetPlans__3d_fullres/fold_0/validation"
    touch(tmp_path, f"{folder}/{{case}}.nii.gz")
    (tmp_path / folder / "summary.json").write_text("{}")

    benchmark = accepted(tmp_path)

    assert kinds(benchmark) == {"expert": "expert"}
    assert [each.masks for each in benchmark.models] == [f"{folder}/{{case}}.nii.gz"]


@pytest.mark.parametrize("ending", [".nrrd", ".mha", ".mhd", ".nhdr"])
def test_masks_of_every_format_that_needs_no_extra_are_found(tmp_path, ending):
    write_people(tmp_path / "clinical.csv")
    touch(tmp_path, *(f"{name}/{{case}}{ending}" for name in ("expert", "auto", "pred/unet")))

    assert templates(accepted(tmp_path)) == {
        "expert": f"expert/{{case}}{ending}",
        "automated": f"auto/{{case}}{ending}",
        "unet": f"pred/unet/{{case}}{ending}",
    }


def visits(root, *, rows=None):
    """Write masks in folders by person and visit, each with a scan of its own name."""
    people = [(f"p{n // 2:02d}", f"v{n % 2}") for n in range(120)]
    rows = rows or [(f"scan{n:03d}", *who, 20 + n // 2) for n, who in enumerate(people)]
    write_table(root / "scans.csv", ["scan", "participant", "visit", "age"], rows)
    for n, (person, visit) in enumerate(people):
        for name in ("expert", "pred/unet"):
            touch(root, f"{name}/{person}/{visit}/{{case}}.nii.gz", cases=[f"scan{n:03d}"])


def test_folders_that_are_cells_of_the_table_become_columns_of_the_template(tmp_path):
    visits(tmp_path)

    benchmark = accepted(tmp_path)
    bound = bind_places(benchmark, read_metadata(benchmark))

    assert templates(benchmark) == {
        "expert": "expert/{participant}/{visit}/{case}.nii.gz",
        "unet": "pred/unet/{participant}/{visit}/{case}.nii.gz",
    }
    assert all((tmp_path / path).is_file() for path in bound.references[0].masks.values())


def test_a_column_with_a_cell_that_names_no_folder_is_not_put_into_a_template(tmp_path):
    people = [(f"p{n // 2:02d}", f"v{n % 2}") for n in range(120)]
    rows = [(f"scan{n:03d}", *who, 20 + n // 2) for n, who in enumerate(people)]
    visits(tmp_path, rows=[*rows, ("scan999", "", "v1", 44)])

    assert all("{participant}" not in each for each in templates(accepted(tmp_path)).values())


def bids(root, *, describe=True):
    cases = [f"sub-{name}" for name in case_names()]
    rows = [(case, 30 + i % 60, "n/a" if i < 3 else "FM"[i % 2]) for i, case in enumerate(cases)]
    write_table(root / "participants.tsv", ["participant_id", "age", "sex"], rows)
    touch(root, "{case}/anat/{case}_T1w.nii.gz", cases=cases)
    names = (f"derivatives/{name}" for name in ("expert", "auto", "unet"))
    masks = (f"{name}/{{case}}/anat/{{case}}_desc-tumor_mask.nii.gz" for name in names)
    touch(root, *masks, cases=cases)
    if describe:
        (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')


def test_derivatives_of_bids_are_references_and_models(tmp_path):
    bids(tmp_path)

    benchmark = accepted(tmp_path)

    assert 'layout = "bids"' in propose(tmp_path).text
    assert kinds(benchmark) == {"expert": "expert", "automated": "automated"}
    assert templates(benchmark)["unet"] == (
        "derivatives/unet/{case}/anat/{case}_desc-tumor_mask.nii.gz"
    )
    assert all("n/a" in each.missing for each in benchmark.attributes)
    assert (benchmark.case, benchmark.patient) == ("participant_id", "participant_id")


def test_derivatives_without_a_description_are_plain_folders(tmp_path):
    bids(tmp_path, describe=False)

    assert "layout" not in propose(tmp_path).text
    assert len(templates(accepted(tmp_path))) == 3


def test_labels_that_a_benchmark_file_cannot_hold_cost_the_layout_not_the_proposal(tmp_path):
    nnunet(tmp_path, "labelsTr", "predictions", labels={"background": 0, "": 1})

    assert "layout" not in propose(tmp_path).text
    assert templates(accepted(tmp_path))["expert"] == "labelsTr/{case}.nii.gz"


def test_experts_who_drew_a_part_of_the_masks_are_told(tmp_path):
    write_people(tmp_path / "clinical.csv")
    touch(tmp_path, AUTO, UNET)
    touch(tmp_path, EXPERT, cases=case_names(30))

    proposal = propose(tmp_path)

    assert 'labelled = "random"' in proposal.text
    assert any("mask of the expert reference expert: 30." in each for each in proposal.notes)
    assert "Cases with a mask of every set that is asked about: 30." in proposal.notes


def test_spellings_and_fillers_stand_in_the_file(women):
    rows = [
        (name, ("F", "M", "M", "F", "f", "n/a")[i % 6], ("90+", "44", "51", "62")[i % 4])
        for i, name in enumerate(case_names())
    ]
    write_table(women / "clinical.csv", ["case", "sex", "age"], rows)

    proposal = propose(women)
    benchmark = accepted(women, proposal.text)

    sex = next(each for each in benchmark.attributes if each.name == "sex")
    assert (sex.merge, sex.missing) == ({"F": ("f",)}, ("", "n/a"))
    assert "Guessed to mean not recorded" in proposal.text


def test_ages_that_cannot_be_binned_are_told_by_their_column(women):
    rows = [(name, f"{20 + i}y", "FM"[i % 2]) for i, name in enumerate(case_names())]
    write_table(women / "clinical.csv", ["case", "age", "sex"], rows)
    notes = propose(women).notes
    assert any("cannot be cut as they are" in note and '"age"' in note for note in notes)


def test_a_score_table_that_is_named_is_taken(women):
    for name, model in (("a.csv", "a"), ("b.csv", "b")):
        write_table(women / name, SCORED, scores_of(model))
    assert any("a.csv holds scores" in note for note in propose(women).notes)
    (women / "expert").rename(women / ".expert")
    (women / "automatic").rename(women / ".automatic")
    (women / "pred").rename(women / ".pred")
    proposal = propose(women, table=women / "b.csv")
    assert templates(accepted(women, proposal.text)) == dict.fromkeys(("expert", "automated", "b"))


def test_more_references_of_a_score_table_are_choices(tmp_path):
    references = ("expert", "expert2", "automated", "odd")
    write_table(tmp_path / "s.csv", SCORED, scores_of("a", references=references))
    write_people(tmp_path / "clinical.csv")
    text = propose(tmp_path).text
    assert set(kinds(accepted(tmp_path, text))) == {"expert", "automated"}
    assert "#[references.expert2]" in text
    assert "#[references.odd]" in text


def test_of_several_organs_one_is_proposed_and_the_others_are_told(tmp_path):
    for organ in ("lungs", "heart"):
        names = ("hybridgnet", "expert1", "expert2")
        touch(tmp_path, *(f"{organ}/{name}/{{case}}.nii.gz" for name in names))
    write_people(tmp_path / "metadata.csv")

    proposal = propose(tmp_path)
    benchmark = accepted(tmp_path, proposal.text)

    assert templates(benchmark) == {
        "expert": "heart/expert1/{case}.nii.gz",
        "hybridgnet": "heart/hybridgnet/{case}.nii.gz",
    }
    assert "Taken for predictions" in proposal.text
    assert any("lie in lungs, too" in note for note in proposal.notes)


def test_masks_of_whom_nobody_can_tell_who_drew_them_count_as_automated(tmp_path):
    touch(tmp_path, "masks/{case}.nii.gz", UNET)
    write_people(tmp_path / "clinical.csv")

    proposal = propose(tmp_path)
    benchmark = accepted(tmp_path, proposal.text)

    assert kinds(benchmark) == {"automated": "automated"}
    assert asked(benchmark) == {"gap", "provenance"}
    assert any("No expert reference could be told apart" in note for note in proposal.notes)
    assert "Nothing in the name says who drew these masks" in proposal.text


def test_a_folder_that_could_be_either_is_a_question_beside_masks_that_are_told(women):
    touch(women, "masks/{case}.nii.gz")

    text = propose(women).text

    assert "masks" not in templates(accepted(women, text))
    assert "#[references.masks]" in text
    assert "Are these expert masks, automated ones, or predictions?" in text


def test_where_no_model_is_one_of_several_experts_stands_in(tmp_path):
    touch(tmp_path, *(f"rater{n}/{{case}}.nii.gz" for n in (1, 2, 3)))
    write_people(tmp_path / "clinical.csv")

    text = propose(tmp_path).text
    benchmark = accepted(tmp_path, text)

    assert templates(benchmark) == {
        "expert": "rater1/{case}.nii.gz",
        "rater3": "rater3/{case}.nii.gz",
    }
    assert "This expert stands in for a model" in text
    assert "#[references.rater2]" in text


@pytest.mark.parametrize(
    ("template", "column"),
    [
        ("data/{case}/expert.nii.gz", "c000"),
        ("{case}/{case}_expert.nii.gz", "c000"),
        ("masks/{case}_expert.nii", "c000"),
        ("expert/case_{case}.nii.gz", "0000"),
        ("sub-{case}/anat/sub-{case}_desc-manual_mask.nii.gz", "c000"),
    ],
)
def test_names_of_cases_are_found_within_names_of_files_and_folders(tmp_path, template, column):
    cases = [f"{column[:-2]}{i:02d}" for i in range(50)]
    touch(
        tmp_path,
        template,
        template.replace("expert", "auto").replace("manual", "auto"),
        cases=cases,
    )
    write_people(tmp_path / "participants.tsv", cases=cases)

    benchmark = accepted(tmp_path)

    assert templates(benchmark)["expert"] == template
    assert set(kinds(benchmark)) == {"expert", "automated"}


def test_the_table_and_the_column_that_name_most_masks_are_taken(women):
    rows = [(f"x{i}", f"p{i // 2}", name, "AB"[i % 2]) for i, name in enumerate(case_names())]
    header = ["row", "patient_id", "file", "site"]
    (women / "clinical.csv").unlink()
    write_table(women / "other.csv", ["case", "age"], [(f"c{i:03d}", i) for i in range(5)])
    write_table(women / "tables" / "all.csv", header, rows)

    benchmark = accepted(women)

    assert (benchmark.metadata, benchmark.case) == ("tables/all.csv", "file")
    assert (benchmark.patient, benchmark.site) == ("patient_id", "site")


def test_a_table_that_is_named_is_taken(women):
    other = write_people(women / "zz.csv", cases=case_names(50))

    proposal = propose(women, table=other)

    assert accepted(women, proposal.text).metadata == "zz.csv"


@pytest.mark.parametrize("place", ["women/audit/first.toml", "first.toml", "a/b/first.toml"])
def test_a_file_that_lies_elsewhere_names_the_folder(tmp_path, place):
    write_people(tmp_path / "women" / "clinical.csv")
    touch(tmp_path / "women", EXPERT, UNET)
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)

    file.write_text(propose(tmp_path / "women", file=file).text, encoding="utf-8")

    benchmark = Benchmark.from_file(file, environ={})
    assert benchmark.root.resolve() == tmp_path / "women"
    assert len(read_metadata(benchmark).cases) == 60


def test_a_folder_that_looks_like_a_variable_cannot_be_named_from_elsewhere(tmp_path):
    folder = tmp_path / "${HOME}"
    write_people(folder / "clinical.csv")
    touch(folder, EXPERT, UNET)
    assert refused(folder, file=tmp_path / "first.toml").code == "BR401"
    assert propose(folder).text


def scores_of(*models, references=("expert", "automated")):
    pairs = [*((model, reference) for model in models for reference in references)]
    if "automated" in references and "expert" in references:
        pairs.append(("automated", "expert"))
    return [
        (case, model, reference, 0.8 + 0.001 * i, i)
        for i, case in enumerate(case_names())
        for model, reference in pairs
    ]


SCORED = ("case", "model", "reference", "dice", "clicks")


def test_a_score_table_needs_no_masks(tmp_path):
    write_table(tmp_path / "scores.csv", SCORED, scores_of("a", "b"))
    write_people(tmp_path / "clinical.csv")

    text = propose(tmp_path).text
    benchmark = accepted(tmp_path, text)

    assert kinds(benchmark) == {"expert": "expert", "automated": "automated"}
    assert [model.name for model in benchmark.models] == ["a", "b"]
    assert asked(benchmark) == {"gap", "ruler", "labels", "provenance"}
    assert "#[metrics.clicks]" in text, "which way is better of an unknown column is asked"
    everything = accepted(tmp_path, re.sub(r"(?m)^#(?=\S)", "", text))
    assert "clicks" in everything.metrics


def test_a_score_table_of_one_row_per_case_describes_the_cases_too(tmp_path):
    rows = [(name, "unet", "manual", 0.9, 30 + i) for i, name in enumerate(case_names())]
    write_table(tmp_path / "scores.csv", ["case", "model", "reference", "hd95_mm", "age"], rows)

    benchmark = accepted(tmp_path)

    assert benchmark.metadata == "scores.csv"
    assert kinds(benchmark) == {"manual": "expert"}
    assert benchmark.defaults.metric == "hd95_mm"
    assert "a limit in mm has no default" in propose(tmp_path).text.replace("\n# ", " ")


def test_several_labels_of_a_score_table_are_named(tmp_path):
    rows = [
        (*row[:3], label, row[3]) for row in scores_of("a") for label in ("left lung", "heart")
    ]
    write_table(tmp_path / "s.csv", ["case", "model", "reference", "label", "dice"], rows)
    write_people(tmp_path / "clinical.csv")

    assert set(accepted(tmp_path).labels) == {"heart", "left lung"}


def test_people_are_not_told_apart_by_a_proposal(tmp_path):
    canaries = [f"Canary{i}" for i in range(60)]
    header = [
        *(
            "case",
            "PatientName",
            "birth date",
            "MRN",
            "home_address",
            "sex",
            "remarks",
            "reader_note",
        ),
        *("seen", "ward"),
    ]
    rows = [
        (
            *(canary, f"Jane{i % 3}", "1961-03-02", f"77{i}", f"Elm St {i % 4}", "FM"[i % 2]),
            *(f"she whispered {i % 2}", "x" * 50 + str(i % 2), "12.03.2019", f"Bed{i % 3}"),
        )
        for i, canary in enumerate(canaries)
    ]
    write_table(tmp_path / "clinical.csv", header, rows)
    touch(tmp_path, EXPERT, UNET, cases=canaries)

    proposal = propose(tmp_path)

    everything = proposal.text + "".join(proposal.notes)
    for secret in (
        "Canary",
        "Jane0",
        "Jane1",
        "1961",
        "77",
        "Elm",
        "whisper",
        "xxx",
        "2019",
        "Bed",
    ):
        assert secret not in everything, secret
    assert [each.name for each in accepted(tmp_path).attributes] == ["sex"]
    told = next(note for note in proposal.notes if "identify" in note)
    for column in ("PatientName", "birth date", "MRN", "home_address", "remarks", "seen"):
        assert f'"{column}"' in told


def test_few_patients_are_not_counted_in_a_file_that_others_read(women):
    rows = [(name, "CG"[i < 7]) for i, name in enumerate(case_names())]
    write_table(women / "clinical.csv", ["case", "sex"], rows)

    text = propose(women).text

    assert "Patients: C: 53; G: fewer than 20." in text
    assert any("expect INCONCLUSIVE" in note for note in propose(women).notes)


def test_links_are_not_followed(women, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    touch(outside, "gold/{case}.nii.gz")
    (women / "gold").symlink_to(outside / "gold")
    (women / "big.csv").symlink_to(write_people(outside / "big.csv"))

    proposal = propose(women)

    assert "gold" not in proposal.text
    assert any("Links left out" in note and "2" in note for note in proposal.notes)


def refused(folder, **keys):
    with pytest.raises(BiasRulerError) as caught:
        propose(folder, **keys)
    assert str(caught.value).startswith(caught.value.code)
    return caught.value


def test_an_empty_folder_is_told_what_it_lacks(tmp_path):
    error = refused(tmp_path)
    assert error.code == "BR126"
    assert error.found == "no masks, no scores"


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    assert refused(tmp_path / "nowhere").code == "BR408"


def test_a_folder_of_images_alone_is_told_so(tmp_path):
    touch(tmp_path, "imagesTr/{case}_0000.nii.gz")
    write_people(tmp_path / "clinical.csv")
    error = refused(tmp_path)
    assert error.code == "BR126"
    assert "60 images and no masks" in error.found


def test_images_in_other_formats_are_told(tmp_path):
    touch(tmp_path, "masks/{case}.tiff")
    assert refused(tmp_path).found == "60 images of other formats, no masks"


@pytest.mark.parametrize(("ending", "extra"), [("png", "extra png"), ("dcm", "extra dicom")])
def test_masks_that_an_extra_reads_are_proposed_where_folders_say_that_they_are_masks(
    tmp_path, ending, extra
):
    touch(tmp_path, f"labels/expert/{{case}}.{ending}", f"predictions/unet/{{case}}.{ending}")
    touch(tmp_path, f"images/{{case}}.{ending}", f"abdomen/{{case}}.{ending}")
    write_people(tmp_path / "clinical.csv")

    benchmark, proposal = accepted(tmp_path), propose(tmp_path)

    (expert,), (unet,) = benchmark.references, benchmark.models
    assert (expert.masks, unet.masks) == (
        f"labels/expert/{{case}}.{ending}",
        f"predictions/unet/{{case}}.{ending}",
    )
    assert any(extra in note for note in proposal.notes)
    assert any(note.startswith("PNG and DICOM files left out: 120.") for note in proposal.notes)


def test_png_beside_masks_with_an_orientation_are_left_out_and_told(tmp_path):
    touch(tmp_path, EXPERT, UNET, "predictions/swin/{case}.png")
    write_people(tmp_path / "clinical.csv")

    proposal = propose(tmp_path)

    assert ".png" not in proposal.text
    assert any("PNG beside masks of other formats" in note for note in proposal.notes)


def test_who_has_a_table_of_another_tool_is_told_where_to_read_on(tmp_path):
    write_people(tmp_path / "clinical.csv")
    (tmp_path / "summary.json").write_text("{}")
    assert "docs/score-tables.md" in refused(tmp_path).fix


def test_predictions_alone_are_refused(tmp_path):
    touch(tmp_path, UNET)
    write_people(tmp_path / "clinical.csv")
    assert refused(tmp_path).found == "1 set of predictions and no reference"


def test_masks_of_one_set_that_nobody_is_known_to_have_drawn_are_refused(tmp_path):
    touch(tmp_path, "masks/{case}.nii.gz")
    write_people(tmp_path / "clinical.csv")
    assert "nothing to compare them with" in refused(tmp_path).found


def test_of_expert_masks_alone_the_anatomy_is_asked_about(tmp_path):
    touch(tmp_path, EXPERT)
    write_people(tmp_path / "clinical.csv")
    assert asked(accepted(tmp_path)) == {"morphology"}


def test_masks_without_a_table_are_refused(tmp_path):
    touch(tmp_path, EXPERT)
    assert refused(tmp_path).found == "60 masks and no table"


def test_a_table_that_cannot_be_read_says_why(tmp_path):
    touch(tmp_path, EXPERT)
    (tmp_path / "clinical.csv").write_text("case;age\nc000;3\n")
    assert "separated by semicolons" in refused(tmp_path).found


def test_a_table_without_names_of_columns_is_not_taken_for_one(tmp_path):
    touch(tmp_path, EXPERT)
    write_table(tmp_path / "t.csv", ["c000", "1961-03-02"], [(c, "x") for c in case_names()])
    error = refused(tmp_path)
    assert error.code == "BR408"
    assert "1961" not in str(error)


def test_a_table_of_other_cases_is_refused(tmp_path):
    touch(tmp_path, EXPERT)
    write_people(tmp_path / "clinical.csv", cases=[f"other{i}" for i in range(60)])
    assert "no column of 1 table holds the names of 60 masks" in refused(tmp_path).found


def test_numbers_that_stand_in_names_of_files_by_chance_name_no_case(tmp_path):
    touch(tmp_path, EXPERT, cases=[f"x_{i}" for i in range(60)])
    rows = [(f"p{i}", 30 + i, i / 2 + 1) for i in range(60)]
    write_table(tmp_path / "clinical.csv", ["name_of_file", "age", "marker"], rows)
    assert "no column of 1 table holds" in refused(tmp_path).found


def test_zeros_that_a_spreadsheet_took_away_are_told(tmp_path):
    touch(tmp_path, "expert/case_{case}.nii.gz", cases=[f"{i:04d}" for i in range(1, 61)])
    write_people(tmp_path / "clinical.csv", cases=[str(i) for i in range(1, 61)])
    assert "leading zeros" in refused(tmp_path).fix


def test_names_in_other_capitals_are_told(tmp_path):
    touch(tmp_path, EXPERT, cases=[f"DUKE_{i}" for i in range(60)])
    write_people(tmp_path / "clinical.csv", cases=[f"duke_{i}" for i in range(60)])
    assert "capitals" in refused(tmp_path).fix


def test_a_layout_fills_in_nothing_beside_references_of_ones_own(tmp_path):
    names = ("segmentations/expert", "segmentations/automatic", "reader2", "pred/a")
    touch(tmp_path, *(f"{name}/{{case}}.nii.gz" for name in names))
    rows = [(name, 40 + i) for i, name in enumerate(case_names())]
    write_table(tmp_path / "clinical_and_imaging_info.csv", ["patient_id", "age"], rows)
    text = propose(tmp_path).text
    assert "\nlayout" not in text
    assert "\n[references.expert]" in text


def test_a_column_without_a_visible_name_is_left_alone(women):
    rows = [(name, "ab"[i % 2], "FM"[i % 2]) for i, name in enumerate(case_names())]
    write_table(women / "clinical.csv", ["case", "\u2003", "sex"], rows)
    assert [each.name for each in accepted(women).attributes] == ["sex"]


def test_a_table_by_which_nobody_can_be_cut_is_refused(tmp_path):
    touch(tmp_path, EXPERT)
    write_table(tmp_path / "clinical.csv", ["case", "one"], [(c, "x") for c in case_names()])
    assert refused(tmp_path).found == "no column to cut subgroups by"


def test_columns_left_as_choices_are_counted_if_there_are_any(women):
    assert "Subgroups are cut by age, sex." in propose(women).notes
    rows = [(name, 30 + i % 60, "FM"[i % 2], "AB"[i % 2]) for i, name in enumerate(case_names())]
    write_table(women / "clinical.csv", (*HEADER, "arm"), rows)
    told = "Subgroups are cut by age, sex; more columns left as choices: 1."
    assert told in propose(women).notes


def test_a_table_outside_of_the_folder_is_refused(women, tmp_path_factory):
    table = write_people(tmp_path_factory.mktemp("else") / "clinical.csv")
    assert refused(women, table=table).code == "BR401"
    assert refused(women, table=women / "nowhere.csv").found == "no table nowhere.csv"


def test_scores_of_cases_that_no_table_describes_are_refused(tmp_path):
    write_table(tmp_path / "scores.csv", SCORED, scores_of("a", "b"))
    error = refused(tmp_path)
    assert (error.code, error.found) == (
        "BR408",
        "scores of 60 cases and no table that describes them",
    )


def test_a_table_that_cannot_be_read_is_told_beside_one_that_does_not_fit(tmp_path):
    touch(tmp_path, EXPERT)
    write_people(tmp_path / "other.csv", cases=["x", "y"])
    (tmp_path / "clinical.csv").write_text("case;age\nc000;3\n")
    told = [each.found for each in refused(tmp_path).problems]
    assert told == [
        "no column of 1 table holds the names of 60 masks",
        "is separated by semicolons",
    ]


def test_a_spreadsheet_is_told_to_be_saved_as_text(tmp_path):
    touch(tmp_path, EXPERT)
    (tmp_path / "clinical.xls").touch()
    assert refused(tmp_path).fix == "Save the spreadsheet as CSV UTF-8"


def write_spreadsheet(path):
    book = pytest.importorskip("openpyxl").Workbook()
    for row in [HEADER, *((name, 30 + i, "FM"[i % 2]) for i, name in enumerate(case_names()))]:
        book.active.append(row)
    book.save(path)


def test_a_spreadsheet_of_the_common_kind_is_read_as_it_is(tmp_path):
    touch(tmp_path, EXPERT, UNET)
    write_spreadsheet(tmp_path / "clinical.xlsx")

    benchmark = accepted(tmp_path)

    assert benchmark.metadata == "clinical.xlsx"
    assert [each.name for each in benchmark.attributes] == ["age", "sex"]


def test_of_a_spreadsheet_and_its_export_the_text_is_taken(women):
    write_spreadsheet(women / "clinical.xlsx")

    assert accepted(women).metadata == "clinical.csv"


def test_a_damaged_spreadsheet_is_told_beside_a_table_that_can_be_read(women):
    (women / "a.xlsx").write_bytes(b"no zip")

    assert any("A table is left out: BR408 a.xlsx" in note for note in propose(women).notes)


def test_a_score_table_of_too_many_labels_is_refused(tmp_path):
    rows = [(c, "m", "expert", f"l{i}", 0.5) for c in case_names() for i in range(300)]
    write_table(tmp_path / "s.csv", ["case", "model", "reference", "label", "dice"], rows)
    assert refused(tmp_path).found == "label has 300 values"


def test_the_table_that_is_called_so_is_read_first(tmp_path):
    touch(tmp_path, EXPERT, UNET)
    for number in range(30):
        write_people(tmp_path / f"a{number}.csv", cases=["x", "y"])
    write_people(tmp_path / "deep" / "clinical_data.csv")
    assert accepted(tmp_path).metadata == "deep/clinical_data.csv"


def test_scores_without_models_are_refused(tmp_path):
    write_table(tmp_path / "s.csv", ["case", "dice"], [(c, 0.5) for c in case_names()])
    error = refused(tmp_path)
    assert (error.code, error.found) == (
        "BR602",
        "a column dice, but no column model or reference",
    )


def test_a_long_score_table_is_told_to_be_turned(tmp_path):
    rows = [(c, "m", "expert", "dice", 0.5) for c in case_names()]
    write_table(tmp_path / "s.csv", ["case", "model", "reference", "metric", "value"], rows)
    assert refused(tmp_path).found == "one row for each metric"


names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=20
).filter(lambda name: not name.startswith((".", "__")) and len(name.encode()) < 200)
cells = st.text(st.characters(codec="utf-8"), max_size=12)


@example(folder='a"]\n[x', column='sex"\n#', first="F\u202e", second='"""')
@example(folder="expert\u2028", column="[age]", first="=1+1", second="::error::")
@example(folder="{case}", column="sex = ''", first="''' ", second="\\")
@given(folder=names, column=names, first=cells, second=cells)
@settings(deadline=None, derandomize=True, max_examples=40)
def test_hostile_names_never_break_the_file(folder, column, first, second):
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "root"
        sets = (EXPERT, f"{folder}/{{case}}.nii.gz", f"pred/{folder}/{{case}}.nii.gz")
        touch(root, *sets, cases=case_names(12))
        rows = [
            (name, (first, second)[i % 2], (first, second)[i % 3 == 0], "FM"[i % 2])
            for i, name in enumerate(case_names(12))
        ]
        write_table(root / "t.csv", ["case", column, f"site {column}", "sex"], rows)
        try:
            proposal = propose(root)
        except BiasRulerError as error:
            assert error.code.startswith("BR")  # noqa: PT017  (both ends are lawful)
            return
        accepted(root, proposal.text)
        tomllib.loads(re.sub(r"(?m)^#(?=\S)", "", proposal.text))
        shown = proposal.text.replace("\n", "") + "".join(proposal.notes)
        assert not holds_controls(shown)
