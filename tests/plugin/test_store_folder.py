from __future__ import annotations

import pytest


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_cache_that_cannot_be_made_costs_no_verdict_and_is_told_once(
    pytester, write_masks, run, mode
):
    write_masks("fail", "pass")
    (pytester.path / "notadir").write_text("", encoding="utf-8")

    result = run("biasruler.toml", "-o", "cache_dir=notadir", "-W", "default", *mode)

    text = result.stdout.str()
    assert result.parseoutcomes()["failed"] == 1
    assert "errors" not in result.parseoutcomes()
    assert text.count("store of scores is off: it cannot be made (") == 1
    section = text.partition("= biasruler =")[2]
    assert str(pytester.path) not in section


def test_a_store_that_is_on_is_not_mentioned(write_masks, run):
    write_masks("fail")

    assert "store of scores" not in run("biasruler.toml").stdout.str()
