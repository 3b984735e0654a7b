"""The outputs of one audit, written one after the other."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.earlier import refuse_overwriting
from pytest_biasruler.shell.extensions import gather_sections
from pytest_biasruler.shell.outputs import clear_outputs, write_output
from pytest_biasruler.shell.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.shell.settings import Settings


def write_forms(
    config: pytest.Config, paths: Mapping[str, Path], audit: Audit
) -> tuple[dict[str, Path], list[BiasRulerError]]:
    """Write an audit in each form that has a path; one that fails does not stop the others.

    Returns
    -------
    dict
        Path of each form that was written.
    list of BiasRulerError
        Why the others were not.
    """
    from pytest_biasruler.scoring.attempt import attempt

    settings = settings_of(config)
    written: dict[str, Path] = {}
    problems: list[BiasRulerError] = []
    for kind, path in paths.items():
        # A path that the benchmark's name is part of was not looked at when the run began.
        is_new = path not in settings.outputs.values()
        strangers = _clear_new(path, settings=settings) if is_new else []
        # A bug of ours hides nothing.
        text = strangers[0] if strangers else attempt(partial(_render, kind, audit, config=config))
        if isinstance(text, BiasRulerError):
            problems.append(text)
            continue
        try:
            write_output(path, text, root=settings.root)
        except BiasRulerError as error:
            problems.append(error)
        else:
            written[kind] = path
    return written, problems


def _clear_new(path: Path, *, settings: Settings) -> list[BiasRulerError]:
    """Remove an output of an earlier run, but never the audit that this run is held against."""
    problems = refuse_overwriting(settings, [path])
    return problems or clear_outputs([path], root=settings.root)


def _render(kind: str, audit: Audit, *, config: pytest.Config) -> str:
    from pytest_biasruler.report.forms import render_form

    sections = gather_sections(config, audit)
    return render_form(kind, audit, sections=sections, prefix=folder_in_checkout(config))


def folder_in_checkout(config: pytest.Config) -> str:
    """Return the folder that ids begin from within GitLab's checkout, ``""`` or ending in ``/``.

    GitLab finds a file by its path in the repository, and tests may lie in a part of that.
    """
    checkout = os.environ.get("CI_PROJECT_DIR", "")
    root = config.rootpath.resolve()
    if not checkout or not root.is_relative_to(Path(checkout).resolve()):
        return ""
    folder = root.relative_to(Path(checkout).resolve()).as_posix()
    return "" if folder == "." else f"{folder}/"
