"""What became of every mask: excluded, scored worst, or so wrong that nothing can be judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product
from typing import TYPE_CHECKING

from pytest_biasruler.errors import CODES, BiasRulerError, Consequence
from pytest_biasruler.scoring.job import MaskFacts, Role, error_from_plain
from pytest_biasruler.scoring.sources import no_masks
from pytest_biasruler.scoring.table import positions_of_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from pytest_biasruler.scoring.job import CaseScores
    from pytest_biasruler.scoring.sources import MaskSet

    Done = Mapping[str, CaseScores]
    Identical = Mapping[tuple[str, str], frozenset[str]]

_MOST_SHARED = 1 / 20
_MOST_COPIED = 1 / 10
MOST_UNUSABLE = 1 / 2
FEWEST_ALIKE = 3
_FEWEST_PAIRS = 10
_OF_CONFINED = ("BR801", "BR802", "BR803")


def codes_of(done: Done, mask_set: MaskSet) -> dict[str, str]:
    """Return case -> code where the set has no usable mask; a case that failed whole counts."""
    codes = {}
    for case, scores in sorted(done.items()):
        error = _error_of(scores, mask_set)
        if error:
            codes[case] = error[0]
    return codes


def _error_of(scores: CaseScores, mask_set: MaskSet) -> list[str] | None:
    facts = scores["masks"].get(mask_set.name)
    return scores["error"] or (None if facts is None else facts["error"])


def list_problems(done: Done, sets: Sequence[MaskSet]) -> tuple[BiasRulerError, ...]:
    """Return every problem of every case, in the order of cases and sets."""
    problems = []
    for case, scores in sorted(done.items()):
        plain = [scores["error"]]
        plain += [
            scores["masks"][each.name]["error"] for each in sets if each.name in scores["masks"]
        ]
        plain += [problem[1:] for problem in scores["problems"]]
        problems += [error_from_plain(each, where=case) for each in plain if each]
    return tuple(problems)


def find_identical(table: pd.DataFrame) -> dict[tuple[str, str], frozenset[str]]:
    """Return, by model (or other reference) and reference, the cases whose two masks are one.

    Every label must have the same voxels, and some label any; two empty masks are no copy.
    """
    if not (table["n_both"] > 0).any():  # as in a table of a million scores without counts
        return {}
    counts = table[["n_model", "n_reference", "n_both"]]
    known = table.assign(
        is_same=(counts["n_model"] == counts["n_both"])
        & (counts["n_reference"] == counts["n_both"]),
        has_voxels=counts["n_both"] > 0,
    )
    cases = known.groupby(["model", "reference", "case"]).agg(
        is_same=("is_same", "all"), has_voxels=("has_voxels", "any")
    )
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for model, reference, case in cases.index[cases["is_same"] & cases["has_voxels"]]:
        found[model, reference].add(case)
    return {pair: frozenset(cases) for pair, cases in found.items()}


def find_wrong_pairing(table: pd.DataFrame) -> frozenset[tuple[str, str, str]]:
    """Return (model, reference, label) where most pairs of two masks do not touch (BR127).

    Of pairs with both masks not empty, at least 10 of them, more than half have no overlap.
    Where a ready table tells no volumes, every row but the agreed absent counts as such a pair.
    """
    found = set()
    for pair, places in positions_of_pairs(table).items():
        rows = table.take(places)
        overlap = _overlap(rows)
        is_pair = overlap.notna() & ~rows["status"].isin(["worst", "agreed absent"])
        for voxels, volume in (("n_model", "model_ml"), ("n_reference", "reference_ml")):
            is_pair &= ~((rows[voxels] == 0) | (rows[volume] == 0))
        n_pairs, n_apart = int(is_pair.sum()), int((is_pair & (overlap == 0)).sum())
        if n_pairs >= _FEWEST_PAIRS and 2 * n_apart > n_pairs:
            found.add(pair)
    return frozenset(found)


def _overlap(rows: pd.DataFrame) -> pd.Series[float]:
    overlap = rows["n_both"]
    for name in ("dice", "iou"):
        if name in rows.columns:
            overlap = overlap.fillna(rows[name])
    return overlap


def find_errors(
    done: Done,
    sets: Sequence[MaskSet],
    *,
    patients: Mapping[str, str],
) -> dict[str, BiasRulerError]:
    """Return, by set, why no check that needs it can be answered; the first reason wins."""
    errors: dict[str, BiasRulerError] = {}
    for mask_set in sets:
        reasons = (
            *_own_errors(done, mask_set),
            *_nothing_there(done, mask_set),
            *_nothing_different(done, mask_set, sets=sets),
            *_too_many_shared(done, mask_set, patients=patients),
        )
        if reasons:
            errors[mask_set.name] = reasons[0]
    return errors


def _own_errors(done: Done, mask_set: MaskSet) -> Iterator[BiasRulerError]:
    for case, scores in sorted(done.items()):
        plain = _error_of(scores, mask_set)
        if plain is None or CODES[plain[0]] != Consequence.ERROR:
            continue
        # A single mask has one of these only where each case has a process of its own, and it
        # was found to be the mask that made the process fail.
        if scores["error"] is not None or plain[0] not in _OF_CONFINED:
            yield error_from_plain(plain, where=case)


def _nothing_there(done: Done, mask_set: MaskSet) -> Iterator[BiasRulerError]:
    codes = codes_of(done, mask_set)
    if len(codes) < len(done):
        return
    if mask_set.role == Role.MODEL:
        if set(codes.values()) == {"BR101"}:
            yield no_masks(mask_set, n_cases=len(done))
        return
    found = f"no mask of {mask_set.title} is readable in {len(done)} cases"
    yield BiasRulerError("BR503", found, "at least one", "See the problems of its cases")


def _nothing_different(
    done: Done, mask_set: MaskSet, *, sets: Iterable[MaskSet]
) -> Iterator[BiasRulerError]:
    if mask_set.role != Role.MODEL or len(done) < FEWEST_ALIKE:
        return
    hashes = [facts["voxel_sha256"] for _, facts in readable(done, mask_set)]
    fix = "Check label, folder and template"
    references = [each for each in sets if each.role != Role.MODEL]
    yield from _mostly_unusable(done, mask_set, references=references)
    if len(hashes) < FEWEST_ALIKE or len(set(hashes)) > 1:
        return
    if hashes[0]:
        found = f"all {len(hashes)} predictions of {mask_set.name} are the same"
        yield BiasRulerError("BR122", found, "one for each case", fix)
    elif any(facts["voxel_sha256"] for each in references for _, facts in readable(done, each)):
        found = f"all {len(hashes)} predictions of {mask_set.name} are empty"
        yield BiasRulerError("BR122", found, "foreground", fix)


def _mostly_unusable(
    done: Done, mask_set: MaskSet, *, references: Iterable[MaskSet]
) -> Iterator[BiasRulerError]:
    """Yield why a model is not judged most of whose predictions would count as worst."""
    asked = {case for each in references for case, _ in readable(done, each)}
    codes = {case: code for case, code in codes_of(done, mask_set).items() if case in asked}
    if not codes or len(codes) <= MOST_UNUSABLE * len(asked):
        return
    ((code, n_of_code),) = Counter(codes.values()).most_common(1)
    case = min(case for case, each in codes.items() if each == code)
    first = error_from_plain(_error_of(done[case], mask_set) or ["", "", "", ""])
    found = (
        f"{len(codes)} of {len(asked)} predictions of {mask_set.name} cannot be used, "
        f"{n_of_code} of them {code}: {first.found}"
    )
    yield BiasRulerError("BR122", found, first.expected, first.fix)


def _too_many_shared(
    done: Done, mask_set: MaskSet, *, patients: Mapping[str, str]
) -> Iterator[BiasRulerError]:
    n_readable = sum(1 for _ in readable(done, mask_set))
    n_shared = len(shared_by_patients(done, mask_set, patients=patients))
    if n_shared and not n_shared <= _MOST_SHARED * n_readable:
        found = f"{n_shared} of {n_readable} {plural_of(mask_set)} hold a mask of another patient"
        yield BiasRulerError("BR120", found, "different ones", "Check how they were exported")


def find_copied(
    done: Done, sets: Sequence[MaskSet], *, identical: Identical
) -> dict[tuple[str, str], BiasRulerError]:
    """Return, by model and expert reference, why the one cannot be judged by the other."""
    copied = {}
    models = [each for each in sets if each.role == Role.MODEL]
    experts = [each for each in sets if each.role == Role.EXPERT]
    for model, expert in product(models, experts):
        n_readable = sum(1 for _ in readable(done, model))
        n_same = len(identical.get((model.name, expert.name), ()))
        if n_same and not n_same <= _MOST_COPIED * n_readable:
            found = f"{n_same} of {n_readable} {copied_text(model, expert)}"
            fix = "Check the export, and for leaked labels"
            copied[model.name, expert.name] = BiasRulerError("BR121", found, "none", fix)
    return copied


def copied_text(mask_set: MaskSet, reference: MaskSet) -> str:
    """Return how it is said that predictions are the reference itself."""
    return f"predictions of {mask_set.name} are the {reference.role} reference itself"


def plural_of(mask_set: MaskSet) -> str:
    """Return how messages call all masks of the set."""
    if mask_set.role == Role.MODEL:
        return f"predictions of {mask_set.name}"
    return f"masks of {mask_set.title}"


def readable(done: Done, mask_set: MaskSet) -> Iterator[tuple[str, MaskFacts]]:
    """Yield case and facts of each usable mask of the set."""
    for case, scores in sorted(done.items()):
        facts = scores["masks"].get(mask_set.name)
        if facts is not None and facts["error"] is None:
            yield case, facts


def shared_by_patients(
    done: Done, mask_set: MaskSet, *, patients: Mapping[str, str]
) -> frozenset[str]:
    """Return the cases whose mask, not empty, is also that of another patient (BR120)."""
    hashes = {
        case: facts["voxel_sha256"]
        for case, facts in readable(done, mask_set)
        if facts["voxel_sha256"]
    }
    owners = Counter(
        voxels for voxels, _ in {(voxels, patients[case]) for case, voxels in hashes.items()}
    )
    return frozenset(case for case, voxels in hashes.items() if owners[voxels] > 1)
