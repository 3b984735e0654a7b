"""What ``--biasruler-help`` prints: all that a benchmark file may say."""

from __future__ import annotations

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.questions import COMMON_KEYS, QUESTIONS, Question

_TABLES = """\
A benchmark file is TOML. All paths are relative to root and stay inside it.

[benchmark]
  name, metadata        what it is called; a table, one row per case, or a list of tables
  root                  data root, ${VAR} is expanded (default: this file's folder)
  case, patient, site   columns of the metadata (default: case; patient is the case; no site)
  split                 { table, column } lists cases; { table, column, part } tells the part of
                        each; { table = "splits_final.json", fold, part } of nnU-Net
  layout                "mama-mia", "nnunet" or "bids": fills in what the file leaves out
  untrusted             true: predictions of strangers
[references.NAME]
  kind                  "expert" or "automated"
  masks                 such as "expert/{case}.nii.gz"; not needed with a score table;
                        {column} stands for a cell of the metadata: "{participant}/{visit}.nii.gz"
  made_by, made_with    by whom and with what, in words for the report
  made_on               a date, or "2023-05" or "2023"
[models.NAME]
  masks, trained_on     as above; the name of a reference
[labels]
  NAME = 1              or a region, [1, 2, 4] (default: any non-zero voxel is the one label)
  ignore = 7            no label: where a reference has this value, nothing is compared with it
[attributes.NAME]
  column                column of the metadata (default: NAME)
  bins, names           edges, left-closed; names of the bins
  quantiles             4: bins of about equally many patients, instead of bins
  merge                 { kept = ["other spelling"] }
  missing               cells that mean "not recorded" (default: [""])
  judge_missing         true: judge the subgroup of cases that have no value
[scores]
  table, format         a ready score table; "tidy" or "nnunet"
[metrics.NAME]
  tolerance_mm          a parameter of a built-in metric
  direction, range      of a column of the score table: "higher" or "lower", [0, 1]
  unit, cap             such as "mm"; what an infinite distance counts as
[defaults]
  metric, min_patients, policy, alpha, both_empty
[[checks]]
  check                 one of the questions below; any key may hold a list, one check of each
  by                    an attribute; a list asks one question each, an inner list crosses them
  label                 a label, or "mean" or "worst" of all of them (default: each label)
  limit                 a number, or one for each label: { tumor = 0.05, edema = 0.08 }
  waive                 { reason = "...", until = 2027-03-31 }"""


_TOLD = ("check", "by", "label", "limit", "waive")
"""Keys of every check that are explained above."""

_LIMITS = {
    "success": "0.8 for a ratio, 0.1 for a difference",
    "floor": "the least acceptable mean, always given (the largest, where lower is better)",
    "echo": "0.3 without control and by, else 0.1, a share of the label's mistakes",
    "morphology": "0.147, of the absolute value of Cliff's delta",
    "noise": "none; with levels, per unit of them, 0.05 for metrics on the 0-1 scale",
}
"""What a limit is a limit of, where it is no gap of the metric."""


def manual() -> str:
    """Return the reference of the benchmark file as text.

    Examples
    --------
    >>> "[references.NAME]" in manual()
    True
    """
    common = ", ".join(key for key in COMMON_KEYS if key not in _TOLD)
    return "\n".join(
        [
            _TABLES,
            f"  all checks also take  {common}",
            "",
            "Questions",
            *(line for question in QUESTIONS.values() for line in _about(question)),
            "",
            f"Metrics\n  {', '.join(CATALOGUE)}",
        ]
    )


def _about(question: Question) -> list[str]:
    lines = [f"  {question.check:<12} {question.asks}"]
    keys = ", ".join(
        key if value is None else f"{key} = {_toml(value)}" for key, value in question.keys.items()
    )
    if keys:
        lines.append(f"  {'':<12} own keys: {keys}")
    limit = _LIMITS.get(question.check)
    if limit is None and question.limit is not None:
        limit = f"{question.limit} for metrics on the 0-1 scale"
    return [*lines, f"  {'':<12} limit: {limit}"] if limit else lines


def _toml(value: object) -> str:
    """Return a default as a benchmark file would spell it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def print_manual() -> int:
    """Print the reference; return the exit code of the run that it ends."""
    print(manual())
    return 0
