"""200 cases with 40 bad files among them: everything is accounted for, whatever the policy."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.acceptance.cubes import BENCHMARK, SETS, clinical, lay_masks
from tests.core.masks.broken_files import FILES, gz

N = 200
N_BAD = 40
CHECKS = "".join(
    f'[[checks]]\ncheck = "{check}"\nby = "{by}"\nmodel = "unet"\nlimit = {limit}\n'
    for check, by, limit in (
        ("gap", "sex", 0.5),
        ("gap", "age", 0.5),
        ("ruler", "sex", 0.5),
        ("ruler", "age", 0.5),
    )
)
TEXT = BENCHMARK.replace("min_patients = 2", "min_patients = 20")


def bad_files():
    """Return bytes and code of 40 broken files that a `.nii.gz` can be, plain ones packed."""
    found = [
        (content, code)
        for name, content, code in FILES.values()
        if code and name.lower().endswith(".nii.gz") and len(content) < 1_000_000
    ]
    packed = [
        (gz(content), code)
        for name, content, code in FILES.values()
        if code.startswith(("BR2", "BR3")) and name == "a.nii" and len(content) > 348
    ]
    return [*found, *packed][:N_BAD]


@pytest.fixture(name="bad", scope="module")
def fixture_bad():
    """Return where each bad file lies and the code it must get: all of them in old men."""
    ages = [row.split(",") for row in clinical(N).splitlines()[1:]]
    old_men = [case for case, sex, age in ages if (sex, age) == ("M", "old")]
    files = bad_files()
    assert len(files) == N_BAD
    assert len(old_men) >= N_BAD
    return {
        (SETS[at % 3], case): file
        for at, (case, file) in enumerate(zip(old_men, files, strict=False))
    }


@pytest.fixture(name="play")
def fixture_play(pytester, run, bad):
    changed = {place: content for place, (content, _) in bad.items()}
    lay_masks(pytester.path, N, text=TEXT + CHECKS, changed=changed)

    def play(*arguments, name="audit.json"):
        result = run("biasruler.toml", f"--biasruler-json={name}", *arguments)
        return result, (pytester.path / name).read_bytes()

    return play


def test_forty_bad_files_among_two_hundred_cases_are_accounted_for(play, bad):
    result, told = play("--biasruler-policy=prove-safe", "--biasruler-show-cases")

    audit = json.loads(told)
    assert result.ret == 1, "what exclusions could have decided is not proven safe"
    check_bad_files(audit, bad)
    check_sums(audit, bad)
    check_verdicts(audit)
    ended = Counter(finding["outcome"] for finding in audit["findings"])
    assert ended == {"failed": 4}, "an open verdict is no pass"
    assert audit["accounting"]["checks"]["ran"] == len(audit["findings"]) == 4


def check_bad_files(audit, bad):
    """Every bad file is listed once, with its own code, and nothing else is."""
    listed = sorted((each["case"], each["code"]) for each in audit["accounting"]["problems"])
    assert listed == sorted((case, code) for (_, case), (_, code) in bad.items())


def check_sums(audit, bad):
    """For each set, 200 = scored + left out, by reason and by every subgroup of each attribute."""
    accounting = audit["accounting"]
    of = {
        name: {row["name"]: row["n_cases"] for row in about["subgroups"]}
        for name, about in audit["attributes"].items()
    }
    rows = {name: rows_of(accounting, name) for name in SETS}
    for name in SETS:
        codes = Counter(code for (each, _), (_, code) in bad.items() if each == name)
        for attribute, subgroup in ((None, "all"), ("sex", "M"), ("age", "old")):
            about = [row for row in rows[name] if row["attribute"] == attribute]
            assert {row["subgroup"] for row in about} == {subgroup}
            assert {row["reason"]: row["n"] for row in about} == codes
        n_left_out = sum(codes.values())
        if name in accounting["references"]:
            counts = accounting["references"][name]
            assert counts == {"expected": N, "scored": N - n_left_out, "n_excluded": n_left_out}
    assert of == {"sex": {"F": 100, "M": 100}, "age": {"old": 100, "young": 100}}
    for finding in audit["findings"]:
        excluded = finding["details"]["counts"]["excluded"]
        undefined = finding["details"]["counts"]["undefined"]
        for group in finding["groups"]:
            left_out = excluded.get(group["name"], 0) + undefined.get(group["name"], 0)
            expected = of[finding["by"][0]][group["name"]]
            assert group["n_cases"] + left_out == expected, (finding["id"], group["name"])


def rows_of(accounting, name):
    place, key = ("unreadable", "model") if name == "unet" else ("excluded", "reference")
    return [row for row in accounting[place] if row[key] == name]


def check_verdicts(audit):
    """More than 5 % of men and of the old are left out, so that no PASS of theirs stands."""
    found = {(finding["verdict"], finding["reason"]) for finding in audit["findings"]}
    assert found == {("INCONCLUSIVE", "missing values")}
    noted = [note for note in audit["warnings"] if note["code"] == "BR502"]
    assert len(noted) == len(audit["findings"])


@pytest.mark.slow
def test_without_proof_of_harm_the_gate_stays_green_and_says_the_same_of_two_workers(play, bad):
    result, alone = play()
    by_two, together = play("-n2", "--biasruler-no-cache", name="other.json")

    assert result.ret == by_two.ret == 0
    assert "4 inconclusive" in result.stdout.str()
    assert "PASS" not in result.stdout.str()
    audit = json.loads(alone)
    check_sums(audit, bad)
    check_verdicts(audit)
    assert alone == together
