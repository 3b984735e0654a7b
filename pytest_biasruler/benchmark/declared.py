"""The questions of a benchmark, fully resolved: what each test item asks."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.arms import with_models
from pytest_biasruler.benchmark.asked import Asked, asked_of
from pytest_biasruler.benchmark.check import DeclaredCheck, Policy
from pytest_biasruler.benchmark.expansion import choices, silent_values
from pytest_biasruler.benchmark.forms import form_of, is_continuous, refuse_unfit_number
from pytest_biasruler.benchmark.ids import item_id, number_repeats
from pytest_biasruler.benchmark.label_choice import limits_by_label
from pytest_biasruler.benchmark.limits import is_on_unit_scale, limit_of
from pytest_biasruler.benchmark.metrics import Direction
from pytest_biasruler.benchmark.options import options_of, refuse_unranked
from pytest_biasruler.benchmark.problems import Problems, place_of
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.benchmark.rules import refusal, unknown
from pytest_biasruler.benchmark.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.questions import Question
    from pytest_biasruler.errors import BiasRulerError

MAX_ITEMS = 10_000
"""Most items that one benchmark may declare; lists multiply, so a slip could ask for millions."""

_GAP_LIMIT = 0.05


def declare_checks(
    benchmark: Benchmark, *, metrics: Collection[Metric] = ()
) -> tuple[DeclaredCheck, ...]:
    """Return one question for each combination that the benchmark's checks ask for.

    Parameters
    ----------
    benchmark : Benchmark
        From a file or built in code.
    metrics : collection of Metric
        Metrics of plugins that the benchmark does not carry itself.

    Returns
    -------
    tuple of DeclaredCheck
        In the order of the file; within an entry, keys vary in the order in which they are
        written, the last one fastest, and defaults behind them.

    Raises
    ------
    BiasRulerProblems
        All that is wrong with the checks, as BR602 (BR410 for too many items).
    """
    problems = Problems(place_of(benchmark))
    vocabulary = Vocabulary.of_benchmark(benchmark, metrics=metrics)
    declared = resolve(asked_of(benchmark), vocabulary, problems=problems)
    problems.raise_any()
    return declared


def declare_one(
    benchmark: Benchmark, check: str, *, metrics: Collection[Metric] = (), **keys: Any
) -> tuple[DeclaredCheck, ...]:
    """Return what one call such as ``assert_gap("dice", by="age")`` asks.

    Parameters
    ----------
    benchmark : Benchmark
        From a file or built in code.
    check : str
        Name of the check.
    metrics : collection of Metric
        Metrics of plugins that the benchmark does not carry itself.
    **keys
        As in ``[[checks]]``; a key that is None counts as not given.

    Raises
    ------
    BiasRulerProblems
        All that is wrong with the keys; `where` is the name of the check.
    """
    vocabulary = Vocabulary.of_benchmark(benchmark, metrics=metrics)
    given = {key: value for key, value in keys.items() if value is not None}
    # Gaps declared in the file lend their limit to a ruler; what is wrong with them is told there.
    unheard = Problems(place_of(benchmark))
    gaps = [one for one in asked_of(benchmark) if one.check == "gap"]
    lends = check in ("ruler", "noise")
    known = resolve(gaps, vocabulary, problems=unheard) if lends else ()
    problems = Problems(lambda _: (0, check))
    asked = Asked(check=check, keys=given, path=("checks", 0), title=check)
    declared = resolve([asked], vocabulary, problems=problems, gaps=known)
    problems.raise_any()
    return declared


def resolve(
    asked: Sequence[Asked],
    vocabulary: Vocabulary,
    *,
    problems: Problems,
    gaps: Iterable[DeclaredCheck] = (),
) -> tuple[DeclaredCheck, ...]:
    """Return the items of all valid entries; what is wrong with the others is noted."""
    found: list[tuple[Asked, DeclaredCheck]] = []
    for entry in asked:
        if problems.is_full:
            break
        with problems.at(*entry.path):
            items = _items(entry, vocabulary, problems=problems)
            found.extend((entry, item) for item in items)
        if len(found) > MAX_ITEMS:
            problems.add(entry.path, _too_many())
            break
    limits: dict[tuple[Any, ...], float | None] = {}
    for gap in (*gaps, *(item for _, item in found if item.check == "gap")):
        if not is_continuous("gap", gap.options):  # of several gaps the first lends its limit
            limits.setdefault(_comparison(gap), gap.limit)
    ids = number_repeats(item.id for _, item in found)
    declared = []
    for index, (entry, item) in enumerate(found):
        with problems.at(*entry.path, "gap_limit"):
            options = _with_gap_limit(item, limits, vocabulary=vocabulary)
            declared.append(replace(item, id=ids[index], index=index, options=options))
    return tuple(declared)


def _items(asked: Asked, vocabulary: Vocabulary, *, problems: Problems) -> list[DeclaredCheck]:
    question = QUESTIONS.get(asked.check)
    if question is None:
        raise unknown("check", asked.check, names=list(QUESTIONS))
    question = form_of(question, asked.keys)
    chosen = choices(asked, question, vocabulary, problems=problems)
    if chosen is None:
        return []
    if prod(map(len, chosen.values.values())) > MAX_ITEMS:
        raise _too_many()
    n_before, limits = problems.n_noted, None
    with problems.at(*asked.path, "limit"):
        limits = limits_by_label(chosen.values)
    if problems.n_noted > n_before:
        return []
    silent = silent_values(question, vocabulary)
    known: dict[str, Any] = {"asked": asked, "question": question}
    known |= {"vocabulary": vocabulary, "problems": problems}
    declared = []
    for values in product(*chosen.values.values()):
        keys = dict(zip(chosen.values, values, strict=True))
        if limits is not None:
            keys["limit"] = limits[keys["label"]]
        name = item_id(asked.check, keys, listed=chosen.listed, silent=silent)
        declared.append(_item(name, keys, **known))
    return declared


def _too_many() -> BiasRulerError:
    expected = f"at most {MAX_ITEMS} in all"
    return refusal("the checks make too many items", expected, fix="Shorten lists", code="BR410")


def _item(
    name: str,
    keys: Mapping[str, Any],
    *,
    asked: Asked,
    question: Question,
    vocabulary: Vocabulary,
    problems: Problems,
) -> DeclaredCheck:
    metric = vocabulary.metrics[keys["metric"]] if question.takes_metric else None
    limit = None
    with problems.at(*asked.path, "limit"):
        limit = limit_of(question, metric, chosen=keys)
    with problems.at(*asked.path, "metric"):
        refuse_unranked(question, metric)
    with problems.at(*asked.path, "continuous"):
        refuse_unfit_number(asked.check, keys, vocabulary)
    options = options_of(question, metric, chosen=keys, path=asked.path, problems=problems)
    with problems.at(*asked.path):
        options = with_models(
            question,
            options,
            chosen=keys,
            vocabulary=vocabulary,
            path=asked.path,
            problems=problems,
        )
    defaults = vocabulary.defaults
    policy = keys.get("policy", defaults.policy)
    return DeclaredCheck(
        id=name,
        index=0,
        check=asked.check,
        metric="" if metric is None else metric.name,
        by=keys.get("by", ()),
        label=keys.get("label"),
        model=keys.get("model"),
        reference=keys["reference"],
        automated=keys.get("automated"),
        limit=limit,
        baseline=keys.get("baseline"),
        alpha=keys.get("alpha", defaults.alpha),
        min_patients=keys.get("min_patients", defaults.min_patients),
        support=keys.get("support", _support(question, metric, keys)),
        policy=None if policy is None else Policy(policy),
        waive=keys.get("waive"),
        screen=keys.get("screen", False),
        sensitivity=keys.get("sensitivity", False),
        options=options,
        line=asked.line,
    )


def _support(question: Question, metric: Metric | None, keys: Mapping[str, Any]) -> str:
    """Return where the phantom patients stand by default: scores pooled, differences symmetric."""
    is_signed = metric is not None and metric.direction == Direction.SIGNED
    is_difference = is_signed or keys.get("second_expert") is not None
    if question.check == "labels" and is_difference:
        return "symmetric"
    return question.support


def _comparison(item: DeclaredCheck) -> tuple[Any, ...]:
    """Return what a ruler and a gap have in common if they compare the same scores."""
    return item.metric, item.by, item.label, item.model


def _with_gap_limit(
    item: DeclaredCheck,
    limits: Mapping[tuple[Any, ...], float | None],
    *,
    vocabulary: Vocabulary,
) -> Mapping[str, Any]:
    """Return the options, with the limit at which a ruler judges the gaps it compares."""
    if "gap_limit" not in item.options or item.options["gap_limit"] is not None:
        return item.options
    if _comparison(item) in limits:
        return {**item.options, "gap_limit": limits[_comparison(item)]}
    metric = vocabulary.metrics[item.metric]
    if not is_on_unit_scale(metric):
        expected = f"a number for {metric.name}, or a gap check of it with the same by and model"
        raise refusal("gap_limit is missing", expected, fix="Add gap_limit")
    return {**item.options, "gap_limit": _GAP_LIMIT}
