from __future__ import annotations

import pytest

from pytest_biasruler.audit import prepare
from pytest_biasruler.audit.inspecting import find_problems
from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.errors import BiasRulerProblems

FILE = """\
[benchmark]
name = "Faulty"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
[models.unet]
[scores]
table = "scores.csv"
[attributes.sex]
[[checks]]
check = "gap"
by = "sex"
baseline = "X"
"""


@pytest.fixture(name="lay")
def fixture_lay(tmp_path):
    def lay(clinical: str, scores: str) -> Benchmark:
        for name, text in (
            ("biasruler.toml", FILE),
            ("clinical.csv", clinical),
            ("scores.csv", scores),
        ):
            (tmp_path / name).write_text(text, encoding="utf-8")
        return Benchmark.from_file(tmp_path / "biasruler.toml")

    return lay


def test_problems_of_all_files_come_in_one_go_in_order(lay):
    benchmark = lay(
        "case,sex\na,F\nb,M\n",
        "case,model,reference,dice\na,unet,expert,7\nb,unet,expert,2\n",
    )

    places = [problem.where for problem in find_problems(benchmark)]

    assert places == ["biasruler.toml:10", "scores.csv:2", "scores.csv:3"]


def test_scores_are_looked_at_though_nobody_knows_the_cases(lay):
    benchmark = lay(
        "case,sex\na,F\na,M\n",
        "case,model,reference,dice\na,unet,expert,7\n",
    )

    assert [problem.code for problem in find_problems(benchmark)] == ["BR403", "BR420"]


def test_an_audit_from_code_tells_the_same_problems_at_once(lay):
    benchmark = lay(
        "case,sex\na,F\na,M\n",
        "case,model,reference,dice\na,unet,expert,7\n",
    )

    with pytest.raises(BiasRulerProblems) as refused:
        prepare(benchmark)

    assert list(refused.value.problems) == find_problems(benchmark)


def test_nothing_is_found_where_nothing_is_wrong(lay):
    sound = lay("case,sex\na,F\nb,X\n", "case,model,reference,dice\na,unet,expert,0.7\n")

    assert find_problems(sound) == []


def test_a_template_whose_column_is_not_there_is_told_beside_other_problems(lay, tmp_path):
    lay("case,sex\na,F\nb,M\n", "case,model,reference,dice\na,unet,expert,7\n")
    file = tmp_path / "biasruler.toml"
    file.write_text(FILE.replace("[models.unet]\n", '[models.unet]\nmasks = "{sx}/{case}.nii"\n'))

    told = [str(problem) for problem in find_problems(Benchmark.from_file(file))]

    assert told[0].startswith('BR602 biasruler.toml:7: masks names the column "sx"')
    assert [problem.split()[1] for problem in told[1:]] == ["biasruler.toml:11:", "scores.csv:2:"]
