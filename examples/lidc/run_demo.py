"""Audit the LIDC example: draw its references, run both benchmark files, say what came out."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
AUDITS = (
    ("biasruler.toml", "lidc", "Is a RECIST-style label a straight ruler?"),
    ("readers.biasruler.toml", "lidc-readers", "Negative control: four interchangeable readers"),
)
RAN = (0, 1)  # pytest's exit codes of a run that came to its end


def audit(benchmark: str, *, name: str, out: Path) -> bool:
    """Run one benchmark file under pytest; return whether every check was answered."""
    command = [sys.executable, "-m", "pytest", str(HERE / benchmark), "-q", "--tb=no"]
    command += ["-p", "no:cacheprovider", f"--rootdir={HERE}", "-c", os.devnull]
    command += [f"--biasruler-html={out / name}.html", f"--biasruler-json={out / name}.json"]
    if subprocess.run(command, check=False).returncode not in RAN:
        return False
    checks = read(name, out=out)["accounting"]["checks"]
    return checks["ran"] == checks["declared"]


def read(name: str, *, out: Path) -> dict:
    """Return the audit that a run has left."""
    return json.loads((out / f"{name}.json").read_text(encoding="utf-8"))


def tell(name: str, *, out: Path) -> None:
    """Print how many checks failed, and each in the words of its finding."""
    findings = read(name, out=out)["findings"]
    counts = Counter(finding["outcome"] for finding in findings)
    parts = [f"{counts[word]} {word}" for word in ("failed", "inconclusive", "passed")]
    print(f"  {len(findings)} checks: {', '.join(parts)}")
    for finding in findings:
        if finding["outcome"] == "failed":
            print(f"  FAIL {finding['id'].rsplit('::', 1)[-1]}: {finding['statement']}")


def main() -> int:
    """Run the demonstration; a check that fails is a result, not an error."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="where reports go")
    out = parser.parse_args().out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(HERE / "make_labels.py")], check=True)
    answered = [audit(benchmark, name=name, out=out) for benchmark, name, _ in AUDITS]
    if not all(answered):
        print("some checks could not be answered; see above", file=sys.stderr)
        return 1
    print("\nWhat came out")
    for _, name, question in AUDITS:
        print(f"\n{question}")
        tell(name, out=out)
        print(f"  report: {os.path.relpath(out / name)}.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
