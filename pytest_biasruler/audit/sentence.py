"""What the self-test found, in sentences (method, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.numbers import format_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.metrics import Metric

_BIASES = {
    "gap": "a planted {metric} gap of {size}",
    "rectified": "a planted {metric} gap of {size}",
    "transport": "a planted {metric} gap of {size} at every site",
    "difficulty": "a planted {metric} gap of {size} that difficulty does not explain",
    "ruler": "a planted distortion of the {metric} gap by {size}",
    "labels": "a planted gap of {size} in the labels' {metric}",
    "amplification": "a planted widening of the {metric} gap by {size}",
    "floor": "a planted fall of {metric} by {size}",
    "success": "a planted fall of the success rate to {size} of what it was",
    "ranking": "a planted winner that is {size} {metric} worse than the others",
    "echo": "a planted rise of the echo by {size}",
}


def state_trial(
    record: Mapping[str, Any], *, metric: Metric | None, build_level: Mapping[str, Any]
) -> str:
    """Return what is caught of the first operator's biases: one that is caught, and the next.

    Parameters
    ----------
    record : mapping
        One check of the self-test, without its statement.
    """
    first = record["operators"][0]["points"] if record["operators"] else []
    points = [point for point in first if point["n"] and (point["realised"] or 0) > 0]
    if not points:
        return ""
    points.sort(key=lambda point: point["realised"])
    strong = next(
        (place for place, point in enumerate(points) if point["caught"] >= 0.8), len(points) - 1
    )
    bias = _BIASES[record["check"]].format(
        metric=metric.title if metric else "", size=_size(points[strong], record, metric)
    )
    if record["target"] is not None:
        bias += f" in {record['target']} ({record['n_patients']} patients)"
    weaker = ""
    if strong > 0:
        weak = points[strong - 1]
        size = _size(weak, record, metric)
        weaker = f" and one of {size} in {_percent(weak['caught'])}"
        if record["check"] == "success":
            weaker = f" and one to {size} in {_percent(weak['caught'])}"
    return (
        f"{_name(record['id'])} catches {bias} in {_percent(points[strong]['caught'])} of "
        f"worlds{weaker}; "
        f"without any bias, the gate fails in {_percent(build_level['share'])}"
    )


def _name(identifier: str) -> str:
    """Return the id of a check without the file it stands in.

    Examples
    --------
    >>> _name("audits/biasruler.toml::gap[dice-age-unet]")
    'gap[dice-age-unet]'
    """
    before, bracket, inside = identifier.rpartition("[")
    return f"{before.rpartition('::')[2]}{bracket}{inside}"


def _size(point: Mapping[str, Any], record: Mapping[str, Any], metric: Metric | None) -> str:
    if record["check"] == "success":
        return _size_of_success(point, record)
    text = format_number(point["realised"] * record["unit"])
    return f"{text} {metric.unit}" if metric is not None and metric.unit else text


def _size_of_success(point: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return the share that is left of the target's success rate."""
    return _percent(1 - point["realised"] * (1 - float(record["limit"])))


def state_gate(result: Mapping[str, Any]) -> str:
    """Return what the whole gate catches, in one sentence."""
    score, level = result["mutation_score"], result["build_level"]
    if not level["n"]:
        return "No world was tried"
    caught = (
        f"{score['caught']} of {score['of']} planted biases of at least twice the limit are "
        "caught in 80 % of worlds or more"
        if score["of"]
        else "no bias of twice the limit could be planted"
    )
    return (
        f"{caught}; without any bias, some check fails in {_percent(level['share'])} of "
        f"{level['n']} worlds"
    )


def _percent(share: float | None) -> str:
    """Return a share in percent; one decimal where it is small.

    Examples
    --------
    >>> _percent(0.84), _percent(0.015), _percent(0.0)
    ('84 %', '1.5 %', '0 %')
    """
    if share is None:
        return "no"
    decimals = 1 if 0 < share < 0.1 and round(100 * share, 1) % 1 else 0
    return f"{format_number(100 * share, decimals=decimals)} %"
