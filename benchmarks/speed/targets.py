"""What was asked for before anything was measured, and whether a run reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS = {"x": "×", "ms": " ms", "s": " s", "MiB": " MiB", "%": " %"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One promise: the figure that tells, what it must reach and what it should.

    Attributes
    ----------
    key : str
        ``"section/figure"`` in the results.
    value : str
        Which number of the figure is held against the target.
    is_most : bool
        Whether the target is an upper bound.
    """

    key: str
    asks: str
    least: float
    aim: float
    is_most: bool = False
    value: str = "median"

    def find(self, results: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the figure, or None if this run did not measure it."""
        section, _, name = self.key.partition("/")
        figures = results["sections"].get(section, {}).get("figures", [])
        return next((each for each in figures if each["name"] == name), None)

    def judge(self, figure: Mapping[str, Any]) -> str:
        """Return which of the two the figure reaches; NaN reaches none."""
        sign = -1 if self.is_most else 1
        reached = sign * figure[self.value]
        if reached >= sign * self.aim:
            return "aim"
        return "yes" if reached >= sign * self.least else "no"


TARGETS = (
    Target(
        key="cases/deepmind/biasruler",
        asks="one case, against nibabel + DeepMind surface-distance",
        least=9,
        aim=15,
    ),
    Target(
        key="cases/monai/biasruler",
        asks="one case, against MONAI's metrics on the CPU",
        least=100,
        aim=200,
    ),
    Target(
        key="cases/biasruler/floor",
        asks="a whole case against the floor, zlib-ng",
        least=3.5,
        aim=2,
        is_most=True,
    ),
    Target(
        key="cases/biasruler-zlib/floor-zlib",
        asks="a whole case against the floor, zlib",
        least=3.5,
        aim=2,
        is_most=True,
    ),
    Target(
        key="reruns/first/rerun",
        asks="second run with nothing changed, against the first",
        least=30,
        aim=100,
    ),
    Target(key="reruns/one/two", asks="two workers against one", least=1.4, aim=1.6),
    Target(
        key="reruns/two/dask",
        asks="Dask on one machine against as many local workers",
        least=0.85,
        aim=0.95,
    ),
    Target(
        key="judged/fairlearn/ours",
        asks="60 gaps of 1,506 cases, against fairlearn's bootstrap",
        least=100,
        aim=1000,
    ),
    Target(
        key="tables/csv-growth",
        asks="CSV score table: time per row after ten times the rows",
        least=1.2,
        aim=1.0,
        is_most=True,
        value="max",
    ),
    Target(
        key="tables/parquet-growth",
        asks="Parquet score table: time per row after ten times the rows",
        least=1.2,
        aim=1.0,
        is_most=True,
        value="max",
    ),
    Target(
        key="memory/448x448x160-tumour-zlib-ng",
        asks="peak memory of a case of 448 x 448 x 160",
        least=150,
        aim=150,
        is_most=True,
        value="max",
    ),
    Target(
        key="memory/1024x1024x400-tumour-zlib-ng",
        asks="peak memory of a case of 1024 x 1024 x 400",
        least=400,
        aim=400,
        is_most=True,
        value="max",
    ),
    Target(
        key="startup/unused",
        asks="plugin installed and not used",
        least=15,
        aim=5,
        is_most=True,
    ),
)


def show(value: float, unit: str) -> str:
    """Return a value with its unit, to three digits.

    Examples
    --------
    >>> show(12.345, "x"), show(1234.0, "ms"), show(0.04567, "s")
    ('12.3×', '1,230 ms', '0.0457 s')
    """
    rounded = float(f"{value:.3g}")
    text = f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"
    return text + UNITS[unit]


def show_spread(figure: Mapping[str, Any]) -> str:
    """Return median and, of several values, the smallest and the largest one."""
    median = show(figure["median"], figure["unit"])
    if figure["n"] == 1:
        return median
    low, high = (show(figure[end], figure["unit"]) for end in ("min", "max"))
    return f"{median} ({low} to {high})"
