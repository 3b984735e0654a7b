"""Whose fault a failed process is, played in this process with masks that are said to kill."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.errors import Limits
from pytest_biasruler.scoring.blame import Court
from pytest_biasruler.scoring.confinement import Failure
from pytest_biasruler.scoring.errand import carry_out
from pytest_biasruler.scoring.run import score_benchmark
from pytest_biasruler.scoring.sources import list_sets, make_job
from pytest_biasruler.scoring.submission import name_confined

KILLED = Failure(code="BR802", found="took longer than 120 s", fix="Look at it")


@dataclass
class Stage:
    """In place of a confinement: a process fails as soon as it opens one of some files."""

    killers: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    change: object = None
    limits: Limits = field(default_factory=Limits)
    asked: list = field(default_factory=list)

    def ask(self, errand):
        opened = [Path(entry["path"]) for entry in errand["entries"] if "path" in entry]
        sets = [path.parent.name for path in opened]
        self.asked.append(sorted(set(sets)))
        if errand["task"] == "nothing":
            return b"null"
        is_crowd = bool(self.together) and set(self.together) <= set(sets)
        if is_crowd or not set(sets).isdisjoint(self.killers):
            return KILLED
        scores = carry_out(json.loads(json.dumps(errand)))
        if self.change is not None:
            self.change(scores, sets)
        return json.dumps(scores).encode()


@pytest.fixture(name="bench")
def fixture_bench(make_bench, cube):
    """One case with two references and two models."""
    return make_bench(
        {
            "expert": {"a": cube((2, 2, 2))},
            "auto": {"a": cube((2, 2, 2), 5)},
            "good": {"a": cube((3, 2, 2))},
            "bad": {"a": cube((2, 3, 2))},
        }
    )


def score(bench, stage):
    return Court(confinement=stage).score(job_of(bench))


def job_of(bench):
    benchmark = bench.build(untrusted=True, metadata=pd.DataFrame({"case": ["a"]}))
    job = make_job(
        benchmark, "a", sets=list_sets(benchmark), metrics=METRICS, measures=("shape", "echo"),
        readers={},
    )  # fmt: skip
    return name_confined(job)


def rows_of(scores):
    return {(row["model"], row["reference"]): row for row in scores["rows"]}


def codes_of(scores):
    return {name: facts["error"] and facts["error"][0] for name, facts in scores["masks"].items()}


METRICS = tuple(CATALOGUE.values())


def test_an_honest_case_costs_one_process(bench):
    stage = Stage()
    scores = score(bench, stage)
    assert len(stage.asked) == 1
    assert set(codes_of(scores).values()) == {None}


def test_a_prediction_that_kills_costs_no_other_model_its_case(bench):
    honest, scores = score(bench, Stage()), score(bench, Stage(killers=("bad",)))
    assert codes_of(scores) == {"expert": None, "auto": None, "good": None, "bad": "BR802"}
    found, expected = rows_of(scores), rows_of(honest)
    assert found.keys() == expected.keys(), "a row was lost"
    for pair, row in found.items():
        if pair[0] == "bad":
            assert row["status"] == "worst"
            assert (row["scores"]["dice"], row["scores"]["hd95_mm"]) == (
                0.0,
                row["facts"]["diagonal_mm"],
            )
        else:
            assert row == expected[pair]
    assert scores["shapes"] == honest["shapes"]
    assert {row["model"] for row in scores["echoes"]} == {"good", "bad"}
    assert scores["masks"]["bad"]["error"][1] == (
        "the process that scored prediction of bad took longer than 120 s"
    )


def test_a_lonely_model_that_kills_is_scored_worst(bench):
    del bench.masks["good"]
    stage = Stage(killers=("bad",))
    scores = score(bench, stage)
    assert codes_of(scores) == {"expert": None, "auto": None, "bad": "BR802"}
    assert stage.asked[1] == ["auto", "expert"], "the references by themselves"
    assert len(stage.asked) == 2


def test_models_that_only_fail_together_are_both_scored(bench):
    scores = score(bench, Stage(together=("good", "bad")))
    assert rows_of(scores) == rows_of(score(bench, Stage()))


def test_a_reference_that_kills_alone_is_excluded_and_the_other_is_not(bench):
    scores = score(bench, Stage(killers=("auto",)))
    assert codes_of(scores) == {"expert": None, "auto": "BR802", "good": None, "bad": None}
    assert {reference for _, reference in rows_of(scores)} == {"expert"}


def test_references_that_only_fail_together_are_both_excluded(bench):
    scores = score(bench, Stage(together=("expert", "auto")))
    assert codes_of(scores) == {"expert": "BR802", "auto": "BR802"}
    assert scores["rows"] == []
    assert scores["error"] is None, "the case is excluded, which is no error of the checks"


def test_a_stranger_cannot_have_a_case_excluded_by_calling_its_reference_unreadable(bench):
    def lie(scores, sets):
        if "bad" in sets:
            scores["masks"]["expert"].update(
                error=["BR105", "x", "y", "z"], sha256="", voxel_sha256="", notes=[], highest=0
            )
            scores["rows"] = [r for r in scores["rows"] if r["reference"] == "auto"]
            scores["rows"] = [r for r in scores["rows"] if r["model"] != "expert"]
            scores["shapes"], scores["echoes"] = [], []

    scores = score(bench, Stage(change=lie))
    assert codes_of(scores) == {"expert": None, "auto": None, "good": None, "bad": "BR801"}


def test_a_reference_that_is_unreadable_is_believed_to_be_so_when_it_says_so_alone(bench):
    bench.path("expert", "a").write_bytes(b"x")
    stage = Stage()
    scores = score(bench, stage)
    assert codes_of(scores)["expert"] == "BR107"
    assert len(stage.asked) == 2


def test_whole_runs_list_the_reference_as_excluded_without_an_error(bench, monkeypatch):
    from pytest_biasruler.benchmark.metadata import read_metadata
    from pytest_biasruler.scoring import blame

    stage = Stage(killers=("auto",))
    stage.work_on = lambda items, work, **_: ((item, work(item)) for item in items)
    monkeypatch.setattr(blame, "Confinement", lambda **_: stage)
    benchmark = bench.build(untrusted=True, metadata=pd.DataFrame({"case": ["a"]}))
    scored = score_benchmark(benchmark, metadata=read_metadata(benchmark))
    assert scored.excluded == {"expert": {}, "auto": {"a": "BR802"}}
    assert scored.errors.keys() == {"auto"}, "no mask of it is left"
    assert scored.errors["auto"].code == "BR503"


def ordered(scores):
    """Return scores as the table has them, whatever order the processes answered in."""
    return {
        name: sorted(part, key=json.dumps) if isinstance(part, list) else part
        for name, part in scores.items()
    }


def test_a_model_that_killed_three_cases_costs_the_time_limit_once_a_case(bench):
    stage = Stage(killers=("bad",))
    court = Court(confinement=stage)
    first, *_, third = (court.score(job_of(bench)) for _ in range(3))
    assert sum("bad" in sets for sets in stage.asked) == 6, "together with others, then alone"
    stage.asked.clear()
    fourth = court.score(job_of(bench))
    assert stage.asked == [["auto", "expert", "good"], ["auto", "bad", "expert"]]
    assert ordered(first) == ordered(third) == ordered(fourth), "a case depends on those before it"


@pytest.mark.parametrize("killers", [(), ("good",), ("auto",), ("expert",), ("good", "bad")])
def test_what_is_said_of_a_case_does_not_depend_on_the_cases_before_it(bench, killers):
    stage = Stage(killers=("bad",))
    court = Court(confinement=stage)
    for _ in range(3):
        court.score(job_of(bench))
    stage.killers = killers
    assert ordered(court.score(job_of(bench))) == ordered(score(bench, Stage(killers=killers)))
