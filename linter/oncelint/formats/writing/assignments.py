"""Lists of `KEY=value` in YAML: docker compose's `environment:` in list style.

A view of such a list (`oncelint.formats.views`) is what is edited. A new item stands behind the one
most like it and is quoted as that is; an item that goes takes its line along. Before it is handed
out, the edited text is read again and must say exactly what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename
from oncelint.formats.tree import Document, Entry, FormatError, Mapping, Node, Scalar, walk
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.formats.views import assignments
from oncelint.formats.writing.lines import (
    MISREAD,
    Lines,
    has_control,
    line_end,
    lines_around,
    spelled,
)
from oncelint.formats.writing.yaml import _Yaml
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.text import SourceText

_DASH = re.compile(r"[ \t]*-[ \t]+")
_PARTS = re.compile(r"[._-]")
_NOT_IN_KEY = re.compile(r"[=\s'\"#:]")

Pairs = list[tuple[str, str | None]]
"""Keys with the text of their values; None for a value that is no scalar."""


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on `mapping`, a view of a list in `text`.

    Raises CannotWrite when one of them cannot be carried out.
    """
    document = parsed(text)
    if not any(found == mapping for _, found in listed(document, text, assignments)):
        raise CannotWrite("the list is not where it was read")
    plan = planned(mapping, operations)
    flow = text[mapping.start : mapping.start + 1] == "["
    patches: list[Patch] = []
    for index, entry in enumerate(mapping.entries):
        task = plan.tasks.get(index)
        if task is None:
            continue
        start, end = _token(text, entry)
        if task.removed:
            patches.append(removal(text, start, end, flow))
        else:
            key = task.key if task.key is not None else entry.key.text
            written = entry.value.text if isinstance(entry.value, Scalar) else ""
            value = task.value if task.value is not None else written
            patches.append(replaced(text, start, end, _item(key, value, _style(entry), flow)))
    for anchor, adds in plan.anchored(mapping).items():
        like = mapping.entries[anchor]
        lines = _own_lines(text, *_token(text, like), flow)
        head = dash(text, lines, _token(text, like)[0])
        new = (
            line_end(text, lines) + head + _item(key, value, _style(like), flow)
            for key, value in adds
        )
        patches.append(Patch(lines.end, lines.end, "".join(new)))
    result = joined(patches)
    verify(text, result, mapping, plan, assignments)
    return result


def _style(entry: Entry) -> str:
    return entry.value.style if isinstance(entry.value, Scalar) else "plain"


def _token(text: str, entry: Entry) -> tuple[int, int]:
    """The item's whole token, its quotes included."""
    quoted = _style(entry) in ("single", "double")
    return entry.key.start - quoted, entry.value.end + quoted


def _item(key: str, value: str, style: str, flow: bool) -> str:
    written = f"{key}={value}"
    notation = _Yaml(flow)
    if style == "plain":
        plain = notation.plain(written, key=False)
        if plain is not None:
            return plain
    return notation.quoted(written, "'" if style == "single" else '"', key=False)


# What the writers of listed variables share ---------------------------------------------------


@dataclass(slots=True)
class Task:
    """What happens to one entry."""

    removed: bool = False
    key: str | None = None
    value: str | None = None


@dataclass(slots=True)
class Plan:
    """Tasks by the index of their entry, and what is new."""

    tasks: dict[int, Task] = field(default_factory=dict)
    adds: list[tuple[str, str]] = field(default_factory=list)

    def anchored(self, mapping: Mapping) -> dict[int, list[tuple[str, str]]]:
        """The new variables by the index of the entry they go behind: the last one that shares
        the most leading parts of the name."""
        left = [
            (index, _PARTS.split(entry.key.text))
            for index, entry in enumerate(mapping.entries)
            if not (index in self.tasks and self.tasks[index].removed)
        ]
        if self.adds and not left:
            raise CannotWrite("no entry is left to put it behind")
        groups: dict[int, list[tuple[str, str]]] = {}
        for key, value in self.adds:
            parts = _PARTS.split(key)
            anchor = max((_shared(parts, other), index) for index, other in left)[1]
            groups.setdefault(anchor, []).append((key, value))
        return groups

    def meant(self, mapping: Mapping) -> Pairs:
        """What the mapping says when everything is done."""
        groups = self.anchored(mapping)
        found: Pairs = []
        for index, entry in enumerate(mapping.entries):
            task = self.tasks.get(index, Task())
            if not task.removed:
                old = entry.value.text if isinstance(entry.value, Scalar) else None
                key = task.key if task.key is not None else entry.key.text
                found.append((key, task.value if task.value is not None else old))
                found.extend(groups.get(index, ()))
        return found


def planned(mapping: Mapping, operations: Sequence[Operation]) -> Plan:
    """The operations by entry.

    Raises CannotWrite for those that contradict each other, for values that are no text and for
    names that would be there twice.
    """
    plan = Plan()
    for operation in operations:
        if isinstance(operation, Add):
            if operation.within:
                raise CannotWrite("settings are not nested here")
            plan.adds.append((checked_key(operation.key), checked(spelled(operation.value))))
            continue
        name = operation.entry.key.text
        if operation.entry not in mapping.entries:
            raise CannotWrite(f"`{name}` is no setting of this place")
        index = mapping.entries.index(operation.entry)
        fresh = index not in plan.tasks
        task = plan.tasks.setdefault(index, Task())
        twice = not fresh and (task.removed or isinstance(operation, Remove))
        if isinstance(operation, Remove):
            task.removed = True
        elif isinstance(operation, Rename):
            twice = twice or task.key is not None
            task.key = checked_key(operation.key)
        elif isinstance(operation, Change):
            twice = twice or task.value is not None
            if not isinstance(operation.entry.value, Scalar):
                raise CannotWrite(f"`{name}` has its value from elsewhere")
            task.value = checked(spelled(operation.value, operation.entry.value.text))
        if twice:
            raise CannotWrite(f"two edits of `{name}` contradict each other")
    _check_unique(mapping, plan)
    return plan


def _check_unique(mapping: Mapping, plan: Plan) -> None:
    """No name that is added or given may be there twice, what goes included."""
    given = [key for key, _ in plan.adds]
    present = {entry.key.text for entry in mapping.entries}
    for key in given:
        if key in present:
            raise CannotWrite(f"`{key}` is set already")
    given += [task.key for task in plan.tasks.values() if task.key is not None]
    final = [
        (plan.tasks.get(index, Task()).key or entry.key.text)
        for index, entry in enumerate(mapping.entries)
        if not plan.tasks.get(index, Task()).removed
    ]
    final += [key for key, _ in plan.adds]
    for key in given:
        if final.count(key) > 1:
            raise CannotWrite(f"`{key}` would be set twice")


def checked(value: str) -> str:
    if has_control(value):
        raise CannotWrite("the value has a control character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CannotWrite("a value with a lone surrogate is no text") from None
    return value


def checked_key(key: str) -> str:
    if not key or _NOT_IN_KEY.search(key) or has_control(key):
        raise CannotWrite("the key is no name of a variable")
    return checked(key)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def replaced(text: str, start: int, end: int, new: str) -> Patch:
    """The smallest patch that makes `new` of what stands from `start` to `end`."""
    old = text[start:end]
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Patch(start + head, end - tail, new[head : len(new) - tail])


def dash(text: str, lines: Lines, start: int) -> str:
    """What stands before an item on its line: `      - `."""
    head = text[lines.start : start]
    if _DASH.fullmatch(head) is None:
        raise CannotWrite("the item does not stand on a line of its own")
    return head


def _own_lines(text: str, start: int, end: int, flow: bool) -> Lines:
    if flow:
        raise CannotWrite("the list stands on one line")
    return lines_around(text, start, end)


def removal(text: str, start: int, end: int, flow: bool) -> Patch:
    """The patch that takes an item's lines away."""
    lines = _own_lines(text, start, end, flow)
    dash(text, lines, start)
    begin = lines.start
    if lines.stop == len(text) and lines.end == lines.stop and begin > 0:
        begin -= 2 if text[:begin].endswith("\r\n") else 1
    return Patch(begin, lines.stop, "")


def joined(patches: Iterable[Patch]) -> tuple[Patch, ...]:
    """The patches in order, without those that change nothing."""
    found: list[Patch] = []
    for patch in sorted(patches, key=lambda one: (one.start, one.end)):
        if patch.start == patch.end and not patch.replacement:
            continue
        last = found[-1] if found else None
        if last is not None and patch.start < last.end:
            raise CannotWrite("the edits would overlap")
        if last is not None and (last.start, last.end) == (patch.start, patch.end):
            found[-1] = Patch(last.start, last.end, last.replacement + patch.replacement)
        else:
            found.append(patch)
    return tuple(found)


View = Callable[[SequenceNode, SourceText], "Mapping | None"]


def parsed(text: str) -> Document:
    try:
        return read("yaml", SourceText("", text))
    except FormatError as error:
        raise CannotWrite(f"the text cannot be read: {error.reason}") from None


def listed(document: Document, text: str, view: View) -> Iterator[tuple[SequenceNode, Mapping]]:
    """The lists of a document that a view shows as mappings."""
    source = SourceText("", text)
    for root in document.roots:
        for node in walk(root):
            found = view(node, source) if isinstance(node, SequenceNode) else None
            if isinstance(node, SequenceNode) and found is not None:
                yield node, found


def pairs(mapping: Mapping) -> Pairs:
    return [
        (entry.key.text, entry.value.text if isinstance(entry.value, Scalar) else None)
        for entry in mapping.entries
    ]


def verify(text: str, patches: Sequence[Patch], mapping: Mapping, plan: Plan, view: View) -> None:
    """Raise CannotWrite when the edited text says anything else than it should."""
    document = parsed(text)
    views = [found for _, found in listed(document, text, view)]
    meant = [plan.meant(one) if one == mapping else pairs(one) for one in views]
    edited = apply(text, patches)
    after = parsed(edited)
    found = [pairs(one) for _, one in listed(after, edited, view)]
    if found != meant or _others(after, edited, view) != _others(document, text, view):
        raise CannotWrite(MISREAD)


def _others(document: Document, text: str, view: View) -> list[object]:
    """Everything a document says outside of its viewed lists, in order."""
    inside: set[int] = set()
    for node, _ in listed(document, text, view):
        inside |= {id(one) for one in walk(node)}
    return [
        _said(node, inside)
        for root in document.roots
        for node in walk(root)
        if id(node) not in inside
    ]


def _said(node: Node, inside: set[int]) -> object:
    if isinstance(node, Scalar):
        return node.value, node.text
    if isinstance(node, Mapping):
        return tuple(entry.key.text for entry in node.entries)
    return len(node.items)
