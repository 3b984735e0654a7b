from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

ATTRIBUTES = {
    "testsuites": {"name"},
    "testsuite": {
        "name", "tests", "errors", "failures", "skipped", "time", "timestamp", "hostname",
    },
    "testcase": {"name", "classname", "time", "file", "line"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
    "properties": set(),
    "property": {"name", "value"},
}  # fmt: skip
"""What the common schema of JUnit readers knows; anything else would make a file invalid."""


def _structure_problems(root):
    return [
        f"{node.tag} {set(node.attrib)}"
        for node in root.iter()
        if not set(node.attrib) <= ATTRIBUTES.get(node.tag, {"no such element"})
    ]


@pytest.fixture
def junit(pytester, write_benchmark, run):
    write_benchmark("pass", "fail", "inconclusive", "error", "waived")

    def junit(*arguments):
        run("biasruler.toml", "--junitxml=junit.xml", *arguments)
        text = (pytester.path / "junit.xml").read_text("utf-8")
        assert '{"' not in text, "no raw payload"
        return ET.fromstring(text), text

    return junit


@pytest.mark.parametrize(
    "mode", [("xunit1",), ("xunit2",), ("xunit2", "-n2")], ids=["xunit1", "xunit2", "xdist"]
)
def test_both_families_are_valid_and_tell_every_outcome(pytester, junit, mode):
    family, *arguments = mode
    root, text = junit("-o", f"junit_family={family}", "-W", "error", *arguments)

    assert _structure_problems(root) == []
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert len(cases) == 5
    second = next(name for name in cases if "~2" in name)
    inconclusive = cases[second].find("skipped")
    assert inconclusive.get("type") == "pytest.skip"
    assert inconclusive.get("message").startswith("INCONCLUSIVE: gap dice, age: gap 0.19")
    waived = cases["ruler[dice-age-unet]"].find("skipped").get("message")
    assert waived == "waived until 2999-12-31: relabelling under way (verdict FAIL)"
    failed = cases["gap[dice-age-unet]"].find("failure").get("message")
    assert failed.startswith("FAIL gap dice, age young vs old: gap 0.19")
    assert "BR503" in cases["gap[dice-age-ghost]"].find("error").get("message")
    assert str(pytester.path) not in text
    assert "site-packages" not in text


def test_numbers_stand_in_flat_properties(junit):
    root, _ = junit()

    case = next(c for c in root.iter("testcase") if c.get("name") == "gap[dice-age-unet]")
    found = {item.get("name"): item.get("value") for item in case.iter("property")}
    assert sorted(found) == [
        f"biasruler.{key}"
        for key in ("hash", "high", "limit", "low", "n_patients", "value", "verdict")
    ]
    assert found["biasruler.verdict"] == "FAIL"
    assert found["biasruler.n_patients"] == "80"
    assert 0.19 < float(found["biasruler.value"]) < 0.21


def test_properties_can_be_left_out(junit):
    root, text = junit("-o", "biasruler_junit_properties=false")

    assert list(root.iter("property")) == []
    assert "biasruler.verdict" not in text
