"""What a worker of a cluster must have in common with us, or its scores would be others."""

from __future__ import annotations

import hashlib
import importlib
import platform
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks.decoders import ABSENT, decoder_of, version_of
from pytest_biasruler.masks.file import digest_file
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.version import code_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_biasruler.scoring.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a machine must have in common with this one to score cases for it.

    Attributes
    ----------
    versions : tuple of (str, str)
        Python, our package and the engines, in the order in which they are told.
    code : str
        Hash of everything that decides a score; see `code_version`.
    modules : tuple of (str, str)
        Name and SHA-256 of each module whose metric or reader is used.
    decoders : tuple of (str, str)
        Library and version of each extra that decodes some of the masks.
    witness : Path or None
        A mask that is there, and `digest`, its SHA-256; None where no mask is a file.
    """

    versions: tuple[tuple[str, str], ...]
    code: str
    modules: tuple[tuple[str, str], ...] = ()
    decoders: tuple[tuple[str, str], ...] = ()
    witness: Path | None = field(default=None, repr=False)
    digest: str = ""
    root: Path | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, jobs: Iterable[Job] = ()) -> Terms:
        """Return what this machine has, and what these jobs need."""
        terms = cls(versions=_own_versions(), code=code_version())
        known = list(jobs)
        for job in known[:1]:  # all of a run use the same
            functions = [*(metric.score for metric in job.metrics), *job.readers.values()]
            names = dict.fromkeys(each.__module__ for each in functions if each is not None)
            modules = tuple((name, _digest_module(name)) for name in names)
            terms = replace(terms, modules=modules)
        terms = replace(terms, decoders=_decoders_of(known))
        for job in known:
            for path in (each.source for each in job.entries if isinstance(each.source, Path)):
                digest = attempt(partial(digest_file, path, root=job.root, limits=job.limits))
                if not isinstance(digest, BiasRulerError):
                    terms = replace(terms, witness=path, digest=digest)
                    return replace(terms, root=job.root, limits=job.limits)
        return terms


def refuse(terms: Terms) -> BiasRulerError | None:
    """Return why this machine may not score under these terms; None if it may."""
    return attempt(partial(_meet, terms))


@cache  # that they are met is found out once; what is missing is looked for again by the next run
def _meet(terms: Terms) -> None:
    """Raise the first of the terms that this machine does not meet."""
    again = "Install one environment on every machine, and start its processes again"
    for (name, wanted), (_, own) in zip(terms.versions, _own_versions(), strict=True):
        if wanted != own:
            raise unlike(f"has {name} {own}", f"{wanted}, as here")
    if terms.code != code_version():
        raise BiasRulerError(
            "BR602", "has another pytest_biasruler", "the same code as here", again
        )
    for name, digest in terms.modules:
        if attempt(partial(_digest_module, name)) != digest:
            found = f"cannot import the module {name} as it is here"
            fix = "Put it on the PYTHONPATH of every machine, and start its processes again"
            raise BiasRulerError("BR602", found, "the same module", fix)
    _meet_decoders(terms)
    if terms.witness is None:
        return
    look = partial(digest_file, terms.witness, root=terms.root, limits=terms.limits)
    if attempt(look) != terms.digest:
        expected = "the data root at the same path on every machine"
        raise BiasRulerError("BR602", "does not see the masks", expected, "Mount it there")


def _meet_decoders(terms: Terms) -> None:
    for name, wanted in terms.decoders:
        own = version_of(name)
        if wanted != own:
            found = f"cannot import {name}" if own == ABSENT else f"has {name} {own}"
            raise unlike(found, f"{wanted}, as here")


def score_there(terms: Terms, work: Callable[[list[Job]], object], errand: list[Job]) -> object:
    """Do an errand on a worker of the cluster, also on one that came later.

    Raises
    ------
    BiasRulerError
        ``BR602`` if this machine may not score under these terms.
    """
    refusal = refuse(terms)
    if refusal is not None:
        from distributed import get_worker

        raise told_by(f"worker {get_worker().address}", refusal)
    return work(errand)


def told_by(machine: str, refusal: BiasRulerError) -> BiasRulerError:
    """Return a refusal with the machine that said so."""
    found = f"{machine} {refusal.found}"
    return BiasRulerError(refusal.code, found, refusal.expected, refusal.fix)


def _decoders_of(jobs: Iterable[Job]) -> tuple[tuple[str, str], ...]:
    paths = (entry.source for job in jobs for entry in job.entries)
    found = (decoder_of(path) for path in paths if isinstance(path, Path))
    return tuple(sorted({each for each in found if each is not None}))


def _own_versions() -> tuple[tuple[str, str], ...]:
    python = ".".join(platform.python_version_tuple()[:2])
    names = ("pytest-biasruler", "numpy", "scipy")
    return (("Python", python), *((name, version(name)) for name in names))


@cache  # a file that is edited later is not what this process goes on to call
def _digest_module(name: str) -> str:
    """Return the SHA-256 of the file of a module, which is imported."""
    file = importlib.import_module(name).__file__
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def unlike(found: str, expected: str) -> BiasRulerError:
    """Return BR602 for a machine that is not set up like this one."""
    return BiasRulerError("BR602", found, expected, "Install one environment on every machine")
