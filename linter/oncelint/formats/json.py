"""JSON (RFC 8259), with `//` and `/* */` comments as editors' settings files have them.

Python's json decides what is JSON and where it is not; tree-sitter's grammar gives the places.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from oncelint.formats.guards import (
    MAX_NUMBER,
    check,
    check_count,
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
)
from oncelint.model.values import Scalar as ScalarValue
from oncelint.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node as SyntaxNode

    from oncelint.formats.syntax_tree import SyntaxTree

_STRING = r'"(?:[^"\\\r\n]|\\.)*"?'
_COMMENT = re.compile(rf"{_STRING}|//[^\r\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_CONSTANT = re.compile(rf"{_STRING}|-?Infinity|NaN", re.DOTALL)
_EXPONENT = re.compile(rf"{_STRING}|[eE]\+", re.DOTALL)
_COMMAND = re.compile(r"\s*(?:\$ )?curl\s")
_VISIBLE = re.compile(r"[^\r\n]")


def read(text: Text) -> Document:
    """Read a JSON text; its one root is any JSON value.

    Duplicate keys stay. A number too long to convert keeps its literal as the value. A text that is
    a command with JSON among its arguments has no root (`formats/hosts/json.py` looks into it).

    Raises FormatError with the first place at which the text is no JSON: `NaN`, trailing commas
    and control characters in strings included.
    """
    source = without_lone_surrogates(text.text)
    check(source, "json")
    if is_command(source):
        return Document(())
    comments: tuple[Comment, ...] = ()
    try:
        _validate(source)
    except FormatError:
        comments = _comments(source)
        if not comments:
            raise
        source = _blanked(source, comments)
        _validate(source)
    return Document((_Reader(source).root(),), comments)


def is_command(source: str) -> bool:
    """Whether a text is no JSON but the command that sends some, as people keep it beside its file."""
    return _COMMAND.match(source) is not None


def _validate(source: str) -> None:
    """Raise FormatError unless `source` is JSON; numbers stay text, for they may be huge."""

    def refuse(constant: str) -> str:
        places = (
            match.start() for match in _CONSTANT.finditer(source) if match.group() == constant
        )
        raise FormatError(f"{constant} is no JSON value", next(places, 0))

    try:
        json.loads(source, parse_int=str, parse_float=str, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise FormatError(error.msg, error.pos) from None


def _comments(source: str) -> tuple[Comment, ...]:
    found: list[Comment] = []
    for match in _COMMENT.finditer(source):
        written = match.group()
        if written.startswith('"'):
            continue
        if written.startswith("//"):
            written = written.rstrip()
            content = written[2:]
        elif len(written) >= 4 and written.endswith("*/"):
            content = written[2:-2]
        else:
            raise FormatError("a comment that is never closed", match.start())
        found.append(Comment(match.start(), match.start() + len(written), content.strip()))
    return tuple(found)


def _blanked(source: str, comments: tuple[Comment, ...]) -> str:
    """`source` with blanks for comments, every character staying where it is."""
    parts: list[str] = []
    place = 0
    for comment in comments:
        parts.append(source[place : comment.start])
        parts.append(_VISIBLE.sub(" ", source[comment.start : comment.end]))
        place = comment.end
    parts.append(source[place:])
    return "".join(parts)


def _without_plus(source: str) -> str:
    """`source` with `e0` for the `e+` of numbers, which the grammar does not know."""
    return _EXPONENT.sub(lambda found: "e0" if found[0] in ("e+", "E+") else found[0], source)


class _Reader:
    """Builds nodes from syntax nodes; the depth is limited, so recursion is safe."""

    def __init__(self, source: str) -> None:
        import tree_sitter_json  # native code, needed only here

        from oncelint.formats.syntax_tree import SyntaxTree

        self.source = source
        plain = _without_plus(source) if "e+" in source or "E+" in source else source
        self.tree: SyntaxTree = SyntaxTree(plain, tree_sitter_json.language)
        self.count = 0

    def root(self) -> Node:
        values = self.tree.root.named_children
        if self.tree.root.has_error or len(values) != 1:
            raise FormatError("not JSON", self.tree.first_error())
        return self._node(values[0])

    def _node(self, syntax: SyntaxNode) -> Node:
        start, end = self.tree.extent(syntax)
        self.count += 1
        check_count(self.count, start)
        if syntax.type == "object":
            return Mapping(start, end, tuple(self._entry(pair) for pair in syntax.named_children))
        if syntax.type == "array":
            return Sequence(start, end, tuple(self._node(item) for item in syntax.named_children))
        return self._scalar(start, end)

    def _entry(self, pair: SyntaxNode) -> Entry:
        key, value = pair.named_children
        start, end = self.tree.extent(key)
        return Entry(self._scalar(start, end), self._node(value))

    def _scalar(self, start: int, end: int) -> Scalar:
        written = self.source[start:end]
        if written.startswith('"'):
            decoded = written[1:-1]
            if "\\" in decoded:
                decoded = without_lone_surrogates(json.loads(written))
            return Scalar(start, end, decoded, decoded, "double")
        return Scalar(start, end, _literal(written), written)


def _literal(written: str) -> ScalarValue:
    if written == "null":
        return None
    if written in ("true", "false"):
        return written == "true"
    if len(written) > MAX_NUMBER:
        return written
    value: int | float = json.loads(written)
    return value
