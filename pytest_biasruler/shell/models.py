"""How models were trained and how they rank: questions and assertions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from pytest_biasruler.shell.asker import Asker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.asker import By, Keys, Limit


class ModelMethods(Asker):
    """Questions about models: the labels that they were trained on, and their order."""

    def assert_amplification(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        automated_trained: str | Sequence[str] | None = None,
        expert_trained: str | Sequence[str] | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that training on automated labels did not widen the gap.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping, optional
            Largest tolerable growth of a gap; default 0.02 for metrics on the 0-1 scale.
        automated_trained, expert_trained : str or sequence, optional
            Models, several of one kind being runs of one training; default: the only one.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If a gap surely grew by more than the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"automated_trained": automated_trained, "expert_trained": expert_trained}
        self._assert("amplification", metric=metric, by=by, limit=limit, **own, **keys)

    def check_amplification(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        automated_trained: str | Sequence[str] | None = None,
        expert_trained: str | Sequence[str] | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_amplification` without judging it."""
        __tracebackhide__ = True
        own = {"automated_trained": automated_trained, "expert_trained": expert_trained}
        return self._check("amplification", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_echo(
        self,
        *,
        by: By | None = None,
        limit: Limit | None = None,
        control: str | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that the model does not repeat the automated label's mistakes.

        Parameters
        ----------
        by : str or sequence, optional
            As in `assert_gap`; without it, all cases together.
        limit : float or mapping, optional
            Largest tolerable share of mistakes repeated beyond chance; default 0.30 without
            `control` and `by`, else 0.10.
        control : str, optional
            A model trained on expert labels, whose share is taken off.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If the model surely repeats more than the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"control": control}
        self._assert("echo", by=by, limit=limit, **own, **keys)

    def check_echo(
        self,
        *,
        by: By | None = None,
        limit: Limit | None = None,
        control: str | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_echo` without judging it."""
        __tracebackhide__ = True
        own = {"control": control}
        return self._check("echo", by=by, limit=limit, **own, **keys)

    def assert_noise(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        levels: Mapping[str, float] | None = None,
        gap_limit: float | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that label errors of the measured size cannot undo the verdict on the gap.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping, optional
            With `levels` only: largest tolerable difference of slopes, per unit of the level;
            default 0.05 for metrics on the 0-1 scale.
        levels : mapping of str to float, optional
            Models and the level of label noise each was trained with, at least three levels.
        gap_limit : float, optional
            Without `levels`: the limit at which the gap is judged.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If a subgroup surely loses more, or the labels err by more than the verdict bears.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"levels": levels, "gap_limit": gap_limit}
        self._assert("noise", metric=metric, by=by, limit=limit, **own, **keys)

    def check_noise(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        levels: Mapping[str, float] | None = None,
        gap_limit: float | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_noise` without judging it."""
        __tracebackhide__ = True
        own = {"levels": levels, "gap_limit": gap_limit}
        return self._check("noise", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_ranking(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By | None = None,
        limit: Limit | None = None,
        models: Sequence[str] | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that the automated reference does not put the wrong model first.

        Parameters
        ----------
        metric : str, optional
            As in `assert_gap`.
        by : str or sequence, optional
            As in `assert_gap`; without it, all cases together.
        limit : float or mapping, optional
            Largest tolerable regret of the choice, in the unit of the metric; default 0.01 for
            metrics on the 0-1 scale.
        models : sequence of str, optional
            Which models; default: all.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If the winner is surely worse, by the experts, than a model that it beats.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"models": models}
        self._assert("ranking", metric=metric, by=by, limit=limit, **own, **keys)

    def check_ranking(
        self,
        metric: str | None = None,
        *,
        by: By | None = None,
        limit: Limit | None = None,
        models: Sequence[str] | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_ranking` without judging it."""
        __tracebackhide__ = True
        own = {"models": models}
        return self._check("ranking", metric=metric, by=by, limit=limit, **own, **keys)
