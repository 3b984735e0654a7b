"""Every form in which an audit is written, by the name that options give it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_biasruler.report.badge import write_badge
from pytest_biasruler.report.exports import tabulate_findings, tabulate_plan, tabulate_scores
from pytest_biasruler.report.gitlab import write_code_quality
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.markdown import write_markdown
from pytest_biasruler.report.model_card import write_model_card
from pytest_biasruler.report.openmetrics import write_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.section import Section


def render_form(
    kind: str, audit: Audit, *, sections: Sequence[Section] = (), prefix: str = ""
) -> str:
    """Return an audit in one form.

    Parameters
    ----------
    kind : str
        ``json``, ``html``, ``markdown`` or a KIND of ``--biasruler-export``.
    sections : sequence of Section, optional
        What other plugins add to the forms that people read.
    prefix : str, optional
        Folder of the tests within the repository, ``""`` or ending in ``/``; for forms whose
        readers look for files.

    Raises
    ------
    KeyError
        For any other kind.
    """
    return _forms(audit, sections=sections, prefix=prefix)[kind]()


def _forms(
    audit: Audit, *, sections: Sequence[Section], prefix: str
) -> Mapping[str, Callable[[], str]]:
    return {
        "json": audit.to_json,
        "html": partial(render_html, audit, sections=sections),
        "markdown": partial(write_markdown, audit, sections=sections),
        "badge": partial(write_badge, audit),
        "gitlab-metrics": partial(write_metrics, audit),
        "gitlab-codequality": partial(write_code_quality, audit, prefix=prefix),
        "huggingface": partial(write_model_card, audit),
        "csv-scores": partial(tabulate_scores, audit),
        "csv-findings": partial(tabulate_findings, audit),
        "csv-plan": partial(tabulate_plan, audit),
    }
