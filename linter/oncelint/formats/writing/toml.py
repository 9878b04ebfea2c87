"""TOML 1.0: tables with headers, dotted keys and inline tables."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from oncelint.formats.guards import without_lone_surrogates
from oncelint.formats.operations import Operation
from oncelint.formats.toml import _Reader
from oncelint.formats.tree import Mapping, Node, Scalar
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.formats.writing.trees import joined, new_entries, plan, token_patches
from oncelint.formats.writing.trees.brackets import Brackets, bracket_patches
from oncelint.formats.writing.trees.lines import Lines, inserted_lines, line_patches
from oncelint.formats.writing.trees.spelling import Item, separator
from oncelint.model.values import Scalar as ScalarValue
from oncelint.patches import CannotWrite, Patch

if TYPE_CHECKING:
    from tree_sitter import Node as SyntaxNode

_BREAKS = r"\r?\n"
_COMMENT = r"#[^\n]*(?<!\r)"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True)
class _Pair:
    """`keys = value` as written."""

    keys: tuple[Scalar, ...]
    value: tuple[int, int]

    @property
    def start(self) -> int:
        return self.keys[0].start


@dataclass(frozen=True, slots=True)
class _Holder:
    """What keys stand under: a header (`start` to `end`), an inline table, or the beginning.

    `explicit` is False for a table that is written nowhere itself.
    """

    path: _Path
    start: int
    end: int
    inline: bool = False
    explicit: bool = True
    pairs: list[_Pair] = field(default_factory=list)


def render(text: str, mapping: Mapping, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches that carry out `operations` on a table, offsets in code points.

    A new key stands behind the last one of its table and before what leads the next header; in a
    table made by dotted keys behind the last of these, with their prefix. A key that holds a dot
    is quoted, for bare it would name a table. With its last key goes a table of dotted keys, while
    one with a header stays.

    Raises CannotWrite as `oncelint.formats.writing.trees.plan` does, for a value that is an array
    or table, for an entry that is a table of several lines, for a new key in a table that only
    headers of its subtables make, and for nothing (null), which TOML lacks.
    """
    layout = _Layout(text)
    path = layout.path(mapping)
    holder = layout.holder(path)
    depth = len(path) - len(holder.path)
    pairs = holder.pairs
    items = [_item(pair, mapping, depth) for pair in pairs]
    notation = _Toml()
    work = plan(mapping, items, operations, "it is a table of its own")
    if work.adds and not (holder.explicit or depth):
        raise CannotWrite("the table has no header of its own")
    alike = [index for index, pair in enumerate(pairs) if _names(pair, path[len(holder.path) :])]
    after = alike[-1] if alike else len(items) - 1
    prefix = text[pairs[after].keys[0].start : pairs[after].keys[depth - 1].end] if depth else ""
    lines = Lines(text, _BREAKS, _COMMENT)
    added = new_entries(text, items, work, notation, "=", f"{prefix}." if depth else "")
    tokens = token_patches(text, items, work, notation)
    if holder.inline:
        brackets = Brackets(lines, holder.start + 1, holder.end - 1, items)
        compact = separator(text, items, 0, "=").endswith("=")
        return joined([*tokens, *bracket_patches(brackets, work.removed, added, compact)])
    if items or not added:
        return joined([*tokens, *line_patches(lines, items, work.removed, added, after)])
    return (_under_header(lines, holder, added),)


def _under_header(lines: Lines, holder: _Holder, added: Sequence[str]) -> Patch:
    """The first keys of a table."""
    if holder.path:
        return inserted_lines(lines, lines.next(holder.end), lines.indent(holder.start), added)
    place = holder.end
    if place < len(lines.text):
        # What leads the first header stays with it.
        place = lines.start(place)
        while place and lines.text[lines.start(place - 1) : place].lstrip().startswith("#"):
            place = lines.start(place - 1)
    return inserted_lines(lines, place, "", added)


def _item(pair: _Pair, mapping: Mapping, depth: int) -> Item:
    """A pair of the table, or one that stands beside them."""
    key, value = pair.keys[-1], pair.value
    own = [entry for entry in mapping.entries if entry.key.start == key.start]
    nested = own and not isinstance(own[0].value, Scalar)
    return Item(
        own[0] if own and len(pair.keys) == depth + 1 else None,
        pair.start,
        value[1],
        (pair.start, key.end),
        (key.start, key.end),
        value,
        "its value is an array or table" if nested else None,
    )


def _names(pair: _Pair, path: _Path) -> bool:
    """Whether the first parts of a dotted key are `path`."""
    return bool(path) and tuple(key.text for key in pair.keys[: len(path)]) == path


class _Layout:
    """Where the tables of a text are written, which the reader's tree does not tell."""

    def __init__(self, text: str) -> None:
        self.reader = _Reader(without_lone_surrogates(text))
        (self.root,) = self.reader.document().roots
        self.arrays: dict[_Path, int] = {}
        self.holders: list[_Holder] = [_Holder((), 0, 0)]
        headers: list[int] = []
        for syntax in self.reader.tree.root.children:
            if syntax.type == "pair":
                self._pair(syntax, self.holders[0])
            elif syntax.type in ("table", "table_array_element"):
                headers.append(self.reader.tree.extent(syntax)[0])
                self._table(syntax)
        end = headers[0] if headers else len(text)
        self.holders[0] = _Holder((), 0, end, pairs=self.holders[0].pairs)

    def path(self, mapping: Mapping) -> _Path:
        """The keys and indices that lead to `mapping`, which the reader made of the same text."""
        stack: list[tuple[_Path, Node]] = [((), self.root)]
        wanted = (mapping.start, mapping.end, len(mapping.entries))
        while stack:
            path, node = stack.pop()
            if isinstance(node, Mapping):
                if (node.start, node.end, len(node.entries)) == wanted:
                    return path
                stack += [((*path, entry.key.text), entry.value) for entry in node.entries]
            elif isinstance(node, SequenceNode):
                stack += [((*path, index), item) for index, item in enumerate(node.items)]
        raise CannotWrite("the table is not where it was read")

    def holder(self, path: _Path) -> _Holder:
        """What the keys of the table at `path` stand under; its path may be shorter."""
        found = [holder for holder in self.holders if holder.path == path]
        if found:
            return found[0]
        for holder in reversed(self.holders):
            depth = len(holder.path)
            if path[:depth] == holder.path:
                if any(_names(pair, path[depth:]) for pair in holder.pairs):
                    return holder
        return _Holder(path, 0, 0, explicit=False)

    def _table(self, syntax: SyntaxNode) -> None:
        header = syntax.named_children[0]
        *parents, name = self.reader._keys(header)
        path: _Path = ()
        for key in parents:
            path = self._newest((*path, key.text))
        path = (*path, name.text)
        if syntax.type == "table_array_element":
            self.arrays[path] = self.arrays.get(path, 0) + 1
            path = self._newest(path)
        holder = _Holder(path, self.reader.tree.extent(syntax)[0], name.end)
        self.holders.append(holder)
        for child in syntax.children:
            if child.type == "pair":
                self._pair(child, holder)

    def _newest(self, path: _Path) -> _Path:
        """Headers name the newest table of an array."""
        return (*path, self.arrays[path] - 1) if path in self.arrays else path

    def _pair(self, syntax: SyntaxNode, holder: _Holder) -> None:
        key, value = syntax.named_children[:2]
        keys = tuple(self.reader._keys(key))
        holder.pairs.append(_Pair(keys, self.reader.tree.extent(value)))
        self._value(value, (*holder.path, *(key.text for key in keys)))

    def _value(self, syntax: SyntaxNode, path: _Path) -> None:
        if syntax.type == "inline_table":
            holder = _Holder(path, *self.reader.tree.extent(syntax), inline=True)
            self.holders.append(holder)
            for child in syntax.named_children:
                if child.type == "pair":
                    self._pair(child, holder)
        elif syntax.type == "array":
            items = [child for child in syntax.named_children if child.type != "comment"]
            for index, item in enumerate(items):
                self._value(item, (*path, index))


class _Toml:
    """Keys may be bare, texts never are."""

    def plain(self, text: str, key: bool) -> str | None:
        return text if key and _BARE.fullmatch(text) else None

    def quoted(self, text: str, quotes: str, key: bool) -> str:
        if quotes == "'" and "'" not in text and not _CONTROL.search(text):
            return f"'{text}'"
        if quotes == "'''" and not (key or _CONTROL.search(text)):
            if "'''" not in text and not text.endswith("'"):
                return f"'''{text}'''"
        written = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        return f'""{written}""' if quotes == '"""' and not key else written

    def native(self, value: ScalarValue) -> str:
        if value is None:
            raise CannotWrite("TOML has no null")
        return repr(value).lower()
