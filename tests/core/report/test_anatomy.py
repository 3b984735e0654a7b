from __future__ import annotations

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.anatomy import describe_morphology, draw_morphology
from pytest_biasruler.report.blocks import Items, Paragraph, Table
from pytest_biasruler.report.evidence import describe_provenance
from pytest_biasruler.report.marks import BLUE, Band, Line, Point, Text

from .audit_example import HOSTILE, make_estimate, make_finding

STATEMENT = "Lesions of age 0–40 are larger than those of all others (Cliff's delta 0.312)"


def shift(feature, delta, low, high, **changes):
    row = {
        "feature": feature,
        "a": "0–40",
        "b": "all others",
        "delta": delta,
        "low": low,
        "high": high,
        "p": 0.0004,
        "verdict": "INCONCLUSIVE",
        "words": "larger",
        "median_a": 1.25,
        "median_b": 0.75,
        "n_a": 41,
        "n_b": 120,
    }
    return row | changes


def energy(**changes):
    test = {"p": 0.001, "n_patients": 161, "n_shuffled": 161}
    found = {
        "a": "0–40",
        "b": "all others",
        "e": 0.2,
        "h": 0.081,
        "within_sites": test,
        "at_equal_size": test | {"p": 0.214},
    }
    return found | changes


def morphology(**changes):
    details = {
        "features": [
            shift("log_volume_ml", 0.312, 0.181, 0.41, verdict="FAIL"),
            shift("sphericity", -0.1468, -0.29, 0.0, words="less round"),
            shift("n_components", 0.0, -0.09, 0.09, verdict="PASS", words=None),
        ],
        "energy": [energy()],
        "h": 0.081,
        "p": 0.001,
        "p_equal_size": 0.214,
        "within_sites": True,
        "n_permutations": 999,
        "missing_features": [],
        "crossing": 0,
    }
    return make_finding(
        "morphology",
        metric=None,
        statement=STATEMENT,
        estimate=make_estimate(0.312, 0.181, 0.41, pair=("0–40", "all others")),
        verdict=Verdict.FAIL,
        limit=0.147,
        details=details | changes,
    )


def tables(blocks):
    return {block.caption: block for block in blocks if isinstance(block, Table)}


def texts(finding):
    (figure,) = draw_morphology(finding)
    return [mark.text for mark in figure.marks if isinstance(mark, Text)]


def test_each_feature_has_a_row_between_two_limits():
    (figure,) = draw_morphology(morphology())
    dashed = sorted({mark.x1 for mark in figure.marks if isinstance(mark, Line) and mark.dash})
    deltas = [mark for mark in figure.marks if isinstance(mark, Point) and mark.colour == BLUE]
    assert len(dashed) == 2, "the limit must be drawn on both sides of 0"
    assert dashed[0] < deltas[-1].x < dashed[1]
    bands = [mark for mark in figure.marks if isinstance(mark, Band)]
    assert {band.x for band in bands} == {dashed[0]}
    assert bands[0].x + bands[0].width == pytest.approx(dashed[1])
    assert "limit ±0.147" in texts(morphology())
    assert "0–40 against all others" in texts(morphology())
    assert {"FAIL", "INCONCLUSIVE", "PASS"} <= set(texts(morphology()))


def test_the_figure_is_told_by_the_finding_and_points_to_its_table():
    (figure,) = draw_morphology(morphology())
    assert figure.words.title == f"{STATEMENT}."
    assert figure.words.description.endswith("The numbers stand in the table below.")


def test_rounding_keeps_a_negative_delta_on_its_side_of_the_limit():
    assert "−0.1468" in texts(morphology())
    (table, *_) = tables(describe_morphology(morphology())).values()
    assert table.rows[1].cells[5].text == "−0.1468"


def test_every_delta_stands_in_a_table_with_its_direction_in_words():
    table = tables(describe_morphology(morphology()))["Every shape feature, one row per patient"]
    cells = [[cell.text for cell in row.cells] for row in table.rows]
    assert (
        cells[0]
        == [
            *("0–40", "all others", "log volume, ml", "1.250", "0.750"),
            *("+0.312", "[0.181, 0.410]", "larger", "0.0004", "FAIL"),
        ]
        or cells[0][8] == "0.0004"
    )
    assert cells[2][7] == "–"


def test_energy_is_shown_within_sites_and_at_equal_size():
    found = tables(describe_morphology(morphology()))
    table = found["All features at once: energy distance; described, not judged"]
    assert [cell.text for cell in table.rows[0].cells[2:]] == ["0.081", "0.001", "0.214", "161"]
    assert table.head[3] == "p, shuffled within sites"
    assert "999 times" in table.note
    (items,) = (b for b in describe_morphology(morphology()) if isinstance(b, Items))
    assert items.texts[0].startswith("Energy coefficient 0.081, p 0.001; among patients of")


def test_labels_that_cannot_be_shuffled_have_no_p():
    confounded = energy(within_sites={"p": 1.0, "n_patients": 161, "n_shuffled": 0})
    found = tables(describe_morphology(morphology(energy=[confounded], within_sites=False)))
    table = found["All features at once: energy distance; described, not judged"]
    assert table.rows[0].cells[3].text == "no stratum holds both"
    assert table.head[3] == "p, shuffled among all patients"


def test_missing_features_and_crossing_patients_are_remarked_on():
    finding = morphology(missing_features=["elongation", "sphericity"], crossing=3)
    (items,) = (b for b in describe_morphology(finding) if isinstance(b, Items))
    assert "have no elongation, sphericity." in items.texts[1]
    assert items.texts[2].startswith("3 patients with cases in several subgroups")


def test_all_panels_of_shapes_share_the_axis_from_minus_1_to_1():
    rows = [shift("sphericity", 0.1, 0.05, 0.2), shift("sphericity", 0.9, 0.8, 0.95, a="56–120")]
    (figure,) = draw_morphology(morphology(features=rows))
    ticks = [mark.text for mark in figure.marks if isinstance(mark, Text)]
    assert ticks.count("−1.0") == ticks.count("1.0") == 2


def test_a_volume_stands_in_ml_though_its_logarithm_is_compared():
    table = tables(describe_morphology(morphology()))["Every shape feature, one row per patient"]
    assert [cell.text for cell in table.rows[0].cells[2:5]] == ["volume, ml", "3.490", "2.117"]


def test_more_contrasts_than_can_be_drawn_are_counted():
    rows = [shift("sphericity", 0.1, 0.0, 0.2, a=f"site {i}") for i in range(9)]
    (figure,) = draw_morphology(morphology(features=rows))
    assert "3 more contrasts not drawn." in figure.words.description
    assert len(tables(describe_morphology(morphology(features=rows)))) == 2


def test_without_numbers_nothing_is_drawn_or_said():
    finding = make_finding(
        "morphology",
        metric=None,
        statement="Shapes cannot be compared between subgroups of age",
        estimate=None,
        verdict=Verdict.INCONCLUSIVE,
        reason="too few subgroups",
        details={"features": [], "level": None, "needed": None},
    )
    assert draw_morphology(finding) == (None,)
    assert list(describe_morphology(finding)) == []


def test_what_is_undefined_is_shown_as_such():
    keys = ("delta", "low", "high", "p", "words", "median_a", "median_b", "n_a", "n_b")
    unknown = shift("elongation", None, None, None) | dict.fromkeys(keys)
    finding = morphology(features=[unknown], energy=[{"a": "x", "b": "y"}], h=None, p=None)
    assert "undefined" in texts(finding)
    table = tables(describe_morphology(finding))["Every shape feature, one row per patient"]
    assert [cell.text for cell in table.rows[0].cells[3:9]] == ["–"] * 6


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_files_do_no_harm(name):
    row = shift(name, 0.2, 0.1, 0.3, a=name, b=name)
    finding = morphology(features=[row], energy=[energy(a=name)], missing_features=[name])
    (figure,) = draw_morphology(finding)
    shown = [mark.text for mark in figure.marks if isinstance(mark, Text)]
    assert all("\x1b" not in text and "\u202e" not in text for text in shown)
    assert list(describe_morphology(finding))


def test_counts_of_subgroups_and_patients_are_whole_numbers():
    keys = ("criterion", "text", "number", "limit", "verdict")
    facts = [("d", "too small", 0.0, 0.0, "PASS"), ("e", "patients", 78.0, 20.0, "PASS")]
    facts.append(("g", "share", 0.5, 0.05, "PASS"))
    criteria = [dict(zip(keys, fact, strict=True)) for fact in facts]
    table, *_ = describe_provenance(make_finding("provenance", details={"criteria": criteria}))
    numbers = [[cell.text for cell in row.cells[1:3]] for row in table.rows]
    assert numbers == [["0", "0"], ["78", "20"], ["0.500", "0.050"]]


def labelled(**changes):
    subset = {
        "n_labelled": 80,
        "n_others": 120,
        "differs_in": ["sex"],
        "differences": [
            {
                "attribute": "age",
                "category": None,
                "labelled": 52.0,
                "others": 51.5,
                "value": -0.1468,
                "low": -0.2,
                "high": 0.1,
                "limit": 0.147,
                "differs": False,
            },
            {
                "attribute": "sex",
                "category": "F",
                "labelled": 0.75,
                "others": 0.5,
                "value": 0.25,
                "low": 0.12,
                "high": 0.38,
                "limit": 0.10,
                "differs": True,
            },
        ],
    }
    return make_finding("provenance", metric=None, details={"expert_subset": subset | changes})


def test_labelled_patients_that_differ_are_warned_about():
    warning, table = describe_provenance(labelled())
    assert isinstance(warning, Paragraph)
    assert warning.tone == "warning"
    assert "they differ surely in sex." in warning.text
    assert table.caption.startswith("80 patients with an expert label against 120 patients")
    cells = [[cell.text for cell in row.cells] for row in table.rows]
    assert cells[0] == [
        *("age", "the number", "52.000", "51.500"),
        *("−0.1468", "[−0.200, 0.100]", "0.147", "not surely"),
    ]
    assert cells[1] == [
        *("sex", "share of F", "75.0 %", "50.0 %"),
        *("+0.250", "[0.120, 0.380]", "0.100", "yes"),
    ]


def test_labelled_patients_like_the_others_are_no_warning():
    (table,) = describe_provenance(labelled(differs_in=[]))
    assert isinstance(table, Table)


@pytest.mark.parametrize("details", [{}, {"expert_subset": None}])
def test_without_a_subset_there_is_nothing_to_tell(details):
    assert list(describe_provenance(make_finding("provenance", details=details))) == []
