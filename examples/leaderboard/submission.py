"""Audit one submission, whatever platform it came from."""

from __future__ import annotations

import json
import subprocess
import sys

COMMAND = [
    *(sys.executable, "-m", "pytest", "phase.biasruler.toml", "--noconftest", "--quiet"),
    *("-p", "no:cacheprovider", "--biasruler-no-cache", "--biasruler-untrusted"),
    *("--biasruler-public", "--biasruler-min-checks=2", "--biasruler-json=audit.json"),
]


def audit_submission(folder):
    """Return the leaderboard's numbers of what lies in `folder/submission`.

    The exit code is 0 if no check failed, 1 if one did: both are results. Any other, or no audit,
    means that there is no result: the last line of the error stream says why.
    """
    done = subprocess.run(COMMAND, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    lines = done.stderr.split("\n")
    last_line = next((line for line in reversed(lines) if line.strip()), "no result")
    if done.returncode not in (0, 1) or not (folder / "audit.json").is_file():
        raise RuntimeError(last_line)
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    findings = {finding["check"]: finding for finding in audit["findings"]}
    if findings.keys() != {"gap", "floor"}:
        raise RuntimeError(last_line)
    (dice,) = (row["mean"] for row in audit["scores"] if row["subgroup"] == "all")
    return {
        "dice": dice,
        "worst_dose": findings["floor"]["estimate"]["value"],
        "dose_gap": findings["gap"]["estimate"]["value"],
        "n_failed": sum(finding["verdict"] == "FAIL" for finding in findings.values()),
        "verdict": last_line,
    }
