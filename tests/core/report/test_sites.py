from __future__ import annotations

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Items, Table
from pytest_biasruler.report.marks import Line, Point, Text
from pytest_biasruler.report.sites import MOST_SITES, describe_transport, draw_transport

from .audit_example import AGES, make_estimate, make_finding

PAIR = (AGES[2], AGES[0])


def site(name, gap, *, n=20, is_usable=True):
    known = {} if gap is None else {"low": gap - 0.05, "high": gap + 0.05}
    return {
        "site": name,
        "n_a": n,
        "n_b": n + 1,
        "gap": gap,
        "se": 0.02,
        "low": None,
        "high": None,
        "is_usable": is_usable,
        **known,
    }


def contrast(**changes):
    return {
        "a": PAIR[0],
        "b": PAIR[1],
        "n_sites": 5,
        "mean": 0.09,
        "ci": [0.06, 0.12],
        "ci95": [0.06, 0.12],
        "tau2": 0.0004,
        "q": 9.5,
        "i2": 0.579,
        "prediction": [-0.02, 0.2],
        "pooled": 0.04,
        "shared_sites": 0.045,
        "standardised": 0.085,
        "off_support": 0.1,
        "pooling": "hides",
        "leave_one_out": {
            "low": 0.08,
            "low_without": "B",
            "high": 0.1,
            "high_without": "<b>",
        },
        "sites": [
            *(site(name, 0.05 + 0.02 * i) for i, name in enumerate(("A", "B", "C", "<b>"))),
            site("", 0.11, n=30),
            site("small", -0.3, n=3, is_usable=False),
            site("one-sided", None, n=0, is_usable=False),
        ],
        **changes,
    }


def transport(*contrasts, **changes):
    fields = {
        "statement": "At a new similar site the age gap would lie between −0.02 and 0.20",
        "estimate": make_estimate(0.09, 0.06, 0.2, pair=PAIR),
        "details": {
            "contrasts": list(contrasts or (contrast(),)),
            "min_sites": 5,
            "min_patients_site": 10,
            "without_site": {AGES[0]: 2},
            "moved": {"n_patients": 1, "n_cases": 3},
            "simpson": True,
        },
        **changes,
    }
    return make_finding("transport", **fields)


def texts_of(figure):
    return [mark.text for mark in figure.marks if isinstance(mark, Text)]


def test_every_site_with_a_gap_is_drawn_and_those_that_count_come_first():
    (figure,) = draw_transport(transport())
    texts = texts_of(figure)
    assert texts[:2] == ["A (56–120 20, 0–40 21)", "0.050"]
    assert texts.index("(empty) (56–120 30, 0–40 31)") < texts.index("small (56–120 3, 0–40 4)")
    assert not any("one-sided" in text for text in texts)


def test_mean_and_prediction_stand_against_the_limit_on_both_sides():
    (figure,) = draw_transport(transport())
    assert "limit ±0.050" in texts_of(figure)
    assert len({mark.x1 for mark in figure.marks if isinstance(mark, Line) and mark.dash}) == 2
    (declared,) = draw_transport(transport(baseline=PAIR[0]))
    assert "limit 0.050" in texts_of(declared)
    whiskers = {
        (line.x1, line.x2) for line in figure.marks if isinstance(line, Line) and line.width == 2
    }
    assert len(whiskers) > 7, "five sites, the mean, the prediction, and their ends"


def test_pooled_and_standardised_gaps_have_marks_of_their_own():
    (figure,) = draw_transport(transport())
    shapes = [mark.shape for mark in figure.marks if isinstance(mark, Point)]
    assert shapes.count("square") == 1
    assert shapes.count("triangle") == 1
    (bare,) = draw_transport(transport(contrast(pooled=None, standardised=None)))
    assert not {"square", "triangle"} & {m.shape for m in bare.marks if isinstance(m, Point)}


def test_the_verdict_stands_beside_the_contrast_of_the_estimate_alone():
    other = contrast(a=AGES[1], b=AGES[0])
    first, second = draw_transport(transport(other, contrast()))
    assert "FAIL" in texts_of(first)
    assert "FAIL" not in texts_of(second)


def test_hundreds_of_sites_stay_readable():
    sites = [site(f"s{number:03d}", 0.01) for number in range(200)]
    (figure,) = draw_transport(transport(contrast(sites=sites)))
    assert len([text for text in texts_of(figure) if text.endswith("20, 0–40 21)")]) == MOST_SITES
    tables = [b for b in describe_transport(transport(contrast(sites=sites))) if b.kind == "table"]
    assert len(tables[-1].rows) == 200


def test_the_words_say_what_pooling_hides_and_who_was_left_out():
    items, summary, table = describe_transport(transport())
    assert isinstance(items, Items)
    assert items.texts == (
        "Cases without a site, counted as undefined: 2 in 0–40.",
        "1 patient with cases at several sites: each counts where most of its cases are; 3 cases "
        "elsewhere left out.",
        "56–120 vs 0–40: 57.9 % of the variation between sites (I²) is more than chance within "
        "sites would make.",
        "56–120 vs 0–40: pooling the sites hides part of the gap: 0.040 pooled, 0.085 at equal "
        "shares of the sites (Simpson's paradox).",
        "56–120 vs 0–40: 10.0 % of the cases lie at sites that have only one of the two.",
    )
    assert isinstance(summary, Table)
    assert [cell.text for cell in summary.rows[0].cells] == [
        "56–120 vs 0–40",
        "5",
        "+0.090",
        "[0.060, 0.120]",
        "[−0.020, 0.200]",
        "57.9 %",
        "[0.080, 0.100]",
        "+0.040",
        "+0.085",
    ]
    assert [cell.text for cell in table.rows[-1].cells] == [
        *("one-sided", "0", "1", "–", "–", "too few patients"),
    ]
    assert table.note == "A site counts from 10 patients of both."


@pytest.mark.parametrize("pooling", ["turns", "adds", None])
def test_pooling_is_told_as_what_it_does(pooling):
    items = next(iter(describe_transport(transport(contrast(pooling=pooling)))))
    told = [text for text in items.texts if "Simpson" in text]
    assert len(told) == (pooling is not None)
    assert all(pooling in text for text in told)


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"contrasts": []},
        {"contrasts": [{"a": "x", "b": "y"}]},
        {"contrasts": [{"a": "x", "b": "y", "sites": [site("A", 0.1)], "mean": 0.1}]},
        {"contrasts": [contrast(prediction=[None, None], ci=[None, None], leave_one_out=None)]},
    ],
)
def test_an_undecided_finding_is_shown_as_far_as_it_is_known(details):
    finding = make_finding(
        "transport",
        estimate=None,
        verdict=Verdict.INCONCLUSIVE,
        reason="too few sites",
        limit=0.05,
        details=details,
    )
    blocks = list(describe_transport(finding))
    figures = [figure for figure in draw_transport(finding) if figure is not None]
    assert len(figures) == bool(details.get("contrasts") and "sites" in details["contrasts"][0])
    tables = [block for block in blocks if isinstance(block, Table)]
    assert "None" not in repr(
        [[cell.text for cell in row.cells] for t in tables for row in t.rows]
    )
    for figure in figures:
        assert "undefined" not in texts_of(figure)
