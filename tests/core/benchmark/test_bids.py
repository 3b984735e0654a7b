from __future__ import annotations

import pytest

from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.places import bind_places
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.errors import BiasRulerProblems

SUBJECTS = [f"sub-{number:02d}" for number in range(1, 5)]
SETS = '[references.expert]\nkind = "expert"\n[models.unet]\n'
ONE = "anat/{sub}_space-T1w_desc-tumor_mask.nii.gz"


@pytest.fixture
def lay_out(tmp_path):
    """Write masks of two sets by a pattern, and their participants."""

    def write(*patterns, names=("expert", "unet"), subjects=SUBJECTS):
        for name in names:
            for pattern in patterns:
                for subject in subjects:
                    file = pattern.replace("{sub}", subject)
                    path = tmp_path / "derivatives" / name / subject / file
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
        ages = ["40", "n/a", "61", "72"]
        rows = [f"{one}\t{age}" for one, age in zip(SUBJECTS, ages, strict=True)]
        text = "\n".join(["participant_id\tage", *rows])
        (tmp_path / "participants.tsv").write_text(text + "\n")

    return write


@pytest.fixture
def read(tmp_path):
    def read_text(text=SETS, general=""):
        path = tmp_path / "biasruler.toml"
        path.write_text(f'[benchmark]\nname = "toy"\nlayout = "bids"\n{general}\n{text}')
        return Benchmark.from_file(path, environ={})

    return read_text


def told(read, *text, **general):
    with pytest.raises(BiasRulerProblems) as caught:
        read(*text, **general)
    return [str(problem) for problem in caught.value.problems]


def test_participants_are_the_cases_and_derivatives_hold_the_masks(lay_out, read):
    lay_out("anat/{sub}_desc-tumor_mask.nii.gz")

    benchmark = read()

    assert benchmark.metadata == "participants.tsv"
    assert (benchmark.case, benchmark.patient) == ("participant_id", "participant_id")
    template = "{case}/anat/{case}_desc-tumor_mask.nii.gz"
    assert benchmark.references[0].masks == f"derivatives/expert/{template}"
    assert benchmark.models[0].masks == f"derivatives/unet/{template}"
    assert read_metadata(benchmark).cases == tuple(SUBJECTS)


def test_one_session_of_everybody_stays_as_it_is(lay_out, read):
    lay_out("ses-pre/anat/{sub}_ses-pre_label-tumor_desc-manual_mask.nii.gz")

    assert read().references[0].masks == (
        "derivatives/expert/{case}/ses-pre/anat/{case}_ses-pre_label-tumor_desc-manual_mask.nii.gz"
    )


def test_several_sessions_are_found_by_the_columns_of_a_table_of_scans(tmp_path, lay_out, read):
    lay_out(*(f"{ses}/anat/{{sub}}_{ses}_desc-x_mask.nii.gz" for ses in ("ses-1", "ses-2")))
    rows = [f"{sub}_{ses},{sub},{ses}" for sub in SUBJECTS for ses in ("ses-1", "ses-2")]
    table = "\n".join(["scan,participant_id,session_id", *rows])
    (tmp_path / "scans.csv").write_text(table)

    benchmark = read(general='metadata = "scans.csv"\ncase = "scan"')
    bound = bind_places(benchmark, read_metadata(benchmark))

    assert benchmark.patient == "participant_id"
    assert benchmark.models[0].masks == (
        "derivatives/unet/{participant_id}/{session_id}/anat/"
        "{participant_id}_{session_id}_desc-x_mask.nii.gz"
    )
    assert all((tmp_path / path).is_file() for path in bound.models[0].masks.values())
    assert len(bound.models[0].masks) == 8


def test_a_segmentation_is_taken_where_there_is_no_mask(lay_out, read):
    lay_out("anat/{sub}_seg-lesion_dseg.nii", names=["unet"])
    lay_out("anat/{sub}_dseg.nii", ONE, names=["expert"])

    benchmark = read()

    assert benchmark.models[0].masks.endswith("{case}_seg-lesion_dseg.nii")
    assert benchmark.references[0].masks.endswith("_desc-tumor_mask.nii.gz")


def test_two_kinds_of_masks_are_refused_with_templates_to_paste(lay_out, read):
    lay_out("anat/{sub}_desc-tumor_mask.nii.gz", names=["unet"])
    lay_out(*(f"anat/{{sub}}_desc-{desc}_mask.nii.gz" for desc in ("brain", "tumor")))

    start = "derivatives/expert/{case}/anat/{case}_desc"
    assert told(read)[0] == (
        "BR602 biasruler.toml:5: the masks of expert in derivatives are of 2 kinds; expected masks"
        f' that differ in subject and session alone. Add masks = "{start}-brain_mask.nii.gz" or'
        f' masks = "{start}-tumor_mask.nii.gz" to [references.expert].'
    )


def test_a_kind_of_one_subject_alone_is_counted_but_not_shown(lay_out, read):
    lay_out(ONE)
    lay_out("anat/{sub}_desc-johnsmith_mask.nii.gz", names=["unet"], subjects=["sub-02"])

    (problem,) = told(read)

    assert "the masks of unet in derivatives are of 2 kinds" in problem
    assert "johnsmith" not in problem


def test_a_folder_without_masks_is_refused_by_its_name(lay_out, read):
    lay_out("anat/{sub}_T1w.nii.gz", "anat/{sub}_desc-tumor_mask.json")

    assert [problem[:52] for problem in told(read)] == [
        "BR126 biasruler.toml:5: no mask of expert in derivat",
        "BR126 biasruler.toml:7: no mask of unet in derivativ",
    ]


def test_masks_that_the_file_declares_are_left_as_they_are(lay_out, read):
    lay_out(ONE, names=["expert"])

    text = '[references.expert]\nkind = "expert"\n[models.unet]\nmasks = "mine/{case}.nii"\n'

    assert read(text).models[0].masks == "mine/{case}.nii"


def test_with_a_score_table_masks_need_not_be_there(lay_out, read):
    lay_out(ONE, names=["expert"])

    benchmark = read(SETS + '[scores]\ntable = "scores.csv"\n')

    assert benchmark.references[0].masks is not None
    assert benchmark.models[0].masks is None


def test_the_names_of_a_strangers_files_decide_nothing(lay_out, read):
    lay_out(ONE)

    (problem,) = told(read, general="untrusted = true")

    assert problem.startswith("BR602 biasruler.toml:7: masks is missing")


@pytest.mark.parametrize("name", ["../expert", "a/b", ".."])
def test_a_name_that_is_no_folder_finds_nothing(lay_out, read, name):
    lay_out(ONE)

    (problem,) = told(read, f'[references.expert]\nkind = "expert"\n[models."{name}"]\n')

    assert problem.startswith("BR126")


def test_links_lead_to_no_masks(tmp_path, lay_out, read):
    lay_out(ONE, names=["expert"])
    (tmp_path / "derivatives" / "unet").mkdir()
    for subject in SUBJECTS:
        there = tmp_path / "derivatives" / "expert" / subject
        (tmp_path / "derivatives" / "unet" / subject).symlink_to(there)

    assert told(read)[0].startswith("BR126 biasruler.toml:7: no mask of unet")


def test_not_available_is_a_missing_value_unless_the_file_says_otherwise(lay_out, read):
    lay_out(ONE)
    age = "[attributes.age]\nbins = [0, 50, 100]\n"

    subgroups = cut_all(read(SETS + age), read_metadata(read(SETS + age)))

    assert [*subgroups["age"].of] == ["0–49", "missing", "50–100", "50–100"]
    mine = read(SETS + age + 'missing = ["?"]\n')
    assert mine.attributes[0].missing == ("?",)
