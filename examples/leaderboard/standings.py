"""Print the leaderboard of an audit: places by the experts, and by the automated labels."""

from __future__ import annotations

import json
import sys
from pathlib import Path

audit = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
means = {
    (row["reference"], row["model"]): row["mean"]
    for row in audit["scores"]
    if row["subgroup"] == "all" and row["metric"] == "dice" and row["model"] in audit["models"]
}


def order_by(reference):
    return sorted(audit["models"], key=lambda model: means[reference, model], reverse=True)


expert, automated = order_by("expert"), order_by("automated")
print("| place | model | Dice | by the automated labels |")
print("|---|---|---|---|")
for place, model in enumerate(expert, start=1):
    other = f"{means['automated', model]:.3f}, place {automated.index(model) + 1}"
    print(f"| {place} | {model} | {means['expert', model]:.3f} | {other} |")
