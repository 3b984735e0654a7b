"""The law of every audit: whatever is broken, each case is scored or excluded, and counted."""

from __future__ import annotations

import shutil
from collections import Counter

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_biasruler import Benchmark, run_audit
from tests.core.masks.broken_files import gz, nii

SETS = ("expert", "automated", "unet", "other")
TEXT = """\
[benchmark]
name = "Law"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"
[references.automated]
kind = "automated"
masks = "automated/{case}.nii.gz"
[models.unet]
masks = "unet/{case}.nii.gz"
[models.other]
masks = "other/{case}.nii.gz"
[attributes.sex]
[attributes.age]
[defaults]
min_patients = 2
[[checks]]
check = "gap"
by = ["sex", "age"]
model = ["unet", "other"]
"""
FATES = st.sampled_from(["whole", "whole", "missing", "cut", "other grid", "empty", "page"])
CASE = st.tuples(
    st.sampled_from("FM"), st.sampled_from(["old", "young", ""]), *[FATES] * len(SETS)
)


def stored(at, fate):
    """Return the bytes of one mask that nobody else has, or what became of them."""
    voxels = np.zeros((8, 8, 8), np.uint8)
    voxels[1:5, 1:5, 1:5] = 1
    voxels[7, :, 7] = [at + 1 >> bit & 1 for bit in range(8)]
    whole = gz(nii(voxels))
    return {
        "whole": whole,
        "missing": None,
        "cut": whole[: len(whole) // 2],
        "other grid": gz(nii(np.ones((4, 4, 4), np.uint8))),
        "empty": gz(nii(np.zeros((8, 8, 8), np.uint8))),
        "page": b"<html>please log in</html>",
    }[fate]


def lay(root, drawn):
    rows = ["case,sex,age"]
    for at, (sex, age, *fates) in enumerate(drawn):
        rows.append(f"c{at},{sex},{age}")
        for name, fate in zip(SETS, fates, strict=True):
            content = stored(at + 10 * SETS.index(name), fate)
            (root / name).mkdir(parents=True, exist_ok=True)
            if content is not None:
                (root / name / f"c{at}.nii.gz").write_bytes(content)
    (root / "clinical.csv").write_text("\n".join(rows), encoding="utf-8")
    (root / "biasruler.toml").write_text(TEXT, encoding="utf-8")
    return Benchmark.from_file(root / "biasruler.toml")


@given(drawn=st.lists(CASE, min_size=1, max_size=7))
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_expected_is_scored_plus_excluded(tmp_path, drawn):
    root = tmp_path / "law"
    shutil.rmtree(root, ignore_errors=True)
    # Two last cases that are whole, so that every set exists.
    drawn = [*drawn, *[("F", "old", *["whole"] * 4), ("M", "young", *["whole"] * 4)]]
    audit = run_audit(lay(root, drawn))

    sizes = {
        name: {row["name"]: row["n_cases"] for row in about["subgroups"]}
        for name, about in audit.attributes.items()
    }
    assert {name: sum(of.values()) for name, of in sizes.items()} == {
        "sex": len(drawn),
        "age": len(drawn),
    }, "every case is in one subgroup"
    check_accounting(audit.accounting, drawn)
    for finding in audit.findings:
        check_finding(finding, sizes[finding.by[0]])
    for reference in ("expert", "automated"):
        check_scores(audit, reference, sizes)


def check_accounting(accounting, drawn):
    """What was left out adds up to the same number for all cases and over each attribute."""
    for place, key, names in (
        ("excluded", "reference", SETS[:2]),
        ("unreadable", "model", SETS[2:]),
    ):
        for name in names:
            rows = [row for row in accounting[place] if row[key] == name]
            sums = Counter()
            for row in rows:
                sums[row["attribute"]] += row["n"]
            assert len(set(sums.values())) <= 1, f"{name} is not the same in all attributes"
            assert set(sums) in (set(), {None, "sex", "age"})
            n_broken = sum(
                fates[SETS.index(name)] in ("missing", "cut", "page") for _, _, *fates in drawn
            )
            assert sums[None] >= n_broken, f"{name} has lost a broken file"
    for name, counts in accounting["references"].items():
        n_listed = sum(
            row["n"]
            for row in accounting["excluded"]
            if (row["reference"], row["attribute"]) == (name, None)
        )
        assert counts["expected"] == len(drawn) == counts["scored"] + counts["n_excluded"]
        assert counts["n_excluded"] == n_listed


def check_finding(finding, sizes):
    counts = finding.details["counts"]
    for group in finding.groups:
        left_out = sum(of.get(group.name, 0) for of in counts.values())
        assert group.n_cases + left_out == sizes[group.name], (finding.id, group.name)


def check_scores(audit, reference, sizes):
    """Each model has a score of each case that is left, worst ones included."""
    for model in ("unet", "other"):
        for attribute, of in sizes.items():
            for subgroup, n in of.items():
                about = (model, reference, attribute, subgroup, "dice")
                keys = ("model", "reference", "attribute", "subgroup", "metric")
                n_scored = sum(
                    row["n_cases"] for row in audit.scores if tuple(map(row.get, keys)) == about
                )
                n_excluded = sum(
                    row["n"]
                    for row in audit.accounting["excluded"]
                    if (row["reference"], row["attribute"], row["subgroup"])
                    == (reference, attribute, subgroup)
                )
                assert n_scored + n_excluded == n, about
