from __future__ import annotations

import pytest

from pytest_biasruler.shell.progress import LiveLine, WholeLines, progress_line


class _Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_on_ci_a_line_is_written_every_tenth_and_every_minute():
    clock, lines = _Clock(), []
    progress = WholeLines(lines.append, clock=clock)

    for done in range(1, 201):
        clock.now += 1.0
        progress(done, 200, 0)
    assert len(lines) == 10
    assert lines[0] == "biasruler: scoring 20/200 cases, 1.0/s, 3:00 left"
    assert lines[-1] == "biasruler: scoring 200/200 cases, 1.0/s, 0:00 left"

    lines.clear()
    slow = WholeLines(lines.append, clock=clock)
    clock.now += 61
    slow(1, 200, 0)
    assert len(lines) == 1


class _Reporter:
    def __init__(self):
        self.written = []

    def ensure_newline(self):
        self.written.append("newline")

    def rewrite(self, line, *, erase):
        self.written.append(line)
        assert erase


class _Config:
    class pluginmanager:  # noqa: N801  (stands in for an attribute)
        @staticmethod
        def getplugin(_):
            return None


def test_the_live_line_waits_two_seconds_and_is_cleared_at_the_end():
    clock, reporter = _Clock(), _Reporter()
    progress = LiveLine(_Config, reporter, clock=clock)

    for done in range(1, 31):
        clock.now += 0.1
        progress(done, 30, 10)

    assert reporter.written[0] == "newline"
    assert reporter.written[1].startswith("biasruler: scoring 20/30 cases, 10 from store, 5.0/s")
    assert reporter.written[-1] == ""
    assert len(reporter.written) - 2 <= 6, "at most five updates a second"


def test_the_time_left_counts_work_and_not_cases():
    clock, lines = _Clock(), []
    progress = WholeLines(lines.append, clock=clock)
    clock.now += 30.0
    progress.weigh(0.75)
    progress(20, 100, 0)
    assert lines == ["biasruler: scoring 20/100 cases, 0.7/s, 0:10 left"]


def test_a_fast_run_never_shows_a_live_line():
    reporter = _Reporter()
    progress = LiveLine(_Config, reporter, clock=_Clock())

    for done in range(1, 11):
        progress(done, 10, 0)

    assert reporter.written == []


def test_before_anything_is_scored_no_rate_is_invented():
    assert progress_line(3, 9, from_store=3, seconds=1.0) == (
        "biasruler: scoring 3/9 cases, 3 from store"
    )


@pytest.mark.parametrize(
    ("environment", "arguments", "is_shown"),
    [
        ({"CI": "true"}, (), True),
        ({"CI": "true"}, ("-n1",), True),
        ({"CI": "true"}, ("-q",), False),
        ({}, (), False),
    ],
)
def test_who_sees_progress(write_masks, run, monkeypatch, environment, arguments, is_shown):
    write_masks("fail")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    result = run("biasruler.toml", *arguments, subprocess=True)  # where files are captured

    text = result.stdout.str() + result.stderr.str()
    assert ("biasruler: scoring 8/8 cases" in text) is is_shown
