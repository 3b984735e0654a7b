from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_biasruler.shell.payload import take_payload
from pytest_biasruler.shell.stash import PROPERTY

ODD = ['("a", "b", "c")', '"text"', "()", "None", '("biasruler", "1.0 beta")']


@pytest.mark.parametrize("entry", ODD)
def test_what_others_append_to_the_properties_disturbs_nothing(
    pytester, write_benchmark, run, entry
):
    write_benchmark("pass")
    pytester.makepyfile(
        f"""
        def test_other(request):
            request.node.user_properties.append({entry})

        def test_ours(request, biasruler):
            request.node.user_properties.append({entry})
            biasruler.assert_gap("dice", by="sex", model="unet")
        """
    )
    pytester.makeconftest(
        f"def pytest_itemcollected(item):\n    item.user_properties.append({entry})"
    )

    result = run(".", "--biasruler=biasruler.toml")

    assert result.ret == 0
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("text", ["1.0 beta", "[1]", "{}", '{"kind": "mine"}'])
def test_what_does_not_read_as_a_payload_stays_with_its_owner(text):
    report = SimpleNamespace(user_properties=[(PROPERTY, text), (PROPERTY, '{"kind": "error"}')])

    assert take_payload(report) == [{"kind": "error"}]
    assert report.user_properties == [(PROPERTY, text)]


def test_a_property_of_another_project_reaches_its_junit_file(pytester, run):
    pytester.makepyfile(
        "def test_version(record_property):\n    record_property('biasruler', '1.0 beta')"
    )

    assert run("--junitxml=junit.xml", "-o", "junit_family=xunit1").ret == 0
    assert 'name="biasruler" value="1.0 beta"' in (pytester.path / "junit.xml").read_text("utf-8")
