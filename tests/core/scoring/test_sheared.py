from __future__ import annotations

import numpy as np
import pandas as pd

from pytest_biasruler import render_html
from pytest_biasruler.audit import run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Defaults
from pytest_biasruler.masks.mask import Mask

SLIGHT = np.eye(4)  # far below the tolerance of the grid, above that of right angles
SLIGHT[0, 1] = 1.2e-3
CASES = [f"c{at:02}" for at in range(24)]


def lay(make_bench, cube, *, of_unet=(), of_expert=(), far=()):
    """Lay 24 cases, no two alike; the prediction is one voxel off, or far away."""
    expert, unet = {}, {}
    for at, case in enumerate(CASES):
        voxels = cube((at % 6, 1, at // 6))
        corner = cube((10 + at // 2 % 2, 10, at // 4), 1)
        predicted = corner if at in far else np.roll(voxels, 1, axis=1)
        expert[case] = Mask(voxels=voxels, affine=SLIGHT if at in of_expert else np.eye(4))
        unet[case] = Mask(voxels=predicted, affine=SLIGHT if at in of_unet else np.eye(4))
    frame = pd.DataFrame({"case": CASES, "sex": ["FM"[at % 2] for at in range(len(CASES))]})
    return make_bench({}, sources={"expert": expert, "unet": unet}, metadata=frame)


def audit(bench):
    checks = [Check("gap", metric=metric, by="sex", limit=0.5) for metric in ("hd95_mm", "dice")]
    benchmark = bench.build(
        checks=checks,
        attributes=(Attribute(name="sex"),),
        defaults=Defaults(min_patients=2),
    )
    return run_audit(benchmark, workers=1)


def test_a_header_does_not_turn_a_failed_gap_into_a_passed_one(make_bench, cube):
    women = range(0, len(CASES), 2)
    plain = audit(lay(make_bench, cube, far=women))
    sheared = audit(lay(make_bench, cube, far=women, of_unet=women))
    assert [str(found.verdict) for found in plain.findings] == ["FAIL", "FAIL"]
    assert [str(found.verdict) for found in sheared.findings] == ["FAIL", "FAIL"]
    assert sheared.findings[0].estimate.value >= plain.findings[0].estimate.value
    (row,) = (row for row in sheared.accounting["unreadable"] if row["attribute"] is None)
    assert (row["model"], row["reason"], row["n"]) == ("unet", "BR215", 12)
    assert [line["code"] for line in sheared.accounting["problems"]] == ["BR215"] * 12


def test_a_model_most_of_whose_predictions_are_sheared_is_not_judged_in_mm(make_bench, cube):
    half = audit(lay(make_bench, cube, of_unet=range(12)))
    assert [found.metric for found in half.findings] == ["hd95_mm", "dice"]
    most = lay(make_bench, cube, of_unet=range(13))
    assert str(most.score().errors_in_mm["unet"]) == (
        "BR122: 13 of 24 predictions of unet have no distance in mm, 13 of them for a sheared "
        "grid or no voxel size; expected right angles, in mm. Use overlap metrics or resample "
        "beforehand."
    )
    said = audit(most)
    assert [found.metric for found in said.findings] == ["dice"]
    assert [error["code"] for error in said.accounting["checks"]["errors"]] == ["BR122"]


def test_a_reference_with_a_sheared_grid_is_no_fault_of_a_prediction(make_bench, cube):
    scored = lay(make_bench, cube, of_unet=[0, 1], of_expert=[1, 2]).score()
    assert scored.sheared == {"unet": {"c00": "BR215"}}
    distances = scored.table.set_index("case")["hd95_mm"]
    assert distances.index[distances.isna()].tolist() == ["c01", "c02"]
    assert scored.table["dice"].notna().all()


def test_the_report_tells_which_predictions_are_the_worst_in_mm_alone(make_bench, cube):
    told = audit(lay(make_bench, cube, of_unet=[0, 1]))
    cause = "sheared grid: no distance in mm (BR215)"
    assert cause in render_html(told)
    assert cause not in render_html(audit(lay(make_bench, cube)))
