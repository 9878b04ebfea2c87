"""Configuration files' trees as values, with the places of their files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from oncelint.flow.values import Abs, At, DictObj, ListObj, Lit, Slot, Twice, Unk
from oncelint.formats.tree import Mapping as TreeMapping
from oncelint.formats.tree import Node, Scalar
from oncelint.formats.tree import Sequence as TreeSequence
from oncelint.frameworks.blocks import is_placeholder
from oncelint.model.values import Span

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def tree_value(machine: Machine, node: Node, path: str, span: Callable[[int, int], Span]) -> Abs:
    """A configuration file's tree as values, with the places of that file."""

    def place(start: int, end: int) -> At:
        where = span(start, end)
        return At(path, (where.start.line, where.start.column, where.end.line, where.end.column))

    if isinstance(node, Scalar):
        at = place(node.start, node.end)
        if isinstance(node.value, str) and is_placeholder(node.value):
            return Unk(f"the placeholder {node.value}", at)
        return Lit(node.value, at)
    if isinstance(node, TreeSequence):
        items = tuple(tree_value(machine, item, path, span) for item in node.items)
        return machine.alloc(ListObj(items))
    assert isinstance(node, TreeMapping)
    slots: dict[str, Slot] = {}
    twice: list[Twice] = []
    for entry in node.entries:
        key_at = place(entry.key.start, entry.key.end)
        earlier = slots.get(entry.key.text)
        if earlier is not None and not entry.merged and earlier.key_at is not None:
            twice.append(Twice(entry.key.text, earlier.key_at, key_at))
        if entry.merged and earlier is not None:
            continue
        slots[entry.key.text] = Slot(tree_value(machine, entry.value, path, span), key_at)
    home = place(node.start, node.end)
    return machine.alloc(DictObj(slots, node.open_reason, tuple(twice), home=home))
