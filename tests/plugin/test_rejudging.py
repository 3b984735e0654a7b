"""What ``biasruler judge`` says of an audit is what pytest says under the same policy."""

from __future__ import annotations

import json

import pytest

from pytest_biasruler.cli import main

AUTOMATED = (
    '[[checks]]\ncheck = "gap"\nby = "sex"\nmodel = "unet"\nreference = "automated"\n'
    'name = "automated"\n'
)
SCREEN = '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\nscreen = true\nname = "screen"\n'
STRICT = '[[checks]]\ncheck = "gap"\nby = "sex"\nmodel = "unet"\npolicy = "prove-safe"\n'
LOOSE = (
    '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\nlimit = 0.21\npolicy = "point"\n'
    'name = "loose"\n'
)
ENDED = (
    '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\nname = "ended"\n'
    'waive = { reason = "seen", until = 2020-01-01 }\n'
)
FACTS = '[[checks]]\ncheck = "provenance"\nby = "age"\nmodel = "unet"\n'
POLICIES = ("point", "confident-fail", "prove-safe")
RUNS = {
    "passes": (("pass", FACTS), ()),
    "fails": (("pass", "fail"), ()),
    "open": (("pass", "inconclusive", LOOSE), ()),
    "waived": (("pass", "waived"), ()),
    "waiver ended": (("pass", ENDED), ()),
    "in error": (("pass", "error"), ()),
    "automated": (("pass", AUTOMATED), ()),
    "screened": (("pass", SCREEN), ()),
    "own policies": (("inconclusive", STRICT, LOOSE), ()),
    "a part": (("pass", "fail"), ("-k", "sex")),
    "a part, the rest is strict": (("fail", STRICT, LOOSE), ("-k", "loose")),
    "public": (("pass", "inconclusive", "waived"), ("--biasruler-public",)),
}


def outcomes(folder, name):
    plain = json.loads((folder / name).read_text("utf-8"))
    return {finding["id"]: finding["outcome"] for finding in plain["findings"]}


def judged(path, capsys, *arguments):
    """Return exit code and outcomes that the command gives an audit."""
    capsys.readouterr()
    code = main(["judge", str(path), *arguments])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


@pytest.mark.parametrize("name", RUNS)
def test_an_audit_is_judged_as_a_run_under_that_policy_would(
    pytester, write_benchmark, run, capsys, name
):
    from datetime import UTC, datetime

    from pytest_biasruler.audit.reading import read_audit
    from pytest_biasruler.audit.rejudging import judge_again

    checks, arguments = RUNS[name]
    write_benchmark(*checks)
    first = run("biasruler.toml", *arguments, "--biasruler-json=kept.json")
    kept = read_audit(pytester.path / "kept.json", shown="kept.json")
    today = datetime.now(tz=UTC).date()

    same = judge_again(kept, policy=None, today=today)
    assert {f.id: f.outcome for f in same.findings} == outcomes(pytester.path, "kept.json")
    assert judged(pytester.path / "kept.json", capsys)[0] == first.ret

    for policy in POLICIES:
        option = f"--biasruler-policy={policy}"
        result = run("biasruler.toml", *arguments, option, "--biasruler-json=again.json")
        again = judge_again(kept, policy=policy, today=today)
        told = {f.id: f.outcome for f in again.findings}
        assert told == outcomes(pytester.path, "again.json"), policy
        code, text = judged(pytester.path / "kept.json", capsys, "--policy", policy)
        assert code == result.ret, f"{policy}: {text}"


CONFTEST = """
import os
import pytest
from pytest_biasruler import Benchmark

@pytest.fixture(scope="session")
def biasruler_benchmark():
    return Benchmark.from_file(f"{os.environ['PYTEST_XDIST_WORKER']}.toml")
"""


def test_an_audit_of_which_one_check_gave_two_results_stays_red(
    pytester, write_benchmark, run, capsys
):
    for number in (0, 1):
        extra = f"[defaults]\nmin_patients = {20 + number}\n"
        write_benchmark(file=f"gw{number}.toml", name=f"gw{number}", extra=extra)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        "def test_sex(biasruler):\n    biasruler.assert_gap('dice', by='sex', model='unet')"
    )

    result = run("-n2", "--dist=each", "--biasruler-json=audit.json")

    assert result.ret == 1, result.stdout.str()
    assert "one check gave two results: " in result.stdout.str()
    for number in (0, 1):
        code, told = judged(pytester.path / f"audit-gw{number}.json", capsys)
        assert code == 1
        assert "one check gave two results: " in told


GAP = '[[checks]]\ncheck = "gap"\nby = "{by}"\nmodel = "unet"\nname = "{by}"\nlimit = {limit}\n'
KEPT_OFF = 'waive = { reason = "seen", until = 2999-12-31 }\n'
WIDE, NARROW = GAP.format(by="age", limit=0.5), GAP.format(by="age", limit=0.2125)
OTHER = GAP.format(by="sex", limit=0.3)
PAIRS = {
    "worse": ([WIDE], [WIDE], 0.25),
    "no longer shown": ([NARROW], [NARROW], 0.205),
    "worse and waived": ([WIDE], [WIDE + KEPT_OFF], 0.25),
    "unchanged, one gone": ([WIDE, OTHER], [WIDE], 0.2),
    "new and screened": ([WIDE], [WIDE + "screen = true\n", OTHER], 0.25),
}


@pytest.mark.parametrize("name", PAIRS)
def test_an_audit_is_held_against_an_earlier_one_as_a_run_is(
    pytester, write_benchmark, run, capsys, name
):
    before, now, gap = PAIRS[name]
    write_benchmark(*before)
    run("biasruler.toml", "--biasruler-json=old.json")
    write_benchmark(*now, tables={"gap": gap})
    run("biasruler.toml", "--biasruler-json=plain.json")
    for policy in POLICIES:
        arguments = (f"--biasruler-policy={policy}", "--biasruler-compare=old.json")
        result = run("biasruler.toml", *arguments, "--biasruler-json=compared.json")
        asked = ("--policy", policy)
        code, told = judged(
            pytester.path / "plain.json",
            capsys,
            *asked,
            "--compare",
            str(pytester.path / "old.json"),
        )
        assert code == result.ret, f"{policy}: {told}"
        code, told = judged(pytester.path / "compared.json", capsys, *asked)
        assert code == result.ret, f"{policy}, compared before: {told}"
        shown = result.stdout.lines
        since = [line for line in told.splitlines() if line.startswith("since the earlier audit")]
        assert told.splitlines()[0] in shown, policy
        assert len(since) == 1
        assert set(since) <= set(shown), policy
