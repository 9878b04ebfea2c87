"""What the tests of the line formats' writers share."""

from __future__ import annotations

from collections.abc import Sequence

from oncelint.formats import read
from oncelint.formats.operations import Add, Change, Operation, Remove, Rename, render
from oncelint.formats.tree import Entry, Mapping
from oncelint.model.values import Scalar
from oncelint.patches import apply
from oncelint.text import SourceText


def edited(kind: str, text: str, *edits: Sequence[Scalar], section: str = "") -> str:
    """`text` after edits such as ("add", key, value), ("change", key, value), ("remove", key) and
    ("rename", key, key)."""
    mapping = read(kind, SourceText("", text)).roots[0]
    assert isinstance(mapping, Mapping)
    if section:
        inner = mapping.get(section)
        assert isinstance(inner, Mapping)
        mapping = inner
    operations = [_operation(mapping, edit) for edit in edits]
    return apply(text, render(kind, text, mapping, operations))


def _operation(mapping: Mapping, edit: Sequence[Scalar]) -> Operation:
    name, key = edit[0], str(edit[1])
    if name == "add":
        return Add(key, edit[2])
    entry: Entry = next(entry for entry in mapping.entries if entry.key.text == key)
    if name == "change":
        return Change(entry, edit[2])
    return Remove(entry) if name == "remove" else Rename(entry, str(edit[2]))
