"""Mappings that are written as lists: `KEY=value` items, and items of a `name` and a `value`.

A view is a `Mapping` over the entries of a sequence, with its places; writers know it by the kind that
`views` tells.
"""

from __future__ import annotations

from collections.abc import Iterator

from oncelint.formats.tree import Entry, Mapping, Scalar, Sequence
from oncelint.text import Text

ASSIGNMENTS = "assignments"
NAMED_VALUES = "named-values"


def views(node: Sequence, text: Text) -> Iterator[tuple[str, Mapping]]:
    """The ways a sequence can be read as a mapping, each with the kind of its writer."""
    for kind, found in (
        (ASSIGNMENTS, assignments(node, text)),
        (NAMED_VALUES, named_values(node)),
    ):
        if found is not None:
            yield kind, found


def assignments(node: Sequence, text: Text) -> Mapping | None:
    """A list of `KEY=value` as a mapping; a bare `KEY` takes its value from outside and leaves the
    mapping's entry out. None when an item is no text."""
    entries: list[Entry] = []
    for item in node.items:
        if not isinstance(item, Scalar):
            return None
        key, equals, value = item.text.partition("=")
        if not equals:
            continue
        # inside quotes or not, letter for letter: an escape would make the token longer
        quoted = item.style in ("single", "double")
        start = item.start + quoted
        if text.text[start : start + len(item.text)] != item.text:
            return None
        middle = start + len(key)
        key_node = Scalar(start, middle, key, key)
        end = middle + 1 + len(value)
        entries.append(Entry(key_node, Scalar(middle + 1, end, value, value, item.style)))
    return Mapping(node.start, node.end, tuple(entries)) if entries else None


def named_values(node: Sequence) -> Mapping | None:
    """A list of `{name: …, value: …}` as a mapping. An item with another source of its value
    (`valueFrom`) keeps that as its entry's value. None when an item is no such mapping."""
    entries: list[Entry] = []
    for item in node.items:
        name = item.get("name") if isinstance(item, Mapping) else None
        if not isinstance(item, Mapping) or not isinstance(name, Scalar):
            return None
        value = item.get("value") or item.get("valueFrom")
        if value is not None:
            entries.append(Entry(name, value))
    return Mapping(node.start, node.end, tuple(entries)) if entries else None
