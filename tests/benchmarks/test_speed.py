"""The harness itself: turns, agreement, figures, and whose time is whose."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import pytest_biasruler
from benchmarks.generated import GRIDS, draw_patient, draw_share, write_cohort
from benchmarks.peers.catalogue import FLOOR, OURS, OURS_PLAIN, PAIRS, PEERS
from benchmarks.speed import cases, figures, judged, memory, reruns, startup, tables, targets
from benchmarks.speed.asked import Asked
from benchmarks.speed.cohort import choose_cases, write_tiny_case
from benchmarks.speed.figures import Figure
from benchmarks.speed.parts import PACKAGE, PARTS, REST, share_out
from benchmarks.speed.tool import ROOT, Tool
from pytest_biasruler.audit.judging import judge_declared
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.scoring.store import FILE


def test_a_figure_is_told_by_median_and_ends() -> None:
    plain = Figure(name="n", title="t", unit="s", values=(3.0, 1.0, 2.0)).to_plain()
    assert (plain["median"], plain["min"], plain["max"], plain["n"]) == (2.0, 1.0, 3.0, 3)


def test_the_first_three_cases_have_the_three_grids_and_tumours() -> None:
    chosen = choose_cases(6)
    patients = [draw_patient(number) for number in chosen]
    assert [patient.grid for patient in patients] == [*GRIDS, *GRIDS]
    assert all(draw_share(patient) for patient in patients)
    assert len(set(chosen)) == 6


def test_ours_scores_in_a_process_of_its_own_with_either_inflater(tmp_path: Path) -> None:
    paths = write_tiny_case(tmp_path)
    found = {}
    for name in (OURS, OURS_PLAIN):
        with Tool(PEERS[name]) as tool:
            if not tool.missing:
                seconds, found[name] = tool.score(paths)
                assert seconds > 0
    assert set(found[OURS_PLAIN]) == {"~".join(pair) for pair in PAIRS}
    # A cube of 8 voxels a side against itself moved by one: 7 of 8 layers agree.
    assert found[OURS_PLAIN]["automated~expert"]["dice"] == 7 / 8
    assert found.get(OURS, found[OURS_PLAIN]) == found[OURS_PLAIN]


def test_the_reference_implementation_agrees_with_ours(tmp_path: Path) -> None:
    paths = write_tiny_case(tmp_path)
    scores: dict[str, cases.Scores] = {}
    for name in (OURS_PLAIN, "deepmind"):
        with Tool(PEERS[name]) as tool:
            assert not tool.missing, tool.missing
            scores[name] = {0: tool.score(paths)[1]}
    (row,) = cases.compare_scores(scores)
    assert (
        set(row["same"]) == set(row["furthest"]) == {"dice", "nsd", "hd95_mm", "hd_mm", "assd_mm"}
    )


def test_a_tool_that_scores_otherwise_stops_the_run() -> None:
    ours = {0: {"a~b": {"dice": 0.5, "hd95_mm": 1.0}}}
    theirs = {0: {"a~b": {"dice": 0.5001, "hd95_mm": 9.0}}}
    with pytest.raises(ValueError, match="monai and ours differ in dice"):
        cases.compare_scores({OURS_PLAIN: ours, "monai": theirs})
    theirs[0]["a~b"]["dice"] = 0.5
    (row,) = cases.compare_scores({OURS_PLAIN: ours, "monai": theirs})
    assert row["furthest"] == {"dice": 0.0, "hd95_mm": 8.0}, "another definition is told"


def test_a_score_that_is_not_a_number_is_no_agreement() -> None:
    ours, theirs = ({0: {"a~b": {"dice": value}}} for value in (0.5, float("nan")))
    with pytest.raises(ValueError, match="differ in dice"):
        cases.compare_scores({OURS_PLAIN: ours, "medpy": theirs})


def test_a_tool_that_is_not_installed_is_missing_and_breaks_nothing(tmp_path: Path) -> None:
    absent = [peer for peer in PEERS.values() if peer.name == "monai" and not find_spec("monai")]
    for peer in absent:
        with Tool(peer) as tool:
            assert "monai" in tool.missing
            assert tool.score(write_tiny_case(tmp_path)) == (0.0, {})


def test_the_floor_inflates_and_scores_nothing(tmp_path: Path) -> None:
    with Tool(PEERS["floor-zlib"]) as tool:
        assert tool.score(write_tiny_case(tmp_path))[1] == {}


def test_only_turns_of_both_tools_make_a_ratio() -> None:
    times = {
        OURS: {(0, 1): 0.1, (0, 2): 0.2, (1, 1): 0.1},
        "deepmind": {(0, 1): 1.0, (0, 2): 3.0},
        FLOOR: {(0, 1): 0.05},
    }
    found = cases._list_figures(times, asked=Asked(folder=Path(), n_cases=2, n_rounds=2))
    by_name = {figure["name"]: figure for figure in found}
    assert by_name["deepmind/biasruler"]["n"] == 2
    assert by_name["deepmind/biasruler"]["median"] == pytest.approx(12.5)
    assert by_name["biasruler/floor"]["median"] == 2.0
    assert by_name["deepmind"]["note"] == "2 cases; slow, so fewer turns"


def test_what_is_asked_survives_the_way_to_another_process() -> None:
    asked = Asked(folder=Path("a"), n_cases=3, is_full=True)
    assert Asked.from_plain(json.loads(json.dumps(asked.to_plain()))) == asked


def test_time_in_a_library_counts_for_who_called_it() -> None:
    inflating = (str(PACKAGE / "masks" / "stream.py"), 1, "fill")
    other = (str(PACKAGE / "errors.py"), 1, "other")
    between, library = ("/lib/numpy.py", 1, "f"), ("~", 0, "<built-in g>")
    stats: dict[Any, Any] = {
        inflating: (1, 1, 1.0, 5.0, {}),
        other: (1, 1, 0.5, 2.0, {}),
        between: (1, 1, 1.0, 4.0, {inflating: (1, 1, 1.0, 4.0)}),
        library: (2, 2, 4.0, 4.0, {between: (1, 1, 3.0, 3.0), other: (1, 1, 1.0, 1.0)}),
        ("~", 0, "<built-in _hashlib.openssl_sha256>"): (
            1,
            1,
            0.25,
            0.25,
            {other: (1, 1, 0.25, 0.25)},
        ),
    }
    found = share_out(stats)
    assert found == {"inflating": 1.0 + 1.0 + 3.0, REST: 0.5 + 1.0, "hashing": 0.25}


def test_every_part_names_a_module_and_a_function_that_exist() -> None:
    for key in PARTS:
        module, _, function = key.partition(":")
        path = PACKAGE / Path(*module.split(".")).with_suffix(".py")
        assert path.is_file(), f"{module} has moved"
        assert f"def {function}" in path.read_text(encoding="utf-8") or not function, key


def test_sixty_gaps_are_judged_and_most_pass() -> None:
    judgements = judge_declared(prepare(judged.make_up()))
    verdicts = [judgement.unwrap().verdict for judgement in judgements]
    assert len(verdicts) == 60
    assert Verdict.PASS in verdicts


def test_growth_is_that_of_the_time_per_row() -> None:
    found = [
        {"format": "csv", "n_rows": n, "seconds": s, "us_per_row": 1e6 * s / n, "peak_mb": 100.0}
        for n, s in ((100, 1.0), (1000, 11.0), (10000, 99.0))
    ]
    by_name = {figure["name"]: figure for figure in tables.list_figures(found)}
    assert (by_name["csv-growth"]["max"], by_name["csv-growth"]["min"]) == (1.1, 0.9)
    assert by_name["csv-1000-s"]["median"] == 11.0


@pytest.mark.parametrize("module", [figures, targets], ids=lambda module: module.__name__)
def test_examples_are_right(module: Any) -> None:
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)


def test_every_way_of_a_run_scores_and_the_store_is_filled_by_the_first(tmp_path: Path) -> None:
    write_cohort(tmp_path, n_cases=2)
    benchmark = Benchmark.from_file(tmp_path / "biasruler.toml")
    ways = reruns._list_ways(benchmark, tmp_path / "store")
    assert [*ways] == [*reruns.TITLES]
    assert not (tmp_path / "store").exists()
    assert ways["first"]() > 0
    stored = (tmp_path / "store" / FILE).read_bytes()
    assert ways["rerun"]() > 0
    assert ways["one"]() > 0
    assert (tmp_path / "store" / FILE).read_bytes() == stored, "something was measured again"


def test_the_modules_of_the_plugin_are_found_among_the_imports(tmp_path: Path) -> None:
    (tmp_path / "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
    assert startup._time_imports(tmp_path) > 0


def test_memory_is_told_by_scene_and_inflater() -> None:
    row = {"scene": "4x4x4, tumour", "one_mask_inflated_mib": 0.5}
    found = [
        {**row, "engine": engine, "imports_mib": 70.0, "peak_mib": peak}
        for engine, peak in (("zlib-ng", 80.0), ("zlib", 81.0))
    ]
    medians = {each["name"]: each["median"] for each in memory.list_figures(found)}
    assert medians == {"4x4x4-tumour-zlib-ng": 80.0, "4x4x4-tumour-zlib": 81.0, "imports": 70.0}


def test_the_package_imports_none_of_the_tools() -> None:
    names = {"monai", "torch", "medpy", "SimpleITK", "panoptica", "fairlearn", "surface_distance"}
    source = Path(pytest_biasruler.__file__).parent.rglob("*.py")
    told = [
        path.name
        for path in source
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import ", "from ")) and names & {*line.split()}
    ]
    assert not told


def test_a_question_that_is_unknown_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/run.py", "--only", "nonsense"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "invalid choice" in done.stderr
