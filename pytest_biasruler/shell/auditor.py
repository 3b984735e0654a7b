"""What the fixture ``biasruler`` hands out: one assertion for each question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from pytest_biasruler.shell.cohort import CohortMethods
from pytest_biasruler.shell.models import ModelMethods
from pytest_biasruler.shell.questioner import CheckMethods

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.shell.asker import By, Keys, Limit


class Auditor(CheckMethods, ModelMethods, CohortMethods):
    """Audits one benchmark on behalf of one test.

    Each ``assert_<check>`` fails the test if the verdict says so; an INCONCLUSIVE finding skips
    the test once its body has returned, so that a later FAIL is still found. Each
    ``check_<check>`` takes the same arguments and only returns the finding.
    Every method takes the keys that all checks share: `label`, `model`, `reference`, `automated`,
    `baseline`, `alpha`, `min_patients`, `policy`, `support`, `screen`, `sensitivity`, `waive` and
    `name`. A key may hold a list where a benchmark file takes one: ``assert_<check>`` then asks
    each question.
    """

    def assert_gap(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        continuous: bool | None = None,
        step: float | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that subgroups score alike.

        Parameters
        ----------
        metric : str, optional
            Such as ``"dice"``; default: that of the benchmark.
        by : str, or sequence
            An attribute; a list asks one question each, an inner list crosses attributes.
        limit : float or mapping, optional
            Largest tolerable gap between subgroup means, in the unit of the metric; default 0.05
            for metrics on the 0-1 scale.
        continuous, step : bool and float, optional
            Ask for the slope along the numbers of `by`, per `step` units of them.
        **keys
            What all checks share; with `baseline` the gap is signed, baseline minus subgroup.

        Raises
        ------
        AssertionError
            If the gap surely exceeds the limit (as the policy has it).
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"continuous": continuous, "step": step}
        self._assert("gap", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_ruler(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        gap_limit: float | None = None,
        continuous: bool | None = None,
        step: float | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that the automated reference does not bend the gap.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping, optional
            Largest tolerable distortion, automated minus expert gap, in either direction; default
            0.02 for metrics on the 0-1 scale.
        gap_limit : float, optional
            Limit at which both gaps are judged for the verdict-flip matrix.
        continuous, step : bool and float, optional
            As in `assert_gap`: how far the slope is bent.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If the distortion surely exceeds the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"gap_limit": gap_limit, "continuous": continuous, "step": step}
        self._assert("ruler", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_labels(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        second_expert: str | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that the automated labels are as good for every subgroup.

        Parameters
        ----------
        metric : str, optional
            Default: ``"dice"`` and ``"signed_volume_error"``, one question each.
        by : str, or sequence
            As in `assert_gap`.
        limit : float or mapping, optional
            Largest tolerable gap in the agreement of automated and expert reference.
        second_expert : str, optional
            A reference of kind expert; its disagreement with the first is then taken out.
        **keys
            What all checks share; no model is involved.

        Raises
        ------
        AssertionError
            If the gap surely exceeds the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"second_expert": second_expert}
        self._assert("labels", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_success(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        threshold: float | None = None,
        statistic: str | None = None,
        sweep: Sequence[float] | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that subgroups reach a good enough score equally often.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping, optional
            Smallest tolerable ratio (default 0.8), or largest tolerable difference (0.10).
        threshold : float, optional
            Score above which a case counts as a success; default 0.8.
        statistic : {"ratio", "difference"}, optional
            How the shares of success are compared.
        sweep : sequence of float, optional
            Further thresholds to report.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If the shares surely differ by more than the limit allows.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"threshold": threshold, "statistic": statistic, "sweep": sweep}
        self._assert("success", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_floor(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that the worst-off subgroup is good enough in absolute terms.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping
            The mean that every subgroup must reach, in the unit of the metric.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If some subgroup's mean is surely worse than the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        self._assert("floor", metric=metric, by=by, limit=limit, **keys)

    def assert_provenance(
        self,
        *,
        by: By,
        max_identical: float | None = None,
        max_exclusion_gap: float | None = None,
        max_missing: float | None = None,
        min_expert_share: float | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that the evidence is good enough to judge at all.

        Parameters
        ----------
        by : str, or sequence
            As in `assert_gap`.
        max_identical, max_exclusion_gap, max_missing, min_expert_share : float, optional
            Shares from 0 to 1; defaults 0.5, 0.05, 0.10 and 0 (only reported).
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If a criterion is not met.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {
            "max_identical": max_identical,
            "max_exclusion_gap": max_exclusion_gap,
            "max_missing": max_missing,
            "min_expert_share": min_expert_share,
        }
        self._assert("provenance", by=by, **own, **keys)
