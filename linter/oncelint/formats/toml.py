"""TOML 1.0: tomli decides what is TOML, tree-sitter's grammar gives the places.

Tables, dotted keys and arrays of tables become nested mappings in the order in which their keys
first appear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from oncelint.formats.guards import (
    MAX_NUMBER,
    check,
    check_count,
    check_depth,
    without_lone_surrogates,
)
from oncelint.formats.tree import (
    Comment,
    Document,
    Entry,
    FormatError,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Style,
)
from oncelint.model.values import Scalar as ScalarValue
from oncelint.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node as SyntaxNode

    from oncelint.formats.syntax_tree import SyntaxTree

_PLACE = re.compile(r" ?\(at (?:line (\d+), column (\d+)|end of document)\)$")
_DECIMAL = re.compile(r"[+-]?[0-9]+")


@dataclass(slots=True)
class _Table:
    """A table that later headers and dotted keys may still extend."""

    start: int
    end: int
    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, _Growing] = field(default_factory=dict)
    empty: bool = True

    def cover(self, start: int, end: int) -> None:
        """Enclose another entry; an empty table stands right behind its header."""
        self.start = start if self.empty else min(self.start, start)
        self.end = end if self.empty else max(self.end, end)
        self.empty = False


@dataclass(slots=True)
class _Tables:
    """An array of tables; headers with its name append to it."""

    items: list[_Table]


_Growing: TypeAlias = "_Table | _Tables | Node"


def read(text: Text) -> Document:
    """Read a TOML text; its root is one mapping.

    A table encloses its entries, and an empty one stands right behind its header. Dates and
    times keep their literal as the value, as does a number too long to convert.

    Raises FormatError with the place tomli reports.
    """
    import tomli  # only this format needs it

    source = without_lone_surrogates(text.text)
    check(source, "toml")
    try:
        tomli.loads(source)
    except tomli.TOMLDecodeError as error:
        raise FormatError(*_complaint(source, error)) from None
    except (RecursionError, ValueError, OverflowError) as error:
        # an integer of thousands of digits, a date that does not exist
        raise FormatError(str(error)) from None
    return _Reader(source).document()


def _complaint(source: str, error: ValueError) -> tuple[str, int]:
    message = str(error)
    place = _PLACE.search(message)
    if place is None:
        return message, 0
    reason = message[: place.start()]
    if place.group(1) is None:
        return reason, len(source)
    # tomli counts lines by LF alone, after turning CR LF into LF.
    start = 0
    for _ in range(int(place.group(1)) - 1):
        start = source.find("\n", start) + 1
    return reason, min(start + int(place.group(2)) - 1, len(source))


class _Reader:
    """Builds tables from syntax nodes; the depth is limited, so recursion is safe."""

    def __init__(self, source: str) -> None:
        import tree_sitter_toml  # native code, needed only here

        from oncelint.formats.syntax_tree import SyntaxTree

        self.source = source
        self.tree: SyntaxTree = SyntaxTree(source, tree_sitter_toml.language)
        self.comments: list[Comment] = []
        self.count = 0

    def document(self) -> Document:
        root = self.tree.root
        if root.has_error:
            raise FormatError("not TOML 1.0", self.tree.first_error())
        whole = _Table(0, 0)
        for child in root.children:
            if child.type == "pair":
                self._pair(child, whole, 0)
            elif child.type in ("table", "table_array_element"):
                self._table(child, whole)
            elif child.type == "comment":
                self._comment(child)
        whole.start, whole.end = 0, len(self.source)
        frozen = _frozen(whole)
        comments = tuple(sorted(self.comments, key=lambda comment: comment.start))
        return Document((frozen,), comments)

    def _comment(self, syntax: SyntaxNode) -> None:
        start, end = self.tree.extent(syntax)
        written = self.source[start:end].rstrip()
        self.comments.append(Comment(start, start + len(written), written[1:].strip()))

    def _table(self, syntax: SyntaxNode, whole: _Table) -> None:
        array = syntax.type == "table_array_element"
        header, *rest = syntax.named_children
        close = next(child for child in syntax.children if child.type in ("]", "]]"))
        behind = self.tree.offset(close.end_byte)
        keys = self._keys(header)
        path = [whole]
        for key in keys[:-1]:
            path.append(_descend(path[-1], key, behind))
        path.append(_opened(path[-1], keys[-1], behind, array))
        for child in rest:
            if child.type == "pair":
                self._pair(child, path[-1], len(keys))
            elif child.type == "comment":
                self._comment(child)
        for index, key in enumerate(keys):
            path[index].cover(key.start, path[-1].end)

    def _pair(self, syntax: SyntaxNode, table: _Table, depth: int) -> None:
        # A comment behind the value is part of the grammar's pair.
        key_syntax, value_syntax, *comments = syntax.named_children
        for comment in comments:
            self._comment(comment)
        keys = self._keys(key_syntax)
        value = self._value(value_syntax, depth + len(keys))
        for key in keys[:-1]:
            table.cover(key.start, value.end)
            table = _descend(table, key, key.end)
        table.cover(keys[-1].start, value.end)
        table.keys[keys[-1].text] = keys[-1]
        table.values[keys[-1].text] = value

    def _keys(self, syntax: SyntaxNode) -> list[Scalar]:
        """The parts of a dotted key, which the grammar nests to the left."""
        parts: list[Scalar] = []
        while syntax.type == "dotted_key":
            syntax, right = syntax.named_children
            parts.append(self._string(right))
        parts.append(self._string(syntax))
        return parts[::-1]

    def _value(self, syntax: SyntaxNode, depth: int) -> Node:
        start, end = self.tree.extent(syntax)
        check_depth(depth, start)
        self.count += 1
        check_count(self.count, start)
        if syntax.type == "string":
            return self._string(syntax)
        if syntax.type not in ("array", "inline_table"):
            written = self.source[start:end]
            return Scalar(start, end, _literal(syntax.type, written), written)
        items: list[Node] = []
        table = _Table(start, end)
        for child in syntax.named_children:
            if child.type == "comment":
                self._comment(child)
            elif child.type == "pair":
                self._pair(child, table, depth)
            else:
                items.append(self._value(child, depth + 1))
        if syntax.type == "array":
            return Sequence(start, end, tuple(items))
        table.start, table.end = start, end
        return _frozen(table)

    def _string(self, syntax: SyntaxNode) -> Scalar:
        """A string or key, quoted or bare."""
        start, end = self.tree.extent(syntax)
        written = self.source[start:end]
        if written[0] not in "\"'":
            return Scalar(start, end, written, written)
        style: Style = "double" if written[0] == '"' else "single"
        text = written[1:-1]
        if "\\" in text or written.startswith(('"""', "'''")):
            import tomli  # loaded by now

            text = tomli.loads(f"v = {written}")["v"]
        return Scalar(start, end, text, text, style)


def _descend(table: _Table, key: Scalar, place: int) -> _Table:
    """The table that `key` names in `table`: the newest of an array, a new one if there is none."""
    known = table.values.get(key.text)
    if isinstance(known, _Tables):
        return known.items[-1]
    if isinstance(known, _Table):
        return known
    made = _Table(place, place)
    table.keys[key.text] = key
    table.values[key.text] = made
    return made


def _opened(parent: _Table, key: Scalar, behind: int, array: bool) -> _Table:
    """The table that a header with the last part `key` opens."""
    known = parent.values.get(key.text)
    if not array:
        # A header of one of its subtables may have made it already.
        return _descend(parent, key, behind)
    table = _Table(behind, behind)
    if isinstance(known, _Tables):
        known.items.append(table)
    else:
        parent.keys[key.text] = key
        parent.values[key.text] = _Tables([table])
    return table


def _frozen(growing: _Growing) -> Node:
    if isinstance(growing, _Table):
        entries = tuple(
            Entry(growing.keys[name], _frozen(value)) for name, value in growing.values.items()
        )
        return Mapping(growing.start, growing.end, entries)
    if isinstance(growing, _Tables):
        items = tuple(_frozen(item) for item in growing.items)
        return Sequence(items[0].start, items[-1].end, items)
    return growing


def _literal(kind: str, written: str) -> ScalarValue:
    """The value of a literal that is no string; dates and times keep their text."""
    if kind == "boolean":
        return written == "true"
    if len(written) > MAX_NUMBER:
        return written
    digits = written.replace("_", "")
    if kind == "float":
        return float(digits)
    if kind == "integer":
        return int(digits) if _DECIMAL.fullmatch(digits) else int(digits, 0)
    return written
