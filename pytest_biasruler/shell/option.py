"""What an option is, and what only an ini file can set."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TIED = "="
"""Begins a number that is tied to its option."""


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

    By itself argparse takes whatever stands behind such an option for its value. pytest reads the
    command line twice: at first to find its ini file, then, once `tie_numbers` has tied each
    number to its option, for good.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  (as argparse calls it)
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002  (as argparse calls it)
    ) -> None:
        """Keep what is tied; at the first reading hand a path back to those who look for it."""
        text = str(values)
        is_tied = text.startswith(_TIED)
        setattr(namespace, self.dest, text.removeprefix(_TIED))
        if not is_tied and not text.isdecimal():
            # Where argparse itself keeps what a subparser leaves over.
            rest = [*getattr(namespace, "_unrecognized_args", []), text]
            vars(namespace)["_unrecognized_args"] = rest


def tie_numbers(arguments: list[str], options: Iterable[Option]) -> None:
    """Tie each optional number to its option, in place; one that is left out is written out.

    Examples
    --------
    >>> worlds = Option(
    ...     flag="--worlds", ini="worlds", help="", keys={"action": OptionalNumber, "const": "200"}
    ... )
    >>> arguments = ["--worlds", "a.toml", "--worlds", "5", "--worlds=many"]
    >>> tie_numbers(arguments, [worlds])
    >>> arguments
    ['--worlds==200', 'a.toml', '--worlds==5', '--worlds==many']
    """
    defaults = {
        option.flag: option.keys["const"]
        for option in options
        if option.keys.get("action") is OptionalNumber
    }
    rest, arguments[:] = list(arguments), []
    while rest:
        argument = rest.pop(0)
        flag, sign, tied = argument.partition("=")
        if argument == "--":
            arguments += [argument, *rest]
            return
        if flag in defaults and not sign:
            tied = rest.pop(0) if rest and rest[0].isdecimal() else defaults[flag]
        arguments.append(f"{flag}={_TIED}{tied}" if flag in defaults else argument)


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
