"""The earlier audit that a run is held against: read once in each process, never written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.outputs import own_paths, refuse_same, show_path
from pytest_biasruler.shell.settings import settings_of
from pytest_biasruler.shell.stash import EARLIER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.settings import Settings

_FIX = "Correct --biasruler-compare; for a first audit leave it out and keep its --biasruler-json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What lies at the path that was asked for; `audit` is None if nothing does."""

    shown: str
    audit: Audit | None

    def refuse_others(self, evidence: Evidence) -> None:
        """Refuse an audit of other data than `evidence`.

        Raises
        ------
        BiasRulerError
            ``BR603``.
        """
        from pytest_biasruler.audit.same_data import hash_columns, refuse_other_data

        if self.audit is None:
            return
        try:
            refuse_other_data(
                self.audit,
                data_hash=evidence.scored.digest,
                n_cases=len(evidence.cases),
                columns=hash_columns(evidence),
            )
        except BiasRulerError as error:
            raise error.at(self.shown) from None

    def hold(self, finding: Finding) -> Finding:
        """Return a finding held against the earlier audit, unhidden and with its outcome.

        Raises
        ------
        BiasRulerError
            ``BR603`` if there is none and the policy asks for proof: a typing error in the path
            must not switch the gate off.
        """
        from pytest_biasruler.audit.ratchet import tighten

        if self.audit is not None:
            return tighten(finding, self.audit)
        if finding.policy == Policy.PROVE_SAFE:
            raise _missing(self.shown)
        return finding

    def note(self, audit: Audit) -> Audit:
        """Return an audit of compared findings that says what changed in all."""
        from pytest_biasruler.audit.ratchet import note_comparison, note_missing

        if self.audit is None:
            return note_missing(audit, path=self.shown)
        return note_comparison(audit, self.audit, path=self.shown)


def earlier_of(config: pytest.Config, name: str) -> Earlier | None:
    """Return the earlier audit of the benchmark of that name; None if nothing is compared.

    Raises
    ------
    BiasRulerError
        ``BR603`` if there is something that is no audit.
    """
    from pytest_biasruler.scoring.attempt import attempt

    settings = settings_of(config)
    path = find_earlier(settings, name)
    if path is None:
        return None
    known = config.stash.setdefault(EARLIER, {})
    if path not in known:
        known[path] = attempt(partial(_read, path, settings=settings))
    earlier = known[path]
    if isinstance(earlier, BiasRulerError):
        raise earlier.with_traceback(None)
    return earlier


def find_earlier(settings: Settings, name: str) -> Path | None:
    """Return where the earlier audit of a benchmark lies, or would.

    That is the path that was given; if nothing is there, the one that an output of that name has
    in a run of several benchmarks.
    """
    path = settings.compare
    if path is None:
        return None
    own = _own_path(path, name)
    return own if not _is_there(path) and _is_there(own) else path


def refuse_overwriting(
    settings: Settings, outputs: Iterable[Path], *, names: Sequence[str] = ()
) -> list[BiasRulerError]:
    """Return BR602 for each output that is an earlier audit of a benchmark of these names."""
    compared = [path for name in names if (path := find_earlier(settings, name)) is not None]
    compared += [settings.compare] if settings.compare is not None else []
    return refuse_same(outputs, compared, root=settings.root)


def refuse_missing(
    settings: Settings, name: str, policies: Collection[Policy]
) -> list[BiasRulerError]:
    """Return BR603 if there is no earlier audit of a benchmark and a policy asks for proof."""
    path = find_earlier(settings, name)
    if path is None or _is_there(path) or Policy.PROVE_SAFE not in policies:
        return []
    return [_missing(show_path(path, root=settings.root))]


def describe_earlier(settings: Settings, name: str) -> str:
    """Return what the header says of the earlier audit of a benchmark."""
    path = find_earlier(settings, name)
    return "none" if path is None else show_path(path, root=settings.root)


def announce_missing(settings: Settings, names: Iterable[str]) -> list[str]:
    """Return a line for each path at which there is no earlier audit of these benchmarks."""
    paths = [path for name in names if (path := find_earlier(settings, name)) is not None]
    shown = [show_path(path, root=settings.root) for path in paths if not _is_there(path)]
    return [f"no earlier audit at {each}: nothing compared" for each in dict.fromkeys(shown)]


def _read(path: Path, *, settings: Settings) -> Earlier:
    from pytest_biasruler.audit.reading import read_audit

    shown = show_path(path, root=settings.root)
    audit = read_audit(path, shown=shown) if _is_there(path) else None
    return Earlier(shown=shown, audit=audit)


def _own_path(path: Path, name: str) -> Path:
    return own_paths(path, [name, ""])[0]


def _is_there(path: Path) -> bool:
    """Return whether something has this name; what cannot be looked at is an error later on."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _missing(shown: str) -> BiasRulerError:
    return BiasRulerError("BR603", "no earlier audit", "one under prove-safe", _FIX, shown)
