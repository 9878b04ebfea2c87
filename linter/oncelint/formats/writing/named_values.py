"""Lists of `- name: KEY` with a `value:` each, in YAML: the `env:` of a Kubernetes container.

A view of such a list (`oncelint.formats.views`) is what is edited. Values of variables are texts: a
boolean or number is quoted, as Kubernetes refuses a bare one.
"""

from __future__ import annotations

from collections.abc import Sequence

from oncelint.formats.operations import Change, Operation
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.formats.views import named_values
from oncelint.formats.writing import yaml
from oncelint.formats.writing.assignments import (
    Task,
    dash,
    joined,
    listed,
    parsed,
    planned,
    removal,
    verify,
)
from oncelint.formats.writing.lines import line_end, lines_around
from oncelint.patches import CannotWrite, Patch
from oncelint.text import SourceText


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on `mapping`, a view of a list in `text`.

    Raises CannotWrite when one of them cannot be carried out.
    """
    found = (node for node, one in listed(parsed(text), text, _view) if one == mapping)
    sequence = next(found, None)
    if sequence is None:
        raise CannotWrite("the list is not where it was read")
    plan = planned(mapping, operations)
    patches: list[Patch] = []
    for index, task in plan.tasks.items():
        item = _item_of(sequence, mapping.entries[index])
        if task.removed:
            patches.append(removal(text, item.start, item.end, _is_flow(text, sequence)))
        else:
            patches.extend(yaml.render(text, item, _changes(item, task)))
    for anchor, adds in plan.anchored(mapping).items():
        item = _item_of(sequence, mapping.entries[anchor])
        if _is_flow(text, sequence):
            raise CannotWrite("the list stands on one line")
        lines = lines_around(text, item.start, item.end)
        head = dash(text, lines, item.start)
        end = line_end(text, lines)
        new = (end + head + _written(text, item, key, value, len(head), end) for key, value in adds)
        patches.append(Patch(lines.end, lines.end, "".join(new)))
    result = joined(patches)
    verify(text, result, mapping, plan, _view)
    return result


def _view(node: SequenceNode, text: SourceText) -> Mapping | None:
    return named_values(node)


def _is_flow(text: str, node: SequenceNode | Mapping) -> bool:
    return text[node.start : node.start + 1] in ("[", "{")


def _item_of(sequence: SequenceNode, entry: Entry) -> Mapping:
    """The item of the list that an entry of its view shows."""
    for item in sequence.items:
        if isinstance(item, Mapping) and item.get("name") == entry.key:
            return item
    raise CannotWrite(f"`{entry.key.text}` is no item of the list")


def _changes(item: Mapping, task: Task) -> list[Operation]:
    wanted = {"name": task.key, "value": task.value}
    return [
        Change(entry, wanted[entry.key.text])
        for entry in item.entries
        if wanted.get(entry.key.text) is not None
    ]


def _written(text: str, item: Mapping, key: str, value: str, width: int, end: str) -> str:
    """A new item in the style of one that is there; its lines are `width` deep."""
    flow = _is_flow(text, item)
    notation = yaml._Yaml(flow)
    name = notation.plain(key, key=False) or notation.quoted(key, '"', key=False)
    old = item.get("value")
    style = old.style if isinstance(old, Scalar) else "plain"
    token = notation.plain(value, key=False) if style not in ("single", "double") else None
    if token is None or not value:
        token = notation.quoted(value, "'" if style == "single" else '"', key=False)
    if flow:
        return f"{{name: {name}, value: {token}}}"
    return f"name: {name}{end}{' ' * width}value: {token}"
