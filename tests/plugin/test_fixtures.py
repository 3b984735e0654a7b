from __future__ import annotations

import json

import pytest

MASK_TESTS = """
import pytest

def test_masks_and_tables(biasruler_masks, biasruler_subgroups, biasruler_scores):
    expert, model = biasruler_masks["expert", "c0"], biasruler_masks["unet", "c0"]
    assert expert.voxels.sum() == 6 * 6 * 6 + 1 and expert.spacing_mm == (1.0, 1.0, 2.0)
    both = (expert.voxels > 0) & (model.voxels > 0)
    dice = 2 * both.sum() / (expert.voxels.sum() + model.voxels.sum())
    table = biasruler_scores
    row = table[(table.case == "c0") & (table.model == "unet") & (table.reference == "expert")]
    assert row.dice.item() == dice
    assert list(biasruler_subgroups.loc[["c0", "c1"], "age"]) == ["old", "young"]

def test_gap(biasruler):
    assert repr(biasruler) == "<biasruler: Cubes>"
    assert len(biasruler.scores) == 24
    biasruler.assert_gap("dice", by="age", limit=0.6)

def test_gap_is_too_wide(biasruler):
    biasruler.assert_gap("dice", by="age", limit=0.01)

def test_ruler(biasruler):
    biasruler.assert_ruler("dice", by="sex", limit=0.5)

def test_no_such_set(biasruler_masks):
    biasruler_masks["experts", "c0"]

def test_no_such_case(biasruler_masks):
    biasruler_masks["expert", "c99"]
"""


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_fixtures_serve_masks_subgroups_scores_and_assertions(pytester, write_masks, run, mode):
    write_masks()
    pytester.makepyfile(MASK_TESTS)

    result = run("--biasruler=biasruler.toml", *mode)

    text = result.stdout.str()
    result.assert_outcomes(passed=3, failed=3)
    assert "FAIL gap dice, age young vs old: gap 0." in text
    assert 'BR602: no set "experts" has masks; expected one of expert, automated, unet' in text
    assert "BR101: reference expert not found" in text
    assert "c99" not in text.partition("FAILURES")[2], "no case name"


def by_column(pytester):
    """Put the predictions into a folder for each age, and name the column in the template."""
    for row in (pytester.path / "meta.csv").read_text().splitlines()[1:]:
        case, age, _ = row.split(",")
        (pytester.path / "pred" / age).mkdir(parents=True, exist_ok=True)
        mask = pytester.path / "unet" / f"{case}.nii"
        mask.rename(pytester.path / "pred" / age / f"{case}.nii")
    file = pytester.path / "biasruler.toml"
    file.write_text(file.read_text().replace('"unet/{case}.nii"', '"pred/{age}/{case}.nii"'))


def test_fixtures_serve_masks_whose_template_names_a_column(pytester, write_masks, run):
    write_masks()
    by_column(pytester)
    pytester.makepyfile(MASK_TESTS)

    result = run("--biasruler=biasruler.toml")

    result.assert_outcomes(passed=3, failed=3)
    assert "BR101: reference expert not found" in result.stdout.str()


def test_a_column_that_is_not_there_stops_the_run_at_the_line_of_its_template(
    pytester, write_masks, run
):
    write_masks()
    by_column(pytester)
    file = pytester.path / "biasruler.toml"
    file.write_text(file.read_text().replace("{age}", "{aeg}"))
    pytester.makepyfile(MASK_TESTS)

    result = run("--biasruler=biasruler.toml")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    line = 1 + file.read_text().splitlines().index('masks = "pred/{aeg}/{case}.nii"')
    text = result.stdout.str() + result.stderr.str()
    assert f'BR602 biasruler.toml:{line}: masks names the column "aeg"' in text
    assert "Perhaps {age} is meant" in text


ARRAYS = """
import numpy as np
import pandas as pd
import pytest

from pytest_biasruler import Attribute, Benchmark, Check, Model, Reference

def cubes(width, top=1):
    masks = {}
    for i in range(12):
        voxels = np.zeros((8, 8, 8), dtype=bool)
        voxels[1 : 1 + (width(i) if callable(width) else width), top:7, 1:7] = True
        voxels[0, i // 8, i % 8] = True
        masks[f"c{i}"] = voxels
    return masks

@pytest.fixture(scope="session")
def biasruler_benchmark():
    cases = [f"c{i}" for i in range(12)]
    table = pd.DataFrame({"case": cases, "sex": ["F", "M"] * 6})
    predicted = cubes(lambda i: 6 if i % 2 == 0 else 3, top=2)
    return Benchmark(
        name="In code",
        metadata=table,
        references=[
            Reference(name="expert", kind="expert", masks=cubes(6)),
            Reference(name="automated", kind="automated", masks=cubes(5)),
        ],
        models=[Model(name="net", masks=lambda case: predicted[case])],
        attributes=[Attribute(name="sex")],
        defaults={"min_patients": 2},
    )
"""

LIMITS = """
def test_wide_limit(biasruler):
    biasruler.assert_gap("dice", by="sex", limit=0.6)

def test_narrow_limit(biasruler):
    biasruler.assert_gap("dice", by="sex", limit=0.05)
"""


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_benchmark_built_in_code_passes_and_fails_as_its_limits_say(pytester, run, mode):
    pytester.makeconftest(ARRAYS)
    pytester.makepyfile(LIMITS)

    result = run("--biasruler-json=audit.json", *mode)

    result.assert_outcomes(passed=1, failed=1)
    assert "FAIL gap dice, sex M vs F: gap 0." in result.stdout.str()
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert audit["benchmark"]["name"] == "In code"
    assert [finding["outcome"] for finding in audit["findings"]] == ["failed", "passed"]


def test_several_benchmarks_can_be_audited_by_params(pytester, run):
    pytester.makeconftest(
        ARRAYS.replace('scope="session")', 'scope="session", params=["one", "two"])')
        .replace("def biasruler_benchmark():", "def biasruler_benchmark(request):")
        .replace('name="In code"', "name=request.param")
    )
    pytester.makepyfile(LIMITS)

    result = run("--biasruler-json=audit.json")

    result.assert_outcomes(passed=2, failed=2)
    names = sorted(path.name for path in pytester.path.glob("audit*"))
    assert names == ["audit-one.json", "audit-two.json"]
    one = json.loads((pytester.path / "audit-one.json").read_text("utf-8"))
    assert len(one["findings"]) == 2
    assert one["accounting"]["checks"]["declared"] == 2


def test_a_ready_score_table_can_take_the_place_of_masks(pytester, run):
    pytester.makeconftest(
        ARRAYS
        + """
@pytest.fixture(scope="session")
def biasruler_scores():
    rows = [(f"c{i}", "net", "expert", 0.8 + 0.01 * (i // 2)) for i in range(12)]
    return pd.DataFrame(rows, columns=["case", "model", "reference", "dice"])
"""
    )
    pytester.makepyfile(LIMITS + "\n\ndef test_table(biasruler):\n"
                        "    biasruler.check_gap('dice', by='sex')\n"
                        "    assert len(biasruler.scores) == 12\n")  # fmt: skip

    result = run()

    result.assert_outcomes(passed=3)  # the table says that there is no gap


def test_no_benchmark_is_an_error_that_names_all_ways_to_name_one(pytester, run):
    pytester.makepyfile("def test_gap(biasruler):\n    biasruler.assert_gap('dice', by='age')")

    result = run()

    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert "BR602: no benchmark is named; expected --biasruler FILE, biasruler_file" in text
    assert "scope='session'" in text
    assert "fixtures.py" not in text, "no traceback of ours"


def test_an_override_of_narrower_scope_is_told_by_pytest(pytester, run):
    pytester.makeconftest(ARRAYS.replace('(scope="session")', ""))
    pytester.makepyfile(LIMITS)

    result = run()

    result.assert_outcomes(errors=2)
    assert "ScopeMismatch" in result.stdout.str()


def test_a_wrong_key_is_told_with_the_nearest_right_one(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        def test_gap(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet", limt=0.05)
        """
    )

    result = run("--biasruler=biasruler.toml")

    result.assert_outcomes(failed=1)
    assert 'unknown key "limt"' in result.stdout.str()


def test_lists_ask_several_questions_of_assert_and_are_refused_by_check(
    pytester, write_benchmark, run
):
    write_benchmark()
    pytester.makepyfile(
        """
        def test_many(biasruler):
            biasruler.assert_gap("dice", by=["age", "sex"], model="unet")

        def test_one(biasruler):
            biasruler.check_gap("dice", by=["age", "sex"], model="unet")
        """
    )

    result = run("--biasruler=biasruler.toml", "--biasruler-json=audit.json")

    result.assert_outcomes(failed=2)
    assert "BR602: check_gap was asked 2 questions at once; expected one" in result.stdout.str()
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert [finding["outcome"] for finding in audit["findings"]] == ["failed", "passed"]


QUESTIONS = """
import pytest

def test_gap(biasruler):
    biasruler.assert_gap("dice", by="sex", model="unet", limit=0.05, alpha=0.05)

def test_ruler(biasruler):
    biasruler.assert_ruler("dice", by="sex", model="unet", gap_limit=0.1)

def test_labels(biasruler):
    biasruler.assert_labels("dice", by="sex")

def test_success(biasruler):
    biasruler.assert_success("dice", by="sex", model="unet", threshold=0.7, statistic="difference",
                             limit=0.5)

def test_floor(biasruler):
    biasruler.assert_floor("dice", by="age", model="unet", limit=0.5)

def test_floor_is_too_high(biasruler):
    biasruler.assert_floor("dice", by="age", model="unet", limit=0.8)

def test_provenance(biasruler):
    finding = biasruler.check_provenance(by="sex", model="unet")
    biasruler.assert_provenance(by="sex", model="unet")
    for method, keys in {
        "ruler": {}, "labels": {}, "success": {"threshold": 0.7}, "floor": {"limit": 0.5},
    }.items():
        if method != "labels":
            keys["model"] = "unet"
        finding = getattr(biasruler, f"check_{method}")("dice", by="sex", **keys)
        assert finding.check == method and finding.outcome is None
"""


def test_every_question_has_its_two_methods(pytester, write_benchmark, run):
    from pytest_biasruler.benchmark.questions import QUESTIONS as ALL
    from pytest_biasruler.shell.auditor import Auditor

    assert [n for n in ALL if not hasattr(Auditor, f"assert_{n}")] == []
    assert [n for n in ALL if not hasattr(Auditor, f"check_{n}")] == []
    write_benchmark()
    pytester.makepyfile(QUESTIONS)

    result = run("--biasruler=biasruler.toml")

    counts = result.parseoutcomes()
    assert counts["failed"] == 1, result.stdout.str()
    assert counts.get("passed", 0) + counts.get("inconclusive", 0) == 6
    assert "FAIL floor dice, age young: worst mean 0.65" in result.stdout.str()


def test_a_score_table_of_one_test_module_stands_beside_that_of_the_others(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    pytester.makepyfile(
        test_a="""
        def test_gap(biasruler):
            biasruler.assert_gap("dice", by="sex", model="unet")
        """,
        test_b="""
        import pandas as pd
        import pytest

        @pytest.fixture(scope="module")
        def biasruler_scores():
            return pd.read_csv("scores.csv").round(2)

        def test_gap(biasruler):
            biasruler.assert_gap("dice", by="sex", model="unet")
        """,
    )

    result = run(".", "--biasruler=biasruler.toml")

    result.assert_outcomes(passed=3)
    assert result.ret == 0
    text = result.stdout.str()
    assert "two results" not in text
    assert "2 of 2 declared checks ran" in text, "the file's own audit"
    assert "1 of 1 declared checks ran" in text, "that of the given table"


def test_a_fixture_of_our_name_in_another_project_is_no_audit(pytester, run):
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def biasruler():
            return "mine"

        def test_mine(biasruler):
            assert biasruler == "mine"
        """
    )

    result = run()

    assert result.ret == 0, "no warning, which would be an error here"
    assert "no check was judged" not in result.stdout.str()
    assert "ran no check" not in result.stdout.str()


def test_a_fixture_that_builds_on_ours_is_an_audit(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def biasruler(biasruler):
            return biasruler

        def test_ours(biasruler):
            biasruler.assert_gap("dice", by="sex", model="unet")
        """
    )

    result = run("--biasruler=biasruler.toml", "-m", "biasruler")

    result.assert_outcomes(passed=1)
    assert "1 of 1 declared checks ran" in result.stdout.str()
