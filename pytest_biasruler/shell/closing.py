"""The end of a run as data: audits assembled and written, and why it may not count as green."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import Policy
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.accounting import Accounting, account
from pytest_biasruler.shell.extensions import gather_extensions, gather_sections
from pytest_biasruler.shell.outputs import clear_outputs, write_output
from pytest_biasruler.shell.settings import Settings, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.guard import Census, Guard
    from pytest_biasruler.shell.ledger import Bundle, Ledger

MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """One benchmark at the end of a run; `bundle` is None if nothing of it could be judged."""

    bundle: Bundle | None
    accounting: Accounting
    outputs: tuple[Path, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings in the order of the report."""
        return self.bundle.findings if self.bundle is not None else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """What the controller says at the end; any of `reasons` turns a green run red."""

    audits: tuple[Closed, ...]
    reasons: tuple[str, ...]

    @property
    def is_worth_printing(self) -> bool:
        """Whether a check was declared, or something is wrong."""
        return bool(self.reasons) or any(closed.accounting.declared for closed in self.audits)


def close_audits(
    config: pytest.Config, ledger: Ledger, *, census: Census, guard: Guard
) -> Closing:
    """Assemble the audits of a run, write their outputs, and say what is wrong with the run."""
    settings, bundles = settings_of(config), ledger.bundles()
    closed, problems = [], []
    for bundle in bundles or (None,):
        accounting = account(bundle, ledger, census=census, guard=guard)
        written: list[Path] = []
        if bundle is not None:
            audit, refused = gather_extensions(config, assemble_audit(bundle, accounting))
            paths = {
                kind: _own_path(path, bundle, bundles)
                for kind, path in (("json", settings.json), ("html", settings.html))
                if path is not None
            }
            written, failures = _write(
                paths,
                render={
                    "json": audit.to_json,
                    "html": partial(_render, audit, config=config),
                },
                root=settings.root,
                is_own_name=len(bundles) > 1,
            )
            problems += [*refused, *failures]
        closed.append(Closed(bundle=bundle, accounting=accounting, outputs=tuple(written)))
    reasons = _reasons(closed, ledger, guard, settings=settings)
    return Closing(audits=tuple(closed), reasons=(*reasons, *map(str, problems)))


def assemble_audit(bundle: Bundle, accounting: Accounting) -> Audit:
    """Return the audit of one benchmark."""
    from pytest_biasruler.audit import assemble

    warnings: list[dict[str, Any]] = []
    n_declared, n_ran = len(accounting.declared), len(accounting.ran)
    if accounting.is_partial:
        text = f"{n_ran} of {n_declared} declared checks ran; expected all"
        warnings.append({"code": "BR601", "set": "audit", "n": n_declared - n_ran, "text": text})
    return assemble(
        bundle.context,
        bundle.findings,
        settings=bundle.settings,
        checks=accounting.to_plain(),
        warnings=warnings,
    )


def _own_path(path: Path, bundle: Bundle, bundles: Sequence[Bundle]) -> Path:
    """Return where a benchmark's output goes: one of several gets its name into the path."""
    if len(bundles) == 1:
        return path
    slugs = [_slug(other.name) for other in bundles]
    place = next(index for index, other in enumerate(bundles) if other is bundle)
    copy = slugs[:place].count(slugs[place]) + 1
    ending = slugs[place] if copy == 1 else f"{slugs[place]}-{copy}"
    return path.with_name(f"{path.stem}-{ending}{path.suffix}")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "benchmark"


def _write(
    paths: dict[str, Path],
    *,
    render: Mapping[str, Callable[[], str]],
    root: Path,
    is_own_name: bool,
) -> tuple[list[Path], list[BiasRulerError]]:
    """Write JSON, then HTML; one that fails does not stop the other."""
    from pytest_biasruler.scoring.attempt import attempt

    written, problems = [], []
    for kind, path in paths.items():
        # A path that the benchmark's name is part of was not looked at when the run began.
        strangers = clear_outputs([path], root=root) if is_own_name else []
        text = strangers[0] if strangers else attempt(render[kind])  # a bug of ours hides nothing
        if isinstance(text, BiasRulerError):
            problems.append(text)
            continue
        try:
            write_output(path, text, root=root)
        except BiasRulerError as error:
            problems.append(error)
        else:
            written.append(path)
    return written, problems


def _render(audit: Audit, *, config: pytest.Config) -> str:
    from pytest_biasruler.report.html import render_html

    return render_html(audit, sections=gather_sections(config, audit))


def _reasons(
    closed: Sequence[Closed], ledger: Ledger, guard: Guard, *, settings: Settings
) -> list[str]:
    reasons = []
    silent = frozenset().union(*(one.accounting.missing for one in closed))
    missing = sorted(guard.missing | silent)
    if missing:
        reasons.append(f"{_tests(len(missing))} never reported: {_named(missing)}")
    conflicts = ledger.conflicts()
    if conflicts:
        reasons.append(f"one check gave two results: {_named(conflicts)}")
    n_ran = len(ledger.answered)
    least = settings.min_checks
    if least is not None and not n_ran >= least:
        reasons.append(f"{n_ran} checks ran, fewer than --biasruler-min-checks {least}")
    for one in closed:
        if one.accounting.is_partial and _is_strict(one, settings):
            n_declared = len(one.accounting.declared)
            reasons.append(
                f"BR601 audit: {len(one.accounting.ran)} of {n_declared} declared checks ran; "
                "expected all under prove-safe. Run them all."
            )
    return reasons


def _is_strict(closed: Closed, settings: Settings) -> bool:
    policies: set[str | None] = {finding.policy for finding in closed.findings}
    if closed.bundle is not None:
        policies.add(str(closed.bundle.settings["policy"]))
    return Policy.PROVE_SAFE in policies | {settings.policy_option or settings.policy_ini}


def _tests(n: int) -> str:
    return "1 collected test" if n == 1 else f"{n} collected tests"


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    n_more = len(listed) - MOST_NAMED
    more = f" and {n_more} more" if n_more > 0 else ""
    return f"{', '.join(listed[:MOST_NAMED])}{more}"
