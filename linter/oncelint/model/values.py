"""Places, values and where values come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file: 1-based line, 1-based column in Unicode code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of one file: `end` is the first position behind it.

    `path` is relative to the project root, with forward slashes.
    """

    path: str
    start: Position
    end: Position

    def covers(self, other: Span) -> bool:
        """Whether `other` lies inside this span of the same file."""
        return self.path == other.path and self.start <= other.start and other.end <= self.end

    def __str__(self) -> str:
        return f"{self.path}:{self.start.line}:{self.start.column}"

    def __hash__(self) -> int:
        # spans are looked up all over, and this takes one call instead of three
        start, end = self.start, self.end
        return hash((self.path, start.line, start.column, end.line, end.column))


@dataclass(frozen=True, slots=True)
class Known:
    """A value that is certain in its world; a list is a tuple of scalars."""

    value: Scalar | tuple[Scalar, ...]


ComputedKind: TypeAlias = Literal["random", "time", "process", "host", "environment", "record"]


@dataclass(frozen=True, slots=True)
class Computed:
    """A value put together at run time from sources of known kinds.

    `template` is the expression with its computed parts in braces, `tx-{uuid4()}` for instance.
    """

    template: str
    kinds: frozenset[ComputedKind]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be known from the project, and why.

    `present` when it is certain that there is one: a variable of the environment that is set, a
    text put together of several parts.
    """

    reason: str
    present: bool = False


Value: TypeAlias = "Known | Computed | Unknown"

OriginKind: TypeAlias = Literal["file", "default", "lock", "environment", "computed"]


@dataclass(frozen=True, slots=True)
class Origin:
    """One step of a value's history, nearest first.

    `span` is None for what stands in no file of the project: a client's default, a framework's
    lock.
    """

    kind: OriginKind
    value: str
    span: Span | None = None
    note: str = ""


def is_given(value: Value) -> bool | None:
    """Whether a value is there at all: not null and not an empty text. None when that is unknown.

    A variable of the environment that is set and a text put together of several parts are
    something, whatever they are.
    """
    if isinstance(value, Known):
        return value.value not in (None, "", ())
    if isinstance(value, Computed):
        return True
    return True if value.present else None


def as_text(value: Value) -> str:
    """The value as a person reads it: booleans lower case, unknown values in angle brackets."""
    if isinstance(value, Known):
        return scalar_text(value.value)
    if isinstance(value, Computed):
        return value.template
    return f"<unknown: {value.reason}>"


def scalar_text(value: Scalar | tuple[Scalar, ...]) -> str:
    """A scalar as configuration files spell it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return ",".join(scalar_text(item) for item in value)
    return str(value)
