"""P9: nothing from a file is executed, and nothing is asked of a network or of a shell."""

from __future__ import annotations

import json
import socket

import pytest

WATCH = """
import json
import sys
from pathlib import Path

PREFIXES = {prefixes!r}
SEEN = []


def watch(event, arguments):
    if event.startswith(PREFIXES):
        SEEN.append(event)


def pytest_configure(config):
    import numpy, pandas, scipy.stats, nibabel, jinja2  # what they do while imported is theirs
    import scipy.spatial, scipy.ndimage, scipy.optimize
    sys.addaudithook(watch)


def pytest_unconfigure(config):
    Path(config.rootpath, "seen.json").write_text(json.dumps(SEEN))
"""
FORBIDDEN = (
    *("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "telnetlib.", "webbrowser."),
    *("pickle.find_class", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.startfile"),
    *("subprocess.Popen", "pty.spawn", "ctypes.dlopen", "shelve"),
)
CHECKS = (
    '[[checks]]\ncheck = "gap"\nby = ["age", "sex"]\n'
    '[[checks]]\ncheck = "ruler"\nby = "age"\n'
    '[[checks]]\ncheck = "labels"\nby = "age"\n'
    '[[checks]]\ncheck = "echo"\n'
    '[[checks]]\ncheck = "morphology"\nby = "age"\n'
    '[[checks]]\ncheck = "provenance"\nby = "age"\n'
)


def test_the_network_is_closed_for_the_whole_suite():
    with pytest.raises(PermissionError, match="the network is closed"):
        socket.create_connection(("127.0.0.1", 9))


def test_an_audit_asks_nothing_of_network_or_shell_and_unpickles_nothing(
    pytester, write_masks, run
):
    write_masks(CHECKS)
    (pytester.path / "unet" / "c7.nii").write_bytes(b"\x80\x04\x95cposix\nsystem\n(S'id'\ntR.")
    pytester.makeconftest(WATCH.format(prefixes=FORBIDDEN))

    result = run(
        *("biasruler.toml", "--biasruler-json=out/a.json", "--biasruler-html=out/a.html"),
        *("--biasruler-selftest=2", "--biasruler-no-cache"),
        subprocess=True,
    )

    assert result.ret == 0
    assert (pytester.path / "out" / "a.html").exists()
    audit = json.loads((pytester.path / "out" / "a.json").read_text("utf-8"))
    assert [row["code"] for row in audit["accounting"]["problems"]] == ["BR201"]
    assert json.loads((pytester.path / "seen.json").read_text("utf-8")) == []


@pytest.mark.parametrize("deed", ["os.system('true')", "socket.socket()", "pickle.loads(EVIL)"])
def test_the_watch_above_sees_what_it_forbids(pytester, run, deed):
    pytester.makeconftest(WATCH.format(prefixes=FORBIDDEN))
    pytester.makepyfile(
        f"import os, pickle, socket\nEVIL = pickle.dumps(print)\ndef test_a():\n    {deed}\n"
    )

    run(subprocess=True)

    assert json.loads((pytester.path / "seen.json").read_text("utf-8"))
