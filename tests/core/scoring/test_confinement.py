"""A process for each case of a stranger's submission: what it may do, and what it may cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference, ReferenceKind
from pytest_biasruler.benchmark.metrics import Metric
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, Limits
from pytest_biasruler.scoring import blame, confined
from pytest_biasruler.scoring.alteration import Change
from pytest_biasruler.scoring.altered import Altered, score_altered
from pytest_biasruler.scoring.confinement import MOST_BYTES, Confinement, Failure
from pytest_biasruler.scoring.errand import Task, pack_errand
from pytest_biasruler.scoring.gallery import draw_case
from pytest_biasruler.scoring.job import Job
from pytest_biasruler.scoring.store import Store

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
UNTRUSTED = {"untrusted": True}
SMALL = {"untrusted": True, "limits": Limits(case_memory_mb=512)}


def speaker(program, *arguments):
    """Return a command that runs a program in place of the process of a case."""
    return (sys.executable, "-I", "-c", program, *map(str, arguments))


def ask(program, *arguments, timeout_s=60, errand=None):
    confinement = Confinement(
        limits=Limits(case_timeout_s=timeout_s), command=speaker(program, *arguments)
    )
    return confinement.ask(errand or {})


def assert_same(one, other):
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    for name in ("cases", "excluded", "unreadable", "problems", "notes", "errors", "identical"):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("aliases", "digest", "model_digests", "wrong_pairing"):
        assert getattr(one, name) == getattr(other, name), name


# ---- the parent: what becomes of a process


def test_an_answer_is_handed_on_as_it_came():
    assert ask("print('{}', end='')") == b"{}"


def test_a_large_errand_reaches_the_process():
    errand = {"x": "y" * 300_000}
    heard = ask("import sys; print(len(sys.stdin.read()))", errand=errand)
    assert int(heard) == len(json.dumps(errand))


@pytest.mark.parametrize(
    ("program", "code", "found"),
    [
        ("import os; os._exit(7)", "BR801", "ended with exit status 7"),
        ("import sys; sys.exit(3)", "BR803", "needed more than 2048 MB"),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "BR801",
            "died of signal 9",
            marks=posix,
        ),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)",
            "BR802",
            "took longer than 60 s",
            marks=posix,
        ),
        ("print('x' * (2 * 2**20))", "BR801", "gave an answer of another form"),
    ],
    ids=["exit", "memory", "killed", "processor time", "too much"],
)
def test_a_process_that_fails_is_told_by_its_code(program, code, found):
    failure = ask(program)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.found) == (code, found)


def test_an_answer_may_have_one_mebibyte_and_no_byte_more():
    program = "import sys; sys.stdout.write('x' * int(sys.argv[1]))"
    assert len(ask(program, MOST_BYTES)) == MOST_BYTES
    assert isinstance(ask(program, MOST_BYTES + 1), Failure)


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(600)",
        "import os, time; os.close(1); time.sleep(600)",
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; "
        "time.sleep(600)'], start_new_session=True)",
    ],
    ids=["hangs", "hangs without a pipe", "leaves a stranger with the pipe"],
)
@posix
def test_a_process_that_does_not_end_is_ended(program):
    failure = ask(program, timeout_s=1)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.found) == ("BR802", "took longer than 1 s")


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(truth, seconds=60):
    until = time.monotonic() + seconds
    while not truth() and time.monotonic() < until:
        time.sleep(0.05)
    return truth()


@posix
def test_what_a_process_started_in_its_group_ends_with_it():
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],\n"
        "    stdout=subprocess.DEVNULL)\n"
        "print(child.pid)"
    )
    pid = int(ask(program))
    assert wait_for(lambda: not is_alive(pid)), "a grandchild outlived the case"


INTERRUPTED = """
import sys
from pytest_biasruler.errors import Limits
from pytest_biasruler.scoring.confinement import Confinement
program = "import os, sys, time; open(sys.argv[1] + str(os.getpid()), 'w'); time.sleep(600)"
confinement = Confinement(
    limits=Limits(), command=(sys.executable, "-I", "-c", program, sys.argv[1])
)
for _ in confinement.work_on(range(4), lambda number: confinement.ask({}), workers=2):
    pass
"""


@posix
def test_an_interrupt_leaves_no_process_behind(tmp_path):
    pids = tmp_path / "pids"
    pids.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, f"{pids}/"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert wait_for(lambda: len(list(pids.iterdir())) == 2), "two processes should run"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
    finally:
        process.kill()
    assert "KeyboardInterrupt" in told
    left = [int(path.name) for path in pids.iterdir() if is_alive(int(path.name))]
    assert left == [], "orphans"
    assert len(list(pids.iterdir())) == 2, "another process was started after the interrupt"


def test_a_process_knows_nothing_of_where_it_was_started(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN_OF_THE_SERVER", "canary")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = (
        "import json, os\n"
        "print(json.dumps([dict(os.environ), os.getcwd(), os.listdir(),\n"
        "    sorted(os.listdir('/proc/self/fd')) if os.path.isdir('/proc/self/fd') else []]))"
    )
    handle = (tmp_path / "open").open("w")
    environment, folder, files, descriptors = json.loads(ask(program))
    handle.close()
    assert set(environment) <= {"PATH", "LANG", "SYSTEMROOT", "OPENBLAS_NUM_THREADS", "LC_CTYPE"}
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
    assert files == []
    assert Path(folder).parent == tmp_path.resolve()
    assert set(descriptors) <= {"0", "1", "2", "3"}, "3 is the folder that is being listed"
    assert [path.name for path in tmp_path.iterdir()] == ["open"], "the folder was left behind"


# ---- the child: its limits hold before numpy is there

LIMITED = """
import json, resource, sys
from pytest_biasruler.scoring.confined import limit_process
limit_process(memory_mb=512, time_s=7)
assert "numpy" not in sys.modules
names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_CORE", "RLIMIT_FSIZE")
print(json.dumps([resource.getrlimit(getattr(resource, name)) for name in names]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of Linux")
def test_the_limits_hold_without_numpy_and_cannot_be_raised():
    limits = json.loads(ask(LIMITED))
    assert limits == [[512 * 2**20] * 2, [7, 7], [0, 0], [0, 0]]


HEAVY = """
import json, sys
import pytest_biasruler.scoring.case
print(json.dumps(sorted({"nibabel", "pandas", "pydicom"} & set(sys.modules))))
"""


def test_a_process_of_one_case_loads_nothing_that_an_sform_does_not_need():
    assert json.loads(ask(HEAVY)) == []


def test_memory_is_limited_on_linux_and_not_on_a_mac(monkeypatch):
    monkeypatch.setattr(confined.sys, "platform", "linux")
    assert confined.is_memory_limited() == (os.name == "posix")
    monkeypatch.setattr(confined.sys, "platform", "darwin")
    assert not confined.is_memory_limited()


# ---- whole cases


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_honest_files_score_as_in_trust(tiny, workers):
    how = {"measures": ("shape", "echo")}
    tiny.path("unet", "c1").unlink()
    tiny.path("auto", "c2").write_bytes(b"broken")
    some = {"metadata": pd.DataFrame({"case": ["c0", "c1", "c2"]})}
    trusted = tiny.score(build=some, **how)
    confined_ = tiny.score(build={**UNTRUSTED, **some}, workers=workers, **how)
    assert_same(confined_, trusted)
    pd.testing.assert_frame_equal(confined_.shapes, trusted.shapes, check_exact=True)
    pd.testing.assert_frame_equal(confined_.echoes, trusted.echoes, check_exact=True)


def test_an_executor_is_not_used_for_strangers(tiny):
    with ThreadPoolExecutor(1) as executor:
        executor.shutdown()
        scored = tiny.score(build={**UNTRUSTED, "metadata": pd.DataFrame({"case": ["c0"]})},
                            executor=executor)  # fmt: skip
    assert not scored.problems


def test_scores_of_strangers_are_stored_apart_from_those_in_trust(tiny, tmp_path):
    one = {"metadata": pd.DataFrame({"case": ["c0"]})}
    store, seen = Store(tmp_path / "store"), []

    def progress(*numbers):
        seen.append(numbers)

    tiny.score(build=one, store=store, progress=progress)
    tiny.score(build={**UNTRUSTED, **one}, store=store, progress=progress)
    tiny.score(build={**UNTRUSTED, **one}, store=store, progress=progress)
    assert seen == [(1, 1, 0), (1, 1, 0), (1, 1, 1)]


TRICKS = """
import ctypes, os, resource, signal
ANSWER = 3
def trick(model, reference):
    which = int(model.voxels[0, 0, :].argmax()) if model.voxels[0, 0].any() else None
    if which == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if which == 2:
        os._exit(0)
    if which == 3:
        bytearray(4 << 30)
    if which == 4:
        os.write(ANSWER, b'{"masks": {}, "rows": [], "shapes": [], "echoes": [], "problems": []}')
        os._exit(0)
    if which == 5:
        print("a metric that prints")
        if "pytest" in os.environ or len(os.environ) > 5:
            return 0.0
        try:
            with open("written", "w") as file:
                file.write("x")
        except OSError:
            return 1.0
    return 0.5
"""


@pytest.mark.slow
@posix
def test_each_trick_costs_the_stranger_one_case_and_nobody_else_any(
    make_bench, tmp_path, monkeypatch, cube
):
    (tmp_path / "tricks_of_strangers.py").write_text(TRICKS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    import tricks_of_strangers

    cases = [f"c{number}" for number in range(6)]
    predictions = {case: cube((3, 2, 2)) for case in cases}
    for number, case in enumerate(cases):
        predictions[case][0, 0, number] = number > 0
    experts = {case: cube((2, 2, number)) for number, case in enumerate(cases)}
    bench = make_bench({"expert": experts, "unet": predictions})
    metric = Metric(name="trick", score=tricks_of_strangers.trick)
    scored = bench.score(build=SMALL, metrics=[metric], workers=2)
    assert scored.unreadable == {
        "unet": {"c1": "BR801", "c2": "BR801", "c3": "BR803", "c4": "BR801"}
    }
    assert scored.excluded == {"expert": {}}
    table = scored.table.set_index("case")
    assert table["status"].to_dict() == {
        "c0": "scored", "c1": "worst", "c2": "worst", "c3": "worst", "c4": "worst", "c5": "scored"
    }  # fmt: skip
    assert table.loc[["c1", "c2", "c3", "c4"], ["dice", "trick"]].eq(0.0).all(axis=None)
    assert table["trick"][["c0", "c5"]].tolist() == [0.5, 1.0], "it wrote, or saw an environment"
    assert {each.where: each.found for each in scored.problems} == {
        "c1": "the process that scored prediction of unet died of signal 9",
        "c2": "the process that scored prediction of unet gave an answer of another form",
        "c3": "the process that scored prediction of unet needed more than 512 MB",
        "c4": "the process that scored prediction of unet gave an answer of another form",
    }
    assert list((tmp_path / "temporary").iterdir()) == []


def write_bomb(path, shape):
    """Write ones that deflate to next to nothing, with the header that they need."""
    header = nibabel.Nifti1Image(np.zeros((1, 1, 1), "u2"), np.eye(4)).to_bytes()[:352]
    header = bytearray(header)
    np.frombuffer(header, "<i2", 4, 40)[:] = (3, *shape)
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    n_bytes = 2 * int(np.prod(shape))
    pieces = [squeeze.compress(bytes(header))]
    ones = b"\1\0" * 2**19  # zeros would take no memory, however many
    pieces += [squeeze.compress(ones) for _ in range(n_bytes // 2**20)]
    pieces += [squeeze.compress(ones[: n_bytes % 2**20]), squeeze.flush()]
    path.write_bytes(b"".join(pieces))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limits of Linux")
def test_a_file_too_large_for_its_process_costs_one_case(tiny):
    write_bomb(tiny.path("unet", "c1"), (1000, 1000, 260))
    write_bomb(tiny.path("expert", "c2"), (1000, 1000, 260))
    options = {**SMALL, "metadata": pd.DataFrame({"case": ["c1", "c2"]})}
    scored = tiny.score(build=options, workers=2)
    # A prediction of another shape is not inflated; of a reference nothing is known beforehand.
    assert scored.unreadable == {"unet": {"c1": "BR220"}}
    assert scored.excluded == {"expert": {"c2": "BR803"}, "auto": {}}
    assert not scored.errors


def test_outlines_of_strangers_are_drawn_elsewhere_and_alike(tiny, monkeypatch):
    asked = {"sets": ["expert", "unet"], "label": None}
    trusted = draw_case(tiny.build(), "c0", **asked)
    monkeypatch.setattr("pytest_biasruler.scoring.gallery.read_stack", None)
    assert draw_case(tiny.build(**UNTRUSTED), "c0", **asked) == trusted


def test_altered_masks_of_strangers_are_scored_elsewhere_and_alike(tiny, monkeypatch):
    kept = {"set": "unet", "model": "unet", "reference": "expert", "label": ""}
    wanted = [
        Altered(change=Change.ERODE, size=1.0, metric="dice", **kept),
        Altered(change=Change.COPY, size=0.5, metric="kappa", automated="auto", **kept),
    ]
    from pytest_biasruler.benchmark.metrics import CATALOGUE

    how = {"cases": ("c0", "c1"), "metrics": {"dice": CATALOGUE["dice"]}, "readers": {}}
    trusted = score_altered(tiny.build(), wanted, **how)
    monkeypatch.setattr("pytest_biasruler.scoring.altered.read_stack", None)
    found = score_altered(tiny.build(**UNTRUSTED), wanted, workers=2, **how)
    assert found.keys() == trusted.keys()
    for one, series in trusted.items():
        assert series.notna().all(), "nothing was compared"
        pd.testing.assert_series_equal(found[one], series, check_exact=True)


def test_no_prediction_of_a_stranger_is_opened_by_the_parent_but_to_be_hashed(tiny, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("read in the parent")

    monkeypatch.setattr("pytest_biasruler.scoring.stack.read_crop", refuse)
    one = {**UNTRUSTED, "metadata": pd.DataFrame({"case": ["c0"]})}
    assert not tiny.score(build=one).problems


def test_without_an_installed_package_nobody_is_called_guilty(tiny, monkeypatch):
    monkeypatch.setattr(
        blame, "Confinement",
        lambda limits: Confinement(limits=limits, command=speaker("import sys; sys.exit(1)")),
    )  # fmt: skip
    with pytest.raises(BiasRulerError, match=r"BR801: the process of an untrusted case does not"):
        tiny.score(build=UNTRUSTED)


def test_the_process_that_is_asked_for_nothing_answers():
    nothing = Job(case="", entries=(), metrics=())
    assert Confinement(limits=Limits()).ask(pack_errand(Task.NOTHING, nothing)) == b"null"


# ---- what is refused before anything is scored


def build_all_wrong(tmp_path):
    return Benchmark(
        name="wrong",
        metadata=pd.DataFrame({"case": ["a"]}),
        root=tmp_path,
        references=[
            Reference(name="expert", kind=ReferenceKind.EXPERT, masks="all/{case}.nii"),
            Reference(name="auto", kind=ReferenceKind.AUTOMATED, masks={"a": np.ones((2, 2, 2))}),
        ],
        models=[
            Model(name="unet", masks="all/unet/{case}.nii"),
            Model(name="vnet", masks="vnet/{case}.nii"),
        ],
        untrusted=True,
    )


def test_all_that_a_submission_may_not_be_is_told_at_once(tmp_path, write_mask, cube):
    from pytest_biasruler.benchmark.metadata import read_metadata
    from pytest_biasruler.scoring.run import score_benchmark

    for name in ("a.nii", "unet/a.nii"):
        write_mask(tmp_path / "all" / name, cube((1, 1, 1)))
    benchmark = build_all_wrong(tmp_path)
    metrics = [Metric(name="mine", score=lambda *_: 1.0)]
    with pytest.raises(BiasRulerProblems) as caught:
        score_benchmark(benchmark, metadata=read_metadata(benchmark), metrics=metrics)
    problems = caught.value.problems
    assert [problem.code for problem in problems] == ["BR602"] * 3
    assert [problem.found for problem in problems] == [
        "masks of auto are given in code, and the benchmark is untrusted",
        "the folder of model unet contains or lies in that of expert",
        "metric mine cannot be imported by name, and the benchmark is untrusted",
    ]
    trusted = replace(benchmark, untrusted=False, models=benchmark.models[:1])
    assert score_benchmark(trusted, metadata=read_metadata(trusted), metrics=metrics).cases


@pytest.mark.slow
@posix
def test_no_link_of_a_submission_is_followed_even_where_links_are_allowed(make_bench, cube):
    cases = {f"c{number}": cube((2, 2, number)) for number in range(3)}
    bench = make_bench({"expert": cases})
    for case in cases:
        folder = bench.root / "unet" / case
        folder.mkdir(parents=True)
        (folder / "mask.nii.gz").write_bytes(bench.path("expert", case).read_bytes())
    (bench.root / "unet" / "c1" / "mask.nii.gz").unlink()
    (bench.root / "unet" / "c1" / "mask.nii.gz").symlink_to(bench.path("expert", "c1"))
    (bench.root / "unet" / "c2" / "mask.nii.gz").unlink()
    (bench.root / "unet" / "c2").rmdir()
    (bench.root / "unet" / "c2").symlink_to(bench.root / "unet" / "c0")
    stored = bench.root / "elsewhere.nii.gz"
    bench.path("expert", "c0").rename(stored)
    bench.path("expert", "c0").symlink_to(stored)
    options = {
        "sources": {"unet": "unet/{case}/mask.nii.gz"},
        "limits": Limits(allow_symlinks=True),
        **UNTRUSTED,
    }
    scored = bench.score(build=options, workers=2)
    assert scored.unreadable == {"unet": {"c1": "BR402", "c2": "BR402"}}
    assert not [each for each in scored.problems if "biasruler_allow_symlinks" in each.fix]
    assert scored.excluded == {"expert": {}}, "links in place of references are allowed"


@posix
def test_one_file_under_two_names_is_told(make_bench, cube):
    cases = {f"c{number}": cube((2, 2, number)) for number in range(2)}
    bench = make_bench({"expert": cases, "unet": {"c0": cube((2, 2, 0))}})
    os.link(bench.path("unet", "c0"), bench.path("unet", "c1"))
    patients = pd.DataFrame({"case": ["c0", "c1"], "who": ["p", "p"]})
    scored = bench.score(build={**UNTRUSTED, "metadata": patients, "patient": "who"})
    text = "2 predictions of unet are one file under several names"
    assert [note.text for note in scored.notes if note.code == "BR120"] == [text]
    assert (scored.errors["unet"].code, scored.errors["unet"].found) == ("BR120", text)


def test_a_file_larger_than_any_mask_is_not_even_hashed(tiny):
    path = tiny.path("unet", "c0")
    with path.open("r+b") as file:
        file.truncate(40 * 2**20)  # sparse
    limits = Limits(max_voxels=2**20, max_extension_bytes=1024)
    one = {**UNTRUSTED, "limits": limits, "metadata": pd.DataFrame({"case": ["c0"]})}
    scored = tiny.score(build=one)
    assert scored.unreadable == {"unet": {"c0": "BR111"}}
