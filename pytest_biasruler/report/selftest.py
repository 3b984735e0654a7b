"""Would this gate have caught it? Catch curves of planted biases, and false alarms without any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.report.blocks import Fold, Items, Paragraph
from pytest_biasruler.report.catches import draw_catches
from pytest_biasruler.report.cells import (
    bounds_cell,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.numbers import (
    LONGEST_SENTENCE,
    counted,
    format_number,
    format_percent,
    joined,
    short_id,
    shown,
    typeset,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block, Cell

    Plain = Mapping[str, Any]

TITLE = "Would this gate have caught it?"


def make_selftest(audit: Audit) -> tuple[Block, ...]:
    """Return what the self-test found; nothing if the gate was not tested."""
    return tuple(_blocks(audit.selftest)) if audit.selftest else ()


def _blocks(result: Plain) -> Iterator[Block]:
    checks = result.get("checks") or ()
    tried = [check for check in checks if _is_tried(check)]
    yield Paragraph(text=f"{shown(result.get('statement'), longest=LONGEST_SENTENCE)}.",
                    tone="lead")  # fmt: skip
    yield Paragraph(
        text=f"In {counted(result.get('n_worlds') or 0, 'world')} the subgroups were dealt out "
        "anew to the patients, so that no gap is left; then a bias was planted into one subgroup. "
        "Caught means: this check fails, also after the adjustment for all checks. Sizes are told "
        "in limits: 2 is a bias of twice what the check allows."
    )
    if (result.get("build_level") or {}).get("flagged"):
        text = "The gate fails more often without any bias than its alpha promises."
        yield Paragraph(text=text, tone="warning")
    yield from draw_catches(tried)
    judged = [check for check in checks if check in tried or check.get("false_alarm")]
    if judged:
        yield _overview(judged)
    statements = [check["statement"] for check in tried if check.get("statement")]
    if statements:
        texts = tuple(f"{shown(text, longest=LONGEST_SENTENCE)}." for text in statements)
        yield Fold(summary="In words, check by check", blocks=(Items(texts=texts),))
    yield from (_every_bias(check) for check in checks if check.get("operators"))
    idle = [check for check in checks if check not in tried]
    if idle:
        texts = tuple(_why_idle(check) for check in idle)
        yield Paragraph(text="Not exercised, so that nothing is known of what they catch:")
        yield Items(texts=texts)


def _is_tried(check: Plain) -> bool:
    """Return whether anything was planted for the check in worlds without a bias."""
    points = [point for operator in check.get("operators") or () for point in operator["points"]]
    return any(point.get("n") for point in points)


def _why_idle(check: Plain) -> str:
    text = f"{short_id(check['id'])}: {shown(check['why_not'], longest=LONGEST_SENTENCE)}."
    told = [
        f"{_size(point['size'], operator.get('unit'))} {shown(point['as_is'])}"
        for operator in check.get("operators") or ()
        for point in operator["points"]
        if point.get("as_is")
    ]
    names = joined([operator["name"] for operator in check.get("operators") or ()])
    return (
        f"{text} Planted into the data as they are ({names}): {', '.join(told)}." if told else text
    )


def _overview(checks: Sequence[Plain]) -> Block:
    rows = [
        (
            name_cell(short_id(check["id"])),
            words(_target(check)),
            *_share(check.get("false_alarm")),
            *_share(check.get("false_safe")),
            *_caught(check),
        )
        for check in checks
    ]
    return make_table(
        "What each check catches, and how often it is wrong",
        (
            *("check", "planted in"),
            *("fails without a bias", "95 % interval"),
            *("passes a bias at its limit", "95 % interval"),
            *("smallest bias caught, in limits", "by"),
        ),
        rows,
        note=(
            "By the check alone, before the adjustment for several checks, but for the last two "
            "columns. An asterisk: surely more often than alpha. Caught: in at least 80 % of "
            "worlds."
        ),
    )


def _target(check: Plain) -> str:
    if check.get("target") is None:
        return "all cases" if check.get("operators") else "–"
    return f"{shown(check['target'])} ({counted(check.get('n_patients') or 0, 'patient')})"


def _share(share: Plain | None) -> tuple[Cell, ...]:
    if not share or share.get("share") is None:
        return percent_cell(None), words("–")
    text = f"{format_percent(share['share'])}{' *' if share.get('flagged') else ''}"
    bounds = f"{format_percent(share['low'])} to {format_percent(share['high'])}"
    return words(typeset(text)), bounds_cell(typeset(bounds))


def _caught(check: Plain) -> tuple[Cell, ...]:
    caught, largest = check.get("smallest_caught"), check.get("largest")
    if caught:
        return number_cell(caught["realised"], decimals=2), words(shown(caught["operator"]))
    if not largest:
        return number_cell(None), words("–")
    size = typeset(format_number(largest["realised"], decimals=2))
    return words(f"none up to {size}"), words("–")


def _every_bias(check: Plain) -> Block:
    rows = [
        (
            words(shown(operator["name"])),
            words(_size(point["size"], operator.get("unit"))),
            number_cell(point.get("realised"), decimals=2),
            percent_cell(point.get("fail")),
            percent_cell(point.get("caught")),
            percent_cell(point.get("pass")),
            words(shown(point.get("as_is") or "–")),
        )
        for operator in check["operators"]
        for point in operator["points"]
    ]
    table = make_table(
        f"Biases planted for {short_id(check['id'])}",
        (
            *("planted", "size", "realised, in limits", "FAIL alone", "caught", "PASS"),
            "with the real subgroups",
        ),
        rows,
        note=" ".join(f"{shown(o['name'])}: {shown(o['acts_on'])}." for o in check["operators"]),
    )
    n_points = count_cell(len(rows)).text
    summary = f"Every bias planted for {short_id(check['id'])} ({n_points})"
    lacking = check.get("why_not")
    note = (Paragraph(text=f"Left out: {shown(lacking)}.", tone="note"),) if lacking else ()
    return Fold(summary=summary, blocks=(*note, table))


def _size(size: float, unit: object) -> str:
    if unit == "share":
        return format_percent(size)
    noun = "limit" if unit == "limits" else "voxel"
    return f"{typeset(f'{size:g}')} {noun if size == 1 else noun + 's'}"
