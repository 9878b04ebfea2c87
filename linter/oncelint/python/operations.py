"""What the Python writer is asked to do: operations on places of a source text.

Places are those of the IR: 1-based lines and code point columns, ends exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from oncelint.model.ir import Place
from oncelint.model.values import Scalar


@dataclass(frozen=True, slots=True)
class AddArgument:
    """A keyword argument more for the call at a place."""

    call: Place
    key: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class AddEntry:
    """An entry more for the dict display or the `dict(…)` call at a place.

    It stands behind all others, but before the `**` of the function's own `**keywords`, which are
    the caller's word. With `text` the client reads text as well, and the value is written as text
    where the display's annotation asks for that (`dict[str, str]`).
    """

    display: Place
    key: str
    value: Scalar
    text: bool = False


@dataclass(frozen=True, slots=True)
class AddBeside:
    """A setting more in what holds the key at a place: the call's keyword arguments, the dict
    display, or another item assignment behind the one that is there."""

    beside: Place
    key: str
    value: Scalar
    text: bool = False


@dataclass(frozen=True, slots=True)
class Wrap:
    """The configuration given to the call at a place, with one entry more for this call alone:
    `Producer(conf)` becomes `Producer({**conf, key: value})`. `keywords` are the names under which
    the configuration may be given when it is not the first positional argument."""

    call: Place
    key: str
    value: Scalar
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeValue:
    """Another value in place of the literal at a place.

    With `text`, a literal that is text stays text (`"false"` becomes `"true"`); without, the
    client tells text from numbers and booleans, and the literal becomes what `value` is.
    `otherwise` means the same to the client and is written where the literal's annotation takes no
    `value` (`acks: int = 1`); None when there is no such value.
    """

    literal: Place
    value: Scalar
    text: bool = False
    otherwise: Scalar = None


@dataclass(frozen=True, slots=True)
class GiveValue:
    """A literal in place of the name that the key at a place is given; what has the name stays."""

    key: Place
    value: Scalar
    text: bool = False


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """The keyword argument, dict entry or item assignment whose key stands at a place goes."""

    key: Place


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Another name for the keyword argument, dict entry or item assignment at a place."""

    key: Place
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A method call behind the expression at a place: `.on_conflict_do_nothing()`."""

    expression: Place
    call: str


@dataclass(frozen=True, slots=True)
class ImportInstead:
    """The module imports `name` from `module` in place of where it has it from now."""

    name: str
    module: str


Operation: TypeAlias = "AddArgument | AddEntry | AddBeside | Wrap | ChangeValue | GiveValue | RemoveKey | RenameKey | Chain | ImportInstead"
