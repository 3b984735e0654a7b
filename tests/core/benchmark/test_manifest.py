from __future__ import annotations

import datetime as dt
import random
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.check import Check, Policy
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import (
    Attribute,
    Benchmark,
    BothEmpty,
    Defaults,
    Model,
    Reference,
    ReferenceKind,
    ScoreSource,
)
from pytest_biasruler.benchmark.metrics import Direction, Metric
from pytest_biasruler.benchmark.questions import COMMON_KEYS, QUESTIONS
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, Limits

WHOLE = """\
[benchmark]
name = "Breast DCE-MRI"
root = "${MAMA_MIA}"
metadata = "clinical.csv"
case = "patient_id"
patient = "patient"
site = "dataset"
untrusted = true

[references.expert]
kind = "expert"
masks = "segmentations/expert/{case}.nii.gz"
[references.automated]
kind = "automated"
masks = "segmentations/automatic/{case}.nii.gz"

[models.unet]
masks = "predictions/unet/{case}.nii.gz"
trained_on = "expert"

[labels]
tumor = 1
whole = [1, 2, 4]

[attributes.age]
column = "age_years"
bins = [0, 41, 56, 120]
names = ["young", "middle", "old"]
[attributes.ethnicity]
merge = { "hawaiian/pacific islander" = ["hawaian", "hawaiian"] }
missing = ["", "unknown"]
judge_missing = true

[scores]
table = "scores.csv"
format = "nnunet"

[metrics.nsd]
tolerance_mm = { tumor = 2, whole = 3.5 }
[metrics.hd95_mm]
cap = 300
[metrics.seconds]
direction = "lower"
range = [0, inf]
unit = "s"
cap = 60

[defaults]
metric = "iou"
min_patients = 30
policy = "prove-safe"
alpha = 0.1
both_empty = "exclude"

[[checks]]
check = "gap"
by = ["age", ["age", "ethnicity"]]
limit = 0.05
[[checks]]
check = ["ruler", "labels"]
by = "age"
waive = { reason = "relabelling under way", until = 2027-03-31 }
"""

SMALL = """\
[benchmark]
name = "toy"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"
[models.unet]
masks = "unet/{case}.nii.gz"
[attributes.age]
[attributes.sex]
"""


@pytest.fixture
def read(tmp_path):
    def read_text(toml, **more):
        path = tmp_path / "biasruler.toml"
        path.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
        return Benchmark.from_file(path, environ={"MAMA_MIA": "data"}, **more)

    return read_text


@pytest.fixture
def told(read):
    def problems(toml, **more):
        with pytest.raises(BiasRulerProblems) as caught:
            read(toml, **more)
        return [str(problem) for problem in caught.value.problems]

    return problems


def test_every_key_of_the_file_arrives_in_the_benchmark(read, tmp_path):
    benchmark = read(WHOLE)

    assert (benchmark.name, benchmark.metadata) == ("Breast DCE-MRI", "clinical.csv")
    assert benchmark.root == tmp_path / "data"
    assert benchmark.file == tmp_path / "biasruler.toml"
    columns = (benchmark.case, benchmark.patient, benchmark.site)
    assert columns == ("patient_id", "patient", "dataset")
    assert benchmark.untrusted
    assert benchmark.references == (
        Reference(
            name="expert", kind=ReferenceKind.EXPERT, masks="segmentations/expert/{case}.nii.gz"
        ),
        Reference(
            name="automated",
            kind=ReferenceKind.AUTOMATED,
            masks="segmentations/automatic/{case}.nii.gz",
        ),
    )
    unet = Model(name="unet", masks="predictions/unet/{case}.nii.gz", trained_on="expert")
    assert benchmark.models == (unet,)
    assert benchmark.labels == {"tumor": (1,), "whole": (1, 2, 4)}
    assert benchmark.attributes == (
        Attribute(
            name="age",
            column="age_years",
            bins=(0, 41, 56, 120),
            names=("young", "middle", "old"),
        ),
        Attribute(
            name="ethnicity",
            merge={"hawaiian/pacific islander": ("hawaian", "hawaiian")},
            missing=("", "unknown"),
            judge_missing=True,
        ),
    )
    assert benchmark.scores == (ScoreSource(table="scores.csv", format="nnunet"),)
    assert benchmark.metrics["nsd"].parameters == {"tolerance_mm": {"tumor": 2, "whole": 3.5}}
    assert benchmark.metrics["hd95_mm"].cap == 300
    seconds = Metric(
        name="seconds",
        unit="s",
        direction=Direction.LOWER,
        range=(0, None),
        both_empty=0,
        one_empty=60,
        cap=60,
    )
    assert benchmark.metrics["seconds"] == seconds
    assert benchmark.defaults == Defaults(
        metric="iou",
        min_patients=30,
        policy=Policy.PROVE_SAFE,
        alpha=0.1,
        both_empty=BothEmpty.EXCLUDE,
    )
    gap, ruler, labels = benchmark.checks
    assert gap == Check("gap", by=["age", ["age", "ethnicity"]], limit=0.05, line=55)
    waive = {"reason": "relabelling under way", "until": dt.date(2027, 3, 31)}
    assert ruler == Check("ruler", by="age", waive=waive, line=59)
    assert labels == Check("labels", by="age", waive=waive, line=59)


def test_what_is_left_out_takes_its_default(read, tmp_path):
    benchmark = read(SMALL)

    assert (benchmark.case, benchmark.patient, benchmark.site) == ("case", None, None)
    assert (benchmark.root, benchmark.checks, benchmark.untrusted) == (tmp_path, (), False)
    assert benchmark.defaults == Defaults()
    assert benchmark.attributes[0] == Attribute(name="age")
    assert (benchmark.scores, benchmark.metrics, benchmark.labels) == (None, {}, {})
    assert benchmark.limits == Limits()


def test_limits_and_metrics_of_plugins_are_carried(read):
    centroid = Metric(
        name="centroid_mm",
        unit="mm",
        direction="lower",
        range=(0, None),
        both_empty=0,
        one_empty="image diagonal",
    )
    asks = '[[checks]]\ncheck = "gap"\nby = "age"\nmetric = "centroid_mm"\nlimit = 3'

    benchmark = read(SMALL + asks, metrics=[centroid], limits=Limits(max_rows=5))

    assert benchmark.metrics == {"centroid_mm": centroid}
    assert benchmark.limits.max_rows == 5
    assert declare_checks(benchmark)[0].metric == "centroid_mm"


def test_a_plugin_may_not_take_the_name_of_a_metric_that_exists(told):
    found = "biasruler.toml: a plugin adds the metric dice, which exists"
    assert found in told(SMALL, metrics=[Metric(name="dice")])[0]


def test_the_mark_at_the_start_of_a_file_from_windows_is_no_problem(read):
    assert read(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()).name == "toy"


FIVE_MISTAKES = """\
[benchmark]
name = "toy"
metadata = "../clinical.csv"
[references.expert]
kind = "expret"
masks = "expert/{case}.nii.gz"
[models.unet]
masks = "unet/{case}.nii.gz"
trained_on = "experts"
[attributes.age]

[[checks]]
check = "gap"
by = "age"
limt = 0.05
[[checks]]
check = "gap"
limit = nan
by = "age"
"""


def test_a_file_with_five_mistakes_is_told_all_five_with_lines_and_suggestions(told):
    keys = (
        "check, alpha, baseline, by, continuous, label, limit, metric, min_patients, model, name, "
        "policy, reference, screen, sensitivity, step, support, waive"
    )
    assert told(FIVE_MISTAKES) == [
        "BR401 biasruler.toml:3: metadata leaves the data root; expected a path inside it. "
        "Set root in [benchmark].",
        'BR602 biasruler.toml:5: unknown kind "expret"; expected one of expert, automated. '
        "Write expert if that is meant.",
        'BR602 biasruler.toml:9: unknown reference "experts"; expected one of expert. '
        "Write expert if that is meant.",
        f'BR602 biasruler.toml:15: unknown key "limt" in [[checks]] 1; expected one of {keys}. '
        "Write limit if that is meant.",
        "BR602 biasruler.toml:18: limit is nan; expected a number from 0 to 1 for dice. "
        "Correct it.",
    ]


def test_a_slip_in_the_first_table_is_one_mistake(told):
    (problem,) = told(SMALL.replace("[benchmark]", "[benchmrk]"))

    assert 'unknown table "benchmrk"' in problem
    assert "Write benchmark if that is meant" in problem


def with_general(row):
    return SMALL.replace('name = "toy"\n', f'name = "toy"\n{row}\n')


REJECTIONS = [
    # the whole file
    (SMALL + "[modles.b]", 'unknown table "modles"', "Write models if that is meant"),
    (SMALL + "[labels]\ntumor = 0", "tumor is 0", "a whole number from 1 to 2147483647"),
    (SMALL + "[labels]\ntumor = true", "tumor is true", "a whole number"),
    (SMALL + "[labels]\ntumor = []", "tumor is an empty list", "at least one integer"),
    (SMALL + "[labels]\ntumor = [1, 1]", "tumor lists 1 twice", "each once"),
    (SMALL + '[labels]\n"" = 1', "a name in labels is empty", "a name"),
    (SMALL.replace("[models.unet]", "[models]"), "[models.masks] is", "a table"),
    (SMALL.replace("[models.unet]", "[[models]]"), "models is a list", "one table for each name"),
    # [benchmark]
    (SMALL.replace('name = "toy"', ""), "name is missing", "Add name to [benchmark]"),
    (SMALL.replace('name = "toy"', 'name = " "'), 'name is " "', "a text"),
    (SMALL.replace('metadata = "clinical.csv"', ""), "metadata is missing", "Add metadata"),
    (with_general("case = 1"), "case is 1", "a text"),
    (with_general('patient = ""'), 'patient is ""', "a text"),
    (with_general('untrusted = "yes"'), 'untrusted is "yes"', "true or false"),
    (with_general('root = "${NO_SUCH}"'), "root needs the variable NO_SUCH", "Set NO_SUCH"),
    (with_general('layout = "mamamia"'), 'unknown layout "mamamia"', "Write mama-mia"),
    (with_general('pateint = "p"'), 'unknown key "pateint" in [benchmark]', "Write patient"),
    # sets of masks
    (SMALL.replace('kind = "expert"\n', ""), "kind is missing", "Add kind to [references.expert]"),
    (
        SMALL.replace('masks = "unet/{case}.nii.gz"', ""),
        "masks is missing",
        "or a table in [scores]",
    ),
    (SMALL.replace("unet/{case}.nii.gz", "unet/name.nii"), "masks has no {case}", "{case}"),
    (SMALL.replace("unet/{case}", "file:///{case}"), "masks holds a URL", "path inside the data"),
    (
        SMALL.replace("[models.unet]", "[models.expert]"),
        '"expert" is a model and a ref',
        "two names",
    ),
    # [attributes.*]
    (SMALL + "bins = [0]", "bins has 1 numbers", "at least 2"),
    (SMALL + "bins = [0, 40, 40]", "bins does not rise", "larger than the one before"),
    (SMALL + "bins = [0, nan]", "bins is nan", "a number"),
    (SMALL + 'bins = "0-40"', 'bins is "0-40"', "a list"),
    (SMALL + 'names = ["f"]', "names stand without bins", "Add bins"),
    (SMALL + 'bins = [0, 1, 2]\nnames = ["f"]', "1 names", "2, one for each bin"),
    (SMALL + 'bins = [0, 1, 2]\nnames = ["f", "f"]', 'names lists "f" twice', "each once"),
    (SMALL + 'merge = ["f"]', "merge is a list", "a table of kept"),
    (SMALL + 'merge = { f = ["F"], female = ["F"] }', 'merge lists "F" twice', "each once"),
    (SMALL + "missing = [1]", "missing holds 1", "texts"),
    (SMALL + "judge_missing = 1", "judge_missing is 1", "true or false"),
    (SMALL + 'colum = "s"', 'unknown key "colum" in [attributes.sex]', "Write column"),
    # [scores], [metrics.*], [defaults]
    (SMALL + '[scores]\nformat = "tidy"', "table is missing", "Add table to [scores]"),
    (SMALL + '[scores]\ntable = "s"\nformat = "tydy"', 'unknown format "tydy"', "Write tidy"),
    (SMALL + "[metrics.nsd]\ntolerance_mm = 0", "tolerance_mm is 0", "a number above 0"),
    (SMALL + "[metrics.nsd]\ntolerance_mm = { a = 1 }", 'unknown label "a"', "a declared label"),
    (
        SMALL + "[metrics.nsd]\ntolerance_mm = { a = 1 }\n[labels]\na = 1\nb = 2",
        "tolerance_mm has no value for label b",
        "one for each label",
    ),
    (
        SMALL + "[metrics.nsd]\ntolerence_mm = 1",
        'unknown key "tolerence_mm"',
        "Write tolerance_mm",
    ),
    (SMALL + "[metrics.dice]\ncap = 1", "dice takes no parameters", "Remove the table"),
    (SMALL + "[metrics.mine]", "direction is missing", "Add direction to [metrics.mine]"),
    (
        SMALL + '[metrics.mine]\ndirection = "up"',
        'unknown direction "up"',
        "higher, lower, signed",
    ),
    (
        SMALL + '[metrics.mine]\ndirection = "lower"\nrange = [1, 0]',
        "range is 1 to 0",
        "the smaller number first",
    ),
    (
        SMALL + '[metrics.mine]\ndirection = "lower"\nrange = [0]',
        "range has 1 numbers",
        "the smallest and the largest",
    ),
    (
        SMALL + '[metrics.mine]\ndirection = "lower"\nrange = [0, inf]\ncap = -1',
        "cap is -1",
        "a number from 0 up",
    ),
    (SMALL + "[metrics.hd95_mm]\ncap = inf", "cap is inf", "a number from 0 up"),
    (SMALL + '[defaults]\nmetric = "dise"', 'unknown metric "dise"', "Write dice"),
    (SMALL + "[defaults]\nmin_patients = 1", "min_patients is 1", "a whole number from 2 up"),
    (SMALL + "[defaults]\nmin_patients = 20.0", "min_patients is 20.0", "a whole number"),
    (SMALL + "[defaults]\nalpha = 0", "alpha is 0", "a number above 0 up to 0.49"),
    (SMALL + "[defaults]\nalpha = 0.5", "alpha is 0.5", "a number above 0 up to 0.49"),
    (SMALL + '[defaults]\npolicy = "strict"', 'unknown policy "strict"', "point, confident-fail"),
    (SMALL + '[defaults]\npolicy = "prove-save"', 'unknown policy "prove-save"', "prove-safe"),
    (SMALL + '[defaults]\nboth_empty = "drop"', 'unknown both_empty "drop"', "score, exclude"),
    # [[checks]]
    (SMALL + '[checks]\ncheck = "gap"', "checks is a table", "Write [[checks]]"),
    (SMALL + '[[checks]]\nby = "age"', "check is missing in [[checks]] 1", "gap, ruler, labels"),
    (SMALL + '[[checks]]\ncheck = "gaps"', 'unknown check "gaps"', "Write gap if that is meant"),
    (SMALL + '[[checks]]\ncheck = "gap"\nby = "age"\nline = 3', 'unknown key "line"', "one of"),
]


@pytest.mark.parametrize(("toml", "found", "expected"), REJECTIONS, ids=[r[1] for r in REJECTIONS])
def test_each_wrong_key_or_value_is_refused_once(told, toml, found, expected):
    problems = told(toml)

    assert len(problems) == 1, problems
    assert found in problems[0], problems[0]
    assert expected in problems[0], problems[0]
    assert re.match(r"BR(401|602) biasruler\.toml:\d+: ", problems[0]), problems[0]


@pytest.mark.parametrize(
    "row",
    ['merge = { missing = ["NA"] }', 'bins = [0, 1, 2]\nnames = ["a", "missing"]'],
)
def test_no_category_may_be_called_missing(told, row):
    problem = told(SMALL + row)[0]

    assert problem.startswith("BR413 biasruler.toml:"), problem
    assert "another name. List such cells in missing" in problem


@pytest.mark.parametrize(
    ("limit", "shown"),
    [
        ("5", "5"),
        ("-0.1", "-0.1"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("true", "true"),
        ('"0.05"', '"0.05"'),
        ("9" * 400, "a huge number"),
        ("2027-03-31", "2027-03-31"),
    ],
)
def test_a_limit_that_is_no_number_in_range_is_refused(told, limit, shown):
    toml = f'{SMALL}[[checks]]\ncheck = "gap"\nby = "age"\nlimit = {limit}\n'

    assert told(toml) == [
        f"BR602 biasruler.toml:14: limit is {shown}; expected a number from 0 to 1 for dice. "
        "Correct it."
    ]


def test_a_limit_for_each_label_needs_labels(told):
    toml = f'{SMALL}[[checks]]\ncheck = "gap"\nby = "age"\nlimit = {{ dice = 1 }}\n'

    assert told(toml) == [
        "BR602 biasruler.toml:14: limit is a table; expected a number where [labels] names none. "
        "Write one number."
    ]


def test_a_decimal_comma_is_explained(told):
    toml = f'{SMALL}[[checks]]\ncheck = "gap"\nlimit = 0,05\nby = "age"\n'

    (problem,) = told(toml)

    assert problem.startswith("BR602 biasruler.toml:13: TOML cannot be parsed (")
    assert problem.endswith("Write decimal numbers with a point.")


@pytest.mark.parametrize(
    ("toml", "start"),
    [
        (
            SMALL + 'column = "a"\ncolumn = "b"\n[labels]',
            "BR403 biasruler.toml:12: a key or table",
        ),
        (SMALL + "[models.unet]\n", "BR403 biasruler.toml:11: a key or table stands twice"),
        (SMALL + "x = ", "BR602 biasruler.toml:11: TOML cannot be parsed (Invalid value)"),
        (SMALL + "x = " + "9" * 5000, "BR602 biasruler.toml: a number is too long"),
        (SMALL + "x = " + "[" * 5000, "BR408 biasruler.toml: lists or tables are nested too"),
        (b"[benchmark]\nname = '\xe9'", "BR408 biasruler.toml:2: the file is not UTF-8"),
        (b"#" * (2**20 + 1), "BR410 biasruler.toml: the file is larger than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_refused_with_its_line(told, toml, start):
    (problem,) = told(toml)

    assert problem.startswith(start), problem


def test_a_file_that_is_not_there_is_refused_without_its_folder(tmp_path):
    for path, found in ((tmp_path / "a.toml", "is missing"), (tmp_path, "cannot be read")):
        with pytest.raises(BiasRulerError) as caught:
            Benchmark.from_file(path)

        assert str(caught.value).startswith(f"BR408 {path.name}: the file {found}")
        assert str(tmp_path.parent) not in str(caught.value)


def test_checks_in_one_list_have_the_line_1(read):
    toml = f'checks = [\n{{ check = "gap", by = "age" }}]\n{SMALL}'

    assert read(toml).checks[0].line == 1


def test_checks_in_one_list_are_refused_with_the_line_of_the_list(told):
    toml = f'\nchecks = [\n{{ check = "gap", by = "aeg" }}]\n{SMALL}'

    assert told(toml)[0].startswith('BR602 biasruler.toml:2: unknown attribute "aeg"')


def test_one_wrong_value_in_a_list_is_named_and_the_others_too(told):
    problems = told(f'{SMALL}[[checks]]\ncheck = "gap"\nby = ["aeg", "age", "sx"]\n')

    assert [problem.partition("; ")[0] for problem in problems] == [
        'BR602 biasruler.toml:13: unknown attribute "aeg"',
        'BR602 biasruler.toml:13: unknown attribute "sx"',
    ]


def test_a_mistake_that_three_models_share_is_told_once(told):
    models = "".join(f'[models.m{n}]\nmasks = "{n}/{{case}}.nii"\n' for n in range(3))

    assert len(told(f'{SMALL}{models}[[checks]]\ncheck = "gap"\nby = "age"\nlimit = 7\n')) == 1


def test_names_with_controls_are_written_as_escapes(told):
    (problem,) = told(SMALL + '"a\\u001b" = 1')

    assert problem.startswith('BR602 biasruler.toml:11: unknown key "a\\x1b"')


def test_reading_and_declaring_import_neither_numpy_nor_pandas(tmp_path):
    path = tmp_path / "biasruler.toml"
    path.write_text(WHOLE)
    program = """
import sys
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import Benchmark
benchmark = Benchmark.from_file(sys.argv[1], environ={"MAMA_MIA": "."})
print(len(declare_checks(benchmark)))
print([name for name in ("numpy", "pandas", "scipy", "nibabel", "pytest") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split("\n")[:2] == ["10", "[]"]


VALUES = [
    *(
        "nan",
        "inf",
        "true",
        "0",
        "-1",
        "0.5",
        "9" * 400,
        '""',
        '"a"',
        '"age"',
        "[]",
        "[[]]",
        "[1]",
    ),
    *('["age", "age"]', "{}", "{ reason = 1 }", "2027-01-01", '"{case}"', '"\\u0000"', '"gap"'),
    *('"signed_volume_error"', '["hd95_mm", "nsd"]', '["gap", "floor"]', '"expert"', "[nan]"),
]
KEYS = sorted({*COMMON_KEYS, *(key for question in QUESTIONS.values() for key in question.keys)})
HEADERS = [
    "[scores]",
    "[metrics.x]",
    "[models.b]",
    "[[checks]]",
    "[checks.waive]",
    "[x]",
    "[models]",
]


def edited(seed):
    """Return the file with some values, keys and tables changed, and now and then a character."""
    rng = random.Random(seed)
    rows = WHOLE.split("\n")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(rows))
        row = rows[at]
        rows[at] = rng.choice(
            [
                f"{row.partition('=')[0]}= {rng.choice(VALUES)}" if "=" in row else row,
                f"{row}\n{rng.choice(KEYS)} = {rng.choice(VALUES)}",
                f"{row}\n{rng.choice(HEADERS)}",
                "",
                row.replace(rng.choice("ae[]\"'"), rng.choice("\x00[]{}=é'\""), 1),
            ]
        )
    return "\n".join(rows)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.integers(0, 2**32))
def test_any_edit_gives_a_benchmark_or_problems_with_codes_and_places(tmp_path_factory, seed):
    path = tmp_path_factory.getbasetemp() / "biasruler.toml"
    path.write_text(edited(seed))

    try:
        benchmark = Benchmark.from_file(path, environ={"MAMA_MIA": "data"})
    except BiasRulerProblems as problems:
        for problem in problems.problems:
            assert problem.where.startswith("biasruler.toml"), problem
            assert problem.code in ("BR401", "BR403", "BR408", "BR410", "BR413", "BR602"), problem
    else:
        ids = [declared.id for declared in declare_checks(benchmark)]
        assert len(set(ids)) == len(ids)
