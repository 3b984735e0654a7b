"""What lies behind a gap, and how far it carries: questions and assertions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from pytest_biasruler.shell.asker import Asker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.asker import By, Keys, Limit


class CohortMethods(Asker):
    """Questions about the cases and sites that a benchmark holds."""

    def assert_difficulty(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        difficulty: str | Sequence[str] | None = None,
        max_off_support: float | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that no gap remains once case difficulty is held equal.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping, optional
            Largest tolerable unexplained gap; default 0.05 for metrics on the 0-1 scale.
        difficulty : str or sequence, optional
            Shape features of the expert mask or columns of the metadata; default
            ``log_volume_ml``.
        max_off_support : float, optional
            Share of cases outside the range of the reference group; default 0.20.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If an unexplained gap surely exceeds the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"difficulty": difficulty, "max_off_support": max_off_support}
        self._assert("difficulty", metric=metric, by=by, limit=limit, **own, **keys)

    def check_difficulty(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        difficulty: str | Sequence[str] | None = None,
        max_off_support: float | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_difficulty` without judging it."""
        __tracebackhide__ = True
        own = {"difficulty": difficulty, "max_off_support": max_off_support}
        return self._check("difficulty", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_morphology(
        self,
        *,
        by: By,
        limit: Limit | None = None,
        features: str | Sequence[str] | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that subgroups have anatomy of the same form, by the expert masks.

        Parameters
        ----------
        by : str, or sequence
            As in `assert_gap`.
        limit : float or mapping, optional
            Largest tolerable Cliff's delta; default 0.147.
        features : str or sequence, optional
            Which features of the masks; default: all five.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If some feature surely differs by more than the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"features": features}
        self._assert("morphology", by=by, limit=limit, **own, **keys)

    def check_morphology(
        self,
        *,
        by: By,
        limit: Limit | None = None,
        features: str | Sequence[str] | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_morphology` without judging it."""
        __tracebackhide__ = True
        own = {"features": features}
        return self._check("morphology", by=by, limit=limit, **own, **keys)

    def assert_transport(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        min_sites: int | None = None,
        min_patients_site: int | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that the gap would stay within its limit at a new similar site.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping, optional
            Largest tolerable gap; default 0.05 for metrics on the 0-1 scale.
        min_sites, min_patients_site : int, optional
            Fewest usable sites (5), and fewest patients of a subgroup at one of them (10).
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If the mean gap over sites surely exceeds the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"min_sites": min_sites, "min_patients_site": min_patients_site}
        self._assert("transport", metric=metric, by=by, limit=limit, **own, **keys)

    def check_transport(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        min_sites: int | None = None,
        min_patients_site: int | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_transport` without judging it."""
        __tracebackhide__ = True
        own = {"min_sites": min_sites, "min_patients_site": min_patients_site}
        return self._check("transport", metric=metric, by=by, limit=limit, **own, **keys)

    def assert_rectified(
        self,
        metric: str | Sequence[str] | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        labelled: str | None = None,
        probability: str | None = None,
        **keys: Unpack[Keys],
    ) -> None:
        """Assert that subgroups score alike when experts labelled only a random subset.

        Parameters
        ----------
        metric, by
            As in `assert_gap`.
        limit : float or mapping, optional
            Largest tolerable gap; default 0.05 for metrics on the 0-1 scale.
        labelled : {"random"}, optional
            The experts' cases are a random sample of each subgroup's patients.
        probability : str, optional
            Column of the metadata with the known chance of each case to be labelled.
        **keys
            What all checks share.

        Raises
        ------
        AssertionError
            If the rectified gap surely exceeds the limit.
        BiasRulerError
            If a key is wrong, or the check cannot run.
        """
        __tracebackhide__ = True
        own = {"labelled": labelled, "probability": probability}
        self._assert("rectified", metric=metric, by=by, limit=limit, **own, **keys)

    def check_rectified(
        self,
        metric: str | None = None,
        *,
        by: By,
        limit: Limit | None = None,
        labelled: str | None = None,
        probability: str | None = None,
        **keys: Unpack[Keys],
    ) -> Finding:
        """Return the finding of `assert_rectified` without judging it."""
        __tracebackhide__ = True
        own = {"labelled": labelled, "probability": probability}
        return self._check("rectified", metric=metric, by=by, limit=limit, **own, **keys)
