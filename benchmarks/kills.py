"""Kill runs at random moments, look at what is left, and run them again: P8 of the README.

``python benchmarks/kills.py`` kills 26 controllers and 26 workers and writes the counts to
``benchmarks/kill_counts.json``; ``--controllers 3 --workers 3`` does less. Needs ``/proc``. Exits
with 1 if anything was half-written, lost or green that must not be.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

SEED = 20270331
N_CASES = 60
PATIENCE_S = 300.0  # no trial fails because the machine is slow
COUNTS = Path(__file__).with_name("kill_counts.json")
BENCHMARK = """\
[benchmark]
name = "Cut off"
metadata = "meta.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii"
[references.automated]
kind = "automated"
masks = "automated/{case}.nii"
[models.unet]
masks = "unet/{case}.nii"
[attributes.age]
[attributes.sex]
[defaults]
min_patients = 10
[[checks]]
check = "gap"
by = ["age", "sex"]
metric = ["dice", "nsd", "precision", "recall"]
limit = 0.3
[[checks]]
check = "ruler"
by = ["age", "sex"]
limit = 0.3
"""
N_CHECKS = 10
N_PIECES = 7  # of a case in the store: three masks, three pairs and the whole, written together
QUIET = ("-p", "no:randomly", "-p", "no:hypothesispytest")
MODES = {
    "alone": ("--biasruler-workers=1",),
    "pool": ("--biasruler-workers=2",),
    "xdist": ("--biasruler-workers=1", "-n2"),
    "xdist and pool": ("--biasruler-workers=2", "-n2"),
}
CONTROLLER = [
    (mode, "controller", name)
    for name in ("SIGKILL", "SIGTERM", "SIGKILL", "SIGINT")
    for mode in MODES
]
WORKER = [
    ("xdist", "xdist worker", "SIGKILL"),
    ("pool", "pool process", "SIGKILL"),
    ("xdist and pool", "xdist worker", "SIGKILL"),
    ("xdist and pool", "pool process", "SIGKILL"),
]
_MARKS = {"xdist worker": "sys.stdin.readline", "pool process": "multiprocessing.spawn"}


@dataclass(kw_only=True)
class Trial:
    """One run that was killed, and the run after it."""

    mode: str
    target: str
    signal: str
    moment: str
    """What the kill waits for: share of an undisturbed run, cases scored, or findings."""
    number: float
    delay_s: float
    was_hit: bool = False
    exit_code: int = 0
    n_scored: int = 0
    n_findings: int = 0
    n_whole_outputs: int = 0
    n_temporary: int = 0
    n_torn_lines: int = 0
    n_from_store: int = 0
    broken: list[str] = field(default_factory=list)


class Arena:
    """A benchmark of small masks, and what an undisturbed run of it gives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_runs = 0
        self.seconds: dict[str, float] = {}
        write_masks(folder)
        self.expected = self._run_undisturbed("alone")

    def place(self) -> Path:
        """Return a new folder for outputs and cache."""
        self.n_runs += 1
        place = self.folder / f"run{self.n_runs}"
        place.mkdir()
        return place

    def start(self, place: Path, mode: str) -> subprocess.Popen[bytes]:
        """Start a run in a process group of its own."""
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTEST_ADDOPTS", "COLUMNS")}
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a shell's background
            signal.signal(signal.SIGINT, signal.default_int_handler)  # and a child would inherit
        environment = {**kept, "CI": "1", "SOURCE_DATE_EPOCH": "1767225600", "NO_COLOR": "1"}
        with (place / "said.txt").open("ab") as said:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", "biasruler.toml", *QUIET, *MODES[mode]),
                    *(
                        f"--biasruler-json={place}/audit.json",
                        f"--biasruler-html={place}/page.html",
                    ),
                    *("-o", f"cache_dir={place}/cache", "-c", "pytest.ini"),
                ],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def time(self, mode: str) -> float:
        """Return how many seconds an undisturbed run takes."""
        if mode not in self.seconds:
            found = self._run_undisturbed(mode)
            assert found == self.expected, f"{mode}: other bytes than alone"
        return self.seconds[mode]

    def _run_undisturbed(self, mode: str) -> dict[str, bytes]:
        place, begin = self.place(), time.monotonic()
        run = self.start(place, mode)
        assert run.wait(PATIENCE_S) == 0, (place / "said.txt").read_text("utf-8")
        self.seconds[mode] = time.monotonic() - begin
        return {name: (place / name).read_bytes() for name in ("audit.json", "page.html")}


def write_masks(folder: Path) -> None:
    """Write a benchmark on which every check passes or is open, so that a green run exits 0."""
    (folder / "biasruler.toml").write_text(BENCHMARK, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    with (folder / "meta.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [
            [f"c{i:02d}", "old" if i % 2 else "young", "FM"[i // 2 % 2]] for i in range(N_CASES)
        ]
        csv.writer(file).writerows([["case", "age", "sex"], *rows])
    generator = np.random.default_rng(SEED)
    grid = np.indices((40, 40, 24)).astype(float)
    for case, _, _ in rows:
        centre, radius = generator.uniform(10, 14, 3), generator.uniform(6, 9)
        for name in ("expert", "automated", "unet"):
            middle = centre + generator.normal(0, 0.4, 3)
            inside = ((grid - middle[:, None, None, None]) ** 2).sum(axis=0) < radius**2
            (folder / name).mkdir(exist_ok=True)
            image = nib.Nifti1Image(inside.astype(np.uint8), np.diag([1.0, 1.0, 2.0, 1.0]))
            image.to_filename(folder / name / f"{case}.nii")


def plan(n_controllers: int, n_workers: int, *, seed: int = SEED) -> list[Trial]:
    """Return trials at random moments; the same for the same seed."""
    chance = random.Random(seed)
    kinds = [CONTROLLER[i % len(CONTROLLER)] for i in range(n_controllers)]
    kinds += [WORKER[i % len(WORKER)] for i in range(n_workers)]
    trials = []
    for mode, target, name in kinds:
        # Nothing is left to score once there is a finding.
        moments = ("share", "scored") if target == "pool process" else ("share", "scored", "found")
        numbers = {
            "share": round(chance.uniform(0.05, 1.0), 3),
            "scored": chance.randint(1, N_CASES - 10),
            "found": chance.randint(1, N_CHECKS - 1),
        }
        moment, delay_s = chance.choice(moments), round(chance.uniform(0, 0.05), 3)
        number = numbers[moment]
        trials.append(
            Trial(
                mode=mode,
                target=target,
                signal=name,
                moment=moment,
                number=number,
                delay_s=delay_s,
            )
        )
    return trials


def carry_out(trial: Trial, arena: Arena) -> None:
    """Kill a run, look at what is left, run it again; what is wrong goes to `trial.broken`."""
    place = arena.place()
    for name in ("audit.json", "page.html"):
        (place / name).write_bytes(arena.expected[name])
    usual_s = arena.time(trial.mode) if trial.moment == "share" else 0.0
    begin = time.monotonic()
    run = arena.start(place, trial.mode)
    reached = {
        "share": lambda: (time.monotonic() - begin) / usual_s,
        "scored": lambda: count_scored(place),
        "found": lambda: count_found(place),
    }[trial.moment]
    while run.poll() is None and reached() < trial.number:
        time.sleep(0.003)
    time.sleep(trial.delay_s)
    victim = choose_victim(run, trial.target)
    if victim is not None:
        strike(victim, trial)
    trial.exit_code = run.wait(PATIENCE_S)
    if not wait_for(lambda: not group_of(run.pid)):
        trial.broken.append(f"{len(group_of(run.pid))} processes are left")
        for process in group_of(run.pid):
            os.kill(process, signal.SIGKILL)
    inspect_outputs(trial, place, expected=arena.expected)
    inspect_store(trial, place)
    inspect_journal(trial, place)
    inspect_next_run(trial, place, arena)


def choose_victim(run: subprocess.Popen[bytes], target: str) -> int | None:
    """Wait for the first process of that kind; None: the run is over."""
    while run.poll() is None:
        if target == "controller":
            return run.pid
        found = [pid for pid in group_of(run.pid) if _MARKS[target] in command_of(pid)]
        if found:
            return random.Random(SEED).choice(sorted(found))
        time.sleep(0.003)
    return None


def count_scored(place: Path) -> int:
    """Return how many cases the store holds, without a lock that the run had to wait for."""
    path = store_of(place)
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as base:
            return int(base.execute("SELECT count(*) FROM scores").fetchone()[0]) // N_PIECES
    except sqlite3.Error:  # it is being written
        return 0


def count_found(place: Path) -> int:
    """Return how many findings the journal holds."""
    return sum(path.read_bytes().count(b'"kind": "finding"') for path in journals_of(place))


def store_of(place: Path) -> Path:
    """Return the file of the store."""
    return place / "cache" / "d" / "biasruler" / "scores.sqlite"


def journals_of(place: Path) -> list[Path]:
    """Return the journals."""
    return list(store_of(place).parent.glob("journal-*.jsonl"))


def strike(victim: int, trial: Trial) -> None:
    """Send the signal; Ctrl-C goes to the whole group, as a terminal sends it."""
    number = signal.Signals[trial.signal]
    try:
        if number == signal.SIGINT:
            os.killpg(victim, number)
        else:
            os.kill(victim, number)
    except ProcessLookupError:
        return
    trial.was_hit = True


def group_of(leader: int) -> list[int]:
    """Return the processes of a group that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = path.read_text("ascii", "replace").rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(group) == leader and state not in ("Z", "X"):
            found.append(int(path.parent.name))
    return found


def command_of(process: int) -> str:
    """Return the command line of a process, "" if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""


def wait_for(is_so: Any) -> bool:
    """Return whether something comes true before patience ends."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def inspect_outputs(trial: Trial, place: Path, *, expected: dict[str, bytes]) -> None:
    """Each output is absent or whole; green only if every check reported."""
    trial.n_temporary = len(list(place.glob(".*.tmp")))
    found = {name: (place / name).read_bytes() for name in expected if (place / name).exists()}
    trial.n_whole_outputs = len(found)
    if not found.get("page.html", b"</html>").rstrip().endswith(b"</html>"):
        trial.broken.append("half a page")
    try:
        audit = json.loads(found.get("audit.json", b"null"))
    except ValueError:
        trial.broken.append("half an audit")
        return
    if trial.exit_code == 0 and found != expected:
        trial.broken.append("exit code 0, but not every check reported")
    if trial.exit_code != 0 and not (trial.was_hit and trial.target != "pool process"):
        trial.broken.append(f"exit code {trial.exit_code} though every case can be scored")
    if audit is not None and found["audit.json"] != expected["audit.json"]:
        checks = audit["accounting"]["checks"]
        if not checks["missing"] + len(checks["errors"]):
            trial.broken.append("an audit of another content that calls itself whole")


def inspect_store(trial: Trial, place: Path) -> None:
    """Every entry of the store is what was written."""
    path = store_of(place)
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as base:
        if base.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            trial.broken.append("the store is damaged")
        tables = base.execute("SELECT name FROM sqlite_master").fetchall()
        rows = base.execute("SELECT key, content, sha256 FROM scores").fetchall() if tables else []
    for key, content, digest in rows:
        if hashlib.sha256(f"{key}\n{content}".encode()).hexdigest() != digest:
            trial.broken.append("an entry of the store does not match its hash")
    if len(rows) % N_PIECES:
        trial.broken.append("the store holds half a case")
    trial.n_scored = len(rows) // N_PIECES


def inspect_journal(trial: Trial, place: Path) -> None:
    """Every line parses, and the findings are those of an undisturbed run."""
    journals = journals_of(place)
    if trial.exit_code >= 0 and journals:
        trial.broken.append("a run that ended left its journal")
    for path in journals:
        *lines, tail = path.read_bytes().split(b"\n")
        trial.n_torn_lines += bool(tail)
        plain = [json.loads(line) for line in lines]
        trial.n_findings = len({p["finding"]["id"] for p in plain if p["kind"] == "finding"})
        if plain and (plain[0]["kind"], plain[0]["declared"]) != ("benchmark", N_CHECKS):
            trial.broken.append("the journal does not begin with its head")


def inspect_next_run(trial: Trial, place: Path, arena: Arena) -> None:
    """The next run completes from what was kept and says that the one before was cut off."""
    has_journal = bool(journals_of(place))
    said = place / "said.txt"
    said.write_bytes(b"")
    if arena.start(place, "alone").wait(PATIENCE_S) != 0:
        trial.broken.append("the next run was not green")
    text = said.read_text("utf-8")
    for name, content in arena.expected.items():
        if not (place / name).exists() or (place / name).read_bytes() != content:
            trial.broken.append(f"the next run wrote another {name}")
    trial.n_from_store = max(map(int, re.findall(r"(\d+) from store", text)), default=0)
    if trial.n_from_store != trial.n_scored:
        trial.broken.append(f"{trial.n_from_store} of {trial.n_scored} scores were used again")
    if has_journal != (text.count("an earlier run was cut off") == 1):
        trial.broken.append("the next run is silent about the one before")
    if list(place.glob(".*.tmp")):
        trial.broken.append("the next run left a temporary file")


def count(trials: list[Trial]) -> dict[str, Any]:
    """Return what happened how often, without a name of machine, path or process."""
    groups: dict[str, Counter[str]] = {}
    for trial in trials:
        counts = groups.setdefault(f"{trial.target}, {trial.signal}", Counter())
        counts["runs"] += 1
        counts["killed"] += trial.was_hit
        counts["exit code 0"] += trial.exit_code == 0
        counts["no output left"] += trial.n_whole_outputs == 0
        counts["whole outputs"] += trial.n_whole_outputs
        counts["temporary files, gone after the next run"] += trial.n_temporary
        counts["journals with findings"] += trial.n_findings > 0
        counts["last line of the journal cut"] += trial.n_torn_lines
        counts["next runs that used scores"] += trial.n_from_store > 0
        counts["scores used again"] += trial.n_from_store
        counts["broken promises"] += len(trial.broken)
    return {name: dict(counts) for name, counts in sorted(groups.items())}


def main() -> int:
    """Carry out the trials that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--controllers", type=int, default=26)
    parser.add_argument("--workers", type=int, default=26)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--counts", type=Path, help=f"such as {COUNTS.name}; default: print only")
    asked = parser.parse_args()
    trials = plan(asked.controllers, asked.workers, seed=asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        arena = Arena(Path(folder))
        for trial in trials:
            carry_out(trial, arena)
            print(trial, flush=True)
    counts = {"seeds": [asked.seed], "cases": N_CASES, "checks": N_CHECKS, "killed": count(trials)}
    text = json.dumps(counts, indent=2)
    if asked.counts:
        asked.counts.write_text(f"{text}\n", encoding="utf-8")
    print(text)
    return 1 if any(trial.broken for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
