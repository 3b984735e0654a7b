"""One method for each question that returns its finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from pytest_biasruler.shell.asker import Asker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.asker import By, Keys, Limit


class CheckMethods(Asker):
    """The questions, asked without judging; every argument is described at ``assert_<check>``."""

    def check_gap(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        continuous: bool | None = None,
        step: float | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_gap` without judging it: its outcome stays open."""
        __tracebackhide__ = True
        own = {"continuous": continuous, "step": step}
        return self._check("gap", metric=metric, by=by, limit=limit, **own, **keys)

    def check_ruler(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        gap_limit: float | None = None,
        continuous: bool | None = None,
        step: float | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_ruler` without judging it: its outcome stays open."""
        __tracebackhide__ = True
        own = {"gap_limit": gap_limit, "continuous": continuous, "step": step}
        return self._check("ruler", metric=metric, by=by, limit=limit, **own, **keys)

    def check_labels(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        second_expert: str | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_labels` without judging it: its outcome stays open."""
        __tracebackhide__ = True
        return self._check(
            "labels", metric=metric, by=by, limit=limit, second_expert=second_expert, **keys
        )

    def check_success(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        threshold: float | None = None,
        statistic: str | None = None,
        sweep: Sequence[float] | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_success` without judging it: its outcome stays open."""
        __tracebackhide__ = True
        return self._check(
            "success",
            metric=metric,
            by=by,
            limit=limit,
            threshold=threshold,
            statistic=statistic,
            sweep=sweep,
            **keys,
        )

    def check_floor(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_floor` without judging it: its outcome stays open."""
        __tracebackhide__ = True
        return self._check("floor", metric=metric, by=by, limit=limit, **keys)

    def check_provenance(
        self,
        *,
        by: By,
        max_identical: float | None = None,
        max_exclusion_gap: float | None = None,
        max_missing: float | None = None,
        min_expert_share: float | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_provenance` without judging it: its outcome stays open."""
        __tracebackhide__ = True
        return self._check(
            "provenance",
            by=by,
            max_identical=max_identical,
            max_exclusion_gap=max_exclusion_gap,
            max_missing=max_missing,
            min_expert_share=min_expert_share,
            **keys,
        )
