"""The commit that a CI system names stands in the audit; whatever else it says does not."""

from __future__ import annotations

import pytest

from pytest_biasruler.shell.values import read_commit

NAMES = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "GIT_COMMIT")
COMMIT = "3f9c2a1b" * 5


@pytest.fixture(autouse=True)
def no_ci(monkeypatch):
    for name in (*NAMES, "CIRCLE_SHA1", "BITBUCKET_COMMIT", "DRONE_COMMIT_SHA", "TRAVIS_COMMIT"):
        monkeypatch.delenv(name, raising=False)


def test_outside_ci_no_commit_is_known():
    assert read_commit() is None


@pytest.mark.parametrize("name", NAMES)
def test_each_system_names_it_in_its_own_variable(monkeypatch, name):
    monkeypatch.setenv(name, COMMIT.upper())
    assert read_commit() == COMMIT


@pytest.mark.parametrize("value", ["", "main", "3f9c2a", "<script>", "a" * 65, f"{COMMIT}; rm"])
def test_what_is_no_hash_is_not_believed(monkeypatch, value):
    monkeypatch.setenv("GITHUB_SHA", value)
    assert read_commit() is None
    monkeypatch.setenv("CI_COMMIT_SHA", COMMIT)
    assert read_commit() == COMMIT, "the next system is asked"
