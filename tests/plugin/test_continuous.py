"""A slope along ages in a run of pytest: as an item of its own, and from a test."""

from __future__ import annotations

BENCHMARK = """\
[benchmark]
name = "Ages"
metadata = "meta.csv"
[references.expert]
kind = "expert"
[models.unet]
[attributes.age]
quantiles = 2
missing = ["15"]
[scores]
table = "scores.csv"
[[checks]]
check = "gap"
by = "age"
continuous = true
step = 10
limit = 0.02
[[checks]]
check = "gap"
by = "age"
limit = 0.2
"""

TEST = """\
def test_flat(biasruler):
    finding = biasruler.check_gap("dice", by="age", continuous=True, step=1, limit=0.02)
    assert finding.verdict == "PASS"
    biasruler.assert_gap("dice", by="age", continuous=True, step=10, limit=0.02)

def test_subgroups(biasruler_subgroups):
    assert sorted(set(biasruler_subgroups["age"])) == ["45+", "missing", "under 45"]
"""


def test_a_slope_is_an_item_and_an_assertion(pytester):
    rows = [
        (f"c{n:03d}", 20 + n % 50, 0.9 - 0.005 * (n % 50) + 0.01 * (n % 7)) for n in range(100)
    ]
    ages = [("c900", 15, 0.1), *rows]
    pytester.makefile(
        ".csv",
        meta="case,age\n" + "\n".join(f"{case},{age}" for case, age, _ in ages),
        scores="case,model,reference,dice\n"
        + "\n".join(f"{case},unet,expert,{dice:.4f}" for case, _, dice in ages),
    )
    pytester.makefile(".toml", biasruler=BENCHMARK)
    pytester.makepyfile(test_ages=TEST)
    result = pytester.runpytest_inprocess(
        *("-v", "-p", "no:randomly", "-p", "no:rerunfailures", "--biasruler=biasruler.toml"),
        *("biasruler.toml", "test_ages.py"),
    )
    result.stdout.fnmatch_lines_random(
        [
            "biasruler.toml::gap[[]dice-age-unet-continuous[]] FAILED*",
            "biasruler.toml::gap[[]dice-age-unet[]] *",
            "*::test_subgroups PASSED*",
            "*FAIL gap dice, age: falling slope (per 10) 0.0* above limit 0.020*",
            "E *AssertionError: FAIL gap dice, age: falling slope (per 10) *",
        ]
    )
    result.assert_outcomes(failed=2, passed=2)
