"""What the readers built on tree-sitter share: the tree, and its bytes as code points."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node as SyntaxNode


class SyntaxTree:
    """A text parsed by a tree-sitter grammar."""

    __slots__ = ("_shifts", "_starts", "root", "source")

    def __init__(self, source: str, language: Callable[[], object]) -> None:
        """Parse `source`, which must hold no lone surrogates; `language` is the grammar's."""
        from tree_sitter import Language, Parser  # native code; only these formats need it

        self.source = source
        # Behind the character ending at byte _starts[i], bytes are _shifts[i] ahead.
        self._starts: list[int] = []
        self._shifts: list[int] = []
        if not source.isascii():
            self._index()
        self.root: SyntaxNode = Parser(Language(language())).parse(source.encode()).root_node

    def _index(self) -> None:
        shift = 0
        for offset, character in enumerate(self.source):
            if character > "\x7f":
                code = ord(character)
                shift += 1 if code < 0x800 else 2 if code < 0x10000 else 3
                self._starts.append(offset + shift + 1)
                self._shifts.append(shift)

    def offset(self, byte: int) -> int:
        """The code point offset of a byte offset that begins a character."""
        if not self._starts:
            return byte
        index = bisect_right(self._starts, byte) - 1
        return byte - self._shifts[index] if index >= 0 else byte

    def extent(self, node: SyntaxNode) -> tuple[int, int]:
        """A syntax node's start and end in code points."""
        return self.offset(node.start_byte), self.offset(node.end_byte)

    def first_error(self) -> int:
        """Where the grammar first found something else than it expected."""
        node = self.root
        while node.has_error and not (node.is_error or node.is_missing):
            faulty = [child for child in node.children if child.has_error or child.is_missing]
            if not faulty:
                break
            node = faulty[0]
        return self.offset(node.start_byte)
