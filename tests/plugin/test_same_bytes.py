"""Same input, same bytes: the corpus of broken files audited again, under all that may differ."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.core.masks.broken_files import FILES, mask, nii
from tests.dask_cluster import start_cluster

BENCHMARK = """\
[benchmark]
name = "Corpus <b>"
metadata = "meta.csv"
patient = "patient"
site = "site"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii"
[references.automated]
kind = "automated"
masks = "automated/{case}.nii.gz"
[models.unet]
masks = "unet/{case}.nii"
trained_on = "automated"
[models.clean]
masks = "clean/{case}.nii.gz"
trained_on = "expert"
[attributes.age]
column = "age"
bins = [0, 40, 120]
[attributes.sex]
[defaults]
min_patients = 5
"""
CHECKS = {
    "gap": 'by = ["age", "sex", ["age", "sex"]]\nmodel = ["unet", "clean"]',
    "ruler": 'by = "age"\nmetric = ["dice", "nsd"]\nmodel = "unet"\nlimit = 0.02',
    "labels": 'by = "age"',
    "success": 'by = "sex"\nmodel = "clean"',
    "floor": 'by = "age"\nmetric = "hd95_mm"\nmodel = "clean"\nlimit = 5',
    "amplification": 'by = "age"',
    "echo": 'by = "age"\nmodel = "unet"',
    "difficulty": 'by = "age"\nmodel = "unet"',
    "morphology": 'by = "sex"',
    "ranking": 'by = "age"',
    "transport": 'by = "age"\nmodel = "unet"\nmin_sites = 3\nmin_patients_site = 3',
    "noise": 'by = "age"\nmodel = "unet"',
    "rectified": 'by = "age"\nmodel = "unet"\nlabelled = "random"',
    "provenance": 'by = "age"',
}
"""Every check, with the keys that it needs here."""

CASES = (*FILES.values(), *([("sound.nii", None, "")] * 60))
"""File name, content and code of each case; those behind the corpus keep their sound masks."""

OUTPUTS = ("audit.json", "report.html", "plan.csv", "summary.md")
WAYS = {
    "alone": {
        "arguments": ("-n0", "--biasruler-workers=2"),
        "environ": {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
    },
    "with others, elsewhere": {
        "arguments": ("-n2", "--biasruler-workers=1", "--biasruler-no-cache"),
        "environ": {"PYTHONHASHSEED": "2", "TZ": "America/Anchorage", "LC_ALL": "C.UTF-8"},
    },
}
KEEPER = """
import json
from pytest_biasruler.masks import inflate
from pytest_biasruler.scoring import plan, pool, run

told = {"engine": inflate.ENGINE.__name__, "pools": 0, "clusters": 0, "from_store": 0}
pool._SMALL = -1  # else cases as small as these start no process
assemble, open_pool, score_on_cluster = run.assemble, pool.open_pool, plan.score_on_cluster

class Counted(run.Tally):
    def count(self, *, n_from_store=0):
        told["from_store"] += n_from_store
        super().count(n_from_store=n_from_store)

def opened(workers):
    told["pools"] += 1
    return open_pool(workers)

def sent(*args, **how):
    told["clusters"] += 1
    return score_on_cluster(*args, **how)

def kept(*args, **how):
    scored = assemble(*args, **how)
    with open("table.csv", "w", encoding="utf-8") as table, open("told.json", "w") as file:
        scored.table.to_csv(table)
        json.dump(told, file)
    return scored

run.Tally, run.assemble, pool.open_pool, plan.score_on_cluster = Counted, kept, opened, sent
"""
"""A plugin that keeps the score table of a run, and what it was made by."""

PLAIN = "raise ImportError('not installed')"
NO_STORE = "--biasruler-no-cache"


def _sound(number, *, width):
    voxels = mask()
    voxels[1 : 1 + width, 6, 6] = 1
    voxels[7, 7] = [number >> bit & 1 for bit in range(8)]  # no two patients have one mask
    return voxels


def _files():
    """Return content by path: every file of the corpus once, as a prediction or a reference."""
    files = {}
    for number, (name, content, _) in enumerate(CASES):
        case = f"c{number:03d}"
        is_packed, is_prediction = name.endswith(".gz"), number % 4 < 2
        for folder, width in {"expert": 4, "automated": 5, "unet": 2, "clean": 3}.items():
            sound = nii(_sound(number, width=width + number % 2))
            ending = ".nii.gz" if folder in ("automated", "clean") else ".nii"
            files[f"{folder}/{case}{ending}"] = _pack(sound) if ending == ".nii.gz" else sound
        broken = {
            (False, True): f"unet/{case}.nii",
            (True, True): f"clean/{case}.nii.gz",
            (False, False): f"expert/{case}.nii",
            (True, False): f"automated/{case}.nii.gz",
        }
        if content is not None:
            files[broken[is_packed, is_prediction]] = content
        if number % 5 == 4:
            del files[f"expert/{case}.nii"]  # not labelled by the expert
    return files


def _pack(content):
    return gzip.compress(content, mtime=0)


def _write(folder, *, is_reversed):
    rng = np.random.default_rng(0)
    files = _files()
    rows = []
    for n, (_, content, _) in enumerate(CASES):
        # Much of the corpus holds one and the same cube: many scans of one patient.
        patient = "p" if content is not None else f"p{n}"
        rows.append([f"c{n:03d}", patient, rng.integers(80), "FM"[rng.integers(2)], f"s{n % 4}"])
    for path in sorted(files, reverse=is_reversed):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(files[path])
    with (folder / "meta.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["case", "patient", "age", "sex", "site"], *rows])
    checks = [f'[[checks]]\ncheck = "{check}"\n{keys}\n' for check, keys in CHECKS.items()]
    (folder / "biasruler.toml").write_text(BENCHMARK + "".join(checks), encoding="utf-8")


def _audit(folder, *, arguments, environ, written=OUTPUTS):
    outputs = [f"--biasruler-json={OUTPUTS[0]}", f"--biasruler-html={OUTPUTS[1]}"]
    outputs += [f"--biasruler-export=csv-plan={OUTPUTS[2]}", f"--biasruler-markdown={OUTPUTS[3]}"]
    left_out = ["-p", "no:hypothesispytest", "-p", "no:randomly", "-p", "no:rerunfailures"]
    kept = {key: text for key, text in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "biasruler.toml", "--rootdir=.", *outputs, *left_out,
         "--tb=no", *arguments],
        cwd=folder,
        env={**kept, **environ, "SOURCE_DATE_EPOCH": "1767225600"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    return done, {name: (folder / name).read_bytes() for name in written}


def _write_far_apart(folder):
    """Make the last case large: its masks lie so far apart that surfaces are searched by trees."""
    rng, case = np.random.default_rng(1), f"c{len(CASES) - 1:03d}"
    places = {
        "expert": (2, 2, 2),
        "automated": (4, 3, 2),
        "unet": (40, 44, 30),
        "clean": (3, 2, 2),
    }
    for name, place in places.items():
        voxels = np.zeros((72, 72, 60), np.uint8)
        box = tuple(slice(at, at + 26) for at in place)
        voxels[box] = rng.random((26, 26, 26)) < 0.6
        (path,) = (folder / name).glob(f"{case}.*")
        path.write_bytes(_pack(nii(voxels)) if path.suffix == ".gz" else nii(voxels))


@pytest.mark.slow
def test_the_whole_corpus_audited_twice_gives_the_same_bytes(tmp_path):
    codes, seen = [], []
    for name, way in WAYS.items():
        folder = tmp_path / name
        folder.mkdir()
        _write(folder, is_reversed=bool(seen))
        done, outputs = _audit(folder, **way)
        codes.append(done.returncode)
        seen.append(outputs)

    assert codes == [0, 0], done.stdout
    for name in OUTPUTS:
        assert seen[0][name] == seen[1][name], f"{name} differs"
        assert str(tmp_path).encode() not in seen[0][name]
    audit = json.loads(seen[0]["audit.json"])
    answered = {finding["check"] for finding in audit["findings"]}
    assert answered == set(CHECKS), "every kind of check was asked and answered"
    told = {problem["code"] for problem in audit["accounting"]["problems"]}
    expected = {code for _, _, code in FILES.values() if code}
    assert len(told & expected) > len(expected) / 2, "and the corpus was really met"
    assert len(seen[0]["plan.csv"].splitlines()) > 1, "and there was something to plan"


@pytest.mark.slow
@pytest.mark.usefixtures("own_network")
@pytest.mark.skipif(os.name != "posix", reason="a cluster is ended by its process ids")
def test_whatever_inflates_scores_and_keeps_the_corpus_gives_the_same_bytes(tmp_path):
    pytest.importorskip("zlib_ng", reason="the extra [fast] is not installed")
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    _write(tmp_path, is_reversed=False)
    _write_far_apart(tmp_path)
    modules = {"keeper.py": KEEPER, "plain/zlib_ng/__init__.py": PLAIN}
    for name, text in modules.items():
        path = tmp_path / "modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    fast = str(tmp_path / "modules")
    plain = os.pathsep.join([fast, str(tmp_path / "modules" / "plain")])
    with start_cluster(tmp_path) as cluster:
        ways = {
            "zlib": (plain, "--biasruler-workers=1", NO_STORE),
            "zlib-ng": (fast, "--biasruler-workers=1", NO_STORE),
            "two processes": (fast, "--biasruler-workers=2", NO_STORE),
            "two processes, zlib": (plain, "--biasruler-workers=2", NO_STORE),
            "cluster": (fast, f"--biasruler-scheduler={cluster.address}", NO_STORE),
            "cold store": (fast, "--biasruler-workers=2"),
            "warm store": (plain, "--biasruler-workers=1"),
        }
        told, seen = {}, {}
        for way, (path, *arguments) in ways.items():
            done, seen[way] = _audit(
                tmp_path,
                arguments=("-n0", "-pkeeper", *arguments),
                environ={"PYTHONPATH": path},
                written=("table.csv", *OUTPUTS),
            )
            assert done.returncode == 0, done.stdout
            told[way] = json.loads((tmp_path / "told.json").read_text())

    fields = ("engine", "pools", "clusters")
    assert {way: tuple(each[name] for name in fields) for way, each in told.items()} == {
        "zlib": ("zlib", 0, 0),
        "zlib-ng": ("zlib_ng.zlib_ng", 0, 0),
        "two processes": ("zlib_ng.zlib_ng", 1, 0),
        "two processes, zlib": ("zlib", 1, 0),
        "cluster": ("zlib_ng.zlib_ng", 0, 1),
        "cold store": ("zlib_ng.zlib_ng", 1, 0),
        "warm store": ("zlib", 0, 0),
    }, "each was scored as its name says"
    assert told["cold store"]["from_store"] < len(CASES) / 2 < told["warm store"]["from_store"]
    assert seen["zlib"]["table.csv"].count(b"\n") > len(CASES)
    for way in ways:
        for name, content in seen["zlib"].items():
            assert seen[way][name] == content, f"{name} differs by {way}"
