"""The end of a run as data: audits assembled and written, and why it may not count as green."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.shell.accounting import Accounting, account, files_without_audit
from pytest_biasruler.shell.earlier import earlier_of
from pytest_biasruler.shell.extensions import gather_extensions
from pytest_biasruler.shell.outputs import clear_outputs, own_paths
from pytest_biasruler.shell.reasons import own_reasons, run_reasons
from pytest_biasruler.shell.selftest import Tested, run_gate_test
from pytest_biasruler.shell.settings import Settings, settings_of
from pytest_biasruler.shell.stash import BENCHMARKS
from pytest_biasruler.shell.writing import write_forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.errors import BiasRulerError
    from pytest_biasruler.shell.guard import Census, Guard
    from pytest_biasruler.shell.ledger import Bundle, Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One benchmark of the run; `bundle` is None if nothing of it could be judged.

    `file` is None where nobody knows which benchmarks there were.
    """

    file: str | None
    name: str
    bundle: Bundle | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """One benchmark at the end of a run; `tested` tells what its gate catches, if asked for.

    `policies` are those of all checks, run or not; `audit` is what its outputs were made of;
    `outputs` has the path of each form written.
    """

    subject: Subject
    accounting: Accounting
    policies: frozenset[str] = frozenset()
    audit: Audit | None = None
    outputs: Mapping[str, Path] = field(default_factory=dict)
    tested: str = ""

    @property
    def bundle(self) -> Bundle | None:
        """What arrived of the benchmark."""
        return self.subject.bundle

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings in the order of the report."""
        return self.bundle.findings if self.bundle is not None else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """What the controller says at the end; any of `reasons` turns a green run red."""

    audits: tuple[Closed, ...]
    reasons: tuple[str, ...]
    notices: tuple[str, ...] = ()

    @property
    def is_worth_printing(self) -> bool:
        """Whether a check was declared, or something is wrong."""
        return bool(self.reasons) or any(closed.accounting.declared for closed in self.audits)


def close_audits(
    config: pytest.Config, ledger: Ledger, *, census: Census, guard: Guard, is_finished: bool
) -> Closing:
    """Assemble the audits of a run, write their outputs, and say what is wrong with the run.

    The gates of a run that did not finish are not tested.
    """
    from pytest_biasruler.audit.counts import note_reasons

    subjects, settings = _subjects(ledger, census), settings_of(config)
    closed, problems = [], []
    for subject, paths in zip(subjects, _paths(subjects, settings), strict=True):
        accounting = account(subject.bundle, ledger, census=census, guard=guard, file=subject.file)
        policies = _policies(subject, accounting, census, config=config)
        audit: Audit | None = None
        written: dict[str, Path] = {}
        tested = Tested()
        if subject.bundle is not None:
            tested = run_gate_test(config, subject.bundle) if is_finished else tested
            checks = _tell_checks(subject.bundle, accounting, policies, ledger.conflicts())
            audit = assemble_audit(subject.bundle, accounting, checks=checks)
            audit = _note_changes(config, replace(audit, selftest=tested.result))
            audit, refused = gather_extensions(config, audit)
            known = own_reasons(audit, policies, n_gating=len(ledger.gating), settings=settings)
            audit = note_reasons(audit, [*known, *(each.found for each in refused)])
            audit, written, failures = _write(config, paths, audit)
            problems += [*refused, *failures]
        else:
            # What an earlier run wrote here would be taken for this run's; strangers stay.
            clear_outputs([*paths.values()], root=config.rootpath)
        ended = Closed(
            subject=subject,
            accounting=accounting,
            policies=policies,
            audit=audit,
            outputs=written,
            tested=tested.line,
        )
        closed.append(ended)
    reasons = run_reasons(closed, ledger, guard, settings=settings)
    return Closing(audits=tuple(closed), reasons=(*reasons, *map(str, problems)))


def _write(
    config: pytest.Config, paths: Mapping[str, Path], audit: Audit
) -> tuple[Audit, dict[str, Path], list[BiasRulerError]]:
    """Write all forms of an audit; once more if one fails, so that no other looks green."""
    from pytest_biasruler.audit.counts import note_reasons

    written, failures = write_forms(config, paths, audit)
    if not failures:
        return audit, written, failures
    audit = note_reasons(audit, ["an output could not be written"])
    again = {kind: path for kind, path in paths.items() if kind in written}
    written, more = write_forms(config, again, audit)
    return audit, written, [*failures, *more]


def _note_changes(config: pytest.Config, audit: Audit) -> Audit:
    """Return an audit that says what changed since the earlier one, if that was asked for."""
    earlier = earlier_of(config, str(audit.benchmark["name"]))
    return audit if earlier is None else earlier.note(audit)


def _subjects(ledger: Ledger, census: Census) -> list[Subject]:
    audited = [Subject(file=each.file, name=each.name, bundle=each) for each in ledger.bundles()]
    others = [
        Subject(file=file, name=census.names.get(file or "", ""), bundle=None)
        for file in files_without_audit(ledger, census)
    ]
    return sorted([*audited, *others], key=lambda subject: (subject.file or "", subject.name))


def _paths(subjects: Sequence[Subject], settings: Settings) -> list[dict[str, Path]]:
    """Return the outputs of each subject by kind; those that did not run keep their names too."""
    paths: list[dict[str, Path]] = [{} for _ in subjects]
    places = [place for place, each in enumerate(subjects) if each.bundle or each.file]
    names = [subjects[place].name for place in places]
    for kind, path in settings.outputs.items():
        for place, own in zip(places, own_paths(path, names), strict=True):
            paths[place][kind] = own
    return paths


def assemble_audit(
    bundle: Bundle, accounting: Accounting, *, checks: Mapping[str, object]
) -> Audit:
    """Return the audit of one benchmark."""
    from pytest_biasruler.audit import assemble
    from pytest_biasruler.audit.counts import note_partial

    return assemble(
        bundle.context,
        bundle.findings,
        settings=bundle.settings,
        checks=checks,
        warnings=note_partial(accounting.counts),
    )


def _tell_checks(
    bundle: Bundle, accounting: Accounting, policies: frozenset[str], conflicts: Iterable[str]
) -> dict[str, object]:
    """Return ``accounting.checks``, with whatever else decides how the audit is judged again."""
    known = {bundle.file, *(finding.id for finding in bundle.findings)}
    own = sorted(known & set(conflicts))
    extra: dict[str, object] = (
        {"policies": sorted(policies)} if accounting.counts.is_partial else {}
    )
    return {**accounting.to_plain(), **extra, **({"conflicts": own} if own else {})}


def _policies(
    subject: Subject, accounting: Accounting, census: Census, *, config: pytest.Config
) -> frozenset[str]:
    """Return the policies of an audit: of what was found, and of what was declared and not run."""
    settings, declared, bundle = settings_of(config), accounting.declared, subject.bundle
    if settings.policy_option is not None:
        return frozenset([str(settings.policy_option)])
    policies = {policy for nodeid, policy in census.policies.items() if nodeid in declared}
    if settings.policy_ini is not None:
        policies.add(str(settings.policy_ini))
    if bundle is not None:
        policies |= {str(bundle.settings["policy"]), *(each.policy for each in bundle.findings)}
    named = config.stash.get(BENCHMARKS, {}).get(settings.file) if settings.file else None
    if named is not None and any(not census.declared.get(nodeid) for nodeid in declared):
        text = str(named.defaults.policy or Policy.CONFIDENT_FAIL)
        policies.add(str(settings.policy_of(marker=None, declared=text)))
    return frozenset(policies)
