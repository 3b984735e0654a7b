"""A draft as the text of a benchmark file: what runs, and in comments what was guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.bins import number_text
from pytest_biasruler.benchmark.toml import key, listed, quoted, tabled
from pytest_biasruler.proposal.checks import Situation, write_checks
from pytest_biasruler.proposal.columns import Topic
from pytest_biasruler.proposal.draft import MIN_PATIENTS
from pytest_biasruler.proposal.toml import choice, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.proposal.attributes import Cut
    from pytest_biasruler.proposal.cast import Entry
    from pytest_biasruler.proposal.draft import Draft
    from pytest_biasruler.proposal.scores import Scores

_ABOUT = (
    "A benchmark file for pytest-biasruler, proposed from the names of files and columns in this"
    " folder; no mask was opened. Each guess is said where it stands: read it once, correct what"
    " is wrong. A line that begins with # and no space is a choice: remove the # to make it count."
)

_MOST_CHOICES = 12


def compose(draft: Draft) -> str:
    """Return the benchmark file that a draft describes; it ends with a line feed."""
    asked = draft.asked
    situation = Situation(
        entries=asked,
        by=tuple(cut.attribute.name for cut in draft.cuts.asked),
        metric="dice" if draft.scores is None else draft.scores.metric,
        has_masks=draft.scores is None,
        has_site=draft.cuts.site is not None,
        rates_labels=draft.scores is not None and draft.scores.rates_labels,
    )
    sections = [
        [
            *prose(_ABOUT),
            *prose("Run it by pytest and the name of this file, such as: pytest biasruler.toml"),
        ],
        [*prose("What was seen:"), *(line for note in draft.notes for line in _note(note))],
        _benchmark(draft),
        *(_entry(entry, draft) for entry in _told(draft)),
        _scores(draft.scores) if draft.scores else _labels(draft),
        *map(_attribute, draft.cuts.asked),
        *(_offered(cut) for cut in draft.cuts.offered),
        _defaults(draft),
        write_checks(situation),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _note(note: str) -> list[str]:
    return prose(note, sign="- ")


def _benchmark(draft: Draft) -> list[str]:
    lines = ["[benchmark]", *prose("Guessed from the name of the folder; it heads the report.")]
    lines.append(f"name = {quoted(draft.name)}")
    if draft.root is None:
        lines += prose('Paths begin where this file lies; for data elsewhere add root = "FOLDER".')
    else:
        lines += prose("Where the data lies, seen from this file; all other paths begin there.")
        lines.append(f"root = {quoted(draft.root)}")
    return [*lines, *_columns(draft), *(_layout(draft) if draft.layout else [])]


def _columns(draft: Draft) -> list[str]:
    table, site = draft.table, draft.cuts.site
    lines = [f"metadata = {quoted(table.path)}"]
    where = "names of files" if draft.scores is None else "column case of the scores"
    lines += prose(f"The column whose values stand in the {where}, one row each.")
    lines.append(f"case = {quoted(table.case)}")
    if table.patient == table.case:
        lines += prose("Each case is a patient of its own, as the name of the column says.")
        lines.append(f"patient = {quoted(table.case)}")
    elif table.patient is None:
        lines += prose(
            "No column names patients: each case counts as one. If a patient has several cases,"
            ' write patient = "COLUMN", or the report claims to be surer than it is.'
        )
    else:
        lines += prose(
            "Guessed from the name of the column; cases of one patient belong together."
        )
        lines.append(f"patient = {quoted(table.patient)}")
    if site is not None:
        lines += prose("Guessed from the name of the column; the check transport compares sites.")
        lines.append(f"site = {quoted(site)}")
    return lines


def _layout(draft: Draft) -> list[str]:
    about = "The folders look like this published layout."
    if draft.filled:
        about += f" It fills in the reference{'s' * (len(draft.filled) > 1)}"
        about += f" {' and '.join(draft.filled)}, which need not stand below."
    if draft.layout == "nnunet":
        about += " It takes the labels from dataset.json."
    if draft.layout == "bids":
        about += " With it the cells n/a of every attribute are missing values."
    return [*prose(about), f"layout = {quoted(draft.layout or '')}"]


def _told(draft: Draft) -> Iterator[Entry]:
    """Yield what is part of the benchmark, and the first of what is left as a choice."""
    n_left = _MOST_CHOICES
    for entry in draft.entries:
        n_left -= not entry.is_asked
        if entry.is_asked or n_left >= 0:
            yield entry


def _entry(entry: Entry, draft: Draft) -> list[str]:
    """Return a reference or model, unless the layout knows it."""
    n_cases = len(draft.table.cases)
    n_found = len(entry.cases & draft.table.cases)
    what = "masks" if draft.scores is None else "scores"
    about = f"{entry.why} It has {what} of {n_found} of {n_cases} cases."
    if entry.name in draft.filled and entry.kind is not None:
        place = f"{entry.name} of {draft.layout}: {entry.template}."
        return prose(f"{place} It has {what} of {n_found} of {n_cases} cases.")
    section = "models" if entry.kind is None else "references"
    lines = [f"[{section}.{key(entry.name)}]"]
    if entry.kind is not None:
        lines.append(f"kind = {quoted(entry.kind.value)}")
    if entry.template is not None:
        lines.append(f"masks = {quoted(entry.template)}")
    if entry.trained_on is not None and _has_kind(draft, entry):
        lines += prose("The name says so; is it true? Some checks need to know.")
        lines.append(f"#trained_on = {quoted(_trained_on(draft, entry))}")
    return [*prose(about), *(lines if entry.is_asked else choice(lines))]


def _has_kind(draft: Draft, entry: Entry) -> bool:
    return any(each.kind == entry.trained_on for each in draft.asked)


def _trained_on(draft: Draft, entry: Entry) -> str:
    return next(each.name for each in draft.asked if each.kind == entry.trained_on)


def _scores(scores: Scores) -> list[str]:
    lines = ["[scores]", f"table = {quoted(scores.path)}"]
    if scores.labels:
        lines += ["", *prose("Names in the column label; the numbers mean nothing here.")]
        lines.append("[labels]")
        lines += [f"{key(name)} = {n}" for n, name in enumerate(scores.labels, start=1)]
    for name in scores.unknown:
        lines += ["", *prose("A column of numbers. If it is a metric, which way is better?")]
        lines += choice([f"[metrics.{key(name)}]", 'direction = "higher"'])
        lines += prose('or "lower" or "signed"')
    return lines


def _labels(draft: Draft) -> list[str]:
    if draft.layout == "nnunet":
        return []
    about = "Every voxel that is not 0 counts as the one label. If masks hold several, name them:"
    return [*prose(about), *choice(["[labels]", "lesion = 1"])]


def _attribute(cut: Cut) -> list[str]:
    """Return an attribute, with how many patients are in each of its subgroups."""
    attribute = cut.attribute
    lines = [f"[attributes.{key(attribute.name)}]"]
    if attribute.source != attribute.name:
        lines.append(f"column = {quoted(attribute.source)}")
    if attribute.bins is not None:
        about = "Proposed: round edges with enough patients between them. Choose your own."
        lines += prose(f"{about} Patients: {'; '.join(_counts(cut))}.")
        lines.append(f"bins = [{', '.join(map(number_text, attribute.bins))}]")
    elif cut.topic != Topic.UNKNOWN:
        lines += prose(f"Patients: {'; '.join(_counts(cut))}.")
    else:
        lines += prose(f"{len(cut.counts)} values, {cut.n_judged} of them with enough patients.")
    if attribute.merge:
        lines += prose("Spellings that seem to mean the same.")
        lines.append(f"merge = {tabled(attribute.merge)}")
    if attribute.missing != ("",):
        lines += prose("Guessed to mean not recorded; remove what is a value of its own.")
        lines.append(f"missing = {listed(attribute.missing)}")
    if cut.n_missing:
        lines += prose(f"Not recorded: {_few(cut.n_missing)} patients, shown but not judged.")
    return lines


def _counts(cut: Cut) -> Iterator[str]:
    return (f"{name}: {_few(n)}" for name, n in cut.counts.items())


def _few(n: int) -> str:
    """Return a count of patients; few of them are not counted in a file that others read."""
    return str(n) if n >= MIN_PATIENTS or n == 0 else f"fewer than {MIN_PATIENTS}"


def _offered(cut: Cut) -> list[str]:
    about = "May be asked about, too: name it in by of a check."
    if cut.n_judged < 2:
        about = f"Fewer than two subgroups have {MIN_PATIENTS} patients, so it can be shown alone."
    return [*prose(about), *choice(_attribute(cut))]


def _defaults(draft: Draft) -> list[str]:
    metric = "dice" if draft.scores is None else draft.scores.metric
    lines = [] if metric == "dice" else ["[defaults]", f"metric = {quoted(metric)}"]
    about = f"A subgroup with fewer than {MIN_PATIENTS} patients is shown, not judged."
    head = [] if lines else choice(["[defaults]"])
    return [*lines, *prose(about), *head, *choice([f"min_patients = {MIN_PATIENTS}"])]
