"""Where the masks of a benchmark come from: a pattern, a mapping or a callable for each set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.benchmark.places import Places
from pytest_biasruler.errors import BiasRulerError, call_other
from pytest_biasruler.masks.file import find_file
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.path import resolve_filled, resolve_path
from pytest_biasruler.masks.tensors import to_mask
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.elsewhere import way_to_masks
from pytest_biasruler.scoring.ignored import allowed_values, telling_of_ignored
from pytest_biasruler.scoring.job import Entry, Job, Role, title_of
from pytest_biasruler.scoring.submission import harden_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_biasruler.benchmark.definition import Benchmark, Masks
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.crop import Crop
    from pytest_biasruler.masks.mask import Mask

    Folders = dict[str, Path]
    Readers = Mapping[str, Callable[[Path], Mask]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MaskSet:
    """A reference or model that has masks."""

    name: str
    role: Role
    masks: Masks = field(repr=False)

    @property
    def title(self) -> str:
        """How messages call one mask of the set."""
        return title_of(self.name, self.role)

    @property
    def template(self) -> str:
        """The pattern by which masks are named; empty where they are given one by one."""
        masks = self.masks.template if isinstance(self.masks, Places) else self.masks
        return masks if isinstance(masks, str) else ""

    def path_of(self, case: str) -> str:
        """Return the path of a case's mask below the data root, where there is a template."""
        masks = self.masks
        return masks[case] if isinstance(masks, Places) else self.template.replace("{case}", case)


def list_sets(benchmark: Benchmark) -> tuple[MaskSet, ...]:
    """Return the references with masks in file order, then the models with masks."""
    experts = {ReferenceKind.EXPERT: Role.EXPERT, ReferenceKind.AUTOMATED: Role.AUTOMATED}
    references = [
        MaskSet(name=each.name, role=experts[each.kind], masks=each.masks)
        for each in benchmark.references
        if each.masks is not None
    ]
    models = [
        MaskSet(name=each.name, role=Role.MODEL, masks=each.masks)
        for each in benchmark.models
        if each.masks is not None
    ]
    return (*references, *models)


def find_entry(
    mask_set: MaskSet, case: str, *, benchmark: Benchmark, folders: Folders | None = None
) -> Entry:
    """Return the mask of one case, or where it should lie; no file is opened.

    A callable is called here, in this process. What is given as an array or `Mask` is checked,
    hashed and cropped here, so that its content, not its name, is the key of the store, and only
    its foreground travels to another process. Of an untrusted
    benchmark the place of a file is held to the rules of `pytest_biasruler.scoring.submission`.
    """
    known = {} if folders is None or benchmark.untrusted else folders
    source = attempt(partial(_find_source, mask_set, case, benchmark=benchmark, folders=known))
    entry = Entry(set=mask_set.name, role=mask_set.role, source=source, place=mask_set.template)
    if benchmark.untrusted:
        return harden_entry(entry, mask_set, case=case, benchmark=benchmark)
    return entry


def make_job(
    benchmark: Benchmark,
    case: str,
    *,
    sets: Iterable[MaskSet],
    metrics: Iterable[Metric] = (),
    measures: Iterable[str] = (),
    readers: Readers,
    folders: Folders | None = None,
) -> Job:
    """Return what is to be measured of one case; readers of others are not for hostile files.

    Links of folders are followed once for all calls with the same `folders`, but those of an
    untrusted benchmark each time.
    """
    return Job(
        case=case,
        entries=tuple(
            find_entry(each, case, benchmark=benchmark, folders=folders) for each in sets
        ),
        metrics=tuple(metrics),
        measures=tuple(measures),
        labels=benchmark.labels,
        ignore=benchmark.ignore,
        both_empty=benchmark.defaults.both_empty,
        limits=benchmark.limits,
        root=benchmark.root,
        readers={} if benchmark.untrusted else readers,
    )


def check_masks_exist(benchmark: Benchmark, metadata: Metadata) -> list[BiasRulerError]:
    """Return BR126 for each set none of whose masks exists, and paths that no mask can have.

    Nothing is read, and no callable is called. An empty list: scoring can begin. The model of an
    untrusted benchmark is left out, or one empty submission would stop all others.
    """
    problems: list[BiasRulerError] = []
    for mask_set in list_sets(benchmark):
        if callable(mask_set.masks):
            continue
        folders: Folders = {}
        found = [
            _exists(mask_set, case, benchmark=benchmark, folders=folders)
            for case in metadata.cases
        ]
        problems += dict.fromkeys(
            each for each in found if isinstance(each, BiasRulerError) and _is_fatal(each)
        )
        if True not in found and not (benchmark.untrusted and mask_set.role == Role.MODEL):
            fix = way_to_masks(mask_set, benchmark, cases=metadata.cases)
            problems.append(no_masks(mask_set, n_cases=len(metadata.cases), fix=fix))
    return problems


def no_masks(
    mask_set: MaskSet, *, n_cases: int, fix: str = "Correct masks or root"
) -> BiasRulerError:
    """Return BR126 for this set."""
    found = f"no {mask_set.title} exists for any of {n_cases} cases"
    expected = mask_set.template or "a mask for each case"
    return BiasRulerError("BR126", found, expected, fix)


def _find_source(
    mask_set: MaskSet, case: str, *, benchmark: Benchmark, folders: Folders
) -> Path | Crop:
    if mask_set.template:
        return _place(mask_set, case, root=benchmark.root or Path(), folders=folders)
    return _accept(_give(mask_set, case), mask_set, benchmark=benchmark)


def _place(mask_set: MaskSet, case: str, *, root: Path, folders: Folders) -> Path:
    if isinstance(mask_set.masks, Places):
        return resolve_filled(str(_give(mask_set, case)), root=root, folders=folders)
    return resolve_path(mask_set.template, case, root=root, folders=folders)


def _give(mask_set: MaskSet, case: str) -> object:
    """Return what the mapping or callable holds for the case."""
    masks = mask_set.masks
    given: object = None
    if isinstance(masks, Mapping):
        given = call_other(partial(masks.get, case))
    elif callable(masks):
        try:
            given = call_other(partial(masks, case))
        except (LookupError, FileNotFoundError):  # how honest code says that it has no such mask
            given = None
    if given is None:
        found, fix = f"{mask_set.title} not found", "Add the mask or correct the name of the case"
        raise BiasRulerError("BR101", found, "a mask for each case", fix)
    return given


def _accept(given: object, mask_set: MaskSet, *, benchmark: Benchmark) -> Path | Crop:
    if isinstance(given, str | Path):
        return (benchmark.root or Path()) / given
    mask = to_mask(given, name=mask_set.title)
    rules: dict[str, Any] = {"ignore": benchmark.ignore, "role": mask_set.role}
    with telling_of_ignored(**rules):
        return accept_mask(
            replace(mask, sha256=""),  # one that was copied with other voxels would be another's
            name=mask_set.title,
            labels=allowed_values(benchmark.labels, **rules),
            limits=benchmark.limits,
        )


def _exists(
    mask_set: MaskSet, case: str, *, benchmark: Benchmark, folders: Folders
) -> bool | BiasRulerError:
    known: dict[str, Any] = {"benchmark": benchmark, "folders": folders}
    find: Callable[[], object] = partial(_look, mask_set, case, **known)
    found = attempt(find)
    if not isinstance(found, BiasRulerError):
        return True
    return found if _is_fatal(found) else found.code != "BR101"


def _look(mask_set: MaskSet, case: str, *, benchmark: Benchmark, folders: Folders) -> object:
    root = benchmark.root or Path()
    if mask_set.template:
        path = _place(mask_set, case, root=root, folders=folders)
    else:
        given = _give(mask_set, case)
        if not isinstance(given, str | Path):
            return given
        path = root / given
    return find_file(path, name=mask_set.title, root=benchmark.root, limits=benchmark.limits)


def _is_fatal(error: BiasRulerError) -> bool:
    return error.code in ("BR401", "BR602")
