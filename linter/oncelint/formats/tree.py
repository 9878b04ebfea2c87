"""What every format reader yields: a tree of mappings, sequences and scalars with offsets.

Offsets are code points of the text that was read. Nothing is dropped that a rule may need:
duplicate keys stay in order, merged entries point at where they are written, comments are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oncelint.model.values import Scalar as ScalarValue

Style: TypeAlias = Literal["plain", "single", "double", "block"]


class FormatError(Exception):
    """The text is not of this format; `offset` is the code point where that showed."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Scalar:
    """A key or value; `start` and `end` enclose it without its quotes' surroundings.

    The span is the token as written, quotes included; `value` is what the format says it means,
    `text` its decoded characters (for a YAML `017` the value is 15 and the text `017`).
    """

    start: int
    end: int
    value: ScalarValue
    text: str
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Sequence:
    start: int
    end: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value; `merged` when it came in by a YAML merge key and is not shadowed.

    A setting that is commented out is a comment and no entry.
    """

    key: Scalar
    value: Node
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """`entries` in file order, duplicates included; `open_reason` when entries may be missing
    (an unresolvable merge, an include)."""

    start: int
    end: int
    entries: tuple[Entry, ...]
    open_reason: str | None = None

    def get(self, key: str) -> Node | None:
        """The value that counts for `key`: the last own entry, else the merged one."""
        found: Node | None = None
        for entry in self.entries:
            if entry.key.text == key and not (entry.merged and found is not None):
                found = entry.value
        return found


Node: TypeAlias = "Scalar | Sequence | Mapping"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; `text` is without its marker and surrounding blanks."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """`roots`: one tree for each document in the text (YAML may have many)."""

    roots: tuple[Node, ...]
    comments: tuple[Comment, ...] = ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it, each once, in file order; not recursive, so that depth
    is no danger."""
    stack: list[Node] = [node]
    seen: set[int] = set()
    while stack:
        top = stack.pop()
        if id(top) in seen:
            continue
        seen.add(id(top))
        yield top
        if isinstance(top, Mapping):
            stack.extend(entry.value for entry in reversed(top.entries))
        elif isinstance(top, Sequence):
            stack.extend(reversed(top.items))
