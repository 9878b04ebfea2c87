"""What the interpreter asks of the project's files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from oncelint.formats.tree import Node
from oncelint.model.values import Span

Tree: TypeAlias = "tuple[str, Node, Callable[[int, int], Span]]"


class Files(Protocol):
    """Files that code of `importer` names by a literal.

    A name means the file beside the importer, or in a folder above it, where the program may be
    started; an empty importer means a name that begins at the project root.
    """

    def document(self, importer: str, name: str) -> Tree | None:
        """Path, tree and places of a configuration file; None when there is none."""
        ...

    def lines(self, importer: str, name: str) -> tuple[str, list[str]] | None:
        """Path and lines, without their ends, of a small text file; None when there is none."""
        ...
