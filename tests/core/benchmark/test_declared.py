from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.check import Check, Policy, Waiver
from pytest_biasruler.benchmark.declared import MAX_ITEMS, declare_checks, declare_one
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Defaults, Model, Reference
from pytest_biasruler.benchmark.keys import key_rules
from pytest_biasruler.benchmark.metrics import Metric
from pytest_biasruler.benchmark.questions import COMMON_KEYS, QUESTIONS
from pytest_biasruler.benchmark.vocabulary import Vocabulary
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

EXPERT = Reference(name="expert", kind="expert", masks="e/{case}.nii")
SECOND = Reference(name="expert2", kind="expert", masks="e2/{case}.nii")
AUTOMATED = Reference(name="automated", kind="automated", masks="a/{case}.nii")
OTHER = Reference(name="other", kind="automated", masks="o/{case}.nii")


def benchmark_of(*checks, **fields):
    given_fields = {
        "references": [EXPERT, AUTOMATED],
        "models": [Model(name="unet", masks="u/{case}.nii")],
        "attributes": [Attribute(name="age"), Attribute(name="sex")],
        **fields,
    }
    return Benchmark(name="toy", metadata="clinical.csv", checks=checks, **given_fields)


def ids(*checks, **fields):
    return [declared.id for declared in declare_checks(benchmark_of(*checks, **fields))]


def only(check, **fields):
    (declared,) = declare_checks(benchmark_of(check, **fields))
    return declared


def problems_of(*checks, **fields):
    with pytest.raises(BiasRulerProblems) as caught:
        declare_checks(benchmark_of(*checks, **fields))
    return [str(problem) for problem in caught.value.problems]


TWO_MODELS = {"models": [Model(name=name, masks="{case}") for name in ("unet", "my net")]}
EXPANSIONS = [
    (Check("gap", by="age"), {}, ["gap[dice-age-unet]"]),
    (Check("gap", by=["age", "sex"]), {}, ["gap[dice-age-unet]", "gap[dice-sex-unet]"]),
    (Check("gap", by=[["age", "sex"]]), {}, ["gap[dice-age+sex-unet]"]),
    (
        Check("gap", by=["age", ["age", "sex"]], metric=["dice", "nsd"]),
        {},
        [
            "gap[dice-age-unet]",
            "gap[nsd-age-unet]",
            "gap[dice-age+sex-unet]",
            "gap[nsd-age+sex-unet]",
        ],
    ),
    (Check("gap", by="age"), TWO_MODELS, ["gap[dice-age-unet]", "gap[dice-age-my_net]"]),
    (Check("gap", by="age", model="unet"), TWO_MODELS, ["gap[dice-age-unet]"]),
    (
        Check("gap", by="age"),
        {"labels": {"tumor": 1, "cyst": 2}},
        ["gap[dice-tumor-age-unet]", "gap[dice-cyst-age-unet]"],
    ),
    (Check("gap", by="age"), {"labels": {"tumor": 1}}, ["gap[dice-age-unet]"]),
    (
        Check("gap", by="age", label="cyst"),
        {"labels": {"tumor": 1, "cyst": 2}},
        ["gap[dice-cyst-age-unet]"],
    ),
    (Check("gap", by="age", reference="expert"), {}, ["gap[dice-age-unet]"]),
    (Check("gap", by="age", reference="automated"), {}, ["gap[dice-age-unet-automated]"]),
    (
        Check("gap", by="age", reference=["expert", "expert2"]),
        {"references": [EXPERT, SECOND]},
        ["gap[dice-age-unet-expert]", "gap[dice-age-unet-expert2]"],
    ),
    (
        Check("ruler", by="age", automated=["automated", "other"]),
        {"references": [EXPERT, AUTOMATED, OTHER]},
        ["ruler[dice-age-unet-automated]", "ruler[dice-age-unet-other]"],
    ),
    (
        Check("ruler", by="age", limit=[0.02, 0.04]),
        {},
        ["ruler[dice-age-unet-limit0.02]", "ruler[dice-age-unet-limit0.04]"],
    ),
    (Check("ruler", by="age", limit=[0.02]), {}, ["ruler[dice-age-unet-limit0.02]"]),
    (
        Check("success", by="age", statistic=["ratio", "difference"]),
        {},
        ["success[dice-age-unet-statisticratio]", "success[dice-age-unet-statisticdifference]"],
    ),
    (Check("success", by="age", sweep=[0.5, 0.6, 0.7]), {}, ["success[dice-age-unet]"]),
    (Check("labels", by="age"), {}, ["labels[dice-age]", "labels[signed_volume_error-age]"]),
    (
        Check("labels", by="age"),
        {"models": []},
        ["labels[dice-age]", "labels[signed_volume_error-age]"],
    ),
    (Check("floor", by="age", limit=0.7), {}, ["floor[dice-age-unet]"]),
    (Check("provenance", by=["age"]), {}, ["provenance[age-unet]"]),
    (Check("gap", by="age", name="main gap"), {}, ["gap[main_gap]"]),
    (Check("gap", by="age", name="m"), TWO_MODELS, ["gap[m]", "gap[m~2]"]),
    (
        Check("gap", by="age/years"),
        {"attributes": [Attribute(name="age/years")]},
        ["gap[dice-age_years-unet]"],
    ),
    (Check("gap", by="age"), {"defaults": Defaults(metric="nsd")}, ["gap[nsd-age-unet]"]),
]


@pytest.mark.parametrize(
    ("check", "fields", "expected"), EXPANSIONS, ids=[e[2][0] for e in EXPANSIONS]
)
def test_lists_and_defaults_make_one_readable_item_each(check, fields, expected):
    assert ids(check, **fields) == expected


def test_items_keep_the_order_of_the_file_and_equal_ids_are_numbered():
    checks = (Check("gap", by="sex"), Check("gap", by="age"), Check("gap", by="sex", limit=0.1))

    assert ids(*checks) == ["gap[dice-sex-unet]", "gap[dice-age-unet]", "gap[dice-sex-unet~2]"]
    indices = [declared.index for declared in declare_checks(benchmark_of(*checks))]
    assert indices == [0, 1, 2]


def test_an_item_says_everything_that_is_asked():
    waive = {"reason": "relabelling under way", "until": dt.date(2027, 3, 31)}
    declared = only(
        Check(
            "gap",
            by="age",
            limit=0.1,
            baseline="0-40",
            alpha=0.01,
            min_patients=5,
            policy="point",
            support="bounds",
            screen=True,
            waive=waive,
            line=7,
        ),
        labels={"tumor": 1},
    )

    assert (declared.metric, declared.by, declared.label) == ("dice", ("age",), "tumor")
    assert (declared.model, declared.reference, declared.automated) == ("unet", "expert", None)
    assert (declared.limit, declared.baseline, declared.alpha) == (0.1, "0-40", 0.01)
    assert (declared.min_patients, declared.policy) == (5, Policy.POINT)
    assert (declared.support, declared.screen, declared.line) == ("bounds", True, 7)
    assert declared.waive == Waiver(reason="relabelling under way", until=dt.date(2027, 3, 31))


def test_what_a_check_leaves_out_comes_from_the_defaults():
    defaults = Defaults(metric="iou", min_patients=30, policy="prove-safe", alpha=0.1)
    declared = only(Check("gap", by="age"), defaults=defaults)

    assert (declared.metric, declared.min_patients, declared.alpha) == ("iou", 30, 0.1)
    assert declared.policy is Policy.PROVE_SAFE
    assert only(Check("gap", by="age")).policy is None


def test_without_labels_a_check_has_none():
    assert only(Check("gap", by="age")).label is None


def test_without_an_expert_reference_the_automated_one_judges():
    assert only(Check("gap", by="age"), references=[AUTOMATED]).reference == "automated"


def test_a_check_of_two_rulers_takes_the_only_one_of_each_kind():
    declared = only(Check("ruler", by="age"))

    assert (declared.reference, declared.automated) == ("expert", "automated")


@pytest.mark.parametrize(
    ("check", "limit"),
    [
        (Check("gap", by="age"), 0.05),
        (Check("ruler", by="age"), 0.02),
        (Check("labels", by="age", metric="signed_volume_error"), 0.05),
        (Check("success", by="age"), 0.8),
        (Check("success", by="age", statistic="difference"), 0.10),
        (Check("provenance", by="age"), None),
        (Check("gap", by="age", metric="hd95_mm", limit=3), 3),
        (Check("gap", by="age", metric="signed_volume_error", limit=1.5), 1.5),
        (Check("floor", by="age", metric="hd95_mm", limit=30), 30),
    ],
)
def test_the_limit_is_the_given_one_or_the_checks_default(check, limit):
    assert only(check).limit == limit


@pytest.mark.parametrize(
    ("check", "support"),
    [
        (Check("gap", by="age"), "pooled"),
        (Check("ruler", by="age"), "symmetric"),
        (Check("success", by="age"), "bounds"),
        (Check("floor", by="age", limit=0.7), "bounds"),
        (Check("labels", by="age", metric="dice", reference="expert"), "pooled"),
        (Check("labels", by="age", metric="signed_volume_error", reference="expert"), "symmetric"),
        (
            Check("labels", by="age", metric="dice", reference="expert", second_expert="expert2"),
            "symmetric",
        ),
    ],
)
def test_columns_of_scores_are_guarded_by_pooled_support_and_differences_by_symmetric(
    check, support
):
    references = [EXPERT, SECOND, AUTOMATED]
    keys = {"reference": "expert", **check.keys}

    assert only(Check(check.check, **keys), references=references).support == support


def test_own_keys_take_their_defaults():
    assert only(Check("provenance", by="age", max_missing=0.2)).options == {
        "max_identical": 0.5,
        "max_exclusion_gap": 0.05,
        "max_missing": 0.2,
        "min_expert_share": 0.0,
    }
    success = only(Check("success", by="age")).options
    assert success == {"threshold": 0.8, "statistic": "ratio", "sweep": None}


def test_success_of_a_distance_needs_its_own_threshold_and_sweep():
    asked = {"by": "age", "metric": "hd95_mm"}

    declared = only(Check("success", **asked, threshold=5, sweep=[2, 5, 10]))

    assert declared.options == {"threshold": 5, "statistic": "ratio", "sweep": (2, 5, 10)}
    assert [problem.partition(":")[2] for problem in problems_of(Check("success", **asked))] == [
        ' threshold is missing; expected a number or "top-quartile" for hd95_mm, which has no '
        "default. Add threshold.",
        " sweep is missing; expected a list of thresholds for hd95_mm, which has no default. "
        "Add sweep.",
    ]


def test_the_top_quartile_is_a_threshold_of_any_metric():
    asked = Check("success", by="age", metric="hd95_mm", threshold="top-quartile", sweep=[2, 5])

    assert only(asked).options["threshold"] == "top-quartile"


def test_a_ruler_judges_gaps_at_the_limit_of_the_gap_check_that_asks_the_same():
    checks = (
        Check("ruler", by="age", metric=["dice", "nsd"]),
        Check("ruler", by="sex", metric=["dice", "signed_volume_error"]),
        Check("ruler", by="age", gap_limit=0.3, name="own"),
        Check("gap", by="age", limit=0.11),
        Check("gap", by="sex", metric="nsd", limit=0.12),
    )

    declared = declare_checks(benchmark_of(*checks))

    limits = {item.id: item.options["gap_limit"] for item in declared if item.check == "ruler"}
    assert limits == {
        "ruler[dice-age-unet]": 0.11,
        "ruler[nsd-age-unet]": 0.05,
        "ruler[dice-sex-unet]": 0.05,
        "ruler[signed_volume_error-sex-unet]": 0.05,
        "ruler[own]": 0.3,
    }


def test_a_ruler_of_distances_needs_a_gap_limit():
    asked = Check("ruler", by="age", metric="hd95_mm", limit=1)

    assert (
        "gap_limit is missing; expected a number for hd95_mm, or a gap check"
        in (problems_of(asked)[0])
    )
    both = declare_checks(benchmark_of(asked, Check("gap", by="age", metric="hd95_mm", limit=4)))
    assert both[0].options["gap_limit"] == 4


REFUSALS = [
    (Check("gaps"), {}, 'unknown check "gaps"', "Write gap"),
    (Check("gap"), {}, "by is missing; expected one of age, sex", "Add by"),
    (Check("gap"), {"attributes": []}, "by is missing", "Add [attributes.NAME]"),
    (Check("gap", by="aeg"), {}, 'unknown attribute "aeg"', "Write age"),
    (Check("gap", by=[["age", "age"]]), {}, 'by lists "age" twice', "each once"),
    (Check("gap", by=["age", "age"]), {}, "by lists a list twice", "each once"),
    (Check("gap", by=[]), {}, "by is an empty list", "at least one value"),
    (Check("gap", by=[[]]), {}, "by holds an empty list", "attributes to cross"),
    (Check("gap", by=3), {}, "by is 3", "a list"),
    (Check("gap", by="age", limt=1), {}, 'unknown key "limt" in [[checks]] 1', "Write limit"),
    (Check("gap", bye="age"), {}, 'unknown key "bye"', "Write by if that is meant"),
    (Check("gap", by="age", gap_limit=1), {}, 'unknown key "gap_limit"', "one of check"),
    (Check("gap", by="age", metric="dise"), {}, 'unknown metric "dise"', "Write dice"),
    (Check("gap", by="age", metric="mine"), {}, 'unknown metric "mine"', "Declare [metrics.NAME]"),
    (Check("gap", by="age", model="unit"), {}, 'unknown model "unit"', "Write unet"),
    (Check("gap", by="age", model="unet"), {"models": []}, 'unknown model "unet"', "Declare [m"),
    (Check("gap", by="age"), {"models": []}, "gap needs a model", "Add [models.NAME]"),
    (Check("gap", by="age", label="tumor"), {}, 'unknown label "tumor"', "Declare it in [labels]"),
    (Check("gap", by="age", reference="exp"), {}, 'unknown reference "exp"', "one of expert"),
    (Check("gap", by="age", automated="automated"), {}, "gap takes no automated", "Remove"),
    (Check("gap", by="age"), {"references": []}, "no reference is automated", "Add [references"),
    (
        Check("gap", by="age"),
        {"references": [EXPERT, SECOND]},
        "reference is missing, and 2 references are expert; expected one of expert, expert2",
        "Add reference",
    ),
    (
        Check("ruler", by="age"),
        {"references": [EXPERT, AUTOMATED, OTHER]},
        "automated is missing, and 2 references are automated; expected one of automated, other",
        "Add automated",
    ),
    (Check("ruler", by="age"), {"references": [EXPERT]}, "no reference is automated", 'kind = "a'),
    (Check("ruler", by="age"), {"references": [AUTOMATED]}, "no reference is expert", 'kind = "e'),
    (Check("ruler", by="age", reference="automated"), {}, "unknown expert reference", "expert"),
    (Check("ruler", by="age", automated="expert"), {}, "unknown automated reference", "automated"),
    (Check("labels", by="age", model="unet"), {}, "labels takes no model", "Remove model"),
    (
        Check("labels", by="age", second_expert="expert"),
        {},
        'second_expert is "expert", the reference itself',
        "another expert reference",
    ),
    (Check("provenance", by="age", limit=1), {}, "provenance takes no limit", "Remove limit"),
    (Check("provenance", by="age", metric="dice"), {}, "provenance takes no metric", "Remove"),
    (Check("provenance", by="age", max_missing=2), {}, "max_missing is 2", "from 0 to 1"),
    (Check("floor", by="age"), {}, "limit is missing", "for floor of dice, which has no default"),
    (Check("floor", by="age", limit=1.1), {}, "limit is 1.1", "from 0 to 1 for dice"),
    (
        Check("gap", by="age", metric="hd95_mm"),
        {},
        "limit is missing",
        "a number in mm for gap of",
    ),
    (Check("gap", by="age", metric="relative_volume_error"), {}, "limit is missing", "no default"),
    (Check("gap", by="age", metric="hd95_mm", limit=-1), {}, "limit is -1", "a number from 0 up"),
    (Check("success", by="age", limit=2), {}, "limit is 2", "above 0 up to 1 for a ratio"),
    (Check("success", by="age", threshold=80), {}, "threshold is 80", "from 0 to 1 for dice"),
    (Check("success", by="age", threshold="best"), {}, 'threshold is "best"', '"top-quartile"'),
    (Check("success", by="age", sweep=[0.5, 80]), {}, "sweep is 80", "from 0 to 1 for dice"),
    (Check("success", by="age", sweep=[0.5]), {}, "sweep has 1 numbers", "at least 2"),
    (Check("success", by="age", statistic="odds"), {}, 'unknown statistic "odds"', "ratio, diff"),
    (
        Check("success", by="age", metric="signed_volume_error", threshold=0, sweep=[0, 1]),
        {},
        "metric is signed_volume_error, which is best at zero",
        "a better end",
    ),
    (Check("ruler", by="age", gap_limit=5), {}, "gap_limit is 5", "from 0 to 1 for dice"),
    (Check("gap", by="age", alpha=0.6), {}, "alpha is 0.6", "a number above 0 up to 0.49"),
    (Check("gap", by="age", min_patients=True), {}, "min_patients is true", "a whole number"),
    (Check("gap", by="age", policy="strict"), {}, 'unknown policy "strict"', "confident-fail"),
    (Check("gap", by="age", support="symmetric"), {}, 'unknown support "symmetric"', "bounds"),
    (Check("gap", by="age", screen=1), {}, "screen is 1", "true or false"),
    (Check("gap", by="age", baseline=40), {}, "baseline is 40", "a text"),
    (Check("gap", by="age", name=["a", "b"]), {}, "name is a list", "a text"),
    (Check("gap", by="age", limit=[0.1, 0.1]), {}, "limit lists 0.1 twice", "each once"),
    (Check("gap", by="age", waive="later"), {}, 'waive is "later"', "reason"),
    (Check("gap", by="age", waive={"reason": "x"}), {}, "waive has no until", "Add until"),
    (
        Check("gap", by="age", waive={"reason": "x", "until": "2027-03-31"}),
        {},
        'until is "2027-03-31"',
        "without quotes",
    ),
    (
        Check("gap", by="age", waive={"reason": " ", "until": dt.date(2027, 3, 31)}),
        {},
        'reason is " "',
        "a text",
    ),
    (
        Check("gap", by="age", waive={"reason": "x", "untill": dt.date(2027, 3, 31)}),
        {},
        'unknown key "untill" in waive',
        "Write until",
    ),
]


@pytest.mark.parametrize(
    ("check", "fields", "found", "expected"), REFUSALS, ids=[r[2] for r in REFUSALS]
)
def test_each_wrong_question_is_refused_once(check, fields, found, expected):
    problems = problems_of(check, **fields)

    assert len(problems) == 1, problems
    assert found in problems[0], problems[0]
    assert expected in problems[0], problems[0]
    assert problems[0].startswith('BR602 benchmark "toy" [[checks]] 1: '), problems[0]


def test_a_point_in_time_is_no_date():
    waive = {"reason": "x", "until": dt.datetime(2027, 3, 31, tzinfo=dt.UTC)}

    assert "until is 2027-03-31T00:00:00" in problems_of(Check("gap", by="age", waive=waive))[0]


def test_the_problems_of_all_checks_are_told_together():
    problems = problems_of(
        Check("gap", by="aeg"), Check("floor", by="age"), Check("ruler", by="age")
    )

    assert [problem.partition(":")[0] for problem in problems] == [
        'BR602 benchmark "toy" [[checks]] 1',
        'BR602 benchmark "toy" [[checks]] 2',
    ]


def test_lists_that_multiply_without_end_are_refused_at_once():
    names = [f"m{number}" for number in range(200)]
    models = [Model(name=name, masks="{case}") for name in names]
    limits = [number / 1000 for number in range(200)]
    check = Check("gap", by="age", model=names, limit=limits, alpha=[0.01, 0.02])

    (problem,) = problems_of(check, models=models)

    assert problem.startswith('BR410 benchmark "toy" [[checks]] 1: the checks make too many items')
    assert str(MAX_ITEMS) in problem


def test_checks_that_make_too_many_items_together_are_refused_once():
    limits = [number / 10_000 for number in range(1, 6000)]
    checks = [Check("gap", by="age", limit=limits) for _ in range(3)]

    (problem,) = problems_of(*checks)

    assert problem.startswith('BR410 benchmark "toy" [[checks]] 2: the checks make too many items')


def test_a_metric_of_a_plugin_is_known_once_it_is_handed_over():
    metric = Metric(name="centroid", unit="mm", range=(0, None), direction="lower", one_empty=None)
    benchmark = benchmark_of(Check("gap", by="age", metric="centroid", limit=2))

    assert declare_checks(benchmark, metrics=[metric])[0].metric == "centroid"
    with pytest.raises(BiasRulerError, match='unknown metric "centroid"'):
        declare_checks(benchmark)


def test_one_call_asks_what_one_entry_would():
    benchmark = benchmark_of(Check("gap", by="age", metric="dice", limit=0.05))

    assert declare_one(benchmark, "gap", metric="dice", by="age", limit=0.05, label=None) == (
        declare_checks(benchmark)
    )


def test_one_call_of_a_ruler_knows_the_gaps_of_the_file():
    benchmark = benchmark_of(Check("gap", by="age", limit=0.11), Check("gap", by="wrong"))

    assert declare_one(benchmark, "ruler", by="age")[0].options["gap_limit"] == 0.11
    assert declare_one(benchmark, "ruler", by="sex")[0].options["gap_limit"] == 0.05


def test_one_call_is_refused_by_the_name_of_its_check():
    with pytest.raises(BiasRulerProblems) as caught:
        declare_one(benchmark_of(), "gap", by="age", limt=0.05, policy="strict")

    assert [str(problem).partition("; ")[0] for problem in caught.value.problems] == [
        'BR602 gap: unknown key "limt" in gap',
        'BR602 gap: unknown policy "strict"',
    ]


def test_every_key_that_a_question_has_or_shares_has_a_rule():
    vocabulary = Vocabulary.of_benchmark(benchmark_of())
    for question in QUESTIONS.values():
        rules = key_rules(question, vocabulary)
        assert set(question.keys) <= set(rules)
        assert set(rules) <= {*COMMON_KEYS, *question.keys}
    shared = set().union(*(key_rules(q, vocabulary) for q in QUESTIONS.values()))
    assert set(COMMON_KEYS) - shared == {"check"}


CHECKS = st.builds(
    lambda check, by, metric, model: Check(check, by=by, metric=metric, model=model),
    st.sampled_from(["gap", "ruler", "success"]),
    st.lists(st.sampled_from(["age", "sex"]), min_size=1, unique=True),
    st.lists(st.sampled_from(["dice", "iou", "nsd"]), min_size=1, unique=True),
    st.lists(st.sampled_from(["a b", "a_b", "a-b"]), min_size=1, unique=True),
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(CHECKS, max_size=5))
def test_ids_are_unique_and_items_follow_the_file(checks):
    models = [Model(name=name, masks="{case}") for name in ("a b", "a_b", "a-b")]
    checks = [replace_line(check, line=number) for number, check in enumerate(checks)]

    declared = declare_checks(benchmark_of(*checks, models=models))

    assert len({item.id for item in declared}) == len(declared)
    assert [item.index for item in declared] == list(range(len(declared)))
    assert [item.line for item in declared] == sorted(item.line for item in declared)
    n_expected = sum(
        len(check.keys["by"]) * len(check.keys["metric"]) * len(check.keys["model"])
        for check in checks
    )
    assert len(declared) == n_expected


def replace_line(check, *, line):
    return Check(check.check, line=line, **check.keys)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.floats() | st.integers())
def test_a_limit_is_taken_if_and_only_if_it_lies_from_0_to_1(limit):
    check = Check("gap", by="age", limit=limit)

    if 0 <= limit <= 1:
        assert only(check).limit == limit
    else:
        with pytest.raises(BiasRulerError, match=r"limit is .* expected a number from 0 to 1"):
            only(check)


def test_a_declared_benchmark_can_be_changed_in_one_field():
    benchmark = replace(benchmark_of(Check("gap", by="age")), defaults=Defaults(metric="nsd"))

    assert declare_checks(benchmark)[0].metric == "nsd"
