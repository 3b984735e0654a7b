"""Rows E87, E88 and E95 to E98: what may count as an answer."""

from __future__ import annotations

import json

from pytest_biasruler import Audit, BiasRulerError
from tests.acceptance import small
from tests.acceptance.row import Played, Row, Stage

_TWO = '[[checks]]\ncheck = "floor"\nby = "sex"\nlimit = 0.5\n'
_LIMITS = ("5", "-0.1", "nan", "true", '"0.05"', "0.1\nlimt = 3", '0.1\npolicy = "strict"')
_UNDEFINED = (
    "BR501: gap dice by sex is undefined: fewer than two subgroups to judge{}; expected two of "
    "min_patients patients. Merge subgroups or add cases"
)
_LIMIT = "BR602: limit is {}; expected a number from 0 to 1 for dice. Correct it."


def _play_too_few(stage: Stage) -> list[Played]:
    women = {line: f"c{line - 2:02d},F,40" for line in range(2, 2 + small.N_CASES)}
    one_man = women | {3: "c01,M,40"}
    no_score = {line: f"c{line - 2:02d},unet,expert," for line in range(3, 27, 2)}
    variants = (
        {"clinical.csv": small.clinical(one_man)},
        {"clinical.csv": small.clinical(women)},
        {"scores.csv": small.scores(no_score)},
    )
    played = []
    for files in variants:
        variant, audit = small.accept(stage, files)
        assert audit["findings"][0]["verdict"] == "INCONCLUSIVE", "never a PASS of nothing"
        assert audit["findings"][0]["reason"] == "too few subgroups"
        strict = small.start(stage, small.lay(stage, files), "--biasruler-policy=prove-safe")
        assert strict.ret == 1
        played.append(variant)
    return played


def _play_small(stage: Stage) -> list[Played]:
    """Play 60 people in public: with a third subgroup to hide behind, and with two only."""
    age = "[attributes.age]\nbins = [18, 40, 60, 90]\n"
    text = small.BENCHMARK.replace("min_patients = 3", "min_patients = 11").replace(age, "")
    table = [f"c{at:02d},unet,expert,0.{80 + at % 5}" for at in range(60)]
    played = []
    for sexes in ("F" * 30 + "M" * 24 + "X" * 6, "F" * 30 + "M" * 24 + "XXX" + "YYY"):
        rows = [f"c{at:02d},{sex},40" for at, sex in enumerate(sexes)]
        files = {
            "biasruler.toml": text,
            "clinical.csv": "\n".join(["case,sex,age", *rows]),
            "scores.csv": "\n".join(["case,model,reference,dice", *table]),
        }
        folder = small.play_whole(stage, files, "--biasruler-public")
        audit = small.audit_of(folder)
        shown = {row["name"]: row for row in audit["attributes"]["sex"]["subgroups"]}
        for name in set(sexes) & set("XY"):
            assert shown[name]["status"] == "suppressed"
            assert shown[name]["n_patients"] is shown[name]["n_cases"] is None
        assert "10 or fewer" in (folder / "report.html").read_text("utf-8")
        assert audit["findings"][0]["verdict"] == "PASS", "verdicts use all data"
        Audit.from_json((folder / "audit.json").read_text("utf-8"))
        classes = audit["accounting"]["classes"]
        assert classes == {"excluded": {"expert": "none"}, "unreadable": {"unet": "none"}}
        played.append(
            Played(
                said=small.noted(audit),
                lost=frozenset(),
                scored=audit["accounting"]["expected"],
            )
        )
    return played


def _play_parts(stage: Stage) -> list[Played]:
    files = {"biasruler.toml": small.BENCHMARK + _TWO}
    folder = small.lay(stage, files)
    for part in (
        ("-k", "gap"),
        (f"--deselect={folder.name}/biasruler.toml::floor[dice-sex-unet]",),
    ):
        result = small.start(stage, folder, *part)
        assert result.ret == 0
        assert "PARTIAL" in result.stdout.str()
    audit = small.audit_of(folder)
    played = Played(
        said=small.noted(audit),
        lost=small.lost_in(audit),
        scored=audit["accounting"]["scored"],
    )
    strict = small.start(stage, folder, "-k", "gap", "--biasruler-policy=prove-safe")
    told = small.unplaced(strict.stdout.lines)
    fewer = small.start(stage, folder, "-k", "gap", "--biasruler-min-checks=2")
    assert strict.ret == fewer.ret == 1
    assert small.start(stage, folder, "-k", "nothing").ret == 5
    failing = small.lay(stage, {"biasruler.toml": files["biasruler.toml"].replace("0.9", "0.0")})
    stopped = small.start(stage, failing, "-x", "--biasruler-policy=prove-safe")
    assert stopped.ret == 1
    assert "INCOMPLETE" in stopped.stdout.str()
    empty = small.BENCHMARK.partition("[[checks]]")[0]
    return [
        played,
        Played(said=told, lost=played.lost, scored=played.scored),
        small.stop(stage, {"biasruler.toml": empty}),
    ]


def _play_limits(stage: Stage) -> list[Played]:
    asked = [f'[[checks]]\ncheck = "gap"\nby = "sex"\nlimit = {limit}\n' for limit in _LIMITS]
    stopped = small.stop(stage, {"biasruler.toml": small.BENCHMARK + "".join(asked)})
    assert len(stopped.said) == len(_LIMITS), "every mistake is told, each once"
    comma = small.BENCHMARK.replace("limit = 0.9", "limit = 0,05")
    return [*[stopped] * len(_LIMITS), small.stop(stage, {"biasruler.toml": comma})]


def _play_earlier(stage: Stage) -> list[Played]:
    folder = small.play_whole(stage)
    text = (folder / "audit.json").read_text("utf-8")
    whole = Audit.from_json(text)
    assert whole.to_json() == text, "an audit that nobody touched is taken"
    edited = json.loads(text)
    (finding,) = edited["findings"]
    finding["verdict"] = "FAIL"
    low, high = (f"{finding['estimate'][name]:.3f}" for name in ("low", "high"))
    assert (low, high) == (_LOW, _HIGH), (low, high)
    texts = (
        text.replace("biasruler-audit/1", "biasruler-audit/2"),
        json.dumps(edited),
        text[: len(text) // 2],
    )
    played = []
    for changed in texts:
        try:
            Audit.from_json(changed)
        except BiasRulerError as error:
            said = small.unplaced([str(error)])
        scored = int(whole.accounting["scored"])
        played.append(Played(said=said, lost=frozenset(), scored=scored))
    return played


_LOW, _HIGH = "0.000", "0.014"


def _play_infinity(stage: Stage) -> list[Played]:
    rows = {line: f"c{line - 2:02d},unet,expert,0.8,inf" for line in range(3, 27, 2)}
    rows[3] = "c01,unet,expert,0.8,nan"
    head = "case,model,reference,dice,hd95_mm"
    table = small.scores(rows, head).replace("expert,0.8\n", "expert,0.8,4\n")
    table = "\n".join(line if line.count(",") == 4 else f"{line},4" for line in table.split("\n"))
    text = small.BENCHMARK.replace("limit = 0.9", 'metric = "hd95_mm"\nlimit = 5')
    played, audit = small.accept(stage, {"scores.csv": table, "biasruler.toml": text})
    folder = small.play_whole(stage, {"scores.csv": table, "biasruler.toml": text})
    stored = (folder / "audit.json").read_text("utf-8")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    json.loads(stored, parse_constant=refuse)
    finding = audit["findings"][0]
    assert finding["estimate"] is None
    assert finding["reason"] == "too few subgroups"
    return [played]


VERDICTS = (
    Row(
        id="E87",
        input="a subgroup of one case, one subgroup only, a metric undefined for a whole subgroup",
        texts=(
            _UNDEFINED.format(" (M too small or not judged)"),
            _UNDEFINED.format(""),
            _UNDEFINED.format(" (M too small or not judged)"),
        ),
        then="INCONCLUSIVE, never PASS; exit code 1 under prove-safe",
        play=_play_too_few,
    ),
    Row(
        id="E88",
        input="subgroups of 1 to 10 patients in public mode",
        texts=("", ""),
        then="shown as `10 or fewer` without a number; verdicts use all data",
        play=_play_small,
    ),
)
ANSWERS = (
    Row(
        id="E95",
        input="`-k`, `--deselect`, `-x`, a benchmark file without a check",
        texts=(
            "BR601: 1 of 2 declared checks ran; expected all",
            "BR601: 1 of 2 declared checks ran; expected all under prove-safe. Run them all.",
            "BR602: no [[checks]]; expected at least one, since the file is collected as a test. "
            "Declare a check, or name the file by --biasruler for the fixtures.",
        ),
        then="headline PARTIAL, after `-x` INCOMPLETE; exit code 1 under prove-safe and below "
        "--biasruler-min-checks",
        play=_play_parts,
    ),
    Row(
        id="E96",
        input='`limit = 5`, `-0.1`, `nan`, `true`, `"0.05"`; an unknown key, an unknown policy; '
        "`limit = 0,05`",
        texts=(
            *(_LIMIT.format(limit) for limit in _LIMITS[:5]),
            'BR602: unknown key "limt" in [[checks]] 7; expected one of check, alpha, baseline, '
            "by, continuous, label, limit, metric, min_patients, model, name, policy, reference, "
            "screen, sensitivity, step, support, waive. Write limit if that is meant.",
            'BR602: unknown policy "strict"; expected one of point, confident-fail, prove-safe. '
            "Correct it.",
            "BR602: TOML cannot be parsed (Expected newline or end of document after a "
            "statement); expected valid TOML. Write decimal numbers with a point.",
        ),
        then="the run stops; unknown names get the nearest valid one",
        play=_play_limits,
    ),
    Row(
        id="E97",
        input="an earlier audit of a newer schema, edited by hand, or cut",
        texts=(
            "BR603: the audit holds schema biasruler-audit/2; expected an audit of schema "
            "biasruler-audit/1. Write it again with --biasruler-json.",
            "BR603: the audit holds a FAIL of v0/biasruler.toml::gap[dice-sex-unet] with the "
            f"bounds {_LOW} and {_HIGH} and the limit 0.900; expected a verdict that its own "
            "bounds and limit allow. Write it again with --biasruler-json.",
            "BR603: the audit holds text that is not JSON; expected an audit of schema "
            "biasruler-audit/1. Write it again with --biasruler-json.",
        ),
        then="nothing is concluded from it",
        play=_play_earlier,
    ),
    Row(
        id="E98",
        input="infinite and undefined distances in a score table",
        texts=("BR423: 12 scores of unet in the score table are undefined: 12 of hd95_mm",),
        then="audit.json is JSON: null and a reason",
        play=_play_infinity,
    ),
)
