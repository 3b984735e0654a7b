from __future__ import annotations

import datetime as dt
import json

import pytest

CHECK = """
[[checks]]
check = "gap"
by = "{by}"
model = "unet"
waive = {{ reason = "relabelling", until = {until} }}
"""


def _day(offset):
    """Return a day seen from now: the suite may run over midnight."""
    return dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=offset)


@pytest.mark.parametrize(("offset", "outcome"), [(-1, "failed"), (0, "waived"), (1, "waived")])
def test_a_waiver_holds_up_to_and_including_its_last_day(
    pytester, write_benchmark, run, monkeypatch, offset, outcome
):
    write_benchmark(CHECK.format(by="age", until=_day(offset)))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # does not stretch it

    result = run("biasruler.toml", "--biasruler-json=audit.json", "-rs")

    finding = json.loads((pytester.path / "audit.json").read_text("utf-8"))["findings"][0]
    assert (finding["verdict"], finding["outcome"]) == ("FAIL", outcome)
    text = result.stdout.str()
    assert (f"waiver ended {_day(-1)}" in text) is (offset == -1)
    assert (f"waived until {_day(offset)}: relabelling (verdict FAIL)" in text) is (offset >= 0)


def test_a_waiver_that_is_not_needed_is_said_to_be_removable(write_benchmark, run):
    write_benchmark(CHECK.format(by="sex", until=_day(1)))

    result = run("biasruler.toml", "-rs")

    assert "(verdict PASS); passes without the waiver: remove it" in result.stdout.str()


def test_a_marker_waives_one_test(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.biasruler(waive={{"reason": "later", "until": "{_day(1)}"}})
        def test_gap(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet")
        """
    )

    run("--biasruler=biasruler.toml").assert_outcomes(skipped=1)


WRONG = [
    ('polcy="point"', 'unknown key "polcy" of the marker biasruler', "Did you mean policy?"),
    ('policy="strict"', "policy is strict", "expected one of point, confident-fail, prove-safe"),
    ('waive="later"', "waive is later", "expected reason and until, a date"),
    ('waive={"reason": "x", "until": "soon"}', "waive is", "expected reason and until, a date"),
    ('"point"', "an argument without a name", "expected policy, waive"),
]


@pytest.mark.parametrize("mode", [(), ("-n1",)], ids=["plain", "xdist"])
def test_wrong_markers_are_refused_at_collection_all_at_once(pytester, write_benchmark, run, mode):
    write_benchmark()
    tests = [
        f"@pytest.mark.biasruler({keys})\ndef test_{n}(biasruler):\n    pass\n"
        for n, (keys, *_) in enumerate(WRONG)
    ]
    pytester.makepyfile("import pytest\n\n" + "\n".join(tests))

    result = run("--biasruler=biasruler.toml", *mode)

    assert result.ret not in (0, 5)
    text = result.stdout.str() + result.stderr.str()
    assert [found for _, found, _ in WRONG if found not in text] == []
    assert [expected for *_, expected in WRONG if expected not in text] == []
    if not mode:
        assert result.ret == 4
        assert "biasruler: 5 problems in the markers of this run" in text
