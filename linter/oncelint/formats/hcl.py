"""HCL 2, the language of Terraform: tree-sitter's grammar gives both structure and places.

A block is nested by its labels, as Terraform's own JSON syntax has it: `resource "kafka_topic" "x"
{ … }` is `{resource: {kafka_topic: {x: {…}}}}`, and blocks of one name are entries of one key. What
has to be computed is a text with `${…}`, a bare reference among them: `var.zone` reads `${var.zone}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
)
from oncelint.model.values import Scalar as ScalarValue
from oncelint.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node as SyntaxNode

    from oncelint.formats.syntax_tree import SyntaxTree

# Terraform's functions that give their argument back as it is, or as a text that others decode.
_TRANSPARENT = frozenset({"jsonencode", "yamlencode", "tomap", "toset", "tolist"})
_WRAPPERS = frozenset({"expression", "literal_value", "collection_value", "template_expr"})
_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([$%])\4\{")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
# What tree-sitter's recovery from errors takes seconds for, and no configuration has.
_HOSTILE = re.compile(r"(?<!\")\"{500}|(?<![^\S\n])[^\S\n]{5000}")
_HEREDOC = re.compile(r"<<(-?)([^\s<-][^\r\n]*?)[ \t]*\r?\n")


def read(text: Text) -> Document:
    """Read an HCL text; its root is one mapping.

    Raises FormatError with the first place at which the text is no HCL.
    """
    source = without_lone_surrogates(text.text)
    check(source, "hcl")
    hostile = _HOSTILE.search(source)
    if hostile is not None:
        raise FormatError("a run of quotes or blanks too long for HCL", hostile.start())
    return HclReader(source).document()


@dataclass(frozen=True, slots=True)
class Heredoc:
    """What a heredoc says. `start` and `end` enclose the lines between its markers, of which each
    loses `indent` blanks (`<<-`); `marker` is the word that closes it."""

    start: int
    end: int
    indent: int
    marker: str


def heredoc(source: str, scalar: Scalar) -> Heredoc | None:
    """The parts of a scalar that is written as a heredoc; None for another one."""
    match = _HEREDOC.match(source, scalar.start, scalar.end)
    if match is None:
        return None
    last = max(source.rfind("\n", match.end() - 1, scalar.end), match.end() - 1) + 1
    lines = source[match.end() : last].splitlines(keepends=True)
    # the closing marker's own indentation counts as little as that of blank lines
    margins = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    indent = min(margins, default=0) if match.group(1) else 0
    return Heredoc(match.end(), last, indent, match.group(2))


class HclReader:
    """Builds nodes from syntax nodes; the depth is limited, so recursion is safe."""

    def __init__(self, source: str) -> None:
        import tree_sitter_hcl  # native code, needed only here

        from oncelint.formats.syntax_tree import SyntaxTree

        self.source = source
        self.tree: SyntaxTree = SyntaxTree(source, tree_sitter_hcl.language)
        self.bodies: set[int] = set()
        """Where the bodies of blocks begin, by which they are told from maps."""
        self.count = 0

    def document(self) -> Document:
        root = self.tree.root
        if root.has_error:
            raise FormatError("not HCL", self.tree.first_error())
        entries: list[Entry] = []
        for child in root.named_children:
            if child.type == "body":
                entries.extend(self._entries(child, 0))
        comments = sorted(self._comments(), key=lambda comment: comment.start)
        return Document((Mapping(0, len(self.source), tuple(entries)),), tuple(comments))

    def _comments(self) -> list[Comment]:
        found: list[Comment] = []
        stack = [self.tree.root]
        while stack:
            top = stack.pop()
            if top.type == "comment":
                start, end = self.tree.extent(top)
                written = self.source[start:end].rstrip()
                content = written[2:-2] if written.startswith("/*") else written.lstrip("#/")
                found.append(Comment(start, start + len(written), content.strip()))
            else:
                stack.extend(top.named_children)
        return found

    def _entries(self, body: SyntaxNode, depth: int) -> list[Entry]:
        found: list[Entry] = []
        for child in body.named_children:
            if child.type == "attribute":
                name, value = (one for one in child.named_children if one.type != "comment")
                found.append(Entry(self._key(name), self._node(value, depth + 1)))
            elif child.type == "block":
                found.append(self._block(child, depth + 1))
        return found

    def _block(self, block: SyntaxNode, depth: int) -> Entry:
        labels = [self._key(one) for one in block.children if one.type in _LABELS]
        start = next(
            self.tree.extent(one)[0] for one in block.children if one.type == "block_start"
        )
        end = self.tree.extent(block)[1]
        check_depth(depth + len(labels), start)
        entries = [
            entry
            for one in block.named_children
            if one.type == "body"
            for entry in self._entries(one, depth + len(labels))
        ]
        self.count += len(labels)
        check_count(self.count, start)
        self.bodies.add(start)
        node = Mapping(start, end, tuple(entries))
        for label in reversed(labels[1:]):
            node = Mapping(label.start, end, (Entry(label, node),))
        return Entry(labels[0], node)

    def _key(self, syntax: SyntaxNode) -> Scalar:
        start, end = self.tree.extent(syntax)
        return _scalar(self.source, start, end)

    def _node(self, syntax: SyntaxNode, depth: int) -> Node:
        start, end = self.tree.extent(syntax)
        check_depth(depth, start)
        self.count += 1
        check_count(self.count, start)
        inner = _unwrapped(syntax)
        if inner.type == "object":
            return self._object(inner, depth)
        if inner.type == "tuple":
            items = [one for one in inner.named_children if one.type == "expression"]
            return Sequence(start, end, tuple(self._node(one, depth + 1) for one in items))
        if inner.type == "function_call":
            called = self._called(inner, depth)
            if called is not None:
                return called
        return _scalar(self.source, start, end)

    def _object(self, syntax: SyntaxNode, depth: int) -> Mapping:
        start, end = self.tree.extent(syntax)
        entries: list[Entry] = []
        for element in syntax.named_children:
            if element.type != "object_elem":
                continue
            parts = [one for one in element.named_children if one.type == "expression"]
            if len(parts) == 2:
                entries.append(Entry(self._key(parts[0]), self._node(parts[1], depth + 1)))
        computed = any(entry.key.text.startswith(("(", "${")) for entry in entries)
        reason = "a key that is computed" if computed else None
        return Mapping(start, end, tuple(entries), reason)

    def _called(self, call: SyntaxNode, depth: int) -> Node | None:
        """What a function gives where its arguments show it; None where they do not."""
        name = next(one for one in call.named_children if one.type == "identifier")
        function = (name.text or b"").decode()
        arguments = [
            argument
            for one in call.named_children
            if one.type == "function_arguments"
            for argument in one.named_children
            if argument.type == "expression"
        ]
        if function in _TRANSPARENT and len(arguments) == 1:
            node = self._node(arguments[0], depth + 1)
            return node if isinstance(node, (Mapping, Sequence)) else None
        if function == "merge":
            objects = [one for one in arguments if _unwrapped(one).type == "object"]
            # later maps win: only what stands in the last argument is sure to count
            if len(objects) == 1 and arguments[-1].start_byte == objects[0].start_byte:
                node = self._object(_unwrapped(objects[0]), depth + 1)
                reason = "a map that is merged in" if len(arguments) > 1 else node.open_reason
                return Mapping(node.start, node.end, node.entries, reason)
        return None


_LABELS = ("identifier", "string_lit")


def _unwrapped(syntax: SyntaxNode) -> SyntaxNode:
    """The node inside the grammar's layers around a single value."""
    while syntax.type in _WRAPPERS:
        inner = [one for one in syntax.named_children if one.type != "comment"]
        if len(inner) != 1:
            break
        syntax = inner[0]
    return syntax


def _scalar(source: str, start: int, end: int) -> Scalar:
    """A literal, a template, or an expression, which becomes a text with `${…}`."""
    written = source[start:end]
    if written.startswith("<<"):
        whole = Scalar(start, end, "", "", "block")
        found = heredoc(source, whole)
        if found is not None:
            lines = source[found.start : found.end].splitlines(keepends=True)
            content = "".join(
                line[min(found.indent, len(line) - len(line.lstrip(" \t"))) :] for line in lines
            )
            return Scalar(start, end, content, content, "block")
    if written.startswith('"') and _is_one_string(written):
        decoded = _ESCAPE.sub(_decoded, written[1:-1])
        return Scalar(start, end, decoded, decoded, "double")
    if _IDENTIFIER.fullmatch(written):
        literal = {"true": True, "false": False, "null": None}
        value: ScalarValue = literal.get(written, written)
        return Scalar(start, end, value, written)
    if _NUMBER.fullmatch(written):
        return Scalar(start, end, _number(written), written)
    text = "${" + written + "}"
    return Scalar(start, end, text, text)


_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


def _is_one_string(written: str) -> bool:
    """Whether one pair of quotes encloses all of it, `"a" == "b"` not being one."""
    place, depth = 1, 0
    while place < len(written):
        pair = written[place : place + 2]
        if depth == 0 and written[place] == '"':
            return place == len(written) - 1
        if pair in ("${", "%{") and written[place - 1] != pair[0]:
            depth += 1
            place += 2
        elif depth and written[place] == "}":
            depth -= 1
            place += 1
        else:
            place += 2 if written[place] == "\\" else 1
    return False


def _decoded(match: re.Match[str]) -> str:
    plain, short, long, doubled = match.groups()
    if plain is not None:
        return _ESCAPES.get(plain, plain)
    if doubled is not None:
        return f"{doubled}{{"
    code = int(short or long, 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"


def _number(written: str) -> ScalarValue:
    if len(written) > MAX_NUMBER:
        return written
    if written.lstrip("-").isdigit():
        return int(written)
    return float(written)
