"""A run held against an earlier audit: what fails, what is said, and what is never touched."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET

import pytest

from tests.plugin.conftest import write_tables

GAP = '[[checks]]\ncheck = "gap"\nby = "{by}"\nmodel = "unet"\nname = "{name}"\nlimit = {limit}\n'
WAIVER = 'waive = { reason = "relabelling", until = 2999-12-31 }\n'
OLD = "--biasruler-compare=old.json"


def gap(limit=0.5, *, by="age", name="age"):
    return GAP.format(by=by, name=name, limit=limit)


@pytest.fixture
def twice(write_benchmark, run):
    """Give a function that keeps the audit of one state and runs another against it."""

    def start(before, now, *arguments, gaps=(0.2, 0.2), file="biasruler.toml"):
        write_benchmark(*before, tables={"gap": gaps[0]})
        run("biasruler.toml", "--biasruler-json=old.json")
        write_benchmark(*now, file=file, tables={"gap": gaps[1]})
        return run(file, OLD, "--biasruler-json=new.json", *arguments)

    return start


def read_new(pytester, name="new.json"):
    return json.loads((pytester.path / name).read_text("utf-8"))


def state_of(pytester, place=0):
    finding = read_new(pytester)["findings"][place]
    return finding["outcome"], finding["details"]["compare"]["state"]


# The table of the page.


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=str)
def test_a_value_beyond_the_earlier_interval_fails_within_its_limit(pytester, twice, mode):
    result = twice([gap()], [gap()], *mode, gaps=(0.2, 0.25))

    assert result.ret == 1
    text = result.stdout.str()
    line = next(line for line in text.splitlines() if line.startswith("WORSE gap dice"))
    assert line.startswith("WORSE gap dice, age young vs old: gap 0.249 ["), line
    assert "; earlier 0.199, 95 % interval up to 0.212 (40/40 patients, expert, unet)" in line
    assert len(line) <= 200
    result.stdout.fnmatch_lines(
        [
            "FAIL 1 of 1 check*",
            "  WORSE         gap[[]age] gap 0.249 * below limit 0.500; earlier 0.199, *",
            "since the earlier audit of 2026-01-01: 1 worse",
            "FAILED biasruler.toml::gap[[]age] - *WORSE gap dice, age young vs old*",
        ]
    )
    assert state_of(pytester) == ("failed", "worse")
    assert read_new(pytester)["findings"][0]["verdict"] == "PASS"
    assert "keep the audit of this run in place of the earlier one" in text


def test_a_pass_that_became_inconclusive_fails(pytester, twice):
    check = gap(0.2125)
    result = twice([check], [check], gaps=(0.2, 0.205))

    assert result.ret == 1
    assert state_of(pytester) == ("failed", "no longer shown")
    result.stdout.fnmatch_lines(
        [
            "WORSE gap dice, age young vs old: gap 0.204 * spans limit 0.212*; earlier shown to "
            "be within its limit (40/40 patients, expert, unet)",
            "*The earlier audit showed that this is within its limit; this one does not.*",
            "since the earlier audit of 2026-01-01: 1 no longer shown",
        ]
    )


def test_a_waiver_covers_no_worse_state(pytester, twice):
    check = gap(0.05) + WAIVER
    result = twice([check], [check], gaps=(0.2, 0.25))

    assert result.ret == 1
    assert state_of(pytester) == ("failed", "worse")
    result.stdout.fnmatch_lines(
        ["*a waiver covers no worse state than its own*", "  WORSE         gap[[]age] *"]
    )
    assert twice([check], [check], gaps=(0.2, 0.204)).ret == 0
    assert state_of(pytester) == ("waived", "still fails"), "within the earlier interval"
    undecided = gap(0.2125) + WAIVER
    assert twice([undecided], [undecided], gaps=(0.2, 0.205)).ret == 0
    assert state_of(pytester) == ("waived", "no longer shown")


def test_a_check_that_fails_again_fails_as_always_and_says_since_when(
    pytester, write_benchmark, run, monkeypatch
):
    write_benchmark("fail")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    run("biasruler.toml", "--biasruler-json=old.json")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    run("biasruler.toml", OLD, "--biasruler-json=older.json")
    result = run("biasruler.toml", "--biasruler-compare=older.json", "--biasruler-json=new.json")

    assert result.ret == 1
    compare = read_new(pytester)["findings"][0]["details"]["compare"]
    assert (compare["state"], compare["since"]) == ("still fails", "1970-01-01")
    assert compare["decides"] is False
    result.stdout.fnmatch_lines(
        [
            "FAIL gap dice, age young vs old: gap 0.199 *",
            "*It failed in the earlier audit too, and has since 1970-01-01 at least.",
        ]
    )


def test_a_raised_limit_is_listed_and_changes_no_outcome(pytester, twice):
    result = twice([gap(0.05)], [gap(0.5)], "--biasruler-markdown=summary.md")

    assert result.ret == 0
    assert state_of(pytester) == ("passed", "loosened")
    result.stdout.fnmatch_lines(
        [
            "since the earlier audit of 2026-01-01: 1 loosened",
            "limits loosened: gap[[]age]: limit from 0.050 to 0.500",
        ]
    )
    summary = (pytester.path / "summary.md").read_text("utf-8")
    assert "**Since the earlier audit:** 1 loosened. Limits loosened: `gap[age]` limit" in summary


def test_a_policy_that_asks_less_is_listed(twice):
    result = twice([gap()], [gap() + 'policy = "point"\n'])

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["limits loosened: gap[[]age]: policy from confident-fail to point"]
    )


def test_a_screen_is_told_and_fails_nothing(pytester, twice):
    screen = gap() + "screen = true\n"
    result = twice([screen], [screen], gaps=(0.2, 0.25))

    assert result.ret == 0
    assert state_of(pytester) == ("passed", "worse")


def test_an_improvement_is_told(pytester, twice):
    result = twice([gap()], [gap()], gaps=(0.2, 0.1))

    assert result.ret == 0
    assert state_of(pytester) == ("passed", "improved")


def test_a_check_that_only_one_audit_has_is_told(pytester, twice):
    before, now = [gap(), gap(name="old")], [gap(), gap(by="sex", name="new")]
    result = twice(before, now)

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "since the earlier audit of 2026-01-01: 1 new, 1 unchanged, 1 gone",
            "gone since then: gap[[]old]",
        ]
    )
    result = twice(before, now, "--biasruler-policy=prove-safe")

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["BR603 biasruler.toml: gone since the earlier audit: gap[[]old]; expected every check *"]
    )
    assert read_new(pytester)["accounting"]["compare"]["gone"] == [
        {"id": "biasruler.toml::gap[old]", "verdict": "PASS"}
    ]


def test_a_part_of_an_audit_says_of_nothing_that_it_is_gone(twice):
    checks = [gap(), gap(name="b")]
    result = twice([*checks, gap(name="old")], checks, "-kage")

    text = result.stdout.str()
    assert "PARTIAL: 1 of 2 declared checks ran" in text
    assert "since the earlier audit of 2026-01-01: 1 unchanged\n" in text
    assert "gone since" not in text


# Nothing turns green.


def test_what_fails_without_an_earlier_audit_fails_with_any(twice):
    proven = "--biasruler-policy=prove-safe"
    assert twice([gap(0.05)], [gap(0.05)], proven).ret == 1
    assert twice([gap(0.05)], [gap(0.2)], proven).ret == 1, "inconclusive is not proven"
    result = twice([gap(0.05)], [gap(0.2)], proven)
    result.stdout.fnmatch_lines(["NOT PROVEN gap dice, *"])
    assert "WORSE" not in result.stdout.str(), "it would fail by itself"


# Which check is which.


def test_checks_are_found_again_where_their_file_was_moved(pytester, twice):
    result = twice([gap()], [gap()], file="moved.toml", gaps=(0.2, 0.25))

    assert result.ret == 1
    assert state_of(pytester) == ("failed", "worse")


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=str)
def test_python_tests_are_held_to_what_they_found(pytester, write_benchmark, run, mode):
    pytester.makepyfile(
        test_before="""
        def test_age(biasruler):
            biasruler.assert_gap("dice", by="age", model="unet", limit=0.5)
        """
    )
    write_benchmark()
    run("--biasruler=biasruler.toml", "--biasruler-json=old.json")
    (pytester.path / "test_before.py").rename(pytester.path / "test_after.py")
    write_benchmark(tables={"gap": 0.25})
    result = run("--biasruler=biasruler.toml", OLD, *mode)

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*WORSE gap dice, age young vs old: gap 0.249 *"])


def test_a_finding_that_is_only_looked_at_fails_nothing(pytester, write_benchmark, run):
    pytester.makepyfile(
        """
        def test_age(biasruler):
            finding = biasruler.check_gap("dice", by="age", model="unet", limit=0.5)
            assert finding.details.get("compare", {}).get("state") in (None, "worse")
        """
    )
    write_benchmark()
    run("--biasruler=biasruler.toml", "--biasruler-json=old.json")
    write_benchmark(tables={"gap": 0.25})

    assert run("--biasruler=biasruler.toml", OLD).ret == 0


# No earlier audit, and no comparison.


@pytest.mark.parametrize("mode", [(), ("-n2",), ("-q",)], ids=str)
def test_a_first_run_says_that_nothing_was_compared(pytester, write_benchmark, run, mode):
    write_benchmark("pass")
    outputs = ("--biasruler-json=new.json", "--biasruler-html=new.html")
    result = run("biasruler.toml", OLD, *outputs, *mode)

    assert result.ret == 0
    text = result.stdout.str()
    line = "no earlier audit at old.json: nothing compared"
    assert text.count(line) == (1 if mode == ("-q",) else 2), "in header and section"
    assert read_new(pytester)["accounting"]["compare"] == {"path": "old.json", "state": "missing"}
    page = (pytester.path / "new.html").read_text("utf-8")
    assert page.count("No earlier audit at old.json: nothing compared.") == 2
    assert not (pytester.path / "old.json").exists()


def test_a_missing_audit_is_announced_in_yellow(write_benchmark, run, monkeypatch):
    write_benchmark("pass")
    monkeypatch.delenv("NO_COLOR")
    text = run("biasruler.toml", OLD, "--color=yes").stdout.str()

    line = "no earlier audit at old.json: nothing compared"
    assert f"\x1b[33mbiasruler: {line}\x1b[0m" in text
    assert f"\x1b[33m{line}\x1b[0m" in text


PROVEN = 'policy = "prove-safe"\n'


@pytest.mark.parametrize(
    ("check", "option", "mode"),
    [(gap(), ("--biasruler-policy=prove-safe",), ("-n2",)), (gap() + PROVEN, (), ())],
)
def test_a_typing_error_switches_off_no_gate_that_asks_for_proof(
    write_benchmark, run, check, option, mode
):
    write_benchmark(check)
    result = run("biasruler.toml", OLD, *option, *mode)

    assert result.ret == 4
    last = result.stderr.str().strip().splitlines()[-1]
    assert "BR603 old.json: no earlier audit; expected one under prove-safe." in last


def test_a_marker_that_asks_for_proof_needs_an_earlier_audit(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.biasruler(policy="prove-safe")
        def test_age(biasruler):
            biasruler.assert_gap("dice", by="sex", model="unet", limit=0.5)
        """
    )
    result = run("--biasruler=biasruler.toml", OLD)

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*BR603 old.json: no earlier audit; expected one under prove*"])


def test_the_header_names_what_a_run_is_held_against(write_benchmark, run, twice):
    write_benchmark("pass")
    run("biasruler.toml").stdout.fnmatch_lines(
        ["biasruler: Tiny (biasruler.toml, 1 check), policy confident-fail, compare none"]
    )
    twice(["pass"], ["pass"]).stdout.fnmatch_lines(["biasruler: Tiny (*), *, compare old.json"])


def test_nothing_is_said_of_what_nobody_asked_for(pytester, write_benchmark, run):
    write_benchmark("pass")
    text = run("biasruler.toml", "--biasruler-json=new.json").stdout.str()

    assert "earlier audit" not in text
    assert "compare" not in read_new(pytester)["accounting"]


# What is refused.


def _of_other_data(old):
    old["benchmark"]["hash"] = "7c" * 32


def _of_other_cases(old):
    old["benchmark"]["n_cases"] += 1


def _of_other_subgroups(old):
    old["benchmark"]["columns"]["age"] = "7c" * 32


def _newer(old):
    old["schema"] = "biasruler-audit/2"


def _edited(old):
    old["findings"][0]["verdict"] = "FAIL"


def _holed(old):
    del old["findings"][0]["limit"]


OTHER_DATA = "old.json: earlier audit is of other data: hash 7c7c7c7c..., this run "


@pytest.mark.parametrize(
    ("edit", "told", "mode"),
    [
        (_of_other_data, OTHER_DATA, ()),
        (_of_other_data, OTHER_DATA, ("-n2",)),
        (_of_other_cases, "old.json: earlier audit counts other cases", ()),
        (_of_other_subgroups, "old.json: earlier audit is of other data: cells of column age", ()),
        (_newer, "old.json: the audit holds schema biasruler-audit/2; expected an audit of", ()),
        (_edited, "old.json: the audit holds a FAIL of biasruler.toml::gap", ()),
        (_holed, "old.json: the audit holds a key or value at /findings/0 that no audit has", ()),
        (None, "old.json: the audit holds text that is not JSON", ("-n2",)),
    ],
)
def test_an_audit_that_does_not_fit_is_an_error_of_every_check(
    pytester, write_benchmark, run, edit, told, mode
):
    write_benchmark(gap(), gap(name="b"))
    run("biasruler.toml", "--biasruler-json=old.json")
    path = pytester.path / "old.json"
    old = json.loads(path.read_text("utf-8"))
    if edit is not None:
        edit(old)
    path.write_text(json.dumps(old) if edit is not None else "{", encoding="utf-8")
    kept = path.read_bytes()
    result = run("biasruler.toml", OLD, "--biasruler-json=new.json", *mode)

    assert result.ret == 1
    result.assert_outcomes(errors=2)
    text = result.stdout.str()
    assert f"BR603 {told}" in text or f"BR603 {told}" in text.replace("\n", " ")
    assert "ERROR 2 of 2 checks" in text
    assert path.read_bytes() == kept


def test_a_folder_is_no_earlier_audit(pytester, write_benchmark, run):
    write_benchmark("pass")
    (pytester.path / "old.json").mkdir()
    result = run("biasruler.toml", OLD)

    result.assert_outcomes(errors=1)
    assert "BR603 old.json: a folder; expected the JSON file of an audit" in result.stdout.str()


def test_a_dangling_link_is_no_first_run(pytester, write_benchmark, run):
    write_benchmark("pass")
    (pytester.path / "old.json").symlink_to("nowhere.json")
    result = run("biasruler.toml", OLD)

    assert result.ret == 1
    assert "BR603 old.json: no such file" in result.stdout.str()


# What is never touched.


def _same(path):
    return path.name


def _spelled(path):
    return f"./sub/../{path.name}"


def _linked(path):
    (path.parent / "link.json").symlink_to(path)
    return "link.json"


def _hard(path):
    os.link(path, path.parent / "hard.json")
    return "hard.json"


def _by_folder(path):
    (path.parent / "folder").symlink_to(path.parent, target_is_directory=True)
    return f"folder/{path.name}"


@pytest.mark.parametrize("name", [_same, _spelled, _linked, _hard, _by_folder])
@pytest.mark.parametrize(
    "output", ["--biasruler-json={}", "--biasruler-export=badge={}", "--junitxml={}"]
)
def test_an_output_that_is_the_earlier_audit_is_refused_before_anything_is_removed(
    pytester, write_benchmark, run, name, output
):
    write_benchmark("pass")
    run("biasruler.toml", "--biasruler-json=old.json", "--biasruler-html=report.html")
    old, page = pytester.path / "old.json", pytester.path / "report.html"
    kept = old.read_bytes(), page.read_bytes()
    (pytester.path / "sub").mkdir(exist_ok=True)
    written = output.format(name(old))
    result = run("biasruler.toml", OLD, written, "--biasruler-html=report.html")

    assert result.ret == 4
    assert "is compared and would be written; expected two files." in result.stderr.str()
    assert (old.read_bytes(), page.read_bytes()) == kept


def test_the_earlier_audit_may_be_named_by_a_link_but_not_overwritten_behind_it(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    run("biasruler.toml", "--biasruler-json=real.json")
    (pytester.path / "old.json").symlink_to("real.json")
    kept = (pytester.path / "real.json").read_bytes()

    assert run("biasruler.toml", OLD, "--biasruler-json=real.json").ret == 4
    assert (pytester.path / "real.json").read_bytes() == kept
    assert run("biasruler.toml", OLD, "--biasruler-json=new.json").ret == 0


def test_a_first_run_may_not_write_where_it_looks_either(pytester, write_benchmark, run):
    write_benchmark("pass")

    assert run("biasruler.toml", OLD, "--biasruler-json=old.json").ret == 4
    assert not (pytester.path / "old.json").exists()


def _known(path):
    known = path.stat()
    return known.st_ino, known.st_mode, known.st_mtime_ns, known.st_ctime_ns, path.read_bytes()


def test_the_earlier_audit_is_read_and_nothing_more(pytester, twice, run):
    twice(["pass"], ["pass"])
    old = pytester.path / "old.json"
    old.chmod(0o444)
    before = _known(old)
    run("biasruler.toml", OLD, "--biasruler-json=new.json", "--biasruler-html=new.html")

    assert _known(old) == before
    assert sorted(path.name for path in pytester.path.glob("*old*")) == ["old.json"]


# Any number of processes, and several benchmarks.


def test_workers_change_no_byte(pytester, twice, run):
    outputs = ("--biasruler-html=new.html", "--biasruler-markdown=new.md")
    twice([gap(), gap(name="b")], [gap(), gap(0.1, by="sex", name="c")], *outputs)
    names = ("new.json", "new.html", "new.md")
    alone = {name: (pytester.path / name).read_bytes() for name in names}
    run("biasruler.toml", OLD, "--biasruler-json=new.json", *outputs, "-n2")

    assert {name: (pytester.path / name).read_bytes() for name in names} == alone


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=str)
def test_each_of_several_benchmarks_has_an_earlier_audit_of_its_own(
    pytester, write_benchmark, run, mode
):
    files = ("a.toml", "b.toml")
    for file, name in zip(files, ("Alpha", "Beta"), strict=True):
        write_benchmark(gap(), file=file, name=name)
    run(*files, "--biasruler-json=old.json")
    assert sorted(path.name for path in pytester.path.glob("old*")) == [
        "old-alpha.json",
        "old-beta.json",
    ]
    write_tables(pytester.path, gap=0.25)
    result = run(*files, OLD, "--biasruler-json=new.json", *mode)

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*Alpha (a.toml, *compare old-alpha.json", "*Beta (b.toml, *compare old-beta.json"]
    )
    assert result.stdout.str().count("since the earlier audit of 2026-01-01: 1 worse") == 2
    clash = run(*files, OLD, "--biasruler-export=badge=old-beta.json")
    assert clash.ret == 4
    assert (pytester.path / "old-beta.json").exists()


def test_an_output_named_only_at_the_end_spares_the_earlier_audit(pytester, write_benchmark, run):
    for file, name in (("a.biasruler.toml", "Alpha"), ("b.biasruler.toml", "Beta")):
        write_benchmark(gap(), file=file, name=name)
    run("--biasruler-json=all.json")
    kept = (pytester.path / "all-alpha.json").read_bytes()
    result = run("--biasruler-compare=all-alpha.json", "--biasruler-json=all.json")

    assert result.ret == 1
    assert "all-alpha.json is compared and would be written" in result.stdout.str()
    assert (pytester.path / "all-alpha.json").read_bytes() == kept


# Where it is read.


def test_junit_says_what_got_worse(pytester, twice):
    twice([gap()], [gap()], "--junitxml=junit.xml", gaps=(0.2, 0.25))

    failure = ET.parse(pytester.path / "junit.xml").find(".//failure")
    assert failure.get("message").startswith("WORSE gap dice, age young vs old")


def test_the_report_shows_what_changed(pytester, twice):
    twice(
        [gap(), gap(0.05, name="b"), gap(name="old")],
        [gap(), gap(0.5, name="b") + WAIVER, gap(by="sex", name="new")],
        "--biasruler-html=new.html",
        gaps=(0.2, 0.25),
    )

    page = (pytester.path / "new.html").read_text("utf-8")
    for text in (
        "Worse than in the earlier audit: gap of Dice by age (gap[age]), gap of Dice by age (gap",
        "Since the earlier audit of 2026-01-01: 2 worse, 1 new, 1 gone.",
        "Worse than in the earlier audit: gap 0.249 now, 0.199 then, with a 95 % interval up to",
        "gap[b]: limit from 0.050 to 0.500",
        "Since the earlier audit, 1 check asks less: see Limits of this audit.",
        "New: the earlier audit has no such check.",
        "relabelling",
        "WORSE, verdict PASS",
    ):
        assert text in page, text
    assert ">gone<" in page


# In public.


def _write_small(pytester, *, value):
    """Write three subgroups by age of which one has few patients, and scores of one model."""
    rows = [(f"c{i:03d}", ("old", "young", "teen")[2 if i < 6 else i % 2]) for i in range(86)]
    lines = [
        "case,age,sex",
        *(f"{case},{age},{'FM'[i % 2]}" for i, (case, age) in enumerate(rows)),
    ]
    (pytester.path / "meta.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    scores = ["case,model,reference,dice"]
    for i, (case, age) in enumerate(rows):
        dice = 0.6 + value * (age == "old") + value * (i % 2 == 0) / 2 + (i % 7) / 100
        scores += [f"{case},unet,expert,{dice:.4f}", f"{case},unet,automated,{dice:.4f}"]
        scores.append(f"{case},automated,expert,0.9")
    (pytester.path / "scores.csv").write_text("\n".join(scores) + "\n", encoding="utf-8")


@pytest.mark.parametrize("is_old_public", [False, True])
def test_public_outputs_tell_no_hidden_number_of_an_earlier_audit(
    pytester, write_benchmark, run, is_old_public
):
    checks = [gap(0.5), gap(0.5, by="sex", name="sex")]
    write_benchmark(*checks)
    _write_small(pytester, value=0.1)
    run(
        "biasruler.toml",
        "--biasruler-json=old.json",
        *(["--biasruler-public"] if is_old_public else []),
    )
    _write_small(pytester, value=0.2)
    outputs = ("--biasruler-json=new.json", "--biasruler-html=new.html", "--junitxml=j.xml")
    result = run("biasruler.toml", OLD, "--biasruler-public", *outputs)

    old = json.loads((pytester.path / "old.json").read_text("utf-8"))
    audit = read_new(pytester)
    by_age, by_sex = (finding["details"]["compare"] for finding in audit["findings"])
    assert by_age["value"] is by_age["bound"] is None, "a subgroup of 6 is hidden"
    assert (by_sex["value"] is not None) is is_old_public
    if not is_old_public:
        assert [each["details"]["compare"]["state"] for each in audit["findings"]] == ["worse"] * 2
        assert result.ret == 1
        assert "worse than in the earlier audit" in result.stdout.str()
        told = result.stdout.str() + "".join(
            (pytester.path / name).read_text("utf-8") for name in ("new.json", "new.html", "j.xml")
        )
        told = re.sub(r' time="[^"]*"', "", told)  # how long a test took is nobody's score
        hidden = [f["estimate"]["value"] for f in old["findings"]]
        hidden += [end for f in old["findings"] for end in f["estimate"]["ci95"]]
        assert [n for n in hidden if f"{n:.3f}" in told or repr(n) in told] == []
        assert audit["accounting"]["compare"]["digest"] is None
    else:
        assert by_age["obstacle"] == "the earlier audit is public and hides its value"
