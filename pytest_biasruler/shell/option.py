"""What an option is, and what only an ini file can set."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option; ``--biasruler-html`` has the ini twin ``biasruler_html``.

    `default` is what holds if neither command line nor ini speak; `keys` go on to argparse; `page`
    is the place in docs/ that tells more, for the reference.
    """

    flag: str
    ini: str
    help: str
    type: Literal["string", "bool", "linelist"] = "string"
    default: object = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    page: str = ""

    @property
    def dest(self) -> str:
        """Name under which argparse keeps the value."""
        return str(self.keys.get("dest", self.flag.removeprefix("--").replace("-", "_")))


def switch(*, value: bool, dest: str) -> dict[str, Any]:
    """Return what argparse is told of an option without a value."""
    return {"action": "store_const", "const": value, "dest": dest}


class OptionalNumber(argparse.Action):
    """An option with or without a number, which leaves the path behind it to pytest.

    By itself argparse takes whatever stands behind such an option for its value.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  (as argparse calls it)
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002  (as argparse calls it)
    ) -> None:
        """Keep the number; hand anything else back to those who read the paths."""
        text = str(values)
        setattr(namespace, self.dest, text if text.isdecimal() else self.const)
        if not text.isdecimal():
            # Where argparse itself keeps what a subparser leaves over.
            rest = [*getattr(namespace, "_unrecognized_args", []), text]
            vars(namespace)["_unrecognized_args"] = rest


@dataclass(frozen=True, kw_only=True, slots=True)
class IniKey:
    """A setting that no option has."""

    name: str
    help: str
    default: object

    @property
    def type(self) -> Literal["string", "bool"]:
        """How pytest reads it."""
        return "bool" if isinstance(self.default, bool) else "string"
