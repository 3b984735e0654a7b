from __future__ import annotations

import os

from pytest_biasruler.proposal.folder import look_into


def fill(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_masks_and_tables_are_found_sorted_and_what_is_hidden_is_left_out(tmp_path):
    fill(tmp_path, "b/2.nii.gz", "b/1.nii", "a/t.tsv", "z.csv", ".git/x.nii", "b/.h.nii")
    fill(tmp_path, "__pycache__/x.nii", "b/1.txt", "b/x.NII")
    found = look_into(tmp_path)
    assert found.masks == ("b/1.nii", "b/2.nii.gz")
    assert found.tables == ("z.csv", "a/t.tsv"), "tables near the top come first"
    assert found.counts == {}
    assert not found.is_cut


def test_what_is_left_out_is_counted_by_its_reason(tmp_path):
    fill(tmp_path, "a/x.tif", "a/y.npy", "t.xls", "{x}/1.nii", "a/{case}.nii", "a\\b/1.nii")
    fill(tmp_path, "/".join(["d"] * 12) + "/1.nii")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    found = look_into(tmp_path)
    assert found.masks == ()
    assert found.counts == {"deep": 1, "image": 2, "link": 1, "spreadsheet": 1, "unusable": 3}


def test_names_that_are_no_text_cannot_stand_in_a_file(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.nii")).touch()
    assert look_into(tmp_path).counts == {"unusable": 1}


def test_a_pipe_is_no_table(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    assert look_into(tmp_path).tables == ()


def test_no_more_names_are_looked_at_than_allowed(tmp_path):
    fill(tmp_path, *(f"a/{n}.nii" for n in range(9)), *(f"b/{n}.nii" for n in range(9)))
    found = look_into(tmp_path, most_entries=6)
    assert found.masks == ("a/0.nii", "a/1.nii", "a/2.nii", "a/3.nii")
    assert found.is_cut
    assert not look_into(tmp_path, most_entries=21).is_cut


def test_a_loop_of_links_ends(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert look_into(tmp_path).counts == {"link": 1}
