from __future__ import annotations

import re
import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "pandas", "nibabel", "jinja2")


def _run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=True
    )


def test_importing_the_plugin_loads_nothing_heavy():
    code = (
        "import sys, pytest, pytest_biasruler.plugin\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert _run(code).stdout.strip() == "[]"


def test_a_run_that_audits_nothing_loads_prints_and_writes_nothing(pytester):
    pytester.makepyfile("def test_other():\n    pass")
    pytester.makepyprojecttoml("")
    pytester.makeconftest(
        f"""
        import sys

        def pytest_unconfigure():
            loaded = [name for name in {HEAVY} if name in sys.modules]
            rooms = ("items", "prepared", "settings", "closing")
            ours = [room for room in rooms if f"pytest_biasruler.shell.{{room}}" in sys.modules]
            print("loaded", loaded, ours)
        """
    )
    others = ("cacheprovider", "hypothesispytest", "randomly")
    result = pytester.runpytest_subprocess(*(f"-pno:{name}" for name in others))
    result.assert_outcomes(passed=1)
    text = result.stdout.str()
    assert "loaded [] []" in text
    assert "biasruler" not in text.replace("biasruler-0.1.0", "").replace("nothing_loads", "")
    made = [path.name for path in pytester.path.rglob("*") if path.suffix != ".py"]
    assert [
        name for name in made if "biasruler" in name or name.endswith((".json", ".html"))
    ] == []


def test_importing_the_plugin_takes_less_than_30_ms():
    # The budget is 15 ms on a quiet machine; the best of five is allowed twice that.
    code = "import pytest, pytest_biasruler.plugin"
    totals = []
    for _ in range(5):
        lines = _run(code, "-X", "importtime").stderr.splitlines()
        last = next(line for line in reversed(lines) if line.endswith("pytest_biasruler.plugin"))
        match = re.match(r"import time:\s+\d+ \|\s+(\d+)", last)
        assert match is not None, last
        totals.append(int(match[1]) / 1000)
    assert min(totals) < 30, f"best of five took {min(totals):.1f} ms"


def test_the_plugin_can_be_switched_off(pytester, write_benchmark):
    write_benchmark("fail")
    pytester.makepyfile("def test_other():\n    pass")

    result = pytester.runpytest_inprocess(
        "-p", "no:biasruler", "-p", "no:hypothesispytest", "-p", "no:rerunfailures"
    )

    result.assert_outcomes(passed=1)


def test_public_names_are_handed_out_lazily():
    code = (
        "import sys, pytest_biasruler as p\n"
        "before = 'pandas' in sys.modules\n"
        "names = [n for n in p.__all__ if getattr(p, n).__name__ != n]\n"
        "print(before, names, sorted(p.__all__) == p.__all__, set(p.__all__) <= set(dir(p)))"
    )
    assert _run(code).stdout.strip() == "False [] True True"


def test_a_name_that_is_not_public_is_refused():
    code = "import pytest_biasruler\npytest_biasruler.gap"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "module 'pytest_biasruler' has no attribute 'gap'" in result.stderr


@pytest.mark.parametrize("epoch", ["", "soon"])
def test_an_odd_date_does_not_disturb_a_parallel_run_that_audits_nothing(
    pytester, monkeypatch, epoch
):
    pytester.makepyfile("def test_other():\n    pass")
    pytester.makeconftest(
        """
        import sys

        def pytest_unconfigure():
            print("settings", "pytest_biasruler.shell.settings" in sys.modules)
        """
    )
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)

    result = pytester.runpytest_subprocess("-n1", "-p", "no:hypothesispytest", "-s")

    assert result.ret == 0
    assert "settings False" in result.stdout.str()
