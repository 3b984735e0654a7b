from __future__ import annotations

import json
import re

import pytest


def test_no_case_name_reaches_any_output(pytester, write_masks, run):
    path = write_masks("fail", '[[checks]]\ncheck = "provenance"\nby = "age"\n')
    for table in pytester.path.glob("*.csv"):
        text = re.sub(r"\bc(\d)\b", r"canary\1", table.read_text("utf-8"))
        table.write_text(text, encoding="utf-8")
    for mask in list(pytester.path.glob("*/c*.nii")):
        mask.rename(mask.with_name(mask.name.replace("c", "canary", 1)))
    (pytester.path / "automated" / "canary3.nii").write_bytes(b"damaged")
    assert path.exists()

    result = run(
        *("biasruler.toml", "-vv", "--tb=long", "-l", "--junitxml=junit.xml", "-rA"),
        *("--biasruler-json=out/audit.json", "--biasruler-html=out/report.html"),
    )

    assert result.ret == 1
    assert "BR" in (pytester.path / "out" / "audit.json").read_text("utf-8")
    files = [*pytester.path.glob("out/*"), pytester.path / "junit.xml"]
    files += [p for p in (pytester.path / ".pytest_cache").rglob("*") if p.is_file()]
    spoiled = [p.name for p in files if b"canary" in p.read_bytes()]
    assert spoiled == []
    assert "canary" not in result.stdout.str() + result.stderr.str()


def test_a_test_named_by_a_case_is_warned_about_and_kept_out_of_the_report(
    pytester, write_benchmark, run
):
    write_benchmark()
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("case", ["x-c007-y"])
        def test_case(biasruler, case):
            biasruler.assert_gap("dice", by="sex", model="unet")

        @pytest.mark.parametrize("by", ["sex"])
        def test_by(biasruler, by):
            biasruler.assert_gap("dice", by=by, model="unet")
        """
    )

    result = run("--biasruler=biasruler.toml", "--biasruler-json=audit.json", "-W", "default")

    result.assert_outcomes(passed=2, warnings=1)
    assert "BR604: a test id holds the name of a case or patient" in result.stdout.str()
    text = (pytester.path / "audit.json").read_text("utf-8")
    assert "c007" not in text
    assert "::test_by[sex]::gap[dice-sex-unet]" in text


@pytest.mark.parametrize("name", ["<script>", "\u202eevil", "::error::x"])
def test_hostile_names_are_escaped_on_the_terminal(pytester, write_benchmark, run, name):
    write_benchmark("fail", name=name.replace("\u202e", "\\u202e"))

    result = run("biasruler.toml")

    text = result.stdout.str()
    assert "\u202e" not in text
    assert not [line for line in result.stdout.lines if line.strip().startswith("::")]
    assert result.ret == 1
    assert str(pytester.path) not in text.partition("FAILURES")[2]


ERRING = """
import os
import signal
import pytest

@pytest.mark.parametrize("case", ["canary0"])
def test_refused(biasruler, case):
    biasruler.assert_gap("dice", by="nothing", model="unet")

@pytest.mark.parametrize("by", ["nothing"])
def test_harmless(biasruler, by):
    biasruler.assert_gap("dice", by=by, model="unet")

@pytest.mark.parametrize("case", ["canary0"])
def test_killed(biasruler, case):
    os.kill(os.getpid(), signal.SIGKILL)
"""
OUTPUTS = ("--biasruler-json=out/audit.json", "--biasruler-html=out/report.html")


@pytest.mark.parametrize("mode", [("-k", "not killed"), ("-n1",)], ids=["plain", "crash"])
def test_a_test_in_error_that_is_named_by_a_case_keeps_it_out_of_the_report(
    pytester, write_benchmark, run, mode
):
    write_benchmark()
    for table in ("meta.csv", "scores.csv"):
        text = (pytester.path / table).read_text("utf-8").replace("c000", "canary0")
        (pytester.path / table).write_text(text, "utf-8")
    pytester.makepyfile(ERRING)

    result = run("--biasruler=biasruler.toml", *OUTPUTS, "-W", "default", *mode)

    assert result.ret == 1
    assert "BR604: a test id holds the name of a case or patient" in result.stdout.str()
    written = {path.name: path.read_text("utf-8") for path in pytester.path.glob("out/*")}
    assert [name for name, text in written.items() if "canary0" in text] == []
    errors = json.loads(written["audit.json"])["accounting"]["checks"]["errors"]
    killed = ["test_killed"] if "-n1" in mode else []
    assert [error["id"].partition("::")[2] for error in errors] == [
        *("test_harmless[nothing]", "test_refused", *killed)
    ]


def test_a_test_in_error_before_any_name_is_known_is_told_without_its_bracket(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    pytester.makepyfile(
        """
        import pytest
        from pytest_biasruler.errors import BiasRulerError

        @pytest.fixture
        def broken():
            raise BiasRulerError("BR602", "a", "b", "Mend it")

        @pytest.mark.parametrize("case", ["canary0"])
        def test_broken(broken, biasruler, case):
            pass
        """
    )

    run(".", "--biasruler=biasruler.toml", *OUTPUTS)

    text = (pytester.path / "out" / "audit.json").read_text("utf-8")
    assert "::test_broken" in text
    assert "canary0" not in text


COMMANDS = ("::error file=x::pwn", "##[error]pwn", "a ##[group]")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_name_becomes_a_command_of_the_build_server(pytester, write_benchmark, run, name):
    write_benchmark("fail", "ruler", name=name)
    table = pytester.path / "meta.csv"
    table.write_text(table.read_text("utf-8").replace("young", name), "utf-8")

    result = run("biasruler.toml", "-rA", "-vv")

    lines = [line.strip() for line in result.stdout.lines]
    assert [line for line in lines if line.startswith("::") or "##[" in line] == []
    assert any("x3a:error" in line or "x23[" in line for line in lines)


def test_a_name_that_turns_the_text_around_is_escaped_in_every_sentence(
    pytester, write_benchmark, run
):
    write_benchmark("fail")
    table = pytester.path / "meta.csv"
    table.write_text(table.read_text("utf-8").replace("young", "y\u202ezz"), "utf-8")

    run("biasruler.toml", "--biasruler-json=audit.json")

    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert [f["statement"] for f in audit["findings"] if "\u202e" in f["statement"]] == []
    assert "y\\u202ezz" in audit["findings"][0]["statement"]
