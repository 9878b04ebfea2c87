"""What the writers of YAML, JSON, TOML, HCL and SQL share: what becomes of each entry. Its spelling,
lines and brackets are modules beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from oncelint.formats.operations import Add, Change, Operation, Remove, Rename
from oncelint.formats.tree import Entry, Mapping, Scalar
from oncelint.formats.writing.trees.spelling import (
    Item,
    Notation,
    encodable,
    new_key,
    new_value,
    renamed,
    separator,
)
from oncelint.model.values import Scalar as ScalarValue
from oncelint.model.values import scalar_text
from oncelint.patches import CannotWrite, Patch


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to each item, by its index."""

    values: dict[int, ScalarValue] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    removed: frozenset[int] = frozenset()
    adds: tuple[Add, ...] = ()


def plan(
    mapping: Mapping, items: Sequence[Item], operations: Sequence[Operation], elsewhere: str
) -> Plan:
    """Sort `operations` by item; `elsewhere` is the reason for an entry that has no item.

    Keys are compared as they are when everything is done: what is removed makes room.

    Raises CannotWrite for contradictions, for keys that would be there twice, and with the
    items' own reasons.
    """
    values: dict[int, ScalarValue] = {}
    keys: dict[int, str] = {}
    removed: set[int] = set()
    adds: list[Add] = []
    for operation in operations:
        if isinstance(operation, Add):
            encodable(operation.key, operation.value)
            adds.append(operation)
            continue
        index = _index(mapping, items, operation.entry, elsewhere)
        item, name = items[index], operation.entry.key.text
        if isinstance(operation, Change):
            encodable(operation.value)
            if index in values:
                raise CannotWrite(f"{name} is changed twice at once")
            if not _is(operation.entry, operation.value):
                _refuse(name, item.no_change)
                values[index] = operation.value
        elif isinstance(operation, Rename):
            encodable(operation.key)
            if index in keys:
                raise CannotWrite(f"{name} is renamed twice at once")
            if operation.key != name:
                _refuse(name, item.no_rename)
            keys[index] = operation.key
        else:
            _refuse(name, item.no_remove)
            removed.add(index)
    touched = {
        _index(mapping, items, operation.entry, elsewhere)
        for operation in operations
        if isinstance(operation, Change | Rename)
    }
    removals = sum(isinstance(operation, Remove) for operation in operations)
    if removed & touched or removals > len(removed):
        raise CannotWrite("an entry is removed and edited at once")
    _check_keys(mapping, items, keys, removed, adds)
    keys = {index: key for index, key in keys.items() if key != _name(items[index])}
    return Plan(values, keys, frozenset(removed), tuple(adds))


def _name(item: Item) -> str:
    return item.entry.key.text if item.entry else ""


def _refuse(name: str, reason: str | None) -> None:
    if reason is not None:
        raise CannotWrite(f"{name}: {reason}")


def _index(mapping: Mapping, items: Sequence[Item], entry: Entry, elsewhere: str) -> int:
    for index, item in enumerate(items):
        if item.entry is entry:
            return index
    # The nodes of a merged entry are those of its owner.
    for index, item in enumerate(items):
        if item.entry and item.entry.key == entry.key and item.entry.value == entry.value:
            return index
    name = entry.key.text
    if entry.merged:
        raise CannotWrite(f"{name}: it comes in by a merge key and is written in another mapping")
    if any(own.key == entry.key for own in mapping.entries):
        raise CannotWrite(f"{name}: {elsewhere}")
    raise CannotWrite(f"{name}: it is no entry of this mapping")


def _is(entry: Entry, value: ScalarValue) -> bool:
    """Whether the entry has this value already, as text where it is written as text."""
    node = entry.value
    if not isinstance(node, Scalar):
        return False
    if node.style != "plain" and value is not None:
        return node.value == scalar_text(value)
    return type(node.value) is type(value) and node.value == value


def _check_keys(
    mapping: Mapping,
    items: Sequence[Item],
    keys: dict[int, str],
    removed: set[int],
    adds: Sequence[Add],
) -> None:
    """Refuse a new key that is there already."""
    gone = {id(items[index].entry) for index in (*removed, *keys)}
    final = {entry.key.text for entry in mapping.entries if not (entry.merged or id(entry) in gone)}
    new = [key for _, key in sorted(keys.items())] + [add.key for add in adds if not add.within]
    new += dict.fromkeys(add.within for add in adds if add.within)
    inner = Counter((add.within, add.key) for add in adds if add.within)
    if any(count > 1 for count in inner.values()):
        raise CannotWrite("a setting would be set twice")
    renamed_to_itself = {keys[index] for index in keys if keys[index] == _name(items[index])}
    for key in new:
        if key in final and key not in renamed_to_itself:
            raise CannotWrite(f"{key} is there already")
        final.add(key)


def token_patches(text: str, items: Sequence[Item], work: Plan, notation: Notation) -> list[Patch]:
    """The patches of keys and values that stay where they are."""
    patches: list[Patch] = []
    for index, key in work.keys.items():
        entry = items[index].entry
        assert entry is not None
        patches.append(Patch(*items[index].key, renamed(text, entry.key, key, notation)))
    for index, value in work.values.items():
        item = items[index]
        entry = item.entry
        assert entry is not None
        assert isinstance(entry.value, Scalar)
        beside = [scalar for scalar in scalars(items) if scalar is not entry.value]
        written = new_value(text, beside, value, notation, entry.value)
        start, end = item.value
        if start == end:
            # Nothing is written yet, not even the sign perhaps.
            sign = text[item.label[1] : start].strip()
            written = (" " if sign else ": ") + written
        patches.append(Patch(start, end, written))
    return patches


def scalars(items: Iterable[Item]) -> list[Scalar]:
    """The scalar values of the mapping's own entries."""
    return [
        item.entry.value for item in items if item.entry and isinstance(item.entry.value, Scalar)
    ]


def new_entries(
    text: str,
    items: Sequence[Item],
    work: Plan,
    notation: Notation,
    sign: str,
    prefix: str = "",
    below: str | None = None,
) -> list[str]:
    """The entries that are added, as written; `prefix` stands before each key.

    What goes into a mapping of its own has a dotted key before the sign `=`. Otherwise the mapping
    stands in braces, or, with `below`, on lines below its key, each behind that.
    """
    keys = [item.entry.key for item in items if item.entry]
    written: list[str] = []
    groups: dict[str, list[Add]] = {}
    for add in work.adds:
        groups.setdefault(add.within, []).append(add)
    for within, adds in groups.items():
        outer = new_key(text, keys, within, notation) if within else ""
        dotted = f"{outer}." if outer and sign == "=" else ""
        entries: list[str] = []
        for add in adds:
            key = prefix + dotted + new_key(text, keys, add.key, notation)
            beside = not outer or dotted  # what stands deeper has a column of its own
            between = separator(text, items, len(key), sign) if beside else f"{sign} "
            if sign == ":" and between[-1] == ":" and key[-1] not in "\"'":
                between += " "
            entries.append(key + between + new_value(text, scalars(items), add.value, notation))
        if not outer or dotted:
            written += entries
        elif below is not None:
            written.append(f"{prefix}{outer}:" + "".join(below + one for one in entries))
        else:
            written.append(f"{prefix}{outer}: {{{', '.join(entries)}}}")
    return written


def joined(patches: Iterable[Patch]) -> tuple[Patch, ...]:
    """The patches in order, those that touch as one; of two at one place the first comes first."""
    result: list[Patch] = []
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.end)):
        if not patch.replacement and patch.start == patch.end:
            continue
        if result and patch.start <= result[-1].end:
            above = result.pop()
            if patch.start < above.end:
                raise CannotWrite("the edits overlap")
            patch = Patch(above.start, patch.end, above.replacement + patch.replacement)
        result.append(patch)
    return tuple(result)
