from __future__ import annotations

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
    assert not [line for line in result.stdout.lines if line.startswith("::")]
    assert result.ret == 1
    assert str(pytester.path) not in text.partition("FAILURES")[2]
